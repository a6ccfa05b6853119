"""Matrices as heat maps, zero in white, all of a figure on one scale."""

from typing import NamedTuple

import numpy as np

from icgd.figures.panels import Panel
from icgd.figures.queries import Row
from icgd.figures.style import Axes, Canvas, SymLogNorm, heatmap

COLOURS, LINEAR, BAR = "RdBu_r", 0.1, (0.1, 0.3, 1.0, 3.0)
STATES = ["$s_t$", "$s_{t-1}$"]
WORDS = f"weight (no unit; linear up to ±{LINEAR:g}, then logarithmic)"


class Map(NamedTuple):
    """A matrix, given line by line, and where it is drawn."""

    axes: Axes
    panel: Panel
    rows: list[Row]

    @property
    def matrix(self) -> np.ndarray:
        lines = len({row.series for row in self.rows})
        return np.array([row.y for row in self.rows]).reshape(lines, -1)


def show(canvas: Canvas, maps: list[Map]) -> None:
    """Maps with one scale of colours, which shows small entries beside large ones."""
    top = max(np.abs(one.matrix).max() for one in maps) or 1.0
    look = {"cmap": COLOURS, "norm": SymLogNorm(LINEAR, vmin=-top, vmax=top), "square": True, "cbar": False}
    look |= {"linewidths": 0.3, "linecolor": "0.9", "xticklabels": False, "yticklabels": False}
    for one in maps:
        axes, found, of = one.axes, one.matrix, one.panel.heat
        picture = heatmap(found, ax=axes, **look).collections[0]
        for ticks, length in zip((axes.set_yticks, axes.set_xticks), found.shape, strict=True):
            ticks(*names(length, len(found), of))
        axes.set(title=one.panel.title, xlabel=words(found, of))
    ticks = [sign * tick for tick in BAR if tick <= top for sign in (-1, 1)]
    bar = canvas.colorbar(picture, ax=[one.axes for one in maps], location="bottom", aspect=50, shrink=0.7)
    bar.set_ticks(sorted({0, *ticks}), labels=[f"{tick:g}" for tick in sorted({0, *ticks})])
    bar.minorticks_off()
    bar.set_label(WORDS)


def names(length: int, lines: int, of: str) -> tuple[list[float], list[str]]:
    """Ticks along one side of a matrix of so many lines: of each entry, or of each block of states."""
    if of == "states":
        blocks = ["prediction"] if length < lines else STATES
        return [(k + 0.5) * lines / 2 for k in range(len(blocks))], blocks
    known = [*map(str, range(1, length)), "y" if of == "tokens" else str(length)]
    return [k + 0.5 for k in range(length)], known


def words(found: np.ndarray, of: str) -> str:
    """What is read off a matrix."""
    if of == "states":
        return f"scaled identities: {identities(found):.0%}"
    diagonal = np.diag(found)
    if of == "inputs":
        rest = np.sqrt(np.mean(found[~np.eye(len(found), dtype=bool)] ** 2))
        return f"diagonal {diagonal.mean():.2f}, off it {rest:.2f} (RMS)"
    mean, last = (round(float(value), 3) + 0.0 for value in (diagonal[:-1].mean(), found[-1, -1]))  # no -0
    return f"diagonal {mean:.3f}, label {last:.3f}"


def identities(found: np.ndarray) -> float:
    """Share of the squared norm of scaled identities in square blocks."""
    size = len(found) // 2
    blocks = [found[i : i + size, j : j + size] for i in (0, size) for j in range(0, found.shape[1], size)]
    return float(sum(np.trace(one) ** 2 / size for one in blocks) / (np.sum(found**2) or 1.0))
