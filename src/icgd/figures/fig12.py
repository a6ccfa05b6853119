"""Figure 12: one and two softmax heads, during training and off the training distribution."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import data, fig2, marks, style
from icgd.figures.inputs import SOFTMAX

COLUMNS = {"fig12a": ("one head", SOFTMAX[0]), "fig12b": ("two heads", SOFTMAX[1])}
BEST = {"fig12a": "one_head", "fig12b": "debiased_gd"}  # what the theory says that the network can be
SWEEPS = {"inputs": "input scale α", "targets": "teacher scale α"}
MODELS = ("gd_published", "debiased_gd")
LOSS = "loss (half mean square)"
LOOKS: marks.Looks = {
    **marks.SWEEP,
    ("ours", "one_head"): marks.Look("best single head", style.PURPLE, "-.", 1.2),
    ("ours", "debiased_gd"): marks.Look("debiased GD", style.GREEN, "--", 1.2),
    ("published", "trained_mean"): marks.CURVES["published", "trained_mean"],
}
CURVES: marks.Looks = {**LOOKS, **marks.CURVES}


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Two columns: one head, two heads; rows: loss, alignment, scaled inputs, scaled teachers."""
    figure = style.canvas(style.WIDE, 8.6, f"{scale}: softmax attention, d = N = 10; sweeps clipped at 10")
    grid, parts, without = figure.subplots(4, 2), [], []
    for column, (name, (words, experiment)) in enumerate(COLUMNS.items()):
        table, history = data.table(scale, experiment, "nonlinear"), data.histories(scale, experiment, config)
        state, letter = data.states(table), name[-1]
        losses = loss_rows(history, table, state, name)
        align = fig2.align_rows(history, state, name)
        show_loss(grid[0, column], losses, f"({letter}) {words}\n{data.headline(scale, state)}")
        twin = fig2.show_align(grid[1, column], align, "alignment with GD")
        without += [grid[1, column], twin]
        if column == 0:
            twin.get_legend().remove()
        parts += [losses.assign(panel=f"{name} loss"), align.assign(panel=f"{name} align")]
        for row, (panel, x) in enumerate(SWEEPS.items(), start=2):
            rows = sweep_rows(scale, experiment, state, panel, name)
            show_sweep(grid[row, column], rows, panel, x)
            parts.append(rows.assign(panel=f"{name} {panel}"))
    style.legend(figure, 3, *without)
    return figure, pd.concat(parts)


def loss_rows(history: pd.DataFrame, table: pd.DataFrame, state: pd.Series, name: str) -> pd.DataFrame:
    """Evaluation loss of every seed by step, their mean, references as lines, and published."""
    ours = data.tidy(history, "loss", data.by_state(history, state, "trained"), "step", "evaluation_loss")
    lines = [line(table, reference, history) for reference in ("gd_published", BEST[name])]
    theirs = data.published(name, "loss", ("mean", "seed"))
    return pd.concat([data.with_mean(ours, "trained"), *lines, theirs[theirs.series != "gd"]])


def line(table: pd.DataFrame, reference: str, history: pd.DataFrame) -> pd.DataFrame:
    """Loss of a reference on the published tasks, over all steps."""
    chosen = table[(table.tasks == "published") & (table.reference == reference)]
    value = data.measure(chosen, "reference_loss").iloc[0]
    return data.tidy(
        pd.DataFrame({"x": [0, history.step.max()], "y": [value] * 2}), "loss", reference, "x", "y"
    )


def sweep_rows(scale: str, experiment: str, state: pd.Series, panel: str, name: str) -> pd.DataFrame:
    """Losses over a sweep on the published tasks, clipped as published; references once."""
    curves = data.table(scale, experiment, "nonlinear-curves")
    right = (curves.panel == panel) & (curves.tasks == "published") & (curves["clip"] == data.CLIP)
    return pd.concat([models(curves[right], state, panel, MODELS), data.published(name, panel)])


def models(rows: pd.DataFrame, state: pd.Series, panel: str, references: tuple[str, ...]) -> pd.DataFrame:
    """The network by seed and references, which are the same for every seed, once."""
    chosen = rows[rows.model == "none"]
    parts = [data.tidy(chosen, panel, data.by_state(chosen, state, "trained"), "point", "loss")]
    for reference in references:
        once = rows[rows.model == reference].drop_duplicates("point").drop(columns="unit")
        parts.append(data.tidy(once, panel, reference, "point", "loss"))
    return pd.concat(parts)


def show_loss(axes: Axes, rows: pd.DataFrame, title: str) -> None:
    """Losses over training."""
    marks.lines(axes, rows, CURVES)
    marks.label(axes, title, "training step", LOSS)


def show_sweep(axes: Axes, rows: pd.DataFrame, panel: str, x: str) -> None:
    """Losses of one sweep on a logarithmic axis; the training scale dashed."""
    marks.lines(axes, rows, LOOKS)
    axes.set_yscale("log")
    axes.axvline(1.0, color="0.3", linewidth=0.7, linestyle="--", zorder=1)
    marks.label(axes, f"scaled {'inputs' if panel == 'inputs' else 'teachers'}", x, LOSS)
