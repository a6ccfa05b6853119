"""How all figures look, by seaborn, and how they are written: whatever matplotlib was told by its user."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from math import log10
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"  # matplotlib does not start with an unknown one: import it through here

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes as Axes
from matplotlib.colors import SymLogNorm as SymLogNorm
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation
from seaborn import despine as despine
from seaborn import heatmap as heatmap
from seaborn import set_theme

from icgd.figures.looks import Look, Pen
from icgd.files import replacing, write_json, write_table

DOTS = 200  # per inch
FONT, SCALE = "DejaVu Sans", 0.8  # comes with matplotlib: the same everywhere; share of the sizes of seaborn
TICKS = {"major.width": 0.6, "major.size": 2.5, "minor.width": 0.4, "minor.size": 1.5}
OTHERS = {
    **{f"{axis}tick.{name}": size for axis in "xy" for name, size in TICKS.items()},
    "axes.linewidth": 0.6,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.linewidth": 0.5,
    "grid.color": "0.92",
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "svg.hashsalt": "icgd",  # the same file from the same data
    "svg.fonttype": "none",  # text that can be searched
}


@contextmanager
def theme() -> Iterator[None]:
    """Settings of all figures, from matplotlib's defaults and not its user's; undone at the end."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        set_theme("paper", "ticks", font=FONT, font_scale=SCALE, color_codes=False, rc=OTHERS)
        yield


PALE = 0.62  # share of white in a published line
BELOW = 27  # points between axes and their legend: ticks and label; and for every line more of the ticks
SAMPLE, LETTER = 0.5, 0.052  # inches of a sample and of a letter in a legend
PLATE = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}  # behind a text in a panel
KEY = "#666666"  # of samples that mean any colour


def drawn(pen: Pen, color: str) -> dict[str, object]:
    """What matplotlib is told of a line."""
    color = tuple(1 - (1 - PALE) * (1 - part) for part in to_rgb(color)) if pen.pale else color
    return {
        "color": color,
        "linestyle": pen.line or "none",
        "linewidth": pen.width,
        "alpha": pen.alpha,
        "marker": pen.marker or None,
        "markersize": pen.size,
        "markerfacecolor": "none" if pen.hollow else color,
        "markeredgewidth": 0.8 if pen.hollow or pen.marker == "+" else 0.0,
    }


def sample(pen: Pen, color: str) -> Artist:
    """What stands for it in a legend."""
    return Patch(color=color, alpha=pen.alpha) if pen.form == "band" else Line2D([], [], **drawn(pen, color))


def legend(axes: Axes, looks: Iterable[Look], room: float) -> None:
    """A legend under a panel, in as many columns as have room (inches).

    Each label stands once, as the boldest of those that have it.
    """
    found = meanings(looks)
    labels = [label for label, _ in found]
    if found:
        columns = max(1, int(room / (SAMPLE + LETTER * max(map(len, labels)))))
        lines = max([text.get_text().count("\n") for text in axes.get_xticklabels()], default=0)
        lines += axes.get_xlabel().count("\n") - (not axes.get_xlabel())
        down = ScaledTranslation(0, -(BELOW + 9 * lines) / 72, axes.figure.dpi_scale_trans)
        place = {"bbox_to_anchor": (0, 0), "bbox_transform": axes.transAxes + down, "loc": "upper left"}
        axes.legend(list(found.values()), labels, borderaxespad=0, borderpad=0, ncols=columns, **place)


def meanings(looks: Iterable[Look]) -> dict[tuple[str, str], Artist]:
    """(label, colour) -> sample; the boldest of our pens, of a published one where there is no other."""
    pens: dict[tuple[str, str], Pen] = {}
    for label, color, pen in looks:
        if label:
            rank = lambda pen: (not pen.pale, not pen.hollow, pen.form != "band", pen.width)  # noqa: E731
            pens[label, color] = max(pens.get((label, color), pen), pen, key=rank)
    return {(label, color): sample(pen._replace(alpha=1.0), color) for (label, color), pen in pens.items()}


def key(canvas: Canvas, looks: Iterable[Look], once: Iterable[Look], words: str) -> None:
    """Below all panels: what pens say in any colour, what colours say if that is said once, a last word."""
    pens: dict[str, dict[tuple[str, bool], Pen]] = {}
    for look in looks:
        if look.pen.words:
            kind = look.pen.form, bool(look.pen.marker)
            pens.setdefault(look.pen.words, {}).setdefault(kind, look.pen)
    found = [(sample_, label) for (label, _), sample_ in meanings(once).items()]
    found += [(tuple(sample(pen, KEY) for pen in shapes.values()), text) for text, shapes in pens.items()]
    found += [(Line2D([], [], linestyle="none"), words)] * bool(words)
    if found:
        handles, labels = zip(*found, strict=True)
        columns = min(len(found), max(1, int(canvas.get_figwidth() / 1.7)))
        place = {"loc": "outside lower center", "ncols": columns, "columnspacing": 1.4}
        canvas.legend(handles, labels, **place)


def logarithmic(axes: Axes, name: str) -> None:
    """A logarithmic axis, ticks as one writes numbers; a linear one over less than half a decade."""
    axis, (low, high) = getattr(axes, f"{name}axis"), getattr(axes, f"get_{name}lim")()
    getattr(axes, f"set_{name}scale")("log")
    low, high = getattr(axes, f"get_{name}lim")()
    decades = log10(high / low)
    if decades < 0.5:
        getattr(axes, f"set_{name}scale")("linear")
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        getattr(axes, f"set_{name}lim")(low, high)
        return
    digits = "12345" if decades < 0.9 else "125" if decades < 2 else "1"
    words = lambda value, _: f"{value:g}" if f"{value:e}"[0] in digits else ""  # noqa: E731
    axis.set_major_formatter(words)
    axis.set_minor_formatter(words)


def share(cell: list[Axes], beside: list[Axes]) -> None:
    """One x along a cell, and one y along those beside, if any."""
    for axes in cell[1:]:
        axes.sharex(cell[0])
    for axes, other in zip(cell, beside, strict=False):
        axes.sharey(other)


def outer(cell: list[Axes], inner: bool) -> None:
    """Only the lowest panel of a cell has a label on x; where y is shared, only the first cell has one."""
    for axes in cell[:-1]:
        axes.tick_params(labelbottom=False)
        axes.set_xlabel("")
    for axes in cell if inner else []:
        axes.tick_params(labelleft=False)
        axes.set_ylabel("")


def write(
    canvas: Canvas, words: dict[str, str], columns: Iterable[str], rows: Iterable[dict], stem: Path
) -> list[Path]:
    """Write stem.png, stem.svg, the drawn data as stem.csv and the words as stem.json: all whole, or none."""
    outputs = [stem.with_name(f"{stem.name}.{kind}") for kind in ("png", "svg", "csv", "json")]
    with ExitStack() as stack:
        png, svg, csv, json = (stack.enter_context(replacing(path)) for path in outputs)
        canvas.savefig(png, format="png", dpi=DOTS, metadata={"Software": None, "Title": words["title"]})
        canvas.set_layout_engine("none")  # the same places in both, and found once
        canvas.savefig(svg, format="svg", metadata={"Date": None, "Title": words["title"]})
        write_table(csv, columns, rows)
        write_json(json, words)
    return outputs
