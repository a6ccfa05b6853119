"""What the figures of several layers share: loss, alignment with two references, shifted tasks."""

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import data, fig2, fig6a, marks, style


class Depth(NamedTuple):
    """An experiment, the published figure that it stands beside, and its GD++."""

    experiment: str
    published: str
    best: str
    clip: float  # token clip of the published sweeps; 0: none

    @property
    def references(self) -> tuple[str, str]:
        """K-step GD and GD++."""
        return "gd_shared", self.best

    @property
    def models(self) -> tuple[str, ...]:
        """What is drawn in a sweep; only layers with shared weights can be interpolated."""
        ours = ("none", "interpolated") if "shared" in self.best else ("none",)
        return (*ours, *self.references)


GREYS: marks.Looks = {
    ("published", "gd"): marks.Look("published: GD", style.GREY, "--", 1.4),
    ("published", "gd_plus_plus"): marks.Look("published: GD++", style.GREY, ":", 1.6),
}
OURS: marks.Looks = {
    **marks.SWEEP,
    ("ours", "gd_shared"): marks.Look("GD, best rate", style.ORANGE, "--", 1.2),
    ("ours", "gd_plus_plus_shared"): marks.Look("GD++, best rate and γ", style.PURPLE, "--", 1.2),
    ("ours", "gd_plus_plus_shared_clipped"): marks.Look("GD++, best under the clip", style.PURPLE, "--", 1.2),
    ("ours", "gd_plus_plus_separate"): marks.Look("GD++, best rates and γs", style.PURPLE, "--", 1.2),
}
LOSS: marks.Looks = {
    **OURS,
    **GREYS,
    ("ours", "trained"): marks.CURVES["ours", "trained"],
    ("published", "trained"): marks.CURVES["published", "trained"],
}
SHIFT: marks.Looks = {
    **OURS,
    ("published", "gd_plus_plus"): marks.Look(
        "published: GD++", style.GREY, "", marker="D", size=5.0, hollow=True
    ),
}


def state_of(scale: str, depth: Depth) -> pd.Series:
    """Seed -> converged, unconverged or diverged."""
    return data.states(data.table(scale, depth.experiment, "layers"))


def loss_rows(scale: str, config: Config, depth: Depth, state: pd.Series) -> pd.DataFrame:
    """Losses on the published tasks by step, those of the references, and published."""
    history = data.histories(scale, depth.experiment, config)
    ours = data.tidy(history, "loss", data.by_state(history, state, "trained"), "step", "evaluation_loss")
    table, parts = data.table(scale, depth.experiment, "layers"), [data.with_mean(ours, "trained")]
    for name in depth.references:
        chosen = table[(table.tasks == "published") & (table.reference == name)]
        level = data.measure(chosen, "reference_loss").iloc[:1].to_list() * 2  # the same for every seed
        line = pd.DataFrame({"x": [0, history.step.max()][: len(level)], "y": level})
        parts.append(data.tidy(line, "loss", name, "x", "y"))
    theirs = data.published(depth.published, "loss", ("mean", "seed"))
    theirs = theirs[theirs.series != "gd_plus_plus"]  # of each seed; all the same
    return pd.concat(
        [*parts, theirs.assign(series=theirs.series.replace("gd_plus_plus_mean", "gd_plus_plus"))]
    )


def align_rows(scale: str, depth: Depth, state: pd.Series, reference: str) -> pd.DataFrame:
    """The three alignment measures with a reference by step, on the published tasks, and published."""
    curves = data.table(scale, depth.experiment, "layers-curves")
    rows = curves[(curves.panel == "training") & (curves.tasks == "published")]
    rows = rows[rows.reference == reference]
    panel = "align_gd" if reference == "gd_shared" else "align_gd_plus_plus"
    parts = [data.published(depth.published, panel, ("mean",))]
    for name in fig2.MEASURES:
        of_name = rows[rows.measure == name]
        found = data.tidy(of_name, panel, data.by_state(of_name, state, name), "point", "value")
        parts.append(data.with_mean(found, name))
    return pd.concat(parts)


