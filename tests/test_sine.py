"""Sine waves: shifts of the tasks, what a network learns in context, measures on networks known."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icgd.analysis import embedded, learnt, pairs
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.claims import registry
from icgd.cli import blocks
from icgd.cli import sine as command
from icgd.config import AnalysisSettings, Evaluation, Model, Task
from icgd.models import transformer
from icgd.randomness import stream
from icgd.references import constructions
from icgd.tasks import linear, sine, waves
from icgd.tasks.waves import Shift

KEY = "threefry2x32"
TASK = Task(family="sine", inputs=1, context=10)
WIDTH, COUNT = 40, 256
NO_SHIFT = Shift()
GIVEN = Model(embedding=WIDTH, given_step=0.01)
FREE = Model(embedding=WIDTH)


def embedding(seed):
    """An embedding with entries of order one, so that its kernel is not nearly 0."""
    weights = transformer.initialise(FREE, 1, stream(seed, "initialisation", KEY))
    return {name: 20 * part for name, part in weights.items() if name.startswith("embedding")}


def descending(seed, step=0.01):
    """An embedding followed by one GD step."""
    layer = constructions.gradient_descent_layer(step, WIDTH - 1)
    return embedding(seed) | constructions.one_head(layer)


def refactored(seed, step=0.01):
    """The same function from other matrices, as a free attention layer might hold them."""
    kq, pv = constructions.products(descending(seed, step))
    mix = np.random.default_rng(seed).normal(size=(WIDTH, WIDTH)) / np.sqrt(WIDTH) + np.eye(WIDTH)
    parts = {
        "query": -3 * kq @ mix,
        "key": np.linalg.inv(mix).T,
        "value": pv / -3,
        "projection": np.eye(WIDTH),
    }
    return embedding(seed) | constructions.one_head(parts)


def trained(weights, seed=0, model=FREE, tasks=COUNT):
    settings = AnalysisSettings(
        task=TASK,
        model=model,
        evaluation=Evaluation(tasks=tasks, shifted_tasks=tasks),
        seeds=2,
        key_implementation=KEY,
    )
    history = [{"step": step, "evaluation_loss": 0.001 + (step < 950)} for step in range(0, 1001, 50)]
    return Trained(weights, settings, seed, history=history)


def pick(rows, measure, plant="none", **labels):
    wanted = {"measure": measure, "plant": plant, **labels}
    found = [row["value"] for row in rows if all(row[key] == value for key, value in wanted.items())]
    assert len(found) == 1, (wanted, len(found))
    return found[0]


def drawn(count=COUNT, shift=NO_SHIFT, tied=True):
    return waves.sample(stream(0, "test", KEY), count, 10, tied, shift)


@pytest.mark.parametrize("tied", [True, False])
def test_waves_without_a_shift_are_those_of_training(tied):
    theirs = sine.sample(stream(0, "test", KEY), COUNT, 10, tied)
    for ours, right in zip(drawn(tied=tied), theirs, strict=True):
        np.testing.assert_array_equal(ours, right)


def test_shifts_change_what_they_say():
    plain = drawn()
    louder, later = drawn(shift=Shift(amplitude=2.0)), drawn(shift=Shift(phase=np.pi))
    np.testing.assert_allclose(louder.targets, 2 * plain.targets, rtol=1e-5)
    np.testing.assert_allclose(later.target, -plain.target, atol=1e-5)
    wider, faster = drawn(shift=Shift(inputs=1.5)), drawn(shift=Shift(frequency=1.5))
    np.testing.assert_allclose(wider.query, 1.5 * plain.query, rtol=1e-6)
    np.testing.assert_allclose(faster.target, wider.target, atol=1e-5)  # sin(1.5 x) either way
    np.testing.assert_array_equal(faster.query, plain.query)


def test_the_functions_are_what_the_network_predicts_and_how_it_changes():
    tasks, weights = drawn(), refactored(0)
    prediction, slope = learnt.by_network(FREE, weights, tasks)
    found = embedded.functions(embedded.of(weights), tasks, tasks.query[:, 0])
    each = np.arange(COUNT)
    np.testing.assert_allclose(np.asarray(found.after)[each, each], prediction, atol=1e-4)
    np.testing.assert_allclose(np.asarray(found.slopes)[each, each], slope[:, 0], atol=1e-4)
    start = embedded.embed(embedded.of(weights), tasks.query[:, 0], 0 * tasks.target)[:, -1]
    np.testing.assert_allclose(found.before, -start, atol=1e-5)


def test_attention_that_is_a_step_is_recognised_with_its_size_and_one_that_is_not_is_not():
    tasks, network = drawn(), embedded.of(refactored(0, 0.03))
    descent = embedded.given(network, 1.0)
    found = embedded.nearest_step(network, descent, tasks)
    assert float(found["step"]) == pytest.approx(0.03, rel=1e-3)
    assert float(found["step_r2"]) == pytest.approx(1, abs=1e-5)
    assert float(found["step_cos"]) == pytest.approx(1, abs=1e-5)
    turned = embedded.nearest_step(embedded.tilted(network, 0.5, jax.random.key(0)), descent, tasks)
    assert turned["step_cos"] < 0.99 and turned["step_r2"] < 0.9999


def test_a_given_step_is_the_gd_step_on_the_embedding():
    tasks, network = drawn(), embedded.of(descending(0))
    z = embedded.embed(network, tasks.inputs[..., 0], tasks.targets)
    features, labels = z[..., :-1], z[..., -1]

    def loss(w):
        return 0.5 * jnp.sum((jnp.einsum("tnk,tk->tn", features, w) - labels) ** 2)

    descended = -0.01 * jax.grad(loss)(jnp.zeros((COUNT, WIDTH - 1)))
    np.testing.assert_allclose(embedded.in_context(network, tasks)[:, :-1], descended, rtol=1e-4, atol=1e-6)


def arms(own, same, following):
    return trained(own), [trained(same, 0, GIVEN), trained(following, 1, GIVEN)]


def compared(own, base):
    rows = Measures()
    rows.put("converged", 1)
    pairs.compare(rows, own, base)
    return rows


@pytest.fixture(scope="module")
def equal():
    """A free layer that is the other arm's step, written otherwise."""
    return compared(*arms(refactored(0), descending(0), descending(1)))


