"""Few-shot regression as a stream of tokens x_1, y_1, x_2, ... with y = W x + noise (second paper)."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.tasks import dynamics


class Pairs(NamedTuple):
    """A batch of B contexts of P pairs, of one teacher or of several, one after the other."""

    inputs: jax.Array  # (B, P, n) x ~ U(-r, r)
    targets: jax.Array  # (B, P, n)


def sample(
    key: jax.Array, count: int, size: int, lengths: Sequence[int], noise: float = 0.01, reach: float = 1.0
) -> Pairs:
    """Pairs of as many teachers, each orthogonal, as there are ``lengths``; inputs on (-reach, reach).

    The released code repeats the first inputs at the end and one draw of noise in every context; here
    all are drawn. Its text has normal inputs and no noise.
    """
    teacher_key, input_key, noise_key = jax.random.split(key, 3)
    keys = jax.random.split(teacher_key, len(lengths))
    teachers = jnp.stack([dynamics.orthogonal(one, size, count) for one in keys])
    inputs = jax.random.uniform(input_key, (count, sum(lengths), size), minval=-reach, maxval=reach)
    of_pair = teachers[np.repeat(np.arange(len(lengths)), lengths)]  # (P, n, n, B)
    targets = jnp.einsum("pijb,bpj->bpi", of_pair, inputs)
    return Pairs(inputs, targets + noise * jax.random.normal(noise_key, targets.shape))


def stream(pairs: Pairs, end: jax.Array | None = None, prefix: jax.Array | None = None) -> jax.Array:
    """Tokens (B, T, n): the prefix (k, n), if any, then x_1, y_1, the end token (n,), if any, x_2, ..."""
    parts = [pairs.inputs, pairs.targets]
    if end is not None:
        parts.append(jnp.broadcast_to(end, pairs.inputs.shape))
    count, _, size = pairs.inputs.shape
    tokens = jnp.stack(parts, axis=2).reshape(count, -1, size)
    if prefix is None:
        return tokens
    return jnp.concatenate([jnp.broadcast_to(prefix, (count, *prefix.shape)), tokens], axis=1)


def answers(
    predictions: jax.Array, end: jax.Array | None = None, prefix: jax.Array | None = None
) -> jax.Array:
    """Of predictions at every token of `stream`, those made at x_1, x_2, ...: of the targets."""
    first, period = 0 if prefix is None else len(prefix), 2 if end is None else 3
    return predictions[:, first::period]
