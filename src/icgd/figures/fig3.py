"""Figure 3a: two layers with shared weights against two steps of GD and of GD++."""

import pandas as pd
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import layers, style
from icgd.figures.inputs import TWO

DEPTH = layers.Depth(TWO, "fig3a", "gd_plus_plus_shared", 0.0)


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Loss, alignment with both references, scaled inputs."""
    return layers.draw_training(scale, config, DEPTH)
