"""Constructed models that tell measures apart: what a cosine, a loss or a prediction cannot see.

Each function puts rows of one set of fresh tasks; the sets are the units of the verdicts.
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
            contrast(rows, tasks, fault_key)
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


@statement(
    subjects={"tilted 0.05": "implicit weights tilted by 5 %", "refactored": "equal products, other matrices"}
)
def cosine_of_rates(rows: Rows, tasks: Tasks, key: jax.Array) -> None:
    """Lowest model cosine of GD at the optimal rate with GD at 0.1 to 10 times it: it cannot tell a rate."""
    start = descending()
    cosines = {
        "statement": min(model_cosine(start, descending(factor), tasks) for factor in (0.1, 0.5, 2.0, 10.0)),
        "tilted 0.05": model_cosine(start, tilted(start, 0.05, key), tasks),
        "refactored": model_cosine(start, Products(3.0 * start.kq, start.pv / 3.0), tasks),
    }
    rows.put("cosine_of_rates", cosines)


@statement(
    measures={
        "equal_loss_ratio": "Loss of a tilted model over that of one with 1.4 times the optimal rate.",
        "equal_loss_cosine": "Model cosine of two models of equal loss, tilted and 1.4 times too fast.",
    },
    subjects={
        "rate 0.55": "rate 0.55 of the optimal one, against 1.4",
        "itself": "a model against itself",
        "slow_and_fast": "rates 0.6 and 1.4 of the optimal one",
        "tilted 0.05": "implicit weights tilted by 5 %",
        "tilted 1": "implicit weights tilted by about their length",
    },
)
def equal_losses(rows: Rows, tasks: Tasks, key: jax.Array) -> None:
    """Two networks of one loss that have learnt different models: too fast, and tilted."""
    start, fast = descending(), descending(1.4)
    usual = loss(fast, tasks)
    size = scipy.optimize.brentq(lambda size: loss(tilted(start, size, key), tasks) - usual, 0.0, 2.0)
    pair, slow = tilted(start, size, key), descending(0.55)
    ratios = {"statement": loss(pair, tasks) / usual, "rate 0.55": loss(slow, tasks) / usual, "itself": 1.0}
    cosines = {
        "statement": model_cosine(fast, pair, tasks),
        "slow_and_fast": model_cosine(fast, descending(0.6), tasks),
        "tilted 0.05": model_cosine(fast, tilted(start, 0.05, key), tasks),
        "tilted 1": model_cosine(fast, tilted(start, 1.0, key), tasks),
    }
    rows.put("equal_loss_ratio", ratios)
    rows.put("equal_loss_cosine", cosines)


@statement(
    measures={
        "ripple_cosine": "Model cosine of GD with GD plus a fine ripple of the query.",
        "ripple_loss_ratio": "Loss of GD with a fine ripple of the query over that without.",
        "ripple_preds_diff": "Mean absolute difference of GD's predictions with a fine ripple and without.",
    },
    subjects={
        "frequency 100": "a ripple 200 times coarser",
        "frequency 1e5": "a ripple five times finer",
        "offset 0.05": "a constant 0.05 added",
        "no_ripple": "nothing added",
    },
)
def ripple(rows: Rows, tasks: Tasks, key: jax.Array) -> None:
    """GD plus a fine ripple of the query: the predictions and the loss of GD, another sensitivity."""
    prediction, gradient = fitted(descending(), tasks)
    added, cosines, size = {"offset 0.05": jnp.array(0.05), "no_ripple": jnp.array(0.0)}, {}, 1e-3
    for subject, frequency in (("statement", 2e4), ("frequency 100", 100.0), ("frequency 1e5", 1e5)):
        phase = frequency * tasks.query
        slopes = gradient + size * frequency * jnp.cos(phase) / tasks.query.shape[-1]
        cosines[subject] = jnp.mean(cosine(gradient, slopes))
        added[subject] = size * jnp.mean(jnp.sin(phase), axis=-1)
    usual = half_mean_square(prediction, tasks.target)
    ratios = {name: half_mean_square(prediction + more, tasks.target) / usual for name, more in added.items()}
    rows.put("ripple_cosine", cosines)
    rows.put("ripple_loss_ratio", ratios)
    rows.put("ripple_preds_diff", {name: jnp.mean(jnp.abs(more)) for name, more in added.items()})


@statement(
    subjects={
        "tilted 1": "implicit weights tilted by about their length",
        "hand_set gd": "the construction itself",
        "rows_deranged": "the construction with the rows of W_KQ moved by one",
    }
)
def random_cosine(rows: Rows, tasks: Tasks, key: jax.Array) -> None:
    """Model cosine of a network with random weights with GD."""
    start, (first, second) = descending(), jax.random.split(key)
    deranged = start.kq.copy()
    deranged[:, :10, :10] = np.roll(start.kq[:, :10, :10], 1, axis=1)
    networks = {
        "statement": Products(*(np.asarray(jax.random.normal(k, (1, 11, 11))) for k in (first, second))),
        "tilted 1": tilted(start, 1.0, first),
        "hand_set gd": start,
        "rows_deranged": Products(deranged, start.pv),
    }
    rows.put("random_cosine", {name: model_cosine(start, one, tasks) for name, one in networks.items()})


@statement(
    subjects={
        "one_gd_step": "the prediction of one GD step as target",
        "gd_plus_quarter": "that plus a quarter of the mean label, in units of their spreads",
    }
)
def unexplained_share(rows: Rows, tasks: Tasks, key: jax.Array) -> None:
    """Share of the mean label that the best linear attention layer cannot explain.

    That label is a linear map of the tokens. At one layer the prediction is linear in the features
    x_q (x) sum_i e_i (x) e_i, so the best layer without rank bounds is a least-squares fit on them
    (d = 3 keeps that small).
    """
    count, context, inputs = tasks.targets.shape[0], tasks.targets.shape[1], 3
    x, query = (np.asarray(a, np.float64)[..., :inputs] for a in (tasks.inputs, tasks.query))
    teacher = np.random.default_rng(int(1e6 * abs(float(tasks.target[0])))).normal(size=(count, inputs))
    y = np.einsum("tnd,td->tn", x, teacher)
    tokens = np.concatenate([x, y[..., None]], axis=-1)
    gram = np.einsum("tna,tnb->tab", tokens, tokens)[:, *np.triu_indices(inputs + 1)]
    features = np.einsum("td,tg->tdg", query, gram).reshape(count, -1)
    one_step, label = np.einsum("tnd,tn,td->t", x, y, query) / context, np.mean(y, axis=1)
    mixed = one_step / np.std(one_step) + 0.25 * label / np.std(label)
    targets = np.stack([label, one_step, mixed], axis=1)
    rest = targets - features @ np.linalg.lstsq(features, targets, rcond=None)[0]
    shares = np.sum(rest**2, axis=0) / np.sum(targets**2, axis=0)
    subjects = ("statement", "one_gd_step", "gd_plus_quarter")
    rows.put("unexplained_share", dict(zip(subjects, shares, strict=True)))


@statement(
    subjects={
        "ridge 0.01": "ridge regression for label noise that is not there",
        "teacher": "the teacher's own prediction",
    },
    tolerance=1e-3,
)
def least_squares_loss(rows: Rows, tasks: Tasks, key: jax.Array) -> None:
    """Loss of minimum-norm least squares."""
    x = np.concatenate([tasks.inputs, tasks.query[:, None]], axis=1)
    y = np.concatenate([tasks.targets, tasks.target[:, None]], axis=1)
    complete = tasks._replace(inputs=x, targets=y)  # N + 1 > d exact equations for the teacher's weights
    predictions = {
        "statement": least_squares.ridge(tasks),
        "ridge 0.01": least_squares.ridge(tasks, 0.01),
        "teacher": least_squares.ridge(complete),
    }
    target = np.asarray(tasks.target, np.float64)
    losses = {name: 0.5 * np.mean((found - target) ** 2) for name, found in predictions.items()}
    rows.put("least_squares_loss", losses)


@statement(
    measures={
        "growth_at_2": "Loss of GD on inputs twice as wide over its loss at the training range.",
        "retuned_growth_over_4": "Loss of retuned GD on inputs twice as wide over 4 times its usual loss.",
    },
    subjects={
        "inputs 1.4": "inputs 1.4 times as wide instead of 2",
        "inputs 2.5": "inputs 2.5 times as wide instead of 2",
        "retuned": "rate retuned to the wider inputs",
        "rate 1.15": "rate 15 % above the retuned one",
        "inputs 3": "inputs 3 times as wide instead of 2, rate retuned, per 9 instead of 4",
    },
)
def growth(rows: Rows, tasks: Tasks, key: jax.Array) -> None:
    """Loss of one GD step on wider inputs, at the same rate and at the best one there."""

    def at(alpha: float, factor: float = 1.0) -> float:
        shifted = scaled(tasks, inputs=alpha)
        return float(half_mean_square(descent.one_step(shifted, 10 * STEP * factor), shifted.target))

    usual, retuned = at(1.0), at(2.0, 1 / 4)
    wider = {"statement": at(2.0), "inputs 1.4": at(1.4), "retuned": retuned, "inputs 2.5": at(2.5)}
    rows.put("growth_at_2", {name: loss / usual for name, loss in wider.items()})
    tuned = {"statement": retuned / 4, "rate 1.15": at(2.0, 1.15 / 4) / 4, "inputs 3": at(3.0, 1 / 9) / 9}
    rows.put("retuned_growth_over_4", {name: loss / usual for name, loss in tuned.items()})


@statement(
    subjects={
        "two_dimensions": "gradients with two entries",
        "lengths_drawn": "gradients with one entry and other lengths",
    }
)
def one_dimension(rows: Rows, tasks: Tasks, key: jax.Array) -> None:
    """Distance of the mean cosine of gradients with one entry from 2 (share of equal signs) - 1 (Fig. 4)."""
    start = descending()
    one, other = fitted(start, tasks).weights, fitted(tilted(start, 1.0, key), tasks).weights
    lengths = jax.random.exponential(key, (len(other), 1))
    pairs = {
        "statement": (one[:, :1], other[:, :1]),
        "two_dimensions": (one[:, :2], other[:, :2]),
        "lengths_drawn": (one[:, :1], lengths * other[:, :1]),
    }
    alike = {name: 2 * jnp.mean(jnp.sum(a * b, axis=-1) > 0) - 1 for name, (a, b) in pairs.items()}
    gaps = {name: abs(jnp.mean(cosine(a, b)) - alike[name]) for name, (a, b) in pairs.items()}
    rows.put("one_dimension", gaps)
