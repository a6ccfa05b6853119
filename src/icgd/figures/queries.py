"""What figures ask: each query names what the grid shall answer, the files it reads, and gives tidy rows."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles
from typing import ClassVar, NamedTuple

from icgd.figures.tables import Point, Tables, number
from icgd.measures.request import Request

END, ENDS = "end", "ends"  # places: the last step of training; step 0 and the last one
Place = float | str | tuple[float, ...]


class Row(NamedTuple):
    """One drawn point; the unit is empty where it belongs to no seed."""

    series: str
    source: str  # ours | published
    unit: str
    x: float
    y: float


@dataclass(frozen=True)
class Query:
    """Base of all queries: what one asks and reads follows from its fields."""

    kinds: ClassVar[tuple[str, ...]] = ("measures",)  # of files (`tables.files`)

    def asks(self) -> list[tuple[str, Request]]:
        """Requests to the grid, each with its experiment."""
        own = [(self.of, value) for value in vars(self).values() if isinstance(value, Request)]
        return own + [asked for query in getattr(self, "queries", ()) for asked in query.asks()]

    def reads(self) -> list[tuple[str, str]]:
        """Kinds of files, each with its experiment."""
        placed = getattr(self, "x", None) in (END, ENDS)
        own = [(kind, getattr(self, "of", "")) for kind in (*self.kinds, *["history"] * placed)]
        return own + [read for query in getattr(self, "queries", ()) for read in query.reads()]

    def rows(self, tables: Tables) -> list[Row]:
        """What is drawn."""
        raise NotImplementedError


def of_seeds(tables: Tables, of: str, series: str, seeds: str, points: Iterable[Point]) -> list[Row]:
    """Points of seeds as rows.

    Args:
        seeds: "states": every seed, in a series of its own state unless it converged; "mean": these and
            the mean of those that did; "median": and also their median and quartiles; "shown": the
            converged ones, or all where none has; "all"; "once": the first seed's, as no seed's own.
    """
    points, states = list(points), tables.seeds(of)
    if seeds == "once":
        return [Row(series, "ours", "", x, y) for unit, x, y in points if unit == points[0][0]]
    if seeds in ("all", "shown"):
        chosen = tables.shown(of) if seeds == "shown" else states
        return [Row(series, "ours", unit, x, y) for unit, x, y in points if unit in chosen]
    names = {unit: series if state == "converged" else f"{series}_{state}" for unit, state in states.items()}
    rows = [Row(names[unit], "ours", unit, x, y) for unit, x, y in points]
    return rows + together(rows, series, seeds)


def together(rows: list[Row], series: str, seeds: str) -> list[Row]:
    """Mean over the seeds of a series, place by place, NaN where one of them is; median and quartiles."""
    places: dict[float, list[float]] = {}
    for row in rows:
        if row.series == series and seeds in ("mean", "median"):
            places.setdefault(row.x, []).append(row.y)
    found = [(f"{series}_mean", x, sum(ys) / len(ys)) for x, ys in sorted(places.items())]
    if seeds == "median":
        for x, ys in sorted(places.items()):
            low, _, high = quantiles(ys, n=4, method="inclusive") if len(ys) > 1 else (*ys, *ys, *ys)
            found += [(f"{series}_median", x, median(ys)), *((f"{series}_band", x, y) for y in (low, high))]
    return [Row(name, "ours", "", x, y) for name, x, y in found]


def places(place: Place, tables: Tables, of: str) -> tuple[float, ...]:
    """Where on the axis."""
    if place in (END, ENDS):
        return (0.0, tables.last_step(of))[place == END :]
    return place if isinstance(place, tuple) else (place,)


@dataclass(frozen=True)
class Given(Query):
    """A curve in closed form."""

    kinds = ()
    series: str
    points: Mapping[float, float]

    def rows(self, tables: Tables) -> list[Row]:
        return [Row(self.series, "ours", "", x, y) for x, y in self.points.items()]


@dataclass(frozen=True)
class Curve(Query):
    """A curve that the grid answers."""

    kinds = ("curves", "measures")
    of: str
    request: Request
    series: str = "trained"
    seeds: str = "states"
    start: float = 0.0  # the x that is drawn at 0
    every: int | None = None  # only multiples of this

    def rows(self, tables: Tables) -> list[Row]:
        points = [(unit, x - self.start, y) for unit, x, y in tables.curve(self.of, self.request)]
        kept = [point for point in points if not self.every or point[1] % self.every == 0]
        return of_seeds(tables, self.of, self.series, self.seeds, kept)


@dataclass(frozen=True)
class Plane(Curve):
    """Values of a curve at 0 and at 1 against each other: a point a seed."""

    def rows(self, tables: Tables) -> list[Row]:
        found: dict[str, dict[float, float]] = {}
        for unit, x, y in tables.curve(self.of, self.request):
            found.setdefault(unit, {})[x] = y
        points = [(unit, one[0.0], one[1.0]) for unit, one in found.items()]
        return of_seeds(tables, self.of, self.series, self.seeds, points)


@dataclass(frozen=True)
class History(Query):
    """A column of the histories of training."""

    kinds = ("history", "measures")
    of: str
    column: str = "evaluation_loss"
    series: str = "trained"
    seeds: str = "mean"

    def rows(self, tables: Tables) -> list[Row]:
        lines = {
            unit: zip(one["step"], one[self.column], strict=True)
            for unit, one in tables.history(self.of).items()
        }
        points = [(unit, x, y) for unit, line in lines.items() for x, y in line]
        return of_seeds(tables, self.of, self.series, self.seeds, points)


@dataclass(frozen=True)
class Points(Query):
    """A number of each seed, at a place or at several, or over another number of the seed."""

    of: str
    request: Request
    series: str
    x: Place | Request = 0.0
    seeds: str = "shown"
    factor: float = 1.0  # drawn is factor * (number - less)
    less: float = 0.0

    def rows(self, tables: Tables) -> list[Row]:
        values = tables.measure(self.of, self.request)
        if isinstance(self.x, Request):
            xs = {unit: (x,) for unit, x in tables.measure(self.of, self.x).items()}
        else:
            xs = dict.fromkeys(values, places(self.x, tables, self.of))
        points = [(unit, x, self.factor * (y - self.less)) for unit, y in values.items() for x in xs[unit]]
        return of_seeds(tables, self.of, self.series, self.seeds, points)


def level(of: str, request: Request, series: str, ends: Place = ENDS) -> Points:
    """A number that all seeds share, as a line over training or between given ends."""
    return Points(of, request, series, ends, "once")


@dataclass(frozen=True)
class Over(Query):
    """Other queries over one of their series, ours over ours and published over published."""

    kinds = ()
    of: str  # whose converged seeds are shown
    queries: tuple[Query, ...]
    bases: Mapping[str, str]  # source -> series; a source without one is left out
    percent: bool = False  # by how many percent it is more, rather than how many times as much
    top: float = math.inf  # nothing where the base is above this

    def rows(self, tables: Tables) -> list[Row]:
        rows = [row for query in self.queries for row in query.rows(tables)]
        points: dict[str, dict[float, float]] = {source: {} for source in ("ours", "published")}
        for row in rows:
            if row.series == self.bases.get(row.source):
                points[row.source][row.x] = row.y
        shown, found = {"", *tables.shown(self.of)}, []
        for row in rows:
            level = {*points[row.source].values()}  # one value, as of a level, holds at every x
            base = points[row.source].get(row.x, *level) if len(level) == 1 else points[row.source].get(row.x)
            known = row.unit in shown or row.source == "published"
            if base and base < self.top and known and row.series != self.bases[row.source]:
                found.append(row._replace(y=100 * (row.y / base - 1) if self.percent else row.y / base))
        return found


@dataclass(frozen=True)
class Statements(Query):
    """Means over sets of what is not trained, by the dimension that the reference names ("n = 20")."""

    kinds = ("sequences",)
    measure: str
    subject: str
    series: str

    def rows(self, tables: Tables) -> list[Row]:
        rows = [
            Row(self.series, "ours", "", number(row["reference"].removeprefix("n = ")), number(row["value"]))
            for row in tables.read("sequences")
            if (row["measure"], row["subject"]) == (self.measure, self.subject)
        ]
        return [row._replace(series=self.series) for row in together(rows, self.series, "mean")]


@dataclass(frozen=True)
class Runs(Query):
    """A course of every run of a sweep, in a series for each value of an axis."""

    kinds = ("curves",)
    of: str
    request: Request
    axis: str
    series: str  # of a value, as in "rate_{}"

    def rows(self, tables: Tables) -> list[Row]:
        values = [point[self.axis] for point in tables.config.settings(self.of, tables.scale).points]
        names = {f"point {k}": self.series.format(f"{value:g}") for k, value in enumerate(values)}
        points = tables.curve(self.of, self.request)
        return [Row(names[unit.split(" seed ")[0]], "ours", unit, x, y) for unit, x, y in points]


@dataclass(frozen=True)
class Variants(Query):
    """A number of every variant of an experiment and seed, at a place, or its course; a series each."""

    kinds = ("measures", "curves")
    of: str
    request: Request
    names: Mapping[str, str]  # variant -> series
    x: Mapping[str, float] | float = 0.0  # of a number; one for all, or by variant

    def rows(self, tables: Tables) -> list[Row]:
        if self.request.along:
            points = tables.curve(self.of, self.request)
        else:
            points = [(unit, self._place(unit), y) for unit, y in tables.units(self.of, self.request).items()]
        named = [(*unit.split(" seed "), x, y) for unit, x, y in points]
        return [Row(self.names[name], "ours", seed, x, y) for name, seed, x, y in named if name in self.names]

    def _place(self, unit: str) -> float:
        return self.x if isinstance(self.x, float) else self.x.get(unit.split(" seed ")[0], math.nan)


@dataclass(frozen=True)
class Published(Query):
    """Series of a published panel, under the names given (None: all, under their own)."""

    kinds = ("published",)
    figure: str
    panel: str
    kind: str = "marker"  # marker | mean | seed
    names: Mapping[str, str] | None = None
    stretch: float = 1.0  # of x
    factor: float = 1.0  # drawn is factor * (number - less)
    less: float = 0.0

    def rows(self, tables: Tables) -> list[Row]:
        place, found = (self.figure, self.panel, self.kind), []
        for row in tables.read("published"):
            name = row["series"] if self.names is None else self.names.get(row["series"])
            if name and (row["figure"], row["panel"], row["kind"]) == place:
                x = number(row["x"]) * self.stretch
                y = self.factor * (number(row["y"]) - self.less)
                found.append(Row(name, "published", row["unit"], x, y))
        return found


@dataclass(frozen=True)
class Number(Query):
    """A single published number: at a place (None: that its case names), or itself a place for given ys."""

    kinds = ("numbers",)
    measure: str
    case: str
    series: str
    x: Place | None = None
    y: str | tuple[float, ...] | None = None  # another measure of the same case, or the ends of a line
    over: tuple[str, ...] = ()  # cases over whose mean it is drawn
    of: str = ""  # whose training END and ENDS are about
    unit: str = ""

    def rows(self, tables: Tables) -> list[Row]:
        value, *others = (tables.published(self.measure, case) for case in (self.case, *self.over))
        value = value / (sum(others) / len(others)) if others else value
        if self.y is None:
            xs = (float(self.case),) if self.x is None else places(self.x, tables, self.of)
            points = [(x, value) for x in xs]
        else:
            ys = (tables.published(self.y, self.case),) if isinstance(self.y, str) else self.y
            points = [(value, y) for y in ys]
        return [Row(self.series, "published", self.unit, x, y) for x, y in points]
