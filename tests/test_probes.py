"""Probes find what is there and nothing else; attention, sensitivity and ablations of causal networks."""

from functools import cache

import jax
import numpy as np
import pytest
from networks import ended

from icgd.config import Causal, Evaluation, Settings, Task
from icgd.errors import IcgdError
from icgd.measures import inside, readout
from icgd.measures.grid import Grid, answer
from icgd.measures.network import Network
from icgd.measures.request import Request
from icgd.models import causal
from icgd.training import causal as engine

TASK = Task(family="dynamics", inputs=4, context=12)
RAW = Causal(layers=["softmax", "softmax", "mesa"], position="beside", heads=2, key_size=4, width=16)
CONSTRUCTED = Causal(layers=["linear", "linear"], tokens="constructed", heads=2, key_size=4, width=16)
AT, LATE = "fresh at 8", "fresh target=released at 8"


@cache
def made(settings=RAW, task=TASK, count=400, seed=0, size=8.0):
    """A network whose matrices are of a size at which all of them matter."""
    start = causal.initialise(settings, task.inputs, jax.random.key(seed))
    weights = {name: size * matrix for name, matrix in start.items()}
    kept = {name: np.stack([np.asarray(one)] * 2) for name, one in weights.items()} | {
        "step": np.array([10, 4000])
    }
    whole = Settings(task=task, causal=settings, evaluation=Evaluation(tasks=count, control_tasks=count))
    others = lambda name: [made(settings, task, count)]  # noqa: E731
    return Network(whole, seed, weights, ended(0.1), kept, "full", "made", others)


grid = cache(Grid)  # of a network, with what was computed for it


def ask(network, measure, subject="network", reference="", tasks="fresh", along=""):
    """What the grid answers about a network."""
    return answer(grid(network), Request(measure, subject, reference, tasks, along))


def test_a_probe_finds_a_planted_feature_and_no_other():
    draw = np.random.default_rng(0)
    seen, others, map_ = (draw.normal(size=shape) for shape in ((300, 20), (5000, 20), (20, 3)))
    shifted = 3 * seen + 7, 3 * others + 7  # scale and mean of tokens and targets change nothing
    assert readout.error(shifted[0], seen @ map_ + 5, shifted[1], others @ map_ + 5) < 1e-18 * len(others)
    noise, truth = draw.normal(size=(300, 3)), draw.normal(size=(5000, 3))
    held_out = readout.error(seen, noise, others, truth) / np.sum(truth**2)
    in_sample = readout.error(seen, noise, seen, noise) / np.sum(noise**2)
    assert (
        1 < held_out < 1.15 and in_sample < 0.96
    )  # 20 of 300: noise is 1 + 20 / 300 worse, not 20 / 300 better


def test_probes_read_what_tokens_hold():
    raw, built = made(), made(CONSTRUCTED)
    assert ask(raw, "previous_state_r2", "planted", tasks=AT) == pytest.approx(1)
    assert abs(ask(raw, "state_before_r2", "planted", tasks=AT)) < 0.1
    assert ask(built, "previous_state_r2", tasks=AT) == pytest.approx(1)  # it is in constructed tokens
    assert abs(ask(built, "next_state_r2", "untrained", tasks=AT)) < 0.1
    for measure in ("next_state_rises", "preconditioned_rises"):
        assert (
            ask(raw, measure, "planted", tasks=LATE) == 3
            and ask(raw, measure, "planted stalled 2", tasks=LATE) == 1
        )
    lags = ask(raw, "previous_state_r2", "planted", tasks=AT, along="lags")
    assert lags[0.0] == pytest.approx(1) and lags[1.0] == pytest.approx(1) and abs(lags[4.0]) < 0.2
    before = ask(raw, "previous_state_r2", "planted", tasks=AT, along="lags 0")
    assert abs(before[1.0]) < 0.2  # no layer has bound it yet
    assert list(ask(built, "next_state_r2", tasks="fresh from 9", along="positions")) == [9, 10, 11]
    assert list(ask(built, "preconditioned_r2", tasks=LATE, along="layers")) == [0, 1, 2]


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_blurred_tokens_lose_a_known_share(share):
    found = ask(made(count=1000), "previous_state_r2", f"planted blurred {share}", tasks=AT)
    assert found == pytest.approx(1 / (1 + share**2), abs=0.06)


