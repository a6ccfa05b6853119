"""What the losses of K-step methods need of the tasks: eigenvalues of X^T X, and the best polynomial."""

from typing import NamedTuple

import numpy as np
import scipy

from icgd.tasks.linear import Tasks

GROUPS, ENDS = 1500, 500  # nodes that stand for groups of eigenvalues, and for the extreme ones singly


class Nodes(NamedTuple):
    """A weighted sum that stands for E sum_i over eigenvalues: sum_j weights_j f(values_j)."""

    values: np.ndarray  # (n,)
    weights: np.ndarray  # (n,), their sum is d


class Spectrum(NamedTuple):
    """Tasks in the eigenbasis of X^T X = V diag(l) V^T, float64."""

    values: np.ndarray  # (T, d) eigenvalues l
    overlaps: np.ndarray  # (T, d) entries of V^T X^T y times those of V^T x_q
    target: np.ndarray  # (T,)


def eigenvalues(tasks: Tasks) -> np.ndarray:
    """Eigenvalues of X^T X, ascending; float64, (T, d).

    As squared singular values where the least ones may be tiny, N <= d.
    """
    inputs = np.asarray(tasks.inputs, np.float64)
    context, size = inputs.shape[1:]
    if context > size:
        return np.linalg.eigvalsh(np.swapaxes(inputs, 1, 2) @ inputs)
    singular = np.linalg.svd(inputs, compute_uv=False)[:, ::-1]
    return np.pad(singular, ((0, 0), (size - context, 0))) ** 2


def spectrum(tasks: Tasks) -> Spectrum:
    """Tasks as the predictions of `residuals` need them."""
    inputs, targets, query, target = (np.asarray(part, np.float64) for part in tasks)
    left, singular, right = np.linalg.svd(inputs, full_matrices=False)
    moments = singular * np.einsum("tni,tn->ti", left, targets)
    return Spectrum(singular**2, moments * np.einsum("tid,td->ti", right, query), target)


def nodes(values: np.ndarray, groups: int = GROUPS, ends: int = ENDS) -> Nodes:
    """Eigenvalues (T, d) in groups of equal size by their means; the least and largest each alone."""
    ordered = np.sort(values, axis=None)
    ends = min(ends, len(ordered) // 2)
    inner = np.linspace(ends, len(ordered) - ends, min(groups, len(ordered) - 2 * ends) + 1).astype(int)
    edges = np.concatenate([np.arange(ends), inner, np.arange(inner[-1] + 1, len(ordered) + 1)])
    sizes = np.diff(edges)
    return Nodes(np.add.reduceat(ordered, edges[:-1]) / sizes, sizes / len(values))


def best_polynomial(where: Nodes, degree: int, s2: float) -> tuple[np.ndarray, float]:
    """(rates, loss) of the best of all polynomials R of a degree with R(0) = 1: no method beats it.

    R is the product of 1 - e_k l with 1 / e_k the roots of the polynomial of that degree that is
    orthogonal with respect to l dmu, and the least E sum R^2 is 1 / sum_{k <= n} p_k(0)^2 with the
    polynomials p_k orthonormal with respect to dmu (Szego 1939). So it is the optimum of plain
    gradient descent with separate rates, and a bound for GD++, whose degree is (3^K - 1) / 2.
    """
    diagonal, beside = _jacobi(where.values, where.values * where.weights, degree)
    rates = 1 / scipy.linalg.eigvalsh_tridiagonal(diagonal, beside[:-1])[::-1]
    diagonal, beside = _jacobi(where.values, where.weights, degree)
    before, now = 0.0, 1 / np.sqrt(np.sum(where.weights))
    total = now**2
    for k in range(degree):
        last = beside[k - 1] if k else 0.0
        before, now = now, (-diagonal[k] * now - last * before) / beside[k]
        total += now**2
    return rates, float(s2 / 2 / total)


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
