"""Constructed models that tell measures apart: what a cosine, a loss or a prediction cannot see.

Each function gives rows of one set of fresh tasks; the sets are the units of the verdicts.
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import scipy

from icgd.config import Config, Model
from icgd.measures import fit, products
from icgd.measures.agreement import cosine
from icgd.measures.fit import Fit
from icgd.measures.products import Products, tilted
from icgd.random import stream
from icgd.references import closed_form, constructions, descent, least_squares
from icgd.statements.table import Rows, statement, statements
from icgd.tasks import linear
from icgd.tasks.linear import Tasks, half_mean_square, scaled

SETS, TASKS = 10, 5000
STEP = closed_form.optimal_rate(10, 10, closed_form.variance(1.0)) / 10


def run(config: Config, scale: str) -> Rows:
    """Every contrast on every set; the same at every scale."""
    table = Rows()
    for index in range(SETS):
        tasks_key, fault_key = jax.random.split(stream(index, "contrasts", config.key_implementation))
        tasks, rows = linear.sample(tasks_key, TASKS, 10, 10), Rows(f"set {index}")
        for contrast in statements(sys.modules[__name__]):
            rows.add(contrast, rows, tasks, fault_key)
        table += rows
    return table


def descending(factor: float = 1.0) -> Products:
    """One step of gradient descent at ``factor`` times the optimal rate, as a network."""
    layer = constructions.gradient_descent_layer(factor * STEP, 10)
    return products.of(Model(), constructions.one_head(layer))


def fitted(network: Products, tasks: Tasks) -> Fit:
    """Predictions and weight vectors of a network of one layer."""
    return fit.fit_by_network(Model(), network.weights, tasks)


def loss(network: Products, tasks: Tasks) -> float:
    """Half the mean square of its prediction's error."""
    return fit.loss(fitted(network, tasks), tasks)


def model_cosine(one: Products, other: Products, tasks: Tasks) -> float:
    """Mean cosine of the weight vectors of two networks."""
    return float(jnp.mean(cosine(fitted(one, tasks).weights, fitted(other, tasks).weights)))


@statement
def cosine_of_rates(rows: Rows, tasks: Tasks, key: jax.Array) -> dict:
    """Lowest model cosine of GD at the optimal rate with GD at 0.1 to 10 times it: it cannot tell a rate."""
    start = descending()
    networks = {
        "statement": [descending(factor) for factor in (0.1, 0.5, 2.0, 10.0)],
        "tilted 0.05: implicit weights tilted by 5 %": [tilted(start, 0.05, key)],
        "refactored: equal products, other matrices": [Products(3.0 * start.kq, start.pv / 3.0)],
    }
    return {name: min(model_cosine(start, one, tasks) for one in found) for name, found in networks.items()}


@statement
def equal_losses(rows: Rows, tasks: Tasks, key: jax.Array) -> None:
    """Two networks of one loss that have learnt different models: too fast, and tilted."""
    start, fast, slow = descending(), descending(1.4), descending(0.55)
    usual = loss(fast, tasks)
    size = scipy.optimize.brentq(lambda size: loss(tilted(start, size, key), tasks) - usual, 0.0, 2.0)
    pair = tilted(start, size, key)
    ratios = {
        "statement": loss(pair, tasks) / usual,
        "rate 0.55: rate 0.55 of the optimal one, against 1.4": loss(slow, tasks) / usual,
        "itself: a model against itself": 1.0,
    }
    others = {
        "statement": pair,
        "slow_and_fast: rates 0.6 and 1.4 of the optimal one": descending(0.6),
        "tilted 0.05: implicit weights tilted by 5 %": tilted(start, 0.05, key),
        "tilted 1: implicit weights tilted by about their length": tilted(start, 1.0, key),
    }
    cosines = {name: model_cosine(fast, other, tasks) for name, other in others.items()}
    what = "equal_loss_ratio: Loss of a tilted model over that of one with 1.4 times the optimal rate."
    rows.put(ratios, measure=what)
    what = "equal_loss_cosine: Model cosine of two models of equal loss, tilted and 1.4 times too fast."
    rows.put(cosines, measure=what)


@statement
def ripple(rows: Rows, tasks: Tasks, key: jax.Array) -> None:
    """GD plus a fine ripple of the query: the predictions and the loss of GD, another sensitivity."""
    prediction, gradient = fitted(descending(), tasks)
    usual, size, cosines = half_mean_square(prediction, tasks.target), 1e-3, {}
    added = {
        "offset 0.05: a constant 0.05 added": jnp.array(0.05),
        "no_ripple: nothing added": jnp.array(0.0),
    }
    frequencies = {
        "statement": 2e4,
        "frequency 100: a ripple 200 times coarser": 100.0,
        "frequency 1e5: a ripple five times finer": 1e5,
    }
    for subject, frequency in frequencies.items():
        phase = frequency * tasks.query
        slopes = gradient + size * frequency * jnp.cos(phase) / tasks.query.shape[-1]
        cosines[subject] = jnp.mean(cosine(gradient, slopes))
        added[subject] = size * jnp.mean(jnp.sin(phase), axis=-1)
    rows.put(cosines, measure="ripple_cosine: Model cosine of GD with GD plus a fine ripple of the query.")
    ratios = {name: half_mean_square(prediction + more, tasks.target) / usual for name, more in added.items()}
    what = "ripple_loss_ratio: Loss of GD with a fine ripple of the query over that without."
    rows.put(ratios, measure=what)
    what = "ripple_preds_diff: Mean absolute difference of GD's predictions with a fine ripple and without."
    rows.put({name: jnp.mean(jnp.abs(more)) for name, more in added.items()}, measure=what)


