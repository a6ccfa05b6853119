"""The table of K-step methods (results/{scale}/references/optima.csv): written and read here."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from icgd.errors import IcgdError
from icgd.files import read_table
from icgd.references.multistep import Recipe

COLUMNS = ("family", "layers", "context", "sharing", "recipe", "parameter", "index", "value")


class Key(NamedTuple):
    """What a row is about."""

    family: str  # gd | gd_plus_plus | heavy_ball | chebyshev | newton_schulz | polynomial
    layers: int
    sharing: str  # shared | separate
    recipe: str = "optimum"  # optimum | clipped (optimum under the token clip) | released (as trained there)
    context: int = 10


class Rows(list):
    """Rows of `COLUMNS`."""

    def put(self, key: Key, parameter: str, values: float | Iterable[float]) -> None:
        """A single value, or one value for each layer with its index from 0."""
        single = np.ndim(values) == 0
        for index, value in enumerate(np.atleast_1d(np.asarray(values, np.float64)).tolist()):
            place = {"parameter": parameter, "index": "" if single else index, "value": value}
            self.append({**key._asdict(), **place})


def values(rows: Iterable[Mapping], key: Key, parameter: str) -> np.ndarray:
    """Values of one parameter, by index; empty if there is none."""
    wanted = {name: str(part) for name, part in key._asdict().items()} | {"parameter": parameter}
    found = [row for row in rows if all(str(row[name]) == part for name, part in wanted.items())]
    return np.array([float(row["value"]) for row in sorted(found, key=lambda row: int(row["index"] or 0))])


def read(path: Path, key: Key) -> Recipe:
    """e_k and g_k of a GD or GD++ method (zeros where it has no gamma).

    Raises:
        IcgdError: the table has no such method.
    """
    return recipe(read_table(path, COLUMNS), key, str(path))


def recipe(rows: Iterable[Mapping], key: Key, where: str = "the table") -> Recipe:
    """As `read`, from rows."""
    steps, gammas = values(rows, key, "step"), values(rows, key, "gamma")
    if len(steps) != key.layers:
        raise IcgdError(f"{where} has no {key.recipe} of {key.sharing} {key.family}, {key.layers} layers.")
    return Recipe(steps, gammas if len(gammas) else np.zeros_like(steps))
