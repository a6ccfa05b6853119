"""Sine waves: shifts of the tasks, what a network fits to a context, measures of networks that are known."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from icgd.config import Evaluation, Model, Settings, Task
from icgd.errors import IcgdError
from icgd.measures import arms, embedded, fit, waves
from icgd.measures.grid import Grid, answer
from icgd.measures.network import Network
from icgd.measures.request import Request
from icgd.models import transformer
from icgd.random import stream
from icgd.references import constructions
from icgd.tasks import sine
from icgd.tasks.sine import Shift

KEY = "threefry2x32"
WIDTH, COUNT = 40, 256
GIVEN, FREE = Model(embedding=WIDTH, given_step=0.01), Model(embedding=WIDTH)
OTHER = "sine_gd"
SHIFTS = ("inputs 1.5", "amplitude 2", "frequency 1.5", "phase pi")


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


def network(weights, seed=0, model=FREE, others=(), states=()):
    """A network of one arm; ``states``: its weights at steps 10, 20, ..., if any were kept."""
    evaluation = Evaluation(tasks=COUNT, shifted_tasks=COUNT)
    settings = Settings(task=Task(family="sine", inputs=1, context=10), model=model, evaluation=evaluation)
    history = [
        {"step": step, "evaluation_loss": 0.001 + (step < 950), "training_loss": 0.0}
        for step in range(0, 1001, 50)
    ]
    kept = {name: np.stack([one[name] for one in states]) for name in states[0]} if states else {}
    kept |= {"step": 10 * np.arange(1, len(states) + 1)}
    return Network(settings, seed, weights, history, kept, others=lambda name: list(others))


def against(own, *others, **options):
    """A grid of a network whose other arm has given steps, seed by seed."""
    return Grid(
        network(own, others=[network(one, seed, GIVEN) for seed, one in enumerate(others)], **options)
    )


def ask(grid, measure, subject="network", shift="", tasks="fresh"):
    tasks = f"{tasks} {shift}".strip()
    return answer(grid, Request(measure, subject, f"same_seed of {OTHER}", tasks))


def drawn(shift=None, tied=True):
    return sine.sample(stream(0, "test", KEY), COUNT, 10, tied, *([shift] if shift else []))


@pytest.fixture(scope="module")
def equal():
    """A free layer that is the other arm's step, written otherwise."""
    return against(refactored(0), descending(0), descending(1))


@pytest.mark.parametrize("tied", [True, False])
def test_waves_without_a_shift_are_those_of_training(tied):
    for ours, right in zip(drawn(Shift(), tied), drawn(tied=tied), strict=True):
        np.testing.assert_allclose(ours, right, rtol=1e-6)


def test_shifts_change_what_they_say():
    plain = drawn()
    louder, later = drawn(Shift(amplitude=2.0)), drawn(Shift(phase=np.pi))
    np.testing.assert_allclose(louder.targets, 2 * plain.targets, rtol=1e-5)
    np.testing.assert_allclose(later.target, -plain.target, atol=1e-5)
    wider, faster = drawn(Shift(inputs=1.5)), drawn(Shift(frequency=1.5))
    np.testing.assert_allclose(wider.query, 1.5 * plain.query, rtol=1e-6)
    np.testing.assert_allclose(faster.target, wider.target, atol=1e-5)  # sin(1.5 x) either way
    np.testing.assert_array_equal(faster.query, plain.query)


def test_a_shift_is_read_from_the_name_of_tasks():
    assert arms.shift_of("fresh") == arms.shift_of("history") == Shift()
    assert arms.shift_of("fresh inputs 1.5") == Shift(inputs=1.5)
    assert arms.shift_of("fresh phase pi") == Shift(phase=np.pi)
    with pytest.raises(IcgdError, match="no shift 'phases'; did you mean phase"):
        arms.shift_of("fresh phases 1")


def test_the_functions_are_what_the_network_predicts_and_how_it_changes():
    tasks, weights, each = drawn(), refactored(0), np.arange(COUNT)
    prediction, slope = fit.fit_by_network(FREE, weights, tasks)
    found = embedded.functions(embedded.of(weights), tasks, tasks.query[:, 0])
    np.testing.assert_allclose(np.asarray(found.after)[each, each], prediction, atol=1e-4)
    np.testing.assert_allclose(np.asarray(found.slopes)[each, each], slope[:, 0], atol=1e-4)
    start = embedded.embed(embedded.of(weights), tasks.query[:, 0], 0 * tasks.target)[:, -1]
    np.testing.assert_allclose(found.before, -start, atol=1e-5)


def test_the_same_step_written_otherwise_agrees_everywhere(equal):
    for shift in ("", *SHIFTS):
        assert ask(equal, "function_rmse", shift=shift) < 1e-4
        assert ask(equal, "slope_correlation", shift=shift) == pytest.approx(1, abs=1e-5)
    assert ask(equal, "start_rmse") < 1e-5 and ask(equal, "model_cos") > 0.99
    assert ask(equal, "loss_ratio") == pytest.approx(1, abs=1e-4)
    assert ask(equal, "tail_ratio", tasks="history") == 1
    assert ask(equal, "both_converged", tasks="") == 1