@statement
def random_cosine(rows: Rows, tasks: Tasks, key: jax.Array) -> dict:
    """Model cosine of a network with random weights with GD."""
    start, (first, second) = descending(), jax.random.split(key)
    deranged = start.kq.copy()
    deranged[:, :10, :10] = np.roll(start.kq[:, :10, :10], 1, axis=1)
    networks = {
        "statement": Products(*(np.asarray(jax.random.normal(k, (1, 11, 11))) for k in (first, second))),
        "tilted 1: implicit weights tilted by about their length": tilted(start, 1.0, first),
        "hand_set gd: the construction itself": start,
        "rows_deranged: the construction with the rows of W_KQ moved by one": Products(deranged, start.pv),
    }
    return {name: model_cosine(start, one, tasks) for name, one in networks.items()}


@statement
def unexplained_share(rows: Rows, tasks: Tasks, key: jax.Array) -> dict:
    """Share of the mean label that the best linear attention layer cannot explain.

    That label is a linear map of the tokens. At one layer the prediction is linear in the features
    x_q (x) sum_i e_i (x) e_i, so the best layer without rank bounds is a least-squares fit on them
    (d = 3 keeps that small).
    """
    count, context, inputs = tasks.targets.shape[0], tasks.targets.shape[1], 3
    x, query = (np.asarray(a, np.float64)[..., :inputs] for a in (tasks.inputs, tasks.query))
    teacher = np.asarray(jax.random.normal(key, (count, inputs)), np.float64)
    y = np.einsum("tnd,td->tn", x, teacher)
    tokens = np.concatenate([x, y[..., None]], axis=-1)
    gram = np.einsum("tna,tnb->tab", tokens, tokens)[:, *np.triu_indices(inputs + 1)]
    features = np.einsum("td,tg->tdg", query, gram).reshape(count, -1)
    step, label = np.einsum("tnd,tn,td->t", x, y, query) / context, np.mean(y, axis=1)
    mixed = step / np.std(step) + 0.25 * label / np.std(label)
    targets = {
        "statement": label,
        "one_gd_step: the prediction of one GD step as target": step,
        "gd_plus_quarter: that plus a quarter of the mean label, in units of their spreads": mixed,
    }
    wanted = np.stack(list(targets.values()), axis=1)
    rest = wanted - features @ np.linalg.lstsq(features, wanted, rcond=None)[0]
    return dict(zip(targets, np.sum(rest**2, axis=0) / np.sum(wanted**2, axis=0), strict=True))


@statement(tolerance=1e-3)
def least_squares_loss(rows: Rows, tasks: Tasks, key: jax.Array) -> dict:
    """Loss of minimum-norm least squares."""
    x = np.concatenate([tasks.inputs, tasks.query[:, None]], axis=1)
    y = np.concatenate([tasks.targets, tasks.target[:, None]], axis=1)
    complete = tasks._replace(inputs=x, targets=y)  # N + 1 > d exact equations for the teacher's weights
    predictions = {
        "statement": least_squares.ridge(tasks),
        "ridge 0.01: ridge regression for label noise that is not there": least_squares.ridge(tasks, 0.01),
        "teacher: the teacher's own prediction": least_squares.ridge(complete),
    }
    target = np.asarray(tasks.target, np.float64)
    return {name: 0.5 * np.mean((found - target) ** 2) for name, found in predictions.items()}


@statement
def growth(rows: Rows, tasks: Tasks, key: jax.Array) -> None:
    """Loss of one GD step on wider inputs, at the same rate and at the best one there."""

    def at(alpha: float, factor: float = 1.0) -> float:
        shifted = scaled(tasks, inputs=alpha)
        return float(half_mean_square(descent.one_step(shifted, 10 * STEP * factor), shifted.target))

    usual = at(1.0)
    wider = {
        "statement": at(2.0) / usual,
        "inputs 1.4: inputs 1.4 times as wide instead of 2": at(1.4) / usual,
        "retuned: rate retuned to the wider inputs": at(2.0, 1 / 4) / usual,
        "inputs 2.5: inputs 2.5 times as wide instead of 2": at(2.5) / usual,
    }
    what = "growth_at_2: Loss of GD on inputs twice as wide over its loss at the training range."
    rows.put(wider, measure=what)
    tuned = {
        "statement": at(2.0, 1 / 4) / 4 / usual,
        "rate 1.15: rate 15 % above the retuned one": at(2.0, 1.15 / 4) / 4 / usual,
        "inputs 3: inputs 3 times as wide instead of 2, rate retuned, per 9 instead of 4": (
            at(3.0, 1 / 9) / 9 / usual
        ),
    }
    what = "retuned_growth_over_4: Loss of retuned GD on inputs twice as wide over 4 times its usual loss."
    rows.put(tuned, measure=what)


@statement
def one_dimension(rows: Rows, tasks: Tasks, key: jax.Array) -> dict:
    """Distance of the mean cosine of gradients with one entry from 2 (share of equal signs) - 1 (Fig. 4)."""
    start = descending()
    one, other = fitted(start, tasks).weights, fitted(tilted(start, 1.0, key), tasks).weights
    lengths = jax.random.exponential(key, (len(other), 1))
    pairs = {
        "statement": (one[:, :1], other[:, :1]),
        "two_dimensions: gradients with two entries": (one[:, :2], other[:, :2]),
        "lengths_drawn: gradients with one entry and other lengths": (one[:, :1], lengths * other[:, :1]),
    }
    alike = {name: 2 * jnp.mean(jnp.sum(a * b, axis=-1) > 0) - 1 for name, (a, b) in pairs.items()}
    return {name: abs(jnp.mean(cosine(a, b)) - alike[name]) for name, (a, b) in pairs.items()}
