"""Tasks off the training distribution: sweeps of one quantity, on published or fresh keys."""

from functools import partial

import jax
import numpy as np

from icgd.config import Task
from icgd.tasks import linear, published, sample
from icgd.tasks.linear import Tasks

# Points of the published sweeps: every fifth of the released grids.
SWEEPS: dict[str, tuple[float, ...]] = {
    "inputs": tuple(np.arange(0.5, 2.03, 0.03)[::5].round(2).tolist()),
    "targets": tuple(np.arange(0.5, 5.1, 0.1)[::5].round(1).tolist()),
    "inputs_other": tuple(np.arange(0.5, 5.05, 0.05)[::5].round(2).tolist()),
    "targets_other": tuple(np.arange(0.5, 5.1, 0.1)[::5].round(1).tolist()),
    "context": (5.0, 10.0, 20.0, 35.0, 50.0),
    "distractors": (0.0, 2.0, 4.0, 6.0, 8.0),
}
PUBLISHED_TASKS = {"inputs": 1000, "targets": 1000, "inputs_other": 500, "targets_other": 500}


def released(panel: str, most: int) -> dict[float, Tasks]:
    """Tasks of each point of a published panel (d = N = 10), at most ``most`` of them a point."""
    count = min(PUBLISHED_TASKS[panel], most)
    if panel.endswith("_other"):
        return _sweep(panel, published.other_distributions(count))
    return _sweep(panel, published.tasks(count))


def fresh(panel: str, key: jax.Array, task: Task, count: int) -> dict[float, Tasks]:
    """Fresh tasks at each point of a sweep; all points of a panel share their key.

    inputs: inputs times the point; targets: teacher times the point; inputs_other, targets_other:
    the same for the three other input distributions; context: that many context pairs, d as it was;
    distractors: that many context labels replaced by N(0, 1) draws.
    """
    if panel == "context":
        longer = {n: task.model_copy(update={"context": int(n)}) for n in SWEEPS[panel]}
        return {n: sample.draw(other, key, count) for n, other in longer.items()}
    if panel.endswith("_other"):
        keys = jax.random.split(key, count)
        return _sweep(panel, _others(keys, task.inputs, task.context))
    tasks = sample.draw(task, key, count)
    return _sweep(panel, tasks, jax.random.normal(jax.random.fold_in(key, 1), tasks.targets.shape))


@partial(jax.jit, static_argnums=(1, 2))
def _others(keys: jax.Array, inputs: int, context: int) -> Tasks:
    one = partial(published.other_distribution, inputs=inputs, context=context, scale=1.0)
    return jax.vmap(one)(keys)


def _sweep(panel: str, tasks: Tasks, labels: jax.Array | None = None) -> dict[float, Tasks]:
    """The same tasks at every point of a panel."""
    if panel == "distractors":
        first = {m: tasks.targets.at[:, : int(m)].set(labels[:, : int(m)]) for m in SWEEPS[panel]}
        return {m: tasks._replace(targets=targets) for m, targets in first.items()}
    what = "inputs" if panel.startswith("inputs") else "teacher"
    return {point: linear.scaled(tasks, **{what: point}) for point in SWEEPS[panel]}
