"""How many verdicts could be wrong by chance, and which stand when all of a source count together."""

import math
from collections import defaultdict
from collections.abc import Iterable

from scipy.special import betainc

from icgd.claims.intervals import mean
from icgd.claims.scales import TRANSFORMS, bounds, by_interval, passes

LEVEL = 0.05
DECIDED = ("supported", "refuted", "partly")


def p_value(part: dict) -> float:
    """Least error rate alpha at which a part's interval still gives its verdict; 1 if undecided.

    The interval of level 1 - alpha is the one that decided at 95 %: Student's t, order statistics, or
    Clopper and Pearson's. Exact statements and counting rules have no such error rate: 0.
    """
    if part["verdict"] not in DECIDED:
        return 1.0
    if not by_interval(part):
        return 0.0
    values = [math.inf if unit["value"] is None else unit["value"] for unit in part["units"]]
    low, high = _region(part)
    if part["estimand"] == "fraction":
        return _of_fraction(sum(passes(value, part["each"]) for value in values), len(values), low, high)
    if part["estimand"] == "median":
        return _of_median(values, low, high)
    return _of_mean(values, part, low, high)


def _region(part: dict) -> tuple[float, float]:
    """The connected region that the interval lies in."""
    low, high = bounds(part["supported"])
    if part["verdict"] == "supported":
        return low, high
    if part["refuted"]:
        return bounds(part["refuted"])
    return (-math.inf, low) if part["value"] < low else (high, math.inf)


def _of_mean(values: list[float], part: dict, low: float, high: float) -> float:
    """2 P(T > t) with t the distance to the nearer edge in standard errors, on the rule's scale."""
    if all(value == values[0] for value in values):
        return 0.0
    forth = TRANSFORMS[part["transform"]][0]
    n, edges = len(values), [forth(edge) for edge in (low, high) if math.isfinite(edge)]
    moved = [forth(value) for value in values]
    middle, _, _ = mean(moved)
    error = math.sqrt(sum((value - middle) ** 2 for value in moved) / (n - 1) / n)
    t = min(abs(middle - edge) for edge in edges) / error
    return betainc((n - 1) / 2, 0.5, (n - 1) / (n - 1 + t**2))


def _of_median(values: list[float], low: float, high: float) -> float:
    """2 P(Bin(n, 1/2) < r), r the first order statistic from either end that lies in the region."""
    n = len(values)
    outside = max(sum(value < low for value in values), sum(value > high for value in values))
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(outside + 1)) / 2**n)


def _of_fraction(successes: int, n: int, low: float, high: float) -> float:
    """Twice the binomial tail at the nearer edge."""
    tails = [0.0]
    if low > 0:
        tails.append(betainc(successes, n - successes + 1, low) if successes else 1.0)
    if high < 1:
        tails.append(1 - betainc(successes + 1, n - successes, high) if successes < n else 1.0)
    return min(1.0, 2 * max(tails))


def holm(named: dict[str, float]) -> set[str]:
    """Names that stand under Holm's step-down: p_(i) <= LEVEL / (m - i + 1) for all up to it."""
    kept: set[str] = set()
    for place, (name, p) in enumerate(sorted(named.items(), key=lambda item: item[1])):
        if p > LEVEL / (len(named) - place):
            break
        kept.add(name)
    return kept


def bearing(claim: dict) -> list[dict]:
    """The parts decided by intervals on which a claim's verdict rests; exact numbers and counts have no p."""
    parts, how = claim["parts"], claim["combine"]
    if isinstance(how, dict):
        parts = [part for part in parts if part["name"] == how["headline"]]
    elif one_is_enough(claim):
        parts = [part for part in parts if part["verdict"] == claim["verdict"]]
    return [part for part in parts if by_interval(part)]


def one_is_enough(claim: dict) -> bool:
    """Does a single part decide it: one that fails of all, or one that holds of any?"""
    return (claim["combine"], claim["verdict"]) in (("all", "refuted"), ("any", "supported"))


def p_of(claim: dict) -> float:
    """A claim that needs all its parts is as weak as the weakest; one part of m decides at m times its p."""
    if claim["verdict"] not in DECIDED:
        return 1.0
    found = [p_value(part) for part in bearing(claim)]
    return min(1.0, len(claim["parts"]) * min(found)) if one_is_enough(claim) else max(found)


def together(verdicts: Iterable[dict]) -> dict[str, bool]:
    """Of each claim that is decided by intervals: does it stand when its source's are taken together?"""
    families: dict[str, list[dict]] = defaultdict(list)
    for claim in filter(bearing, verdicts):
        families[claim["source"]].append(claim)
    found: dict[str, bool] = {}
    for family in families.values():
        kept = holm({claim["id"]: p_of(claim) for claim in family})  # of an undecided one p is 1
        found |= {claim["id"]: claim["id"] in kept for claim in family if claim["verdict"] in DECIDED}
    return found


def decided_parts(verdicts: list[dict]) -> int:
    """How many decided verdicts rest on an interval over units; parts count one by one."""
    parts = [part for claim in verdicts for part in claim["parts"] if claim["verdict"] in DECIDED]
    return sum(by_interval(part) and part["verdict"] in DECIDED for part in parts)
