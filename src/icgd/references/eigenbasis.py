"""Tasks in the eigenbasis of S = X^T X, where gradient descent acts on every coordinate alone; float64."""

from typing import NamedTuple

import numpy as np
import scipy

from icgd.references import closed_form
from icgd.tasks.linear import Tasks

S2 = closed_form.variance(1.0)  # of a coordinate of the query
GROUPS, ENDS = 1500, 500  # nodes that stand for groups of eigenvalues, and for the extreme ones singly
BRACKET = (4.5, 6.3)  # rates among which the best one for d = N = 10 is looked for


class Spectrum(NamedTuple):
    """What gradient descent sees of T tasks: arrays (T, d), or (T, N) where N < d; ``target`` is (T,)."""

    values: np.ndarray  # eigenvalues l of S
    moments: np.ndarray  # X^T y in the eigenbasis
    query: np.ndarray  # x_q in the eigenbasis
    target: np.ndarray
    context: int

    def scaled(self, inputs: float = 1.0, teacher: float = 1.0) -> "Spectrum":
        """Of the same tasks with inputs and teacher weights multiplied by constants."""
        return Spectrum(
            self.values * inputs**2,
            self.moments * (inputs**2 * teacher),
            self.query * inputs,
            self.target * (inputs * teacher),
            self.context,
        )


def spectrum(tasks: Tasks) -> Spectrum:
    """Tasks in their eigenbases, by singular values: the least of them may be tiny."""
    inputs, targets, query, target = (np.asarray(part, np.float64) for part in tasks)
    left, singular, right = np.linalg.svd(inputs, full_matrices=False)
    moments = singular * np.einsum("tni,tn->ti", left, targets)
    return Spectrum(singular**2, moments, np.einsum("tid,td->ti", right, query), target, targets.shape[1])


def eigenvalues(tasks: Tasks) -> np.ndarray:
    """Eigenvalues of X^T X, ascending; (T, d). As squared singular values where N <= d."""
    inputs = np.asarray(tasks.inputs, np.float64)
    context, size = inputs.shape[1:]
    if context > size:
        return np.linalg.eigvalsh(np.swapaxes(inputs, 1, 2) @ inputs)
    singular = np.linalg.svd(inputs, compute_uv=False)[:, ::-1]
    return np.pad(singular, ((0, 0), (size - context, 0))) ** 2


def of_rate(tasks: Spectrum, rate: float, steps: int = 1) -> np.ndarray:
    """R(l) = (1 - eta l / N)^K: what K GD steps at one rate leave of each eigen-direction; (T, d)."""
    return (1 - rate / tasks.context * tasks.values) ** steps


def weights(tasks: Spectrum, residual: np.ndarray) -> np.ndarray:
    """P(S) X^T y in the eigenbasis for P(l) = (1 - R(l)) / l, whatever the method: (T, d)."""
    return (1 - residual) / np.maximum(tasks.values, np.finfo(float).tiny) * tasks.moments


def predictions(tasks: Spectrum, residual: np.ndarray) -> np.ndarray:
    """x_q.P(S) X^T y; (T,)."""
    return np.einsum("td,td->t", weights(tasks, residual), tasks.query)


def loss_of(tasks: Spectrum, residual: np.ndarray, clip: float | None = None) -> float:
    """Half mean square of the predictions, which are clipped to +-``clip`` as tokens would be."""
    predicted = predictions(tasks, residual)
    predicted = predicted if clip is None else np.clip(predicted, -clip, clip)
    return float(0.5 * np.mean((predicted - tasks.target) ** 2))


def loss(tasks: Spectrum, rate: float, steps: int = 1, clip: float | None = None) -> float:
    """Loss of K GD steps at one rate."""
    return loss_of(tasks, of_rate(tasks, rate, steps), clip)


def best_rate(tasks: Spectrum, steps: int) -> float:
    """Rate in `BRACKET` of the least loss after K steps with one rate, on these very tasks."""
    found = scipy.optimize.minimize_scalar(
        lambda rate: loss(tasks, rate, steps), bounds=BRACKET, method="bounded", options={"xatol": 1e-4}
    )
    return float(found.x)


