"""Constructed models that tell measures apart: what a cosine, a loss or a prediction cannot see.

Each function adds rows for one set of fresh tasks; the sets are the units of the verdicts.
"""

import jax
import jax.numpy as jnp
import numpy as np

from icgd.analysis import alignment
from icgd.analysis.measuring import Measures
from icgd.analysis.products import Products, gradient_descent
from icgd.config import Model
from icgd.references import closed_form
from icgd.references import gradient_descent as gd
from icgd.references.least_squares import ridge
from icgd.tasks.linear import Tasks, half_mean_square, scaled
from icgd.training import engine

STEP = closed_form.optimal_rate(10, 10, closed_form.variance(1.0)) / 10


def sensitivities(products: Products, tasks: Tasks) -> tuple[jax.Array, jax.Array]:
    """Predictions (T,) and query gradients (T, d) of a one-layer network with given products."""
    return _sensitivities(products.weights, tasks)


_sensitivities = jax.jit(lambda weights, tasks: alignment.sensitivities(Model(), weights, tasks))


def mean_cosine(a: Products, b: Products, tasks: Tasks) -> float:
    """Model cos of two networks."""
    return float(jnp.mean(alignment.cosine(sensitivities(a, tasks)[1], sensitivities(b, tasks)[1])))


def loss(products: Products, tasks: Tasks) -> float:
    """Loss of a network."""
    prediction = _predict(products.weights, tasks)
    return float(half_mean_square(prediction, tasks.target))


_predict = jax.jit(lambda weights, tasks: engine.predict(Model(), weights, tasks))


def tilted(products: Products, size: float, key: jax.Array) -> Products:
    """Implicit weights tilted by about ``size`` of their length, in a random direction a task."""
    noise = np.zeros_like(products.kq)
    noise[:-1, :-1] = np.asarray(jax.random.normal(key, (10, 10))) / np.sqrt(10)
    return Products(products.kq + size * products.kq[0, 0] * noise, products.pv)


def any_rate(rows: Measures, tasks: Tasks, key: jax.Array) -> None:
    """The cosine of GD at one rate with GD at any other is 1: it cannot tell a rate."""
    start = gradient_descent(STEP, 10)
    others = [Products(start.kq, factor * start.pv) for factor in (0.1, 0.5, 2.0, 10.0)]
    rows.put("cosine_of_rates", min(mean_cosine(start, other, tasks) for other in others))
    rows.put("cosine_of_rates", mean_cosine(start, tilted(start, 0.05, key), tasks), "tilted_0.05")
    refactored = Products(3.0 * start.kq, start.pv / 3.0)
    rows.put("cosine_of_rates", mean_cosine(start, refactored, tasks), "refactored")


def equal_losses(rows: Measures, tasks: Tasks, key: jax.Array) -> None:
    """Two networks of one loss that have learnt different models: too fast, and tilted."""
    start = gradient_descent(STEP, 10)
    fast = Products(start.kq, 1.4 * start.pv)
    size = _matching_tilt(start, loss(fast, tasks), tasks, key)
    pair = tilted(start, size, key)
    rows.put("equal_loss_ratio", loss(pair, tasks) / loss(fast, tasks))
    rows.put("equal_loss_cosine", mean_cosine(fast, pair, tasks))
    slow = Products(start.kq, 0.6 * start.pv)
    rows.put(
        "equal_loss_ratio", loss(Products(start.kq, 0.55 * start.pv), tasks) / loss(fast, tasks), "rate_0.55"
    )
    rows.put("equal_loss_ratio", loss(fast, tasks) / loss(fast, tasks), "itself")
    rows.put("equal_loss_cosine", mean_cosine(fast, slow, tasks), "slow_and_fast")
    rows.put("equal_loss_cosine", mean_cosine(fast, tilted(start, 0.05, key), tasks), "tilted_0.05")
    rows.put("equal_loss_cosine", mean_cosine(fast, tilted(start, 1.0, key), tasks), "tilted_1")


def _matching_tilt(start: Products, target: float, tasks: Tasks, key: jax.Array) -> float:
    """Tilt at which the loss is ``target``, by bisection."""
    low, high = 0.0, 2.0
    for _ in range(30):
        middle = (low + high) / 2
        if loss(tilted(start, middle, key), tasks) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def ripple(rows: Measures, tasks: Tasks) -> None:
    """GD plus a fine ripple of the query: the predictions and the loss of GD, another sensitivity."""
    prediction, gradient = sensitivities(gradient_descent(STEP, 10), tasks)
    gd_loss = half_mean_square(prediction, tasks.target)
    size = 1e-3
    for plant, frequency in (("none", 2e4), ("frequency_100", 100.0), ("frequency_1e5", 1e5)):
        phase = frequency * tasks.query
        ripples = size * jnp.mean(jnp.sin(phase), axis=-1)
        slopes = gradient + size * frequency * jnp.cos(phase) / tasks.query.shape[-1]
        rows.put("ripple_cosine", jnp.mean(alignment.cosine(gradient, slopes)), plant)
        ratio = half_mean_square(prediction + ripples, tasks.target) / gd_loss
        rows.put("ripple_loss_ratio", ratio, plant)
        rows.put("ripple_preds_diff", jnp.mean(jnp.abs(ripples)), plant)
    for plant, shift in (("offset_0.05", 0.05), ("no_ripple", 0.0)):
        ratio = half_mean_square(prediction + shift, tasks.target) / gd_loss
        rows.put("ripple_loss_ratio", ratio, plant)
        rows.put("ripple_preds_diff", shift, plant)


