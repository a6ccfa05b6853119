"""Figure 6b: two layers with shared weights off the training distribution.

The paper's panels of this name repeat the bottom row of its Fig. 7 (ten layers), so that ours are the
first of two layers; the published ones are drawn behind them to show the difference.
"""

import pandas as pd
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import layers, style
from icgd.figures.inputs import TWO

DEPTH = layers.Depth(TWO, "fig6b", "gd_plus_plus_shared", 10.0)


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Four shifts."""
    return layers.draw_shifts(
        scale, DEPTH, "in grey what the paper shows as Fig. 6b: its ten layers of Fig. 7"
    )
