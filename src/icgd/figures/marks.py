"""What each series looks like, and drawing of tidy frames."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from icgd.figures.style import BLUE, GREEN, GREY, ORANGE


class Look(NamedTuple):
    """How a series is drawn."""

    label: str
    color: str
    line: str = "-"
    width: float = 1.0
    marker: str = ""
    size: float = 3.0
    alpha: float = 1.0
    every: int | None = None
    hollow: bool = False


Looks = Mapping[tuple[str, str], Look]  # (source, series) -> look

CURVES: Looks = {
    ("ours", "trained"): Look("trained, one seed", BLUE, width=0.6, alpha=0.6),
    ("ours", "trained_unconverged"): Look("trained, unconverged seed", BLUE, "--", 0.9),
    ("ours", "trained_diverged"): Look("trained, diverged seed", BLUE, ":", 0.9),
    ("ours", "trained_mean"): Look("trained, mean of converged seeds", BLUE, width=1.8),
    ("ours", "gd_published"): Look("GD, published rate", ORANGE, "-", 0.9),
    ("ours", "gd_optimal"): Look("GD, optimal rate", ORANGE, "--", 0.9),
    ("published", "trained"): Look("published: trained, one seed", GREY, width=0.7, alpha=0.8),
    ("published", "trained_mean"): Look("published: trained, mean", GREY, width=1.8),
}

SWEEP: Looks = {
    **CURVES,
    ("ours", "trained"): Look("trained, one seed", BLUE, width=0.6, marker="o", size=2.0),
    ("ours", "interpolated"): Look("interpolated, one seed", GREEN, "-.", 0.6, "^", 2.0),
    ("ours", "interpolated_unconverged"): Look("interpolated, unconverged seed", GREEN, "--", 0.9),
    ("ours", "interpolated_diverged"): Look("interpolated, diverged seed", GREEN, ":", 0.9),
    ("published", "gd"): Look("published: GD", GREY, "", marker="s", size=7.0, hollow=True),
    ("published", "trained"): Look("published: trained", GREY, "", marker="o", size=6.0, hollow=True),
    ("published", "interpolated"): Look(
        "published: interpolated", GREY, "", marker="^", size=5.0, hollow=True
    ),
}


def lines(axes: Axes, rows: pd.DataFrame, looks: Looks) -> None:
    """Draw each unit of each series; published ones behind."""
    order = rows.source.map({"published": 0, "ours": 1})
    for number, source in enumerate(("published", "ours")):
        for series, part in rows[order == number].groupby("series", sort=False):
            look = looks[source, series]
            for index, (_, one) in enumerate(part.groupby("unit", sort=False)):
                axes.plot(
                    one.x,
                    one.y,
                    color=look.color,
                    linestyle=look.line or "none",
                    linewidth=look.width,
                    marker=look.marker or None,
                    markersize=look.size,
                    markevery=look.every,
                    markerfacecolor="none" if look.hollow else look.color,
                    markeredgewidth=0.8 if look.hollow else 0.0,
                    alpha=look.alpha,
                    zorder=2 + number + 0.5 * series.startswith("gd_"),
                    label=look.label if index == 0 else None,
                )


def label(axes: Axes, title: str, x: str, y: str) -> None:
    """Title and axis labels."""
    axes.set(title=title, xlabel=x, ylabel=y)


def note(axes: Axes, text: str, x: float, y: float, side: str = "left") -> None:
    """A short text in a panel, in the panel's own coordinates."""
    axes.text(x, y, text, transform=axes.transAxes, ha=side, va="center", fontsize=7)
