"""A token clip does nothing to most tasks: the cheap answer, and the dear one where a token reaches it."""

from collections.abc import Callable

import jax
import numpy as np

from icgd.tasks.linear import Tasks

MARGIN = 0.999  # for rounding
CHUNK = 500  # tasks computed exactly at a time, so that one shape is compiled
MANY = 10_000  # tasks computed at a time elsewhere, so that little is held, too


def unless_clipped(
    found: tuple, largest: jax.Array, clip: float | None, exact: Callable[[Tasks], tuple], tasks: Tasks
) -> tuple:
    """``found`` without a token clip, but ``exact`` for the tasks in which a token may reach it.

    Args:
        found: predictions (T,) and query gradients (T, d) of all tasks, as they are without the clip.
        largest: bounds on the entries of each task's tokens (T,).
        clip: bound on every token; None: no clip.
        exact: the same under the clip, which costs more.
        tasks: T tasks.
    """
    reached = () if clip is None else np.flatnonzero(~(np.asarray(largest) < MARGIN * clip))
    if len(reached) == 0:
        return found
    arrays = [np.array(array) for array in found]
    for array, values in zip(arrays, in_chunks(exact, tasks, CHUNK, reached), strict=True):
        array[reached] = values
    return type(found)(*arrays) if hasattr(found, "_fields") else tuple(arrays)


def in_chunks(
    function: Callable[[Tasks], object], tasks: Tasks, size: int = MANY, places: np.ndarray | None = None
) -> object:
    """A function of the tasks, or of those at ``places``, ``size`` of them at a time, joined again.

    The last chunk is filled up with what came first. ``function`` returns arrays with a leading axis
    of tasks; so does this.
    """
    tasks = jax.tree.map(np.asarray, tasks)
    size = min(size, len(tasks.target))
    places = np.arange(len(tasks.target)) if places is None else places
    filled = np.resize(places, -(-len(places) // size) * size)
    found = [
        function(jax.tree.map(lambda x, part=part: x[part], tasks))
        for part in np.split(filled, len(filled) // size)
    ]
    return jax.tree.map(lambda *parts: np.concatenate(parts)[: len(places)], *found)
