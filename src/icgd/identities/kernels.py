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
from icgd.identities.table import FEW_SIZES, Errors, Problem, largest
from icgd.models import transformer
from icgd.models.mlp import WIDENING
from icgd.models.transformer import Weights
from icgd.references.constructions import gradient_descent_layer, one_head

STEP = 0.04  # eta / N
DEPTHS = (1, 10, 100, 1000)
QUERIES = 20
WELL_POSED = ((3, 1, 15), (3, 3, 45), (10, 1, 50))  # five pairs a dimension, or more
SQUARE = ((10, 1, 10),)  # as many pairs as dimensions, as in the paper
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


def one_block(rows: Errors) -> None:
    """MLP and attention: every token becomes (m(x), y - (eta / N) sum_i y_i k(x_i, x)), W_0 = 0."""
    rng = np.random.default_rng(20)
    for problem in rows.problems(20, FEW_SIZES):
        weights = mlp(rng, problem.inputs, problem.outputs)
        model = Model(embedding=problem.inputs + problem.outputs)
        layer = one_head(gradient_descent_layer(STEP, problem.inputs, problem.outputs))
        found = transformer.forward(model, {**weights, **layer}, jnp.asarray(problem.tokens()))
        inputs = features(weights, problem.tokens()[:, : problem.inputs])
        kernel = inputs @ inputs[:-1].T  # k of every token with the context's
        references = {
            "none": STEP * kernel @ problem.y,
            "rate_1e-8": STEP * (1 + 1e-8) * kernel @ problem.y,
            "rate_left_out": kernel @ problem.y,
            "autodiff": inputs @ gradient_step(inputs[:-1], problem.y).T,
        }
        for plant, prediction in references.items():
            labels = problem.tokens()[:, problem.inputs :] - prediction
            rows.put("kernel_step", problem.case, largest(found, np.c_[inputs, labels]), plant)


