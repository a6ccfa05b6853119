"""What predicts the next state from those seen, position by position, without being trained; float64.

At position t (from 0) the states s_0 ... s_t are seen, so the pairs (s_{i-1}, s_i) with i <= t, their Gram
matrix A_t = sum_i s_{i-1} s_{i-1}^T and their moments C_t = sum_i s_i s_{i-1}^T. Gradient descent, Newton's
iteration and ridge regression all predict C_t f(A_t) s_t; they differ in what f makes of an eigenvalue.
Source: von Oswald et al. 2023, props. 1 and 2; the newest pair counts (the released baseline drops it).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy

RIDGE = 1e-3  # 1 / lambda of the released baselines
RATES = 1e-3, 0.5  # of gradient descent, among which the best is looked for
SHARES = 0.05, 2.0  # the same times the largest eigenvalue
STRENGTHS = 1e-4, 1e2  # of penalties
TRIED = 40  # values before the search by golden section
BOUND = 4.0  # of every prediction, as of released networks' tokens: no state goes there, blown-up steps do
SMALLEST = 1e-9  # largest eigenvalue that is divided by
REFITS = 10  # of a polynomial, without the predictions that the bound holds


class Seen(NamedTuple):
    """What is seen at the T positions of B sequences, in the eigenbases of A_t."""

    values: np.ndarray  # (B, T, n) eigenvalues of A_t, ascending
    basis: np.ndarray  # (B, T, n, n) its eigenvectors U, in columns
    moments: np.ndarray  # (B, T, n, n) C_t U
    query: np.ndarray  # (B, T, n) U^T s_t

    @property
    def largest(self) -> np.ndarray:
        """Largest eigenvalue at every position: (B, T, 1)."""
        return np.maximum(self.values[..., -1:], SMALLEST)

    @property
    def norm(self) -> np.ndarray:
        """Frobenius norm of A_t, the normaliser of the released baseline: (B, T, 1)."""
        return np.maximum(np.linalg.norm(self.values, axis=-1, keepdims=True), SMALLEST)


def seen(states: np.ndarray, newest: bool = True, window: int = 1) -> Seen:
    """Of states (B, T, n); ``newest``: does the pair that ends at position t count?

    With a ``window`` of k states (s_t, s_{t-1}, ...) takes the place of s_t, and k n that of n (Fig. 7B).
    """
    states = np.asarray(states, np.float64)
    queries = windows(states, window)
    before = previous(queries)
    gram, moments = (np.cumsum(x[..., :, None] * before[..., None, :], axis=1) for x in (before, states))
    return _seen(gram, moments, queries) if newest else _seen(_before(gram), _before(moments), queries)


def seen_pairs(inputs: np.ndarray, targets: np.ndarray) -> Seen:
    """Of pairs (x_i, y_i), (B, P, n) each: at x_p all pairs with i < p."""
    x, y = (np.asarray(part, np.float64) for part in (inputs, targets))
    gram, moments = (np.cumsum(one[..., :, None] * x[..., None, :], axis=1) for one in (x, y))
    return _seen(_before(gram), _before(moments), x)


def _before(sums: np.ndarray) -> np.ndarray:
    """Sums without the last term."""
    return np.pad(sums[:, :-1], [(0, 0), (1, 0), (0, 0), (0, 0)])


def _seen(gram: np.ndarray, moments: np.ndarray, query: np.ndarray) -> Seen:
    values, basis = np.linalg.eigh(gram)
    return Seen(np.maximum(values, 0), basis, moments @ basis, np.einsum("btji,btj->bti", basis, query))


def predictions(known: Seen, responses: np.ndarray) -> np.ndarray:
    """C_t f(A_t) s_t (B, T, n), from f of every eigenvalue (B, T, n)."""
    return bounded(np.einsum("btij,btj->bti", known.moments, responses * known.query))


def bounded(found: np.ndarray) -> np.ndarray:
    """Predictions within the bound; what overflowed to no number is 0."""
    return np.clip(np.nan_to_num(found, nan=0.0), -BOUND, BOUND)


def ridge(values: np.ndarray, strength: float = RIDGE) -> np.ndarray:
    """f = 1 / (l + strength): exact least squares with a penalty."""
    return 1 / (values + strength)


def descended(values: np.ndarray, rate: float | np.ndarray, steps: int) -> np.ndarray:
    """f of K steps of gradient descent from zero: f <- f + rate (1 - l f)."""
    found = np.zeros_like(values)
    for _ in range(steps):
        found = found + rate * (1 - values * found)
    return found


def newton_schulz(values: np.ndarray, scale: float | np.ndarray, steps: int) -> np.ndarray:
    """f of K Newton-Schulz iterations X <- X (2 - A X) from X = scale A."""
    found = scale * values
    for _ in range(steps):
        found = found * (2 - values * found)
    return found


def conjugate_gradients(known: Seen, steps: int) -> np.ndarray:
    """Predictions of K steps of conjugate gradients on Phi A_t = C_t, every row of Phi by itself."""
    values = known.values[..., None, :]
    found, left = np.zeros_like(known.moments), known.moments
    along, size = left, np.sum(left**2, axis=-1, keepdims=True)
    for _ in range(steps):
        curved = np.sum(along * along * values, axis=-1, keepdims=True)
        step = _over(size, curved)
        found, left = found + step * along, left - step * values * along
        size, before = np.sum(left**2, axis=-1, keepdims=True), size
        along = left + _over(size, before) * along
    return bounded(np.einsum("btij,btj->bti", found, known.query))


def _over(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Their ratio, 0 where a row has converged."""
    ended = other <= np.finfo(float).eps ** 2
    return np.where(ended, 0.0, one / np.where(ended, 1.0, other))


