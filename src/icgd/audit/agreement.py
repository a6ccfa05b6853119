"""When a committed number and a rebuilt one count as the same."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from icgd import dictionary

LOOSE = (
    1e-3  # of curves and figures, which have roll-outs near divergence and losses far off; of searches' ends
)
REPEATED = 5e-5  # of loose numbers where the rebuild repeats the rest: less than a change of the fourth digit
ZERO = 1e-9  # what is smaller than this is the rounding of an identity, whichever digits it has
DIVERGED = 1e6  # of numbers above it only the order of magnitude is a fact
NOT_REPEATED = 0.002  # largest share of rows that differ at all where a rebuild computes as the committed one
SEARCHED = ("curves.csv", "optima.csv", "spectra-curves.csv")
LABELS = ("unit", "measure", "subject", "reference", "tasks", "along", "x", "parameter", "index")
Row = dict[str, str]


class Difference(NamedTuple):
    """Something that did not come out as committed."""

    where: str
    was: str
    now: str


class Tolerance(NamedTuple):
    """How far two numbers may be apart."""

    relative: float
    absolute: float = dictionary.ABSOLUTE
    diverging: bool = True  # is the order of magnitude enough above DIVERGED?


QUOTED = Tolerance(1e-9, 0, diverging=False)  # not computed by the rebuild


def repeats(tables: list[tuple[list[Row], list[Row]]]) -> bool:
    """Did a rebuild come out the same to the last digit, as it does on the same kind of processor?

    Then no rounding excuses a number that is off, however ill-conditioned it is. Another processor, or
    other threads, move more rows than this: every row that hangs on one search, or one table of identities.
    """
    rows = [old != new for was, now in tables for old, new in zip(was, now, strict=False)]
    return few(sum(rows), len(rows))


def few(differing: int, count: int) -> bool:
    """One, or a small share."""
    return differing <= max(1, NOT_REPEATED * count)


def compare_tables(path: Path, was: list[Row], now: list[Row], alike: bool = False) -> Iterator[Difference]:
    """Differences of two tables, row by row; ``alike``: the rebuild repeats nearly everything exactly."""
    if len(was) != len(now):
        yield Difference(str(path), f"{len(was)} rows", f"{len(now)} rows")
        return
    for index, (old, new) in enumerate(zip(was, now, strict=True), start=2):
        if old == new:
            continue
        tolerance = allowed(of_table(path, old.get("measure", "")), alike)
        label = " ".join(old[key] for key in LABELS if old.get(key))
        for name in dict.fromkeys([*old, *new]):
            pair = old.get(name, ""), new.get(name, "")
            if not agree(*pair, tolerance):
                yield Difference(f"{path} line {index} {name} ({label})", *pair)


def of_table(path: Path, measure: str) -> Tolerance:
    """Tolerance of the numbers of a table."""
    if path.name in SEARCHED or path.parts[0] == "figures":
        return Tolerance(LOOSE)
    return of_measure(path.stem if path.parent.name == "statements" else "", measure)


def of_measure(table: str, measure: str) -> Tolerance:
    """Tolerance of a measure of trained networks, or of a table of statements."""
    entry = dictionary.entry(table, measure)
    return Tolerance(entry.tolerance, entry.absolute) if entry else Tolerance(dictionary.TOLERANCE)


def allowed(loose: Tolerance, alike: bool, factor: float = 1) -> Tolerance:
    """What a tolerance comes to; nothing is excused where the rebuild repeats the rest."""
    if alike:
        return Tolerance(min(loose.relative, REPEATED), ZERO, diverging=False)
    return loose if loose.relative >= LOOSE else loose._replace(relative=loose.relative * factor)


def agree(was: str, now: str, tolerance: Tolerance) -> bool:
    """Equal text, or numbers within the tolerance."""
    if was == now:
        return True
    try:
        a, b = float(was), float(now)
    except ValueError:
        return False
    if tolerance.diverging and max(abs(a), abs(b)) > DIVERGED:
        return math.isclose(math.log(abs(a) + 1), math.log(abs(b) + 1), rel_tol=0.05)
    return math.isclose(a, b, rel_tol=tolerance.relative, abs_tol=tolerance.absolute)