def sweep_rows(scale: str, depth: Depth, state: pd.Series, panel: str) -> pd.DataFrame:
    """Losses of one sweep on the published tasks: ours, the references, and published."""
    curves = data.table(scale, depth.experiment, "layers-curves").rename(columns={"value": "loss"})
    rows = curves[(curves.panel == panel) & (curves.tasks == "published") & (curves["clip"] == depth.clip)]
    parts = []
    for model in depth.models:
        chosen = rows[rows.model == model]
        if model in depth.references:
            once = chosen.drop_duplicates("point").drop(columns="unit")
            parts.append(data.tidy(once, panel, model, "point", "loss"))
        else:
            name = "trained" if model == "none" else model
            parts.append(data.tidy(chosen, panel, data.by_state(chosen, state, name), "point", "loss"))
    return pd.concat([*parts, data.published(depth.published, panel)])


def show_align(axes: Axes, rows: pd.DataFrame, title: str, reference: str) -> Axes:
    """Cosine on the left axis, differences on the right one, which is returned."""
    right = fig2.show_align(axes, rows)
    marks.label(axes, title, "training step", "model cosine (no unit)")
    right.set_ylabel(f"mean difference to {reference} (units of y)")
    return right


def show_shift(axes: Axes, rows: pd.DataFrame, panel: str) -> None:
    """Losses of one sweep on a logarithmic axis; the training scale dashed."""
    marks.lines(axes, rows, SHIFT)
    axes.set_yscale("log")
    if panel in fig6a.TRAINED_AT:
        axes.axvline(fig6a.TRAINED_AT[panel], color="0.3", linewidth=0.7, linestyle="--", zorder=1)


def draw_training(scale: str, config: Config, depth: Depth) -> tuple[Figure, pd.DataFrame]:
    """Four panels: loss, alignment with GD, alignment with GD++, scaled inputs."""
    state = state_of(scale, depth)
    losses = loss_rows(scale, config, depth, state)
    aligned = [align_rows(scale, depth, state, name) for name in depth.references]
    inputs = sweep_rows(scale, depth, state, "inputs")
    figure = style.canvas(style.WIDE, 5.8, data.headline(scale, state))
    (first, second), (third, fourth) = figure.subplots(2, 2)
    marks.lines(first, losses, LOSS)
    marks.label(first, "(a) loss", "training step", "loss (half mean square)")
    rights = [
        show_align(axes, rows, title, name)
        for axes, rows, title, name in (
            (second, aligned[0], "(b) alignment with GD", "GD"),
            (third, aligned[1], "(c) alignment with GD++", "GD++"),
        )
    ]
    show_shift(fourth, inputs, "inputs")
    marks.label(fourth, "(d) scaled inputs", "input scale α", "loss (half mean square)")
    rights[0].get_legend().remove()  # as in (c), where there is room
    style.legend(figure, 3, second, third, *rights)
    return figure, pd.concat([losses, *aligned, inputs])


def draw_shifts(scale: str, depth: Depth, note: str) -> tuple[Figure, pd.DataFrame]:
    """Four shifts of the tasks, published losses behind ours."""
    state = state_of(scale, depth)
    parts = {panel: sweep_rows(scale, depth, state, panel) for panel in fig6a.PANELS}
    figure = style.canvas(style.WIDE, 2.9, f"{data.headline(scale, state)}; {note}")
    show_shifts(figure.subplots(1, 4), parts)
    style.legend(figure, 3)
    return figure, pd.concat(parts.values())


def show_shifts(row: Iterable[Axes], parts: dict[str, pd.DataFrame]) -> None:
    """One panel a shift."""
    for index, (axes, (panel, (title, x))) in enumerate(zip(row, fig6a.PANELS.items(), strict=True)):
        show_shift(axes, parts[panel], panel)
        marks.label(axes, title.replace(", ", ",\n"), x, "loss (half mean square)" if index == 0 else "")
