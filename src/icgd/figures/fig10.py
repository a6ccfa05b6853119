"""Figure 10: one trained layer applied again and again, at three dampings."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import data, marks, style
from icgd.figures.inputs import BASE

DAMPINGS = (1.0, 0.875, 0.75)
MODELS = ("none", "gd_published", "gd_optimal")
TOP = 0.27  # of the published loss axis


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Three panels on the published tasks."""
    state = data.states(data.table(scale, BASE, "alignment"))
    frame = pd.concat([panel(scale, config, state, damping) for damping in DAMPINGS])
    figure = style.canvas(style.WIDE, 2.6, data.headline(scale, state))
    for axes, damping in zip(figure.subplots(1, 3, sharey=True), DAMPINGS, strict=True):
        show(axes, frame[frame.panel == name(damping)], f"damping λ = {damping:g}")
        axes.label_outer()
    style.legend(figure, 3)
    return figure, frame


def name(damping: float) -> str:
    """Panel of a damping, as in the published table."""
    return f"damping_{damping:g}"


def panel(
    scale: str, config: Config, state: pd.Series, damping: float, figure: str = "fig10"
) -> pd.DataFrame:
    """Ours and published; x counts from 0, which is after one step, as published."""
    curves = data.table(scale, BASE, "rollout-curves")
    rows = curves[(curves.tasks == "published") & (curves.damping == damping)]
    rows = rows.assign(step=rows.step - 1)
    ours = data.of_models(rows, state, name(damping), MODELS, "step")
    theirs = data.published(figure, name(damping), ("mean", "marker"))
    return pd.concat([data.with_mean(ours, "trained"), theirs])


def show(axes: Axes, rows: pd.DataFrame, title: str) -> None:
    """One panel; the loss axis as published, or up to the zero predictor where nothing converged."""
    marks.lines(axes, rows, LOOKS)
    axes.set_ylim(0, TOP if "trained" in set(rows[rows.source == "ours"].series) else 0.5)
    marks.label(axes, title, "applications after the first", "loss (half mean square)")


LOOKS = {
    **marks.SWEEP,
    ("ours", "trained"): marks.CURVES["ours", "trained"],
    ("published", "gd"): marks.SWEEP["published", "gd"]._replace(size=4.5),
    ("published", "trained"): marks.SWEEP["published", "trained"]._replace(size=4.5),
}
