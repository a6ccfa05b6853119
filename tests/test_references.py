"""References against independent computations and the published numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icgd.config import Task
from icgd.random import stream
from icgd.references import closed_form, descent, eigenbasis, least_squares, preconditioned
from icgd.tasks import linear, published, sample
from icgd.tasks.linear import half_mean_square

# Loss of GD at damping 0.75 after 1, 4, 7, ... 49 steps, as printed in Fig. 1 (right).
FIGURE_1 = (
    0.2180, 0.1287, 0.1018, 0.0873, 0.0780, 0.0713, 0.0663, 0.0622, 0.0590,
    0.0562, 0.0539, 0.0518, 0.0500, 0.0484, 0.0469, 0.0456, 0.0444,
)  # fmt: skip


def fresh(count=20_000, d=10, n=10, seed=0):
    return linear.sample(stream(seed, "test", "threefry2x32"), count, d, n)


def test_one_step_is_the_gradient_of_the_loss():
    tasks = fresh(20)

    def loss(w, x, y):
        return 0.5 * jnp.mean((x @ w - y) ** 2)

    gradient = jax.vmap(jax.grad(loss), (None, 0, 0))(jnp.zeros(10), tasks.inputs, tasks.targets)
    np.testing.assert_allclose(descent.one_step_weights(tasks, 3.0), -3.0 * gradient, rtol=1e-4, atol=1e-6)


def test_a_step_from_a_start_is_a_step_on_what_the_start_leaves():
    tasks, start = fresh(20), np.full(10, 0.3)
    residual = np.asarray(tasks.targets - tasks.inputs @ start)
    right = start + 0.5 * np.einsum("tnd,tn->td", tasks.inputs, residual)
    np.testing.assert_allclose(descent.from_start(tasks, 5.0, 0.3), right, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n", [4, 10, 15])
def test_steps_in_the_eigenbasis_are_steps_with_any_context(n):
    tasks = fresh(50, n=n)
    found, steps = eigenbasis.spectrum(tasks), descent.roll_out(tasks, 5.0, 3)
    residual = eigenbasis.of_rate(found, 5.0, 3)
    np.testing.assert_allclose(eigenbasis.predictions(found, residual), steps[-1], atol=1e-5)
    right = np.linalg.norm(descent.weights(tasks, descent.gradient_descent([5.0 / n] * 3))[0], axis=1)
    lengths = np.linalg.norm(eigenbasis.weights(found, residual), axis=1)
    np.testing.assert_allclose(lengths, right, rtol=1e-4)
    wide = linear.scaled(tasks, inputs=2.0, teacher=3.0)
    right = eigenbasis.loss(eigenbasis.spectrum(wide), 1.0, 2, clip=1.5)
    assert eigenbasis.loss(found.scaled(2.0, 3.0), 1.0, 2, clip=1.5) == pytest.approx(right, rel=1e-6)


def damped_descent(steps=50):
    """Losses of GD at 0.75 of the published rate on the published tasks."""
    tasks = eigenbasis.spectrum(published.tasks())
    return eigenbasis.repeated(tasks, 0.75 * closed_form.RATE_PUBLISHED / published.CONTEXT, steps)


def test_steps_in_the_eigenbasis_are_steps():
    predictions = descent.roll_out(published.tasks(), 0.75 * closed_form.RATE_PUBLISHED, 30)
    spelt_out = [float(half_mean_square(one, published.tasks().target)) for one in predictions]
    np.testing.assert_allclose(damped_descent(30), spelt_out, rtol=1e-5)


def test_a_late_step_alone_is_that_of_all_steps():
    tasks, step = (
        eigenbasis.spectrum(published.tasks(500)),
        0.75 * closed_form.RATE_PUBLISHED / published.CONTEXT,
    )
    late = eigenbasis.repeated(tasks, step, 2, every=60)
    np.testing.assert_allclose(late, eigenbasis.repeated(tasks, step, 120)[59::60], rtol=1e-10)


def test_roll_out_matches_the_published_curve():
    np.testing.assert_allclose(damped_descent()[::3], FIGURE_1, atol=1e-4)


def test_released_line_search_finds_the_released_rate():
    rate, loss = descent.released_line_search(published.tasks())
    assert rate == pytest.approx(6.001)
    assert loss == pytest.approx(0.20468886, abs=1e-6)


@pytest.mark.parametrize(("d", "n"), [(10, 10), (5, 5), (20, 10)])
@pytest.mark.parametrize("share", [0.5, 1.0, 1.5])
def test_one_step_loss_matches_a_sample(d, n, share):
    tasks, rate = fresh(d=d, n=n), share * closed_form.optimal_rate(d, n, 1 / 12)
    squares = 0.5 * np.asarray(descent.one_step(tasks, rate) - tasks.target) ** 2
    expected = closed_form.one_step_loss(rate, d, n, 1 / 12)
    assert abs(np.mean(squares) - expected) < 4 * np.std(squares) / np.sqrt(len(squares))


def test_optimal_values_of_the_inventory():
    values = {
        (10, 10): 0.206229,
        (5, 5): 0.102041,
        (20, 20): 0.414573,
        (50, 50): 1.039579,
        (10, 25): 0.117337,
    }
    for (d, n), value in values.items():
        assert closed_form.optimal_loss(d, n, 1 / 12) == pytest.approx(value, abs=1e-6)
    assert closed_form.optimal_rate(10, 10, 1 / 12) / 10 == pytest.approx(0.60606, abs=1e-5)


def test_the_best_preconditioner_is_a_minimum_and_its_loss_is_right():
    task = Task(inputs=3, context=7, distribution="normal", input_scales=(1.0, 0.7, 0.3), label_noise=0.2)
    tasks = sample.sample(task, stream(0, "test", "threefry2x32"), 100_000)
    moments = preconditioned.moments(task)
    best = preconditioned.best_map(moments)

    def squares(preconditioner):
        weights = preconditioned.weights(tasks, preconditioner)
        return 0.5 * np.asarray(jnp.sum(weights * tasks.query, axis=-1) - tasks.target) ** 2

    for factor in (0.8, 1.0, 1.2):
        found, expected = squares(factor * best), preconditioned.loss(moments, factor * best)
        assert abs(np.mean(found) - expected) < 4 * np.std(found) / np.sqrt(len(found))
        assert factor == 1 or expected > preconditioned.loss(moments, best)
    covariance = moments.inputs  # Zhang, Frei and Bartlett 2024, Theorem 4.1
    gamma = (1 + 1 / 7) * covariance + (np.trace(covariance) + 0.04) / 7 * np.eye(3)
    np.testing.assert_allclose(best, np.linalg.inv(gamma), rtol=1e-12)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_plain_tasks_need_no_preconditioner(noise):
    moments = preconditioned.moments(Task(inputs=10, context=10, label_noise=noise))
    rate = closed_form.optimal_rate(10, 10, 1 / 12, noise=noise**2)
    np.testing.assert_allclose(preconditioned.best_map(moments), rate * np.eye(10), atol=1e-12)
    assert preconditioned.best_rate(moments) == pytest.approx(rate, rel=1e-12)
    of_query = (
        preconditioned.loss(moments, rate * np.eye(10)) + noise**2 / 2
    )  # its label has noise there, too
    expected = closed_form.one_step_loss(rate, 10, 10, 1 / 12, noise=noise**2)
    assert of_query == pytest.approx(expected, rel=1e-12)


def test_population_loss_of_gd_matches_its_roll_out():
    tasks = fresh(5000)
    inputs = np.asarray(tasks.inputs, np.float64)
    eigenvalues = np.linalg.eigvalsh(np.einsum("tnd,tne->tde", inputs, inputs))
    by_eigenvalues = eigenbasis.population_loss((1 - 0.55 * eigenvalues) ** 3)
    squares = 0.5 * np.asarray(descent.roll_out(tasks, 5.5, 3)[-1] - tasks.target) ** 2
    assert abs(np.mean(squares) - by_eigenvalues) < 4 * np.std(squares) / np.sqrt(len(squares))


def test_sample_optimal_rate_approaches_the_closed_form():
    rates = [descent.sample_optimal_rate(fresh(5000, seed=seed)) for seed in range(10)]
    error = np.std(rates, ddof=1) / np.sqrt(len(rates))
    assert abs(np.mean(rates) - closed_form.optimal_rate(10, 10, 1 / 12)) < 4 * error


@pytest.mark.parametrize("n", [5, 10, 20])
def test_least_squares_floor(n):
    tasks = fresh(2000, n=n)
    found = 0.5 * np.mean((least_squares.ridge(tasks) - np.asarray(tasks.target, np.float64)) ** 2)
    assert found == pytest.approx(max(10 - n, 0) / 24, rel=0.1, abs=1e-6)


def test_ridge_by_its_dual_equals_the_primal():
    tasks = fresh(50)
    x, y, q = (np.asarray(a, np.float64) for a in tasks[:3])
    gram = np.einsum("tnd,tne->tde", x, x) + 0.1 * np.eye(10)
    weights = np.linalg.solve(gram, np.einsum("tnd,tn->td", x, y)[..., None])[..., 0]
    np.testing.assert_allclose(least_squares.ridge(tasks, 0.1), np.einsum("td,td->t", weights, q), rtol=1e-8)
