"""Random cases of exact statements, and the errors found in them."""

from collections.abc import Mapping, Sequence
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np

from icgd.statements.table import Rows

SIZES = tuple(product((1, 3, 10), (1, 3), (1, 5, 45)))  # d, outputs and N, each small and large
FEW = 2  # random cases of a smoke run
FEW_SIZES = ((1, 1, 1), (1, 3, 5), (3, 1, 5), (3, 3, 45), (10, 1, 10), (10, 3, 45))


class Errors(Rows):
    """Rows; with ``few``, problems of the smallest and the largest size, and few of them."""

    def __init__(self, few: bool = False):
        super().__init__()
        self.few = few

    def cases(self, count: int) -> list[str]:
        """Names of ``count`` random cases."""
        return [f"case {index}" for index in range(min(count, FEW) if self.few else count)]

    def problems(self, seed: int, sizes: Sequence[tuple[int, int, int]] = SIZES) -> list["Problem"]:
        """One random problem of each size (d, outputs, N)."""
        rng = np.random.default_rng(seed)
        return [Problem(rng, *size) for size in (sizes[:: max(len(sizes) - 1, 1)] if self.few else sizes)]

    def compare(self, found: np.ndarray, references: Mapping, case: str, measure: str = "") -> None:
        """The largest error of what was found against each reference."""
        self.put({subject: largest(found, right) for subject, right in references.items()}, case, measure)


def largest(a: np.ndarray, b: np.ndarray) -> float:
    """Largest absolute difference."""
    return float(np.max(np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64))))


def gradient(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> jax.Array:
    """Of 1/2 sum_i |W x_i - y_i|^2 in W, by automatic differentiation: an independent reference."""
    return jax.grad(lambda w: 0.5 * jnp.sum((x @ w.T - y) ** 2))(jnp.asarray(weights))


class Problem:
    """One random least-squares problem: x (N, d), y (N, o), query (d,), W_0 (o, d)."""

    def __init__(self, rng: np.random.Generator, inputs: int, outputs: int, context: int):
        self.inputs, self.outputs, self.context = inputs, outputs, context
        self.x = rng.uniform(-1, 1, (context, inputs))
        self.y = self.x @ rng.normal(size=(inputs, outputs))
        self.query = rng.uniform(-1, 1, inputs)
        self.start = rng.normal(size=(outputs, inputs))
        self.case = f"d={inputs} outputs={outputs} N={context}"

    def tokens(self, start: np.ndarray | None = None) -> np.ndarray:
        """Context tokens (x, y), and the query token (x_q, -W_0 x_q)."""
        label = np.zeros(self.outputs) if start is None else -start @ self.query
        rows = np.concatenate([self.x, self.y], axis=1)
        return np.concatenate([rows, np.r_[self.query, label][None]])

    def descent(self, step: float, steps: int, start: np.ndarray | None = None) -> np.ndarray:
        """W after ``steps`` GD steps of size ``step`` = eta / N on 1/2 sum |W x - y|^2."""
        weights = np.zeros((self.outputs, self.inputs)) if start is None else start
        for _ in range(steps):
            weights = weights - step * (self.x @ weights.T - self.y).T @ self.x
        return weights