def test_another_seed_does_not_agree(equal):
    following = f"next_seed of {OTHER}"
    assert ask(equal, "function_rmse", following) > 0.05
    assert ask(equal, "function_rmse_over_seeds", following) == pytest.approx(1)
    assert ask(equal, "same_over_other_start") < 0.01


def test_a_larger_step_does_not_agree(equal):
    larger = against(refactored(0, 0.02), descending(0), descending(1))
    assert ask(larger, "function_rmse") > 100 * ask(equal, "function_rmse")
    assert ask(larger, "start_rmse") < 1e-5  # what comes before attention is the same


def test_faults_have_their_size(equal):
    same = f"same_seed of {OTHER}"
    for size in (0.02, 0.2):
        for measure in ("function_rmse", "start_rmse"):
            assert ask(equal, measure, f"{same} raised {size}") == pytest.approx(size, rel=1e-3)
        assert ask(equal, "slope_correlation", f"{same} raised {size}") == pytest.approx(1, abs=1e-5)
        share = (size * np.std(equal.network.fresh.target)) ** 2 / 2 / 0.001
        assert ask(equal, "tail_ratio", f"{same} raised {size}", tasks="history") == pytest.approx(1 + share)
    for share in (0.01, 0.05):
        assert ask(equal, "model_cos", f"{same} signs {share}") == pytest.approx(1 - 2 * share, abs=5e-3)
    for factor in (0.8, 1.5):
        found = ask(equal, "function_rmse_over_seeds", f"{same} apart {factor}")
        assert found == pytest.approx(factor, rel=1e-3)
    assert ask(equal, "function_rmse", f"{same} moved 0.4") > 0.01
    with pytest.raises(IcgdError, match="cannot have the fault 'tilted 0.1'"):
        ask(equal, "function_rmse", f"{same} tilted 0.1")


def test_a_diverged_other_arm_gives_no_number_and_is_said():
    alone = Grid(network(refactored(0), others=[network(descending(1), 1, GIVEN)]))
    assert ask(alone, "both_converged", tasks="") == 0
    for measure in ("function_rmse", "model_cos", "tail_ratio"):
        assert np.isnan(ask(alone, measure))


def test_along_training_the_other_arm_is_as_it_was_at_the_same_step():
    asked = Request("model_diff", "network", f"same_seed of {OTHER}", "fresh", "training")
    steps = [0.005, 0.01, 0.02]
    theirs = network(descending(0, 0.02), 0, GIVEN, states=[descending(0, step) for step in steps])
    ours = network(refactored(0, 0.02), others=[theirs], states=[refactored(0, step) for step in steps])
    found = answer(Grid(ours), asked)
    assert list(found) == [10, 20, 30] and max(found.values()) < 1e-4
    stopped = dataclasses.replace(theirs, snapshots={**theirs.snapshots, "step": np.array([10, 20, 40])})
    with pytest.raises(IcgdError, match="kept states at other steps"):
        answer(Grid(dataclasses.replace(ours, others=lambda name: [stopped])), asked)
    alone = dataclasses.replace(ours, others=lambda name: [])
    assert np.isnan(list(answer(Grid(alone), asked).values())).all()


def test_the_functions_of_moved_waves_correlate_as_they_should():
    x = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    one, other = np.sin(x)[None], np.sin(x + 0.4)[None]
    assert embedded.correlation(one, other) == pytest.approx(np.cos(0.4), abs=1e-4) and np.cos(0.4) < 0.95


def test_values_that_are_the_labels_are_recognised(equal):
    tasks = drawn()
    assert embedded.explained(-3 * tasks.targets + 1, tasks.targets) == pytest.approx(1)
    assert embedded.explained(tasks.inputs[..., 0], tasks.targets) < 0.2
    assert ask(equal, "value_r2", "labels inputs 0.4") < 0.9 < ask(equal, "value_r2", "labels noise 0.2")


def test_curves_begin_unshifted_and_one_wave_is_that_of_the_paper(equal):
    plain = [Request("loss", "zero", "", "fresh", axis) for axis in waves.POINTS]
    first = [next(iter(answer(equal, request).values())) for request in plain]
    assert np.ptp(first) < 1e-6
    truth, before, after = (
        answer(equal, Request(f"wave_{name}", "network", along="wave"))
        for name in ("truth", "before", "after")
    )
    assert max(truth.values()) == pytest.approx(waves.WAVE.amplitude, rel=1e-2)
    assert list(before) == list(truth) == list(after) and before != after


def test_the_function_before_attention_ignores_the_context(equal):
    still = {name: 0 * part if name == "0/projection" else part for name, part in refactored(0).items()}
    idle = Grid(dataclasses.replace(equal.network, weights={k: jnp.asarray(v) for k, v in still.items()}))
    assert ask(equal, "start_loss") == pytest.approx(ask(idle, "loss"), rel=1e-4)


def test_only_networks_on_waves_have_waves():
    linear = Settings(task=Task(inputs=10, context=10))
    with pytest.raises(IcgdError, match="trained on sine waves"):
        ask(Grid(Network(linear, 0, {}, [])), "value_r2")
