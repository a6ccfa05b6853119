"""Figure 2: one trained layer against one step of gradient descent."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import data, fig6a, marks, style
from icgd.figures.inputs import BASE, SWEEP

SHIFTS = {"trained": -0.4, "interpolated": 0.4}  # in panel c, to stand side by side
MEASURES = {
    "model_cos": ("model cosine (left axis)", style.BLUE, "o"),
    "model_diff": ("model difference (right axis)", style.ORANGE, "s"),
    "preds_diff": ("prediction difference (right axis)", style.GREEN, "^"),
}
WIDTH_LOOKS: marks.Looks = {
    ("ours", "closed_form"): marks.Look("GD, optimal rate (closed form)", style.ORANGE, "--", 1.0),
    ("ours", "trained"): marks.SWEEP["ours", "trained"]._replace(line="", size=3.0, alpha=0.8),
    ("ours", "interpolated"): marks.SWEEP["ours", "interpolated"]._replace(line="", size=3.0, alpha=0.8),
    ("published", "all"): marks.Look(
        "published, read by eye", style.GREY, "", marker="D", size=7.0, hollow=True
    ),
}


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Four panels: loss, alignment, width, input scale."""
    alignment = data.table(scale, BASE, "alignment")
    state, history = data.states(alignment), data.histories(scale, BASE, config)
    losses, align = loss_rows(history, alignment, state), align_rows(history, state)
    widths, counts = width_rows(scale, config)
    inputs = fig6a.loss(data.table(scale, BASE, "shift-curves"), state, "inputs", "fig2")
    inputs = inputs[inputs.series != "gd_optimal"]
    figure = style.canvas(style.WIDE, 5.6, data.headline(scale, state))
    (first, second), (third, fourth) = figure.subplots(2, 2)
    show_loss(first, losses, state)
    right = show_align(second, align)
    inset = show_widths(third, widths, counts)
    fig6a.show(fourth, inputs, "inputs")
    marks.label(fourth, "(d) scaled inputs", "input scale α", "loss (half mean square)")
    style.legend(figure, 3, second, right, inset)
    return figure, pd.concat([losses, align, widths, inputs])


def loss_rows(history: pd.DataFrame, alignment: pd.DataFrame, state: pd.Series) -> pd.DataFrame:
    """Evaluation loss of every seed by step, their mean, GD at the published rate, and published."""
    ours = data.tidy(history, "loss", data.by_state(history, state, "trained"), "step", "evaluation_loss")
    right = (alignment.tasks == "published") & (alignment.reference == "gd_published")
    gd = data.measure(alignment[right], "gd_loss").iloc[:1].to_list() * 2
    steps = [0, history.step.max()][: len(gd)]
    line = data.tidy(pd.DataFrame({"x": steps, "y": gd}), "loss", "gd_published", "x", "y")
    theirs = data.published("fig2", "loss", ("mean", "seed"))
    return pd.concat([data.with_mean(ours, "trained"), line, theirs[theirs.series != "gd"]])


def align_rows(history: pd.DataFrame, state: pd.Series, figure: str = "fig2") -> pd.DataFrame:
    """The three alignment measures by step."""
    parts = [data.published(figure, "align", ("mean",))]
    for name in MEASURES:
        rows = data.tidy(history, "align", data.by_state(history, state, name), "step", name)
        parts.append(data.with_mean(rows, name))
    return pd.concat(parts)


def width_rows(scale: str, config: Config) -> tuple[pd.DataFrame, list[int]]:
    """Population losses by N = d, and how many seeds each point has."""
    widths = np.arange(min(SWEEP), max(SWEEP) + 1)
    parts = [data.tidy(pd.DataFrame({"x": widths, "y": optimum(widths)}), "width", "closed_form", "x", "y")]
    counts = []
    for width, experiment in SWEEP.items():
        alignment = data.table(scale, experiment, "alignment")
        seeds = data.shown(data.states(alignment))
        counts.append(len(seeds))
        for series in SHIFTS:
            name = f"{'population' if series == 'trained' else series}_over_optimum"
            ratio = data.measure(alignment, name).reindex(seeds)
            points = pd.DataFrame({"unit": seeds, "x": width, "y": optimum(width) * ratio.to_numpy()})
            parts.append(data.tidy(points, "width", series, "x", "y"))
    excess = pd.concat(parts[1:])
    parts.append(excess.assign(panel="width_excess", y=100 * (excess.y / optimum(excess.x) - 1)))
    by_eye = data.numbers("fig2_third_panel")
    theirs = pd.DataFrame({"x": [float(n) for n in by_eye], "y": list(by_eye.values())})
    return pd.concat([*parts, data.tidy(theirs, "width", "all", "x", "y").assign(source="published")]), counts


