"""Figure 16: training on fixed sets of tasks, and what is learnt by their size."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import data, marks, style
from icgd.figures.inputs import BASE, FIXED

MEASURES = {
    "loss": ("(a) test loss", "loss (half mean square)"),
    "model_cos": ("(b) model cosine with GD", "model cosine (no unit)"),
    "model_diff": ("(c) model difference to GD", "mean difference (units of y)"),
    "preds_diff": ("(d) prediction difference to GD", "mean difference (units of y)"),
}
LOSSES = (0.1, 0.2, 0.4, 1.0, 4.0)
FRESH = 40_000  # where networks that see fresh tasks only stand on the axis
LOOKS: marks.Looks = {
    ("ours", "trained"): marks.Look("test, one seed", style.BLUE, "", marker="o", size=3.0, alpha=0.7),
    ("ours", "fresh"): marks.Look(
        "fresh tasks at every step", style.PURPLE, "", marker="D", size=3.0, alpha=0.7
    ),
    ("ours", "training"): marks.Look("training, one seed", style.GREEN, "", marker="^", size=3.0, alpha=0.7),
    ("ours", "gd"): marks.Look("GD, published rate", style.ORANGE, "--", 1.0),
    ("ours", "zero"): marks.Look("predicting zero", "black", ":", 1.0),
    ("published", "trained"): marks.Look(
        "published: mean", style.GREY, "", marker="s", size=7.0, hollow=True
    ),
    ("published", "range"): marks.Look("published: lowest and highest seed", style.GREY, "-", 2.0),
}


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Ends of training on the published tasks, with GD at the published rate as reference."""
    tables = {size: data.table(scale, name, "phases") for size, name in (*FIXED.items(), (FRESH, BASE))}
    frame = pd.concat([panel(measure, tables) for measure in MEASURES])
    seeds = ", ".join(str(config.experiment(name, scale).seeds) for name in (*FIXED.values(), BASE))
    figure = style.canvas(style.WIDE, 4.6, f"{scale}: n = {seeds} seeds; published tasks, end of training")
    for axes, (measure, texts) in zip(figure.subplots(2, 2).flat, MEASURES.items(), strict=True):
        show(axes, frame[frame.panel == measure], *texts)
        if measure.endswith("_diff"):
            axes.set_yscale("log")
    style.legend(figure, 4)
    return figure, frame


def panel(measure: str, tables: dict[int, pd.DataFrame]) -> pd.DataFrame:
    """One measure by size of the training set."""
    parts = []
    for size, table in tables.items():
        rows = on_published(table)
        values = data.measure(rows, measure)
        if size == FRESH:  # seeds that have not converged say nothing about fresh tasks
            values = values.reindex(data.shown(data.states(table)))
        parts.append(points(measure, "fresh" if size == FRESH else "trained", size, values))
        if measure == "loss" and size != FRESH:
            parts.append(points(measure, "training", size, data.measure(table, "final_training_loss")))
    if measure == "loss":
        parts += levels(tables[FRESH])
    return pd.concat([*parts, published(measure)])


def on_published(table: pd.DataFrame) -> pd.DataFrame:
    """Rows on the published tasks, with GD at the published rate where there is a reference."""
    return table[(table.tasks == "published") & table.reference.isin([np.nan, "gd_published"])]


def points(measure: str, series: str, size: int, values: pd.Series) -> pd.DataFrame:
    """One point a seed."""
    rows = pd.DataFrame({"unit": values.index, "x": size, "y": values.to_numpy()})
    return data.tidy(rows, measure, series, "x", "y")


def levels(table: pd.DataFrame) -> list[pd.DataFrame]:
    """GD and the zero predictor as lines."""
    rows = on_published(table)
    gd = data.measure(rows, "gd_loss").iloc[0]
    zero = (data.measure(rows, "loss") / data.measure(rows, "loss_over_zero")).iloc[0]
    ends = [min(FIXED), FRESH]
    return [
        data.tidy(pd.DataFrame({"x": ends, "y": [level] * 2}), "loss", name, "x", "y")
        for name, level in (("gd", gd), ("zero", zero))
    ]


def published(measure: str) -> pd.DataFrame:
    """Ends of the published curves: means, and for the loss the lowest and the highest seed."""
    means = data.numbers(f"fig16_{measure}")
    parts = [pd.DataFrame({"unit": "", "x": [float(size) for size in means], "y": list(means.values())})]
    found = [data.tidy(parts[0], measure, "trained", "x", "y")]
    if measure == "loss":
        low, high = data.numbers("fig16_loss_low"), data.numbers("fig16_loss_high")
        for size in low:
            ends = pd.DataFrame({"unit": size, "x": float(size), "y": [low[size], high[size]]})
            found.append(data.tidy(ends, measure, "range", "x", "y"))
    return pd.concat(found).assign(source="published")


def show(axes: Axes, rows: pd.DataFrame, title: str, y: str) -> None:
    """One panel over a logarithmic axis of sizes."""
    marks.lines(axes, rows, LOOKS)
    axes.set_xscale("log")
    axes.set_xticks([*FIXED, FRESH], [*map(str, FIXED), "fresh"])
    if title == MEASURES["loss"][0]:
        axes.set_yscale("log")
        axes.set_yticks(LOSSES, [f"{level:g}" for level in LOSSES])
    axes.minorticks_off()
    marks.label(axes, title, "tasks in the training set", y)
