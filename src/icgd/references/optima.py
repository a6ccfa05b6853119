"""The least population loss of each family of K-step methods, by search from many starts.

A search sees one draw of tasks; the best of its ends is the one whose loss is least on both that and
another draw, since a method of high degree can fit single eigenvalues of the first.
"""

import zlib
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy

from icgd.references.residuals import FAMILIES, Family, Parameters
from icgd.references.spectra import Nodes, Spectrum, every, nodes

MARGIN = 1.02  # of a start above the largest eigenvalue, where high degrees explode
NOISE = 0.4  # spread of the logarithms of a start's values around the family's own start
BARRIER = 50.0  # log of a loss that overflows
TIE = 1e-9  # relative difference of losses that says nothing
OPTIONS = {"maxiter": 3000, "maxfun": 6000, "ftol": 1e-14, "gtol": 1e-9, "maxcor": 20}

Method = tuple[str, str]  # name and sharing, a key of FAMILIES


class Draws(NamedTuple):
    """Eigenvalues (T, d) of two draws of equally many tasks."""

    first: np.ndarray  # what a search sees
    second: np.ndarray  # what its ends are judged by, too


class Optimum(NamedTuple):
    """Best parameters found, and their losses on the draw searched and on the other one."""

    parameters: dict[str, np.ndarray]
    searched: float
    population: float


def loss(family: Family, layers: int, s2: float) -> Callable:
    """(logarithms of the free values, nodes) -> ((s2 / 2) E sum_i R(l_i)^2, parameters)."""

    def of(logarithms: jax.Array, where: Nodes) -> tuple[jax.Array, Parameters]:
        parameters = family.expand(jnp.exp(logarithms), layers)
        residual = family.residual(parameters, layers, where.values)
        return s2 / 2 * jnp.sum(where.weights * residual**2), parameters

    return of


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
    with jax.enable_x64(True):
        of = loss(family, layers, s2)
        objective = _objective(jax.jit(jax.value_and_grad(of, has_aux=True)), nodes(draws.first))
        ends = [centre, *(_descend(objective, centre + move) for move in moves)]
        judge, both = jax.jit(of), [every(draw) for draw in draws]
        losses = np.array([[float(judge(end, draw)[0]) for draw in both] for end in ends])
        larger = np.nan_to_num(np.max(losses, axis=1), nan=np.inf)
        best = int(np.argmax(larger <= np.min(larger) * (1 + TIE)))  # the first of equals
        parameters = judge(ends[best], both[0])[1]
        return Optimum({key: np.asarray(value) for key, value in parameters.items()}, *losses[best].tolist())


def _descend(objective: Callable, start: np.ndarray) -> np.ndarray:
    return scipy.optimize.minimize(objective, start, jac=True, method="L-BFGS-B", options=OPTIONS).x


def _objective(value_and_gradient: Callable, where: Nodes) -> Callable:
    """Logarithm of the loss and its gradient, finite where the loss overflows."""

    def of(logarithms: np.ndarray) -> tuple[float, np.ndarray]:
        (value, _), slope = value_and_gradient(logarithms, where)
        value, slope = float(value), np.asarray(slope)
        if not (np.isfinite(value) and np.all(np.isfinite(slope)) and value > 0):
            return BARRIER, np.zeros_like(slope)
        return float(np.log(value)), slope / value

    return of


def residual(method: Method, parameters: Parameters, layers: int, values: np.ndarray) -> np.ndarray:
    """R(l) of given parameters at eigenvalues of any shape, in float64."""
    with jax.enable_x64(True):
        given = {key: jnp.asarray(value) for key, value in parameters.items()}
        return np.asarray(FAMILIES[method].residual(given, layers, jnp.asarray(values)))


def population_loss(
    method: Method, parameters: Parameters, layers: int, eigenvalues: np.ndarray, s2: float
) -> float:
    """(s2 / 2) E sum_i R(l_i)^2 over eigenvalues (T, d)."""
    return float(s2 / 2 * np.mean(np.sum(residual(method, parameters, layers, eigenvalues) ** 2, axis=-1)))


def task_loss(method: Method, parameters: Parameters, layers: int, tasks: Spectrum) -> float:
    """Half mean square of the predictions sum_i (1 - R(l_i)) / l_i (V^T X^T y)_i (V^T x_q)_i."""
    kept = 1 - residual(method, parameters, layers, tasks.values)
    prediction = np.sum(kept / np.maximum(tasks.values, 1e-300) * tasks.overlaps, axis=-1)
    return float(0.5 * np.mean((prediction - tasks.target) ** 2))
