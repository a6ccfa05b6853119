"""Two steps of gradient descent and of GD++ as hand-set layers, at d = N = 10, inputs on (-1/2, 1/2).

Rates are those of the least population loss within each family, to three digits (tests search it).
"""

from typing import NamedTuple

from icgd.models.transformer import Weights
from icgd.references.constructions import gd_plus_plus_layer, one_head


class Recipe(NamedTuple):
    """Two steps."""

    steps: tuple[float, float]  # e_k = eta_k / N
    gammas: tuple[float, float]  # g_k; the last one cannot reach the prediction


RECIPES = {
    "two_steps": Recipe((0.598, 0.598), (0.0, 0.0)),
    "two_steps_separate": Recipe((0.400, 1.155), (0.0, 0.0)),
    "gd_plus_plus": Recipe((1.346, 1.346), (0.1756, 0.1756)),
    "gd_plus_plus_separate": Recipe((0.410, 3.63), (0.397, 0.0)),
}


def hand_set(recipe: Recipe, inputs: int) -> Weights:
    """Weights of the two-layer linear transformer that takes these steps (von Oswald et al., eq. 23)."""
    return one_head(*(gd_plus_plus_layer(*pair, inputs) for pair in zip(*recipe, strict=True)))
