"""The readable model, and the engine that must equal it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icgd.config import Model, Optimiser
from icgd.errors import IcgdError
from icgd.models import attention
from icgd.references import constructions, gradient_descent
from icgd.tasks import linear
from icgd.training import engine, optimisers

MODELS = [
    Model(),
    Model(heads=2),
    Model(include_query=True),
    Model(layers=2, recurrent=True),
    Model(layers=3, heads=2),
    Model(layers=2, token_clip=0.3),
]


def textbook(model, weights, tasks):
    return jax.vmap(lambda sequence: attention.predict(model, weights, sequence))(linear.tokens(tasks))


def example(model, scale=0.4, d=4, n=6, count=32):
    keys = jax.random.split(jax.random.key(0), 2)
    weights = attention.initialise(model, d + 1, keys[0])
    grown = {name: scale * matrix / jnp.std(matrix) for name, matrix in weights.items()}
    return grown, linear.sample(keys[1], count, d, n)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_engine_equals_textbook_in_loss_and_gradient(model):
    weights, tasks = example(model, scale=0.4 if model.layers == 1 else 0.15)

    def loss(predict):
        return jax.value_and_grad(lambda w: linear.half_mean_square(predict(model, w, tasks), tasks.target))

    ours, theirs = loss(engine.predict)(weights), loss(textbook)(weights)
    assert float(ours[0]) == pytest.approx(float(theirs[0]), rel=1e-5)
    size = max(float(jnp.max(jnp.abs(gradient))) for gradient in theirs[1].values())
    for name in weights:
        np.testing.assert_allclose(ours[1][name], theirs[1][name], rtol=1e-4, atol=1e-5 * size)


@pytest.mark.parametrize("model", MODELS[:2] + MODELS[3:4], ids=str)
def test_a_hundred_optimiser_steps_agree(model):
    weights, _ = example(model, scale=0.1)
    chain = optimisers.chain(Optimiser(clip_norm=1.0), 100)

    @jax.jit
    def descend(predict_by_engine, weights):
        def loss(w, key):
            tasks = linear.sample(key, 32, 4, 6)
            by = jax.lax.cond(
                predict_by_engine,
                lambda: engine.predict(model, w, tasks),
                lambda: textbook(model, w, tasks),
            )
            return linear.half_mean_square(by, tasks.target)

        def one(carry, step):
            w, state = carry
            gradient = jax.grad(loss)(w, jax.random.fold_in(jax.random.key(3), step))
            updates, state = chain.update(gradient, state, w)
            return (jax.tree.map(jnp.add, w, updates), state), None

        return jax.lax.scan(one, (weights, chain.init(weights)), jnp.arange(100))[0][0]

    ours, theirs = descend(True, weights), descend(False, weights)
    for name in weights:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-3, atol=1e-5)


def test_label_update_is_the_layer_restricted_to_labels():
    weights, tasks = example(Model(heads=2))
    query_label = jnp.linspace(-1, 1, len(tasks.target))
    sequence = linear.tokens(tasks).at[:, -1, -1].set(query_label)
    update = jax.vmap(lambda s: attention.forward(Model(heads=2), weights, s))(sequence) - sequence
    context, query = engine.label_update(Model(heads=2), weights, tasks, query_label)
    np.testing.assert_allclose(context, update[:, :-1, -1], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(query, update[:, -1, -1], rtol=1e-4, atol=1e-6)


def test_initial_weights_have_the_released_spread():
    weights = attention.initialise(Model(), 11, jax.random.key(0))
    spread = np.std(np.concatenate([np.ravel(matrix) for matrix in weights.values()]))
    assert spread == pytest.approx(np.sqrt(0.002 / 11), rel=0.1)


def test_hand_set_layer_is_one_gradient_step():
    tasks = linear.sample(jax.random.key(1), 50, 10, 10)
    weights = constructions.one_head(constructions.gradient_descent_layer(0.6, 10))
    prediction = engine.predict(Model(), weights, tasks)
    np.testing.assert_allclose(prediction, gradient_descent.one_step(tasks, 6.0), rtol=1e-5, atol=1e-6)


def broken(name):
    weights = dict(attention.initialise(Model(), 5, jax.random.key(0)))
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
        attention.checked(Model(), 5, broken(name))
