"""The section of one claim on the audit page."""

from urllib.parse import quote

from icgd.claims.coverage import stating
from icgd.report.artefacts import place
from icgd.report.background import Background
from icgd.report.coverage import stated
from icgd.report.interval import plot
from icgd.report.markup import grid, pairs
from icgd.report.words import badge, measured, number, rule, statistical, text


def section(claim: dict, background: Background) -> str:
    """Everything that the page says about one claim."""
    name = text(claim.get("id"))
    about = [
        background.by_id.get(claim.get("source"), {}).get("title") or claim.get("source"),
        claim.get("where"),
        claim.get("kind"),
        f"scale {claim['scale']}" if claim.get("scale") else None,
    ]
    body = [
        f"<h3>{name} {badge(claim.get('verdict'))}</h3>",
        f'<p class="says">{text(claim.get("says"))}</p>',
        f'<p class="where">{" · ".join(text(words) for words in about if words)}</p>',
        stated(stating(str(claim.get("id")), background.documents)),
        *_remarks(claim),
    ]
    parts = claim.get("parts") or []
    body += [_part(part, len(parts) > 1) for part in parts]
    body.append(_figures(claim, background.figures_url))
    body.append(_inputs(claim, background))
    body.append(_history(claim, background.history))
    if claim.get("rebuild"):
        body.append(f"<p>Rebuild it: <code>{text(claim['rebuild'])}</code></p>")
    body.append(
        f'<p class="back"><a href="#row-{name}">Back to the table'
        f'<span class="hidden"> from {name}</span></a></p>'
    )
    kind = "claim compact" if not parts else "claim"
    inner = "\n".join(filter(None, body))
    return f'<section id="{name}" class="{kind}" tabindex="-1">\n{inner}\n</section>'


def _remarks(claim: dict) -> list[str]:
    """Why the verdict is what it is, and what limits it."""
    labels = {
        "reason": "Reason",
        "note": "Note",
        "reduced": "Reduced against the paper",
        "test": "How it will be tested",
    }
    return [
        f'<p class="{key}"><strong>{label}:</strong> {text(claim[key])}</p>'
        for key, label in labels.items()
        if claim.get(key)
    ]


def _part(part: dict, several: bool) -> str:
    """The rule, the numbers, the plot and the controls of one part."""
    body = []
    if several or part.get("name"):
        name = text(part.get("name")) or "Part"
        body.append(f"<h4>{name} {badge(part.get('verdict'))}</h4>")
    if part.get("says"):
        body.append(f"<p>{text(part['says'])}</p>")
    body.append(_numbers(part))
    drawing = plot(part)
    if drawing:
        body.append(f'<figure class="interval">{drawing}{_key(part)}</figure>')
    body.append(_excluded(part))
    body.append(_controls(part))
    return f'<div class="part">{"".join(body)}</div>'


def _numbers(part: dict) -> str:
    """The rule, the value, the published value and where the numbers come from."""
    interval = "Value (95 % interval)" if statistical(part) else "Value"
    rows = [("Rule", text(rule(part))), (interval, f"<b>{measured(part)}</b>")]
    if part.get("published") is not None:
        rows.append(("Published", text(number(part["published"]))))
    if part.get("released") is not None:
        source = f' <span class="where">{text(part.get("released_from"))}</span>'
        rows.append(("Released code", text(number(part["released"])) + source))
    if part.get("published_verdict"):
        values = ", ".join(text(number(v)) for v in part.get("published_values") or [])
        seeds = f" from {values}" if values else ""
        rows.append(("The paper's own seeds", f"{badge(part['published_verdict'])}{seeds}"))
    evidence = part.get("evidence") or {}
    if evidence:
        rows.append(("Evidence", _evidence(evidence)))
    return pairs(rows)


