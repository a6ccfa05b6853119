"""Matrices as heat maps, zero in white."""

from typing import NamedTuple

import numpy as np

from icgd.figures.queries import Row
from icgd.figures.style import Axes, Canvas

COLOURS = "vlag"


class Map(NamedTuple):
    """A square matrix, given line by line, and where it is drawn."""

    axes: Axes
    title: str
    rows: list[Row]

    @property
    def matrix(self) -> np.ndarray:
        size = round(len(self.rows) ** 0.5)
        return np.array([row.y for row in self.rows]).reshape(size, size)


def show(canvas: Canvas, maps: list[Map], off_diagonal: bool = False) -> None:
    """Maps with one scale of colours, of all entries or of those off the diagonal.

    Matrices that are shown whole have the label's row and column last.
    """
    import seaborn  # here, as importing it takes as long as drawing another figure

    inside = ~np.eye(len(maps[0].matrix), dtype=bool) if off_diagonal else ...
    top = max(np.abs(one.matrix[inside]).max() for one in maps) or 1.0
    for one in maps:
        found, axes = one.matrix, one.axes
        seaborn.heatmap(
            found, ax=axes, cmap=COLOURS, vmin=-top, vmax=top, square=True, cbar=False, rasterized=True
        )
        names = [*map(str, range(1, len(found))), str(len(found)) if off_diagonal else "y"]
        ticks = [0, len(found) // 2, len(found) - 1]
        axes.set_xticks([k + 0.5 for k in ticks], [names[k] for k in ticks], rotation=0)
        axes.set_yticks([k + 0.5 for k in ticks], [names[k] for k in ticks], rotation=0)
        axes.set_title(f"{one.title}\n{words(found, off_diagonal)}", fontsize=7)
    shape = {"shrink": 0.6, "extend": "both"} if off_diagonal else {"shrink": 0.75}
    bar = {"aspect": 18, "pad": 0.02, "label": "weight (no unit)", **shape}
    canvas.colorbar(maps[0].axes.collections[0], ax=[one.axes for one in maps], **bar)


def words(found: np.ndarray, off_diagonal: bool) -> str:
    """What is read off a matrix."""
    diagonal = np.diag(found)
    if off_diagonal:
        size = np.sqrt(np.mean(found[~np.eye(len(found), dtype=bool)] ** 2))
        return f"diagonal mean {diagonal.mean():.2f}\noff diag. RMS {size:.2f}"
    mean, last = (round(float(value), 3) + 0.0 for value in (diagonal[:-1].mean(), found[-1, -1]))  # no -0
    return f"diagonal mean {mean:.3f}\nlast entry {last:.3f}"
