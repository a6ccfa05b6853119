"""One part of a claim: its rule, its numbers, every unit, the plot and the controls."""

from icgd.report.interval import plot
from icgd.report.markup import grid, pairs
from icgd.report.meaning import LABELS, in_short, of_measure, of_subject
from icgd.report.words import (
    badge,
    distance,
    extreme,
    finite,
    measured,
    number,
    origin,
    plural,
    rule,
    statistical,
    text,
)


def part_of(claim: dict, index: int) -> str:
    """The rule, the numbers, the plot, every unit and the controls of one part."""
    part, body = claim["parts"][index], []
    if len(claim["parts"]) > 1 or part.get("name"):
        name = text(part.get("name")) or f"Part {index + 1}"
        body.append(f"<h4>{name} {badge(part.get('verdict'))}</h4>")
    if part.get("says"):
        body.append(f"<p>{text(part['says'])}</p>")
    body.append(_numbers(part))
    drawing = plot(part)
    if drawing:
        body.append(f'<figure class="interval">{drawing}{_key(part)}</figure>')
    body.append(_units(part))
    body.append(_excluded(part))
    body.append(_controls(part, f"{text(claim.get('id'))}, part {index + 1}"))
    return f'<div class="part">{"".join(body)}</div>'


def _numbers(part: dict) -> str:
    """The rule, the value, the published value and where the numbers come from."""
    interval = "Value (95 % interval)" if statistical(part) else "Value"
    shown = measured(part if statistical(part) else {**part, "n": None})
    rows = [("Rule", text(rule(part))), *bound_rows(part), (interval, f"<b>{shown}</b>{text(extreme(part))}")]
    if part.get("published") is not None:
        rows.append(("Published", text(number(part["published"]))))
    if part.get("released") is not None:
        source = f' <span class="where">{text(part.get("released_from"))}</span>'
        rows.append(("Released code", text(number(part["released"])) + source))
    if part.get("published_verdict"):
        values = ", ".join(text(number(v)) for v in part.get("published_values") or [])
        seeds = f" from {values}" if values else ""
        rows.append(("The paper's own seeds get", f"{badge(part['published_verdict'])}{seeds}"))
    return pairs([*rows, *evidence_rows(part)])


def bound_rows(part: dict) -> list[tuple[str, str]]:
    """Why the bound is where it is, and how far the interval is from it."""
    rows = [("Why this bound", text(origin(part))), ("Nearest bound", distance(part))]
    return [(term, words) for term, words in rows if words]


def evidence_rows(part: dict) -> list[tuple[str, str]]:
    """Where the units come from, and what the measure is."""
    evidence = part.get("evidence") or {}
    rows = [("Evidence", _evidence(evidence)), ("Measure", text(of_measure(evidence)))]
    return [(term, words) for term, words in rows if words]


def _evidence(evidence: dict) -> str:
    """What the units were asked for."""
    words = (f"{key} <code>{text(evidence[key])}</code>" for key in LABELS if evidence.get(key))
    return ", ".join(words)


def _key(part: dict) -> str:
    """What the signs of the plot mean."""
    dot = "dot: one unit, at 1 if it passes, else at 0" if part.get("each") else "dot: one unit"
    signs = [dot, "bar: 95 % interval", "shaded: supported"]
    if part.get("refuted"):
        signs.append("dashed outline: refuted")
    if part.get("published") is not None:
        signs.append("diamond: published")
    if part.get("controls"):
        signs.append("arrow: beyond the axis")
    scale = "log axis" if part.get("transform") == "log" else ""
    return f"<figcaption>{'; '.join(filter(None, [*signs, scale]))}.</figcaption>"


def _units(part: dict) -> str:
    """Every unit with its value, for whoever cannot point at the dots."""
    units = part.get("units") or []
    if len(units) < 2:
        return ""
    values = [unit["value"] for unit in units if finite(unit.get("value"))]
    spread = max(values) - min(values) if values else None
    listed = "".join(
        f"<li>{text(unit.get('unit'))}: {text(number(unit.get('value'), spread))}</li>" for unit in units
    )
    every = plural(str(part.get("per") or "unit"))
    return (
        f'<details><summary>All {len(units)} {text(every)}</summary><ul class="units">{listed}</ul></details>'
    )


def _excluded(part: dict) -> str:
    """The units that were left out, each with its reason."""
    listed = "".join(
        f"<li>{text(unit.get('unit'))}: {text(unit.get('why'))}</li>" for unit in part.get("excluded") or []
    )
    return f'<p class="label">Left out:</p><ul>{listed}</ul>' if listed else ""


def _controls(part: dict, owner: str) -> str:
    """The controls as a table: what each must do and what it did."""
    rows = []
    for control in part.get("controls") or []:
        passed = "✓ yes" if control.get("ok") else "✗ no"
        tone = "good" if control.get("ok") else "bad"
        cells = [
            text(control.get("must")),
            f"<code>{text(in_short(control))}</code>",
            text(control.get("size") or of_subject(str(control.get("subject")), part.get("evidence") or {})),
            badge(control.get("verdict")),
            measured(control if statistical(part) else {**control, "n": None}),
            f'<span class="ok {tone}">{passed}</span>',
        ]
        rows.append(cells)
    heads = ("Must", "Subject", "What it is", "Came out", "Value (interval)", "As it must?")
    caption = "Controls, decided by the same rule"
    return grid(f"Controls of {owner}", heads, rows, caption) if rows else ""
