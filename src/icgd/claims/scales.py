"""Intervals and regions: scales, ends, distances, and which parts rest on one. Standard library only."""

import math
from collections.abc import Callable, Mapping

# Distances below this count as this on the logarithmic scales: float32 often gives exactly 0 there.
RESOLUTION = 1e-12


def _exp(z: float) -> float:
    return math.exp(z) if z < 700 else math.inf


TRANSFORMS: dict[str, tuple[Callable, Callable]] = {
    "linear": (lambda x: x, lambda z: z),
    "log": (lambda x: math.log(max(x, RESOLUTION)), lambda z: _exp(z)),
    "log(1 - x)": (lambda x: math.log(max(1 - x, RESOLUTION)), lambda z: 1 - _exp(z)),
}


def bounds(region: Mapping) -> tuple[float, float]:
    """A region as (low, high), ends included."""
    low, high = region.get("within", (region.get("above", -math.inf), region.get("below", math.inf)))
    return float(low), float(high)


def passes(value: float, region: Mapping) -> bool:
    """Does a unit count towards the share that is decided on?"""
    bottom, top = bounds(region)
    return bottom <= value <= top


def by_interval(part: Mapping) -> bool:
    """Whether a part is decided by an interval over units, not exactly and not by their number."""
    return part["per"] != "none" and part["estimand"] != "count"


def half_widths(low: float, high: float, region: Mapping, transform: str) -> float | None:
    """How far the nearest bound is from an interval, in half-widths; below 0 where it is inside.

    None where there is nothing to measure with: an interval without width, or without an end.
    """
    forth = TRANSFORMS[transform][0]
    start, end = sorted((forth(low), forth(high)))
    half = (end - start) / 2
    edges = [forth(edge) for edge in bounds(region) if math.isfinite(edge)]
    if not half or not math.isfinite(half) or not edges:
        return None
    return min((abs(edge - (start + end) / 2) - half) / half for edge in edges)