def _evidence(evidence: dict) -> str:
    """The experiment, table, measure and filter that the units come from."""
    chosen = [f"{key} = {value}" for key, value in (evidence.get("filter") or {}).items()]
    words = [
        f"{key} <code>{text(evidence[key])}</code>"
        for key in ("experiment", "table", "measure", "over")
        if evidence.get(key)
    ]
    if chosen:
        words.append(f"where <code>{text(', '.join(chosen))}</code>")
    return ", ".join(words)


def _key(part: dict) -> str:
    """What the signs of the plot mean."""
    signs = ["dot: one unit", "bar: 95 % interval", "shaded: supported"]
    if part.get("refuted"):
        signs.append("dashed outline: refuted")
    if part.get("published") is not None:
        signs.append("diamond: published")
    if part.get("controls"):
        signs.append("arrow: beyond the axis")
    scale = "log axis" if part.get("transform") == "log" else ""
    return f"<figcaption>{'; '.join(filter(None, [*signs, scale]))}.</figcaption>"


def _excluded(part: dict) -> str:
    """The units that were left out, each with its reason."""
    listed = "".join(
        f"<li>{text(unit.get('unit'))}: {text(unit.get('why'))}</li>" for unit in part.get("excluded") or []
    )
    return f'<p class="label">Left out:</p><ul>{listed}</ul>' if listed else ""


def _controls(part: dict) -> str:
    """The controls as a table: what each must do and what it did."""
    rows = []
    for control in part.get("controls") or []:
        passed = "✓ yes" if control.get("ok") else "✗ no"
        tone = "good" if control.get("ok") else "bad"
        cells = [
            text(control.get("must")),
            f"<code>{text(control.get('plant'))}</code>",
            text(control.get("size")),
            badge(control.get("verdict")),
            measured(control),
            f'<span class="ok {tone}">{passed}</span>',
        ]
        rows.append(cells)
    heads = ("Must", "Plant", "Size", "Came out", "Value (interval)", "As it must?")
    return grid("Controls", heads, rows, "Controls, decided by the same rule") if rows else ""


def _figures(claim: dict, figures_url: str) -> str:
    """The figures that show the claim, each linked to its vector form."""
    drawn = []
    for name in claim.get("figures") or []:
        url, shown = text(f"{figures_url.rstrip('/')}/{quote(str(name))}"), text(name)
        drawn.append(
            f'<figure><a href="{url}.png"><img loading="lazy" src="{url}.png" '
            f'alt="Figure {shown}, which shows claim {text(claim.get("id"))}"></a>'
            f'<figcaption>{shown} (<a href="{url}.svg">{shown}.svg</a>)</figcaption></figure>'
        )
    return f'<div class="figures">{"".join(drawn)}</div>' if drawn else ""


def _inputs(claim: dict, background: Background) -> str:
    """The files that the verdict was computed from, with their hashes; how they were made is linked."""
    rows = "".join(
        f"<li>{place(str(given.get('path')), background.trail)} "
        f'<code class="hash">sha256 {text(given.get("sha256"))}</code></li>'
        for given in claim.get("inputs") or []
    )
    found = f"<ul>{rows}</ul>" if rows else "<p>No input files.</p>"
    if claim.get("rule_hash"):
        found = f'<p>Rule <code class="hash">{text(claim["rule_hash"])}</code></p>{found}'
    elif not rows:
        return ""
    count = len(claim.get("inputs") or [])
    return f"<details><summary>Rule hash and input files ({count})</summary>{found}</details>"


def _history(claim: dict, lines: list[dict]) -> str:
    """The verdicts that the claim has had, from the append-only file."""
    rows = [
        (
            text(line["date"]),
            badge(line["verdict"]),
            text(line["value"]),
            f'<code class="hash">{text(line["rule_hash"])}</code>',
            text(line["reason"]),
        )
        for line in lines
        if line["claim"] == claim.get("id")
    ]
    if not rows:
        return ""
    table = grid("History", ("Date", "Verdict", "Value", "Rule", "Why then"), rows)
    return f"<details><summary>History ({len(rows)})</summary>{table}</details>"
