"""The registry: claims/*.yaml read and checked before anything runs."""

import dataclasses
import difflib
import hashlib
import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from icgd.claims.checks import check_controls, check_keys, check_published, check_region
from icgd.config import FIGURES
from icgd.errors import IcgdError, nearest
from icgd.files import read_yaml

FOLDER = Path("claims")
FINDINGS = "findings.yaml"  # entries about all sources, by the prefix of their ids
COVERAGE = "coverage"  # what the source documents say, passage by passage (coverage.py)
KINDS = ("identity", "measurement", "comparison", "documentary", "not-testable", "pending")
PER = ("training seed", "restart", "set", "none")
ESTIMANDS = {
    "training seed": ("mean", "median", "fraction"),
    "restart": ("mean", "median", "fraction"),
    "set": ("mean", "median", "fraction"),
    "none": ("max", "min", "value"),
}
SCALES_OF_VALUES = ("linear", "log", "log(1 - x)")
CLAIM_KEYS = ("id", "where", "says", "kind", "note", "reason", "test", "figures", "parts", "planned")
PART_KEYS = (
    "name", "says", "evidence", "per", "estimand", "each", "transform", "units", "supported", "refuted",
    "published", "controls",
)  # fmt: skip
RULE_KEYS = ("evidence", "per", "estimand", "each", "transform", "units", "supported", "refuted", "controls")
EVIDENCE_KEYS = ("experiment", "table", "measure", "filter", "over")


