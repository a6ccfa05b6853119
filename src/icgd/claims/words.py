"""Verdicts, rules and numbers in words: for the site, RESULTS.md and the terminal. Standard library only."""

import math
import re
from collections.abc import Iterable
from urllib.parse import quote

from icgd import dictionary
from icgd.claims.scales import by_interval, half_widths
from icgd.errors import IcgdError
from icgd.measures.request import parsed, predictors

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
SET = {
    "inventory": "set by the inventory",
    "ours": "set by us",
    "after seeing data": "set after seeing data",
}
LABELS = ("of", "measure", "subject", "reference", "tasks", "along", "over")  # of evidence
SEVERAL = "; several networks count with their mean loss"  # not said of a single one
EXTREMES = {"max": "largest: ", "min": "least: ", "median": "median over seeds: "}
FAR = 1.5  # a ratio to the published number beyond which ours does not reproduce it, either way


def in_words(claim: dict) -> str:
    """The verdict of a claim and, where that is not all of one kind, how many of its parts bear it out."""
    word, many = claim["verdict"], claim["counts"]["of"]
    fails = word == "refuted"
    share = claim["counts"]["refuted" if fails else "supported"]
    if word not in ("supported", "refuted", "partly") or many < 2 or share == many:
        return word
    return f"{word}: {share} of {many} parts {'fail' if fails else 'hold'}"


def together(claim: dict) -> str:
    """Whether a verdict by intervals stands after Holm, together with the others of its source."""
    if claim.get("together") is None:
        return ""
    stands = "stands" if claim["together"] else "does not stand"
    return f"{stands} after Holm, when all verdicts of its source may together be wrong 5 % of the time"


def fallen(claim: dict) -> list[str]:
    """What it rests on and is decided otherwise than supported."""
    below = (claim.get("rests_on") or {}).items()
    return [id_ for id_, word in below if word != "supported" and group(word) in ("decided", "undecided")]


def rests_on(claim: dict) -> str:
    """What it follows from or shares its data with, each with its verdict, and which of them fell."""
    words = ", ".join(f"{id_} ({word})" for id_, word in (claim.get("rests_on") or {}).items())
    return words + (f"; not supported: {', '.join(names)}" if (names := fallen(claim)) else "")


def written(word: str, known: Iterable[str]) -> str:
    """A claim or figure as its name is written: vo22-1 is vo22-01, and Fig. 4 is fig4."""
    word = re.sub(r"^fig(ure|\.)?\s*(?=\d)", "fig", word.strip().lower())
    padded = re.sub(r"(?<=-)(f?)(\d)$", r"\g<1>0\2", word)
    return padded if padded in known else word


def is_finding(claim: dict) -> bool:
    """Is it what we found ourselves, mostly an error or a discrepancy, rather than a claim of a source?"""
    return claim["id"].rpartition("-")[2].startswith("f")


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
    """A value with its interval, if it has any width, and the number of units."""
    low, high = item["low"], item["high"]
    has_interval = finite(low) and finite(high) and low < high
    spread = (high - low) if has_interval else None
    words = number(item["value"], spread)
    if has_interval:
        words += f" [{number(low, spread)}, {number(high, spread)}]"
    if item["n"] is not None:
        words += f", n = {item['n']}"
    return words


def counted(item: dict, part: dict) -> str:
    """What a counting rule counts of an item, "2 of 3"; of other rules nothing."""
    if part["estimand"] != "count" or not finite(item["value"]):
        return ""
    return f"{round(item['value'] * item['n'])} of {item['n']}"


def extreme(part: dict) -> str:
    """Which row an exact value is, and of how many; else nothing."""
    if has_units(part) or part["n"] < 2:
        return ""
    place = re.sub(r"\s*#\d+$", "", part["units"][0]["unit"])
    return f", the {part['estimand']} of {part['n']} rows" + (f", at {place}" if place else "")


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


def has_units(part: dict) -> bool:
    """Whether a part is decided on units, such as seeds, rather than on one exact value."""
    return part["per"] != "none"


def bound_of(part: dict, kind: str) -> str:
    """The supported or refuted region of a part in words; of a counting rule "at least 8 of 9"."""
    words = region(part.get(kind))
    if part["estimand"] != "count" or not words:
        return words
    return f"{words.replace('above', 'at least').replace('below', 'at most')} of {part['out_of']}"


def _passing(part: dict) -> str:
    """What a unit that counts has."""
    least = region(part["each"]).replace("above", "of at least").replace("below", "of at most")
    return f"{least} {unit(part, of_each=True)}".rstrip()


def origin(part: dict) -> str:
    """Where the bound comes from, and who set it and when."""
    return f"{part['why']} ({SET[part['set']]})" if part["why"] else ""


def distance(part: dict) -> str:
    """How far the interval is from the nearest edge of the supported region."""
    low, high = part["low"], part["high"]
    if not by_interval(part) or not (finite(low) and finite(high)):
        return ""
    scale = part["transform"] if part["estimand"] != "fraction" else "linear"
    found = half_widths(low, high, part["supported"], scale)
    if found is None:
        return ""
    many = f"{float(f'{abs(found):.2g}'):.6g}"
    return f"{many} half-widths {'inside the interval' if found < 0 else 'from the interval'}"


