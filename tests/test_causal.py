"""Causal networks: the readable form against its theory, and the engine that must equal it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from icgd.config import Causal, Optimiser, Settings, Task, Training
from icgd.models import causal as readable
from icgd.random import stream
from icgd.tasks import dynamics
from icgd.training import causal, loop, steps

TASK = Task(family="dynamics", inputs=4, context=9)
SMALL = {"heads": 2, "key_size": 5, "width": 16}
MADE = {**SMALL, "tokens": "constructed"}
CASES = {
    "one linear": Causal(layers=("linear",), masked=True, token_clip=0.7, **MADE),
    "three linear": Causal(layers=("linear",) * 3, token_clip=4.0, **MADE),
    "two linear, raw, clipped": Causal(layers=("linear",) * 2, token_clip=0.7, **SMALL),
    "one mesa": Causal(layers=("mesa",), masked=True, token_clip=0.7, **MADE),
    "softmax": Causal(layers=("softmax",) * 2, position="beside", **SMALL),
    "softmax, mesa": Causal(layers=("softmax", "mesa"), position="beside", token_clip=1.0, **SMALL),
    "nonlinear": Causal(
        layers=("softmax", "softmax", "mesa"), position="beside", mlp=7, qk_norm=True, **SMALL
    ),
    "standard": Causal(layers=("softmax",) * 2, position="added", mlp=7, layer_norm=True, **SMALL),
    "small keys": Causal(layers=("mesa", "linear"), heads=2, key_size=3, width=16, tokens="constructed"),
}
every_case = pytest.mark.parametrize("settings", CASES.values(), ids=CASES)


def example(settings, task=TASK, count=6):
    """Weights of a size at which every matrix matters, and sequences, both drawn in float32."""
    size = 1.0 if len(settings.layers) == 1 else 0.6
    weights = readable.initialise(settings, task.inputs, stream(0, "weights", "threefry2x32"))
    grown = {
        name: size * matrix / np.std(matrix) / np.sqrt(matrix.shape[-2]) if matrix.ndim > 1 else matrix + 0.3
        for name, matrix in weights.items()
    }
    return grown, dynamics.sample(task, stream(0, "sequences", "threefry2x32"), count)


def textbook(settings, weights, sequences):
    """Loss and gradient of the readable form."""

    def loss(weights):
        states = sequences.states
        return dynamics.half_mean_square(readable.predict(settings, weights, states[:, :-1]), states)

    return jax.value_and_grad(loss)(weights)


@every_case
def test_engine_equals_textbook_in_loss_and_gradient(settings):
    weights, sequences = example(settings)
    ours = jax.jit(partial(causal.loss_and_gradient, settings))(weights, sequences)
    theirs = jax.jit(partial(textbook, settings))(weights, sequences)
    assert float(ours[0]) == pytest.approx(float(theirs[0]), rel=1e-5)
    for name in weights:
        size = float(jnp.max(jnp.abs(theirs[1][name])))
        assert size > 0
        np.testing.assert_allclose(ours[1][name], theirs[1][name], rtol=0, atol=1e-5 * size)


def test_a_layer_with_the_weights_of_proposition_1_is_a_gradient_step():
    rng, rate, n = np.random.default_rng(0), 0.03, TASK.inputs
    states, first = rng.normal(size=(9, n)), rng.normal(size=(n, n))
    before = np.vstack([np.zeros(n), states[:-1]])
    blank, one = np.zeros((n, n)), np.eye(n)
    with jax.enable_x64(True):
        block = readable.CausalBlock(
            Causal(layers=("linear",), heads=1, key_size=n, width=3 * n), 0, rngs=nnx.Rngs(0)
        )
        block.query[...] = jnp.asarray(np.vstack([blank, one, blank])[None])
        block.key[...] = jnp.asarray(np.vstack([blank, blank, one])[None])
        block.value[...] = jnp.asarray(rate * np.vstack([blank, one, -first.T])[None])
        block.projection[...] = jnp.asarray(np.hstack([one, blank, blank])[None])
        found = block(jnp.asarray(np.hstack([states @ first.T, states, before])))[:, :n]

        def loss(phi, t):
            return 0.5 * jnp.sum((states[1 : t + 1] - states[:t] @ phi.T) ** 2)

        for t, state in enumerate(states):
            step = first - rate * jax.grad(loss)(jnp.asarray(first), t)
            np.testing.assert_allclose(found[t], step @ state, rtol=0, atol=1e-12)


@every_case
def test_a_hundred_optimiser_steps_agree(settings):
    chosen = Optimiser(learning_rate=0.01, clip_value=0.1, weight_decay=0.1)
    chain = steps.optimiser(Settings(task=TASK, causal=settings, optimiser=chosen))

    def trained(gradient, weights, sequences):
        def one(state, _):
            loss, slope = gradient(settings, state[0], sequences)
            updates, moments = chain.update(slope, state[1], state[0])
            return (jax.tree.map(jnp.add, state[0], updates), moments), loss

        (weights, _), losses = jax.lax.scan(one, (weights, chain.init(weights)), None, 100)
        return weights, losses

    weights, sequences = example(settings)
    with jax.enable_x64(True):
        double = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), (weights, sequences))
        ours, theirs = (jax.jit(partial(trained, f))(*double) for f in (causal.loss_and_gradient, textbook))
        np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-8)
        for name, matrix in theirs[0].items():
            np.testing.assert_allclose(ours[0][name], matrix, rtol=1e-6, atol=1e-9)
        assert theirs[1][-1] < 0.8 * theirs[1][0]


def test_training_lowers_the_loss_and_resumes_to_the_same_bits(tmp_path):
    settings = Settings(
        task=TASK,
        causal=Causal(layers=("linear",) * 2, init_std=0.02, token_clip=4.0, **MADE),
        optimiser=Optimiser(learning_rate=0.003, clip_value=1.0, warm_up=20, decay_over=400, decay_to=0.1),
        training=Training(steps=200, batch=64, every=50, history_tasks=200),
    )
    whole = loop.train(settings, [1])[0]
    assert whole.history[-1]["evaluation_loss"] < 0.9 * whole.history[0]["evaluation_loss"]

    def stop(row, left, rate):
        if row["step"] == 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(settings, [1], tmp_path / "unfinished.npz", stop)
    resumed = loop.train(settings, [1], tmp_path / "unfinished.npz")[0]
    assert all(np.array_equal(whole.weights[name], resumed.weights[name]) for name in whole.weights)
    other = loop.train(settings.at({"training.again": True}), [1])[0]
    assert not np.array_equal(other.weights["0/query"], whole.weights["0/query"])
    assert other.history[0] == pytest.approx(whole.history[0], nan_ok=True)


def test_a_diverged_run_names_its_step():
    wild = Settings(
        task=TASK,
        causal=CASES["three linear"].model_copy(update={"token_clip": None}),
        optimiser=Optimiser(learning_rate=1e12, clip_value=1.0),
        training=Training(steps=40, batch=16, every=20, history_tasks=20),
    )
    assert loop.train(wild, [0])[0].diverged_at == 20
