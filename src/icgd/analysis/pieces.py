"""A function of many tasks, a piece of them at a time, so that one shape is compiled and little is held."""

from collections.abc import Callable

import jax
import numpy as np

from icgd.tasks.linear import Tasks


def first(count: int, arrays: object):
    """The first ``count`` of the tasks in each array."""
    return jax.tree.map(lambda x: x[:count], arrays)


def in_pieces(function: Callable, tasks: Tasks, size: int, places: np.ndarray | None = None):
    """A function of the tasks, or of those at ``places``, ``size`` of them at a time.

    The last piece is filled up with what came first. ``function`` returns arrays with a leading axis
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
