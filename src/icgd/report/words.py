"""Words, numbers and badges that the audit page uses in several places."""

import math
import re
from collections.abc import Collection
from html import escape

from icgd.claims.scales import by_interval, half_widths

# word: (symbol, tone, group, meaning)
VERDICTS = {
    "supported": ("✓", "good", "decided", "the interval lies inside the supported region"),
    "refuted": ("✗", "bad", "decided", "the interval lies inside the refuted region"),
    "partly": ("◐", "mixed", "decided", "of several things that are claimed some hold and others do not"),
    "borderline": ("≈", "mixed", "undecided", "the interval lies in the gap between the two regions"),
    "inconclusive": ("?", "mixed", "undecided", "the interval is too wide to tell; more units would help"),
    "no power": (
        "∅",
        "mixed",
        "undecided",
        "a control did not come out as it must, so the rule could not have told",
    ),
    "indicative": ("~", "info", "undecided", "from short runs and few seeds; never counted"),
    "not decided at this scale": ("–", "plain", "undecided", "this scale is too small to decide"),
    "error": ("!", "bad", "undecided", "the claim could not be checked"),
    "not testable": ("⊘", "plain", "not testable", "no experiment can decide it; its reason is given"),
    "pending": ("…", "plain", "pending", "its experiment is not built, or its runs are not in yet"),
}
GROUPS = ("decided", "undecided", "not testable", "pending")
UNKNOWN = ("•", "plain", "undecided", "")
ID = re.compile(r"\b[a-z]+\d*-f?\d+\b")
NOT_RUN = "not run"
SET = {
    "inventory": "set by the inventory",
    "ours": "set by us",
    "after seeing data": "set after seeing data",
}
SCALES = {"linear": "", "none": "", "": ""}


def text(value: object) -> str:
    """Escape a value for HTML; None becomes the empty string."""
    return "" if value is None else escape(str(value))


def linked(words: object, known: Collection[str]) -> str:
    """Escaped text in which the ids of known claims lead to their sections."""
    return ID.sub(
        lambda found: f'<a href="#{found[0]}">{found[0]}</a>' if found[0] in known else found[0], text(words)
    )


def badge(word: str | None, said: str | None = None) -> str:
    """A verdict as a coloured badge with a symbol and its word, or with what is said instead."""
    word = word or "none"
    symbol, tone, _, _ = VERDICTS.get(word, UNKNOWN)
    mark = f'<span aria-hidden="true">{symbol}</span>'
    return f'<span class="badge {tone}">{mark}&nbsp;{text(said or word)}</span>'


def in_words(claim: dict) -> str:
    """The verdict of a claim and, where that is not all of one kind, how many of its parts bear it out."""
    word, found = claim.get("verdict") or "none", claim.get("counts") or {}
    many = found.get("of", 0)
    fails = word == "refuted"
    share = found.get("refuted" if fails else "supported", 0)
    if word not in ("supported", "refuted", "partly") or many < 2 or share == many:
        return word
    return f"{word}: {share} of {many} parts {'fail' if fails else 'hold'}"


def badge_of(claim: dict) -> str:
    """The badge of a claim, with its count."""
    return badge(claim.get("verdict"), in_words(claim))


def together(claim: dict) -> str:
    """Whether a verdict by intervals stands together with the others of its source (Holm)."""
    if claim.get("together") is None:
        return ""
    stands = "stands" if claim["together"] else "does not stand"
    return f"{stands} when all verdicts of its source may together be wrong 5 % of the time (Holm)"


def fallen(claim: dict) -> list[str]:
    """What it rests on and is decided otherwise than supported."""
    below = (claim.get("rests_on") or {}).items()
    return [id_ for id_, word in below if word != "supported" and group(word) in ("decided", "undecided")]


def rests_on(claim: dict) -> str:
    """What it follows from or shares its data with, each with its verdict, and which of them fell."""
    words = ", ".join(f"{id_} ({word})" for id_, word in (claim.get("rests_on") or {}).items())
    return words + (f"; not supported: {', '.join(names)}" if (names := fallen(claim)) else "")


def is_finding(claim: dict) -> bool:
    """Is it an error or a discrepancy that was found, rather than a claim of a source?"""
    return str(claim.get("id")).rpartition("-")[2].startswith("f")


def scale_of(claim: dict) -> str:
    """The scale that a claim was decided at, with whether its settings were reduced there."""
    if group(claim.get("verdict")) in ("pending", "not testable"):
        return NOT_RUN
    return f"{claim.get('scale')}, reduced" if claim.get("reduced") else str(claim.get("scale"))


def group(word: str | None) -> str:
    """The group that a verdict is counted in."""
    return VERDICTS.get(word or "", UNKNOWN)[2]


