"""The rule of a claim that waits: fixed before its runs have ended."""

from icgd.report.markup import pairs
from icgd.report.meaning import in_short, of_subject
from icgd.report.part import bound_rows, evidence_rows
from icgd.report.words import rule, text


def planned(claim: dict) -> str:
    """The rules of a pending claim, closed until they are asked for."""
    parts = claim.get("planned") or []
    if not parts:
        return ""
    shown = "".join(map(_part, parts))
    many = "1 part" if len(parts) == 1 else f"{len(parts)} parts"
    return f"<details><summary>Its rule, fixed already ({many})</summary>{shown}</details>"


def _part(part: dict) -> str:
    """One rule with its evidence and its controls."""
    rows = [("Rule", text(rule(part))), *bound_rows(part), *evidence_rows(part)]
    for must, term in (("refutes", "Must refute"), ("supports", "Must support")):
        rows.append((term, "; ".join(_control(each, part["evidence"]) for each in part["controls"][must])))
    name = f'<p class="label">{text(part["name"])}</p>' if part.get("name") else ""
    return f'<div class="part">{name}{pairs(rows)}</div>'


def _control(control: dict, evidence: dict) -> str:
    """A subject and what it is."""
    what = control.get("size") or of_subject(control["subject"], evidence)
    return f"<code>{text(in_short(control))}</code> {text(what)}"
