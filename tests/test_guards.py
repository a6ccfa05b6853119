"""Guards that planted faults asked for: whose weights, which tasks, which rates, which slopes."""

import jax.numpy as jnp
import numpy as np
import pytest

from icgd import paths
from icgd.config import Evaluation, Model, Optimiser, Settings, Task, Training
from icgd.files import read_table, write_table
from icgd.measures import agreement, fit, grid, tables
from icgd.measures.network import Network
from icgd.measures.request import Request
from icgd.random import stream
from icgd.references import constructions, methods
from icgd.tasks import linear
from icgd.training import checkpoint, loop, steps

OPTIMAL = 120 / 19.8  # 12 N / (N + d - 0.2) at d = N = 10
SETTINGS = Settings(task=Task(inputs=10, context=10), evaluation=Evaluation(tasks=100), seeds=2)


def hand_set(rate):
    return constructions.one_head(constructions.gradient_descent_layer(rate / 10, 10))


def answer(network, *words):
    return grid.answer(grid.Grid(network), Request(*words))


def test_each_seed_is_measured_on_its_own_weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed in range(2):
        checkpoint.save(paths.weights("quick", "one_layer", seed), hand_set(1.0 + seed), diverged_at=None)
        history = [{"step": step, "training_loss": 0.2} for step in (0, 100)]
        write_table(paths.history("quick", "one_layer", seed), ("step", "training_loss"), history)
    tables.write("one_layer", {"one_layer": SETTINGS}, "quick", [Request("rate_over_optimal", "network")])
    table = read_table(paths.table("quick", "one_layer", "measures"), tables.COLUMNS)
    found = {row["unit"]: float(row["value"]) for row in table if row["measure"] == "rate_over_optimal"}
    assert found == pytest.approx({"seed 0": 1 / OPTIMAL, "seed 1": 2 / OPTIMAL})


def test_gradient_descent_is_not_tuned_on_the_tasks_it_is_evaluated_on():
    network = Network(SETTINGS, 0, hand_set(1.0), [])
    assert network.best_rate == pytest.approx(OPTIMAL)
    x, y, query, target = (np.asarray(array, np.float64) for array in network.fresh)
    fitted = np.einsum("tnd,tn,td->t", x, y, query) / 10  # so few that the best rate for them is another one
    for name, rate in (("gd", OPTIMAL), ("gd published", 5.91)):
        right = 0.5 * np.mean((rate * fitted - target) ** 2)
        assert answer(network, "loss", name, "", "fresh") == pytest.approx(right, rel=1e-4)


def test_the_first_step_of_training_is_as_long_as_configured():
    settings = SETTINGS.model_copy(update={"optimiser": Optimiser(learning_rate=0.01, clip_norm=1.0)})
    chain, weights = steps.optimiser(settings), jnp.zeros(3)
    update, _ = chain.update(jnp.array([0.1, -0.2, 0.3]), chain.init(weights), weights)
    np.testing.assert_allclose(update, [-0.01, 0.01, -0.01], rtol=1e-4)  # Adam's first step is its rate


def test_teachers_say_nothing_about_inputs():
    inputs, context, count = 5, 20, 20_000
    tasks = linear.sample(stream(0, "guard", "threefry2x32"), count, inputs, context)
    x, y, query = (np.asarray(array, np.float64) for array in (tasks.inputs, tasks.targets, tasks.query))
    teachers = np.einsum("tdn,tn->td", np.linalg.pinv(x), y)
    everything = np.concatenate([x.reshape(count, -1), query], axis=1)
    correlations = np.corrcoef(teachers.T, everything.T)[:inputs, inputs:]
    assert np.abs(correlations).max() < 6 / np.sqrt(count)


def test_every_training_step_sees_tasks_of_its_own():
    still = Settings(  # a network that does not move: only the tasks make losses differ
        task=Task(inputs=3, context=5),
        optimiser=Optimiser(learning_rate=0.0),
        training=Training(steps=5, batch=64, every=1, history_tasks=100),
    )
    losses = [row["training_loss"] for row in loop.train(still, [0])[0].history[1:]]
    assert len(set(losses)) == len(losses) == 5


def test_a_fault_planted_in_the_rate_has_the_size_it_says():
    network = Network(SETTINGS, 0, hand_set(2.0), [])
    for name, size in (("network", 1), ("network rate 1.06", 1.06), ("network rate 1.15", 1.15)):
        found = answer(network, "rate_over_optimal", name)
        assert found == pytest.approx(2 * size / OPTIMAL)


def test_sensitivities_are_those_to_the_query():
    tasks = linear.sample(stream(0, "guard", "threefry2x32"), 200, 10, 10)
    prediction, slopes = agreement.sensitivities(Model(), hand_set(2.0), tasks)
    np.testing.assert_allclose(slopes, 0.2 * np.einsum("tnd,tn->td", tasks.inputs, tasks.targets), atol=1e-5)
    np.testing.assert_allclose(prediction, np.sum(slopes * tasks.query, axis=-1), atol=1e-5)


def test_methods_keep_their_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("icgd.measures.network.read_methods", methods.read.__wrapped__)  # keeps nothing
    rows, steps_of = methods.Rows(), {"gd": 0.1, "gd_plus_plus": 0.3}
    for family, step in steps_of.items():
        rows.put(methods.Key(family, 1, "shared"), "step", [step])
    write_table(paths.references("full", "optima"), methods.COLUMNS, rows)
    network = Network(SETTINGS, 0, hand_set(1.0), [])
    gradient = np.einsum("tnd,tn->td", network.fresh.inputs, network.fresh.targets)
    for family, step in steps_of.items():
        (one,) = grid.Grid(network).fits(f"{family} shared", "fresh", None)
        assert isinstance(one, fit.Fit)
        np.testing.assert_allclose(one.weights, step * gradient, rtol=1e-4, atol=1e-6)
