"""Proposition 2: an MLP on the inputs and linear attention descend a kernel regression (claim 11).

Kernel: k(a, b) = m(a).m(b) with m(x) = x + W_out gelu(W_in x + b_in) + b_out. Its least squares are
those of W m(x), so the ridgeless solution predicts Y M^+ m(x), M the context's features.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Model
from icgd.models import transformer
from icgd.models.mlp import WIDENING
from icgd.models.transformer import Weights
from icgd.references.constructions import gradient_descent_layer, one_head
from icgd.statements.identities.cases import FEW_SIZES, Errors, Problem, gradient
from icgd.statements.table import statement

STEP = 0.04  # eta / N
DEPTHS = (1, 10, 100, 1000)
QUERIES = 20
WELL_POSED = ((3, 1, 15), (3, 3, 45), (10, 1, 50))  # five pairs a dimension, or more
SQUARE = ((10, 1, 10),)  # as many pairs as dimensions, as in the paper
SHARES = {  # rates over 1 / largest eigenvalue
    "statement": (0.5, 1.0, 1.9),
    "rate 2.1: a rate of 2.1 over the largest eigenvalue, 5 % above the bound": (2.1,),
}
AS_MANY = {"square: as many pairs as dimensions, 10 of each": (1.0,)}
FLOOR = 1e-12  # relative errors below this are rounding


def mlp(rng: np.random.Generator, inputs: int, outputs: int) -> Weights:
    """Random residual MLP that reads and changes the inputs of a token and not its targets."""
    token, hidden = inputs + outputs, WIDENING * (inputs + outputs)
    into, out, shift = np.zeros((token, hidden)), np.zeros((hidden, token)), np.zeros(token)
    into[:inputs] = rng.normal(size=(inputs, hidden)) / np.sqrt(inputs)
    out[:, :inputs] = rng.normal(size=(hidden, inputs)) / np.sqrt(hidden)
    shift[:inputs] = rng.normal(size=inputs) / 2
    matrices = {"linear": np.eye(token), "hidden": into, "hidden_bias": rng.normal(size=hidden) / 2}
    matrices |= {"out": out, "out_bias": shift}
    return {f"embedding/{name}": jnp.asarray(matrix) for name, matrix in matrices.items()}


def features(weights: Weights, x: np.ndarray) -> np.ndarray:
    """m(x) of inputs (n, d), from the MLP's matrices."""
    d, part = x.shape[-1], {name.split("/")[1]: np.asarray(matrix) for name, matrix in weights.items()}
    hidden = np.asarray(jax.nn.gelu(x @ part["hidden"][:d] + part["hidden_bias"]))
    return x + hidden @ part["out"][:, :d] + part["out_bias"][:d]


@statement
def kernel_step(rows: Errors) -> None:
    """Error of all tokens after one block of an MLP and attention.

    Every token becomes (m(x), y - (eta / N) sum_i y_i k(x_i, x)), W_0 = 0.
    """
    rng = np.random.default_rng(20)
    for problem in rows.problems(20, FEW_SIZES):
        tokens, weights = problem.tokens(), mlp(rng, problem.inputs, problem.outputs)
        layer = one_head(gradient_descent_layer(STEP, problem.inputs, problem.outputs))
        model = Model(embedding=problem.inputs + problem.outputs)
        found = transformer.forward(model, {**weights, **layer}, jnp.asarray(tokens))
        inputs = features(weights, tokens[:, : problem.inputs])
        kernel, zero = inputs @ inputs[:-1].T, np.zeros((problem.outputs, problem.inputs))
        slope = gradient(inputs[:-1], problem.y, zero)
        predictions = {
            "statement": STEP * kernel @ problem.y,
            "rate 1e-8: reference with a learning rate off by 1e-8 of itself": (
                STEP * (1 + 1e-8) * kernel @ problem.y
            ),
            "rate_left_out: reference without the factor eta / N": kernel @ problem.y,
            "autodiff: reference by automatic differentiation": -STEP * inputs @ slope.T,
        }
        labels = tokens[:, problem.inputs :]
        rows.compare(
            found, {name: np.c_[inputs, labels - p] for name, p in predictions.items()}, problem.case
        )