def rule(part: dict) -> str:
    """The decision rule of a part in words."""
    estimand, units, scale = part["estimand"], plural(part["per"]), part["transform"]
    if estimand == "count":
        units = f"{units} have a value {_passing(part)}"
        supports, refutes = (bound_of(part, kind) for kind in ("supported", "refuted"))
        never = "refuted by nothing, as what is not found may still exist."
        return f"Supported when {supports} {units}; " + (f"refuted when {refutes} do." if refutes else never)
    if not has_units(part):
        subject = f"the {estimand}"
    elif part.get("each"):
        subject = f"the 95 % interval of the share of {units} with a value {_passing(part)}"
    else:
        subject = f"the 95 % interval of the {estimand} over {units}"
    scale = f" ({scale} scale)" if has_units(part) and scale != "linear" else ""
    words = f"Supported when {subject}{scale} lies {region(part['supported'])}; "
    refuted = region(part.get("refuted"))
    return words + (f"refuted when it lies {refuted}." if refuted else "refuted when outside it.")


def of_measure(evidence: dict) -> str:
    """The dictionary's entry of the measure; nothing for numbers read off papers."""
    entry = dictionary.entry(evidence["of"], evidence["measure"])
    text = entry.text if entry else ""
    return text if " of " in (evidence.get("reference") or "") else text.removesuffix(SEVERAL)


def of_subject(subject: str, evidence: dict) -> str:
    """The dictionary's entry of a subject, with its fault."""
    entry = dictionary.entry(evidence["of"], evidence["measure"])
    if entry and subject in entry.subjects:
        return entry.subjects[subject]
    try:
        words = parsed(subject)
    except IcgdError:  # a subject of another place, or of an older rule
        return ""
    what = "weights set by hand: " * words.hand_set + predictors()[words.name]
    fault = f"{dictionary.faults()[words.fault].text}: {' '.join(words.size)}" if words.fault else ""
    return "; ".join(filter(None, (what, fault)))


def in_short(control: dict) -> str:
    """A control's subject, with what else it has in place of the rule's evidence."""
    others = [f"{key} {control[key]}" for key in LABELS if key != "subject" and control.get(key)]
    return ", ".join([str(control.get("subject")), *others])


def asked(part: dict) -> str:
    """What is measured, with the estimand, the share and the reference that belong to it."""
    words = _with_reference(part["evidence"])
    before = EXTREMES.get(part["estimand"], "")
    if before and not words.startswith(("Larg", "Least", "Highest", "Lowest")):
        words = before + (words[:1].lower() + words[1:] if words[1:2].islower() else words)
    if part["each"]:
        value = f"with a value {_passing(part)}: "
        where = words.removeprefix("1 if ") if part["each"] == {"above": 0.5} else words
        words = f"share of {plural(part['per'])} {'where ' if where != words else value}{where}"
    return words


def _with_reference(evidence: dict) -> str:
    """The dictionary's words for a measure, with what it is held against in them or after them."""
    words = of_measure(evidence).rstrip(".") or "read off the paper and its code"
    reference = evidence.get("reference") or ""
    if "reference" not in words or not reference:
        return words
    what = (of_subject(reference, evidence) or reference).split(" for the experiment's tasks")[0]
    if several := " of " in reference:
        what = reference
    if several or "reference's" in words or len(what) > 60:
        return f"{words}; reference: {what}"
    return words.replace("the reference", what)


def ours(part: dict) -> str:
    """Our value: a count, with its interval over units, or exact; a rounding error with two digits."""
    if has_units(part):
        return counted(part, part) or measured(part)
    value = part["value"]
    return f"{value:.2g}" if finite(value) and 0 < abs(value) < 1e-6 else number(value)


def unit(part: dict, of_each: bool = False) -> str:
    """The unit of a measured value, or of those of its units; ratios, cosines and shares have none."""
    entry = dictionary.entry(part["evidence"]["of"], part["evidence"]["measure"])
    return entry.unit if entry and (of_each or not part["each"]) else ""


def unlike(part: dict) -> str:
    """Why the published number cannot be held against ours, where it cannot."""
    of_count = f"{plural(part['per'])} that pass are counted here" * (part["estimand"] == "count")
    return part["published_unlike"] or of_count


def inside(part: dict) -> str:
    """Is the published number, as far as its digits go, in our interval: yes, no, or why nobody can say."""
    ends, there = (part["low"], part["high"]), part["published"]
    if not finite(there):
        return ""
    if unlike(part):
        return f"not comparable: {unlike(part)}"
    if not all(map(finite, ends)):
        return "not comparable: no interval here"
    rounding = part["published_rounding"]
    if ends[0] - rounding <= there <= ends[1] + rounding:
        return "yes"
    return "no" if ends[0] < ends[1] else "not comparable: exact here, without an interval"


def ratio(part: dict) -> float | None:
    """Our value over the published one, where they are alike and both above 0: else it has no meaning."""
    here, there = part["value"], None if unlike(part) else part["published"]
    return here / there if finite(here) and finite(there) and min(here, there) > 0 else None


def far(part: dict) -> bool:
    """Do the two differ by more than the factor FAR?"""
    times = ratio(part)
    return times is not None and not 1 / FAR <= times <= FAR


def text_fragment(url: str | None, ends: Iterable[str]) -> str:
    """A link that a browser opens at the passage between two strings of words; bare hyphens are syntax."""
    found = [quote(one, safe="").replace("-", "%2D") for one in ends if one]
    return f"{url}#:~:text={','.join(found)}" if url and found else url or ""
