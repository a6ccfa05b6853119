"""Quantiles and intervals from SciPy's special functions (`scipy.stats` alone takes a second to import)."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from scipy.special import bdtr, betaincinv, stdtrit

Interval = tuple[float, float, float]  # estimate, low, high
LEVEL = 0.95


def mean(values: Sequence[float]) -> Interval:
    """Mean and Student's t-interval."""
    middle, n = fmean(values), len(values)
    half = _t(n) * stdev(values) / math.sqrt(n) if n > 1 else math.inf
    return middle, middle - half, middle + half


def prediction(values: Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """Where one more value should fall: mean +- t s sqrt(1 + 1/n)."""
    middle, n = fmean(values), len(values)
    half = _t(n, level) * stdev(values) * math.sqrt(1 + 1 / n)
    return middle - half, middle + half


def median(values: Sequence[float]) -> Interval:
    """Median and its distribution-free interval from order statistics (the whole line if n < 6)."""
    ordered, n = sorted(values), len(values)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    rank = sum(bdtr(k, n, 0.5) <= (1 - LEVEL) / 2 for k in range(n // 2))
    return (middle, ordered[rank - 1], ordered[n - rank]) if rank else (middle, -math.inf, math.inf)


def fraction(successes: int, n: int) -> Interval:
    """Share and the interval of Clopper and Pearson."""
    tail, failures = (1 - LEVEL) / 2, n - successes
    low = betaincinv(successes, failures + 1, tail) if successes else 0.0
    high = betaincinv(successes + 1, failures, 1 - tail) if failures else 1.0
    return successes / n, float(low), float(high)


def _t(n: int, level: float = LEVEL) -> float:
    """Quantile of Student's t with n - 1 degrees of freedom."""
    return float(stdtrit(n - 1, (1 + level) / 2))
