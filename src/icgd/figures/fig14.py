"""Figure 14: LayerNorm before one layer and between two, during training, at its end, and off it."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import data, fig12, marks, style
from icgd.figures.inputs import LAYER_NORM

COLUMNS = {"fig14a": ("before one layer", LAYER_NORM[0]), "fig14b": ("between two layers", LAYER_NORM[1])}
REFERENCES = {"fig14a": ("gd_published",), "fig14b": ("two_steps", "gd_plus_plus_separate")}
SWEPT = {"fig14a": ("gd_published", "zero"), "fig14b": ("two_steps", "gd_plus_plus_separate", "zero")}
ENDS = {  # reference -> published numbers of its alignment, what it is called
    "gd_published": ("fig14a_align", "one step of GD"),
    "two_steps": ("fig14b_align_gd", "two steps of GD"),
    "gd_plus_plus_separate": ("fig14b_align_gd_plus_plus", "two steps of GD++"),
}
MEASURES = {
    "model_cos": "model\ncosine",
    "model_diff": "model\ndifference",
    "preds_diff": "prediction\ndiff",
}
COLORS = {"gd_published": style.ORANGE, "two_steps": style.ORANGE, "gd_plus_plus_separate": style.GREEN}
POINT = {"line": "", "hollow": True}
LOOKS: marks.Looks = {
    **fig12.LOOKS,
    ("ours", "two_steps"): marks.Look("two steps of GD", style.ORANGE, "--", 1.2),
    ("ours", "gd_plus_plus_separate"): marks.Look("two steps of GD++, a rate each", style.GREEN, "-.", 1.2),
    ("ours", "zero"): marks.Look("predicting zero", style.PURPLE, ":", 1.2),
    ("published", "trained"): marks.Look("published: trained", style.GREY, marker="o", size=7, **POINT),
    ("published", "gd_published"): marks.Look("published: GD", style.GREY, marker="s", size=7, **POINT),
    ("published", "two_steps"): marks.Look("published: GD", style.GREY, marker="s", size=7, **POINT),
    ("published", "gd_plus_plus_separate"): marks.Look(
        "published: GD++", style.GREY, marker="^", size=7, **POINT
    ),
}
CURVES: marks.Looks = {**LOOKS, **{key: look for key, look in marks.CURVES.items() if key[0] == "ours"}}


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Two columns: one layer, two layers; rows: loss, alignment at the end, scaled inputs."""
    figure = style.canvas(style.WIDE, 6.8, f"{scale}: LayerNorm, d = N = 10; sweeps not clipped")
    grid, parts = figure.subplots(3, 2), []
    for column, (name, (words, experiment)) in enumerate(COLUMNS.items()):
        table, history = data.table(scale, experiment, "nonlinear"), data.histories(scale, experiment, config)
        state = data.states(table)
        losses, ends = loss_rows(history, table, state, name), end_rows(table, state, name)
        sweep = sweep_rows(scale, experiment, state, name)
        marks.lines(grid[0, column], losses, CURVES)
        title = f"({name[-1]}) LayerNorm {words}\n{data.headline(scale, state)}"
        marks.label(grid[0, column], title, "training step", fig12.LOSS)
        show_ends(grid[1, column], ends)
        marks.lines(grid[2, column], sweep, LOOKS)
        grid[2, column].set_yscale("log")
        grid[2, column].axvline(1.0, color="0.3", linewidth=0.7, linestyle="--", zorder=1)
        marks.label(grid[2, column], "scaled inputs", "input scale α", fig12.LOSS)
        parts += [part.assign(panel=f"{name} {part.panel.iloc[0]}") for part in (losses, ends, sweep)]
    style.legend(figure, 3, *grid[1])
    return figure, pd.concat(parts)


def loss_rows(history: pd.DataFrame, table: pd.DataFrame, state: pd.Series, name: str) -> pd.DataFrame:
    """Evaluation loss of every seed by step, their mean, references as lines; published ends."""
    ours = data.tidy(history, "loss", data.by_state(history, state, "trained"), "step", "evaluation_loss")
    lines = [fig12.line(table, reference, history) for reference in REFERENCES[name]]
    return pd.concat([data.with_mean(ours, "trained"), *lines, published(name, "loss", history.step.max())])


def published(name: str, panel: str, x: float) -> pd.DataFrame:
    """Published values at one place of a panel."""
    found = data.numbers(f"{name}_{panel}")
    parts = [
        data.tidy(pd.DataFrame({"x": [x], "y": [value]}), panel, series, "x", "y")
        for series, value in found.items()
    ]
    return pd.concat(parts).assign(source="published")


def end_rows(table: pd.DataFrame, state: pd.Series, name: str) -> pd.DataFrame:
    """Alignment with each reference after training, on the published tasks; x is the measure."""
    parts = []
    for reference in REFERENCES[name]:
        right = table[(table.tasks == "published") & (table.reference == reference)]
        theirs = data.numbers(ENDS[reference][0])
        for index, measure in enumerate(MEASURES):
            values = data.measure(right, measure).reindex(data.shown(state))
            ours = pd.DataFrame({"unit": values.index, "x": float(index), "y": values.to_numpy()})
            end = pd.DataFrame({"x": [float(index)], "y": [theirs[measure]]})
            parts.append(data.tidy(ours, "ends", reference, "x", "y"))
            parts.append(data.tidy(end, "ends", reference, "x", "y").assign(source="published"))
    return pd.concat(parts)


def show_ends(axes: Axes, rows: pd.DataFrame) -> None:
    """One dot a seed for each measure and reference, side by side, published as diamonds."""
    references = list(dict.fromkeys(rows.series))
    for index, reference in enumerate(references):
        chosen = rows[rows.series == reference]
        shift = 0.4 * (index - (len(references) - 1) / 2)
        ours, theirs = chosen[chosen.source == "ours"], chosen[chosen.source == "published"]
        jitter = np.linspace(-0.08, 0.08, ours.unit.nunique())[ours.groupby("x").cumcount()]
        words, color = ENDS[reference][1], COLORS[reference]
        axes.plot(
            theirs.x + shift, theirs.y, "D", color=style.GREY, markersize=6, markerfacecolor="none",
            label="published" if index == 0 else None, zorder=2,
        )  # fmt: skip
        axes.plot(ours.x + shift + jitter, ours.y, "o", color=color, markersize=3, label=words, zorder=3)
    axes.set_ylim(0, 1.5 * rows.y.max())  # room for the legend
    axes.set_xticks(range(len(MEASURES)), MEASURES.values())
    axes.legend(loc="upper right")
    marks.label(axes, "alignment at the end, with", "", "no unit; differences in y")


def sweep_rows(scale: str, experiment: str, state: pd.Series, name: str) -> pd.DataFrame:
    """Losses over the inputs' scale on the published tasks, not clipped."""
    curves = data.table(scale, experiment, "nonlinear-curves")
    right = (curves.panel == "inputs") & (curves.tasks == "published") & (curves["clip"] == 0)
    ours = fig12.models(curves[right], state, "inputs", SWEPT[name])
    return pd.concat([ours, published(name, "doubled", 2.0).assign(panel="inputs")])