def test_the_preconditioned_input_is_that_of_its_own_context():
    states = np.asarray(made().draw("evaluation data", 400).states, float)
    found, gram = readout.exact(states, 8, 0), np.einsum("ti,tj->ij", states[5, :8], states[5, :8])
    np.testing.assert_allclose((gram + 1e-3 * np.eye(4)) @ found[5], states[5, 8], atol=1e-9)
    near, far = readout.released(states, 11, 0), readout.SHUFFLED["released"](states, 11, 0)
    cosine = lambda one, other: np.mean(  # noqa: E731
        np.sum(one * other, 1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    )
    assert cosine(near, readout.exact(states, 11, 0)) > 0.9 > cosine(near, far)
    assert ask(made(), "preconditioned_over", "planted", "untrained", LATE) > 0.1
    assert ask(made(), "preconditioned_over", "untrained", "untrained", LATE) == 0
    assert ask(made(), "preconditioned_over_shuffled", "planted", tasks=LATE) > 0.1
    assert ask(made(), "preconditioned_partial_r2", "untrained", tasks=LATE) < 0.1
    assert ask(made(), "preconditioned_gain", "planted stalled 3", tasks=LATE) == 0
    rises, falls = (f"planted blurred {ends}" for ends in ("3 0", "0 3"))
    assert ask(made(), "partial_with_context", rises, tasks="fresh target=released from 4") > 0.9
    assert ask(made(), "preconditioned_with_context", falls, tasks="fresh target=released from 4") < -0.9


def test_networks_of_other_experiments_see_the_same_sequences():
    assert ask(made(), "previous_state_gap", "other_seed of any", "networks of any", AT) == 0
    gap = ask(made(), "previous_state_gap", "other_seed of any blurred 1", "networks of any", AT)
    assert gap == pytest.approx(ask(made(), "previous_state_r2", tasks=AT) / 2, abs=0.1)


def test_features_of_a_nonlinear_teacher():
    task = TASK.model_copy(update={"teacher": "mlp", "start_range": 0.25})
    one = made(RAW, task)
    assert ask(one, "features_r2", "planted", tasks=AT) == pytest.approx(1)
    assert ask(one, "previous_features_r2", "planted", tasks=AT) == pytest.approx(1)
    assert ask(one, "other_features_r2", "planted", tasks=AT) < 0.95
    assert ask(one, "features_falls", "planted fading 1", tasks=AT) == 2


def test_what_probes_refuse():
    for network, tasks, word in (
        (made(RAW.model_copy(update={"width": 128}), count=100), AT, "100 sequences fit no probe of 128"),
        (made(), "fresh target=rough at 8", "not on"),
        (made(), "fresh start_range=2 at 8", "not on"),
    ):
        with pytest.raises(IcgdError, match=word):
            ask(network, "next_state_r2", tasks=tasks)
    with pytest.raises(IcgdError, match="nothing along 'path'"):
        ask(made(), "next_state_r2", tasks=AT, along="path")


def opened(network, subject="network", tasks="fresh from 1"):
    """What measures of layers take."""
    return inside.look(grid(network), Request("heads_on_two_lags", subject, tasks=tasks))


def test_attention_is_a_share_and_reaches_back():
    found = opened(made()).attention
    assert found.shape == (400, 2, 11, 12)
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-5)
    assert np.all(found[:, :, 0, 2:] == 0)  # two states are seen at t = 1
    two = ask(made(), "attention_by_lag", "two_lags", tasks=AT, along="lags 2")
    assert two == {lag: 0.5 * (lag < 2) for lag in range(12)}
    assert ask(made(), "heads_on_two_lags", "two_lags", tasks=AT) == 2
    assert ask(made(), "heads_on_two_lags", "two_lags spread 0.25", tasks=AT) == 0  # 0.75 + 0.25 / 6
    before, after = (
        ask(made(), "attention_spread", f"network{fault}", tasks=AT) for fault in ("", " jittered 0.3")
    )
    assert after == pytest.approx(np.hypot(before, 0.3), rel=0.1)
    with pytest.raises(IcgdError, match="no attention of softmax"):
        ask(made(CONSTRUCTED), "heads_on_two_lags", tasks=AT)


