"""The readable models, and the engine that must equal them."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icgd import batched
from icgd.config import Model, Optimiser, Settings, Task, Training
from icgd.errors import IcgdError
from icgd.models import transformer
from icgd.references import constructions, descent
from icgd.tasks import linear, sample, tokens
from icgd.training import engine, problem, steps

LINEAR = Task(inputs=4, context=6)
SINE = Task(family="sine", inputs=1, context=6)
ALTERNATING = Model(layers=2, softmax_layers=1, alternating=True, position_size=6)
CASES = {
    "one layer": (LINEAR, Model()),
    "two heads": (LINEAR, Model(heads=2)),
    "with the query": (LINEAR, Model(include_query=True)),
    "two recurrent": (LINEAR, Model(layers=2, recurrent=True)),
    "two, with the query": (LINEAR, Model(layers=2, include_query=True)),
    "three, two heads": (LINEAR, Model(layers=3, heads=2)),
    "five, clip out of reach": (LINEAR, Model(layers=5, token_clip=10.0)),
    "two, clip within reach": (LINEAR, Model(layers=2, token_clip=0.3)),
    "one, clip within reach": (LINEAR, Model(token_clip=0.3)),
    "ten recurrent": (LINEAR, Model(layers=10, recurrent=True, token_clip=10.0)),
    "two softmax heads": (LINEAR, Model(heads=2, softmax_layers=1)),
    "two softmax layers": (LINEAR, Model(layers=2, softmax_layers=2)),
    "alternating": (LINEAR, ALTERNATING),
    "LayerNorm, one recurrent form": (LINEAR, Model(layer_norm="every")),
    "LayerNorm between": (LINEAR, Model(layers=2, layer_norm="after_first")),
    "LayerNorm, two softmax heads": (LINEAR, Model(heads=2, softmax_layers=1, layer_norm="every")),
    "MLP": (LINEAR, Model(mlp=True)),
    "three with MLP, four heads": (LINEAR, Model(layers=3, heads=4, mlp=True, token_clip=10.0)),
    "MLP and LayerNorm": (LINEAR, Model(layers=2, recurrent=True, mlp=True, layer_norm="every")),
    "small keys": (LINEAR, Model(layers=2, key_size=2)),
    "sine": (SINE, Model(embedding=8)),
    "sine, two layers": (SINE, Model(embedding=8, layers=2)),
}
every_case = pytest.mark.parametrize(("task", "model"), CASES.values(), ids=CASES)


def textbook(model, weights, tasks):
    """Loss and gradient of the readable model."""

    def loss(weights):
        return linear.half_mean_square(transformer.predict_each(model, weights, tasks), tasks.target)

    return jax.value_and_grad(loss)(weights)


def example(task, model, count=64):
    """Weights of a size at which every matrix matters, and tasks."""
    keys = jax.random.split(jax.random.key(0), 2)
    scale = 0.4 if model.layers == 1 else 0.8 / model.layers
    weights = transformer.initialise(model, task.inputs, keys[0])
    shift = jnp.arange(1, 9) / 8
    grown = {
        name: scale * matrix / jnp.std(matrix) if matrix.ndim > 1 else matrix + jnp.resize(shift, len(matrix))
        for name, matrix in weights.items()
    }
    return grown, sample.sample(task, keys[1], count)


@every_case
def test_engine_equals_textbook_in_loss_and_gradient(task, model):
    weights, tasks = example(task, model)
    ours = jax.jit(partial(engine.loss_and_gradient, model))(weights, tasks)
    theirs = jax.jit(partial(textbook, model))(weights, tasks)
    assert float(ours[0]) == pytest.approx(float(theirs[0]), rel=1e-5)
    for name in weights:  # relative to the largest entry: a gradient has exact zeros
        size = float(jnp.max(jnp.abs(theirs[1][name])))
        np.testing.assert_allclose(ours[1][name], theirs[1][name], rtol=0, atol=1e-5 * size)


@pytest.mark.parametrize("name", ["five, clip out of reach", "two, clip within reach"])
def test_predictions_agree_with_a_clip(name):
    task, model = CASES[name]
    weights, tasks = example(task, model)
    ours, theirs = (predict(model, weights, tasks) for predict in (engine.predict, transformer.predict_each))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * float(jnp.max(jnp.abs(theirs))))


@pytest.mark.parametrize(
    "name",
    ["one layer", "two recurrent", "five, clip out of reach", "two softmax heads", "alternating", "sine"],
)
def test_a_hundred_optimiser_steps_agree(name):
    task, model = CASES[name]
    chain = steps.optimiser(
        Settings(task=task, optimiser=Optimiser(clip_norm=1.0), training=Training(steps=100))
    )

    def descend(loss_and_gradient, weights):
        def one(carry, step):
            weights, state = carry
            tasks = sample.sample(task, jax.random.fold_in(jax.random.key(3), step), 64)
            loss, gradient = loss_and_gradient(weights, tasks)
            updates, state = chain.update(gradient, state, weights)
            return (jax.tree.map(jnp.add, weights, updates), state), loss

        return jax.jit(lambda carry: jax.lax.scan(one, carry, jnp.arange(100)))(
            (weights, chain.init(weights))
        )

    with jax.enable_x64(True):  # in float32 rounding alone moves a hundred steps by more than 1e-5
        weights, _ = example(task, model)
        (ours, _), our_losses = descend(partial(engine.loss_and_gradient, model), weights)
        (theirs, _), their_losses = descend(partial(textbook, model), weights)
        assert our_losses.dtype == jnp.float64
        np.testing.assert_allclose(our_losses, their_losses, rtol=1e-5)
        for name in weights:
            np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5, atol=1e-7)


def test_attention_that_is_given_is_one_gd_step_and_stays_it():
    model = Model(embedding=6, given_step=0.01)
    weights = problem.initialise(Settings(task=SINE, model=model), jax.random.key(0))
    tasks = sample.sample(SINE, jax.random.key(1), 64)
    _, gradient = problem.loss_and_gradient(model, weights, tasks)
    for name, slope in gradient.items():
        assert bool(jnp.any(slope)) != name.startswith("0/")
    linear_map, hidden, hidden_bias, out, out_bias = (
        weights[f"embedding/{name}"] for name in ("linear", "hidden", "hidden_bias", "out", "out_bias")
    )
    first = transformer.sequence(model, tasks)[..., 0].T @ linear_map
    embedded = first + jax.nn.gelu(first @ hidden + hidden_bias) @ out + out_bias
    x, y = embedded[:, :-1], embedded[:, -1]
    expected = 0.01 * jnp.sum(y[:-1] * (x[:-1] @ x[-1])) - y[-1]
    np.testing.assert_allclose(engine.predict(model, weights, tasks)[0], expected, rtol=1e-4)


@pytest.mark.parametrize("reached", [False, True])
def test_the_clip_is_applied_exactly_when_a_token_reaches_it(reached):
    model = Model(layers=3, token_clip=10.0)
    weights, tasks = example(LINEAR, model)
    tasks = linear.scaled(tasks, teacher=20.0 if reached else 0.1)
    bound = float(engine._predict_by_gram(model, weights, tasks)[1])
    assert (bound > 10.0) == reached
    unclipped = model.model_copy(update={"token_clip": None})
    loss, free = (engine.loss_and_gradient(m, weights, tasks)[0] for m in (model, unclipped))
    assert (abs(float(loss / free) - 1) > 1e-3) == reached
    assert float(loss) == pytest.approx(float(textbook(model, weights, tasks)[0]), rel=1e-5)


def test_batched_products_and_their_derivatives():
    keys = jax.random.split(jax.random.key(0), 3)
    a, c, g = (
        jax.random.normal(key, shape)
        for key, shape in zip(keys, ((3, 4, 9), (3, 5, 9), (4, 5, 9)), strict=True)
    )
    for ours, theirs in (
        (batched.product, lambda a, c: jnp.einsum("kit,kjt->ijt", a, c)),
        (batched._by_einsum, lambda a, c: jnp.einsum("kit,kjt->ijt", a, c)),
    ):
        (value, pull), (right, right_pull) = jax.vjp(ours, a, c), jax.vjp(theirs, a, c)
        for x, y in zip((value, *pull(g)), (right, *right_pull(g)), strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-5)
    m = jax.random.normal(keys[0], (3, 2))
    np.testing.assert_allclose(batched.shared(m, a), jnp.einsum("km,kit->mit", m, a), rtol=1e-5, atol=1e-5)
    right = jnp.einsum("ikt,km->imt", batched.turned(a), m)
    np.testing.assert_allclose(batched.shared_right(batched.turned(a), m), right, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(batched.gram(a), jnp.einsum("kit,kjt->ijt", a, a), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        batched.dot(a, a[:, 0]), jnp.einsum("kit,kt->it", a, a[:, 0]), rtol=1e-5, atol=1e-5
    )
    np.testing.assert_allclose(batched.inner(a, a), jnp.sum(a * a, 0), rtol=1e-5)


def test_label_update_is_the_layer_restricted_to_labels():
    model = Model(heads=2)
    weights, tasks = example(LINEAR, model)
    query_label = jnp.linspace(-1, 1, len(tasks.target))
    sequence = tokens.joint(tasks).at[-1, -1].set(query_label).T
    update = jax.vmap(lambda s: transformer.forward(model, weights, s))(sequence) - sequence
    context, query = engine.label_update(model, weights, tasks, query_label)
    np.testing.assert_allclose(context, update[:, :-1, -1], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(query, update[:, -1, -1], rtol=1e-4, atol=1e-6)


def test_initial_weights_have_the_released_spread():
    weights = transformer.initialise(Model(), 10, jax.random.key(0))
    spread = np.std(np.concatenate([np.ravel(matrix) for matrix in weights.values()]))
    assert spread == pytest.approx(np.sqrt(0.002 / 11), rel=0.1)


def test_alternating_tokens_are_laid_out_as_released():
    tasks = linear.sample(jax.random.key(0), 3, 4, 5)
    laid = tokens.alternating(tasks, 6)
    assert laid.shape == (10, 11, 3)
    np.testing.assert_array_equal(laid[:4, 4], tasks.inputs[:, 2].T)
    np.testing.assert_array_equal(
        laid[:4, 5], np.array([0 * tasks.targets[:, 2]] * 3 + [tasks.targets[:, 2]])
    )
    np.testing.assert_array_equal(laid[:4, 10], tasks.query.T)
    assert float(laid[8, 3, 0]) == pytest.approx(np.sin(3 / 10000 ** (4 / 6)))
    assert float(laid[9, 10, 1]) == pytest.approx(np.cos(10 / 10000 ** (4 / 6)))


def test_hand_set_layer_is_one_gradient_step():
    tasks = linear.sample(jax.random.key(1), 50, 10, 10)
    weights = constructions.one_head(constructions.gradient_descent_layer(0.6, 10))
    prediction = engine.predict(Model(), weights, tasks)
    np.testing.assert_allclose(prediction, descent.one_step(tasks, 6.0), rtol=1e-5, atol=1e-6)


def broken(name):
    weights = dict(transformer.initialise(Model(), 4, jax.random.key(0)))
    if name == "misspelt":
        weights["0/querry"] = weights.pop("0/query")
    elif name == "shape":
        weights["0/key"] = weights["0/key"][:, :-1]
    else:
        weights["0/value"] = weights["0/value"].at[0, 0, 0].set(jnp.nan)
    return weights


@pytest.mark.parametrize(("name", "says"), [("misspelt", "querry|query"), ("shape", "shape"), ("nan", "NaN")])
def test_hand_set_weights_are_checked(name, says):
    with pytest.raises(IcgdError, match=says):
        transformer.checked(Model(), 4, broken(name))