def gradient_step(inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """dW of one step on 1/(2N) sum_i |W m(x_i) - y_i|^2 from 0, by automatic differentiation."""
    count = len(inputs)

    def loss(weights: jax.Array) -> jax.Array:
        return 0.5 / count * jnp.sum((inputs @ weights.T - targets) ** 2)

    zero = jnp.zeros((targets.shape[1], inputs.shape[1]))
    return np.asarray(-STEP * count * jax.grad(loss)(zero))


class Course:
    """Relative errors, over many queries, of a stack of layers against the ridgeless solution."""

    def __init__(self, rng: np.random.Generator, problem: Problem):
        self.inputs, self.case = problem.inputs, problem.case
        self.weights = mlp(rng, problem.inputs, problem.outputs)
        self.sequences = np.repeat(problem.tokens()[None], QUERIES, axis=0)
        self.sequences[:, -1, : self.inputs] = rng.uniform(-1, 1, (QUERIES, self.inputs))
        self.left, self.values, self.right = np.linalg.svd(
            features(self.weights, problem.x), full_matrices=False
        )
        self.targets = self.left.T @ problem.y

    def solution(self, rest: np.ndarray | float = 0.0) -> np.ndarray:
        """Y U S^-1 (1 - rest) V^T m(x_q) for M = U S V^T: GD with K steps has rest = (1 - step S^2)^K."""
        fit = self.right.T @ (((1 - rest) / self.values)[:, None] * self.targets)
        return features(self.weights, self.sequences[:, -1, : self.inputs]) @ fit

    def error(self, predictions: np.ndarray) -> float:
        """Root mean square of the difference over that of the solution."""
        right = self.solution()
        return float(np.sqrt(np.mean((predictions - right) ** 2) / np.mean(right**2)))

    def errors(self, first: Callable, again: Callable) -> list[float]:
        """Errors at each of DEPTHS: one block ``first``, then ``again`` (tokens, times)."""
        tokens, done, found = first(jnp.asarray(self.sequences)), 1, []
        for depth in DEPTHS:
            tokens, done = again(tokens, depth - done), depth
            found.append(self.error(-np.asarray(tokens)[:, -1, self.inputs :]))
        return found


def iterated(rows: Errors) -> None:
    """MLP in the first block only: 1000 layers reach the ridgeless solution, the error always falling."""
    rng = np.random.default_rng(21)
    for problem in rows.problems(21, WELL_POSED + SQUARE):
        course, square = Course(rng, problem), problem.context == problem.inputs
        width = problem.inputs + problem.outputs
        for share in (1.0,) if square else (0.5, 1.0, 1.9, 2.1):
            step = share / course.values[0] ** 2
            layer = one_head(gradient_descent_layer(step, problem.inputs, problem.outputs))
            first = partial(_first, width, {**course.weights, **layer})
            case = f"{problem.case} eta/N={share}/largest eigenvalue"
            plant = "square" if square else "rate_2.1" if share > 2 else "none"
            put_course(rows, case, course.errors(first, partial(_repeated, layer)), plant)
            if plant == "none":
                rests = [(1 - step * course.values**2) ** depth for depth in DEPTHS]
                exact = [course.error(course.solution(rest)) for rest in rests]
                put_course(rows, case, exact, "eigenvalues")


def put_course(rows: Errors, case: str, errors: list[float], plant: str) -> None:
    """The last error, and the largest ratio of one error to the one before."""
    kept = np.maximum(errors, FLOOR)
    rows.put("kernel_limit", case, errors[-1], plant)
    rows.put("kernel_progress", case, np.max(kept[1:] / kept[:-1]), plant)


@partial(jax.jit, static_argnums=0)
def _first(width: int, weights: Weights, sequences: jax.Array) -> jax.Array:
    return jax.vmap(lambda tokens: transformer.forward(Model(embedding=width), weights, tokens))(sequences)


@jax.jit
def _repeated(layer: Weights, sequences: jax.Array, times: int) -> jax.Array:
    """One layer without an MLP, applied again and again."""

    def again(_: int, tokens: jax.Array) -> jax.Array:
        return jax.vmap(lambda sequence: transformer.forward(Model(), layer, sequence))(tokens)

    return jax.lax.fori_loop(0, times, again, sequences)


def every_block(rows: Errors) -> None:
    """MLP in every block, at a stable rate of its own: the least error at any of the depths.

    Where features outgrow float64 the error is not a number and does not count.
    """
    rng = np.random.default_rng(22)
    for problem in rows.problems(22, WELL_POSED):
        course = Course(rng, problem)
        for plant, strength in (("none", 1.0), ("later_mlps_10_percent", 0.1), ("first_mlp_only", 0.0)):
            later = {
                name: matrix * (strength if name.startswith("embedding/out") else 1.0)
                for name, matrix in course.weights.items()
            }
            first = partial(_blocks, problem.inputs, course.weights, times=1)
            errors = course.errors(first, partial(_blocks, problem.inputs, later))
            rows.put("kernel_every_block", problem.case, np.nanmin(errors), plant)


@partial(jax.jit, static_argnums=0)
def _blocks(inputs: int, weights: Weights, sequences: jax.Array, times: int) -> jax.Array:
    """Blocks of the MLP and a layer with rate 1 over the largest eigenvalue of its own features."""
    token = sequences.shape[-1]
    layer = one_head(gradient_descent_layer(1.0, inputs, token - inputs))

    def block(tokens: jax.Array) -> jax.Array:
        moved = transformer.forward(Model(embedding=token), {**weights, **layer}, tokens)[:-1, :inputs]
        step = 1 / jnp.linalg.norm(moved, 2) ** 2
        own = {**weights, **layer, "0/projection": step * layer["0/projection"]}
        return transformer.forward(Model(embedding=token), own, tokens)

    return jax.lax.fori_loop(0, times, lambda _, tokens: jax.vmap(block)(tokens), sequences)


def run(rows: Errors) -> None:
    """All of this file."""
    for check in (one_block, iterated, every_block):
        check(rows)