def test_the_same_step_written_otherwise_agrees_everywhere(equal):
    for name in pairs.SHIFTS:
        assert pick(equal, "rmse", tasks=name) < 1e-4
        assert pick(equal, "slope_correlation", tasks=name) == pytest.approx(1, abs=1e-5)
    assert pick(equal, "start_rmse") < 1e-5 and pick(equal, "partial_cos") > 0.99
    assert pick(equal, "loss_ratio") == pytest.approx(1, abs=1e-4) and pick(equal, "tail_ratio") == 1
    assert pick(equal, "both_converged") == 1


def test_another_seed_does_not_agree(equal):
    assert pick(equal, "rmse", "other_seed", tasks="fresh") > 0.05
    assert pick(equal, "rmse_over_seeds", "other_seed", tasks="fresh") == pytest.approx(1)
    assert pick(equal, "same_over_other_start") < 0.01


def test_a_larger_step_does_not_agree(equal):
    rows = compared(*arms(refactored(0, 0.02), descending(0), descending(1)))
    assert pick(rows, "rmse", tasks="fresh") > 100 * pick(equal, "rmse", tasks="fresh")
    assert pick(rows, "start_rmse") < 1e-5  # what comes before attention is the same


@pytest.mark.parametrize("size", pairs.RAISED)
def test_a_planted_constant_has_its_size(equal, size):
    for measure in ("rmse", "start_rmse"):
        assert pick(equal, measure, f"raised_{size}", tasks="fresh") == pytest.approx(size, rel=1e-3)
    assert pick(equal, "slope_correlation", f"raised_{size}", tasks="fresh") == pytest.approx(1, abs=1e-5)


