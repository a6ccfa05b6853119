"""A rule of the registry: evidence, region, controls; its words are those of the data dictionary."""

import math
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from icgd import dictionary, paths
from icgd.claims.scales import bounds
from icgd.config import Block, Real, checked
from icgd.errors import IcgdError, nearest
from icgd.files import Written, read_table
from icgd.measures.request import parsed

PUBLISHED = "published"  # evidence of published/numbers.csv, read off papers
UNITS = ("mean", "median", "fraction", "count")
ESTIMANDS = {"training seed": UNITS, "restart": UNITS, "set": UNITS, "none": ("max", "min", "value")}
SHIFTED = ("inputs", "targets", "inputs_other", "targets_other", "context", "distractors")
FIRST_WORDS = {
    "tasks": ("", "fresh", "published", "history", "one_more_pair", "pairs", "held_out"),
    "along": ("", *SHIFTED, "roll_out", "path", "training", "layers", "positions", "lags", "eigenvalues"),
}


def _region(region: dict) -> dict:
    """A mapping within: [low, high], below: x or above: x, as it is."""
    key, bound = next(iter(region.items()), ("", None))
    ends = bound if key == "within" and isinstance(bound, list) else [bound]
    count = {"within": 2, "below": 1, "above": 1}.get(key)
    numbers = all(type(end) in (int, float, Written) and math.isfinite(end) for end in ends)
    right = len(ends) == count and numbers
    if not right or ends != sorted(set(ends)) or len(region) > 1:
        raise ValueError("must be one of within: [low, high], below: x, above: x")
    return region


Line = Annotated[str, AfterValidator(lambda text: " ".join(text.split()))]
Region = Annotated[dict[str, object], AfterValidator(_region)]


class Evidence(Block):
    """What a rule is decided on: a request of an experiment, or of a table of statements."""

    of: str = Field(description="an experiment or a table of statements")
    measure: str = Field(description="a measure of the data dictionary")
    subject: str = Field(default_factory=lambda known: "network" if of_networks(known["of"]) else "statement")
    reference: str = Field("", description="what the subject is held against")
    tasks: str = Field("", description="what it is measured on")
    along: str = Field("", description="an axis of the tasks, a roll-out, a path")
    over: str = Field("", description="an experiment whose network's values are divided by, seed by seed")


class Control(Block):
    """A case that the rule must refute or support: its evidence with another subject or more changed."""

    subject: str = Field(description="what stands in")
    size: str | None = Field(None, description="of a near miss: how large the fault is")
    measure: str | None = None
    reference: str | None = None
    tasks: str | None = None
    along: str | None = None

    @property
    def changes(self) -> dict[str, str]:
        """What it has in place of the rule's evidence."""
        return self.model_dump(exclude={"size"}, exclude_none=True)


class Controls(Block):
    """Something that the rule must refute and something that it must support."""

    refutes: tuple[Control, ...] = Field(min_length=1)
    supports: tuple[Control, ...] = Field(min_length=1)


class Published(Block):
    """What the source prints; its own seeds; what its code gives, and from where that is known."""

    value: Real | None = None
    seeds: tuple[Real, ...] | None = Field(None, min_length=1)
    unlike: Line | None = Field(None, pattern=r"\S", description="why the value cannot be held against ours")
    rounding: float = Field(0.0, exclude=True, description="half a unit of its last digit, as written")
    released: Real | None = None
    released_from: str | None = Field(None, alias="from", pattern=r"\S")

    @model_validator(mode="before")
    @classmethod
    def _rounded(cls, values: object) -> object:
        """Numbers with a point were rounded to their last digit; whole ones are counts, and exact."""
        found = values.get("value") if isinstance(values, dict) else None
        if not isinstance(found, Written) or not math.isfinite(found):
            return values
        last = Decimal(found.text.replace("_", "")).as_tuple().exponent
        return {**values, "rounding": float(Decimal(5).scaleb(last - 1))}


class Rule(Block):
    """How one part of a claim is decided."""

    name: str = ""
    says: str = ""
    evidence: Evidence
    per: Literal["training seed", "restart", "set", "none"]
    estimand: str = Field(default_factory=lambda known: ESTIMANDS[known["per"]][0])
    each: Region | None = Field(None, description="what a unit of a share or count must fulfil")
    out_of: int | None = Field(None, ge=1, description="of a count: the number of units that its bounds mean")
    transform: Literal["linear", "log", "log(1 - x)"] = "linear"
    units: str = Field("converged", description="all, converged, or a measure that says which seeds count")
    supported: Region
    refuted: Region | None = Field(
        None,
        description="all that is not supported, unless stated; of a count nothing: some exist",
    )
    without: tuple[str, ...] = Field((), description="units left out, as those that the rule was made from")
    why: Line = Field("", description="where the bound comes from")
    set: Literal["inventory", "ours", "after seeing data"] | None = Field(
        None, description="who set it, when"
    )
    published: Published = Published()
    controls: Controls

    def of(self, control: Control) -> Evidence:
        """What a control is decided on."""
        return self.evidence.model_copy(update=control.changes)

    def asked(self) -> Iterator[Evidence]:
        """The evidence of the rule and of each control."""
        yield self.evidence
        yield from map(self.of, (*self.controls.refutes, *self.controls.supports))