def random_weights(rows: Measures, tasks: Tasks, key: jax.Array) -> None:
    """Cosine with GD of a network with random weights, and of ones with ever more of the right ones."""
    start = gradient_descent(STEP, 10)
    first, second = jax.random.split(key)
    draw = Products(*(np.asarray(jax.random.normal(k, (11, 11))) for k in (first, second)))
    deranged = start.kq.copy()
    deranged[:10, :10] = np.roll(start.kq[:10, :10], 1, axis=0)
    rows.put("random_cosine", mean_cosine(start, draw, tasks))
    rows.put("random_cosine", mean_cosine(start, tilted(start, 1.0, first), tasks), "tilted_1")
    rows.put("random_cosine", mean_cosine(start, start, tasks), "hand_set")
    rows.put("random_cosine", mean_cosine(start, Products(deranged, start.pv), tasks), "rows_deranged")


def unrepresentable(rows: Measures, tasks: Tasks) -> None:
    """Share of a linear map of the tokens (the mean label) that no linear attention layer reaches.

    At one layer the prediction is linear in the features x_q (x) sum_i e_i (x) e_i, so the best
    layer without rank bounds is a least-squares fit on them (d = 3 keeps that small).
    """
    count, context, inputs = tasks.targets.shape[0], tasks.targets.shape[1], 3
    x, query = (np.asarray(a, np.float64)[..., :inputs] for a in (tasks.inputs, tasks.query))
    teacher = np.random.default_rng(int(1e6 * abs(float(tasks.target[0])))).normal(size=(count, inputs))
    y = np.einsum("tnd,td->tn", x, teacher)
    tokens = np.concatenate([x, y[..., None]], axis=-1)
    gram = np.einsum("tna,tnb->tab", tokens, tokens)[:, *np.triu_indices(inputs + 1)]
    features = np.einsum("td,tg->tdg", query, gram).reshape(count, -1)
    one_step = np.einsum("tnd,tn,td->t", x, y, query) / context
    mean_label = np.mean(y, axis=1)
    mixed = one_step / np.std(one_step) + 0.25 * mean_label / np.std(mean_label)
    for plant, target in (("none", mean_label), ("one_gd_step", one_step), ("gd_plus_quarter", mixed)):
        fit = features @ np.linalg.lstsq(features, target, rcond=None)[0]
        rows.put("unexplained_share", np.sum((target - fit) ** 2) / np.sum(target**2), plant)


def floor(rows: Measures, tasks: Tasks) -> None:
    """Loss of least squares, and of ridge regression for noise that is not there."""
    target = np.asarray(tasks.target, np.float64)
    exact = np.einsum("td,td->t", np.asarray(tasks.query, np.float64), _teacher(tasks))
    for plant, noise in (("none", 0.0), ("ridge_0.01", 0.01)):
        rows.put("least_squares_loss", 0.5 * np.mean((ridge(tasks, noise) - target) ** 2), plant)
    rows.put("least_squares_loss", 0.5 * np.mean((exact - target) ** 2), "teacher")


def _teacher(tasks: Tasks) -> np.ndarray:
    """Teacher weights recovered from context and query together (N + 1 > d exact equations)."""
    x = np.concatenate([tasks.inputs, tasks.query[:, None]], axis=1).astype(np.float64)
    y = np.concatenate([tasks.targets, tasks.target[:, None]], axis=1).astype(np.float64)
    return np.einsum("tdn,tn->td", np.linalg.pinv(x), y)


def growth(rows: Measures, tasks: Tasks) -> None:
    """Loss of one GD step on inputs twice as wide over the loss at the training range."""
    rate = 10 * STEP

    def at(alpha: float, eta: float) -> float:
        shifted = scaled(tasks, inputs=alpha)
        return float(half_mean_square(gd.one_step(shifted, eta), shifted.target))

    usual = at(1.0, rate)
    rows.put("growth_at_2", at(2.0, rate) / usual)
    rows.put("growth_at_2", at(1.4, rate) / usual, "inputs_1.4")
    rows.put("growth_at_2", at(2.0, rate / 4) / usual, "retuned")
    rows.put("growth_at_2", at(2.5, rate) / usual, "inputs_2.5")
    rows.put("retuned_growth_over_4", at(2.0, rate / 4) / usual / 4)
    rows.put("retuned_growth_over_4", at(2.0, rate / 4 * 1.15) / usual / 4, "rate_1.15")
    rows.put("retuned_growth_over_4", at(3.0, rate / 9) / usual / 9, "inputs_3")


def one_dimension(rows: Measures, tasks: Tasks, key: jax.Array) -> None:
    """A mean cosine of vectors with one entry is twice the share of equal signs minus 1 (Fig. 4)."""
    start = gradient_descent(STEP, 10)
    one, other = (sensitivities(found, tasks)[1] for found in (start, tilted(start, 1.0, key)))
    lengths = jax.random.exponential(key, (len(other), 1))
    for plant, ours, theirs in (
        ("none", one[:, :1], other[:, :1]),
        ("two_dimensions", one[:, :2], other[:, :2]),
        ("lengths_drawn", one[:, :1], lengths * other[:, :1]),
    ):
        alike = 2 * jnp.mean(jnp.sum(ours * theirs, axis=-1) > 0) - 1
        rows.put("one_dimension", abs(float(jnp.mean(alignment.cosine(ours, theirs)) - alike)), plant)