def test_other_planted_faults_have_their_size(equal):
    for share in pairs.TURNED:
        assert pick(equal, "partial_cos", f"signs_{share}") == pytest.approx(1 - 2 * share, abs=5e-3)
    for share in pairs.APART:
        found = pick(equal, "rmse_over_seeds", f"apart_{share}", tasks="fresh")
        assert found == pytest.approx(share, rel=1e-3)
    assert pick(equal, "rmse", "moved_0.4", tasks="fresh") > 0.01


def test_in_one_dimension_the_cosine_counts_signs(equal):
    assert all(abs(row["value"]) < 1e-3 for row in equal if row["measure"] == "cos_by_signs")


def test_a_base_without_this_seed_is_said_and_compared_with_nothing():
    rows = compared(trained(refactored(0)), [trained(descending(1), 1, GIVEN)])
    assert pick(rows, "both_converged") == 0 and len(rows) == 2


def test_the_functions_of_moved_waves_correlate_as_they_should():
    x = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    one, other = np.sin(x)[None], np.sin(x + pairs.MOVED)[None]
    assert pairs.correlation(one, other) == pytest.approx(np.cos(pairs.MOVED), abs=1e-4)
    assert np.cos(pairs.MOVED) < 0.95


def test_the_analysis_of_one_network():
    rows = Measures()
    curves = command.sine(trained(refactored(0)), rows)
    assert pick(rows, "step") == pytest.approx(0.01, rel=1e-2)
    assert pick(rows, "step_cos", "hand_set_tilted_0.25") < pick(rows, "step_cos", "hand_set")
    assert (
        pick(rows, "value_r2", "labels_and_inputs_0.4") < 0.9 < pick(rows, "value_r2", "labels_and_noise_0.2")
    )
    plain = [row["value"] for row in curves if row["series"] == "zero" and row["point"] in (0.0, 1.0)]
    assert len(plain) == len(command.PANELS) and np.ptp(plain) < 1e-6
    truth = [row["value"] for row in curves if row["series"] == "truth"]
    assert max(truth) == pytest.approx(command.WAVE.amplitude, rel=1e-2)


def test_the_data_dictionary_is_what_is_measured(equal):
    rows = Measures()
    command.sine(trained(refactored(0)), rows)
    for table, found in (("sine", rows), ("comparison", equal)):
        entry = registry.tables()[table]
        assert {row["measure"] for row in found} <= set(entry["measures"])
        for label, known in entry["labels"].items():
            assert {row[label] for row in found} <= set(known), (table, label)
    about = entry["measures"] | entry["labels"]["plant"]
    known = {row["measure"] for row in equal} | {row["plant"] for row in equal}
    assert {name for name, words in about.items() if words.startswith("sine, ")} <= known


def test_values_that_are_the_labels_are_recognised():
    tasks = drawn()
    assert embedded.explained(-3 * tasks.targets + 1, tasks.targets) == pytest.approx(1)
    assert embedded.explained(tasks.inputs[..., 0], tasks.targets) < 0.2


def test_planted_faults_of_blocks_have_their_size():
    tasks = linear.sample(jax.random.key(0), COUNT, 10, 10)
    best = learnt.by_descent(tasks, 6.0)
    settings = dataclasses.replace(trained({}).settings, task=Task(inputs=10, context=10))
    theirs = dict.fromkeys(blocks.REFERENCES, best)
    found = blocks.planted(Trained({}, settings, 0), theirs, tasks)
    cosines = {name: float(learnt.agreement(one, best)["model_cos"]) for name, one in found.items()}
    assert cosines["tilted_0.5"] < 0.95 < cosines["tilted_0.2"] and cosines["rate_1.15"] > 0.9999
