"""Hand-set GD++ layers against the formula and its form in eigenvalues (claims 8 and 9)."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Model
from icgd.identities.table import SIZES, Errors, Problem, largest
from icgd.models import transformer
from icgd.references.constructions import gd_plus_plus_layer, one_head


def layers(rows: Errors) -> None:
    """Every token becomes ((I - gamma X X^T) x, y - dW x), both from the old inputs; K = 1 to 5."""
    rng = np.random.default_rng(8)
    for depth in (1, 2, 3, 4, 5):
        for problem in rows.problems(8, SIZES):
            d, o, start = problem.inputs, problem.outputs, problem.start
            scale = 1 / problem.context  # eta / N and gamma shrink with the eigenvalues of X X^T
            steps, gammas = rng.uniform(0.2, 0.8, depth) * scale, rng.uniform(0.1, 0.4, depth) * scale
            stack = [gd_plus_plus_layer(e, g, d, o, start) for e, g in zip(steps, gammas, strict=True)]
            sequence = jnp.asarray(problem.tokens(start))
            found = transformer.forward(Model(layers=depth), one_head(*stack), sequence)
            references = {
                "none": _descend(problem, steps, gammas, formula),
                "gamma_1e-6": _descend(problem, steps, gammas * (1 + 1e-6), formula),
                "new_inputs": _descend(problem, steps, gammas, one_after_the_other),
                "autodiff": _descend(problem, steps, gammas, by_autodiff),
            }
            for plant, right in references.items():
                rows.put("gd_plus_plus_tokens", f"{problem.case} K={depth}", largest(found, right), plant)


def _descend(problem: Problem, steps: Sequence[float], gammas: Sequence[float], update) -> np.ndarray:
    """Tokens after one ``update`` for every layer."""
    tokens, d = problem.tokens(problem.start), problem.inputs
    for step, gamma in zip(steps, gammas, strict=True):
        tokens = np.concatenate(update(tokens[:, :d], tokens[:, d:], problem.start, step, gamma), axis=1)
    return tokens


def formula(x, y, weights, step: float, gamma: float):
    """x (I - gamma X X^T) and y - x dW^T, dW = -(eta / N) sum_i (W x_i - y_i) x_i^T; rows are tokens."""
    keys, labels = x[:-1], y[:-1]  # the query is not among the keys
    change = -step * (keys @ weights.T - labels).T @ keys
    return x - gamma * x @ (keys.T @ keys), y - x @ change.T


def one_after_the_other(x, y, weights, step: float, gamma: float):
    """Planted: the targets' update uses the inputs that were transformed already."""
    moved, _ = formula(x, y, weights, step, gamma)
    return moved, formula(moved, y, weights, step, gamma)[1]


@jax.jit
def by_autodiff(x, y, weights, step: float, gamma: float):
    """dW from the gradient of 1/2 sum |W x_i - y_i|^2, X X^T x from that of 1/2 |X^T x|^2."""
    keys, labels = x[:-1], y[:-1]
    gradient = jax.grad(lambda w: 0.5 * jnp.sum((keys @ w.T - labels) ** 2))(weights)
    slopes = jax.grad(lambda z: 0.5 * jnp.sum((z @ keys.T) ** 2))
    return x - gamma * jax.vmap(slopes)(x), y + step * x @ gradient.T


def eigen_form(rows: Errors) -> None:
    """A stack of GD++ layers predicts w.x_q - w.R(X X^T) x_q, with R from the eigenvalues alone."""
    rng = np.random.default_rng(6)
    for depth in (1, 2, 3, 4, 5):
        for _ in rows.cases(5):
            problem = Problem(rng, 10, 1, 10)
            steps, gammas = rng.uniform(0.02, 0.08, depth), rng.uniform(0.01, 0.04, depth)
            for plant, slip in (("none", 1.0), ("gamma_1e-6", 1 + 1e-6), ("plain_gd", 0.0)):
                used = gammas * (0.0 if plant == "plain_gd" else 1.0)
                stack = [gd_plus_plus_layer(e, g, 10) for e, g in zip(steps, used, strict=True)]
                sequence = jnp.asarray(problem.tokens())
                found = -transformer.forward(Model(layers=depth), one_head(*stack), sequence)[-1, -1]
                right = _eigen_prediction(problem, steps, used * (slip or 1.0))
                rows.put("gd_plus_plus_eigen_form", f"K={depth}", abs(float(found) - right), plant)


def _eigen_prediction(problem: Problem, steps: np.ndarray, gammas: np.ndarray) -> float:
    """w.x_q - w.R x_q with R built from the eigenvalues of X X^T, as `eigenvalue_loss` does."""
    values, vectors = np.linalg.eigh(problem.x.T @ problem.x)
    residual = np.ones_like(values)
    for step, gamma in zip(steps, gammas, strict=True):
        residual, values = residual * (1 - step * values), values * (1 - gamma * values) ** 2
    teacher = np.linalg.lstsq(problem.x, problem.y[:, 0], rcond=None)[0]
    return float(teacher @ (problem.query - vectors @ (residual * (vectors.T @ problem.query))))


def run(rows: Errors) -> None:
    """All of this file."""
    for check in (layers, eigen_form):
        check(rows)
