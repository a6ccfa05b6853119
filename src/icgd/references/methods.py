"""K-step methods and their table: results/{scale}/references/optima.csv, and one released-*.csv each."""

from collections.abc import Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.errors import IcgdError
from icgd.files import read_table
from icgd.models.transformer import Weights
from icgd.references import clipping, descent
from icgd.references.descent import Steps
from icgd.tasks.linear import Tasks

COLUMNS = ("family", "layers", "context", "sharing", "recipe", "parameter", "index", "value")
OF_TASKS = {  # no GD or GD++ with given steps: what they take, (K, tasks, *values) -> weights
    "heavy_ball": (("step", "momentum"), lambda layers, tasks, *two: descent.heavy_ball(tasks, *two, layers)),
    "newton_schulz": (("scale",), lambda layers, tasks, scale: descent.newton_schulz(tasks, scale, layers)),
}
SEVERAL = ("gd", "gd_plus_plus")  # with shared or with separate parameters
METHODS = (*SEVERAL, "chebyshev", *OF_TASKS)  # what networks are compared with


class Key(NamedTuple):
    """What a row is about."""

    family: str  # of METHODS, or polynomial
    layers: int
    sharing: str  # shared | separate
    recipe: str = "optimum"  # optimum | clipped (optimum under the token clip) | released (as trained there)
    context: int = 10

    @property
    def name(self) -> str:
        """gd shared, heavy_ball, gd_plus_plus separate released, ..."""
        parts = [self.family, self.sharing if self.family in SEVERAL else "", self.recipe]
        return " ".join(part for part in parts if part not in ("", "optimum"))


class Rows(list):
    """Rows of `COLUMNS`."""

    def put(self, key: Key, parameter: str, values: float | Iterable[float]) -> None:
        """A single value, or one value for each step with its index from 0."""
        single = np.ndim(values) == 0
        for index, value in enumerate(np.atleast_1d(np.asarray(values, np.float64)).tolist()):
            place = {"parameter": parameter, "index": "" if single else index, "value": value}
            self.append({**key._asdict(), **place})


class Method(NamedTuple):
    """A K-step method with fixed parameters."""

    name: str
    layers: int  # K
    values: tuple[np.ndarray, ...]  # what the method takes; e_k and g_k of GD and GD++
    free: int  # free parameters
    population: float  # population loss

    @property
    def steps(self) -> Steps:
        """e_k = eta_k / N and g_k of GD or GD++.

        Raises:
            IcgdError: the method is neither.
        """
        if self.name in OF_TASKS:
            raise IcgdError(f"{self.name} has no steps of GD++; ask for gd, gd_plus_plus or chebyshev.")
        return Steps(*self.values)

    def fit(self, tasks: Tasks, clip: float | None = None) -> tuple[jax.Array, jax.Array]:
        """Predictions (T,) and implicit weights (T, d); a token clip is for GD and GD++ only."""
        *found, largest = _linear(self.name if self.name in OF_TASKS else "", self.layers, tasks, self.values)
        if self.name in OF_TASKS:
            return tuple(found)
        exact = partial(_sensitivities, steps=self.steps, clip=clip)
        return clipping.unless_clipped(tuple(found), largest, clip, exact, tasks)

    def predict(self, tasks: Tasks, clip: float | None = None) -> jax.Array:
        """Predictions (T,) under a token clip, which is for GD and GD++ only."""
        if self.name in OF_TASKS:
            return self.fit(tasks)[0]
        return _predict(tasks, steps=self.steps, clip=clip)

    def hand_set(self, inputs: int) -> Weights:
        """Weights of the K-layer network that is this GD or GD++."""
        return descent.hand_set(self.steps, inputs)


@partial(jax.jit, static_argnums=(0, 1))
def _linear(name: str, layers: int, tasks: Tasks, values: tuple) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Predictions and weights without a clip; the largest entry of any token on the way of GD and GD++."""
    if name in OF_TASKS:
        weights, largest = OF_TASKS[name][1](layers, tasks, *values), jnp.zeros(len(tasks.target))
    else:
        weights, largest = descent.weights(tasks, Steps(*values))
    return jnp.einsum("td,td->t", weights, tasks.query), weights, largest


_sensitivities = jax.jit(descent.sensitivities, static_argnames="clip")
_predict = jax.jit(descent.predict, static_argnames="clip")


def parameters(rows: Iterable[Mapping]) -> dict[Key, dict[str, list[float]]]:
    """Values of every parameter, in the order of the rows, of each method in a table."""
    found: dict[Key, dict[str, list[float]]] = {}
    for row in rows:
        key = Key(row["family"], int(row["layers"]), row["sharing"], row["recipe"], int(row["context"]))
        found.setdefault(key, {}).setdefault(row["parameter"], []).append(float(row["value"]))
    return found


def values(rows: Iterable[Mapping], key: Key, parameter: str) -> np.ndarray:
    """Values of one parameter of one method, by step; empty if there is none."""
    return np.array(parameters(rows).get(key, {}).get(parameter, []))


@cache
def read(path: Path, layers: int, context: int) -> dict[str, Method]:
    """Methods of K = ``layers`` steps at N = ``context``, by name.

    Raises:
        IcgdError: the table has none.
    """
    found = {
        key.name: _method(key.name, values, layers)
        for key, values in parameters(read_table(path, COLUMNS)).items()
        if (key.layers, key.context) == (layers, context) and key.family in METHODS
    }
    if not found:
        raise IcgdError(f"{path} has no method of {layers} layers and {context} context pairs.")
    return found


def _method(name: str, parameters: Mapping[str, list[float]], layers: int) -> Method:
    population = parameters.get("loss_population", [np.nan])[0]
    if name in OF_TASKS:
        values = tuple(np.array(parameters[key][0]) for key in OF_TASKS[name][0])
        return Method(name, layers, values, len(values), population)
    pairs = tuple(
        np.broadcast_to(np.asarray(parameters.get(key, [0.0])), layers).copy() for key in ("step", "gamma")
    )
    free = 2 if name == "chebyshev" else sum(len(set(values[values != 0])) for values in pairs)
    return Method(name, layers, pairs, free, population)
