"""What a figure is made of: data only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from icgd.figures.looks import CURVES, Looks
from icgd.figures.queries import Query
from icgd.measures.request import Request

Limits = tuple[float | None, float | None]


class Count(NamedTuple):
    """How many units of an experiment have a number above a bound, of how many."""

    of: str
    request: Request
    above: float


class Note(NamedTuple):
    """A short text in a panel, in the panel's own coordinates; {count} is what is counted."""

    text: str
    x: float
    y: float
    side: str = "left"
    count: Count | None = None


class Across(NamedTuple):
    """A horizontal line that is no data: a rule's bound, or zero."""

    y: float
    label: str = ""
    color: str = "0.3"
    line: str = "--"
    ends: tuple[float, float] | None = None


@dataclass(frozen=True)
class Panel:
    """One pair of axes. Limits and insets are for converged networks: of others they would show nothing."""

    name: str  # in the table of drawn data
    title: str
    x: str
    y: str
    queries: tuple[Query, ...]
    looks: Looks = field(default_factory=lambda: CURVES)
    log: str = ""  # axes: x, y, xy
    xlim: Limits | None = None
    ylim: Limits | None = None
    right: str = ""  # label of a second axis on the right, for all series but the cosines
    right_top: float | None = None
    mark: float | None = None  # a dashed vertical line
    across: tuple[Across, ...] = ()
    notes: tuple[Note, ...] = ()
    xticks: Mapping[float, str] | None = None
    yticks: Mapping[float, str] | None = None
    apart: Mapping[str, float] = field(default_factory=dict)  # series -> shift, to stand side by side
    spread: float = 0.0  # half the width over which the seeds at one place stand
    beside: float = 0.0  # shift of the published points
    heat: str = ""  # draw a matrix: "own" colours, or "shared" by all of the figure, off the diagonal
    inset: "Panel | None" = None
    also: tuple["Panel", ...] = ()  # more data in the same axes

    def asks(self) -> list[tuple[str, Request]]:
        """Requests to the grid, each with its experiment."""
        counts = [(note.count.of, note.count.request) for note in self.notes if note.count]
        return counts + [asked for query in self.queries for asked in query.asks()]

    def reads(self) -> list[tuple[str, str]]:
        """Kinds of files, each with its experiment."""
        counts = [("measures", note.count.of) for note in self.notes if note.count]
        return counts + [read for query in self.queries for read in query.reads()]

    def all(self) -> Iterator["Panel"]:
        """This panel and those in it."""
        yield from (self, *self.also, *([self.inset] if self.inset else []))


@dataclass(frozen=True)
class Figure:
    """Panels in rows."""

    of: str  # the experiment whose seeds are told in the title
    rows: tuple[tuple[Panel, ...], ...]
    height: float  # inches
    title: str = "{headline}"  # what else it may ask for: `draw.Words`
    columns: int = 3  # of the legend
    width: float = 6.9  # inches: two columns of a paper
    widths: tuple[float, ...] | None = None  # ratios of columns
    heights: tuple[float, ...] | None = None  # ratios of rows
    shared: bool = False  # x axes by column, y axes by row
    median: Request | None = None  # whose median seed is told in the title

    def panels(self) -> list[Panel]:
        """All panels, with those in others."""
        return [panel for row in self.rows for place in row for panel in place.all()]
