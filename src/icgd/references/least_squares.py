"""The floor: ridge regression, which is Bayes-optimal here, and its noiseless limit."""

import jax
import jax.numpy as jnp
import numpy as np

from icgd.tasks.linear import Tasks


def ridge(tasks: Tasks, noise: float = 0.0) -> np.ndarray:
    """Bayes predictions x_q.w for w ~ N(0, I) and label-noise variance v; float64, shape (T,).

    w = X^T (X X^T + v I)^-1 y with X of shape (N, d); v = 0 gives the minimum-norm least squares.
    """
    inputs, targets, query = (np.asarray(a, np.float64) for a in tasks[:3])
    if noise == 0:
        weights = np.einsum("tdn,tn->td", np.linalg.pinv(inputs), targets)
    else:
        gram = np.einsum("tnd,tmd->tnm", inputs, inputs) + noise * np.eye(inputs.shape[1])
        dual = np.linalg.solve(gram, targets[..., None])[..., 0]
        weights = np.einsum("tnd,tn->td", inputs, dual)
    return np.einsum("td,td->t", weights, query)


def minimum_norm(tasks: Tasks) -> np.ndarray:
    """Least squares weights of least norm, X^+ y; float64, shape (T, d)."""
    inputs, targets = (np.asarray(a, np.float64) for a in tasks[:2])
    return np.einsum("tdn,tn->td", np.linalg.pinv(inputs), targets)


def noiseless_loss(inputs: int, context: int, s2: float) -> float:
    """Loss of least squares without noise: 0 for N >= d, else (s2 / 2) (d - N)."""
    return s2 / 2 * max(inputs - context, 0)


@jax.jit
def ridge_weights(tasks: Tasks, noise: float) -> jax.Array:
    """Weights of `ridge`, w = (X^T X + v I)^-1 X^T y; shape (T, d)."""
    gram = jnp.einsum("tnd,tne->tde", tasks.inputs, tasks.inputs) + noise * jnp.eye(tasks.query.shape[-1])
    return jnp.linalg.solve(gram, jnp.einsum("tnd,tn->td", tasks.inputs, tasks.targets)[..., None])[..., 0]
