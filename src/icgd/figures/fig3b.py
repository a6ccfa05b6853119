"""Figure 3b: five layers with weights of their own against five steps of GD and of GD++."""

import pandas as pd
from matplotlib.figure import Figure

from icgd.config import Config
from icgd.figures import layers, style
from icgd.figures.inputs import FIVE

DEPTH = layers.Depth(FIVE, "fig3b", "gd_plus_plus_separate", 10.0)


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Loss, alignment with both references, scaled inputs."""
    return layers.draw_training(scale, config, DEPTH)
