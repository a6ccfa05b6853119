"""Which algorithm is it: responses to eigenvalues of planted methods; weight products in blocks."""

import jax
import numpy as np
import pytest
from networks import ONE, TWO, ask, drawn, ended, gd_plus_plus, made

from icgd.config import Causal, Evaluation, Model, Settings, Task
from icgd.errors import IcgdError
from icgd.measures import blocks, response, sequences, sets
from icgd.measures.blocks import BEFORE, NOW, UPDATED, Blocks
from icgd.measures.grid import Grid
from icgd.measures.network import Network
from icgd.measures.request import Request
from icgd.models import causal
from icgd.references import sequences as references

TASK = Task(family="dynamics", inputs=4, context=12)
LAYER = Causal(layers=("linear",), tokens="constructed", masked=True, heads=2, width=16, key_size=8)
QUIET = "fresh state_noise=0 at 11"
RATE = 0.05


def of_sequences(weights, layers=LAYER, others=(), snapshots=None):
    """A causal network on sequences, tuned opponents and all."""
    settings = Settings(
        task=TASK, causal=layers, evaluation=Evaluation(tasks=400, control_tasks=400, state_tasks=100)
    )
    kept = snapshots or {}
    return Network(settings, 0, weights, ended(0.01), kept, "full", "made", lambda name: list(others))


def a_step(rate=RATE, noise=0.0):
    """Blocks of one layer whose two heads share a gradient step (Prop. 1)."""
    kq, pv = (noise * np.random.default_rng(0).normal(size=(1, 2, 4, 4)) for _ in range(2))
    kq[:, :, NOW, BEFORE], pv[:, :, NOW, UPDATED] = 0.5, rate
    return Blocks(*(np.kron(scalars, np.eye(4)) for scalars in (kq, pv)))


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(sequences, "TUNING", 300)
    monkeypatch.setattr(response, "LEAST", 20)


@pytest.mark.parametrize(
    ("subject", "line"),
    [("network", lambda values: 0.2 * values), ("least_squares", lambda values: 1.0)],
)
def test_a_step_of_descent_is_a_straight_line_and_least_squares_is_one(subject, line):
    grid = Grid(made(ONE, gd_plus_plus((0.2,), (0.0,)), tasks=400))
    known = response.Coordinates(grid, "fresh")
    right = line(known.values) * known.truth
    np.testing.assert_allclose(known.of(subject), right, atol=1e-3 * np.max(np.abs(right)))
    assert response.look(grid, Request("unexplained", subject, "", "fresh")).unexplained(known.values) < 1e-3


@pytest.mark.parametrize("name", ["gd shared", "gd_plus_plus shared", "newton_schulz", "least_squares"])
def test_planted_families_are_identified_and_no_others(name):
    other = made(TWO, gd_plus_plus(), history=ended(0.01), tasks=400, seed=1)
    network = made(TWO, gd_plus_plus((1.2, 0.81)), others=[other], tasks=400)
    assert ask(network, "identified", name, name) == 1
    assert ask(network, "identified", name, "chebyshev") == 0
    assert ask(network, "nearest_over_next", name) < 0.01
    assert ask(network, "response_distance", name, "network") > 0.01
    assert 0 < ask(network, "response_distance", "network", "other_seed of made") < 0.02


def test_noise_in_the_weights_is_no_curve():
    network = made(ONE, drawn(ONE), tasks=400)
    step = made(ONE, gd_plus_plus((0.2,), (0.0,)), tasks=400)
    assert ask(network, "unexplained") > 0.5 > 0.05 > ask(step, "unexplained", "network tilted 0.1") > 1e-3


def test_a_hand_set_step_on_sequences_is_identified_and_its_curve_is_a_line():
    network = of_sequences(a_step().weights)
    network = of_sequences(network.weights, others=[of_sequences(a_step(1.02 * RATE).weights)])
    grid = Grid(network)
    known = response.Coordinates(grid, QUIET)
    np.testing.assert_allclose(known.of("network"), RATE * known.values * known.truth, atol=1e-4)
    np.testing.assert_allclose(
        known.of("ridge"), known.values / (known.values + 1e-3) * known.truth, atol=2e-3
    )
    for name in ("gd shared", "conjugate_gradients", "ridge"):
        assert ask(network, "identified", name, name, QUIET) == 1
    curve = ask(network, "response", tasks=QUIET, along="eigenvalues")
    assert all(r == pytest.approx(RATE * value, rel=0.1) for value, r in curve.items())
    assert ask(network, "unexplained", "gd shared scaled", tasks=QUIET) > ask(
        network, "unexplained_scaled", "gd shared scaled", tasks=QUIET
    )


def test_the_number_of_steps_that_is_most_alike_is_found():
    network = of_sequences(a_step().weights)
    assert ask(network, "best_steps", "polynomial scaled K=3", "polynomial scaled", "fresh from 4") == 3


