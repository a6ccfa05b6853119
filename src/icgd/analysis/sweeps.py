"""Losses of K-layer networks and K-step methods off the training distribution, whole sweeps at a time."""

from collections.abc import Callable
from functools import cache

import jax
import numpy as np

from icgd.analysis.networks import Trained
from icgd.analysis.shared_tasks import released_sweep
from icgd.randomness import stream
from icgd.tasks import shifted
from icgd.tasks.linear import Tasks

PANELS = ("inputs", "targets", "inputs_other", "targets_other")  # of their Figs 3, 6 and 7
NEAR, FAR = 1.1, 1.25  # input scales up to which, and from which, is near the training range, and far
Sets = dict[str, dict[float, Tasks]]  # panel -> point -> tasks
Curve = dict[float, float]  # point -> loss
Curves = dict[str, Curve]  # by panel


def fresh(trained: Trained) -> Sets:
    """Fresh tasks over the scale of the inputs."""
    settings = trained.settings
    key = stream(trained.seed, "shifted data", settings.key_implementation)
    return {"inputs": shifted.fresh("inputs", key, settings.task, settings.evaluation.shifted_tasks)}


@cache
def published(most: int) -> Sets:
    """The published tasks of all panels."""
    return {panel: released_sweep(panel, most) for panel in PANELS}


def curves(predict: Callable[[Tasks], np.ndarray], found: Sets) -> Curves:
    """Losses by panel and point; all tasks in one call."""
    places = [(panel, point) for panel, points in found.items() for point in points]
    tasks = [found[panel][point] for panel, point in places]
    joined = jax.tree.map(lambda *arrays: np.concatenate(arrays), *tasks)
    errors = np.asarray(predict(joined), np.float64) - np.asarray(joined.target, np.float64)
    ends = np.cumsum([len(one.target) for one in tasks])[:-1]
    losses: Curves = {panel: {} for panel in found}
    for (panel, point), part in zip(places, np.split(errors, ends), strict=True):
        losses[panel][point] = float(np.mean(part**2) / 2)
    return losses


def gaps(ours: Curve, theirs: Curve) -> dict[str, float]:
    """Distances |ln L - ln L'| of two curves over the scale of the inputs.

    inputs_median: median over all scales; inputs_near, inputs_far: over those up to 1.1 and from
    1.25; inputs_far_gap: the largest from 1.25.
    """
    far = {point: abs(np.log(ours[point] / theirs[point])) for point in ours}
    beyond = [gap for point, gap in far.items() if point >= FAR]
    return {
        "inputs_median": float(np.median(list(far.values()))),
        "inputs_near": float(np.median([gap for point, gap in far.items() if point <= NEAR])),
        "inputs_far": float(np.median(beyond)),
        "inputs_far_gap": float(np.max(beyond)),
    }


def rows(found: dict[str, Curves], where: str, clip: float | None) -> list[dict]:
    """Curves of several models as rows."""
    labels = {"tasks": where, "clip": clip or 0, "reference": "", "measure": "loss"}
    return [
        {**labels, "panel": panel, "model": model, "point": point, "value": value}
        for model, by_panel in found.items()
        for panel, curve in by_panel.items()
        for point, value in curve.items()
    ]
