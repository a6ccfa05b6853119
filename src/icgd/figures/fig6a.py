"""Figure 6a: losses off the training distribution, and what differs from GD."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import data, marks, style
from icgd.figures.inputs import BASE

PANELS = {
    "inputs": ("inputs", "input scale α"),
    "targets": ("targets", "teacher scale α"),
    "inputs_other": ("inputs, other distributions", "input scale α"),
    "targets_other": ("targets, other distributions", "teacher scale α"),
}
MODELS = ("none", "interpolated", "gd_published", "gd_optimal")
TRAINED_AT = {"inputs": 1.0, "targets": 1.0}  # the other distributions are never trained on


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Four panels of losses, and below each the difference to GD at the published rate."""
    state = data.states(data.table(scale, BASE, "alignment"))
    curves = data.table(scale, BASE, "shift-curves")
    parts = {panel: loss(curves, state, panel) for panel in PANELS}
    below = {panel: difference(rows, state, panel) for panel, rows in parts.items()}
    figure = style.canvas(style.WIDE, 4.3, data.headline(scale, state))
    grid = figure.subplots(2, 4, sharex="col", sharey="row", height_ratios=[1.2, 1])
    for column, (panel, (title, x)) in enumerate(PANELS.items()):
        show(grid[0, column], parts[panel], panel)
        marks.label(grid[0, column], title, "", "loss (half mean square)" if column == 0 else "")
        marks.lines(grid[1, column], below[panel], marks.SWEEP)
        grid[1, column].axhline(0, color=style.ORANGE, linewidth=1.2, zorder=1)
        marks.label(
            grid[1, column],
            "",
            x,
            "excess over GD at the\npublished rate (%)" if column == 0 else "",
        )
    style.legend(figure, 3)
    return figure, pd.concat([*parts.values(), *below.values()])


def loss(curves: pd.DataFrame, state: pd.Series, panel: str, figure: str = "fig6a") -> pd.DataFrame:
    """Ours and published losses of one panel."""
    return pd.concat([data.sweep(curves, state, panel, MODELS), data.published(figure, panel)])


def difference(rows: pd.DataFrame, state: pd.Series, panel: str) -> pd.DataFrame:
    """Against GD at the published rate; of our seeds only the converged ones."""
    seeds = [str(unit) for unit in data.shown(state)]
    kept = rows[(rows.source == "published") | (rows.unit == "") | rows.unit.isin(seeds)]
    return data.relative(kept, f"{panel}_over_gd")


def show(axes: Axes, rows: pd.DataFrame, panel: str) -> None:
    """Losses of one panel on a logarithmic axis; the training scale dashed."""
    marks.lines(axes, rows[rows.series != "gd_optimal"], marks.SWEEP)
    axes.set_yscale("log")
    if panel in TRAINED_AT:
        axes.axvline(TRAINED_AT[panel], color="0.3", linewidth=0.7, linestyle="--", zorder=1)
