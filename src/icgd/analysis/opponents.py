"""The K-step methods that a network of K layers is compared with, at their optima or other recipes."""

from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.analysis import learnt, stacks
from icgd.analysis.learnt import Learnt
from icgd.errors import IcgdError
from icgd.files import read_table
from icgd.references import multistep
from icgd.tasks.linear import Tasks

OPTIMUM = "optimum"  # the recipe of the least population loss; others are trained as in released code
FAMILIES = {  # family -> parameters of those that are not GD or GD++ with given steps
    "gd": (),
    "gd_plus_plus": (),
    "chebyshev": (),
    "heavy_ball": ("step", "momentum"),
    "newton_schulz": ("scale",),
}


class Opponent(NamedTuple):
    """A K-step method with fixed parameters."""

    method: str  # key of METHODS
    layers: int  # K
    values: tuple[np.ndarray, ...]  # what the method takes; eta_k / N and gamma_k of GD and GD++
    free: int  # free parameters
    population: float  # population loss

    def learn(self, tasks: Tasks, clip: float | None = None) -> Learnt:
        """Predictions (T,) and implicit weights (T, d); a token clip is for GD and GD++ only."""
        weights, largest = _weights(self.method, self.layers, tasks, *self.values)
        found, exact = learnt.of_weights(tasks, weights), partial(_clipped, clip, pairs=self.values)
        return learnt.unless_clipped(found, largest, clip, exact, tasks)

    def predict(self, tasks: Tasks, clip: float | None) -> jax.Array:
        """Predictions (T,) of GD or GD++ under a token clip."""
        return _predicted(clip, tasks, *self.values)

    def hand_set(self, inputs: int) -> stacks.Stack:
        """The network that is this GD or GD++."""
        return stacks.hand_set(*self.values, inputs)


METHODS = {  # (layers, tasks, *values) -> weights (T, d)
    "heavy_ball": lambda layers, tasks, *values: multistep.heavy_ball(tasks, *values, layers),
    "newton_schulz": lambda layers, tasks, scale: multistep.newton_schulz(tasks, scale, layers),
}


@partial(jax.jit, static_argnums=(0, 1))
def _weights(method: str, layers: int, tasks: Tasks, *values: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Weights (T, d) without a clip, and the largest entry of any token on the way of GD and GD++."""
    if method == "descent":
        return multistep.weights(tasks, multistep.Recipe(*values))
    return METHODS[method](layers, tasks, *values), jnp.zeros(len(tasks.target))


@partial(jax.jit, static_argnums=0)
def _clipped(clip: float, tasks: Tasks, pairs: tuple) -> tuple[jax.Array, jax.Array]:
    return multistep.learnt(tasks, multistep.Recipe(*pairs), clip)


@partial(jax.jit, static_argnums=0)
def _predicted(clip: float | None, tasks: Tasks, *pairs: jax.Array) -> jax.Array:
    return multistep.predict(tasks, multistep.Recipe(*pairs), clip)


@cache
def read(path: Path, layers: int, context: int) -> dict[str, Opponent]:
    """Opponents of a network of K ``layers`` at N = ``context``, by name, from optima.csv.

    Raises:
        IcgdError: the table has none.
    """
    columns = ("family", "layers", "context", "sharing", "recipe", "parameter", "index", "value")
    found: dict[str, dict[str, list[float]]] = {}
    for row in read_table(path, columns):
        place = int(row["layers"]), int(row["context"])
        if place == (layers, context) and row["family"] in FAMILIES:
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
    population = parameters.get("loss_population", [np.nan])[0]
    if name in FAMILIES and name != "chebyshev":
        values = tuple(np.array(parameters[key][0]) for key in FAMILIES[name])
        return Opponent(name, layers, values, len(values), population)
    pairs = tuple(
        np.broadcast_to(np.asarray(parameters.get(key, [0.0])), layers).copy() for key in ("step", "gamma")
    )
    free = 2 if name == "chebyshev" else sum(len(set(values[values != 0])) for values in pairs)
    return Opponent("descent", layers, pairs, free, population)
