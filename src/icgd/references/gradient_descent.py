"""Gradient descent on the context's squared loss, from W_0 = 0, and what it predicts."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from icgd.tasks.linear import Tasks, half_mean_square

RELEASED_GRID = np.arange(0.001, 25, 0.1)  # rates tried by the released line search


def one_step_weights(tasks: Tasks, rate: float | jax.Array) -> jax.Array:
    """w_1 = (eta / N) sum_i y_i x_i, one GD step from zero; shape (T, d)."""
    context = tasks.targets.shape[-1]
    return rate / context * jnp.einsum("tnd,tn->td", tasks.inputs, tasks.targets)


def one_step(tasks: Tasks, rate: float | jax.Array) -> jax.Array:
    """Predictions w_1.x_q of one GD step; shape (T,)."""
    return jnp.einsum("td,td->t", one_step_weights(tasks, rate), tasks.query)


def roll_out(tasks: Tasks, rate: float, steps: int) -> jax.Array:
    """Predictions after each of ``steps`` GD steps with one rate; shape (steps, T)."""
    context = tasks.targets.shape[-1]

    def step(weights: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
        residual = tasks.targets - jnp.einsum("tnd,td->tn", tasks.inputs, weights)
        weights = weights + rate / context * jnp.einsum("tnd,tn->td", tasks.inputs, residual)
        return weights, jnp.einsum("td,td->t", weights, tasks.query)

    return jax.lax.scan(step, jnp.zeros_like(tasks.query), None, length=steps)[1]


def released_line_search(tasks: Tasks, steps: int = 1) -> tuple[float, float]:
    """(rate, loss) of the released search: the best of the grid on these very tasks."""

    @jax.jit
    def loss(rate: jax.Array, tasks: Tasks) -> jax.Array:
        return half_mean_square(roll_out(tasks, rate, steps)[-1], tasks.target)

    losses = [float(loss(rate, tasks)) for rate in RELEASED_GRID]
    best = int(np.nanargmin(losses))
    return float(RELEASED_GRID[best]), losses[best]


def sample_optimal_rate(tasks: Tasks) -> float:
    """Rate of the least one-step loss on a sample: N sum y_q a / sum a^2, a = sum_i y_i x_i.x_q."""
    unit = one_step(tasks, float(tasks.targets.shape[-1]))
    best = jnp.sum(tasks.target * unit) / jnp.sum(unit**2)
    return float(best) * tasks.targets.shape[-1]


def eigenvalue_loss(
    eigenvalues: np.ndarray, s2: float, steps: Sequence[float], gammas: Sequence[float] | None = None
) -> float:
    """Population loss of K steps of GD (gammas absent) or GD++ from eigenvalues of X X^T.

    l_0 = l, R = 1; for each layer R <- R (1 - e_k l), l <- l (1 - g_k l)^2 with the old l in both;
    the loss is (s2 / 2) E sum_i R(l_i)^2.

    Args:
        eigenvalues: (T, d) eigenvalues of X X^T (sum over the context) of many tasks.
        s2: variance of a coordinate of the query.
        steps: e_k = eta_k / N for each layer.
        gammas: g_k for each layer, or None for plain gradient descent.
    """
    residual = np.ones_like(eigenvalues)
    for index, step in enumerate(steps):
        residual = residual * (1 - step * eigenvalues)
        if gammas is not None:
            eigenvalues = eigenvalues * (1 - gammas[index] * eigenvalues) ** 2
    return float(s2 / 2 * np.mean(np.sum(residual**2, axis=-1)))
