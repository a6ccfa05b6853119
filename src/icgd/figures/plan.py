"""What figures ask of the grid and which files they read, known before anything runs."""

from collections.abc import Iterable
from pathlib import Path

from icgd.config import Config
from icgd.errors import IcgdError, nearest
from icgd.figures import tables
from icgd.figures.panels import Figure
from icgd.figures.specs import FIGURES
from icgd.measures.request import Request


def named(name: str) -> Figure:
    """A figure.

    Raises:
        IcgdError: there is none of that name.
    """
    if name not in FIGURES:
        raise IcgdError(f"there is no figure {name!r}; {nearest(name, FIGURES)}")
    return FIGURES[name]


def requests(figures: Iterable[str] | None = None) -> dict[str, set[Request]]:
    """What figures (None: all of them) ask, by experiment."""
    found: dict[str, set[Request]] = {}
    for name in FIGURES if figures is None else figures:
        for panel in named(name).panels():
            for of, request in panel.asks():
                found.setdefault(of, set()).add(request)
    return found


def files(name: str, config: Config, scale: str) -> list[Path]:
    """Everything that a figure reads, each file once."""
    kinds = {read for panel in named(name).panels() for read in panel.reads()}
    return sorted({path for kind, of in kinds for path in tables.files(kind, of, config, scale)})
