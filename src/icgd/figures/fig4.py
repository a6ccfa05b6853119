"""Figure 4: sine waves, an MLP with one attention layer against an MLP with one given GD step."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import data, fig2, marks, style
from icgd.figures.inputs import SINE, SINE_GD

ARMS = {"trained": SINE, "given": SINE_GD}
ENDS = {"model_cos": "partial_cos", "model_diff": "partial_diff", "preds_diff": "preds_diff"}
SHIFTS = {"inputs": "factor on the range of x", "frequency": "frequency", "amplitude": "factor on amplitudes"}
LOSS = "loss (half mean square)"
ORANGE, PURPLE = style.ORANGE, style.PURPLE
CURVES: marks.Looks = {
    **marks.CURVES,
    ("ours", "given"): marks.Look("given GD step, one seed", ORANGE, "-", 0.6, alpha=0.6),
    ("ours", "given_unconverged"): marks.Look("given GD step, unconverged seed", ORANGE, "--", 0.9),
    ("ours", "given_diverged"): marks.Look("given GD step, diverged seed", ORANGE, ":", 0.9),
    ("ours", "given_mean"): marks.Look("given GD step, mean of converged seeds", ORANGE, "-", 1.8),
    ("ours", "zero"): marks.Look("predicting zero", "0.3", ":", 0.9),
    ("published", "gd"): marks.Look("published: given GD step", style.GREY, "--", 1.4),
}
WAVE: marks.Looks = {
    ("ours", "truth"): marks.Look("the wave", "0.2", ":", 1.2),
    ("ours", "trained before"): marks.Look("trained, before attention", PURPLE, "-", 0.7, alpha=0.8),
    ("ours", "trained after"): CURVES["ours", "trained"],
    ("ours", "given before"): marks.Look("given GD step, before it", style.GREEN, "-", 0.7, alpha=0.8),
    ("ours", "given after"): CURVES["ours", "given"],
    **{
        ("published", f"{arm}_{when}"): marks.Look(
            "published: both arms, before and after", style.GREY, "-", 1.8
        )
        for arm in ("gd", "trained")
        for when in ("before", "after")
    },
}


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Above loss, alignment and functions, below shifted waves."""
    state = {arm: data.states(data.table(scale, name, "sine")) for arm, name in ARMS.items()}
    curves = {arm: data.table(scale, name, "sine-curves") for arm, name in ARMS.items()}
    losses, align = loss_rows(scale, config, state), align_rows(scale, config, state["trained"])
    wave = wave_rows(curves, state)
    shifted = {panel: shift_rows(curves, state, panel) for panel in SHIFTS}
    figure = style.canvas(style.WIDE, 5.4, data.headline(scale, state["trained"]))
    (first, second, third), below = figure.subplots(2, 3)
    marks.lines(first, losses, CURVES)
    first.set_yscale("log")
    marks.label(first, "(a) loss", "training step", LOSS)
    show_align(second, align)
    marks.lines(third, wave, WAVE)
    marks.label(third, "(c) one wave", "x", "y")
    for axes, letter, (panel, x) in zip(below, "def", SHIFTS.items(), strict=True):
        marks.lines(axes, shifted[panel], CURVES)
        axes.set_yscale("log")
        marks.label(axes, f"({letter}) other {panel}", x, LOSS if letter == "d" else "")
    style.legend(figure, 3)
    return figure, pd.concat([losses, align, wave, *shifted.values()])


def loss_rows(scale: str, config: Config, state: dict[str, pd.Series]) -> pd.DataFrame:
    """Losses of both arms by step, and published."""
    parts = []
    for arm, name in ARMS.items():
        history = data.histories(scale, name, config)
        rows = data.tidy(history, "loss", data.by_state(history, state[arm], arm), "step", "evaluation_loss")
        parts.append(data.with_mean(rows, arm))
    theirs = data.published("fig4", "loss", ("mean", "seed"))
    theirs = theirs[theirs.series != "gd"]  # of each seed; all the same
    return pd.concat([*parts, theirs.assign(series=theirs.series.replace("gd_mean", "gd"))])


def align_rows(scale: str, config: Config, state: pd.Series) -> pd.DataFrame:
    """The three measures at the end of each seed, and published by step."""
    table = data.table(scale, SINE, "comparison")
    fresh, parts = table[table.tasks == "fresh"], [data.published("fig4", "align", ("mean",))]
    last = config.experiment(SINE, scale).training.steps
    for name, measure in ENDS.items():
        found = data.measure(fresh, measure).rename_axis("unit").rename("y").reset_index().assign(x=last)
        parts.append(data.tidy(found, "align", data.by_state(found, state, name), "x", "y"))
    return pd.concat(parts)


def wave_rows(curves: dict[str, pd.DataFrame], state: dict[str, pd.Series]) -> pd.DataFrame:
    """The wave, both arms' functions before and after attention, and published."""
    parts = [data.published("fig4", "sine", ("mean",), "wave").sort_values("x")]
    for arm, table in curves.items():
        rows = table[(table.panel == "wave") & table.unit.isin(data.shown(state[arm]))]
        if arm == "trained":
            truth = rows[rows.series == "truth"].drop_duplicates("point").drop(columns="unit")
            parts.append(data.tidy(truth, "wave", "truth", "point", "value"))
        for when in ("before", "after"):
            parts.append(data.tidy(rows[rows.series == when], "wave", f"{arm} {when}", "point", "value"))
    return pd.concat(parts)


def shift_rows(curves: dict[str, pd.DataFrame], state: dict[str, pd.Series], panel: str) -> pd.DataFrame:
    """Losses of both arms over one shift, and of predicting zero for the first seed."""
    parts = []
    for arm, table in curves.items():
        rows = table[table.panel == panel].sort_values("point")
        if arm == "trained":
            zero = rows[(rows.series == "zero") & (rows.unit == rows.unit.min())].drop(columns="unit")
            parts.append(data.tidy(zero, panel, "zero", "point", "value"))
        of_arm = rows[rows.series == "loss"]
        found = data.tidy(of_arm, panel, data.by_state(of_arm, state[arm], arm), "point", "value")
        parts.append(data.with_mean(found, arm))
    return pd.concat(parts)


def show_align(axes: Axes, rows: pd.DataFrame) -> None:
    """Cosine on the left axis, differences on the right one."""
    right, looks = axes.twinx(), {}
    for name, (label, color, marker) in fig2.MEASURES.items():
        label = label.split(" (")[0].replace("model", "partial")
        looks["published", name] = marks.Look(f"published: {label}", color, "-", 1.6, alpha=0.35)
        looks["ours", name] = marks.Look(f"{label}, at the end", color, "", marker=marker, size=4.0)
        for state in ("unconverged", "diverged"):
            looks["ours", f"{name}_{state}"] = looks["ours", name]._replace(hollow=True)
    left = rows.series.str.startswith("model_cos")
    marks.lines(axes, rows[left], looks)
    marks.lines(right, rows[~left], looks)
    axes.set_ylim(0, 1.05)
    right.set_ylim(bottom=0)
    right.grid(False)
    marks.label(axes, "(b) alignment", "training step", "partial cosine (no unit)")
    right.set_ylabel("mean difference (units of y)")
