"""Deciding: an interval against regions that were fixed before the run, by code written once."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from icgd.claims import evidence, intervals, multiplicity, registry
from icgd.claims.intervals import Interval
from icgd.claims.registry import Claim, Headline
from icgd.claims.rules import Control, Rule
from icgd.claims.scales import TRANSFORMS, bounds, passes
from icgd.config import Config
from icgd.errors import IcgdError
from icgd.files import sha256
from icgd.measures.request import named

LEAST = 5  # units below which a mean is not decided
INDICATIVE, UNDECIDED = "indicative", "not decided at this scale"
WAITS = "its experiment is built and its rule fixed; its runs at full scale are not in yet"
ABOUT = ("id", "source", "where", "says", "kind", "note", "test")  # what a verdict repeats of its claim
REGION = ("estimand", "each", "out_of", "without", "transform", "supported", "refuted")
RULE = ("name", "says", "per", *REGION, "why", "set")  # and of each rule


class Decision(NamedTuple):
    """One rule applied to one set of values."""

    verdict: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str = ""

    @property
    def numbers(self) -> dict[str, float | int | None]:
        """What JSON shows of it."""
        return {**{key: stored(getattr(self, key)) for key in ("value", "low", "high")}, "n": self.n}


def decide(values: Sequence[float], rule: Rule) -> Decision:
    """Apply a rule's estimand and regions to values, one a unit."""
    n = len(values)
    if n == 0:
        return Decision("inconclusive", None, None, None, 0, "no unit is left to decide on")
    if any(math.isnan(value) for value in values):
        return Decision("error", None, None, None, n, "a value is not a number")
    if rule.estimand in ("fraction", "count"):
        values = [float(passes(value, rule.each)) for value in values]
    value, low, high = interval(values, rule.estimand, rule.transform)
    if rule.estimand == "mean" and n < LEAST:
        reason = f"{n} units; a mean is decided on {LEAST} or more"
        return Decision("inconclusive", value, low, high, n, reason)
    if rule.estimand == "count":
        return Decision(*_counted(round(sum(values)), n, rule, (value, low, high)))
    word = place(low, high, rule.supported, rule.refuted)
    reason = _too_wide(value, low, high, n, rule) if word == "inconclusive" else ""
    return Decision(word, value, low, high, n, reason)


def _counted(hits: int, n: int, rule: Rule, share: Interval) -> tuple:
    """A counting rule: the number of units that pass decides; the interval of their share is shown beside."""
    if n != rule.out_of:
        return "inconclusive", *share, n, f"the rule counts {rule.out_of} units, here are {n}"
    word = place(hits, hits, rule.supported, rule.refuted)
    if word == "supported" or (word == "refuted" and rule.refuted):  # not found is not absent
        return word, *share, n
    return "inconclusive", *share, n, f"{hits} of {n} neither support nor refute it"


def interval(values: Sequence[float], estimand: str, transform: str) -> Interval:
    """(estimate, low, high): 95 % for random units, of no width for exact statements."""
    if estimand in ("max", "min", "value"):
        found = {"max": max, "min": min, "value": lambda v: v[0]}[estimand](values)
        return found, found, found
    if estimand in ("fraction", "count"):
        return intervals.fraction(round(sum(values)), len(values))
    if all(value == values[0] for value in values):
        return values[0], values[0], values[0]
    forth, back = TRANSFORMS[transform]
    moved = [forth(value) for value in values]
    if estimand == "mean" and not all(map(math.isfinite, moved)):
        return math.nan, -math.inf, math.inf
    value, *ends = map(back, intervals.mean(moved) if estimand == "mean" else intervals.median(moved))
    return value, min(ends), max(ends)


def place(low: float, high: float, supported: Mapping, refuted: Mapping | None) -> str:
    """Where an interval lies: supported, refuted, borderline (in a stated gap) or inconclusive."""
    bottom, top = bounds(supported)
    outside = high < bottom or low > top
    if bottom <= low and high <= top:
        return "supported"
    if refuted is None:
        return "refuted" if outside else "inconclusive"
    start, end = bounds(refuted)
    if start <= low and high <= end:
        return "refuted"
    return "borderline" if outside and (high < start or low > end) else "inconclusive"


