"""Figure 6c: five layers with weights of their own off the training distribution."""

import pandas as pd
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import fig3b, layers, style

DEPTH = fig3b.DEPTH._replace(published="fig6c")


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Four shifts."""
    return layers.draw_shifts(scale, DEPTH, "the published run is not that of Fig. 3b")
