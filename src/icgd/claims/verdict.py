"""Deciding: an interval against regions that were fixed before the run, by code written once."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from icgd.claims import evidence, statistics
from icgd.claims.registry import Claim
from icgd.config import Config
from icgd.errors import IcgdError

LEAST = 5  # units below which a mean is not decided
INDICATIVE, UNDECIDED = "indicative", "not decided at this scale"

# Distances below this count as this on the logarithmic scales: float32 often gives exactly 0 there.
RESOLUTION = 1e-12

TRANSFORMS: dict[str, tuple[Callable, Callable]] = {
    "linear": (lambda x: x, lambda z: z),
    "log": (lambda x: math.log(max(x, RESOLUTION)), lambda z: _exp(z)),
    "log(1 - x)": (lambda x: math.log(max(1 - x, RESOLUTION)), lambda z: 1 - _exp(z)),
}


def _exp(z: float) -> float:
    return math.exp(z) if z < 700 else math.inf


@dataclass(frozen=True)
class Decision:
    """One rule applied to one set of values."""

    verdict: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str = ""


def decide(values: Sequence[float], part: dict) -> Decision:
    """Apply a rule's estimand and regions to values, one a unit."""
    n = len(values)
    if n == 0:
        return Decision("inconclusive", None, None, None, 0, "no unit is left to decide on")
    if any(math.isnan(value) for value in values):
        return Decision("error", None, None, None, n, "a value is not a number")
    if part["estimand"] == "fraction":
        values = [float(passes(value, part)) for value in values]
    value, low, high = interval(values, part["estimand"], part["transform"])
    if part["estimand"] == "mean" and n < LEAST:
        reason = f"{n} units; a mean is decided on {LEAST} or more"
        return Decision("inconclusive", value, low, high, n, reason)
    word = place(low, high, part["supported"], part.get("refuted"))
    reason = too_wide(value, low, high, n, part) if word == "inconclusive" else ""
    return Decision(word, value, low, high, n, reason)


def interval(values: Sequence[float], estimand: str, on: str) -> tuple[float, float, float]:
    """(estimate, low, high): 95 % for random units, of no width for exact statements."""
    if estimand in ("max", "min", "value"):
        found = {"max": max, "min": min, "value": lambda v: v[0]}[estimand](values)
        return found, found, found
    if estimand == "fraction":
        return statistics.fraction_interval(round(sum(values)), len(values))
    if all(value == values[0] for value in values):
        return values[0], values[0], values[0]
    forth, back = TRANSFORMS[on]
    moved = [forth(value) for value in values]
    summarise = statistics.mean_interval if estimand == "mean" else statistics.median_interval
    if estimand == "mean" and not all(map(math.isfinite, moved)):
        return math.nan, -math.inf, math.inf
    value, low, high = (back(z) for z in summarise(moved))
    return value, min(low, high), max(low, high)


def passes(value: float, part: dict) -> bool:
    """Does a unit count towards the share that is decided on?"""
    bottom, top = bounds(part["each"])
    return bottom <= value <= top


def bounds(region: dict) -> tuple[float, float]:
    """A region as (low, high), ends included."""
    if "within" in region:
        return float(region["within"][0]), float(region["within"][1])
    return (-math.inf, float(region["below"])) if "below" in region else (float(region["above"]), math.inf)


def place(low: float, high: float, supported: dict, refuted: dict | None) -> str:
    """Where an interval lies: supported, refuted, borderline (in a stated gap) or inconclusive."""
    bottom, top = bounds(supported)
    if bottom <= low and high <= top:
        return "supported"
    if refuted is None:
        return "refuted" if high < bottom or low > top else "inconclusive"
    start, end = bounds(refuted)
    if start <= low and high <= end:
        return "refuted"
    apart = (high < bottom or low > top) and (high < start or low > end)
    return "borderline" if apart else "inconclusive"


def too_wide(value: float, low: float, high: float, n: int, part: dict) -> str:
    """Why an interval does not decide, and about how many units would."""
    forth = TRANSFORMS[part["transform"]][0] if part["estimand"] != "fraction" else float
    edges = [edge for edge in bounds(part["supported"]) if math.isfinite(edge)]
    distance = min(abs(forth(value) - forth(edge)) for edge in edges) if math.isfinite(value) else 0.0
    half = abs(forth(high) - forth(low)) / 2
    if part["estimand"] != "mean" or not distance or not math.isfinite(half):
        return "the interval crosses the edge of the supported region; more units would narrow it"
    needed = math.ceil(n * (half / distance) ** 2)
    return f"the interval crosses the edge of the supported region; about {needed} units would decide"


def judge(claim: Claim, config: Config, scale: str) -> dict:
    """The verdict of a claim, with everything needed to explain it."""
    parts = [judge_part(part, config, scale) for part in claim.parts]
    verdict, reason = combine(parts)
    return {
        "id": claim.id,
        "source": claim.source,
        "where": claim.where,
        "says": claim.says,
        "kind": claim.kind,
        "scale": scale,
        "verdict": verdict,
        "reason": reason,
        "note": claim.note,
        "test": claim.test,
        "reduced": _reduced(claim, config),
        "parts": parts,
        "figures": list(claim.figures),
        "rule_hash": claim.rule_hash,
        "rebuild": f"make audit CLAIM={claim.id} SCALE={scale}",
    }


