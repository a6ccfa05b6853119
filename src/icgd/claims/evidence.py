"""From a rule's evidence to numbers: what it asks for, where it is, which units, which left out and why."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from icgd import dictionary, paths
from icgd.claims.registry import Claim
from icgd.claims.rules import PUBLISHED, Evidence, Rule, of_networks
from icgd.config import Config
from icgd.errors import IcgdError, nearest
from icgd.files import read_table
from icgd.measures.request import COLUMNS, Request

LACKING = {  # why a seed does not count, by the measure that says so
    "both_converged": "one of the two networks has not converged",
    "has_plateau": "its loss has no plateau",
}


class Units(NamedTuple):
    """Values by unit, and units left out with the reason."""

    values: dict[str, float]
    excluded: dict[str, str]


def request(evidence: Evidence) -> Request:
    """The rows of a table that evidence is in."""
    return Request.of(dict(evidence))


def flag(rule: Rule) -> Evidence | None:
    """The measure of the trained network that says whether a seed counts, if one does."""
    if rule.units in ("all", "converged"):
        return None
    tasks = "history" if dictionary.measures()[rule.units].kind == "courses" else ""
    other = {"measure": rule.units, "subject": "network", "tasks": tasks, "along": ""}
    return rule.evidence.model_copy(update=other)


def requests(claims: Iterable[Claim]) -> dict[str, list[Request]]:
    """All that rules and controls of claims ask of each experiment."""
    found: dict[str, set[Request]] = {}
    for rule in (part for claim in claims for part in claim.parts):
        asked = [*rule.asked(), *filter(None, [flag(rule)])]
        if rule.evidence.over:
            asked.append(rule.evidence.model_copy(update={"of": rule.evidence.over}))
        for evidence in filter(lambda one: of_networks(one.of), asked):
            found.setdefault(evidence.of, set()).add(request(evidence))
    return {of: sorted(asked) for of, asked in found.items()}


def table(of: str, scale: str) -> Path:
    """The table that has the rows of an experiment, or of a name of statements."""
    if of == PUBLISHED:
        return paths.NUMBERS
    folder = paths.RESULTS / scale
    return folder / "statements" / f"{of}.csv" if of in dictionary.tables() else folder / of / "measures.csv"


def files(claim: Claim, scale: str) -> list[Path]:
    """All tables that a claim's verdict depends on."""
    names = {name for part in claim.parts for name in (part.evidence.of, part.evidence.over) if name}
    return sorted(table(name, scale) for name in names)


def units(rule: Rule, evidence: Evidence, config: Config, scale: str) -> Units:
    """Values of a rule's measure for its own evidence or that of a control."""
    if rule.per in ("none", "set"):
        return _parted(Units(_values(table(evidence.of, scale), request(evidence)), {}), rule, scale)
    ours = _parted(_by_seed(rule, evidence, config, scale), rule, scale)
    if not evidence.over:
        return ours
    theirs = _by_seed(rule, rule.evidence.model_copy(update={"of": evidence.over}), config, scale)
    both = {unit: value / theirs.values[unit] for unit, value in ours.values.items() if unit in theirs.values}
    excluded = {unit: f"other experiment: {why}" for unit, why in theirs.excluded.items()}
    return Units(both, excluded | ours.excluded)


def _parted(found: Units, rule: Rule, scale: str) -> Units:
    """The same without the units that the rule leaves out.

    Raises:
        IcgdError: there is no such unit at full scale; shorter runs have fewer.
    """
    known = {**found.values, **found.excluded}
    for unit in rule.without:
        if unit not in known and scale == "full":
            raise IcgdError(f"without names {unit!r}; {nearest(unit, known)}")
    left = {unit: value for unit, value in found.values.items() if unit not in rule.without}
    out = {unit: "left out by the rule" for unit in rule.without if unit in known}
    return Units(left, found.excluded | out)


def _by_seed(rule: Rule, evidence: Evidence, config: Config, scale: str) -> Units:
    """One value a training seed; those that have not converged, or whose flag is down, are left out."""
    path, counts, found = table(evidence.of, scale), flag(rule), Units({}, {})
    for unit in (f"seed {seed}" for seed in config.seeds(evidence.of, scale)):
        diverged = _rows(path).get(Request("diverged_at", "network"), {})
        if unit in diverged:
            found.excluded[unit] = f"diverged at step {diverged[unit]:.0f}"
        elif rule.units == "converged" and not _value(path, Request("converged", "network"), unit):
            loss = _value(path, Request("final_training_loss", "network"), unit)
            found.excluded[unit] = f"not converged: training loss {loss:.4f} over the last 500 steps"
        elif counts and not _value(path, request(counts), unit):
            found.excluded[unit] = LACKING.get(rule.units, f"{rule.units.replace('_', ' ')}: no")
        else:
            found.values[unit] = _value(path, request(evidence), unit)
    return found


def _value(path: Path, asked: Request, unit: str) -> float:
    found = _values(path, asked)
    if unit not in found:
        raise IcgdError(f"{path} has no {unit!r} of {asked.measure} of {asked.subject}; rebuild it.")
    return found[unit]


def _values(path: Path, asked: Request) -> dict[str, float]:
    """Values by unit of what is asked for."""
    found = _rows(path).get(asked)
    if found is None:
        words = ", ".join(f"{key} {value!r}" for key, value in asked._asdict().items() if value)
        raise IcgdError(f"{path} has no row with {words}; rebuild it, or mend the claim's evidence.")
    return found


def _rows(path: Path) -> dict[Request, dict[str, float]]:
    """A whole table: values by unit, by request; read once as long as it is the same file."""
    return _read(path, *((path.stat().st_ino, path.stat().st_mtime_ns) if path.exists() else ()))


@cache
def _read(path: Path, *stamp: int) -> dict[Request, dict[str, float]]:
    found: dict[Request, dict[str, float]] = {}
    rows = _published() if path == paths.NUMBERS else read_table(path, COLUMNS)
    for row in rows:
        of_request = found.setdefault(Request.of(row), {})
        if row["unit"] in of_request:
            raise IcgdError(f"{path} has {row['measure']} of {row['unit']} twice; build it again.")
        of_request[row["unit"]] = float(row["value"])
    return found


def _published() -> Iterator[dict[str, str]]:
    """published/numbers.csv, whose columns are named otherwise, in the form of the other tables."""
    seen: Counter[tuple[str, str]] = Counter()
    for row in read_table(paths.NUMBERS, ("measure", "plant", "case", "value")):
        name = row["measure"], row["plant"]
        subject = "statement" if row["plant"] == "none" else re.sub(r"_(\d+)$", r" \1", row["plant"])
        unit, seen[name] = f"{row['case']} #{seen[name]}", seen[name] + 1
        labels = {"measure": row["measure"], "subject": subject, "reference": "", "tasks": "", "along": ""}
        yield {"unit": unit, **labels, "value": row["value"]}
