"""Losses off the training distribution, of a network and of the GD references, point by point."""

from collections.abc import Callable

import jax
import numpy as np

from icgd.analysis import learnt
from icgd.analysis.networks import Trained
from icgd.analysis.products import Products, step_size
from icgd.analysis.shared_tasks import released_sweep
from icgd.references import gradient_descent
from icgd.tasks import shifted
from icgd.tasks.linear import Tasks

CLIP = 10.0  # bound on tokens behind the published panels at one layer; the released code has none
OFFSET = 0.1  # planted: a constant added to every prediction

Predictor = Callable[[Tasks], jax.Array]
Sets = dict[float, Tasks]  # point of the sweep -> tasks
Curve = dict[float, float]  # point of the sweep -> loss


def network(trained: Trained, products: Products) -> Predictor:
    """Predictions of a network with given products."""
    weights = products.weights
    return lambda tasks: learnt.predict(trained.settings.model, weights, tasks)


def one_step(rate: float, context: int) -> Predictor:
    """GD whose update is the training-time rate / N times a sum over whatever context there is."""
    return lambda tasks: _one_step(tasks, rate * tasks.targets.shape[-1] / context)


_one_step = jax.jit(gradient_descent.one_step)


def offset(predictor: Predictor) -> Predictor:
    """The predictor with a constant added: no longer homogeneous in the targets."""
    return lambda tasks: predictor(tasks) + OFFSET


def predictions(predictor: Predictor, sets: Sets) -> dict[float, jax.Array]:
    """Predictions at each point."""
    return {point: predictor(tasks) for point, tasks in sets.items()}


def curve(found: dict[float, jax.Array], sets: Sets, clip: float | None = None) -> Curve:
    """Loss at each point, predictions clipped to +-``clip`` as a token clip would do at one layer."""
    bound, losses = np.inf if clip is None else clip, {}
    for point, prediction in found.items():
        error = np.clip(np.asarray(prediction, float), -bound, bound) - np.asarray(sets[point].target, float)
        losses[point] = float(np.mean(error**2) / 2)
    return losses


def sweeps(trained: Trained, key: jax.Array) -> dict[tuple[str, str], Sets]:
    """(panel, fresh or published) -> point -> tasks."""
    task, most = trained.settings.task, trained.settings.evaluation.shifted_tasks
    found = {}
    for panel in shifted.SWEEPS:
        found[panel, "fresh"] = shifted.fresh(panel, key, task, most)
        if panel in shifted.PUBLISHED_TASKS:
            found[panel, "published"] = released_sweep(panel, most)
    return found


def gap(ours: Curve, theirs: Curve) -> float:
    """Largest |ln loss - ln loss| over the sweep."""
    return float(max(abs(np.log(ours[point] / theirs[point])) for point in ours))


def homogeneity(losses: Curve) -> float:
    """Largest |L(alpha) / (alpha^2 L(1)) - 1| over a sweep of the teacher's scale."""
    return max(abs(loss / (point**2 * losses[1.0]) - 1) for point, loss in losses.items())


def matched_rate(products: Products, context: int) -> float:
    """Rate of the GD step that has the network's own learning rate, read off its weights."""
    return step_size(products) * context
