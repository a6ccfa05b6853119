"""Tasks: the published ones bit by bit, fresh ones by their moments."""

import jax
import numpy as np
import pytest

from icgd import random
from icgd.config import Task
from icgd.errors import IcgdError
from icgd.random import stream
from icgd.references import closed_form, descent
from icgd.tasks import linear, published, shifted, sine


def loss(tasks, rate, clip=None):
    prediction = descent.one_step(tasks, rate)
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


@pytest.mark.parametrize("count", [6, 7, 4096])
def test_the_generator_is_jaxs_own_bit_for_bit(count):
    ours = jax.random.key(3, impl=random.IMPLEMENTATIONS["threefry2x32"])
    theirs = jax.random.key(3, impl="threefry2x32")
    with jax.threefry_partitionable(False):
        for draw in (
            lambda key: jax.random.bits(key, (count,)),
            lambda key: jax.random.normal(key, (2, count)),
            lambda key: jax.random.key_data(jax.random.split(key, count)),
            lambda key: jax.random.key_data(jax.random.fold_in(key, count)),
        ):
            assert np.array_equal(draw(ours), draw(theirs))
        with jax.enable_x64(True):  # words of 64 bits
            assert np.array_equal(jax.random.normal(ours, (2, count)), jax.random.normal(theirs, (2, count)))


def test_a_batch_of_keys_draws_what_each_key_draws():
    keys = jax.random.split(stream(0, "test", "threefry2x32"), 5)
    together = jax.vmap(lambda key: jax.random.uniform(key, (7,)))(keys)
    assert np.array_equal(together, np.stack([jax.random.uniform(key, (7,)) for key in keys]))


@pytest.mark.parametrize("released_phase", [True, False])
def test_sine_waves_have_the_amplitudes_and_phases_asked_for(released_phase):
    tasks = sine.sample(stream(3, "test", "threefry2x32"), 4000, 40, released_phase)
    x, y = (np.asarray(values, np.float64) for values in (tasks.inputs[..., 0], tasks.targets))
    features = np.stack([np.sin(x), np.cos(x)], axis=-1)  # y = a cos(p) sin x + a sin(p) cos x
    parts = np.stack([np.linalg.lstsq(f, t, rcond=None)[0] for f, t in zip(features, y, strict=True)])
    amplitude, phase = np.hypot(*parts.T), np.arctan2(parts[:, 1], parts[:, 0])
    for values, low, high in ((amplitude, 0.1, 0.5), (phase, 0.0, np.pi)):
        assert low - 1e-3 < values.min() and values.max() < high + 1e-3
        spread = (high - low) / np.sqrt(12 * len(values))
        assert abs(values.mean() - (low + high) / 2) < 4 * spread
    correlation = np.corrcoef(amplitude, phase)[0, 1]
    assert correlation > 0.999 if released_phase else abs(correlation) < 4 / np.sqrt(len(phase))


def test_shifted_waves_are_the_same_waves_shifted():
    def draw(**shift):
        return sine.sample(stream(3, "test", "threefry2x32"), 50, 10, False, sine.Shift(**shift))

    tasks, wide = draw(), draw(inputs=2, amplitude=3)
    trained = sine.sample(stream(3, "test", "threefry2x32"), 50, 10, False)
    assert all(np.array_equal(*pair) for pair in zip(tasks, trained, strict=True))
    np.testing.assert_allclose(wide.inputs, 2 * tasks.inputs)
    np.testing.assert_allclose(wide.targets, draw(frequency=2, amplitude=3).targets, atol=1e-6)
    np.testing.assert_allclose(draw(phase=np.pi).target, -tasks.target, atol=1e-6)


def test_moments_of_the_inputs():
    tasks = linear.sample(stream(1, "test", "threefry2x32"), 20_000, 10, 10)
    x = np.asarray(tasks.inputs, np.float64).ravel()
    error = np.std(x**2) / np.sqrt(len(x))
    assert abs(np.mean(x**2) - 1 / 12) < 4 * error
    assert np.mean(x**4) / np.mean(x**2) ** 2 == pytest.approx(closed_form.UNIFORM, rel=0.01)


@pytest.mark.parametrize("noisy", [0, 4, 8])
def test_distractors_match_the_closed_form(noisy):
    key, task = stream(2, "test", "threefry2x32"), Task(inputs=10, context=10)
    tasks = shifted.fresh("distractors", key, task, 20_000)[float(noisy)]
    rate = closed_form.optimal_rate(10, 10, 1 / 12)
    squares = 0.5 * np.asarray(descent.one_step(tasks, rate) - tasks.target) ** 2
    clean = 10 - noisy  # labels that say something; the others are N(0, 1), unrelated to x
    signal = clean * (clean - 1) + clean * (closed_form.UNIFORM + 10 - 1)
    unit = rate / 12 / 10
    expected = 10 / 24 * (1 - 2 * unit * clean + unit**2 * (signal + 12 * noisy))
    assert abs(np.mean(squares) - expected) < 4 * np.std(squares) / np.sqrt(len(squares))
