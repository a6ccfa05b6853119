"""Hand-set GD++ layers against the formula, in tokens and in eigenvalues (claims 8-10)."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Model
from icgd.models import transformer
from icgd.models.transformer import Weights
from icgd.references import eigenbasis, residuals
from icgd.references.constructions import gd_plus_plus_layer, one_head
from icgd.statements.identities.cases import Errors, Problem, gradient
from icgd.statements.table import statement

STEP = 0.04  # eta / N
NUDGED = 1 + 1e-6  # planted: what gamma is multiplied by
GAMMA = "gamma 1e-6: gamma off by 1e-6 of itself"


def stack(steps: np.ndarray, gammas: np.ndarray, *sizes: object) -> Weights:
    """Weights of a GD++ layer for each step."""
    return one_head(*(gd_plus_plus_layer(e, g, *sizes) for e, g in zip(steps, gammas, strict=True)))


@statement
def gd_plus_plus_tokens(rows: Errors) -> None:
    """Error of all tokens after a stack of GD++ layers.

    Each becomes ((I - gamma X X^T) x, y - dW x), both from the old inputs; K = 1 to 5.
    """
    rng = np.random.default_rng(8)
    for depth in (1, 2, 3, 4, 5):
        for problem in rows.problems(8):
            scale = 1 / problem.context  # eta / N and gamma shrink with the eigenvalues of X X^T
            steps, gammas = rng.uniform(0.2, 0.8, depth) * scale, rng.uniform(0.1, 0.4, depth) * scale
            weights = stack(steps, gammas, problem.inputs, problem.outputs, problem.start)
            tokens = jnp.asarray(problem.tokens(problem.start))
            found = transformer.forward(Model(layers=depth), weights, tokens)
            references = {
                "statement": _descend(problem, steps, gammas, formula),
                GAMMA: _descend(problem, steps, gammas * NUDGED, formula),
                "new_inputs: targets updated from inputs that were transformed already": (
                    _descend(problem, steps, gammas, one_after_the_other)
                ),
                "autodiff: reference by automatic differentiation": (
                    _descend(problem, steps, gammas, by_autodiff)
                ),
            }
            rows.compare(found, references, f"{problem.case} K={depth}")


def _descend(problem: Problem, steps: np.ndarray, gammas: np.ndarray, update: Callable) -> np.ndarray:
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
    slopes = jax.grad(lambda z: 0.5 * jnp.sum((z @ x[:-1].T) ** 2))
    return x - gamma * jax.vmap(slopes)(x), y + step * x @ gradient(x[:-1], y[:-1], weights).T


@statement
def gd_plus_plus_eigen_form(rows: Errors) -> None:
    """Error of the prediction of GD++ layers against w.x_q - w.R(X X^T) x_q, R from the eigenvalues alone."""
    rng = np.random.default_rng(6)
    for depth in (1, 2, 3, 4, 5):
        for _ in rows.cases(5):
            problem = Problem(rng, 10, 1, 10)
            steps, gammas = rng.uniform(0.02, 0.08, depth), rng.uniform(0.01, 0.04, depth)
            pairs = {
                "statement": (gammas, gammas),
                GAMMA: (gammas, gammas * NUDGED),
                "plain_gd: gamma 0": (0 * gammas, 0 * gammas),
            }
            errors = {}
            for name, (used, supposed) in pairs.items():
                tokens, model = jnp.asarray(problem.tokens()), Model(layers=depth)
                found = float(transformer.predict(model, stack(steps, used, 10), tokens))
                errors[name] = abs(found - _eigen_prediction(problem, steps, supposed))
            rows.put(errors, f"K={depth}")


def _eigen_prediction(problem: Problem, steps: np.ndarray, gammas: np.ndarray) -> float:
    """w.x_q - w.R x_q with R built from the eigenvalues of X X^T."""
    values, vectors = np.linalg.eigh(problem.x.T @ problem.x)
    residual = residuals.gd_plus_plus({"step": steps, "gamma": gammas}, len(steps), values)
    teacher = np.linalg.lstsq(problem.x, problem.y[:, 0], rcond=None)[0]
    return float(teacher @ (problem.query - vectors @ (residual * (vectors.T @ problem.query))))


@statement
def spectrum(rows: Errors) -> None:
    """The Hessian after a GD++ layer has eigenvalues f(l) = l (1 - g l)^2: roots 0, 1/g, top at 1/(3g)."""
    rng = np.random.default_rng(11)
    for gamma in (0.02, 0.1, 0.3):
        what = (
            "plus_plus_spectrum: Error of the eigenvalues of X X^T after a GD++ layer, l - 2 g l^2 + g^2 l^3."
        )
        for _ in range(10):
            x = rng.uniform(-0.5, 0.5, (25, 10))
            hessian = x.T @ x
            after, factor = x - gamma * x @ hessian, np.eye(10) - gamma * hessian
            found, values = np.linalg.eigvalsh(after.T @ after), np.linalg.eigvalsh(hessian)
            product = np.linalg.eigvalsh(factor @ hessian @ factor)
            references = {
                "statement": np.sort(eigenbasis.moved(values, gamma)),
                GAMMA: np.sort(eigenbasis.moved(values, gamma * NUDGED)),
                "by_product: the spectrum by multiplying the matrices out": product,
            }
            rows.compare(found, references, f"gamma={gamma}", what)
        slope, top = jax.grad(eigenbasis.moved), 1 / (3 * gamma)
        roots, bend = (
            max(abs(eigenbasis.moved(x, gamma)) for x in (0.0, 1 / gamma)),
            jax.grad(slope)(top, gamma),
        )
        errors = {
            "statement": max(roots, abs(slope(top, gamma))),
            "top 1e-6: the maximum moved by 1e-6 of itself": max(roots, abs(slope(NUDGED * top, gamma))),
            "bends_down: 0 where the second derivative is negative": 0.0 if bend < 0 else 1.0,
        }
        what = (
            "plus_plus_turning_points: Error of the roots 0 and 1 / gamma, and of the slope at 1 / (3 gamma)."
        )
        rows.put(errors, f"gamma={gamma}", what)


@statement
def gamma_slope(rows: Errors) -> None:
    """Absolute derivative of the loss in gamma, one layer: the x update cannot reach the output."""
    rng = np.random.default_rng(14)

    def slope(*steps: float) -> float:
        tokens = jnp.asarray(Problem(rng, 10, 1, 10).tokens())
        plain = stack(np.array(steps), np.zeros(len(steps)), 10)

        def loss(gamma: jax.Array) -> jax.Array:
            block = gamma * jnp.diag(jnp.r_[jnp.ones(10), 0.0])
            weights = {name: m - block * name.endswith("projection") for name, m in plain.items()}
            return 0.5 * (transformer.predict(Model(layers=len(steps)), weights, tokens) - 1.0) ** 2

        return abs(float(jax.grad(loss)(0.02)))

    for case in rows.cases(20):
        slopes = {
            "statement": slope(STEP),
            "second_layer_1_percent: two layers, the second with 1 % of the rate": slope(STEP, STEP / 100),
            "half_rate: half the learning rate": slope(STEP / 2),
        }
        rows.put(slopes, case)