def _too_wide(value: float, low: float, high: float, n: int, rule: Rule) -> str:
    """Why an interval does not decide, and about how many units would."""
    forth = TRANSFORMS[rule.transform][0] if rule.estimand != "fraction" else float
    edges = [edge for edge in bounds(rule.supported) if math.isfinite(edge)]
    distance = min(abs(forth(value) - forth(edge)) for edge in edges) if math.isfinite(value) else 0.0
    half = abs(forth(high) - forth(low)) / 2
    why = "the interval crosses the edge of the supported region"
    if rule.estimand != "mean" or not distance or not math.isfinite(half):
        return f"{why}; more units would narrow it"
    return f"{why}; about {math.ceil(n * (half / distance) ** 2)} units would decide"


def decide_all(config: Config, scale: str) -> dict[str, dict]:
    """The verdict of every claim that has a rule, by id, and whether it stands together with its source's."""
    known = {id_: registry.claim(id_) for id_ in registry.decided(config.sources)}
    found = {id_: judge(claim, config, scale) for id_, claim in known.items()}
    stands = multiplicity.together(found[id_] for id_, claim in known.items() if not claim.finding)
    return {id_: {**resting(one, found), "together": stands.get(id_)} for id_, one in found.items()}


def resting(one: dict, found: Mapping[str, dict]) -> dict:
    """A verdict with those of the claims that it rests on."""
    known = registry.claims()
    below = registry.foundations(one["id"], known) if one["id"] in known else ()
    below = [id_ for id_ in below if id_ in found or not known[id_].decided]  # all but other chapters
    words = {id_: found[id_]["verdict"] if id_ in found else known[id_].kind for id_ in below}
    return {**one, "rests_on": {id_: word.replace("-", " ") for id_, word in words.items()}}


def decide_one(id_: str, config: Config, scale: str) -> dict:
    """The verdict of one claim.

    Raises:
        IcgdError: no such claim, or it has no rule.
    """
    claim = registry.claim(id_)
    if not claim.decided:
        raise IcgdError(f"{id_} is {claim.kind}: it has no rule to decide by.")
    return judge(claim, config, scale)


def judge(claim: Claim, config: Config, scale: str) -> dict:
    """The verdict of a claim, with everything needed to explain it."""
    parts = [judge_part(part, config, scale) for part in claim.parts]
    verdict, reason = combine(parts, claim.combine)
    return {
        **{key: getattr(claim, key) for key in ABOUT},
        "scale": scale,
        "verdict": verdict,
        "reason": reason,
        "combine": claim.model_dump()["combine"],
        "counts": counts(parts),
        "reduced": _reduced(claim, config),
        "parts": parts,
        "figures": list(claim.figures),
        "rule_hash": claim.rule_hash,
        "inputs": [{"path": str(path), "sha256": sha256(path)} for path in evidence.files(claim, scale)],
        "rebuild": f"make audit CLAIM={claim.id} SCALE={scale}",
    }


def undecided(claim: Claim, scale: str) -> dict:
    """The same of a claim without a rule, with the rule that waits for its runs."""
    planned = claim.planned.parts if claim.planned else ()
    return {
        **{key: getattr(claim, key) for key in ABOUT},
        "scale": scale,
        "verdict": "not testable" if claim.kind == "not-testable" else "pending",
        "reason": claim.reason or (WAITS if planned else "its experiment is not built yet"),
        "counts": counts([]),
        **{"reduced": None, "rule_hash": None, "rebuild": None, "parts": [], "figures": [], "inputs": []},
        "planned": [part.model_dump(mode="json", exclude_none=True) for part in planned],
    }


def judge_part(rule: Rule, config: Config, scale: str) -> dict:
    """One rule: its own verdict, its controls, the verdict of the paper's own seeds."""
    found = evidence.units(rule, rule.evidence, config, scale)
    decision = decide(list(found.values.values()), rule)
    controls = [_judge_control(rule, each, "refute", config, scale) for each in rule.controls.refutes]
    controls += [_judge_control(rule, each, "support", config, scale) for each in rule.controls.supports]
    word, reason = at_scale(decision, controls, rule, scale)
    published = rule.published
    return {
        **{key: getattr(rule, key) for key in RULE},
        "evidence": {key: words for key, words in rule.evidence.model_dump().items() if words},
        **decision.numbers,
        "verdict": word,
        "reason": reason,
        "units": [{"unit": unit, "value": stored(value)} for unit, value in _shown(found.values, rule)],
        "excluded": [{"unit": unit, "why": why} for unit, why in found.excluded.items()],
        "published": published.value,
        "published_unlike": published.unlike,
        "published_rounding": published.rounding,
        "released": published.released,
        "released_from": published.released_from,
        "published_values": published.seeds and list(published.seeds),
        "published_verdict": decide(published.seeds, rule).verdict if published.seeds else None,
        "controls": controls,
    }


