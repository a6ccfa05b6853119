"""Coverage: what every passage of the source documents says, and which claims that is (claims/coverage)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from icgd.claims import registry
from icgd.claims.checks import check_keys
from icgd.claims.passage import DIGITS, Passage, check_present, check_start, passage
from icgd.errors import IcgdError
from icgd.files import read_yaml

FOLDER = registry.FOLDER / registry.COVERAGE
DOCUMENTS = Path("../shared/sources")  # the documents themselves are not part of the repository
KEYS = ("source", "characters", "sha256", "passages")


@dataclass(frozen=True)
class Document:
    """One source document, as passages without a gap."""

    name: str
    source: str
    characters: int
    sha256: str
    passages: tuple[Passage, ...]


@cache
def documents() -> tuple[Document, ...]:
    """All source documents with their passages in order, checked, in the order of the sources."""
    claims = registry.claims()
    expected = {name: source["id"] for source in registry.sources() for name in source["document"]}
    files = {_file(name) for name in expected}
    for path in sorted(set(FOLDER.glob("*")) - files):
        raise IcgdError(f"{path} is of no document that claims/sources.yaml names.")
    found = tuple(document(read_yaml(_file(name)), name, source, claims) for name, source in expected.items())
    check_named(found, claims)
    return found


def stating(claim: str, found: Iterable[Document]) -> tuple[Passage, ...]:
    """The passages that state a claim, document by document; none if no document does."""
    return tuple(part for each in found for part in each.passages if claim in part.claims)


def document(values: dict, name: str, source: str, claims: Iterable[str]) -> Document:
    """Check what one file of claims/coverage says about the document ``name``.

    Raises:
        IcgdError: a wrong key or value, a gap, an overlap, an unknown claim.
    """
    where = str(_file(name))
    if not isinstance(values, dict):
        raise IcgdError(f"{where} must be a mapping with the keys {', '.join(KEYS)}.")
    check_keys(values, KEYS, where)
    check_present(values, KEYS, where)
    if values["source"] != source:
        raise IcgdError(
            f"{where}: source is {values['source']!r}, but by claims/sources.yaml it is {source!r}."
        )
    if not (isinstance(values["passages"], list) and values["passages"]):
        raise IcgdError(f"{where}: passages must be a list.")
    passages, known = [], set(claims)
    for number, entry in enumerate(values["passages"], start=1):
        place = f"{where}, passage {number}"
        passages.append(passage(entry, name, number, known, place))
        check_start(passages[-1], passages[-2].end if number > 1 else 0, place)
    if passages[-1].end != values["characters"]:
        raise IcgdError(
            f"{where}: the last passage ends at {passages[-1].end}, but the document has "
            f"{values['characters']} characters."
        )
    return Document(name, source, values["characters"], values["sha256"], tuple(passages))


def check_named(found: Iterable[Document], claims: dict[str, registry.Claim]) -> None:
    """Every claim whose source is among the documents must be named by a passage of that source.

    Raises:
        IcgdError: a claim is not named.
    """
    names: dict[str, list[str]] = {}
    named: dict[str, set[str]] = {}
    for each in found:
        names.setdefault(each.source, []).append(str(_file(each.name)))
        named.setdefault(each.source, set()).update(id_ for part in each.passages for id_ in part.claims)
    for id_, claim in claims.items():
        if claim.source in named and not claim.finding and id_ not in named[claim.source]:
            raise IcgdError(f"no passage in {' or '.join(names[claim.source])} names claim {id_}.")


def compare(found: Document, text: str) -> None:
    """Hold the spans and hashes of a document against its text.

    Raises:
        IcgdError: another length or another hash; says which passage.
    """
    where = str(_file(found.name))
    if len(text) != found.characters:
        raise IcgdError(
            f"{where} covers {found.characters} characters, but the document has {len(text)}; "
            "another version of it?"
        )
    for part in found.passages:
        hash_ = _sha256(text[part.start : part.end])[:DIGITS]
        if hash_ != part.sha256:
            raise IcgdError(
                f"{where}, passage {part.number}: the hash of characters {part.start} to {part.end} "
                f"is {hash_}, not {part.sha256}; is the span right, or the document another?"
            )
    if _sha256(text) != found.sha256:
        raise IcgdError(f"{where}: the document's sha256 is {_sha256(text)}, not {found.sha256}.")


def compare_all() -> int:
    """Compare every document that is at hand; returns how many are."""
    paths = {each: DOCUMENTS / each.name for each in documents()}
    at_hand = {each: path for each, path in paths.items() if path.exists()}
    for each, path in at_hand.items():
        compare(each, path.read_bytes().decode("utf-8"))
    return len(at_hand)


def _file(name: str) -> Path:
    return FOLDER / f"{Path(name).stem}.yaml"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
