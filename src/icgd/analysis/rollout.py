"""One layer applied again and again to its own output, damped, labels only (their Figs 1 and 10)."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from icgd.analysis.measuring import Measures
from icgd.config import Model
from icgd.models.transformer import Weights
from icgd.references.spectra import Spectrum
from icgd.tasks.linear import Tasks, half_mean_square
from icgd.training import engine

DAMPINGS = (1.0, 0.875, 0.75)
STEPS, LONG = 50, 1000
AXIS_TOP = 0.27  # top of the published axis: "leaves the panel"


def network(model: Model, weights: Weights, tasks: Tasks, damping: float, steps: int) -> np.ndarray:
    """Loss after each of ``steps`` applications: y <- y + damping * (layer's update of y).

    The inputs x stay as they are, as in the released roll-out. Returns shape (steps,); a loss that
    overflows is infinite.
    """
    return np.asarray(_network(model, weights, tasks, damping, steps), np.float64)


@partial(jax.jit, static_argnums=(0, 4))
def _network(model: Model, weights: Weights, tasks: Tasks, damping: float, steps: int) -> jax.Array:
    def step(labels: tuple[jax.Array, jax.Array], _: None) -> tuple[tuple, jax.Array]:
        context, query = labels
        update = engine.label_update(model, weights, tasks._replace(targets=context), query)
        context, query = context + damping * update[0], query + damping * update[1]
        return (context, query), half_mean_square(-query, tasks.target)

    return jax.lax.scan(step, (tasks.targets, jnp.zeros_like(tasks.target)), None, length=steps)[1]


def descent(tasks: Spectrum, step: float, count: int, every: int = 1) -> np.ndarray:
    """Loss after ``every``, 2 ``every``, ... GD steps of size ``step`` = eta / N; shape (count,).

    In the eigenbasis of X^T X, where each step multiplies what is left of component i by
    1 - step l_i, so that a thousand steps cost no more than one: the prediction after k steps is
    sum_i (1 - (1 - step l_i)^k) / l_i (V^T X^T y)_i (V^T x_q)_i. A loss that overflows is infinite
    or NaN.
    """
    values, overlaps = (np.ascontiguousarray(part.T) for part in (tasks.values, tasks.overlaps))  # (d, T)
    least_squares = overlaps / np.maximum(values, np.finfo(float).tiny)
    left, losses = np.ones_like(values), np.empty(count)
    with np.errstate(over="ignore", invalid="ignore"):
        factor = (1 - step * values) ** every
        for k in range(count):
            left *= factor
            losses[k] = np.mean((np.sum((1 - left) * least_squares, axis=0) - tasks.target) ** 2) / 2
    return losses


def gap(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest |L / L' - 1| over the steps; infinite where one of them diverged to overflow."""
    with np.errstate(invalid="ignore", over="ignore"):
        ratio = np.abs(ours / theirs - 1)
    return float(np.max(np.where(np.isfinite(ratio), ratio, np.inf)))


def minimum_step(losses: np.ndarray) -> int:
    """Step (from 1) of the lowest loss."""
    return int(np.nanargmin(losses)) + 1


def exit_step(losses: np.ndarray) -> int:
    """First step (from 1) at which the loss leaves the published axis; steps + 1 if it never does."""
    out = np.flatnonzero(~(losses <= AXIS_TOP))
    return int(out[0]) + 1 if len(out) else len(losses) + 1


def decreasing(losses: np.ndarray) -> bool:
    """Does the loss fall at every step?"""
    return bool(np.all(np.diff(losses) < 0))


def descent_measures(name: str, tasks: Spectrum, step: float) -> Measures:
    """Stability of plain GD at eta / N = ``step`` on these tasks: the minimum, 50 and 1000 damped steps."""
    rows = Measures()
    for plant, damping in (("none", None), ("damping_0.5", 0.5), ("damping_1", 1.0)):
        at_one = descent(tasks, (damping or 1.0) * step, STEPS)
        damped = descent(tasks, (damping or 0.75) * step, STEPS)
        late = descent(tasks, (damping or 0.75) * step, 1, every=LONG)
        rows.put("gd_minimum_step", minimum_step(at_one), plant, name)
        rows.put("gd_decreasing_50", decreasing(damped), plant, name)
        rows.put("gd_lower_at_1000", late[0] < damped[-1], plant, name)
    largest = tasks.values.max()
    rows.put("largest_eigenvalue", largest, tasks=name)
    rows.put("critical_damping", 2 / (step * largest), tasks=name)
    return rows