def of_networks(name: str) -> bool:
    """Is evidence of this name measured on trained networks?"""
    return name != PUBLISHED and name not in dictionary.tables()


def rule(values: object, where: str) -> Rule:
    """Check one rule.

    Raises:
        IcgdError: a wrong key or value, a word that no dictionary has, what does not go together.
    """
    if isinstance(values, dict) and values.get("name"):
        where = f"{where}, part {values['name']!r}"
    found = checked(Rule, values, where)
    _known(found.estimand, ESTIMANDS[found.per], f"{where}: estimand per {found.per} cannot be")
    _known(found.units, ("all", "converged", *dictionary.measures()), f"{where}: units cannot be")
    refuse(f"{where}: ", _contradictions(found))
    for evidence in found.asked():
        _check_words(evidence, where)
    return found


def _contradictions(rule: Rule) -> Iterator[tuple[bool, str]]:
    """What does not go together: is it so, and what would be right."""
    twice = len(set(rule.without)) < len(rule.without)
    shares, seeds = rule.estimand in ("fraction", "count"), rule.per in ("training seed", "restart")
    near = any(control.size for control in rule.controls.refutes)
    told = (rule.published.released is None) == (rule.published.released_from is None)
    regions = [bounds(region) for region in (rule.supported, rule.refuted) if region]
    yield (rule.each is not None) != shares, "each is what a unit that counts must fulfil; only there."
    yield len(regions) > 1 and _meet(*regions), "supported and refuted overlap; no value may lie in both."
    yield from _of_count(rule, regions)
    yield bool(rule.evidence.over) and not seeds, "over divides by another's seeds, so per is training seed."
    yield twice, "without names a unit twice."
    yield not near, "no control of refutes states its size; one must be a near miss."
    yield not told, "released and from go together: the released code's value, and where it is from."


def _of_count(rule: Rule, regions: list[tuple[float, float]]) -> Iterator[tuple[bool, str]]:
    """A counting rule says of how many units, and which numbers of them support and refute."""
    counts = rule.estimand == "count"
    yield (rule.out_of is not None) != counts, "out_of and estimand: count go together; 8 of 9 is out_of: 9."
    ends = [end for region in regions for end in region if math.isfinite(end)]
    whole = counts and all(end == int(end) and 0 <= end <= rule.out_of for end in ends)
    yield counts and not whole, f"a count is decided by whole numbers from 0 to {rule.out_of}."


def _meet(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return max(one[0], other[0]) <= min(one[1], other[1])


def refuse(place: str, problems: Iterable[tuple[bool, str]]) -> None:
    """Raise the first sentence whose condition holds."""
    for wrong, sentence in problems:
        if wrong:
            raise IcgdError(f"{place}{sentence}")


def _check_words(evidence: Evidence, where: str) -> None:
    """Is every word one of the data dictionary?"""
    of, measure = evidence.of, evidence.measure
    if of_networks(of):
        _known(measure, dictionary.measures(), f"{where}: there is no measure")
        for key, first in FIRST_WORDS.items():
            _known(getattr(evidence, key).partition(" ")[0], first, f"{where}: {key} cannot begin with")
        try:
            list(map(parsed, filter(None, (evidence.subject, evidence.reference))))
        except IcgdError as error:
            raise IcgdError(f"{where}: {error}") from error
    elif of == PUBLISHED:
        numbers = {row["measure"] for row in read_table(paths.NUMBERS)}
        _known(measure, numbers, f"{where}: {paths.NUMBERS} has no")
    else:
        entries = {entry.name: entry for entry in dictionary.statements().values() if entry.kind == of}
        _known(measure, entries, f"{where}: {of} has no measure")
        subjects = ("statement", *entries[measure].subjects)
        _known(evidence.subject, subjects, f"{where}: {measure} has no subject")


def _known(word: str, known: Collection[str], complaint: str) -> None:
    if word not in known:
        raise IcgdError(f"{complaint} {word!r}; {nearest(word, list(filter(None, known)))}")
