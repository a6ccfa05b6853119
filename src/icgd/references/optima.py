"""The least loss of each family of K-step methods, by search: over the population, or under a token clip.

A search over the population sees one draw of tasks; the best of its ends is the one whose loss is least
on both that and another draw, since a method of high degree can fit single eigenvalues of the first.
"""

import zlib
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy

from icgd.random import stream
from icgd.references import descent, eigenbasis
from icgd.references.descent import BLOCK, Steps
from icgd.references.eigenbasis import S2, Nodes
from icgd.references.residuals import FAMILIES, Family, FamilyName, Parameters
from icgd.tasks import linear
from icgd.tasks.linear import Tasks, half_mean_square

INPUTS = CONTEXT = 10
PART = 25_000  # tasks drawn at a time
MARGIN = 1.02  # of a start above the largest eigenvalue, where high degrees explode
NOISE = 0.4  # spread of the logarithms of a start's values around the family's own start
BARRIER = 50.0  # log of a loss that overflows
TIE = 1e-9  # relative difference of losses that says nothing
OPTIONS = {"maxiter": 300, "maxfun": 500, "ftol": 1e-13, "gtol": 1e-9, "maxcor": 20}
CLIP = 10.0  # of the tokens of published networks of more than three layers
CLIPPED_STARTS = ((1 / 3, 0.65), (0.2, 1.0))  # shares of the unclipped e and g

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]  # logarithms -> loss and slopes


class Draws:
    """Eigenvalues (T, d) of two draws of equally many tasks, and nodes that stand for them."""

    def __init__(self, first: np.ndarray, second: np.ndarray):
        """``first`` is what a search sees; its ends are judged by ``second``, too."""
        self.first, self.second = first, second
        self.nodes = eigenbasis.nodes(first), eigenbasis.nodes(second)


class Optimum(NamedTuple):
    """Best parameters found, and their losses on the draw searched and on the other one."""

    parameters: Parameters
    searched: float
    population: float

    @property
    def steps(self) -> Steps:
        """e_k and g_k of GD, GD++ or Chebyshev's method."""
        steps = self.parameters["step"]
        return Steps(steps, self.parameters.get("gamma", np.zeros_like(steps)))


@np.errstate(over="ignore", invalid="ignore")
def loss(family: Family, layers: int, logarithms: np.ndarray, where: Nodes) -> tuple[float, np.ndarray]:
    """(s2 / 2) E sum_i R(l_i)^2 and its slopes, as a function of the logarithms of the free values."""
    values = np.exp(logarithms)
    residual = family.residual(family.expand(values, layers), layers, where.values)
    slopes = family.slopes(family, values, layers, where.values, S2 * where.weights * residual)
    return float(S2 / 2 * np.sum(where.weights * residual**2)), values * slopes


def search(method: FamilyName, layers: int, draws: Draws, starts: int) -> Optimum:
    """The best end of ``starts`` L-BFGS searches.

    Args:
        method: what is searched, a key of `residuals.FAMILIES`.
        layers: number K of steps.
        draws: eigenvalues to search on and to judge by.
        starts: the first is the family's own start (an end, too), the others lie around it.
    """
    family = FAMILIES[method]
    centre = np.log(family.start(layers, MARGIN * float(draws.first.max())))
    rng = np.random.default_rng([layers, zlib.crc32(" ".join(method).encode())])
    moves = [np.zeros_like(centre), *rng.normal(size=(starts - 1, len(centre))) * NOISE]

    def objective(where: Nodes) -> Objective:
        return lambda logarithms: loss(family, layers, logarithms, where)

    ends = [centre, *(_lowest(objective(draws.nodes[0]), centre + move, OPTIONS)[0] for move in moves)]
    losses = [[objective(where)(end)[0] for where in draws.nodes] for end in ends]
    larger = np.max(losses, axis=1)
    larger[~np.isfinite(larger)] = np.inf
    best = ends[int(np.argmax(larger <= np.min(larger) * (1 + TIE)))]  # the first of equals
    parameters = family.expand(np.exp(best), layers)
    losses = (family.population_loss(parameters, layers, draw) for draw in (draws.first, draws.second))
    return Optimum(parameters, *losses)


def search_clipped(layers: int, tasks: Tasks, unclipped: Steps, clip: float = CLIP) -> Steps:
    """The best shared (e, g) of GD++ on these tasks, float32, where tokens are clipped.

    A clip ends the eigenvalue form: a large first step, which the unclipped optimum of many layers
    takes, throws labels over the bound. So the search starts at two shares of the unclipped (e, g).
    """
    count = len(tasks.target) // BLOCK * BLOCK or len(tasks.target)
    size = min(count, BLOCK)
    blocks = jax.tree.map(lambda part: part[:count].reshape(-1, size, *part.shape[1:]), tasks)

    def of_block(logarithms: jax.Array, block: Tasks) -> jax.Array:
        steps = Steps(*(jnp.repeat(value, layers) for value in jnp.exp(logarithms)))
        return half_mean_square(descent.predict(block, steps, clip), block.target)

    @jax.jit
    def mean(logarithms: jax.Array) -> tuple[jax.Array, jax.Array]:
        found = jax.lax.map(lambda block: jax.value_and_grad(of_block)(logarithms, block), blocks)
        return jax.tree.map(lambda part: jnp.mean(part, axis=0), found)

    def objective(logarithms: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = mean(jnp.asarray(logarithms, jnp.float32))
        return float(value), np.asarray(slope, np.float64)

    centre = np.log([float(unclipped.steps[0]), float(unclipped.gammas[0])])
    ends = [_lowest(objective, centre + np.log(shares), {"ftol": 1e-7}) for shares in CLIPPED_STARTS]
    best = np.exp(min(ends, key=lambda end: end[1])[0])
    return Steps(*(np.full(layers, value) for value in best))


def _lowest(objective: Objective, start: np.ndarray, options: dict) -> tuple[np.ndarray, float]:
    """(end, log loss) of L-BFGS on the logarithm of the loss, which is finite where the loss overflows."""

    def logarithm(logarithms: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = objective(logarithms)
        if not (np.isfinite(value) and np.all(np.isfinite(slope)) and value > 0):
            return BARRIER, np.zeros_like(slope)
        return np.log(value), slope / value

    found = scipy.optimize.minimize(logarithm, start, jac=True, method="L-BFGS-B", options=options)
    return found.x, float(found.fun)


class Searched:
    """Optima on two draws of tasks of their own, which no evaluation uses, each searched once."""

    def __init__(self, tasks: int, starts: int, implementation: str):
        """So many tasks of each draw, and searches of each method."""
        self.tasks, self.starts, self.implementation = tasks, starts, implementation

    @cache  # noqa: B019 (a job has one)
    def draws(self, context: int = CONTEXT) -> Draws:
        """Eigenvalues of the two draws at a context length."""
        return Draws(*(self._draw(name, context) for name in ("searched", "judged")))

    def _draw(self, name: str, context: int) -> np.ndarray:
        found = []
        for part, done in enumerate(range(0, self.tasks, PART)):
            key = stream(part, f"optima, {name}, N = {context}", self.implementation)
            tasks = linear.sample(key, min(PART, self.tasks - done), INPUTS, context)
            found.append(eigenbasis.eigenvalues(tasks))
        return np.concatenate(found)

    @cache  # noqa: B019 (a job has one)
    def __call__(self, method: FamilyName, layers: int, context: int = CONTEXT) -> Optimum:
        """The optimum of a method with K = ``layers`` steps."""
        return search(method, layers, self.draws(context), self.starts)
