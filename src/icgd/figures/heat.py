"""Matrices as heat maps, zero in white, all of a figure on one scale."""

from typing import NamedTuple

import numpy as np

from icgd.figures.panels import Panel
from icgd.figures.queries import Row
from icgd.figures.style import Axes, Canvas, SymLogNorm, heatmap

COLOURS, LINEAR, BAR = "RdBu_r", 0.1, (0.1, 0.3, 1.0, 3.0)
WORDS = f"weight (no unit; linear up to ±{LINEAR:g}, then logarithmic)"


class Map(NamedTuple):
    """A square matrix, given line by line, and where it is drawn."""

    axes: Axes
    panel: Panel
    rows: list[Row]

    @property
    def matrix(self) -> np.ndarray:
        size = round(len(self.rows) ** 0.5)
        return np.array([row.y for row in self.rows]).reshape(size, size)


def show(canvas: Canvas, maps: list[Map]) -> None:
    """Maps with one scale of colours, which shows small entries beside large ones."""
    top = max(np.abs(one.matrix).max() for one in maps) or 1.0
    look = {"cmap": COLOURS, "norm": SymLogNorm(LINEAR, vmin=-top, vmax=top), "square": True, "cbar": False}
    look |= {"linewidths": 0.3, "linecolor": "0.9"}
    for axes, panel, rows in maps:
        found = Map(axes, panel, rows).matrix
        names = [*map(str, range(1, len(found))), "y" if panel.heat == "tokens" else str(len(found))]
        picture = heatmap(found, ax=axes, xticklabels=names, yticklabels=names, **look).collections[0]
        axes.tick_params(axis="y", rotation=0)
        axes.set(title=panel.title, xlabel=words(found, panel.heat))
    ticks = [sign * tick for tick in BAR if tick <= top for sign in (-1, 1)]
    bar = canvas.colorbar(picture, ax=[one.axes for one in maps], location="bottom", aspect=50, shrink=0.7)
    bar.set_ticks(sorted({0, *ticks}), labels=[f"{tick:g}" for tick in sorted({0, *ticks})])
    bar.minorticks_off()
    bar.set_label(WORDS)


def words(found: np.ndarray, of: str) -> str:
    """What is read off a matrix."""
    diagonal = np.diag(found)
    if of == "inputs":
        rest = np.sqrt(np.mean(found[~np.eye(len(found), dtype=bool)] ** 2))
        return f"diagonal {diagonal.mean():.2f}, off it {rest:.2f} (RMS)"
    mean, last = (round(float(value), 3) + 0.0 for value in (diagonal[:-1].mean(), found[-1, -1]))  # no -0
    return f"diagonal {mean:.3f}, label {last:.3f}"