@np.errstate(over="ignore", invalid="ignore")
def repeated(tasks: Spectrum, step: float, count: int, every: int = 1) -> np.ndarray:
    """Loss after ``every``, 2 ``every``, ... GD steps of size ``step`` = eta / N; shape (count,).

    Each step multiplies R(l) by 1 - step l, so that a thousand cost no more than one. A loss that
    overflows is infinite or NaN.
    """
    factor, residual, losses = (1 - step * tasks.values) ** every, 1.0, []
    for _ in range(count):
        residual = residual * factor
        losses.append(loss_of(tasks, residual))
    return np.array(losses)


def moved(eigenvalues: np.ndarray, gamma: float) -> np.ndarray:
    """Eigenvalues after one GD++ step: f(l) = l (1 - g l)^2 = l - 2 g l^2 + g^2 l^3 (A.10)."""
    return eigenvalues * (1 - gamma * eigenvalues) ** 2


def population_loss(residual: np.ndarray) -> float:
    """(s2 / 2) E sum_i R(l_i)^2 of R at the eigenvalues (T, d) of many tasks."""
    return float(S2 / 2 * np.mean(np.sum(residual**2, axis=-1)))


class Nodes(NamedTuple):
    """A weighted sum that stands for E sum_i over eigenvalues: sum_j weights_j f(values_j)."""

    values: np.ndarray  # (n,)
    weights: np.ndarray  # (n,), their sum is d


def nodes(values: np.ndarray, groups: int = GROUPS, ends: int = ENDS) -> Nodes:
    """Eigenvalues (T, d) in groups of equal size by their means; the least and largest each alone."""
    ordered = np.sort(values, axis=None)
    ends = min(ends, len(ordered) // 2)
    inner = np.linspace(ends, len(ordered) - ends, min(groups, len(ordered) - 2 * ends) + 1).astype(int)
    edges = np.concatenate([np.arange(ends), inner, np.arange(inner[-1] + 1, len(ordered) + 1)])
    sizes = np.diff(edges)
    return Nodes(np.add.reduceat(ordered, edges[:-1]) / sizes, sizes / len(values))


def best_polynomial(where: Nodes, degree: int) -> tuple[np.ndarray, float]:
    """(steps, loss) of the best of all polynomials R of a degree with R(0) = 1: no method beats it.

    R is the product of 1 - e_k l with 1 / e_k the roots of the polynomial of that degree that is
    orthogonal with respect to l dmu, and the least E sum R^2 is 1 / sum_{k <= n} p_k(0)^2 with the
    polynomials p_k orthonormal with respect to dmu (Szego 1939). So it is the optimum of plain
    gradient descent with separate rates, and a bound for GD++, whose degree is (3^K - 1) / 2.
    """
    diagonal, beside = _jacobi(where.values, where.values * where.weights, degree)
    steps = 1 / scipy.linalg.eigvalsh_tridiagonal(diagonal, beside[:-1])[::-1]
    diagonal, beside = _jacobi(where.values, where.weights, degree)
    before, now = 0.0, 1 / np.sqrt(np.sum(where.weights))
    total = now**2
    for k in range(degree):
        last = beside[k - 1] if k else 0.0
        before, now = now, (-diagonal[k] * now - last * before) / beside[k]
        total += now**2
    return steps, float(S2 / 2 / total)


def _jacobi(values: np.ndarray, weights: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Recurrence coefficients of orthonormal polynomials (Lanczos, orthogonalised twice): (n,), (n,)."""
    basis = np.zeros((size + 1, len(values)))
    basis[0] = np.sqrt(weights / np.sum(weights))
    diagonal, beside = np.zeros(size), np.zeros(size)
    for k in range(size):
        image = values * basis[k]
        diagonal[k] = image @ basis[k]
        for _ in range(2):
            image = image - (basis[: k + 1] @ image) @ basis[: k + 1]
        beside[k] = np.linalg.norm(image)
        basis[k + 1] = image / beside[k]
    return diagonal, beside
