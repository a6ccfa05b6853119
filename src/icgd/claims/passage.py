"""One passage of a source document: where it lies, what it says in our words, and which claims that is."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from icgd.claims.checks import check_keys
from icgd.errors import IcgdError, nearest

KEYS = ("from", "to", "sha256", "says", "claims", "reason")
DIGITS = 16  # of a passage's hash
# What is not built yet is a pending claim, and what cannot be is one that is not testable.
NO_REASON = re.compile(r"\b(scope|pending|not (yet )?built|untested)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Passage:
    """Characters ``start`` to ``end`` (exclusive) of a document; ``number`` counts from 1."""

    document: str
    number: int
    start: int
    end: int
    sha256: str
    says: str
    claims: tuple[str, ...]
    reason: str | None


def passage(values: dict, document: str, number: int, known: Iterable[str], where: str) -> Passage:
    """Check one passage by itself, against the ids that are known.

    Raises:
        IcgdError: a wrong key or value, an unknown claim, claims and reason both there or both missing.
    """
    if not isinstance(values, dict):
        raise IcgdError(f"{where} must be a mapping.")
    check_keys(values, KEYS, where)
    check_present(values, KEYS[:4], where)
    for key in ("from", "to"):
        if type(values[key]) is not int:
            raise IcgdError(f"{where}: {key} must be a whole number of characters, not {values[key]!r}.")
    if not re.fullmatch(rf"[0-9a-f]{{{DIGITS}}}", str(values["sha256"])):
        raise IcgdError(f"{where}: sha256 must be {DIGITS} hexadecimal digits in quotes.")
    if not (isinstance(values["says"], str) and values["says"].strip()):
        raise IcgdError(f"{where}: says must be what it says, in our words.")
    claims, reason = values.get("claims") or [], values.get("reason")
    if bool(claims) == bool(reason):
        raise IcgdError(f"{where} needs claims or a reason why there are none, one of the two.")
    _check_claims(claims, set(known), where)
    if reason and NO_REASON.search(reason):
        raise IcgdError(
            f"{where}: {reason!r} is no reason; register what it says as a claim, pending or not-testable."
        )
    says = " ".join(values["says"].split())
    return Passage(
        document, number, values["from"], values["to"], values["sha256"], says, tuple(claims), reason
    )


def check_start(passage: Passage, end: int, where: str) -> None:
    """A passage starts where the one before it ends, and is not empty."""
    if passage.start > end:
        raise IcgdError(f"{where}: a gap, characters {end} to {passage.start} are in no passage.")
    if passage.start < end:
        raise IcgdError(f"{where}: an overlap, characters {passage.start} to {end} are in two passages.")
    if passage.end <= passage.start:
        raise IcgdError(f"{where} ends at {passage.end} and starts at {passage.start}.")


def check_present(values: dict, needed: Iterable[str], where: str) -> None:
    """Every key that is needed."""
    for key in needed:
        if key not in values:
            raise IcgdError(f"{where} lacks {key!r}.")


def _check_claims(claims: list, known: set[str], where: str) -> None:
    """Registered claims, each once."""
    for id_ in claims:
        if id_ not in known:
            close = difflib.get_close_matches(str(id_), known, n=1)
            raise IcgdError(f"{where}: there is no claim {id_!r}; {nearest(id_, close or sorted(known)[:5])}")
    if len(set(claims)) < len(claims):
        raise IcgdError(f"{where} names a claim twice.")
