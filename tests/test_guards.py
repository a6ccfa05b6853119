"""Guards that the mutation audit asked for: whose weights, which tasks, which rates, which slopes."""

import argparse
import json

import jax.numpy as jnp
import numpy as np
import pytest

from icgd import paths
from icgd.analysis import alignment, depth, products
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.analysis.opponents import Opponent
from icgd.cli import align, analysis
from icgd.config import AnalysisSettings, Evaluation, Model, Optimiser, Task, Training, TrainSettings, plain
from icgd.files import read_table, write_table
from icgd.randomness import stream
from icgd.references import constructions
from icgd.tasks import linear
from icgd.training import checkpoint, loop, optimisers

OPTIMAL = 120 / 19.8  # 12 N / (N + d - 0.2) at d = N = 10
SETTINGS = AnalysisSettings(
    task=Task(inputs=10, context=10),
    model=Model(),
    evaluation=Evaluation(tasks=100),
    seeds=2,
    key_implementation="threefry2x32",
)


def hand_set(rate):
    return constructions.one_head(constructions.gradient_descent_layer(rate / 10, 10))


def test_each_seed_is_measured_on_its_own_weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed in range(2):
        checkpoint.save(paths.weights("quick", "one_layer", seed), hand_set(1.0 + seed), diverged_at=None)
        history = [{"step": step, "training_loss": 0.2} for step in (0, 100)]
        write_table(paths.history("quick", "one_layer", seed), ("step", "training_loss"), history)

    def rate(trained, rows):
        rows.put("rate", products.step_size(trained.products) * 10)
        return []

    words = {"experiment": "one_layer", "scale": "quick", "settings": json.dumps(plain(SETTINGS))}
    analysis.analyse(argparse.Namespace(**words), "align", rate, ("plant",))
    table = read_table(paths.table("quick", "one_layer", "alignment"))
    found = [float(row["value"]) for row in table if row["measure"] == "rate"]
    assert found == pytest.approx([1.0, 2.0])


def test_the_named_rates_are_what_their_names_say():
    trained = Trained(hand_set(1.0), SETTINGS, 0)
    assert trained.rates() == pytest.approx({"gd_optimal": OPTIMAL, "gd_published": 5.91})
    assert trained.optimal_step == pytest.approx(OPTIMAL / 10)


def test_gradient_descent_is_not_tuned_on_the_tasks_it_is_evaluated_on():
    trained, rows = Trained(hand_set(1.0), SETTINGS, 0), Measures()
    tasks = trained.fresh("evaluation data", 100)  # so few that the best rate for them is another one
    align.compare(rows, trained, {}, "published", tasks)
    found = {row["reference"]: row["value"] for row in rows if row["measure"] == "gd_loss"}
    x, y, query, target = (np.asarray(array, np.float64) for array in tasks)
    learnt = np.einsum("tnd,tn,td->t", x, y, query) / 10
    right = {
        name: 0.5 * np.mean((rate * learnt - target) ** 2)
        for name, rate in (("gd_optimal", OPTIMAL), ("gd_published", 5.91))
    }
    assert found == pytest.approx(right, rel=1e-4)


def test_the_first_step_of_training_is_as_long_as_configured():
    chain, weights = optimisers.chain(Optimiser(learning_rate=0.01, clip_norm=1.0), 10), jnp.zeros(3)
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
    still = TrainSettings(  # a network that does not move: only the tasks make losses differ
        task=Task(inputs=3, context=5),
        model=Model(),
        optimiser=Optimiser(learning_rate=0.0),
        training=Training(steps=5, batch=64, every=1, history_tasks=100),
        key_implementation="threefry2x32",
    )
    losses = [row["training_loss"] for row in loop.train(still, [0])[0].history[1:]]
    assert len(set(losses)) == len(losses) == 5


def test_a_fault_planted_in_the_rate_has_the_size_it_says():
    untrained, key = products.of(hand_set(1.0)), stream(0, "guard", "threefry2x32")
    found = products.planted(products.of(hand_set(2.0)), products.of(hand_set(1.0)), untrained, key)
    rates = {name: products.step_size(one) * 10 for name, one in found.items()}
    assert rates["none"] == pytest.approx(2.0)
    assert (rates["rate_1.06"], rates["rate_1.15"]) == pytest.approx((2.12, 2.3))


def test_sensitivities_are_those_to_the_query():
    tasks = linear.sample(stream(0, "guard", "threefry2x32"), 200, 10, 10)
    prediction, slopes = alignment.sensitivities(Model(), hand_set(2.0), tasks)
    np.testing.assert_allclose(slopes, 0.2 * np.einsum("tnd,tn->td", tasks.inputs, tasks.targets), atol=1e-5)
    np.testing.assert_allclose(prediction, np.sum(slopes * tasks.query, axis=-1), atol=1e-5)


def test_methods_keep_their_names():
    tasks = linear.sample(stream(0, "guard", "threefry2x32"), 50, 10, 10)
    steps = {"gd_shared": 0.1, "gd_plus_plus_shared": 0.3}
    methods = {
        name: Opponent("descent", 1, (np.array([step]), np.zeros(1)), 1, np.nan)
        for name, step in steps.items()
    }
    gradient = np.einsum("tnd,tn->td", tasks.inputs, tasks.targets)
    for name, found in depth.learn_by(methods, tasks, None).items():
        np.testing.assert_allclose(found.weights, steps[name] * gradient, rtol=1e-4, atol=1e-6)
