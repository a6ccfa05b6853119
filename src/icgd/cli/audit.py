"""`icgd audit CLAIM`: what is claimed, the verdict, the numbers, the rule, its controls, the figure."""

import argparse
import textwrap
from pathlib import Path

from icgd import paths
from icgd.claims import history
from icgd.files import read_json
from icgd.report.artefacts import command
from icgd.report.words import extreme, number, rule, statistical
from icgd.trail import record_of

WIDTH = 110
UNITS = 20  # values that are printed; the verdict file has all
FILES = 4  # the same for files


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which claim, at which scale. Standard library only: it answers in a fresh clone."""
    parser.add_argument("claim", help="id of a claim, such as vo22-17")
    parser.add_argument("--scale", default="full", choices=("smoke", "quick", "full"))


def run(parsed: argparse.Namespace) -> None:
    """Print the explanation of one committed or rebuilt verdict."""
    path = paths.verdict(parsed.scale, parsed.claim)
    verdict = read_json(path) if path.exists() else _without_rule(parsed.claim, parsed.scale, path)
    for line in lines(verdict):
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        print(textwrap.fill(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False) or "")


def _without_rule(claim: str, scale: str, path: Path) -> dict:
    """A claim that has no verdict file: pending, not testable, not built, or unknown."""
    from icgd.claims import registry
    from icgd.errors import IcgdError
    from icgd.report.planned import waiting

    found = registry.claim(claim)
    if found.decided:
        raise IcgdError(f"{path} is missing; `make audit CLAIM={claim} SCALE={scale}` builds it.")
    return waiting(found, scale)


def lines(verdict: dict) -> list[str]:
    """The explanation, line by line."""
    out = [f"{verdict['id']}  [{verdict['kind']}]  {verdict['where']}", f"  {verdict['says']}", ""]
    out.append(f"VERDICT ({verdict['scale']} scale): {verdict['verdict'].upper()}")
    for key in ("reason", "note", "reduced", "test"):
        if verdict.get(key):
            out.append(f"  {key}: {verdict[key]}")
    for part in verdict["parts"]:
        out += _part(part)
    for part in verdict.get("planned", []):
        plants = ", ".join(each["plant"] for kind in part["controls"].values() for each in kind)
        out += ["", f"rule fixed already: {part['name'] or 'the claim'}", f"  rule: {rule(part)}"]
        out += [f"  measure: {_measure(part['evidence'])}", f"  controls: {plants}"]
    scale, name = verdict["scale"], verdict["id"]
    out += ["", *(f"figure: figures/{scale}/{figure}.png" for figure in verdict["figures"])]
    out += _files(verdict)
    out += _history(name)
    if verdict["rebuild"]:
        out.append(f"decide again: python -m icgd decide {name} --scale {scale}")
        out.append(
            f"rebuild: make audit CLAIM={name} SCALE=quick (short runs); make check (all committed weights)"
        )
    return [*out, f"page: results/{scale}/audit/index.html#{name}"]


def _files(verdict: dict) -> list[str]:
    """The tables that it was decided on, and how each was made."""
    out = []
    for entry in verdict["inputs"][:FILES]:
        out.append(f"evidence: {entry['path']}  sha256 {entry['sha256'][:12]}")
        if record := record_of(Path(entry["path"])):
            begins = f"src/icgd/cli/{record['step']}.py at revision {record['revision']}"
            out.append(f"  made by: {command(record)}; code begins in {begins}")
    if len(verdict["inputs"]) > FILES:
        path = paths.verdict(verdict["scale"], verdict["id"])
        out.append(f"  and {len(verdict['inputs']) - FILES} more, listed in {path}")
    return out


def _part(part: dict) -> list[str]:
    """One rule with its numbers."""
    out = ["", f"part: {part['name'] or 'the claim'}  ->  {part['verdict']}"]
    out += [f"  {part['says']}"] if part["says"] else []
    out.append(f"  rule: {rule(part)}")
    out.append(f"  measured: {_value(part, part)}" + extreme(part))
    out.append(f"  measure: {_measure(part['evidence'])}")
    if part["published"] is not None:
        own = part["published_verdict"]
        also = f"; the paper's own seeds would be {own}" if own else ""
        out.append(f"  published: {number(part['published'])}{also}")
    if part.get("released") is not None:
        out.append(f"  released code: {number(part['released'])} ({part['released_from']})")
    out += _units(part)
    out += [f"  left out: {entry['unit']}, {entry['why']}" for entry in part["excluded"]]
    for control in part["controls"]:
        mark = "as it must" if control["ok"] else "WRONG"
        size = f" ({control['size']})" if control["size"] else ""
        out.append(
            f"  control {control['plant']}{size}: must {control['must']}, came out {control['verdict']}"
            f" at {_value(control, part)}: {mark}"
        )
    return out


def _value(item: dict, part: dict) -> str:
    """A value, with its interval and the number of units where it has one."""
    if not statistical(part):
        return number(item["value"])
    value, low, high = (number(item[key]) for key in ("value", "low", "high"))
    return f"{value}  [{low}, {high}]  n = {item['n']}"


def _measure(evidence: dict) -> str:
    """Which column of which table, and where it is explained."""
    chosen = ", ".join(f"{key} = {value}" for key, value in (evidence.get("filter") or {}).items())
    over = f" over that of {evidence['over']}" if evidence.get("over") else ""
    where = f" where {chosen}" if chosen else ""
    table = f"table {evidence['table']} of {evidence['experiment']}"
    return f"{evidence['measure']}{over} in {table}{where}; words: docs/data-dictionary.md"


def _units(part: dict) -> list[str]:
    """Every unit, where there are several."""
    units = part["units"]
    if len(units) < 2:
        return []
    more = f", and {len(units) - UNITS} more" if len(units) > UNITS else ""
    shown = ", ".join(f"{unit['unit']} {number(unit['value'])}" for unit in units[:UNITS])
    return [f"  units: {shown}{more}"]


def _history(claim: str) -> list[str]:
    return [
        f"history: {row['date']}  {row['verdict']}  (rule {row['rule_hash']})  {row['reason']}"
        for row in history.lines()
        if row["claim"] == claim
    ]
