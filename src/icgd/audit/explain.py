"""`icgd audit CLAIM`: what is claimed, the verdict, the numbers, the rule, its controls, the figure.

Standard library only: it answers in a fresh clone, from committed results, without any package.
"""

import difflib
import re
import textwrap
from pathlib import Path

from icgd import paths, record
from icgd.audit import stale
from icgd.claims import history
from icgd.errors import IcgdError, nearest
from icgd.files import read_json
from icgd.report.ledger import inside
from icgd.report.meaning import LABELS, in_short, of_measure
from icgd.report.words import (
    distance,
    extreme,
    in_words,
    number,
    origin,
    rests_on,
    rule,
    statistical,
    together,
)

WIDTH = 110
UNITS, FILES = 20, 4  # values and files that are printed; the verdict has all
ENTRY = re.compile(r"^- id: (\S+)$(.*?)(?=^- |^#|\Z)", re.M | re.S)


def show(claim: str, scale: str) -> None:
    """Print the explanation of one committed or rebuilt verdict.

    Raises:
        IcgdError: no such claim, or no verdict on it yet.
    """
    known = entries()
    if claim not in known:
        close = difflib.get_close_matches(claim, known, n=1) or sorted(known)[:5]
        raise IcgdError(f"there is no claim {claim!r}; {nearest(claim, close)}")
    found = verdict(claim, scale)
    if found is None and not re.search(r"^  kind: (pending|not-testable)$", known[claim], re.M):
        at = f"results/{scale} has no verdict on {claim}"
        raise IcgdError(
            f"{at}; `make audit CLAIM={claim} SCALE={scale if scale != 'full' else 'quick'}` builds it."
        )
    for line in lines(found) if found else waiting(claim, known[claim]):
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        print(textwrap.fill(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False) or "")


def entries() -> dict[str, str]:
    """Every claim's entry in the registry, as its text."""
    files = [path for path in sorted(Path("claims").glob("*.yaml")) if path.name != "sources.yaml"]
    return {id_: text for path in files for id_, text in ENTRY.findall(path.read_text("utf-8"))}


def verdict(claim: str, scale: str) -> dict | None:
    """The newest verdict on a claim: decided alone, or with all others."""
    alone, everything = paths.verdict(scale, claim), paths.verdicts(scale)
    newest = max((path for path in (alone, everything) if path.exists()), key=_written, default=None)
    if newest is None or newest == alone:
        return read_json(alone) if newest else None
    return read_json(everything).get(claim)


def _written(path: Path) -> float:
    return path.stat().st_mtime


def waiting(claim: str, entry: str) -> list[str]:
    """A claim that has no rule, or none yet, as the registry has it."""
    kind = "NOT TESTABLE" if "kind: not-testable" in entry else "PENDING"
    return [claim, f"VERDICT: {kind}, as the registry says:", *entry.strip("\n").rstrip().split("\n")]


def lines(found: dict) -> list[str]:
    """The explanation, line by line."""
    scale, name = found["scale"], found["id"]
    out = [f"{name}  [{found['kind']}]  {found['where']}", f"  {found['says']}", ""]
    word, _, count = in_words(found).partition(":")
    out.append(f"VERDICT ({scale} scale): {word.upper()}" + (count and f":{count}"))
    out += [f"  {key}: {found[key]}" for key in ("reason", "note", "reduced", "test") if found.get(key)]
    out += [f"  with the others: {words}"] if (words := together(found)) else []
    out += [f"  rests on: {words}"] if (words := rests_on(found)) else []
    for part in found["parts"]:
        out += part_of(part)
    out += ["", *(f"figure: figures/{scale}/{figure}.png" for figure in found["figures"])]
    out += made(found["inputs"])
    out += [f"stale: {why}" for why in stale.reasons(found)] or ["nothing it rests on has changed since"]
    out += [
        f"history: {row['date']}  {row['verdict']}  (rule {row['rule_hash']})  {row['reason']}"
        for row in history.lines()
        if row["claim"] == name
    ]
    out.append(f"decide again: python -m icgd decide {name} --scale {scale}")
    out.append(
        f"rebuild: make audit CLAIM={name} SCALE=quick (short runs); make check (all committed weights)"
    )
    return [*out, f"page: results/{scale}/audit/index.html#{name}"]


def part_of(part: dict) -> list[str]:
    """One rule with its numbers."""
    out = ["", f"part: {part['name'] or 'the claim'}  ->  {part['verdict']}"]
    out += [f"  {part['says']}"] if part["says"] else []
    asked = ", ".join(f"{key} {part['evidence'][key]}" for key in LABELS if part["evidence"].get(key))
    out += [
        f"  rule: {rule(part)}",
        *([f"  why this bound: {origin(part)}"] if origin(part) else []),
        f"  measured: {value(part, part)}{extreme(part)}",
        *([f"  nearest bound: {distance(part)}"] if distance(part) else []),
        f"  evidence: {asked}",
    ]
    out.append(f"  measure: {of_measure(part['evidence'])}")
    if part["published"] is not None:
        own = part["published_verdict"]
        also = f"; the paper's own seeds would be {own}" if own else ""
        out.append(f"  published: {number(part['published'])}{also}")
        out.append(f"  published inside our interval: {inside(part)}")
    if part["released"] is not None:
        out.append(f"  released code: {number(part['released'])} ({part['released_from']})")
    if len(units := part["units"]) > 1:
        shown = ", ".join(f"{unit['unit']} {number(unit['value'])}" for unit in units[:UNITS])
        out.append(f"  units: {shown}" + (f", and {len(units) - UNITS} more" if len(units) > UNITS else ""))
    out += [f"  left out: {entry['unit']}, {entry['why']}" for entry in part["excluded"]]
    return out + [control_of(control, part) for control in part["controls"]]


def control_of(control: dict, part: dict) -> str:
    """A planted case and what became of it."""
    size = f" ({control['size']})" if control["size"] else ""
    came_out = f"came out {control['verdict']} at {value(control, part)}"
    mark = "as it must" if control["ok"] else "WRONG"
    return f"  control {in_short(control)}{size}: must {control['must']}, {came_out}: {mark}"


def value(item: dict, part: dict) -> str:
    """A value, with its interval and the number of units where it has one."""
    if not statistical(part):
        return number(item["value"])
    found, low, high = (number(item[key]) for key in ("value", "low", "high"))
    return f"{found}  [{low}, {high}]  n = {item['n']}"


def made(inputs: list[dict]) -> list[str]:
    """The tables that it was decided on, and how each was made."""
    out = []
    for entry in inputs[:FILES]:
        out.append(f"evidence: {entry['path']}  sha256 {entry['sha256'][:12]}")
        if found := record.of(entry["path"]):
            out.append(f"  made by: {' '.join(found['command'])} at revision {found['revision']}")
    return out + ([f"  and {len(inputs) - FILES} more, listed in the verdict"] if len(inputs) > FILES else [])
