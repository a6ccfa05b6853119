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
    "nearly_linear": lambda z: jnp.tanh(1e-3 * z) / 1e-3,
    "linear": lambda z: z,
    "sine": jnp.sin,
}


@statement(
    subjects={
        "update 1e-8": "the targets' update off by 1e-8 of itself",
        "weight_update": "the weight update written twice",
    }
)
def data_update(rows: Errors) -> None:
    """Difference of the losses with updated data and with updated weights, a linear model."""
    for problem in rows.problems(12):
        weights, start = problem.descent(STEP, 1, problem.start), problem.start
        after = half(problem.x @ weights.T - problem.y)
        change = problem.x @ (weights - start).T
        residuals = {
            "statement": problem.x @ start.T - (problem.y - change),
            "update 1e-8": problem.x @ start.T - (problem.y - (1 + 1e-8) * change),
            "weight_update": problem.x @ (start + (weights - start)).T - problem.y,
        }
        rows.put("data_update", {name: abs(after - half(r)) for name, r in residuals.items()}, problem.case)


def half(residual: np.ndarray) -> float:
    """Half a sum of squares."""
    return 0.5 * float(np.sum(residual**2))


@statement(
    subjects={
        "nearly_linear": "tanh of a thousandth, times a thousand",
        "linear": "a linear model",
        "sine": "a sine model",
    }
)
def data_update_nonlinear(rows: Errors) -> None:
    """Relative difference of the losses with updated data and weights, a nonlinear model shape(W x).

    The data update moves the targets by the first-order change J dW of the outputs.
    """
    for problem in rows.problems(13, ((3, 1, 10), (10, 1, 10), (10, 3, 45))):
        gaps = {name: _nonlinear_gap(problem, shape) for name, shape in SHAPES.items()}
        rows.put("data_update_nonlinear", gaps, problem.case)


def _nonlinear_gap(problem: Problem, shape: Callable) -> float:
    def model(weights: jax.Array) -> jax.Array:
        return shape(problem.x @ weights.T)

    start = jnp.asarray(problem.start)
    gradient = jax.grad(lambda w: 0.5 * jnp.sum((model(w) - problem.y) ** 2))(start)
    outputs, change = jax.jvp(model, (start,), (-STEP * gradient,))
    after = half(np.asarray(model(start - STEP * gradient) - problem.y))
    return abs(after - half(np.asarray(outputs - (problem.y - change)))) / after


@statement(
    measures={
        "query_linearity": "Relative additivity error of a linear layer's prediction in the query.",
        "token_degree": "Degree of homogeneity of a linear layer's update in the tokens.",
    },
    subjects={
        "query_as_key": "the query among the keys",
        "hand_set gd": "the construction",
        "fixed_probe": "scores from a fixed vector, so a map of degree 2",
        "one_matrix": "the tokens times one matrix",
    },
)
def linearity(rows: Errors) -> None:
    """In what is a linear self-attention layer linear: in the query yes, in the tokens no."""
    rng = np.random.default_rng(15)
    for case in rows.cases(10):
        problem = Problem(rng, 10, 1, 10)
        random = {f"0/{name}": jnp.asarray(rng.normal(size=(1, 11, 11)) / 4) for name in attention.MATRICES}
        hand_set = one_head(gradient_descent_layer(STEP, 10))
        tokens, other = problem.tokens(), rng.uniform(-1, 1, 10)
        additivity = {
            "statement": _additivity(Model(), random, tokens, other),
            "query_as_key": _additivity(Model(include_query=True), random, tokens, other),
            "hand_set gd": _additivity(Model(), hand_set, tokens, other),
        }
        rows.put("query_linearity", additivity, case)
        degrees = {name: _degree(update, tokens) for name, update in _updates(random).items()}
        rows.put("token_degree", degrees, case)


def _additivity(model: Model, weights: Weights, tokens: np.ndarray, other: np.ndarray) -> float:
    """Relative |f(q + r) - f(q) - f(r)| of the prediction as a function of the query input."""

    def f(query: np.ndarray) -> float:
        sequence = np.array(tokens)
        sequence[-1] = np.r_[query, 0.0]
        return float(transformer.predict(model, weights, jnp.asarray(sequence)))

    query = tokens[-1, :-1]
    return abs(f(query + other) - f(query) - f(other)) / (abs(f(query)) + abs(f(other)))


def _updates(weights: Weights) -> dict[str, Callable]:
    """The layer's update of its tokens, and two maps of other degrees."""
    matrix = np.asarray(weights["0/value"][0])
    return {
        "statement": lambda tokens: transformer.forward(Model(), weights, jnp.asarray(tokens)) - tokens,
        "fixed_probe": lambda tokens: (tokens @ matrix[0])[:, None] * (tokens @ matrix),
        "one_matrix": lambda tokens: tokens @ matrix,
    }


def _degree(update: Callable, tokens: np.ndarray) -> float:
    """Slope of log |update(s E)| over log s."""
    scales = np.array([0.5, 1.0, 2.0, 4.0])
    return _slope(scales, [float(np.linalg.norm(update(s * tokens))) for s in scales])


@statement(
    measures={
        "one_head_order": "Order in the logits of a softmax head's error from (1 + z) / sum (1 + z).",
        "two_head_order": "Order in the logits of two opposite heads' error from their linear term.",
    },
    subjects={
        "constant_only": "the expansion cut before its first-order term",
        "exact_square": "an error that is exactly quadratic",
        "heads_5_percent_apart": "the two heads' logits 5 % apart",
        "exact_cube": "an error that is exactly cubic",
    },
)
def softmax(rows: Errors) -> None:
    """Softmax attention near zero logits is linear to second order; two opposite heads, to third."""
    rng = np.random.default_rng(16)
    shares = np.logspace(-3, -1, 9)
    for case in rows.cases(20):
        z, v = rng.normal(size=10), rng.normal(size=10)
        one = {
            "statement": [abs(weights(e * z) @ v - first_order(e * z) @ v) for e in shares],
            "constant_only": [abs(weights(e * z) @ v - np.mean(v)) for e in shares],
            "exact_square": shares**2,
        }
        two = {
            "statement": [_odd_error(e * z, e * z, v) for e in shares],
            "heads_5_percent_apart": [_odd_error(e * z, 1.05 * e * z, v) for e in shares],
            "exact_cube": shares**3,
        }
        for measure, errors in (("one_head_order", one), ("two_head_order", two)):
            rows.put(measure, {name: _slope(shares, found) for name, found in errors.items()}, case)


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
