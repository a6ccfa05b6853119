"""Solving for the preconditioned input with hand-set layers (Proposition 2, claim 2)."""

from collections.abc import Iterator

import numpy as np
from scipy.optimize import minimize
from scipy.special import eval_chebyt

from icgd.models.transformer import Weights
from icgd.references.sequences import RIDGE, previous
from icgd.statements.identities.cases import Errors, largest
from icgd.statements.sequences import data
from icgd.statements.table import statement

DEPTHS = range(1, 13)
SHOWN = (1, 2, 4, 8, 12)  # depths whose layers are built


INDEPENDENT = "independent_states: states that are independent normal vectors"
TOO_LOW = "independent_states high 0.7: these, with the interval's upper end 30 % too low"
ERROR = "preconditioning_error: Relative error of the preconditioned input at T = 50 after 12 layers."
PROGRESS = "preconditioning_progress: Largest ratio of that error to the one of a layer less, to 12 layers."


class Chebyshev:
    """The polynomial p of degree k next to 1/x on an interval: 1 - x p(x) is a Chebyshev polynomial."""

    def __init__(self, low: float, high: float, degree: int):
        self.middle, self.half, self.degree = (high + low) / 2, (high - low) / 2, degree

    def lowered(self, factor: float) -> "Chebyshev":
        """The one of the interval whose upper end is ``factor`` times as high."""
        return Chebyshev(self.middle - self.half, factor * (self.middle + self.half), self.degree)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        at, zero = (self.middle - x) / self.half, self.middle / self.half
        return (1 - eval_chebyt(self.degree + 1, at) / eval_chebyt(self.degree + 1, zero)) / x

    def steps(self) -> Iterator[tuple[float, float]]:
        """alpha and beta of s <- s + alpha (s_t - A s) + beta (s - s_before), k + 1 times from 0."""
        yield 1 / self.middle, 0.0
        zero, last = self.middle / self.half, self.half / self.middle
        for _ in range(self.degree):
            now = 1 / (2 * zero - last)
            yield 2 * now / self.half, now * last
            last = now

    def layers(self, inputs: int, high: float) -> tuple[Weights, float]:
        """k layers on tokens (0, s_t, s_t, s_{t-1}), and what to multiply their second channel by.

        A layer turns the third channel u into (1 - G_t / c) u and adds d G_t u to the second, where G_t is
        the sum of s_{i-1} s_{i-1}^T: p(g) = p(0) + sum_j d_j g prod_{i<j} (1 - g / c_i), Newton's form.
        """
        points = high * (1 + np.cos(np.pi * (np.arange(self.degree) + 0.5) / self.degree)) / 2
        points = points[np.argsort([format(i, "04b")[::-1] for i in range(self.degree)])]  # spread out
        rest = np.cumprod(1 - points[:, None] / points[:-1], axis=1)
        basis = np.tril(points[:, None] * np.c_[np.ones(self.degree), rest])
        constant = float(self(np.array(RIDGE)))
        growth = np.linalg.solve(basis, self(points + RIDGE) / constant - 1)
        zero, one = np.zeros((inputs, inputs)), np.eye(inputs)
        weights = {}
        for index, (point, grown) in enumerate(zip(points, growth, strict=True)):
            matrices = {
                "query": np.vstack([zero, zero, one, zero]),
                "key": np.vstack([zero, zero, zero, one]),
                "value": np.vstack([zero, zero, zero, one]),
                "projection": np.hstack([zero, grown * one, -one / point, zero]),
            }
            weights |= {f"{index}/{name}": matrix[None] for name, matrix in matrices.items()}
        return weights, constant


