"""The path from trained weights to the construction, after the paper's scalar correction."""

import numpy as np

from icgd.analysis.products import Products, key_scale, of
from icgd.models.transformer import Weights
from icgd.references.constructions import gradient_descent_layer, one_head

PATH = np.linspace(0, 1, 11)  # share of the construction
MIDDLE = -6  # the half-half network that the paper draws


def corrected(trained: Products, by: float = 1.0) -> Products:
    """W_KQ / beta and W_PV * beta, beta = mean diagonal of W_KQ (A.3); ``by`` mis-scales W_KQ."""
    beta = key_scale(trained)
    return Products(trained.kq / (beta * by), trained.pv * beta)


def along(start: Products, end: Products) -> list[Products]:
    """Products on the straight line from ``start`` to ``end``."""
    return [Products(*((1 - t) * a + t * b for a, b in zip(start, end, strict=True))) for t in PATH]


def raw_average(weights: Weights, step: float, inputs: int) -> list[Products]:
    """The straight line between the four matrices themselves, without any correction."""
    end = one_head(gradient_descent_layer(step, inputs))
    return [of({name: (1 - t) * weights[name] + t * end[name] for name in end}) for t in PATH]


def barrier(losses: list[float]) -> float:
    """Highest loss on the path over the higher of its two ends."""
    return max(losses) / max(losses[0], losses[-1])


def paths(weights: Weights, hand_set: Products, step: float) -> dict[str, list[Products]]:
    """The paths of the claim and of its controls; the first entry is the trained network.

    none: the paper's path. raw_average: no correction. beta_1.3: W_KQ corrected by a beta 30 % too
    large, the trained network itself still being the end that counts. hand_set: from the
    construction, refactored, to itself.
    """
    trained = of(weights)
    inputs = len(trained.kq) - 1
    return {
        "none": along(corrected(trained), hand_set),
        "raw_average": raw_average(weights, step, inputs),
        "beta_1.3": [trained, *along(corrected(trained, by=1.3), hand_set)],
        "hand_set": along(corrected(Products(2.0 * hand_set.kq, hand_set.pv / 2.0)), hand_set),
    }
