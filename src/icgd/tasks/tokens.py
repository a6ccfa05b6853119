"""Token sequences of tasks: how context pairs and the query are laid out for a transformer.

Both have the shape (entry, position, T): the batch is innermost, as the engine wants it.
"""

import jax
import jax.numpy as jnp
import numpy as np

from icgd.tasks.linear import Tasks


def joint(tasks: Tasks) -> jax.Array:
    """Tokens e_j = (x_j, y_j) and, last, the query token (x_q, 0): shape (d + 1, N + 1, T)."""
    inputs = jnp.concatenate([tasks.inputs.T, tasks.query.T[:, None]], axis=1)
    labels = jnp.concatenate([tasks.targets.T, jnp.zeros_like(tasks.target)[None]])
    return jnp.concatenate([inputs, labels[None]])


def alternating(tasks: Tasks, position_size: int) -> jax.Array:
    """Tokens x_1, (0, y_1), x_2, ..., x_q, each followed by its position's code.

    Source: released code of von Oswald et al. 2022 (their Fig. 5). Shape
    (d + position_size, 2 N + 1, T).
    """
    inputs, labels = tasks.inputs.T, tasks.targets.T
    size, context, count = inputs.shape
    padded = jnp.concatenate([jnp.zeros((size - 1, context, count), labels.dtype), labels[None]])
    pairs = jnp.stack([inputs, padded], axis=2).reshape(size, 2 * context, count)
    contents = jnp.concatenate([pairs, tasks.query.T[:, None]], axis=1)
    codes = jnp.asarray(positions(2 * context + 1, position_size).T, contents.dtype)[..., None]
    return jnp.concatenate([contents, jnp.broadcast_to(codes, (*codes.shape[:2], count))])


def positions(count: int, size: int) -> np.ndarray:
    """Sinusoidal codes (count, size): sin and cos of j / 10000^(2 k / size) (Vaswani et al. 2017)."""
    angles = np.arange(count)[:, None] / 10000.0 ** (np.arange(0, size, 2) / size)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(count, -1)[:, :size]
