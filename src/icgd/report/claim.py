"""The section of one claim on the audit page."""

from icgd.claims.coverage import stating
from icgd.report.artefacts import place
from icgd.report.background import Background
from icgd.report.chain import chain
from icgd.report.coverage import stated
from icgd.report.figures import picture
from icgd.report.markup import grid, pairs
from icgd.report.part import part_of
from icgd.report.planned import planned
from icgd.report.words import NOT_RUN, badge, badge_of, linked, rests_on, scale_of, text, together


def section(claim: dict, background: Background) -> str:
    """Everything that the page says about one claim."""
    name = text(claim.get("id"))
    about = [
        background.by_id.get(claim.get("source"), {}).get("title") or claim.get("source"),
        claim.get("where"),
        claim.get("kind"),
        scale_of(claim) if scale_of(claim) == NOT_RUN else f"scale {scale_of(claim)}",
    ]
    body = [
        f"<h3>{name} {badge_of(claim)}</h3>",
        f'<p class="says">{text(claim.get("says"))}</p>',
        f'<p class="where">{" · ".join(text(words) for words in about if words)}</p>',
        stated(stating(str(claim.get("id")), background.documents)),
        *_remarks(claim, background.known),
    ]
    body.append(planned(claim))
    parts = claim.get("parts") or []
    body += [part_of(claim, index) for index in range(len(parts))]
    body.append(_figures(claim, background.figures_url))
    rows = chain(claim, background.lineage)
    body.append(f'<div class="part"><h4>How it was made</h4>{pairs(rows)}</div>' if rows else "")
    body.append(_inputs(claim, background))
    body.append(_history(claim, background.history))
    body.append(
        f'<p class="back"><a href="#row-{name}">Back to the table'
        f'<span class="hidden"> from {name}</span></a></p>'
    )
    kind = "claim compact" if not parts else "claim"
    inner = "\n".join(filter(None, body))
    return f'<section id="{name}" class="{kind}" tabindex="-1">\n{inner}\n</section>'


def _remarks(claim: dict, known: frozenset[str]) -> list[str]:
    """Why the verdict is what it is, and what limits it."""
    claim = {**claim, "together": together(claim), "rests": rests_on(claim)}
    labels = {
        "reason": "Reason",
        "together": "With the others",
        "rests": "Rests on",
        "note": "Note",
        "reduced": "Reduced against the paper",
        "test": "How it will be tested",
    }
    return [
        f'<p class="{key}"><strong>{label}:</strong> {linked(claim[key], known)}</p>'
        for key, label in labels.items()
        if claim.get(key)
    ]


def _figures(claim: dict, figures_url: str) -> str:
    """The figures that show the claim, each linked to its vector form."""
    alt = f"which shows claim {claim.get('id')}"
    drawn = [
        f"<figure>{picture(str(name), figures_url, f'Figure {name}, {alt}')}</figure>"
        for name in claim.get("figures") or []
    ]
    return f'<div class="figures">{"".join(drawn)}</div>' if drawn else ""


def _inputs(claim: dict, background: Background) -> str:
    """The files that the verdict was computed from, with their hashes; how they were made is linked."""
    rows = "".join(
        f"<li>{place(str(given.get('path')), background.lineage)} "
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
    owner = f"History of {text(claim.get('id'))}"
    table = grid(owner, ("Date", "Verdict", "Value", "Rule", "Why then"), rows)
    return f"<details><summary>History ({len(rows)})</summary>{table}</details>"
