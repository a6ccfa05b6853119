"""Figure 7: ten layers with shared weights, in training and off the training distribution."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from icgd.config import Config
from icgd.figures import data, fig6a, layers, marks, style
from icgd.figures.inputs import TEN

DEPTH = layers.Depth(TEN, "fig7", "gd_plus_plus_shared_clipped", 10.0)


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Above loss and alignment, below four shifts."""
    state = layers.state_of(scale, DEPTH)
    losses = layers.loss_rows(scale, config, DEPTH, state)
    aligned = [layers.align_rows(scale, DEPTH, state, name) for name in DEPTH.references]
    shifts = {panel: layers.sweep_rows(scale, DEPTH, state, panel) for panel in fig6a.PANELS}
    figure = style.canvas(style.WIDE, 6.0, data.headline(scale, state))
    above, below = figure.subfigures(2, 1)
    first, second, third = above.subplots(1, 3)
    marks.lines(first, losses, layers.LOSS)
    marks.label(first, "loss", "training step", "loss (half mean square)")
    rights = [
        layers.show_align(second, aligned[0], "alignment with GD", "GD"),
        layers.show_align(third, aligned[1], "alignment with GD++", "GD++"),
    ]
    _one_key(above, rights)
    layers.show_shifts(below.subplots(1, 4), shifts)
    style.legend(figure, 3, second, third, *rights)
    return figure, pd.concat([losses, *aligned, *shifts.values()])


def _one_key(above: SubFigure, rights: list[Axes]) -> None:
    """The key of the alignment panels once, below them: three panels abreast are too narrow for it."""
    key = rights[0].get_legend()
    above.legend(
        key.legend_handles, [text.get_text() for text in key.get_texts()], loc="outside lower center", ncols=4
    )
    for right in rights:
        right.get_legend().remove()