def test_sensitivity_is_the_slope():
    one, states = made(), np.asarray(made().draw("evaluation data", 400).states)[:64, :9]
    built = causal.build(RAW, 4, one.weights)
    after = jax.jit(jax.vmap(lambda s: built.layers[0](built.tokens(s))[-1]))
    step = 1e-2 * (np.arange(9)[:, None] == 6) * (np.arange(4) == 1)  # entry 1 of the state at lag 2
    slope = (after(states + step) - after(states - step)) / 2e-2
    jacobian = jax.vmap(jax.jacrev(lambda s: built.layers[0](built.tokens(s))[-1]))(states)
    np.testing.assert_allclose(jacobian[:, :, 6, 1], slope, atol=1e-2)
    known = opened(one, tasks=AT)
    expected = np.mean(np.linalg.norm(jacobian, axis=-1), axis=(0, 1))[::-1]
    np.testing.assert_allclose(known.sensitivity(4000), expected, rtol=1e-4)
    curve = ask(one, "sensitivity_in_training", tasks=AT, along="training 2")
    assert list(curve) == [0, 10, 4000] and curve[10.0] == pytest.approx(expected[2], rel=1e-4)
    assert ask(one, "two_lag_sensitivity", "two_lags", tasks=AT) == 1
    assert ask(one, "previous_sensitivity_gain", "untrained", tasks=AT) == 0
    assert ask(one, "previous_sensitivity_gain", "two_lags", tasks=AT) > 0.1


@pytest.mark.parametrize("settings", [RAW, CONSTRUCTED])
def test_taking_nothing_out_changes_nothing(settings):
    network = made(settings, size=2.0)
    known = opened(network, tasks="fresh")
    plain = engine.predict(settings, network.weights, known.states[:, :-1])
    losses = 0.5 * np.mean(np.sum((plain - known.states[:, 1:]) ** 2, axis=-1), axis=1)
    np.testing.assert_allclose(known.loss(), losses, rtol=1e-4)
    assert not np.allclose(known.loss(skipped=2), losses, rtol=1e-4)
    assert (settings is CONSTRUCTED) == np.allclose(known.loss(kept=0.0), losses, rtol=1e-4)


def test_a_layer_that_does_nothing_costs_nothing():
    network = made(size=2.0)
    silent = {name: 0 * one if name == "1/projection" else one for name, one in network.weights.items()}
    idle = Network(network.settings, 0, silent, [], {}, "full", "made")
    means = np.mean(opened(idle, tasks="fresh").losses, axis=1)
    assert means[2] == means[0]
    assert ask(idle, "layers_that_cost", "network costly", tasks="fresh") == 2
    assert ask(idle, "layers_that_cost", "network idle", tasks="fresh") < 2
    assert ask(idle, "lag_one_cost", "network damped 1", tasks="fresh") == pytest.approx(1)
    sound, mended = (opened(idle, f"network{fault}", "fresh") for fault in ("", " mended 0.3"))
    assert np.array_equal(mended.loss(), sound.loss())
    np.testing.assert_allclose(mended.loss(kept=0.0), 0.49 * sound.loss(kept=0.0))
