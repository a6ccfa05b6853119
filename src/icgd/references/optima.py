"""The least population loss of each family of K-step methods, by search from many starts.

A search sees one draw of tasks; the best of its ends is the one whose loss is least on both that and
another draw, since a method of high degree can fit single eigenvalues of the first.
"""

import zlib
from typing import NamedTuple

import numpy as np
import scipy

from icgd.references.residuals import FAMILIES, Family, Parameters
from icgd.references.spectra import Nodes, Spectrum, nodes

MARGIN = 1.02  # of a start above the largest eigenvalue, where high degrees explode
NOISE = 0.4  # spread of the logarithms of a start's values around the family's own start
BARRIER = 50.0  # log of a loss that overflows
TIE = 1e-9  # relative difference of losses that says nothing
OPTIONS = {"maxiter": 300, "maxfun": 500, "ftol": 1e-13, "gtol": 1e-9, "maxcor": 20}

Method = tuple[str, str]  # name and sharing, a key of FAMILIES


class Draws:
    """Eigenvalues (T, d) of two draws of equally many tasks, and nodes that stand for them."""

    def __init__(self, first: np.ndarray, second: np.ndarray):
        """``first`` is what a search sees; its ends are judged by ``second``, too."""
        self.first, self.second = first, second
        self.nodes = nodes(first), nodes(second)


class Optimum(NamedTuple):
    """Best parameters found, and their losses on the draw searched and on the other one."""

    parameters: Parameters
    searched: float
    population: float


def loss(
    family: Family, layers: int, logarithms: np.ndarray, where: Nodes, s2: float
) -> tuple[float, np.ndarray]:
    """(s2 / 2) E sum_i R(l_i)^2 and its slopes, as a function of the logarithms of the free values."""
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.exp(logarithms)
        parameters = family.expand(values, layers)
        residual = family.residual(parameters, layers, where.values)
        slopes = family.slopes(parameters, layers, where.values, s2 * where.weights * residual)
        value = s2 / 2 * np.sum(where.weights * residual**2)
        return float(value), values * family.pull(values, layers, slopes)


def search(method: Method, layers: int, draws: Draws, starts: int, s2: float) -> Optimum:
    """The best end of ``starts`` L-BFGS searches.

    Args:
        method: what is searched, a key of `residuals.FAMILIES`.
        layers: number K of steps.
        draws: eigenvalues to search on and to judge by.
        starts: the first is the family's own start (an end, too), the others lie around it.
        s2: variance of a coordinate of the query.
    """
    family = FAMILIES[method]
    centre = np.log(family.start(layers, MARGIN * float(draws.first.max())))
    rng = np.random.default_rng([layers, zlib.crc32(" ".join(method).encode())])
    moves = [np.zeros_like(centre), *rng.normal(size=(starts - 1, len(centre))) * NOISE]
    ends = [centre, *(_descend(family, layers, centre + move, draws.nodes[0], s2) for move in moves)]
    losses = [[loss(family, layers, end, where, s2)[0] for where in draws.nodes] for end in ends]
    larger = np.max(losses, axis=1)
    larger[~np.isfinite(larger)] = np.inf
    best = ends[int(np.argmax(larger <= np.min(larger) * (1 + TIE)))]  # the first of equals
    parameters = family.expand(np.exp(best), layers)
    both = (population_loss(method, parameters, layers, draw, s2) for draw in (draws.first, draws.second))
    return Optimum(parameters, *both)


def _descend(family: Family, layers: int, start: np.ndarray, where: Nodes, s2: float) -> np.ndarray:
    """L-BFGS on the logarithm of the loss, which is finite where the loss overflows."""

    def objective(logarithms: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = loss(family, layers, logarithms, where, s2)
        if not (np.isfinite(value) and np.all(np.isfinite(slope)) and value > 0):
            return BARRIER, np.zeros_like(slope)
        return np.log(value), slope / value

    return scipy.optimize.minimize(objective, start, jac=True, method="L-BFGS-B", options=OPTIONS).x


def residual(method: Method, parameters: Parameters, layers: int, values: np.ndarray) -> np.ndarray:
    """R(l) of given parameters at eigenvalues of any shape."""
    with np.errstate(over="ignore", invalid="ignore"):
        return FAMILIES[method].residual(parameters, layers, values)


def population_loss(
    method: Method, parameters: Parameters, layers: int, eigenvalues: np.ndarray, s2: float
) -> float:
    """(s2 / 2) E sum_i R(l_i)^2 over eigenvalues (T, d)."""
    with np.errstate(over="ignore", invalid="ignore"):
        squares = residual(method, parameters, layers, eigenvalues) ** 2
        return float(s2 / 2 * np.mean(np.sum(squares, axis=-1)))


def task_loss(method: Method, parameters: Parameters, layers: int, tasks: Spectrum) -> float:
    """Half mean square of the predictions sum_i (1 - R(l_i)) / l_i (V^T X^T y)_i (V^T x_q)_i."""
    kept = 1 - residual(method, parameters, layers, tasks.values)
    prediction = np.sum(kept / np.maximum(tasks.values, 1e-300) * tasks.overlaps, axis=-1)
    return float(0.5 * np.mean((prediction - tasks.target) ** 2))
