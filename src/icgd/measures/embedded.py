"""Networks of an embedding and one linear attention layer: what function they fit to a context.

The query's token (x, 0) is the same in every task. With z(x) its embedding, z_i those of the context
and r the last column of W_PV, the network predicts (von Oswald et al. 2022, A.7 and A.8)
    f(x) = -z(x)_last + w.z(x),  w = -W_KQ sum_i z_i (z_i.r):
a start that ignores the context, and a linear model of z(x) whose weights w attention fits to it.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.measures import agreement
from icgd.models.transformer import Weights
from icgd.references import constructions
from icgd.tasks.linear import Tasks

PARTS = ("linear", "hidden", "hidden_bias", "out", "out_bias")


class Embedded(NamedTuple):
    """An embedding of width t, and of the attention after it what the prediction depends on."""

    matrices: tuple[jax.Array, ...]  # `PARTS`
    kq: jax.Array  # W_KQ, (t, t)
    reader: jax.Array  # r, last column of W_PV, (t,)


class Functions(NamedTuple):
    """Predictions at Q queries, and their slopes, after T contexts."""

    before: jax.Array  # the start, (Q,)
    after: jax.Array  # f, (T, Q)
    slopes: jax.Array  # df/dx, (T, Q)


def of(weights: Weights) -> Embedded:
    """The network with these weights."""
    kq, pv = constructions.products(weights)
    matrices = tuple(jnp.asarray(weights[f"embedding/{name}"]) for name in PARTS)
    return Embedded(matrices, jnp.asarray(kq, jnp.float32), jnp.asarray(pv[:, -1], jnp.float32))


def embed(network: Embedded, x: jax.Array, y: jax.Array) -> jax.Array:
    """z of tokens (x, y): (...) and (...) -> (..., t)."""
    linear, hidden, hidden_bias, out, out_bias = network.matrices
    tokens = jnp.stack([x, y], axis=-1) @ linear
    return tokens + jax.nn.gelu(tokens @ hidden + hidden_bias) @ out + out_bias


def in_context(network: Embedded, tasks: Tasks) -> jax.Array:
    """w fitted to each context: (T, t)."""
    z = embed(network, tasks.inputs[..., 0], tasks.targets)
    return -jnp.einsum("tn,tnk->tk", z @ network.reader, z) @ network.kq.T


@jax.jit
def functions(network: Embedded, tasks: Tasks, x: jax.Array) -> Functions:
    """The functions fitted to each context at the queries ``x`` (Q,), which all tasks share."""

    def tokens(x: jax.Array) -> jax.Array:
        return embed(network, x, jnp.zeros_like(x))

    z, dz = jax.jvp(tokens, (x,), (jnp.ones_like(x),))
    w = in_context(network, tasks)
    return Functions(-z[:, -1], -z[:, -1] + w @ z.T, -dz[:, -1] + w @ dz.T)


@jax.jit
def values(network: Embedded, tasks: Tasks) -> jax.Array:
    """What attention sums: v_i = z_i.r of every context token, (T, N)."""
    return embed(network, tasks.inputs[..., 0], tasks.targets) @ network.reader


def explained(values: jax.Array, labels: jax.Array) -> float:
    """R^2 of a line through (label, value), over all tokens."""
    return float(np.corrcoef(np.ravel(values), np.ravel(labels))[0, 1] ** 2)


def apart(one: jax.Array, other: jax.Array) -> float:
    """Root mean square of the difference."""
    return float(jnp.sqrt(jnp.mean((one - other) ** 2)))


def correlation(one: jax.Array, other: jax.Array) -> float:
    """Correlation over the queries, mean over the tasks: (T, Q), (T, Q)."""
    centred = [part - jnp.mean(part, axis=-1, keepdims=True) for part in (one, other)]
    return float(jnp.mean(agreement.cosine(*centred)))
