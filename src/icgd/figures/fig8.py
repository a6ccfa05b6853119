"""Figure 8: twelve blocks of four heads and an MLP against twelve steps of GD and of GD++."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import data, fig2, layers, marks, style
from icgd.figures.inputs import BLOCKS

REFERENCES = {"gd_shared": ("gd", "GD"), "gd_plus_plus_separate_released": ("gd_plus_plus", "GD++")}
BY_EYE = "published, read by eye at the end"
LOOKS: marks.Looks = {
    **marks.CURVES,
    ("ours", "gd_shared"): layers.OURS["ours", "gd_shared"],
    ("ours", "gd_plus_plus_separate_released"): marks.Look("GD++, trained", style.PURPLE, "--", 1.2),
    ("published", "gd"): marks.Look("published: GD", style.GREY, "--", 1.4),
    ("published", "gd_plus_plus"): marks.Look("published: GD++", style.GREY, ":", 1.6),
    ("published", "trained"): marks.Look("published: trained", style.GREY, "-", 1.6),
}


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Loss, alignment with GD, alignment with GD++."""
    state = data.states(data.table(scale, BLOCKS, "blocks"))
    curves, losses = data.table(scale, BLOCKS, "blocks-curves"), loss_rows(scale, config, state)
    aligned = [align_rows(curves, state, name) for name in REFERENCES]
    reduced = "; fewer steps than published" if config.experiments[BLOCKS].reduced else ""
    figure = style.canvas(style.WIDE, 3.2, data.headline(scale, state) + reduced)
    first, *others = figure.subplots(1, 3)
    marks.lines(first, losses, LOOKS)
    first.set_yscale("log")
    marks.label(first, "(a) loss", "training step", "loss (half mean square)")
    for axes, letter, rows, (_, name) in zip(others, "bc", aligned, REFERENCES.values(), strict=True):
        show_align(axes, rows, f"({letter}) alignment with {name}", name)
    style.legend(figure, 4)
    return figure, pd.concat([losses, *aligned])


def loss_rows(scale: str, config: Config, state: pd.Series) -> pd.DataFrame:
    """Losses by step; those of the references on the same published tasks, and the published levels."""
    history = data.histories(scale, BLOCKS, config)
    ours = data.tidy(history, "loss", data.by_state(history, state, "trained"), "step", "evaluation_loss")
    curves, parts = data.table(scale, BLOCKS, "blocks-curves"), [data.with_mean(ours, "trained")]
    ends = [0, history.step.max()]
    for name in REFERENCES:
        level = curves[(curves.measure == "loss") & (curves.model == name)].value.iloc[:1].to_list() * 2
        line = pd.DataFrame({"x": ends[: len(level)], "y": level})
        parts.append(data.tidy(line, "loss", name, "x", "y"))
    for name, level in data.numbers("fig8_loss").items():
        line = pd.DataFrame({"x": ends, "y": [level] * 2})
        parts.append(data.tidy(line, "loss", name, "x", "y").assign(source="published"))
    return pd.concat(parts)


def align_rows(curves: pd.DataFrame, state: pd.Series, reference: str) -> pd.DataFrame:
    """The three measures by step, and what they were at the published end."""
    name = REFERENCES[reference][0]
    panel, rows = f"align_{name}", curves[(curves.model == "none") & (curves.reference == reference)]
    ends = data.numbers(f"fig8_{name}")
    parts = []
    for measure in fig2.MEASURES:
        of_measure = rows[rows.measure == measure]
        series = data.by_state(of_measure, state, measure)
        parts.append(data.with_mean(data.tidy(of_measure, panel, series, "point", "value"), measure))
        end = pd.DataFrame({"x": [rows.point.max() if len(rows) else 0], "y": [ends[measure]]})
        parts.append(data.tidy(end, panel, measure, "x", "y").assign(source="published"))
    return pd.concat(parts)


def show_align(axes: Axes, rows: pd.DataFrame, title: str, reference: str) -> None:
    """Cosine on the left axis, differences on the right one."""
    right, looks = axes.twinx(), {}
    for name, (label, color, marker) in fig2.MEASURES.items():
        look = marks.Look(label.split(" (")[0], color, "-", 0.6, marker, 2.5, 0.5)
        looks["published", name] = marks.Look(BY_EYE, color, "", marker=marker, size=8.0, hollow=True)
        looks["ours", name] = look
        looks["ours", f"{name}_mean"] = look._replace(width=1.6, alpha=1.0)
        for state in ("unconverged", "diverged"):
            looks["ours", f"{name}_{state}"] = look._replace(line="--", alpha=0.8)
    left = rows.series.str.startswith("model_cos")
    marks.lines(axes, rows[left], looks)
    marks.lines(right, rows[~left], looks)
    axes.set_ylim(-0.05, 1.05)  # the published prediction difference is .02: room for its marker
    right.set_ylim(bottom=-0.05 * right.get_ylim()[1])
    right.grid(False)
    marks.label(axes, title, "training step", "model cosine (no unit)")
    right.set_ylabel(f"mean difference to {reference} (units of y)")
