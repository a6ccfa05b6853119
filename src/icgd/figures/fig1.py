"""Figure 1 (right): one trained layer applied again and again, damping 0.75, every third step."""

import pandas as pd
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import data, fig10, style
from icgd.figures.inputs import BASE

DAMPING, EVERY = 0.75, 3


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """One panel on the published tasks."""
    state = data.states(data.table(scale, BASE, "alignment"))
    frame = fig10.panel(scale, config, state, DAMPING, "fig1")
    frame = frame[frame.x % EVERY == 0]
    figure = style.canvas(style.NARROW, 3.0, data.headline(scale, state))
    fig10.show(figure.subplots(), frame, f"damping λ = {DAMPING:g}, every third application")
    style.legend(figure, 2)
    return figure, frame