class Course:
    """Relative errors, over many queries, of a stack of layers against the ridgeless solution."""

    def __init__(self, rng: np.random.Generator, problem: Problem):
        self.inputs = problem.inputs
        self.weights = mlp(rng, problem.inputs, problem.outputs)
        self.tokens = np.repeat(problem.tokens()[None], QUERIES, axis=0)
        self.tokens[:, -1, : self.inputs] = rng.uniform(-1, 1, (QUERIES, self.inputs))
        inputs = features(self.weights, problem.x)
        self.left, self.values, self.right = np.linalg.svd(inputs, full_matrices=False)
        self.targets = self.left.T @ problem.y

    def solution(self, rest: np.ndarray | float = 0.0) -> np.ndarray:
        """Y U S^-1 (1 - rest) V^T m(x_q) for M = U S V^T: GD with K steps has rest = (1 - step S^2)^K."""
        fit = self.right.T @ (((1 - rest) / self.values)[:, None] * self.targets)
        return features(self.weights, self.tokens[:, -1, : self.inputs]) @ fit

    def error(self, predictions: np.ndarray) -> float:
        """Root mean square of the difference over that of the solution."""
        right = self.solution()
        return float(np.sqrt(np.mean((predictions - right) ** 2) / np.mean(right**2)))

    def errors(self, first: Callable, again: Callable) -> list[float]:
        """Errors at each of DEPTHS: one block ``first``, then ``again`` (tokens, times)."""
        tokens, done, found = first(jnp.asarray(self.tokens)), 1, []
        for depth in DEPTHS:
            tokens, done = again(tokens, depth - done), depth
            found.append(self.error(-np.asarray(tokens)[:, -1, self.inputs :]))
        return found


@statement
def iterated(rows: Errors) -> None:
    """MLP in the first block only: 1000 layers reach the ridgeless solution, the error always falling."""
    rng = np.random.default_rng(21)
    for problem in rows.problems(21, WELL_POSED + SQUARE):
        course = Course(rng, problem)
        shares = AS_MANY if problem.context == problem.inputs else SHARES
        for subject, share in ((name, share) for name, some in shares.items() for share in some):
            step = share / course.values[0] ** 2
            layer = one_head(gradient_descent_layer(step, problem.inputs, problem.outputs))
            first, again = partial(_layers, course.weights | layer, times=1), partial(_layers, layer)
            found = {subject: course.errors(first, again)}
            if subject == "statement":
                rests = [(1 - step * course.values**2) ** depth for depth in DEPTHS]
                errors = [course.error(course.solution(rest)) for rest in rests]
                found |= {"eigenvalues: errors from the eigenvalues": errors}
            case = f"{problem.case} eta/N={share}/largest eigenvalue"
            what = "kernel_limit: Relative error against ridgeless kernel regression after 1000 layers."
            rows.put({name: errors[-1] for name, errors in found.items()}, case, what)
            what = "kernel_progress: Largest ratio of successive errors at 1, 10, 100 and 1000 layers."
            kept = {name: np.maximum(errors, FLOOR) for name, errors in found.items()}
            rows.put({name: np.max(e[1:] / e[:-1]) for name, e in kept.items()}, case, what)


@jax.jit
def _layers(weights: Weights, sequences: jax.Array, times: int) -> jax.Array:
    """One layer, with an MLP before it if there is one, applied again and again."""
    has_mlp = any(name.startswith("embedding") for name in weights)
    model = Model(embedding=sequences.shape[-1]) if has_mlp else Model()

    def again(_: int, tokens: jax.Array) -> jax.Array:
        return jax.vmap(lambda sequence: transformer.forward(model, weights, sequence))(tokens)

    return jax.lax.fori_loop(0, times, again, sequences)


@statement
def kernel_every_block(rows: Errors) -> None:
    """Least relative error at 1, 10, 100 and 1000 layers, with an MLP in every block.

    Each block has a stable rate of its own. Where features outgrow float64 the error is not a number
    and does not count.
    """
    rng = np.random.default_rng(22)
    strengths = {
        "statement": 1.0,
        "later_mlps_10_percent: MLPs at a tenth of their strength after the first block": 0.1,
        "first_mlp_only: no MLPs after the first block": 0.0,
    }
    for problem in rows.problems(22, WELL_POSED):
        course, least = Course(rng, problem), {}
        first = partial(_blocks, problem.inputs, course.weights, times=1)
        for subject, strength in strengths.items():
            later = {n: m * strength if "/out" in n else m for n, m in course.weights.items()}
            least[subject] = np.nanmin(course.errors(first, partial(_blocks, problem.inputs, later)))
        rows.put(least, problem.case)


@partial(jax.jit, static_argnums=0)
def _blocks(inputs: int, weights: Weights, sequences: jax.Array, times: int) -> jax.Array:
    """Blocks of the MLP and a layer with rate 1 over the largest eigenvalue of its own features."""
    token = sequences.shape[-1]
    layer = one_head(gradient_descent_layer(1.0, inputs, token - inputs))

    def block(tokens: jax.Array) -> jax.Array:
        moved = transformer.forward(Model(embedding=token), weights | layer, tokens)[:-1, :inputs]
        step = 1 / jnp.linalg.norm(moved, 2) ** 2
        own = {**weights, **layer, "0/projection": step * layer["0/projection"]}
        return transformer.forward(Model(embedding=token), own, tokens)

    return jax.lax.fori_loop(0, times, lambda _, tokens: jax.vmap(block)(tokens), sequences)
