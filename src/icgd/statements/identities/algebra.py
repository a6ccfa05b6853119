"""Exact statements about updates, linearity and orders (claims 15, 16; as-2, as-12, as-15)."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Model
from icgd.models import attention, transformer
from icgd.models.transformer import Weights
from icgd.references.constructions import gradient_descent_layer, one_head
from icgd.statements.identities.cases import Errors, Problem
from icgd.statements.table import statement

STEP = 0.04
SHAPES = {
    "statement": jnp.tanh,
    "nearly_linear: tanh of a thousandth, times a thousand": lambda z: jnp.tanh(1e-3 * z) / 1e-3,
    "linear: a linear model": lambda z: z,
    "sine: a sine model": jnp.sin,
}


@statement
def data_update(rows: Errors) -> None:
    """Difference of the losses with updated data and with updated weights, a linear model."""
    for problem in rows.problems(12):
        x, y, start = problem.x, problem.y, problem.start
        weights = problem.descent(STEP, 1, start)
        change = x @ (weights - start).T
        residuals = {
            "statement": x @ start.T - (y - change),
            "update 1e-8: the targets' update off by 1e-8 of itself": x @ start.T - (y - (1 + 1e-8) * change),
            "weight_update: the weight update written twice": x @ (start + (weights - start)).T - y,
        }
        after = half(x @ weights.T - y)
        rows.put({name: abs(after - half(rest)) for name, rest in residuals.items()}, problem.case)


def half(residual: np.ndarray) -> float:
    """Half a sum of squares."""
    return 0.5 * float(np.sum(residual**2))


@statement
def data_update_nonlinear(rows: Errors) -> None:
    """Relative difference of the losses with updated data and weights, a nonlinear model shape(W x).

    The data update moves the targets by the first-order change J dW of the outputs.
    """
    for problem in rows.problems(13, ((3, 1, 10), (10, 1, 10), (10, 3, 45))):
        rows.put({name: _nonlinear_gap(problem, shape) for name, shape in SHAPES.items()}, problem.case)


def _nonlinear_gap(problem: Problem, shape: Callable) -> float:
    def model(weights: jax.Array) -> jax.Array:
        return shape(problem.x @ weights.T)

    start = jnp.asarray(problem.start)
    gradient = jax.grad(lambda w: 0.5 * jnp.sum((model(w) - problem.y) ** 2))(start)
    outputs, change = jax.jvp(model, (start,), (-STEP * gradient,))
    after = half(np.asarray(model(start - STEP * gradient) - problem.y))
    return abs(after - half(np.asarray(outputs - (problem.y - change)))) / after


@statement
def linearity(rows: Errors) -> None:
    """In what is a linear self-attention layer linear: in the query yes, in the tokens no."""
    rng, scales = np.random.default_rng(15), np.array([0.5, 1.0, 2.0, 4.0])
    for case in rows.cases(10):
        tokens = Problem(rng, 10, 1, 10).tokens()
        random = {f"0/{name}": jnp.asarray(rng.normal(size=(1, 11, 11)) / 4) for name in attention.MATRICES}
        hand_set, other = one_head(gradient_descent_layer(STEP, 10)), rng.uniform(-1, 1, 10)
        layers = {
            "statement": (Model(), random),
            "query_as_key: the query among the keys": (Model(include_query=True), random),
            "hand_set gd: the construction": (Model(), hand_set),
        }
        errors = {name: _additivity(*layer, tokens, other) for name, layer in layers.items()}
        what = "query_linearity: Relative additivity error of a linear layer's prediction in the query."
        rows.put(errors, case, what)
        matrix = np.asarray(random["0/value"][0])
        updates = {
            "statement": lambda e, layer=random: transformer.forward(Model(), layer, jnp.asarray(e)) - e,
            "fixed_probe: scores from a fixed vector, so a map of degree 2": (
                lambda e, matrix=matrix: (e @ matrix[0])[:, None] * (e @ matrix)
            ),
            "one_matrix: the tokens times one matrix": lambda e, matrix=matrix: e @ matrix,
        }
        sizes = {
            name: [float(np.linalg.norm(update(s * tokens))) for s in scales]
            for name, update in updates.items()
        }
        what = "token_degree: Degree of homogeneity of a linear layer's update in the tokens."
        rows.put({name: _slope(scales, found) for name, found in sizes.items()}, case, what)


def _additivity(model: Model, weights: Weights, tokens: np.ndarray, other: np.ndarray) -> float:
    """Relative |f(q + r) - f(q) - f(r)| of the prediction as a function of the query input."""

    def f(query: np.ndarray) -> float:
        sequence = np.array(tokens)
        sequence[-1] = np.r_[query, 0.0]
        return float(transformer.predict(model, weights, jnp.asarray(sequence)))

    query = tokens[-1, :-1]
    return abs(f(query + other) - f(query) - f(other)) / (abs(f(query)) + abs(f(other)))


@statement
def softmax(rows: Errors) -> None:
    """Softmax attention near zero logits is linear to second order; two opposite heads, to third."""
    rng, shares = np.random.default_rng(16), np.logspace(-3, -1, 9)
    for case in rows.cases(20):
        z, v = rng.normal(size=10), rng.normal(size=10)
        one = {
            "statement": [abs(weights(e * z) @ v - first_order(e * z) @ v) for e in shares],
            "constant_only: the expansion cut before its first-order term": (
                [abs(weights(e * z) @ v - np.mean(v)) for e in shares]
            ),
            "exact_square: an error that is exactly quadratic": shares**2,
        }
        what = "one_head_order: Order in the logits of a softmax head's error from (1 + z) / sum (1 + z)."
        rows.put({name: _slope(shares, errors) for name, errors in one.items()}, case, what)
        two = {
            "statement": [_odd_error(e * z, e * z, v) for e in shares],
            "heads_5_percent_apart: the two heads' logits 5 % apart": (
                [_odd_error(e * z, 1.05 * e * z, v) for e in shares]
            ),
            "exact_cube: an error that is exactly cubic": shares**3,
        }
        what = "two_head_order: Order in the logits of two opposite heads' error from their linear term."
        rows.put({name: _slope(shares, errors) for name, errors in two.items()}, case, what)


def weights(logits: np.ndarray) -> np.ndarray:
    """Softmax."""
    return np.exp(logits) / np.sum(np.exp(logits))


def first_order(logits: np.ndarray) -> np.ndarray:
    """(1 + z_i) / sum_j (1 + z_j), their eq. 15."""
    return (1 + logits) / np.sum(1 + logits)


def _odd_error(first: np.ndarray, second: np.ndarray, values: np.ndarray) -> float:
    """|head(z) - head(-z') - 2/N sum_i (z_i - mean z) v_i|: what opposite heads leave."""
    linear = 2 / len(first) * (first - np.mean(first)) @ values
    return abs((weights(first) - weights(-second)) @ values - linear)


def _slope(scales: np.ndarray, sizes: np.ndarray | list[float]) -> float:
    """Slope of log size over log scale."""
    return float(np.polyfit(np.log(scales), np.log(sizes), 1)[0])
