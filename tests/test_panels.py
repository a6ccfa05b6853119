"""The readings behind the findings, against independent computations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icgd.analysis.panels import comparisons, copying, descent, plus_plus, rates, readings, waves
from icgd.analysis.panels.descent import Moments
from icgd.analysis.panels.table import Rows
from icgd.config import Model
from icgd.errors import IcgdError
from icgd.models import transformer
from icgd.randomness import stream
from icgd.references import constructions, gradient_descent
from icgd.tasks import linear, sine


def fresh(count=200):
    return linear.sample(stream(0, "test panels", "threefry2x32"), count, 10, 10)


def eigenvalues(count=4000):
    x = np.asarray(fresh(count).inputs, np.float64)
    return np.linalg.eigvalsh(np.einsum("tnd,tne->tde", x, x))


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
    with pytest.raises(IcgdError, match="at step 0"):
        readings.start("fig2", "align", "model_cos")


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_descent_in_the_eigenbasis_is_gradient_descent(steps):
    tasks = fresh()
    moments = Moments.of(tasks)
    right = gradient_descent.roll_out(tasks, 5.5, steps)[-1]
    np.testing.assert_allclose(descent.predictions(moments, 5.5, steps), right, rtol=2e-4, atol=2e-5)
    one = gradient_descent.one_step_weights(tasks, 5.5)
    lengths = np.mean(np.linalg.norm(np.asarray(one, np.float64), axis=1))
    assert descent.mean_length(moments, 5.5, 1) == pytest.approx(lengths, rel=1e-5)


def test_a_rate_is_found_again_from_what_it_predicts():
    moments = Moments.of(fresh())
    for measure in (descent.mean_prediction, descent.mean_length):
        drawn = measure(moments, 5.77, 1)
        assert descent.rate_behind(moments, 1, measure, drawn) == pytest.approx(5.77, abs=1e-4)
    with pytest.raises(IcgdError, match="no rate in"):
        descent.rate_behind(moments, 1, measure, 10 * drawn)


def test_the_best_rate_is_the_closed_form_one():
    tasks = fresh(4000)
    right = gradient_descent.sample_optimal_rate(tasks)
    assert descent.best_rate(Moments.of(tasks), 1) == pytest.approx(right, abs=1e-3)


def test_moments_scale_as_their_tasks_do():
    tasks = fresh()
    found = Moments.of(tasks).scaled(inputs=1.7, teacher=0.6)
    right = Moments.of(linear.scaled(tasks, inputs=1.7, teacher=0.6))
    assert descent.loss(found, 3.0, 2) == pytest.approx(descent.loss(right, 3.0, 2), rel=1e-5)


def test_distance_from_a_grid():
    assert rates.off_grid(5.91, 0.001) == pytest.approx(0.009)
    assert rates.off_grid(5.901, 0.001) == pytest.approx(0, abs=1e-12)
    assert rates.off_grid(5.998, 0.001) == pytest.approx(0.003)


def test_gd_plus_plus_is_the_hand_set_network():
    tasks = fresh()
    steps, gammas = (0.4, 3.0), (0.3, 0.1)
    layers = [constructions.gd_plus_plus_layer(e, g, 10) for e, g in zip(steps, gammas, strict=True)]
    weights = constructions.one_head(*layers)
    right = transformer.predict_each(Model(layers=2), weights, tasks)
    np.testing.assert_allclose(plus_plus.predictions(tasks, steps, gammas), right, rtol=1e-3, atol=1e-4)


def test_gd_plus_plus_without_gamma_is_gd():
    tasks = fresh()
    right = descent.predictions(Moments.of(tasks), 6.0, 3)
    np.testing.assert_allclose(plus_plus.predictions(tasks, [0.6] * 3, [0.0] * 3), right, rtol=1e-9)


@pytest.mark.parametrize("steps", [2, 3])
def test_no_small_change_of_the_own_rates_does_better(steps):
    spectrum = eigenvalues()
    one, own = plus_plus.one_and_own(spectrum, steps)
    best = gradient_descent.eigenvalue_loss(spectrum, plus_plus.S2, own)
    assert best < gradient_descent.eigenvalue_loss(spectrum, plus_plus.S2, [one] * steps)
    for index in range(steps):
        for factor in (0.98, 1.02):
            moved = [rate * (factor if k == index else 1) for k, rate in enumerate(own)]
            assert gradient_descent.eigenvalue_loss(spectrum, plus_plus.S2, moved) > best


def test_shared_parameters_do_better_than_where_the_search_starts():
    spectrum = eigenvalues()

    def loss(step, gamma):
        return gradient_descent.eigenvalue_loss(spectrum, plus_plus.S2, [step] * 2, [gamma] * 2)

    found = plus_plus.shared(spectrum, 2, (1.2, 0.16))
    assert loss(*found) < loss(1.2, 0.16)
    assert min(loss(found[0] * a, found[1] * b) for a in (0.97, 1.03) for b in (0.97, 1.03)) > loss(*found)


def test_an_untrained_layer_counts_its_nineteen_other_keys():
    following, others = copying.untrained(jax.random.key(0))
    assert others / following == pytest.approx(1, abs=0.01)


def test_jumps_are_held_against_the_nearest_drop():
    assert copying.nearest(105.0, [50.0, 100.0, 200.0]) == pytest.approx(1.05)


def test_waves_are_found_from_their_context():
    x = np.linspace(-5, 5, 12)
    found = waves.amplitude_and_phase(x, 0.37 * np.sin(x + 2.1))
    assert found == pytest.approx((0.37, 2.1))
    low, high = sine.AMPLITUDE
    assert waves.on_line(low) == 0 and waves.on_line(high) == pytest.approx(np.pi)


def test_comparisons_need_no_run_and_find_the_duplicate(monkeypatch):
    monkeypatch.setattr(jnp, "asarray", None)
    rows = Rows()
    comparisons.run(rows)
    values = {
        plant: max(
            row["value"] for row in rows if (row["measure"], row["plant"]) == ("fig6b_difference", plant)
        )
        for plant in ("none", "other_depths")
    }
    assert values["none"] < 5e-4 < 0.1 < values["other_depths"]
