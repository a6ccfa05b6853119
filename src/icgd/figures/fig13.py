"""Figure 13: what the input transformation of GD++ does to eigenvalues and condition numbers."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icgd import paths
from icgd.config import Config
from icgd.figures import data, marks, style
from icgd.figures.marks import Look

CONTEXTS = (10, 25, 50, 100)
COLOURS = dict(zip(CONTEXTS, (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE), strict=True))
HISTOGRAM = 25
SHOWN = {"gamma_0": "#56B4E9", "gamma_0.05": "#E69F00", "gamma_0.1": "black"}  # not the contexts' colours
POINTS = 400
TOP = 1e5  # of the axis of condition numbers
TINY = 1e-12  # least eigenvalue drawn: that of a square context may be 0 to rounding


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Transformed eigenvalues, condition numbers of the extremes, histogram of condition numbers."""
    curves = data.read(paths.spectra(scale, "curves"))
    gammas = optimal_gammas(data.read(paths.references(scale, "optima")))
    frame = pd.concat([transformed(gammas), ratios(curves, gammas), histogram(curves)])
    sets = curves[curves.panel == "extremes"].unit.nunique()
    figure = style.canvas(style.WIDE, 2.9, f"{scale}: extremes over the tasks of the first of {sets} sets")
    left, centre, right = figure.subplots(1, 3)
    show_transformed(left, frame[frame.panel == "transformed"])
    show_ratios(centre, frame)
    show_histogram(right, frame[frame.panel == "histogram"])
    style.legend(figure, 4, right)
    return figure, frame


def optimal_gammas(optima: pd.DataFrame) -> dict[int, float]:
    """Gamma of the least loss of two looped GD++ layers, by context length."""
    rows = optima[
        (optima.family == "gd_plus_plus")
        & (optima.layers == 2)
        & (optima.sharing == "shared")
        & (optima.recipe == "optimum")
        & (optima.parameter == "gamma")
        & (optima["index"] == 0)
    ]
    return dict(zip(rows.context.astype(int), rows.value.astype(float), strict=True))


def line(panel: str, series: str, source: str, x: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    """A series in the common columns."""
    place = {"panel": panel, "series": series, "source": source, "unit": ""}
    return pd.DataFrame({**place, "x": np.atleast_1d(x), "y": np.atleast_1d(y)}, columns=data.COLUMNS)


def moved(values: np.ndarray | float, gamma: np.ndarray | float) -> np.ndarray | float:
    """f(l) = l - 2 g l^2 + g^2 l^3."""
    return values - 2 * gamma * values**2 + gamma**2 * values**3


def transformed(gammas: dict[int, float]) -> pd.DataFrame:
    """f(l) with the optimal gammas, and behind it with the published ones."""
    theirs, parts = data.numbers("fig13_gamma"), []
    for context in CONTEXTS:
        for source, gamma in (("published", theirs[str(context)]), ("ours", gammas[context])):
            values = np.linspace(0, 1.25 / gamma, POINTS)
            parts.append(line("transformed", f"context_{context}", source, values, moved(values, gamma)))
    return pd.concat(parts)


def ratios(curves: pd.DataFrame, gammas: dict[int, float]) -> pd.DataFrame:
    """4 / (27 g) / min(f(l_1), f(l_n)) against g, the gammas, and the condition numbers without GD++."""
    theirs = {name: data.numbers(f"fig13_{name}") for name in ("least", "largest", "gamma", "condition")}
    first = curves[(curves.panel == "extremes") & (curves.unit == 0)]
    parts = []
    for n in CONTEXTS:
        here = first[first.x == n].set_index("series").y
        ours = max(here["least"], TINY), here["largest"], gammas[n]
        published = tuple(theirs[name][str(n)] for name in ("least", "largest", "gamma"))
        for source, (least, largest, gamma) in (("published", published), ("ours", ours)):
            grid = np.linspace(0.02, 0.999, POINTS) / largest
            top = 4 / (27 * grid)
            ratio = top / np.minimum(moved(least, grid), moved(largest, grid))
            parts.append(line("ratio", f"context_{n}", source, grid, ratio))
            parts.append(line("gamma", f"context_{n}", source, gamma, np.nan))
        parts.append(line("star", f"context_{n}", "ours", 0.0, ours[1] / ours[0]))
        parts.append(line("star", f"context_{n}", "published", 0.0, theirs["condition"][str(n)]))
    return pd.concat(parts)


def histogram(curves: pd.DataFrame) -> pd.DataFrame:
    """Shares of tasks by condition number, with the published gammas."""
    rows = curves[curves.panel == "histogram"]
    return data.tidy(rows.drop(columns="unit"), "histogram", rows.series, "x", "y")


def look(source: str, context: int) -> Look:
    """One context length: ours in colour over a broad grey line."""
    if source == "published":
        return Look("published (its gammas and extremes)", style.GREY, width=2.6, alpha=0.7)
    return Look(f"N = {context}", COLOURS[context], width=1.1)


LOOKS = {(source, f"context_{n}"): look(source, n) for source in ("ours", "published") for n in CONTEXTS}


def show_transformed(axes: Axes, rows: pd.DataFrame) -> None:
    """Roots at 0 and 1/g, a local maximum at 1/(3g)."""
    marks.lines(axes, rows, LOOKS)
    axes.set_xlim(0, 30)
    axes.set_ylim(0, 6)
    marks.label(axes, "eigenvalue after GD++", "eigenvalue λ", "λ − 2γλ² + γ²λ³")


def show_ratios(axes: Axes, frame: pd.DataFrame) -> None:
    """Condition number of the extremes; dashed: the gammas; stars: without GD++."""
    marks.lines(axes, frame[frame.panel == "ratio"], LOOKS)
    for index, (_, row) in enumerate(frame[frame.panel == "gamma"].iterrows()):
        ours = row.source == "ours"
        colour = COLOURS[int(row.series.removeprefix("context_"))] if ours else style.GREY
        label = "γ of least loss, two layers" if ours and index == 1 else None
        axes.axvline(
            row.x, color=colour, linestyle="--", linewidth=0.9 if ours else 2.2, label=label, zorder=1
        )
    stars = frame[(frame.panel == "star") & (frame.y < TOP)]  # ours at N = 10 is far above
    for source, size, colour in (("published", 9, style.GREY), ("ours", 5, None)):
        for index, (_, row) in enumerate(stars[stars.source == source].iterrows()):
            context = int(row.series.removeprefix("context_"))
            label = "without GD++, γ = 0" if source == "ours" and index == 1 else None
            axes.plot(
                row.x, row.y, "*", color=colour or COLOURS[context], markersize=size, label=label, zorder=3,
                clip_on=False,
            )  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylim(1, TOP)
    axes.set_xlim(0, 0.25)
    marks.note(axes, "N = 10:\nabove\nthe axis", 0.98, 0.8, "right")
    marks.label(axes, "of the extremes over all tasks", "γ", "condition number")


def show_histogram(axes: Axes, rows: pd.DataFrame) -> None:
    """Tasks by their own condition number."""
    for series, colour in SHOWN.items():
        part = rows[rows.series == series]
        label = f"γ = {series.removeprefix('gamma_')}"
        axes.step(part.x, 100 * part.y, where="mid", color=colour, linewidth=1.1, label=label)
    axes.set_xscale("log")
    axes.set_xlim(1, 1e2)
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper right")
    marks.label(axes, f"of each task, N = {HISTOGRAM}", "condition number", "tasks (%)")
