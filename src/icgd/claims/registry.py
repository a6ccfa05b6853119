"""The registry: claims/*.yaml, read and checked before anything runs."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Literal, Optional

from pydantic import Field

from icgd import paths
from icgd.claims.rules import Line, Rule, of_networks, refuse, rule
from icgd.config import Block, Config, checked
from icgd.errors import IcgdError, nearest
from icgd.files import read_yaml

FINDINGS = "findings.yaml"  # entries about all sources, by the prefix of their ids
COVERAGE = "coverage"  # what the source documents say, passage by passage (coverage.py)
DECIDES = {"evidence", "per", "estimand", "each", "transform", "units", "supported", "refuted", "controls"}
NEWER = {"out_of", "without"}  # and these where they are given, so that rules without them keep their hashes


class Headline(Block):
    """The one part that says what the claim says; the others are shown beside it."""

    headline: str


class Passage(Block):
    """Where a paper says it: a section, and three plain words near each end of its sentence."""

    section: Line
    first: Line = Field(
        pattern=r"^\S+ \S+ \S+$", description="three words near its beginning, which stand there only"
    )
    last: Line = Field(
        pattern=r"^\S+ \S+ \S+$", description="three words near its end, the next such after those"
    )
    quoted: Literal["the paper", "the critique"] = Field(description="where these words were read")


class Claim(Block):
    """One claim; ``parts`` are its rules, none for pending and not-testable ones.

    ``planned`` is what a pending claim becomes when its runs have ended: its rule, fixed before them.
    """

    id: str
    source: str
    where: Line
    passage: Passage | None = Field(None, description="its sentence in the source, if that is a paper")
    unsaid: Line | None = Field(None, description="why no sentence of the paper says it, where none does")
    says: Line
    kind: Literal["identity", "measurement", "comparison", "documentary", "not-testable", "pending"]
    note: str | None = None
    reason: str | None = None
    test: str | None = None
    figures: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = Field((), description="claims that it follows from or shares its data with")
    combine: Literal["all", "any"] | Headline | None = Field(
        None, description="all (universal), any (existential), headline: <part>; several things if absent"
    )
    parts: tuple[Rule, ...] = ()
    planned: Optional["Claim"] = None

    @property
    def decided(self) -> bool:
        """Has it a rule?"""
        return bool(self.parts)

    @property
    def finding(self) -> bool:
        """Is it an error or a discrepancy that we found, rather than a claim of a source?"""
        return self.number[0]

    @property
    def number(self) -> tuple[bool, int]:
        """Its place in its source: claims by their number, then findings by theirs."""
        text = self.id.rpartition("-")[2]
        return text.startswith("f"), int(text.removeprefix("f"))

    @property
    def rule_hash(self) -> str:
        """Hash of everything that the verdict is decided by."""
        dumped = [part.model_dump(include=DECIDES | NEWER) for part in self.parts]
        parts = [{key: found for key, found in one.items() if key in DECIDES or found} for one in dumped]
        return _hash([*parts, self.model_dump(include={"combine"})] if self.combine else parts)

    @property
    def entry_hash(self) -> str:
        """Hash of the whole entry, words and published numbers included."""
        return _hash(self.model_dump())


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


@cache
def sources() -> tuple[dict, ...]:
    """The source documents, in the order in which they are shown."""
    return tuple(read_yaml(paths.MARK))


@cache
def claims() -> dict[str, Claim]:
    """All claims by id, source by source in the order of their numbers; then what we found in it."""
    found: dict[str, Claim] = {}
    for source in sources():
        own, path = paths.CLAIMS / source["claims"], paths.CLAIMS / FINDINGS
        made = [entry(values, source["id"], str(own)) for values in read_yaml(own, written=True) or []]
        made += [entry(values, source["id"], str(path)) for values in _findings()[source["id"]]]
        for each in sorted(made, key=lambda claim: claim.number):
            if each.id in found:
                raise IcgdError(f"{own}: {each.id} stands twice; ids are used once and for ever.")
            found[each.id] = each
    for each in found.values():
        refuse(f"{each.id} rests on ", _unfounded(each, found))
    return found


def _unfounded(claim: Claim, known: dict[str, Claim]) -> Iterator[tuple[bool, str]]:
    """It rests on claims that exist, and none of these on it."""
    for id_ in claim.rests_on:
        if id_ not in known:  # looking for the nearest takes 10 ms
            yield True, f"{id_!r}, and there is no such claim; {nearest(id_, known)}"
    yield claim.id in foundations(claim.id, known), "itself, by way of the claims that it rests on."


def foundations(id_: str, known: dict[str, Claim]) -> tuple[str, ...]:
    """All claims that one rests on, directly and through others."""
    found, ahead = {}, list(known[id_].rests_on)
    while ahead:
        if (at := ahead.pop(0)) not in found:
            found[at] = True
            ahead += known[at].rests_on
    return tuple(found)


def claim(id_: str) -> Claim:
    """One claim.

    Raises:
        IcgdError: no such claim; names the nearest.
    """
    if id_ not in claims():
        raise IcgdError(f"there is no claim {id_!r}; {nearest(id_, claims())}")
    return claims()[id_]


def decided(of: Iterable[str] | None = None) -> list[str]:
    """Ids of the claims with a rule, of some sources or of all.

    Raises:
        IcgdError: no such source.
    """
    known = [source["id"] for source in sources()]
    for wrong in set(of or ()) - set(known):
        raise IcgdError(f"sources: there is no {wrong!r}; {nearest(wrong, known)}")
    return [id_ for id_, one in claims().items() if one.decided and (of is None or one.source in of)]


@cache
def _findings() -> dict[str, list[dict]]:
    """Entries of findings.yaml by source: errors and discrepancies, ids such as vo22-f01."""
    path, found = paths.CLAIMS / FINDINGS, {source["id"]: [] for source in sources()}
    for values in read_yaml(path, written=True) or []:
        id_ = str(values.get("id")) if isinstance(values, dict) else str(values)
        source, _, number = id_.rpartition("-")
        if source not in found or not number.startswith("f") or not number[1:].isdigit():
            raise IcgdError(f"{path}: {id_!r} is no id of a finding, such as vo22-f01.")
        if values.get("kind") != "documentary":
            raise IcgdError(f"{path}, {id_}: a finding is of kind 'documentary'.")
        found[source].append(values)
    return found


def entry(values: object, source: str, where: str, waits: bool = False) -> Claim:
    """Check one entry; a claim of one rule has the rule's keys for its own; one that ``waits`` no why yet.

    Raises:
        IcgdError: says where, what is wrong and what would be right.
    """
    if not isinstance(values, dict) or "id" not in values:
        raise IcgdError(f"{where}: an entry has no id.")
    where = f"{where}, {values['id']}"
    if not str(values["id"]).startswith(f"{source}-"):
        raise IcgdError(f"{where}: the id must start with {source!r} and a hyphen.")
    own = {key: value for key, value in values.items() if key in Claim.model_fields}
    inline = {key: value for key, value in values.items() if key not in own}
    for key in set(inline) - set(Rule.model_fields):
        known = (*Claim.model_fields, *Rule.model_fields)
        raise IcgdError(f"{where} has unknown key {key!r}; {nearest(key, known)}")
    parts = tuple(rule(part, where) for part in own.get("parts") or ([inline] if inline else []))
    if planned := values.get("planned"):
        later = {key: value for key, value in own.items() if key not in ("planned", "test")}
        planned = entry({**later, **planned}, source, f"{where}, planned", waits=True)
    found = checked(Claim, {**own, "source": source, "parts": parts, "planned": planned}, where)
    refuse(f"{where} ", _contradictions(found))
    silent = next((part for part in found.parts if not (part.why and part.set)), None)
    lacks = "does not say why the bound is where it is, and who set it: why and set"
    refuse(f"{where} ", [(bool(silent) and not waits, f"{lacks}; part {silent and silent.name!r}.")])
    return found


def _contradictions(claim: Claim) -> Iterator[tuple[bool, str]]:
    """A kind has what it must have: a plan, a reason, or a rule."""
    kind, needed = claim.kind, {"pending": "test", "not-testable": "reason"}.get(claim.kind)
    yield bool(needed and not getattr(claim, needed)), f"is {kind} and lacks {needed!r}."
    yield bool(needed and claim.parts), f"is {kind} but has a rule; name the kind that the rule decides."
    yield not (needed or claim.parts), f"is of kind {kind} but has no rule (evidence, supported, controls)."
    names = [part.name for part in claim.parts]
    yield bool(claim.combine) and len(names) < 2, "has combine, which is for claims of several parts."
    wanted = claim.combine.headline if isinstance(claim.combine, Headline) else None
    yield bool(wanted) and names.count(wanted) != 1, f"has no part {wanted!r} for its headline."
    yield claim.planned is not None and kind != "pending", "has planned, the rule of a pending claim."
    yield bool(claim.passage and claim.unsaid), "has a passage, and unsaid, why it has none; one of the two."


def check(config: Config, figures: Iterable[str]) -> None:
    """Are there the experiments and figures that claims name?

    Raises:
        IcgdError: no such experiment or figure; names the nearest.
    """
    for each in claims().values():
        named = {name for part in each.parts for name in (part.evidence.of, part.evidence.over) if name}
        for name in filter(of_networks, named):
            try:
                config.named(name)
            except IcgdError as error:
                raise IcgdError(f"{each.id}: {error}") from error
        for name in set(each.figures) - set(figures):
            raise IcgdError(f"{each.id}: there is no figure {name!r}; {nearest(name, figures)}")


def registry_hash() -> str:
    """Hash of everything that the audit page shows of the registry."""
    covered = [path.read_text(encoding="utf-8") for path in sorted((paths.CLAIMS / COVERAGE).glob("*.yaml"))]
    return _hash([sources(), [each.entry_hash for each in claims().values()], covered])
