"""The K-step methods that a network of K layers is compared with, at their optima or other recipes."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.analysis import stacks
from icgd.errors import IcgdError
from icgd.files import read_table
from icgd.references import multistep
from icgd.tasks.linear import Tasks

CHUNK = 500  # tasks computed at a time, so that they stay in a cache
OPTIMUM = "optimum"  # the recipe of the least population loss; others are trained as in released code
Learnt = tuple[jax.Array, jax.Array]  # predictions (T,) and implicit weights (T, d)


class Opponent(NamedTuple):
    """A K-step method with fixed parameters."""

    method: str  # key of METHODS
    layers: int  # K
    values: tuple[np.ndarray, ...]  # what the method takes; eta_k / N and gamma_k of GD and GD++
    free: int  # free parameters

    def learn(self, tasks: Tasks) -> Learnt:
        """Predictions (T,) and implicit weights (T, d)."""
        return _learnt(self.method, self.layers, tasks, *self.values)

    def predict(self, tasks: Tasks, clip: float | None) -> jax.Array:
        """Predictions (T,) of GD or GD++ under a token clip."""
        return _predicted(clip, tasks, *self.values)

    def hand_set(self, inputs: int) -> stacks.Stack:
        """The network that is this GD or GD++."""
        return stacks.hand_set(*self.values, inputs)


METHODS = {
    "descent": lambda layers, tasks, *pairs: multistep.learnt(tasks, multistep.Recipe(*pairs)),
    "heavy_ball": lambda layers, tasks, *values: _of_weights(
        tasks, multistep.heavy_ball(tasks, *values, layers)
    ),
    "newton_schulz": lambda layers, tasks, scale: _of_weights(
        tasks, multistep.newton_schulz(tasks, scale, layers)
    ),
}


@partial(jax.jit, static_argnums=(0, 1))
def _learnt(method: str, layers: int, tasks: Tasks, *values: jax.Array) -> Learnt:
    return _chunked(lambda chunk: METHODS[method](layers, chunk, *values), tasks)


@partial(jax.jit, static_argnums=0)
def _predicted(clip: float | None, tasks: Tasks, *pairs: jax.Array) -> jax.Array:
    return _chunked(lambda chunk: multistep.predict(chunk, multistep.Recipe(*pairs), clip), tasks)


def _chunked(function: Callable, tasks: Tasks):
    """A function of tasks, CHUNK of them at a time."""
    count = len(tasks.target)
    size = next(size for size in range(min(CHUNK, count), 0, -1) if count % size == 0)
    chunks = jax.tree.map(lambda x: x.reshape(count // size, size, *x.shape[1:]), tasks)
    found = jax.lax.map(function, chunks)
    return jax.tree.map(lambda x: x.reshape(count, *x.shape[2:]), found)


def _of_weights(tasks: Tasks, weights: jax.Array) -> Learnt:
    return jnp.einsum("td,td->t", weights, tasks.query), weights


@cache
def read(path: Path, layers: int, context: int) -> dict[str, Opponent]:
    """Opponents of a network of K ``layers`` at N = ``context``, by name, from optima.csv.

    Raises:
        IcgdError: the table has none.
    """
    columns = ("family", "layers", "context", "sharing", "recipe", "parameter", "index", "value")
    found: dict[str, dict[str, list[float]]] = {}
    for row in read_table(path, columns):
        if (int(row["layers"]), int(row["context"])) == (layers, context):
            found.setdefault(name_of(row), {}).setdefault(row["parameter"], []).append(float(row["value"]))
    if not found:
        raise IcgdError(f"{path} has no optimum for {layers} layers and {context} context pairs.")
    return {name: _opponent(name, parameters, layers) for name, parameters in found.items()}


def name_of(row: dict[str, str]) -> str:
    """gd_shared, gd_plus_plus_separate, heavy_ball, ...; recipes other than the optimum by their name."""
    several = row["family"] in ("gd", "gd_plus_plus")
    parts = [row["family"], *([row["sharing"]] if several else [])]
    return "_".join(parts + ([row["recipe"]] if row["recipe"] != OPTIMUM else []))


def _opponent(name: str, parameters: dict[str, list[float]], layers: int) -> Opponent:
    if name == "heavy_ball":
        values = np.array(parameters["step"][0]), np.array(parameters["momentum"][0])
        return Opponent(name, layers, values, 2)
    if name == "newton_schulz":
        return Opponent(name, layers, (np.array(parameters["scale"][0]),), 1)
    pairs = tuple(
        np.broadcast_to(np.asarray(parameters.get(key, [0.0])), layers).copy() for key in ("step", "gamma")
    )
    free = 2 if name == "chebyshev" else sum(len(set(values[values != 0])) for values in pairs)
    return Opponent("descent", layers, pairs, free)
