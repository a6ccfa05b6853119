"""The coverage: every passage of the source documents with its claims, or why it makes none."""

from pathlib import Path

from icgd.claims.coverage import Document, Passage
from icgd.report.markup import count_table
from icgd.report.words import badge, is_finding, text

COLUMNS = ("Document", "Characters", "Passages", "With claims", "With a reason", "Entries named")


def coverage(documents: tuple[Document, ...], verdicts: list[dict], sources: dict[str, dict]) -> str:
    """The section with the counts and every document, passage by passage."""
    words = {str(claim.get("id")): claim.get("verdict") for claim in verdicts}
    origins = {each.source for each in documents}
    own = [claim for claim in verdicts if claim.get("source") in origins and not is_finding(claim)]
    named = {id_ for each in documents for part in each.passages for id_ in part.claims}
    covered = sum(claim.get("id") in named for claim in own)
    titles = {name: source.get("title") or name for name, source in sources.items()}
    shown = "\n".join(_document(each, titles.get(each.source), words) for each in documents)
    return f"""<section id="coverage" aria-labelledby="coverage-title" tabindex="-1">
<h2 id="coverage-title">Coverage</h2>
<p>What the {len(documents)} source documents say, from the first character to the last and in our own
words, with the claims that each passage makes or the reason why there are none. The documents themselves
are not part of this repository. {covered} of the {len(own)} claims registered for them are named, and
{len(named) - covered} entries of other sources.</p>
{_counts(documents)}
{shown}
</section>"""


def stated(passages: tuple[Passage, ...]) -> str:
    """Where the documents state a claim: a line that opens to the passages."""
    if not passages:
        return ""
    items = "".join(
        f'<li><a href="#{address(part)}">{text(Path(part.document).stem)}, {_span(part)}</a>: '
        f"{text(part.says)}</li>"
        for part in passages
    )
    many = "1 passage" if len(passages) == 1 else f"{len(passages)} passages"
    return f"<details><summary>Where the documents state it ({many})</summary><ul>{items}</ul></details>"


def _counts(documents: tuple[Document, ...]) -> str:
    """A row for each document, and one for all of them."""
    numbers = [_numbers(each.passages) for each in documents]
    numbers.append(_numbers([part for each in documents for part in each.passages]))
    sizes = [each.characters for each in documents]
    names = [f'<a href="#{_id(each.name)}">{text(Path(each.name).stem)}</a>' for each in documents]
    cells = ((size, *found) for size, found in zip([*sizes, sum(sizes)], numbers, strict=True))
    return count_table("Counts by document", COLUMNS, zip([*names, "all"], cells, strict=True))


def _numbers(passages: list[Passage] | tuple[Passage, ...]) -> tuple[int, int, int, int]:
    """How many passages, how many with claims, how many with a reason, how many entries they name."""
    stating = sum(bool(part.claims) for part in passages)
    named = {id_ for part in passages for id_ in part.claims}
    return len(passages), stating, len(passages) - stating, len(named)


def _document(document: Document, title: str | None, words: dict[str, str | None]) -> str:
    """One document, closed until it is asked for."""
    name = text(Path(document.name).stem)
    items = "\n".join(_passage(part, words) for part in document.passages)
    return f"""<details id="{_id(document.name)}" class="document">
<summary><h3>{name}</h3> <span class="where">{text(document.source)}: {text(title)},
{len(document.passages)} passages</span></summary>
<ol class="entries passages">
{items}
</ol>
</details>"""


def _passage(part: Passage, words: dict[str, str | None]) -> str:
    """One passage: what it says, where it is, its claims with their verdicts or the reason."""
    claims = " ".join(_claim(id_, words) for id_ in part.claims)
    why = f"<p>{claims}</p>" if claims else f'<p class="where">No claim: {text(part.reason)}.</p>'
    said = f'{text(part.says)} <span class="where span">{_span(part)}</span>'
    return f'<li id="{address(part)}"><p>{said}</p>{why}</li>'


def _claim(id_: str, words: dict[str, str | None]) -> str:
    """A claim's id, leading to its section, with its verdict."""
    name = text(id_)
    shown = f'<a href="#{name}">{name}</a> {badge(words[id_])}' if id_ in words else name
    return f'<span class="named">{shown}</span>'


def _span(part: Passage) -> str:
    """Where a passage is."""
    return f"characters {part.start} to {part.end}"


def _id(name: str) -> str:
    """Anchor of a document."""
    return text(f"document-{Path(name).stem}")


def address(part: Passage) -> str:
    """Anchor of a passage."""
    return f"{_id(part.document)}-{part.number}"
