"""How all figures look, and how they are written: whatever matplotlib was told by its user."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"  # matplotlib does not start with an unknown one: import it through here

import matplotlib.style
from matplotlib.axes import Axes as Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from icgd.files import replacing, write_table

DOTS = 200  # per inch
THEME = "seaborn-v0_8-ticks"  # comes with matplotlib
LINES = {"axes.linewidth": 0.6, "grid.linewidth": 0.5}
TEXTS = {
    "font.size": 7.0,
    "axes.labelsize": 7.5,
    "axes.titlesize": 8.0,
    "figure.titlesize": 8.0,
    "legend.fontsize": 7.0,
}
TICKS = {"labelsize": 7.0, "major.width": 0.6, "major.size": 2.5, "minor.width": 0.4, "minor.size": 1.5}
SIZES = {**LINES, **TEXTS, **{f"{axis}tick.{name}": size for axis in "xy" for name, size in TICKS.items()}}
OTHERS = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same everywhere
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "0.92",
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "svg.hashsalt": "icgd",  # the same file from the same data
}


@contextmanager
def theme() -> Iterator[None]:
    """Settings of all figures, from matplotlib's defaults and not its user's; undone at the end."""
    with matplotlib.style.context([THEME, {**SIZES, **OTHERS}], after_reset=True):
        yield


def legend(canvas: Canvas, columns: int) -> None:
    """One legend below all panels, each label once, in the order of drawing.

    What is a line in one panel and a marker in another is shown as both, one over the other.
    """
    found: dict[str, dict[bool, object]] = {}
    for axes in canvas.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            marked = isinstance(handle, Line2D) and handle.get_marker() not in ("None", "", None)
            found.setdefault(label, {}).setdefault(marked, handle)
    handles = [tuple(shapes.values()) for shapes in found.values()]
    canvas.legend(handles, found, loc="outside lower center", ncols=columns, columnspacing=1.2)


def write(canvas: Canvas, columns: Iterable[str], rows: Iterable[dict], stem: Path) -> list[Path]:
    """Write stem.png, stem.svg and the drawn data as stem.csv: all of them whole, or none."""
    outputs = [stem.with_name(f"{stem.name}.{kind}") for kind in ("png", "svg", "csv")]
    with ExitStack() as stack:
        png, svg, csv = (stack.enter_context(replacing(path)) for path in outputs)
        canvas.savefig(png, format="png", dpi=DOTS, metadata={"Software": None})
        canvas.set_layout_engine("none")  # the same places in both, and found once
        canvas.savefig(svg, format="svg", metadata={"Date": None})
        write_table(csv, columns, rows)
    return outputs
