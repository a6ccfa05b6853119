"""How all figures look, and how they are written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from icgd.files import replacing

NARROW, WIDE = 3.4, 6.9  # inches: one and two columns of a paper
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#9A9A9A"  # Okabe and Ito
DOTS = 200  # per inch
THEME = "seaborn-v0_8-ticks"  # matplotlib's own copy of it: importing seaborn takes as long as drawing
SIZES = {
    "font.size": 7.0,
    "axes.labelsize": 7.5,
    "axes.titlesize": 8.0,
    "figure.titlesize": 8.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.0,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.8,
}
OTHERS = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same everywhere
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "0.92",
    "grid.linewidth": 0.5,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "svg.hashsalt": "icgd",  # the same file from the same data
}


@contextmanager
def theme() -> Iterator[None]:
    """Settings of all figures, undone at the end; also a decorator."""
    with matplotlib.style.context([THEME, {**SIZES, **OTHERS}]):
        yield


def canvas(width: float, height: float, title: str) -> Figure:
    """An empty figure with constrained layout."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontstyle="italic")
    return figure


def legend(figure: Figure, columns: int, *without: Axes) -> None:
    """One legend below all panels, each label once, in the order of drawing.

    What is a line in one panel and a marker in another is shown as both, one over the other.
    """
    found: dict[str, dict] = {}
    for axes in figure.axes:
        if axes not in without:
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
                shape = (handle.get_linestyle(), handle.get_marker()) if isinstance(handle, Line2D) else None
                found.setdefault(label, {}).setdefault(shape, handle)
    handles = [tuple(shapes.values()) for shapes in found.values()]
    figure.legend(handles, found, loc="outside lower center", ncols=columns, columnspacing=1.2)


def save(figure: Figure, frame: pd.DataFrame, stem: Path) -> list[Path]:
    """Write stem.png, stem.svg and the plotted data as stem.csv, each whole or not at all."""
    png, svg, csv = (stem.with_name(f"{stem.name}.{kind}") for kind in ("png", "svg", "csv"))
    with theme():
        with replacing(png) as temporary:
            figure.savefig(temporary, format="png", dpi=DOTS, metadata={"Software": None})
        figure.set_layout_engine("none")  # the same places in both, and found once
        with replacing(svg) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})
    with replacing(csv) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n", float_format="%.10g")
    return [png, svg, csv]