@dataclass(frozen=True)
class Claim:
    """One claim; ``parts`` are its rules (empty for pending and not-testable ones).

    ``planned`` is what a pending claim becomes when its runs have ended: its rule, fixed before them.
    """

    id: str
    source: str
    where: str
    says: str
    kind: str
    note: str | None
    reason: str | None
    test: str | None
    figures: tuple[str, ...]
    parts: tuple[dict, ...]
    planned: "Claim | None" = None

    @property
    def decided(self) -> bool:
        """Has it a rule?"""
        return bool(self.parts)

    @cached_property
    def rule_hash(self) -> str:
        """Hash of everything that the verdict is decided by."""
        rules = [{key: part.get(key) for key in RULE_KEYS} for part in self.parts]
        return _hash(rules)

    @cached_property
    def entry_hash(self) -> str:
        """Hash of the whole entry, words and published numbers included."""
        return _hash(self.fields)

    @property
    def fields(self) -> dict[str, object]:
        """What the entry says."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @property
    def finding(self) -> bool:
        """Is it an error or a discrepancy that we found, rather than a claim of a source?"""
        return self.id.rpartition("-")[2].startswith("f")


def _hash(value: object) -> str:
    known = json.dumps(value, sort_keys=True, default=lambda claim: claim.fields)
    return hashlib.sha256(known.encode()).hexdigest()[:12]


@cache
def sources() -> tuple[dict, ...]:
    """The source documents, in the order in which they are shown."""
    return tuple(read_yaml(FOLDER / "sources.yaml"))


@cache
def tables() -> dict:
    """The tables that evidence may name: their measures and plants (claims/tables.yaml)."""
    return read_yaml(FOLDER / "tables.yaml")


@cache
def of_source(source: str) -> dict[str, Claim]:
    """Claims of one source, checked, in the order of their numbers."""
    entry = next((s for s in sources() if s["id"] == source), None)
    if entry is None:
        raise IcgdError(f"there is no source {source!r}; {nearest(source, [s['id'] for s in sources()])}")
    path = FOLDER / entry["claims"]
    found: dict[str, Claim] = {}
    entries = [(path, values) for values in read_yaml(path) or []]
    entries += [(FOLDER / FINDINGS, values) for values in _findings().get(source, [])]
    for path, values in entries:
        claim = _claim(values, source, str(path))
        if claim.id in found:
            raise IcgdError(f"{path}: {claim.id} stands twice; ids are used once and for ever.")
        found[claim.id] = claim
    return dict(sorted(found.items(), key=lambda item: _place(item[1])))


@cache
def _findings() -> dict[str, list[dict]]:
    """Entries of findings.yaml by source: errors and discrepancies, ids such as vo22-f01."""
    found: dict[str, list[dict]] = {source["id"]: [] for source in sources()}
    for values in read_yaml(FOLDER / FINDINGS) or []:
        id_ = str(values.get("id")) if isinstance(values, dict) else str(values)
        source, _, number = id_.rpartition("-")
        if source not in found or not number.startswith("f") or not number[1:].isdigit():
            raise IcgdError(f"{FOLDER / FINDINGS}: {id_!r} is no id of a finding, such as vo22-f01.")
        if values.get("kind") != "documentary":
            raise IcgdError(f"{FOLDER / FINDINGS}, {id_}: a finding is of kind 'documentary'.")
        found[source].append(values)
    return found


def _place(claim: Claim) -> tuple[bool, int]:
    """Claims by their number, then findings by theirs."""
    return claim.finding, int(claim.id.rpartition("-")[2].removeprefix("f"))


@cache
def claims() -> dict[str, Claim]:
    """All claims of all sources, by id."""
    return {id_: claim for source in sources() for id_, claim in of_source(source["id"]).items()}


def registry_hash() -> str:
    """Hash of everything that the audit page shows of the registry."""
    covered = [path.read_text(encoding="utf-8") for path in sorted((FOLDER / COVERAGE).glob("*.yaml"))]
    return _hash([sources(), [claim.entry_hash for claim in claims().values()], covered, tables()])


def claim(id_: str) -> Claim:
    """One claim; reads only its source's file.

    Raises:
        IcgdError: no such claim; names the nearest.
    """
    source = id_.rpartition("-")[0]
    known = of_source(source) if source in {s["id"] for s in sources()} else claims()
    if id_ not in known:
        close = difflib.get_close_matches(id_, known, n=1)
        raise IcgdError(f"there is no claim {id_!r}; {nearest(id_, close or sorted(known)[:5])}")
    return known[id_]


def _claim(values: dict, source: str, where: str) -> Claim:
    """Check one entry."""
    if not isinstance(values, dict) or "id" not in values:
        raise IcgdError(f"{where}: an entry has no id.")
    where = f"{where}, {values['id']}"
    if not str(values["id"]).startswith(f"{source}-"):
        raise IcgdError(f"{where}: the id must start with {source!r} and a hyphen.")
    inline = {key: values[key] for key in PART_KEYS if key in values and key not in CLAIM_KEYS}
    check_keys(values, (*CLAIM_KEYS, *PART_KEYS), where)
    for key in ("where", "says", "kind"):
        if not isinstance(values.get(key), str):
            raise IcgdError(f"{where} lacks {key!r}, a text.")
    if values["kind"] not in KINDS:
        raise IcgdError(f"{where}: kind cannot be {values['kind']!r}; {nearest(values['kind'], KINDS)}")
    planned = values.get("planned")
    if planned is not None:
        if values["kind"] != "pending" or not isinstance(planned, dict):
            raise IcgdError(f"{where}: planned is the later kind and rule of a pending claim, a mapping.")
        rest = {key: value for key, value in values.items() if key not in ("planned", "test")}
        planned = _claim({**rest, **planned}, source, f"{where}, planned")
    parts = values.get("parts") or ([inline] if inline else [])
    _check_kind(values, parts, where)
    for figure in values.get("figures", ()):
        if figure not in FIGURES:
            raise IcgdError(f"{where}: there is no figure {figure!r}; {nearest(figure, FIGURES)}")
    return Claim(
        id=values["id"],
        source=source,
        where=" ".join(values["where"].split()),
        says=" ".join(values["says"].split()),
        kind=values["kind"],
        note=values.get("note"),
        reason=values.get("reason"),
        test=values.get("test"),
        figures=tuple(values.get("figures", ())),
        parts=tuple(_part(part, where) for part in parts),
        planned=planned,
    )


def _check_kind(values: dict, parts: list, where: str) -> None:
    """A kind has what it must have: a plan, a reason, or a rule."""
    kind = values["kind"]
    needed = {"pending": "test", "not-testable": "reason"}.get(kind)
    if needed and not values.get(needed):
        raise IcgdError(f"{where} is {kind} and lacks {needed!r}.")
    if needed and parts:
        raise IcgdError(f"{where} is {kind} but has a rule; name the kind that the rule decides.")
    if not needed and not parts:
        raise IcgdError(f"{where} is of kind {kind} but has no rule (evidence, supported, controls).")


def _part(part: dict, where: str) -> dict:
    """Check one rule; returns it with its defaults filled in."""
    where = f"{where}, part {part['name']!r}" if part.get("name") else where
    check_keys(part, PART_KEYS, where)
    for key in ("evidence", "per", "supported", "controls"):
        if key not in part:
            raise IcgdError(f"{where} lacks {key!r}.")
    evidence = part["evidence"]
    check_keys(evidence, EVIDENCE_KEYS, f"{where}, evidence")
    table = _table(evidence, where)
    per = part["per"]
    if per not in PER:
        raise IcgdError(f"{where}: per cannot be {per!r}; {nearest(per, PER)}")
    if "over" in evidence and per not in ("training seed", "restart"):
        raise IcgdError(f"{where}: over divides by another experiment's seeds, so per is training seed.")
    estimand = part.get("estimand", ESTIMANDS[per][0])
    if estimand not in ESTIMANDS[per]:
        raise IcgdError(
            f"{where}: estimand per {per} cannot be {estimand!r}; {nearest(estimand, ESTIMANDS[per])}"
        )
    transform = part.get("transform", "linear")
    if transform not in SCALES_OF_VALUES:
        raise IcgdError(f"{where}: transform cannot be {transform!r}; {nearest(transform, SCALES_OF_VALUES)}")
    if ("each" in part) != (estimand == "fraction"):
        raise IcgdError(
            f"{where}: each says what a unit of a fraction must fulfil; give it there and only there."
        )
    for region in ("each", "supported", "refuted"):
        if region in part:
            check_region(part[region], f"{where}, {region}")
    units = ("all", "converged", *table["measures"])
    if part.get("units", "all") not in units:
        raise IcgdError(f"{where}: units cannot be {part['units']!r}; {nearest(part['units'], units)}")
    check_controls(part["controls"], table["labels"]["plant"], where)
    check_published(part.get("published", {}), f"{where}, published")
    return {"name": "", "says": "", "estimand": estimand, "transform": "linear", "units": "converged", **part}


def _table(evidence: dict, where: str) -> dict:
    name, measure = table_key(evidence), evidence.get("measure")
    if name not in tables():
        raise IcgdError(f"{where}: there is no table {name!r}; {nearest(name, tables())}")
    table = tables()[name]
    if measure not in table["measures"]:
        raise IcgdError(
            f"{where}: table {name} has no measure {measure!r}; {nearest(measure, table['measures'])}"
        )
    for key, value in evidence.get("filter", {}).items():
        if key not in table["labels"]:
            raise IcgdError(f"{where}: table {name} has no column {key!r}; {nearest(key, table['labels'])}")
        if value not in table["labels"][key]:
            raise IcgdError(
                f"{where}: {key} is never {value!r} there; {nearest(value, table['labels'][key])}"
            )
    return table


def table_key(evidence: dict) -> str | None:
    """Entry of claims/tables.yaml: the table's name, or the folder's where it holds one table only."""
    names = [evidence.get("table"), evidence.get("experiment")]
    return next((name for name in names if name in tables()), names[0])