def test_compressing_scaled_identities_changes_nothing_and_noise_is_seen():
    network = of_sequences(a_step(noise=0.1).weights)
    states = network.draw("some", 5).states[:, :-1]
    for weights in (blocks.compressed(network), blocks.of(network, network.weights).weights):
        found = sequences.by_network(network, weights, sets.Set(network.draw("some", 5).states, None))
        np.testing.assert_allclose(
            found,
            causal.predict(Causal(**{**LAYER.model_dump(), "key_size": 16}), network.weights, states),
            atol=1e-5,
        )
    for name in ("identity_share_kq", "identity_share_pv"):
        assert ask(network, name, tasks="") == pytest.approx(1)
        assert ask(network, name, tasks="", along="layers") == {1.0: pytest.approx(1)}
        share = ask(network, name, "network rough 0.5", tasks="")
        assert share == pytest.approx(1 / (1 + 0.5**2), abs=0.1)


def test_the_rate_is_read_off_all_heads():
    one, two = (of_sequences(a_step(rate).weights) for rate in (RATE, 2 * RATE))
    found = ask(one, "effective_rate_over_best", tasks="")
    assert ask(two, "effective_rate_over_best", tasks="") == pytest.approx(2 * found)
    assert ask(one, "effective_rate_over_best", "network compressed 1 1.2", tasks="") == pytest.approx(
        1.2 * found
    )
    seen = Grid(one).sequences
    best = seen.method("gd shared", 1)(seen.tuning.seen)
    ours = sequences.by_network(one, one.weights, seen.tuning)
    late = np.s_[:, -1]
    assert np.sum(ours[late] * best[late]) / np.sum(best[late] ** 2) == pytest.approx(found, rel=0.02)


def test_interpolation_is_with_the_first_run_at_every_late_state():
    first, own = a_step(noise=0.05), a_step(1.3 * RATE, 0.05).weights
    kept = {name: np.stack([2 * one, one, one]) for name, one in own.items()} | {
        "step": np.array([500, 1500, 2000])
    }
    network = of_sequences(own, others=[of_sequences(first.weights)], snapshots=kept)
    asked = {"reference": "networks of other", "tasks": "fresh"}
    assert (
        ask(network, "interpolation_worst", "network compressed 0", **asked) <= 1
    )  # without the early state
    assert ask(network, "interpolated_ratio", "network compressed 0", **asked) == pytest.approx(1, abs=1e-5)
    halfway = ask(network, "interpolated_ratio", **asked)
    assert halfway == pytest.approx(ask(network, "interpolated_ratio", "network compressed 0.5 1", **asked))
    assert halfway != pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("unexplained", "network", "", "fresh"), "at one position"),
        (("loss", "network", "", "fresh", "eigenvalues"), "positions"),
        (("nearest_distance", "network", "", QUIET, "eigenvalues"), "there is response"),
        (("interpolated_ratio", "network", "", "fresh"), "with a first run"),
        (("identity_share_kq", "hand_set gd", "", ""), "no hand-set weights"),
    ],
)
def test_what_cannot_be_answered_is_told_in_one_sentence(asked, says):
    with pytest.raises(IcgdError, match=says):
        ask(
            of_sequences(a_step().weights),
            *asked[:3],
            **dict(zip(("tasks", "along"), asked[3:], strict=False)),
        )


def test_only_linear_layers_on_constructed_tokens_have_blocks():
    raw = Causal(layers=("softmax",), heads=2, width=16, key_size=8)
    network = of_sequences(causal.initialise(raw, TASK.inputs, jax.random.key(0)), raw)
    with pytest.raises(IcgdError, match="linear layers on constructed tokens"):
        ask(network, "identity_share_kq", tasks="")
    with pytest.raises(IcgdError, match="linear layers on constructed tokens"):
        ask(made(Model()), "identity_share_kq", tasks="")


def test_the_released_normaliser_is_the_norm_of_the_gram_matrix():
    few = sets.Set(of_sequences(a_step().weights).draw("some", 300).states, None)
    for known in (few.seen, few.seen_before):
        gram = np.einsum("btij,btj,btkj->btik", known.basis, known.values, known.basis)
        np.testing.assert_allclose(known.norm[:, 2:, 0], np.linalg.norm(gram, axis=(2, 3))[:, 2:], rtol=1e-9)
    one_term = references.tuned("polynomial scaled", 1, few.seen, few.targets)(few.seen)
    step = np.einsum("btij,btj->bti", few.seen.moments, few.seen.query) / few.seen.norm
    share = np.sum(one_term * step) / np.sum(step**2)
    np.testing.assert_allclose(one_term[:, 1:], share * step[:, 1:], atol=1e-6)