def powers(values: np.ndarray, largest: np.ndarray | float, count: int) -> np.ndarray:
    """Chebyshev polynomials of l / largest, moved to (-1, 1), over largest: (..., count)."""
    terms = np.polynomial.chebyshev.chebvander(2 * np.asarray(values / largest) - 1, count - 1)
    return terms / np.asarray(largest)[..., None]


def tuned(name: str, steps: int, known: Seen, targets: np.ndarray) -> Callable[[Seen], np.ndarray]:
    """A K-step method with its best parameters on these sequences: Seen -> predictions (B, T, n).

    ``gd shared`` has one rate, ``gd shared scaled`` one over the position's largest eigenvalue;
    ``polynomial`` is the best f of K terms: every method that applies A_t K - 1 times (Prop. 2, momentum);
    ``polynomial scaled`` the best in l over the norm of A_t; ``newton_schulz`` starts from the best scale;
    ``ridge`` has no steps, but the best penalty.
    """
    if name == "conjugate_gradients":
        return lambda other: conjugate_gradients(other, steps)
    if name.startswith("polynomial"):
        return _polynomial(steps, name.endswith("scaled"), known, targets)
    make, (low, high) = {
        "gd shared": (lambda x, rate: descended(x.values, rate, steps), RATES),
        "gd shared scaled": (lambda x, rate: descended(x.values, rate / x.largest, steps), SHARES),
        "ridge": (lambda x, strength: ridge(x.values, strength), STRENGTHS),
        "newton_schulz": (lambda x, scale: newton_schulz(x.values, scale / x.largest**2, steps), SHARES),
    }[name]

    def loss(logarithm: float) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            return float(np.mean((predictions(known, make(known, np.exp(logarithm))) - targets) ** 2))

    tried = np.linspace(np.log(low), np.log(high), TRIED)
    nearest = int(np.argmin([loss(one) for one in tried]))
    around = tried[max(nearest - 1, 0)], tried[min(nearest + 1, TRIED - 1)]
    best = scipy.optimize.minimize_scalar(loss, bounds=around, method="bounded", options={"xatol": 1e-4})
    return lambda other: predictions(other, make(other, np.exp(best.x)))


def _polynomial(count: int, scaled: bool, known: Seen, targets: np.ndarray) -> Callable[[Seen], np.ndarray]:
    """The best polynomial of ``count`` terms under the bound: what it holds has no slope in them."""
    top = float(np.max(known.values))

    def terms(other: Seen) -> np.ndarray:
        made = powers(other.values, other.norm if scaled else top, count)
        return np.einsum("btij,btjk,btj->btik", other.moments, made, other.query, optimize=True)

    made, wanted = terms(known).reshape(-1, count), targets.reshape(-1)
    free = np.max(np.abs(made), axis=1) < BOUND
    for _ in range(REFITS):
        best = scipy.linalg.lstsq(made[free], wanted[free])[0]
        free = np.abs(made @ best) < BOUND
    return lambda other: bounded(terms(other) @ best)


def response(known: Seen, teachers: np.ndarray, found: np.ndarray) -> np.ndarray:
    """r of every eigenvalue (B, T, n): predictions over s_t, after W^-1, in the eigenbasis of A_t.

    A method that is a function of A_t has r = l f(l) on sequences without noise: a step of gradient
    descent a straight line, exact least squares 1 wherever l > 0.
    """
    back = np.linalg.solve(teachers[:, None].astype(float), np.asarray(found, np.float64)[..., None])[..., 0]
    return np.einsum("btji,btj->bti", known.basis, back) / known.query


def attended(states: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """sum_{i<t} s_{i+1} softmax_i(score of the pair that ends at i + 1); 0 at t = 1, which has none."""
    pairs = np.tri(scores.shape[1], dtype=bool) & (np.arange(scores.shape[1]) > 0)
    scores = np.where(pairs, scores, -np.inf)
    weights = np.exp(scores - np.max(scores, axis=2, keepdims=True, initial=-1e300))
    return weights @ states[:, :-1] / np.maximum(weights.sum(axis=2, keepdims=True), 1e-300)


def previous(states: np.ndarray) -> np.ndarray:
    """s_{t-1} at every position t of (..., T, n), with s_0 = 0."""
    return np.concatenate([np.zeros_like(states[..., :1, :]), states[..., :-1, :]], axis=-2)


def windows(states: np.ndarray, count: int) -> np.ndarray:
    """(s_t, s_{t-1}, ...) of ``count`` states at every position, zeros before the first."""
    parts = [states]
    for _ in range(count - 1):
        parts.append(previous(parts[-1]))
    return np.concatenate(parts, axis=-1)
