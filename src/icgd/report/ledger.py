"""The ledger: what was published, what the released code gives, what came out here."""

from icgd.report.findings import SAID
from icgd.report.words import badge, is_finding, measured, number, statistical, text

COLUMNS = ("Claim", "Published", "Released code", "Here", "Verdict")


def rows(verdicts: list[dict]) -> list[tuple[dict, dict]]:
    """(claim, part) for every part that has a published number or one of the released code."""
    return [
        (claim, part)
        for claim in verdicts
        for part in claim.get("parts") or []
        if part.get("published") is not None or part.get("released") is not None
    ]


def ledger(verdicts: list[dict]) -> str:
    """The section with the table."""
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    body = "\n".join(_row(claim, part) for claim, part in rows(verdicts))
    return f"""<section id="ledger" aria-labelledby="ledger-title" tabindex="-1">
<h2 id="ledger-title">Ledger</h2>
<p>Each number that a source prints, what its released code gives where that is another, and what came out
here, with its 95 % interval over the units it rests on.</p>
<div class="scroll" role="region" aria-labelledby="ledger-title" tabindex="0">
<table class="ledger">
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table>
</div>
</section>"""


def _row(claim: dict, part: dict) -> str:
    """One number."""
    name = text(claim.get("id"))
    what = text(part.get("name") or claim.get("says"))
    where = f'<span class="where">{text(claim.get("where"))}</span>'
    here = measured(part if statistical(part) else {**part, "n": None})
    word = part.get("verdict")
    verdict = badge(word, SAID.get(word) if is_finding(claim) else None)
    return (
        f'<tr><th scope="row"><a href="#{name}">{name}</a> {what}<br>{where}</th>'
        f"<td>{text(number(part.get('published')))}</td><td>{_released(part)}</td>"
        f"<td>{here}</td><td>{verdict}</td></tr>"
    )


def _released(part: dict) -> str:
    """The released code's value and where it is from."""
    if part.get("released") is None:
        return "–"
    source = f'<br><span class="where">{text(part.get("released_from"))}</span>'
    return text(number(part["released"])) + source
