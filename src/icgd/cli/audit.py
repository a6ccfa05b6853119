"""`icgd audit CLAIM`: what is claimed, the verdict, the numbers, the rule, its controls, the figure."""

import argparse
from pathlib import Path

from icgd import paths
from icgd.claims import history
from icgd.files import read_json
from icgd.report.words import number, rule

WIDTH = 100


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which claim, at which scale. Standard library only: it answers in a fresh clone."""
    parser.add_argument("claim", help="id of a claim, such as vo22-17")
    parser.add_argument("--scale", default="full", choices=("smoke", "quick", "full"))


def run(parsed: argparse.Namespace) -> None:
    """Print the explanation of one committed or rebuilt verdict."""
    path = paths.verdict(parsed.scale, parsed.claim)
    verdict = read_json(path) if path.exists() else _without_rule(parsed.claim, parsed.scale, path)
    for line in lines(verdict):
        print(line)


def _without_rule(claim: str, scale: str, path: Path) -> dict:
    """A claim that has no verdict file: pending, not testable, not built, or unknown."""
    from icgd.claims import registry, verdict
    from icgd.errors import IcgdError

    found = registry.claim(claim)
    if found.decided:
        raise IcgdError(f"{path} is missing; `make audit CLAIM={claim} SCALE={scale}` builds it.")
    return verdict.undecided(found, scale)


def lines(verdict: dict) -> list[str]:
    """The explanation, line by line."""
    out = [f"{verdict['id']}  [{verdict['kind']}]  {verdict['where']}", f"  {verdict['says']}", ""]
    out.append(f"VERDICT ({verdict['scale']} scale): {verdict['verdict'].upper()}")
    for key in ("reason", "note", "reduced", "test"):
        if verdict.get(key):
            out.append(f"  {key}: {verdict[key]}")
    for part in verdict["parts"]:
        out += _part(part)
    scale = verdict["scale"]
    out += [""] + [f"figure: figures/{scale}/{name}.png" for name in verdict["figures"]]
    out += [f"evidence: {entry['path']}  sha256 {entry['sha256'][:12]}" for entry in verdict["inputs"][:4]]
    if len(verdict["inputs"]) > 4:
        out.append(
            f"  and {len(verdict['inputs']) - 4} more, listed in {paths.verdict(scale, verdict['id'])}"
        )
    out += _history(verdict["id"])
    if verdict["rebuild"]:
        out.append(f"rebuild: {verdict['rebuild']}   page: results/{scale}/audit/index.html#{verdict['id']}")
    return out


def _part(part: dict) -> list[str]:
    """One rule with its numbers."""
    value, low, high = (number(part[key]) for key in ("value", "low", "high"))
    out = [
        "",
        f"part: {part['name'] or 'the claim'}  ->  {part['verdict']}",
        f"  {part['says']}" if part["says"] else "",
    ]
    out.append(f"  rule: {rule(part)}")
    out.append(f"  measured: {value}  [{low}, {high}]  n = {part['n']}")
    if part["published"] is not None:
        own = (
            f"; the paper's own seeds would be {part['published_verdict']}"
            if part["published_verdict"]
            else ""
        )
        out.append(f"  published: {number(part['published'])}{own}")
    if part.get("released") is not None:
        out.append(f"  released code: {number(part['released'])} ({part['released_from']})")
    out.append(
        "  units: " + ", ".join(f"{unit['unit']} {number(unit['value'])}" for unit in part["units"][:10])
    )
    out += [f"  left out: {entry['unit']}, {entry['why']}" for entry in part["excluded"]]
    for control in part["controls"]:
        mark = "as it must" if control["ok"] else "WRONG"
        size = f" ({control['size']})" if control["size"] else ""
        out.append(
            f"  control {control['plant']}{size}: must {control['must']}, came out {control['verdict']}"
            f" at {number(control['value'])} [{number(control['low'])}, {number(control['high'])}]: {mark}"
        )
    return [line for line in out if line or line == ""]


def _history(claim: str) -> list[str]:
    return [
        f"history: {row['date']}  {row['verdict']}  (rule {row['rule_hash']})  {row['reason']}"
        for row in history.lines()
        if row["claim"] == claim
    ]