def finite(value: object) -> bool:
    """Whether a value is a number that can be drawn."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def number(value: object, spread: float | None = None) -> str:
    """A number with five digits, or with enough of them to show `spread`."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    digits = 5
    if finite(value) and value:
        size = math.floor(math.log10(abs(value)))
        if spread and math.isfinite(spread):
            digits = min(max(size - math.floor(math.log10(abs(spread))) + 2, 3), 10)
        digits = max(digits, size + 1) if size < 7 else digits
    return f"{value:.{digits}g}".replace("e-0", "e-").replace("e+0", "e+")


def measured(item: dict) -> str:
    """A value with its interval, if it has any width, and the number of units, as escaped text."""
    low, high = item.get("low"), item.get("high")
    has_interval = finite(low) and finite(high) and low < high
    spread = (high - low) if has_interval else None
    words = number(item.get("value"), spread)
    if has_interval:
        words += f" [{number(low, spread)}, {number(high, spread)}]"
    if item.get("n") is not None:
        words += f", n = {item['n']}"
    return text(words)


def extreme(part: dict) -> str:
    """Which row an exact value is, and of how many; what a counting rule counts; else nothing."""
    count = part.get("n") or 1
    if part.get("estimand") == "count" and finite(part.get("value")):
        return f", {round(part['value'] * count)} of {count}"
    if statistical(part) or count < 2:
        return ""
    unit = str((part.get("units") or [{}])[0].get("unit") or "")
    place = re.sub(r"\s*#\d+$", "", unit)
    return f", the {part.get('estimand')} of {count} rows" + (f", at {place}" if place else "")


def region(bounds: dict | None) -> str:
    """A region in words: "within 0.99 to 1.01", "below 3" or "above 3"."""
    said = []
    for key, bound in (bounds or {}).items():
        if isinstance(bound, list | tuple):
            bound = " to ".join(number(end) for end in bound)
        else:
            bound = number(bound)
        said.append(f"{key} {bound}")
    return " and ".join(said)


def plural(noun: str) -> str:
    """The plural of an English noun."""
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("ch", "sh", "s", "x")) else "s")


def statistical(part: dict) -> bool:
    """Whether a part is decided by an interval over units."""
    return (part.get("per") or "none") != "none"


def bound_of(part: dict, kind: str) -> str:
    """The supported or refuted region of a part in words; of a counting rule "at least 8 of 9"."""
    words = region(part.get(kind))
    if part.get("estimand") != "count" or not words:
        return words
    return f"{words.replace('above', 'at least').replace('below', 'at most')} of {part.get('out_of')}"


def _passing(part: dict) -> str:
    """What a unit that counts has."""
    return region(part["each"]).replace("above", "of at least").replace("below", "of at most")


def origin(part: dict) -> str:
    """Where the bound comes from, and who set it and when."""
    return f"{part['why']} ({SET[part['set']]})" if part.get("why") else ""


def distance(part: dict) -> str:
    """How far the interval is from the nearest edge of the supported region."""
    low, high = part.get("low"), part.get("high")
    if not by_interval(part) or not (finite(low) and finite(high)):
        return ""
    scale = part["transform"] if part.get("estimand") != "fraction" else "linear"
    found = half_widths(low, high, part["supported"], scale)
    if found is None:
        return ""
    return f"{abs(found):.2g} half-widths {'inside the interval' if found < 0 else 'from the interval'}"


def rule(part: dict) -> str:
    """The decision rule of a part in words."""
    if part.get("estimand") == "count":
        units = f"{plural(str(part.get('per')))} have a value {_passing(part)}"
        supports, refutes = (bound_of(part, kind) for kind in ("supported", "refuted"))
        never = "refuted by nothing, as what is not found may still exist."
        return f"Supported when {supports} {units}; " + (f"refuted when {refutes} do." if refutes else never)
    estimand, per, on = (part.get(key) or "" for key in ("estimand", "per", "transform"))
    estimand = estimand if estimand not in ("", "none") else "value"
    if not statistical(part):
        subject = f"the {estimand}"
    elif part.get("each"):
        subject = f"the 95 % interval of the share of {plural(per)} with a value {_passing(part)}"
    else:
        over = "" if "seed" in estimand else f" over {plural(per)}"
        subject = f"the 95 % interval of the {estimand}{over}"
    scale = SCALES.get(on, f" ({on} scale)") if statistical(part) else ""
    words = f"Supported when {subject}{scale} lies {region(part.get('supported')) or 'nowhere'}; "
    refuted = region(part.get("refuted"))
    return words + (f"refuted when it lies {refuted}." if refuted else "refuted when outside it.")