@statement
def preconditioning_layers(rows: Errors) -> None:
    """Relative error of 1 to 12 hand-set linear layers against as many steps of second-order Richardson."""
    states = data.sets(data.TASK, data.SEQUENCES, rows.few)[data.TUNING][0, :-1]
    before = previous(states)
    grams = np.cumsum(before[:, :, None] * before[:, None, :], axis=0)
    values, vectors = np.linalg.eigh(grams)
    for depth in SHOWN[:2] if rows.few else SHOWN:
        method = Chebyshev(values[-1, -1] / 50, values[-1, -1], depth)
        weights, scale = method.layers(10, values[-1, -1])
        found = scale * np.asarray(data.network(weights, 10)(states)[-1, :, 10:20])
        by_values = np.einsum("tab,tb,tcb,tc->ta", vectors, method(values + RIDGE), vectors, states)
        off = richardson(method, grams + 1.001 * RIDGE * np.eye(10), states)
        right = {
            "statement": richardson(method, grams + RIDGE * np.eye(10), states),
            "lambda 1e-3: recursion with 1 / lambda off by one part in a thousand": off,
            "eigenvalues: the polynomial of the eigenvalues": by_values,
        }
        errors = {name: largest(found, one) / np.max(np.abs(one)) for name, one in right.items()}
        rows.put(errors, f"{depth} layers")


def richardson(method: Chebyshev, matrices: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Preconditioned states at every position by the recursion."""
    found = last = np.zeros_like(states)
    for alpha, beta in method.steps():
        rest = states - np.einsum("tab,tb->ta", matrices, found)
        found, last = found + alpha * rest + beta * (found - last), found
    return found


class Problems:
    """A x = s_t at the last position of many sequences, in eigenvectors of A = G_t + I / lambda."""

    def __init__(self, states: np.ndarray, per_position: bool):
        before = states[:, :-2]
        values, vectors = np.linalg.eigh(before.swapaxes(1, 2) @ before)
        self.values = values + RIDGE
        self.query = np.einsum("bn,bnm->bm", states[:, -2], vectors)
        norms = np.linalg.norm(self.values, axis=1, keepdims=True)  # Frobenius norm of A, as released
        self.scale = norms if per_position else np.ones_like(norms)
        self.right = self.query / self.values
        self.length = np.linalg.norm(self.right, axis=1, keepdims=True)

    def error(self, polynomial: Chebyshev) -> float:
        """Mean over sequences of the relative error of p(A / scale) / scale s_t."""
        found = self.query * polynomial(self.values / self.scale) / self.scale
        return float(np.mean(np.linalg.norm(found - self.right, axis=1, keepdims=True) / self.length))

    def chebyshev(self, depth: int) -> Chebyshev:
        """That of the interval with the least error."""
        scaled = self.values / self.scale

        def error(logs: np.ndarray) -> float:
            return self.error(Chebyshev(*np.exp(logs), depth)) if logs[0] < logs[1] else np.inf

        start = np.log([np.quantile(scaled, 0.1), scaled.max()])
        return Chebyshev(*np.exp(minimize(error, start, method="Nelder-Mead").x), depth)


@statement(tolerance={"preconditioning_error": 0.01, "preconditioning_progress": 0.01})
def preconditioning(rows: Errors) -> None:
    """Chebyshev layers whose interval is, at each depth, the best for the sequences of a set."""
    rng = np.random.default_rng(2)
    dynamic = data.sets(data.TASK, data.SEQUENCES, rows.few)
    normal = {name: rng.normal(size=states.shape) / np.sqrt(3) for name, states in dynamic.items()}
    for label, per_position in {"constant normaliser": False, "normaliser per position": True}.items():
        for subject, sets in {"statement": dynamic, INDEPENDENT: normal}.items():
            for name, states in list(sets.items())[1:]:
                problems = Problems(states, per_position)
                methods = {subject: [problems.chebyshev(depth) for depth in DEPTHS]}
                if sets is normal:
                    methods |= {TOO_LOW: [method.lowered(0.7) for method in methods[subject]]}
                errors = {key: [problems.error(one) for one in course] for key, course in methods.items()}
                last = {key: found[-1] for key, found in errors.items()}
                ratios = {key: np.max(np.divide(found[1:], found[:-1])) for key, found in errors.items()}
                rows.put(last, name, ERROR, reference=label)
                rows.put(ratios, name, PROGRESS, reference=label)
