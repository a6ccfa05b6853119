"""What is not registered, and why: passages that make no claim, entries that nothing can test."""

from collections.abc import Iterable
from pathlib import Path

from icgd.claims.coverage import Document, Passage
from icgd.report.coverage import address
from icgd.report.words import text


def unregistered(documents: tuple[Document, ...], verdicts: list[dict]) -> str:
    """The section: passages document by document, then what is registered but has no test."""
    open_ = [claim for claim in verdicts if claim.get("verdict") == "not testable"]
    count = sum(not part.claims for each in documents for part in each.passages)
    return f"""<section id="unregistered" aria-labelledby="unregistered-title" tabindex="-1">
<h2 id="unregistered-title">Not registered, and why</h2>
<p>{count} passages of the {len(documents)} documents make no claim; {len(open_)} registered claims cannot be
tested. Each has its reason.</p>
{"".join(_document(each) for each in documents)}
{_untested(open_)}
</section>"""


def _document(document: Document) -> str:
    """The passages of one document that make no claim."""
    parts = [part for part in document.passages if not part.claims]
    if not parts:
        return ""
    return _closed(f"{text(Path(document.name).stem)}: {_many(len(parts), 'passage')}", map(_passage, parts))


def _passage(part: Passage) -> str:
    """One passage: what it says, why that is no claim, and where it stands."""
    where = f'<a href="#{address(part)}">characters {part.start} to {part.end}</a>'
    return f"<li>{text(part.says)} <b>{text(part.reason)}</b> ({where})</li>"


def _untested(claims: list[dict]) -> str:
    """Claims without a test."""
    if not claims:
        return ""
    rows = (
        f'<li><a href="#{text(claim.get("id"))}">{text(claim.get("id"))}</a> {text(claim.get("says"))} '
        f"<b>{text(claim.get('reason'))}</b></li>"
        for claim in claims
    )
    return _closed(f"Not testable: {_many(len(claims), 'claim')}", rows)


def _closed(title: str, rows: Iterable[str]) -> str:
    return f"<details><summary>{title}</summary><ul>{''.join(rows)}</ul></details>"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
