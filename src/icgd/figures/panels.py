"""What a figure is made of: data only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from icgd.figures.looks import BLACK, Looks
from icgd.figures.queries import Query
from icgd.measures.request import Request

Limits = tuple[float | None, float | None]


class Note(NamedTuple):
    """A short text in a panel, in the panel's own coordinates."""

    text: str
    x: float
    y: float
    side: str = "left"


class Across(NamedTuple):
    """A line that is no data, such as a rule's bound or the scale of training."""

    at: float
    label: str = ""
    color: str = BLACK
    line: str = "--"
    upright: bool = False


@dataclass(frozen=True, eq=False)
class Panel:
    """One pair of axes. Limits are for converged networks: of others they would show nothing."""

    name: str  # in the table of drawn data; panels of one cell may share it
    title: str
    x: str
    y: str
    queries: tuple[Query, ...]
    looks: Looks = field(default_factory=dict)
    log: str = ""  # axes: x, y, xy
    xlim: Limits | None = None
    ylim: Limits | None = None
    across: tuple[Across, ...] = ()
    notes: tuple[Note, ...] = ()
    xticks: Mapping[float, str] | None = None
    apart: Mapping[str, float] = field(default_factory=dict)  # series -> shift, to stand side by side
    spread: float = 0.0  # half the width over which the seeds at one place stand
    beside: float = 0.0  # shift of the published points
    heat: str = ""  # draw a matrix: of "tokens", whose last entry is the label's, "inputs" or "states"
    extra: bool = False  # not in the paper
    under: "Panel | None" = None  # in the same cell, below, along the same x
    also: tuple["Panel", ...] = ()  # more data in the same axes

    def asks(self) -> list[tuple[str, Request]]:
        """Requests to the grid, each with its experiment."""
        return [asked for query in self.queries for asked in query.asks()]

    def reads(self) -> list[tuple[str, str]]:
        """Kinds of files, each with its experiment."""
        return [read for query in self.queries for read in query.reads()]

    def stack(self) -> list["Panel"]:
        """This panel and those under it."""
        return [self, *(self.under.stack() if self.under else [])]


@dataclass(frozen=True)
class Figure:
    """Panels in rows; its words stand in captions.yaml."""

    rows: tuple[tuple[Panel, ...], ...]
    height: float  # inches
    of: str = ""  # the experiment that it is about
    width: float = 6.9  # inches: two columns of a paper
    shared: tuple[int, ...] = ()  # rows whose panels have one y axis
    once: bool = False  # all panels have the same series: one legend, below
    median: Request | None = None  # whose median seed is shown

    def cells(self) -> Iterator[Panel]:
        """The panels that stand in rows."""
        yield from (panel for row in self.rows for panel in row)

    def panels(self) -> list[Panel]:
        """All panels, with those under and in others."""
        return [one for cell in self.cells() for panel in cell.stack() for one in (panel, *panel.also)]