def _shown(values: dict[str, float], rule: Rule) -> Iterable[tuple[str, float]]:
    """Units worth listing: all of them, or the worst case of an exact statement."""
    if rule.per != "none":
        return values.items()
    return [(min if rule.estimand == "min" else max)(values.items(), key=lambda item: item[1])]


def _judge_control(rule: Rule, control: Control, must: str, config: Config, scale: str) -> dict:
    """A planted case, decided by the same rule on as many units."""
    found = evidence.units(rule, rule.of(control), config, scale)
    decision = decide(list(found.values.values()), rule)
    right = {"refute": "refuted", "support": "supported"}[must]
    if must == "refute" and rule.estimand == "count" and not rule.refuted:
        right = "inconclusive"  # nothing refutes that some exist
    ok = decision.verdict == right
    words = {"must": must, **control.changes, "size": control.size, "verdict": decision.verdict}
    return {**words, **decision.numbers, "ok": ok}


def at_scale(decision: Decision, controls: list[dict], rule: Rule, scale: str) -> tuple[str, str]:
    """(verdict, reason) once the scale and the controls have had their say."""
    if scale == "smoke":
        return UNDECIDED, "smoke runs only show that the plumbing holds"
    if scale == "quick" and rule.per != "none":
        why = f" ({decision.reason})" if decision.reason else ""
        return INDICATIVE, f"short runs, few seeds: would be {decision.verdict}{why}"
    wrong = next((control for control in controls if not control["ok"]), None)
    if wrong and decision.verdict in ("supported", "refuted"):
        came_out = f"had to {wrong['must']} and came out {wrong['verdict']}"
        return "no power", f"the control {wrong['subject']} {came_out}"
    return decision.verdict, decision.reason


def combine(parts: list[dict], how: str | Headline | None = None) -> tuple[str, str]:
    """Verdict of a claim from its parts; what could not be checked comes before what could."""
    words = [part["verdict"] for part in parts]
    first = next((word for word in ("error", UNDECIDED, "no power", INDICATIVE) if word in words), None)
    if first or len(set(words)) == 1:
        return first or words[0], _first_reason(parts, first or words[0])
    if isinstance(how, Headline):
        part = next(part for part in parts if part["name"] == how.headline)
        return part["verdict"], f"by its part {how.headline!r}" + (part["reason"] and f": {part['reason']}")
    decisive = {"all": "refuted", "any": "supported"}.get(how)
    if decisive in words:
        return decisive, f"{decisive}: {_named(parts, decisive)}"
    if not how and {"supported", "refuted"} <= set(words):
        return "partly", "; ".join(f"{word}: {_named(parts, word)}" for word in ("supported", "refuted"))
    word = "inconclusive" if "inconclusive" in words else "borderline"
    return word, _first_reason(parts, word)


def counts(parts: list[dict]) -> dict[str, int]:
    """How many parts are supported, refuted and otherwise, and of how many."""
    words = [part["verdict"] for part in parts]
    found = {word: words.count(word) for word in ("supported", "refuted")}
    return {**found, "other": len(words) - sum(found.values()), "of": len(words)}


def _named(parts: list[dict], word: str) -> str:
    return ", ".join(part["name"] for part in parts if part["verdict"] == word)


def _first_reason(parts: list[dict], word: str) -> str:
    part = next(part for part in parts if part["verdict"] == word)
    prefix = f"{part['name']}: " if part["name"] and part["reason"] else ""
    return prefix + part["reason"]


def stored(value: float | None) -> float | None:
    """A number that JSON can hold, to ten significant digits; None for what is not finite."""
    return float(f"{value:.10g}") if value is not None and math.isfinite(value) else None


def _reduced(claim: Claim, config: Config) -> str | None:
    """What was reduced in the experiments behind a claim, and in those that these are held against."""
    names: set[str] = set()
    for one in (part.evidence for part in claim.parts if part.evidence.of in config.experiments):
        names |= {one.of, one.over, *named(evidence.request(one))} & set(config.experiments)
    for name in sorted(names):
        while name := config.experiments[name].start:  # noqa: PLW2901
            names.add(name)
    cuts = dict.fromkeys(config.experiments[name].reduced for name in sorted(names))
    return " ".join(cut.strip() for cut in cuts if cut) or None
