"""Quantiles and intervals from the standard library alone (tests compare them with SciPy)."""

import math
from collections.abc import Sequence
from functools import cache
from statistics import fmean, stdev


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta I_x(a, b), by Lentz's continued fraction."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    tiny, c, d = 1e-300, 1.0, 1 / (1 - (a + b) * x / (a + 1))
    total = d
    for m in range(1, 500):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + term * d or tiny)
            c = 1 + term / c or tiny
            total *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * total / a


@cache
def beta_quantile(share: float, a: float, b: float) -> float:
    """Quantile of the beta distribution, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if incomplete_beta(a, b, middle) < share else (low, middle)
    return (low + high) / 2


def t_quantile(share: float, freedom: int) -> float:
    """Quantile (share > 1/2) of Student's t with ``freedom`` degrees of freedom."""
    x = beta_quantile(2 * (1 - share), freedom / 2, 0.5)
    return math.sqrt(freedom * (1 - x) / x)


def mean_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float, float]:
    """Mean and its t-interval; all values equal give an interval of no width."""
    mean, n = fmean(values), len(values)
    half = t_quantile((1 + level) / 2, n - 1) * stdev(values) / math.sqrt(n) if n > 1 else math.inf
    return mean, mean - half, mean + half


def prediction_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Where one more value should fall: mean +- t s sqrt(1 + 1/n)."""
    mean, n = fmean(values), len(values)
    half = t_quantile((1 + level) / 2, n - 1) * stdev(values) * math.sqrt(1 + 1 / n)
    return mean - half, mean + half


def median_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float, float]:
    """Median and its distribution-free interval from order statistics (whole line if n < 6)."""
    ordered, n = sorted(values), len(values)
    median = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    below, rank = 0.0, 0
    for k in range(n // 2):
        below += math.comb(n, k) / 2**n
        if below > (1 - level) / 2:
            break
        rank = k + 1
    if rank == 0:
        return median, -math.inf, math.inf
    return median, ordered[rank - 1], ordered[n - rank]


def fraction_interval(successes: int, n: int, level: float = 0.95) -> tuple[float, float, float]:
    """Share and its Clopper-Pearson interval."""
    tail = (1 - level) / 2
    low = beta_quantile(tail, successes, n - successes + 1) if successes else 0.0
    high = beta_quantile(1 - tail, successes + 1, n - successes) if successes < n else 1.0
    return successes / n, low, high
