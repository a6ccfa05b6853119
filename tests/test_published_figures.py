"""The readings behind the findings, against independent computations."""

from inspect import signature

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icgd import dictionary
from icgd.errors import IcgdError
from icgd.random import stream
from icgd.references import descent, eigenbasis
from icgd.references.descent import Steps, gradient_descent
from icgd.statements.published_figures import (
    copying,
    drawn,
    gd_plus_plus,
    rates,
    readings,
    sweeps,
    waves,
)
from icgd.statements.table import statements
from icgd.tasks import published, sine
from icgd.tasks.linear import half_mean_square

RANDOM = "threefry2x32"


def population(steps):
    return eigenbasis.population_loss(gd_plus_plus.residual(gd_plus_plus.draws(RANDOM).first, steps))


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Small sets of tasks, forgotten afterwards."""
    monkeypatch.setattr(gd_plus_plus, "TUNING_TASKS", 2000)
    yield
    for cached in (gd_plus_plus.draws, gd_plus_plus.best, gd_plus_plus.own_rates):
        cached.cache_clear()


def test_a_crossing_is_interpolated_and_its_absence_named():
    assert readings.crossing({0.0: 1.0, 10.0: 0.5, 20.0: 0.1}, 0.4) == pytest.approx(12.5)
    assert readings.crossing({0.0: 0.0, 10.0: 1.0}, 0.25) == pytest.approx(2.5)
    with pytest.raises(IcgdError, match="never passes 2"):
        readings.crossing({0.0: 0.0, 10.0: 1.0}, 2)


def test_a_panel_that_was_not_published_is_named():
    with pytest.raises(IcgdError, match="no published fig8 loss gd"):
        readings.line("fig8", "loss", "gd")
    with pytest.raises(IcgdError, match="no published fig9_rate seven layers"):
        readings.number("fig9_rate", "seven layers")
    with pytest.raises(IcgdError, match="no published fig8 loss trained seed"):
        readings.seeds("fig8", "loss", "trained")
    with pytest.raises(IcgdError, match="at step 0"):
        readings.start("fig2", "align", "model_cos")


def test_sizes_at_step_0_are_those_of_gradient_descent():
    tasks = readings.tasks(200)
    right = np.mean(np.abs(descent.roll_out(tasks, 5.5, 5)[-1]))
    assert rates.mean_prediction(readings.spectrum(200), 5.5, 5) == pytest.approx(right, rel=1e-5)
    right = np.mean(np.linalg.norm(descent.one_step_weights(tasks, 5.5), axis=1))
    assert rates.mean_length(readings.spectrum(200), 5.5) == pytest.approx(right, rel=1e-5)
    right = float(half_mean_square(0.0, tasks.target))
    assert eigenbasis.loss(readings.spectrum(200), 0.0) == pytest.approx(right, rel=1e-5)


@pytest.mark.parametrize("figure", ["fig2", "fig3b"])
def test_a_rate_is_found_again_from_what_it_predicts(figure):
    size = rates.mean_prediction(readings.spectrum(), 5.77, rates.STEPS[figure])
    assert rates.behind(figure, size) == pytest.approx(5.77, abs=1e-5)
    with pytest.raises(IcgdError, match="no rate in"):
        rates.behind(figure, 10 * size)


def test_the_nearest_rate_of_a_grid():
    for rate, start, right in ((5.91, 0.001, 5.901), (5.998, 0.001, 6.001), (5.998, 0.01, 6.01)):
        assert rates.nearest(rate, start) == pytest.approx(right)


def test_rates_found_in_steps_are_the_best_of_them():
    tasks = readings.spectrum(200)
    assert rates.tuned(tasks, 1) == pytest.approx(eigenbasis.best_rate(tasks, 1), abs=0.051)


@pytest.mark.parametrize("steps", [Steps((0.4, 3.0), (0.3, 0.1)), gradient_descent([0.6] * 3)])
def test_losses_on_the_published_tasks_are_those_of_the_steps_spelt_out(steps):
    tasks = readings.tasks(published.COUNT)
    right = float(half_mean_square(descent.predict(tasks, steps), tasks.target))
    assert gd_plus_plus.on_published(steps) == pytest.approx(right, rel=1e-4)


@pytest.mark.parametrize("steps", [2, 3])
def test_no_small_change_of_the_own_rates_does_better(steps):
    own = gd_plus_plus.own_rates(steps, RANDOM)
    assert population(own) < population(gd_plus_plus.best("gd", steps, RANDOM))
    for index in range(steps):
        for factor in (0.98, 1.02):
            moved = [rate * (factor if k == index else 1) for k, rate in enumerate(own.steps)]
            assert population(gradient_descent(moved)) > population(own)


@pytest.mark.parametrize("layers", [2, 3, 10])
def test_no_small_change_of_shared_parameters_does_better(layers):
    best = gd_plus_plus.best("gd_plus_plus", layers, RANDOM)
    assert np.ptp(best.steps) == np.ptp(best.gammas) == 0
    for e, g in ((0.99, 1), (1.01, 1), (1, 0.99), (1, 1.01)):
        assert population(Steps(e * best.steps, g * best.gammas)) > population(best)


def test_an_untrained_layer_counts_its_nineteen_other_keys():
    following, others = copying.untrained(jax.random.key(0))
    assert others / following == pytest.approx(1, abs=0.01)


def test_jumps_are_held_against_the_nearest_drop():
    assert copying.nearest(105.0, [50.0, 100.0, 200.0]) == pytest.approx(1.05)


def test_waves_are_found_from_their_context():
    x = np.linspace(-5, 5, 12)
    assert waves.amplitude_and_phase_of(x, 0.37 * np.sin(x + 2.1)) == pytest.approx((0.37, 2.1))
    tasks = sine.sample(stream(0, "test waves", RANDOM), 50, 10, True)
    amplitude, phase = waves.fitted(tasks)
    np.testing.assert_allclose(phase, [waves.implied(a) for a in amplitude], atol=1e-4)
    assert waves.implied(0.1) == 0 and waves.implied(0.5) == pytest.approx(np.pi)


def test_curves_are_compared_without_a_run_and_the_duplicate_is_found(monkeypatch):
    monkeypatch.setattr(jnp, "asarray", None)
    found = [max(values.values()) for values in drawn.fig6b_difference().values()]
    assert found[0] < 5e-4 < 0.1 < found[2]  # the statement, and other depths


def test_every_subject_is_described_and_every_description_has_its_subject():
    for function in statements(drawn, sweeps):
        assert not signature(function).parameters
        entry = dictionary.statements()[f"published_figures {function.__name__}"]
        assert {name.partition(": ")[0] for name in function()} == {"statement", *entry.subjects}
