"""Linear copies of a causal network's layers: what they are trained on, what they cost in a layer's place."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from networks import ask, ended

from icgd.config import Causal, Evaluation, Optimiser, Settings, Task, Training
from icgd.errors import IcgdError
from icgd.measures.network import Network
from icgd.models import causal
from icgd.random import stream
from icgd.tasks import sample
from icgd.training import causal as engine
from icgd.training import loop

TASK = Task(family="dynamics", inputs=2, context=7)
SOFTMAX = Causal(
    layers=("softmax", "softmax", "softmax"), heads=2, key_size=3, width=6, position="beside", tuned="copies",
    init_std=0.4,
)  # fmt: skip
LINEAR = Causal(
    layers=("linear", "linear", "linear"), heads=2, key_size=3, width=8, tokens="constructed", tuned="copies",
    init_std=0.2, token_clip=4.0,
)  # fmt: skip
BOTH = pytest.mark.parametrize("settings", [SOFTMAX, LINEAR])


def weights_of(settings):
    return causal.initialise(settings, TASK.inputs, jax.random.key(1))


def sequences(count=64):
    return sample.sample(TASK, jax.random.key(2), count)


def network(settings, weights=None):
    whole = Settings(
        task=TASK,
        causal=settings,
        evaluation=Evaluation(tasks=100, control_tasks=100),
        training=Training(steps=1000),
    )
    one = Network(whole, 0, weights or weights_of(settings), ended(0.1), {}, "full", "made")
    return replace(one, others=lambda name: [one, one])


def as_they_are(weights):
    """Copies that are the layers themselves."""
    own = {name.replace("/", f"/{causal.COPY}"): one for name, one in weights.items() if name[0].isdigit()}
    return weights | {name: own[name] for name in weights if causal.is_copy(name)}


@BOTH
def test_copies_are_trained_to_add_what_layers_add(settings):
    weights, states = weights_of(settings), sequences().states[:, :-1]
    linear, copies = causal.with_copies(settings, weights, range(3))
    assert set(copies) == {name for name in weights if not causal.is_copy(name)}

    def missed(states):
        whole, of_copies = causal.build(settings, 2, weights), causal.build(linear, 2, copies)
        tokens, total = whole.tokens(states), 0.0
        for layer, copy in zip(whole.layers, of_copies.layers, strict=True):
            added, copied = (
                jnp.einsum("htk,hkw->tw", one.attended(*one.projected(tokens)), one.projection[...])
                for one in (layer, copy)
            )
            total += 0.5 * jnp.mean(jnp.sum((copied - added) ** 2, axis=-1))
            tokens = layer(tokens)
        return total

    wanted = float(jnp.mean(jax.vmap(missed)(states)))
    assert engine.loss(settings, weights, sequences()) == pytest.approx(wanted, rel=1e-5)
    loss, slopes = engine.loss_and_gradient(settings, weights, sequences())
    assert loss == pytest.approx(wanted, rel=1e-5)
    for name, slope in slopes.items():
        assert np.any(slope) == causal.is_copy(name), name


def test_training_moves_copies_alone_and_nearer():
    given = weights_of(SOFTMAX)
    whole = Settings(
        task=TASK, causal=SOFTMAX, optimiser=Optimiser(clip_value=1.0, learning_rate=0.01),
        training=Training(steps=100, batch=32, every=50, history_tasks=64), start="other",
    )  # fmt: skip
    (run,) = loop.train(whole, [0], given=[{n: one for n, one in given.items() if not causal.is_copy(n)}])
    for name, one in run.weights.items():
        assert causal.is_copy(name) or np.array_equal(one, given[name]), name
    assert run.history[-1]["evaluation_loss"] < 0.7 * run.history[0]["evaluation_loss"]


def test_a_linear_layer_is_its_own_copy():
    one = network(LINEAR, as_they_are(weights_of(LINEAR)))
    assert ask(one, "linear_copy_ratio", along="layers") == pytest.approx({1: 1, 2: 1, 3: 1}, rel=1e-5)
    assert ask(one, "late_copy_excess") == pytest.approx(0, abs=1e-5)


@BOTH
def test_a_copy_that_adds_nothing_costs_the_layer(settings):
    weights = {n: one * (not causal.is_copy(n)) for n, one in weights_of(settings).items()}
    one = network(settings, weights)
    known = one.draw("evaluation data", 100).states
    whole = causal.build(settings, 2, weights)

    def without(skipped):
        def predicted(states):
            tokens = whole.tokens(states)
            for index, layer in enumerate(whole.layers):
                tokens = causal.clipped(settings, tokens) if index == skipped else layer(tokens)
            return whole.predictions(tokens)

        return float(jnp.mean((jax.vmap(predicted)(known[:, :-1]) - known[:, 1:]) ** 2))

    wanted = [without(index) / without(None) for index in range(3)]
    found = ask(one, "linear_copy_ratio", along="layers")
    assert list(found.values()) == pytest.approx(wanted, rel=1e-4)
    assert ask(one, "first_copy_ratio") == pytest.approx(wanted[0], rel=1e-4)
    assert ask(one, "late_copy_ratio") == pytest.approx(wanted[2], rel=1e-4)
    assert ask(one, "late_copy_excess") == pytest.approx(wanted[2] - 1, rel=1e-3, abs=1e-4)
    half = ask(one, "first_copy_ratio", "network mended 0.5")
    assert half == pytest.approx(0.25 * wanted[0], rel=1e-4)


def test_untrained_copies_stand_in_the_trained_network():
    weights = {n: one * (not causal.is_copy(n)) for n, one in weights_of(SOFTMAX).items()}
    one = network(SOFTMAX, weights)
    start = causal.initialise(SOFTMAX, 2, stream(0, "initialisation", one.settings.key_implementation))
    wanted = network(SOFTMAX, weights | {n: start[n] for n in start if causal.is_copy(n)})
    found = ask(one, "linear_copy_ratio", "untrained", along="layers")
    assert found == pytest.approx(ask(wanted, "linear_copy_ratio", along="layers"), rel=1e-6)


def test_copies_that_add_nothing_are_on_the_plateau():
    one = network(LINEAR)
    assert one._zero_loss == pytest.approx(
        float(
            engine.loss(
                LINEAR,
                {n: w * (not causal.is_copy(n)) for n, w in one.weights.items()},
                one.draw("plateau data", 2000),
            )
        ),
        rel=1e-6,
    )


@pytest.mark.parametrize(
    ("subject", "tasks", "words"),
    [
        ("network", "fresh at 3", "is of fresh sequences, not 'fresh at 3'"),
        ("network idle", "fresh", "a network with a copy has no fault 'idle'"),
        ("ridge", "fresh", "has no weights"),
    ],
)
def test_what_cannot_be_asked_is_said(subject, tasks, words):
    with pytest.raises(IcgdError, match=words):
        ask(network(LINEAR), "first_copy_ratio", subject, tasks=tasks)


def test_a_network_without_copies_is_refused():
    plain = SOFTMAX.model_copy(update={"tuned": "all"})
    with pytest.raises(IcgdError, match="no linear copies"):
        ask(network(plain), "first_copy_ratio")