def judge_part(part: dict, config: Config, scale: str) -> dict:
    """One rule: its own verdict, its controls, the verdict of the paper's own seeds."""
    found = evidence.units(part, config, scale)
    decision = decide(list(found.values.values()), part)
    controls = [
        judge_control(part, control, must, config, scale)
        for must, key in (("refute", "refutes"), ("support", "supports"))
        for control in part["controls"][key]
    ]
    published = part.get("published") or {}
    seeds = published.get("seeds")
    return {
        **{
            key: part.get(key)
            for key in ("name", "says", "per", "estimand", "each", "transform", "supported", "refuted")
        },
        "evidence": part["evidence"],
        **_numbers(decision),
        **dict(zip(("verdict", "reason"), at_scale(decision, controls, part, scale), strict=True)),
        "units": [{"unit": unit, "value": finite(value)} for unit, value in shown(found, part)],
        "excluded": [{"unit": unit, "why": why} for unit, why in found.excluded.items()],
        "published": published.get("value"),
        "released": published.get("released"),
        "released_from": published.get("from"),
        "published_values": seeds,
        "published_verdict": decide(seeds, part).verdict if seeds else None,
        "controls": controls,
    }


def shown(found: evidence.Units, part: dict) -> list[tuple[str, float]]:
    """Units worth listing: all of them, or the worst case of an exact statement."""
    items = list(found.values.items())
    if part["per"] != "none" or len(items) == 1:
        return items
    pick = min if part["estimand"] == "min" else max
    return [pick(items, key=lambda item: item[1])]


def judge_control(part: dict, control: dict, must: str, config: Config, scale: str) -> dict:
    """A planted case, decided by the same rule on as many units."""
    found = evidence.units(part, config, scale, control["plant"], **control.get("filter", {}))
    decision = decide(list(found.values.values()), part)
    return {
        "must": must,
        "plant": control["plant"],
        "size": control.get("size"),
        "verdict": decision.verdict,
        **_numbers(decision),
        "ok": decision.verdict == {"refute": "refuted", "support": "supported"}[must],
    }


def at_scale(decision: Decision, controls: list[dict], part: dict, scale: str) -> tuple[str, str]:
    """(verdict, reason) once the scale and the controls have had their say."""
    if scale == "smoke":
        return UNDECIDED, "smoke runs only show that the plumbing holds"
    if scale == "quick" and part["per"] != "none":
        return INDICATIVE, f"short runs, few seeds: would be {decision.verdict}"
    wrong = [control for control in controls if not control["ok"]]
    if wrong and decision.verdict in ("supported", "refuted"):
        first = wrong[0]
        return (
            "no power",
            f"the control {first['plant']} had to {first['must']} and came out {first['verdict']}",
        )
    return decision.verdict, decision.reason


def combine(parts: list[dict]) -> tuple[str, str]:
    """Verdict of a claim from its parts; what could not be checked comes before what could."""
    words = [part["verdict"] for part in parts]
    for word in ("error", UNDECIDED, "no power", INDICATIVE):
        if word in words:
            return word, _first_reason(parts, word)
    if len(set(words)) == 1:
        return words[0], _first_reason(parts, words[0])
    if "supported" in words and "refuted" in words:
        named = {
            word: [p["name"] for p in parts if p["verdict"] == word] for word in ("supported", "refuted")
        }
        return "partly", f"supported: {', '.join(named['supported'])}; refuted: {', '.join(named['refuted'])}"
    word = next(w for w in ("refuted", "inconclusive", "borderline") if w in words)
    return ("inconclusive" if word == "refuted" else word), _first_reason(parts, word)


def _first_reason(parts: list[dict], word: str) -> str:
    part = next(part for part in parts if part["verdict"] == word)
    prefix = f"{part['name']}: " if part["name"] and part["reason"] else ""
    return prefix + part["reason"]


def _numbers(decision: Decision) -> dict:
    return {
        "value": finite(decision.value),
        "low": finite(decision.low),
        "high": finite(decision.high),
        "n": decision.n,
    }


def finite(value: float | None) -> float | None:
    """A number that JSON can hold, to ten significant digits; None for what is not finite."""
    return float(f"{value:.10g}") if value is not None and math.isfinite(value) else None


def _reduced(claim: Claim, config: Config) -> str | None:
    """What was reduced in the experiments behind a claim."""
    trained = {**config.experiments, **{f"sweeps/{name}": sweep for name, sweep in config.sweeps.items()}}
    names = {part["evidence"]["experiment"] for part in claim.parts} & set(trained)
    notes = [trained[name].reduced for name in sorted(names) if trained[name].reduced]
    return " ".join(notes) or None


def undecided(claim: Claim, scale: str) -> dict:
    """What the page shows of a claim without a rule."""
    if claim.decided:
        raise IcgdError(f"{claim.id} has a rule; decide it.")
    return {
        **{key: getattr(claim, key) for key in ("id", "source", "where", "says", "kind", "note", "test")},
        "scale": scale,
        "verdict": "not testable" if claim.kind == "not-testable" else "pending",
        "reason": claim.reason or "its experiment is not built yet",
        "reduced": None,
        "parts": [],
        "figures": [],
        "rule_hash": None,
        "inputs": [],
        "rebuild": None,
    }
