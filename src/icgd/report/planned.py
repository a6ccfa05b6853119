"""The rule of a claim that waits: fixed before its runs have ended."""

from icgd.claims import verdict
from icgd.claims.registry import Claim
from icgd.report.markup import pairs
from icgd.report.part import evidence_rows, plants
from icgd.report.words import rule, text

WAITS = "its experiment is built and its rule fixed; its runs at full scale are not in yet"


def waiting(claim: Claim, scale: str) -> dict:
    """What is shown of a claim without a verdict, with the rule that waits for its runs."""
    found = {**verdict.undecided(claim, scale), "planned": []}
    if claim.planned:
        found |= {"planned": list(claim.planned.parts), "reason": WAITS}
    return found


def planned(claim: dict, tables: dict) -> str:
    """The rules of a pending claim, closed until they are asked for."""
    parts = claim.get("planned") or []
    if not parts:
        return ""
    shown = "".join(_part(part, tables) for part in parts)
    many = "1 part" if len(parts) == 1 else f"{len(parts)} parts"
    return f"<details><summary>Its rule, fixed already ({many})</summary>{shown}</details>"


def _part(part: dict, tables: dict) -> str:
    """One rule with its evidence and its controls."""
    known = plants(part, tables)
    rows = [("Rule", text(rule(part))), *evidence_rows(part, tables)]
    for must, term in (("refutes", "Must refute"), ("supports", "Must support")):
        rows.append((term, "; ".join(_control(each, known) for each in part["controls"].get(must, []))))
    name = f'<p class="label">{text(part["name"])}</p>' if part.get("name") else ""
    return f'<div class="part">{name}{pairs(rows)}</div>'


def _control(control: dict, known: dict[str, str]) -> str:
    """A plant and what it is."""
    return f"<code>{text(control['plant'])}</code> {text(control.get('size') or known.get(control['plant']))}"
