"""The optimum of shared GD++ where tokens are clipped, as published networks of more than 3 layers are.

A clip ends the eigenvalue form: a large first step, which the unclipped optimum of many layers takes,
throws labels over the bound. So the loss is computed on tasks.
"""

import jax
import jax.numpy as jnp
import numpy as np
import scipy

from icgd.references import multistep
from icgd.references.multistep import BLOCK, Recipe
from icgd.tasks.linear import Tasks, half_mean_square

CLIP = 10.0  # of published networks
STARTS = ((1 / 3, 0.65), (0.2, 1.0))  # shares of the unclipped e and g


def search(layers: int, tasks: Tasks, unclipped: Recipe) -> Recipe:
    """The best (e, g) for all layers on these tasks, by L-BFGS from two shares of the unclipped ones."""
    count = len(tasks.target) // BLOCK * BLOCK or len(tasks.target)
    size = min(count, BLOCK)
    blocks = jax.tree.map(lambda part: part[:count].reshape(-1, size, *part.shape[1:]), tasks)

    def of_block(logarithms: jax.Array, block: Tasks) -> jax.Array:
        step, gamma = jnp.exp(logarithms)
        recipe = Recipe(jnp.repeat(step, layers), jnp.repeat(gamma, layers))
        return half_mean_square(multistep.predict(block, recipe, CLIP), block.target)

    @jax.jit
    def mean(logarithms: jax.Array) -> tuple[jax.Array, jax.Array]:
        found = jax.lax.map(lambda block: jax.value_and_grad(of_block)(logarithms, block), blocks)
        return jax.tree.map(lambda part: jnp.mean(part, axis=0), found)

    def objective(logarithms: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = (np.asarray(part, np.float64) for part in mean(jnp.asarray(logarithms, jnp.float32)))
        return float(np.log(value)), slope / value

    centre = np.log([float(unclipped.steps[0]), float(unclipped.gammas[0])])
    ends = [
        scipy.optimize.minimize(
            objective, centre + np.log(shares), jac=True, method="L-BFGS-B", options={"ftol": 1e-7}
        )
        for shares in STARTS
    ]
    step, gamma = np.exp(min(ends, key=lambda end: end.fun).x)
    return Recipe(np.full(layers, step), np.full(layers, gamma))
