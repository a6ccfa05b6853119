"""Tasks: the published ones bit by bit, fresh ones by their moments."""

import jax
import numpy as np
import pytest

from icgd.errors import IcgdError
from icgd.randomness import stream
from icgd.references import closed_form, gradient_descent
from icgd.tasks import linear, published, shifted


def loss(tasks, rate, clip=None):
    prediction = gradient_descent.one_step(tasks, rate)
    if clip:
        prediction = np.clip(prediction, -clip, clip)
    return float(linear.half_mean_square(prediction, tasks.target))


def test_published_tasks_are_the_published_ones():
    found = published.check(published.tasks())
    assert found["zero_predictor"] == pytest.approx(0.409863, abs=1e-5)
    assert found["one_step_gd_6.001"] == pytest.approx(0.204689, abs=1e-5)


def test_wrong_tasks_are_refused():
    with pytest.raises(IcgdError, match="came out wrong"):
        published.check(linear.scaled(published.tasks(), inputs=1.001))


@pytest.mark.parametrize(("clip", "value"), [(None, 7.989), (10.0, 6.364)])
def test_wide_inputs_match_the_published_loss(clip, value):
    assert loss(shifted.released("inputs", 1000)[2.0], 5.91, clip) == pytest.approx(value, rel=2e-4)


@pytest.mark.parametrize(("scale", "value"), [(1.0, 0.0406), (3.0, 0.699), (5.0, 8.66)])
def test_other_distributions_match_the_published_loss(scale, value):
    tasks = shifted.released("inputs_other", 500)[scale]
    assert loss(tasks, 5.91, 10.0) == pytest.approx(value, rel=2e-3)


def test_streams_of_one_seed_differ_and_repeat():
    keys = [stream(0, name, "threefry2x32") for name in ("training data", "evaluation data")]
    draws = [np.asarray(jax.random.uniform(key, (1000,))) for key in keys]
    assert abs(np.corrcoef(draws)[0, 1]) < 4 / np.sqrt(1000)
    again = jax.random.uniform(stream(0, "training data", "threefry2x32"), (1000,))
    assert np.array_equal(draws[0], again)


def test_moments_of_the_inputs():
    tasks = linear.sample(stream(1, "test", "threefry2x32"), 20_000, 10, 10)
    x = np.asarray(tasks.inputs, np.float64).ravel()
    error = np.std(x**2) / np.sqrt(len(x))
    assert abs(np.mean(x**2) - 1 / 12) < 4 * error
    assert np.mean(x**4) / np.mean(x**2) ** 2 == pytest.approx(closed_form.UNIFORM, rel=0.01)


@pytest.mark.parametrize("noisy", [0, 4, 8])
def test_distractors_match_the_closed_form(noisy):
    tasks = shifted.fresh("distractors", stream(2, "test", "threefry2x32"), _task(), 20_000)[float(noisy)]
    rate = closed_form.optimal_rate(10, 10, 1 / 12)
    squares = 0.5 * np.asarray(gradient_descent.one_step(tasks, rate) - tasks.target) ** 2
    expected = closed_form.distractor_loss(rate, noisy, 10, 10, 1 / 12)
    assert abs(np.mean(squares) - expected) < 4 * np.std(squares) / np.sqrt(len(squares))


def _task():
    from icgd.config import Task

    return Task(inputs=10, context=10)