def optimum(width: np.ndarray | int) -> np.ndarray | float:
    """Loss of one GD step at its optimal rate with N = d = width: d/24 (d - .2) / (N + d - .2)."""
    return width / 24 * (width - 0.2) / (2 * width - 0.2)


def show_loss(axes: Axes, rows: pd.DataFrame, state: pd.Series) -> None:
    """Panel a, with the count of seeds that have not converged."""
    marks.lines(axes, rows, marks.CURVES)
    stuck = int((state == "unconverged").sum())
    marks.note(axes, f"{stuck} of {len(state)} seeds\nhave not converged", 0.97, 0.6, "right")
    marks.label(axes, "(a) loss", "training step", "loss (half mean square)")


def show_widths(axes: Axes, rows: pd.DataFrame, counts: list[int]) -> Axes:
    """Panel c; the inset, which is returned, has the excess over the closed form."""
    rows = rows.assign(x=rows.x + rows.series.map(SHIFTS).fillna(0))
    losses, excess = rows[rows.panel == "width"], rows[rows.panel == "width_excess"]
    marks.lines(axes, losses, WIDTH_LOOKS)
    axes.set_ylim(0, 1.15 * losses[losses.series != "interpolated"].y.max())
    marks.note(axes, f"n = {', '.join(map(str, counts))} seeds", 0.04, 0.93)
    marks.label(axes, "(c) width", "context pairs N = input dimension d", "loss (half mean square)")
    inset = axes.inset_axes((0.6, 0.12, 0.38, 0.36))
    inset.axhline(0, color=style.ORANGE, linewidth=1.0, linestyle="--", zorder=1)
    marks.lines(inset, excess, WIDTH_LOOKS)
    inset.set_title("excess (%)", fontsize=7, pad=2)
    inset.set_visible(bool(excess.y.max() < 10))  # in a smoke run it would only cover the panel
    return inset


def show_align(axes: Axes, rows: pd.DataFrame, title: str = "(b) alignment with GD") -> Axes:
    """Panel b: cosine on the left axis, differences on the right one, which is returned."""
    right = axes.twinx()
    looks = {}
    for name, (label, color, marker) in MEASURES.items():
        looks["published", name] = marks.Look("published, mean", style.GREY, "-", 1.8, marker, 5.0, every=9)
        looks["ours", name] = marks.Look(label, color, width=0.6, alpha=0.5)
        looks["ours", f"{name}_unconverged"] = looks["ours", name]._replace(line="--", alpha=1.0)
        looks["ours", f"{name}_diverged"] = looks["ours", name]._replace(line=":", alpha=1.0)
        looks["ours", f"{name}_mean"] = marks.Look(label, color, "-", 1.4, marker, 3.5, every=5)
    left = rows.series.str.startswith("model_cos")
    marks.lines(axes, rows[left], looks)
    marks.lines(right, rows[~left], looks)
    handles = {}
    for place in (axes, right):
        for handle, text in zip(*place.get_legend_handles_labels(), strict=True):
            handles[text] = handle  # the last of a label is the mean, which has the marker
    axes.set_ylim(0, 1.05)
    right.set_ylim(0, 2.2)
    right.grid(False)
    right.set_ylabel("mean difference to GD (units of y)")
    marks.label(axes, title, "training step", "model cosine (no unit)")
    right.legend(handles.values(), handles, loc="center right", bbox_to_anchor=(1, 0.62))
    return right
