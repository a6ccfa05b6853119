"""Coverage: what every passage of the source documents says, and which claims that is (claims/coverage)."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from icgd import paths
from icgd.claims import registry
from icgd.claims.registry import Claim, Line
from icgd.claims.rules import refuse
from icgd.config import Block, Count, checked
from icgd.errors import IcgdError, nearest
from icgd.files import read_yaml, write_table

FOLDER = paths.CLAIMS / registry.COVERAGE
DOCUMENTS = Path("../shared/sources")  # the documents themselves are not part of the repository
DIGITS = 16  # of a passage's hash
WORDS = paths.CLAIMS / "passages.csv"  # how passages begin and end, for links into the documents
FIRST, LAST = 3, 2  # so many words of a passage's ends: with its neighbour's never six in a row
# What is not built yet is a pending claim, and what cannot be is one that is not testable.
NO_REASON = re.compile(r"\b(scope|pending|not (yet )?built|untested)\b", re.IGNORECASE)


class Passage(Block):
    """Characters ``start`` to ``end`` (exclusive) of a document; ``number`` counts from 1."""

    document: str
    number: int
    start: Count = Field(alias="from")
    end: Count = Field(alias="to")
    sha256: str = Field(pattern=rf"^[0-9a-f]{{{DIGITS}}}$")
    says: Annotated[Line, StringConstraints(pattern=r"\S")]
    claims: tuple[str, ...] = ()
    reason: str | None = None


class Document(Block):
    """One source document, as passages without a gap."""

    name: str
    source: str
    characters: Count
    sha256: str
    passages: tuple[Passage, ...] = Field(min_length=1)


@cache
def documents() -> tuple[Document, ...]:
    """All source documents with their passages in order, checked, in the order of the sources."""
    expected = {name: source["id"] for source in registry.sources() for name in source["document"]}
    for path in sorted(set(FOLDER.glob("*")) - {_file(name) for name in expected}):
        raise IcgdError(f"{path} is of no document that claims/sources.yaml names.")
    known = registry.claims()
    found = tuple(document(read_yaml(_file(name)), name, source, known) for name, source in expected.items())
    check_named(found, known)
    return found


def document(values: dict, name: str, source: str, known: Iterable[str]) -> Document:
    """Check what one file of claims/coverage says about the document ``name``.

    Raises:
        IcgdError: a wrong key or value, a gap, an overlap, an unknown claim.
    """
    where, end, passages = str(_file(name)), 0, []
    if not isinstance(values, dict):
        raise IcgdError(f"{where} must be a mapping.")
    for number, entry in enumerate(values.get("passages") or (), start=1):
        place = f"{where}, passage {number}"
        refuse(place, ((key not in entry, f" lacks {key!r}.") for key in ("from", "to")))
        passages.append(checked(Passage, {**entry, "document": name, "number": number}, place))
        refuse(place, _contradictions(passages[-1], end, known))
        end = passages[-1].end
    found = checked(Document, {**values, "name": name, "passages": passages}, where)
    other = f"source is {found.source!r}, but by claims/sources.yaml it is {source!r}."
    short = f"the last passage ends at {end}, but the document has {found.characters} characters."
    refuse(f"{where}: ", [(found.source != source, other), (end != found.characters, short)])
    return found


def _contradictions(passage: Passage, end: int, known: Iterable[str]) -> Iterator[tuple[bool, str]]:
    """It starts where the one before it ends, is not empty, and has claims that exist, or a reason."""
    start, claims, reason = passage.start, passage.claims, passage.reason
    yield start > end, f": a gap, characters {end} to {start} are in no passage."
    yield start < end, f": an overlap, characters {start} to {end} are in two passages."
    yield passage.end <= start, f" ends at {passage.end} and starts at {start}."
    yield bool(claims) == bool(reason), " needs claims or a reason why there are none, one of the two."
    for id_ in claims:
        if id_ not in known:  # looking for the nearest takes 10 ms
            yield True, f": there is no claim {id_!r}; {nearest(id_, known)}"
    yield len(set(claims)) < len(claims), " names a claim twice."
    good = not reason or not NO_REASON.search(reason)
    yield not good, f": {reason!r} is no reason; register what it says as a claim, pending or not-testable."


def check_named(found: Iterable[Document], claims: dict[str, Claim]) -> None:
    """Every claim whose source is among the documents must be named by a passage of that source.

    Raises:
        IcgdError: a claim is not named.
    """
    files: dict[str, list[str]] = {}
    for each in found:
        files.setdefault(each.source, []).append(str(_file(each.name)))
    named = {(each.source, id_) for each in found for part in each.passages for id_ in part.claims}
    for id_, claim in claims.items():
        if claim.source in files and not claim.finding and (claim.source, id_) not in named:
            raise IcgdError(f"no passage in {' or '.join(files[claim.source])} names claim {id_}.")


def compare(found: Document, text: str) -> None:
    """Hold the spans and hashes of a document against its text.

    Raises:
        IcgdError: another length or another hash; says which passage.
    """
    where, length, whole = _file(found.name), len(text), _sha256(text)
    other = f" covers {found.characters} characters, but the document has {length}; another version of it?"
    refuse(str(where), [(length != found.characters, other)])
    for part in found.passages:
        hash_ = _sha256(text[part.start : part.end])[:DIGITS]
        span = f"the hash of characters {part.start} to {part.end} is {hash_}, not {part.sha256}"
        wrong = f", passage {part.number}: {span}; is the span right, or the document another?"
        refuse(str(where), [(hash_ != part.sha256, wrong)])
    refuse(str(where), [(whole != found.sha256, f": the document's sha256 is {whole}, not {found.sha256}.")])


def ends(found: Document, text: str) -> list[dict[str, str]]:
    """A row for each passage: its first and its last words."""
    rows = []
    for part in found.passages:
        words = text[part.start : part.end].split()
        first, last = " ".join(words[:FIRST]), " ".join(words[FIRST:][-LAST:])
        rows.append({"document": found.name, "from": part.start, "first": first, "last": last})
    return rows


def write_ends() -> None:
    """Write these of every document that can be linked to, if all of them are at hand."""
    linked = {source["id"] for source in registry.sources() if source.get("url")}
    found = [(each, DOCUMENTS / each.name) for each in documents() if each.source in linked]
    if all(path.exists() for _, path in found):
        rows = [row for each, path in found for row in ends(each, path.read_bytes().decode("utf-8"))]
        write_table(WORDS, ("document", "from", "first", "last"), rows)


def compare_all() -> int:
    """Compare every document that is at hand; returns how many are."""
    at_hand = {each: DOCUMENTS / each.name for each in documents() if (DOCUMENTS / each.name).exists()}
    for each, path in at_hand.items():
        compare(each, path.read_bytes().decode("utf-8"))
    return len(at_hand)


def _file(name: str) -> Path:
    return FOLDER / f"{Path(name).stem}.yaml"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
