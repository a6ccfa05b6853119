"""The ledger: what was published, what the released code gives, what came out here."""

from icgd.report.words import badge, finite, measured, number, statistical, text

INSIDE = "Published inside our interval"
COLUMNS = ("Claim", "Published", "Released code", "Here", INSIDE, "Here / published", "Verdict")
FAR = 1.5  # a ratio beyond which a number is marked as not reproduced, either way


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
here, with its 95 % interval over the units it rests on. "Supported" is about a bound, not about the
number: {_told(rows(verdicts))}.</p>
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
    verdict = badge(part.get("verdict"))
    return (
        f'<tr><th scope="row"><a href="#{name}">{name}</a> {what}<br>{where}</th>'
        f"<td>{text(number(part.get('published')))}</td><td>{_released(part)}</td>"
        f"<td>{here}</td><td>{text(inside(part))}</td><td>{_ratio(part)}</td><td>{verdict}</td></tr>"
    )


def inside(part: dict) -> str:
    """Is the published number inside our interval: yes, no, or why the two cannot be compared."""
    ends = part.get("low"), part.get("high")
    if not finite(part.get("published")):
        return ""
    if part.get("published_unlike"):
        return f"not comparable: {part['published_unlike']}"
    if not all(map(finite, ends)):
        return "not comparable: no interval here"
    if ends[0] == ends[1] and ends[0] != part["published"]:
        return "not comparable: exact here, without an interval"
    return "yes" if ends[0] <= part["published"] <= ends[1] else "no"


def ratio(part: dict) -> float | None:
    """Our value over the published one, where both are and the latter is not 0."""
    here, there = part.get("value"), part.get("published")
    return here / there if finite(here) and finite(there) and there else None


def far(part: dict) -> bool:
    """Do the two differ by more than the factor FAR?"""
    found = ratio(part)
    return found is not None and not 1 / FAR <= found <= FAR


def _ratio(part: dict) -> str:
    found = ratio(part)
    words = "–" if found is None else f"{found:.3g}"
    return f"<b>{words}</b>" if far(part) else words


def _told(listed: list[tuple[dict, dict]]) -> str:
    """The ledger in one sentence."""
    words = [inside(part).partition(":")[0] for _, part in listed if finite(part.get("published"))]
    yes, no, other = (words.count(word) for word in ("yes", "no", "not comparable"))
    apart = sum(far(part) for _, part in listed)
    return (
        f"of {len(words)} published numbers {yes} lie inside our interval, {no} do not, and {other} cannot "
        f"be compared with it; {apart} differ from ours by more than a factor of {FAR} (bold)"
    )


def _released(part: dict) -> str:
    """The released code's value and where it is from."""
    if part.get("released") is None:
        return "–"
    source = f'<br><span class="where">{text(part.get("released_from"))}</span>'
    return text(number(part["released"])) + source
