"""The arithmetic that makes training cheap; equal to the readable model (a test shows it).

Three savings: each head needs only the products W_Q W_K^T and W_V P; in the last layer only the
query's row is computed, and of it only the label entry; and small products over a large batch are
written as broadcast sums, which XLA fuses on a CPU where it would call a slow batched product.
"""

import jax
import jax.numpy as jnp

from icgd.config import Model
from icgd.models.attention import Weights
from icgd.tasks.linear import Tasks, tokens


def predict(settings: Model, weights: Weights, tasks: Tasks) -> jax.Array:
    """Predictions (T,) of a batch of tasks; as `attention.predict` for each sequence."""
    sequence = tokens(tasks)
    for index in range(settings.layers - 1):
        sequence = _layer(settings, _products(settings, weights, index), sequence)
    keys = sequence if settings.include_query else sequence[:, :-1]
    inputs, labels, query = keys[..., :-1], keys[..., -1], sequence[:, -1]
    prediction = -query[:, -1]
    for kq, pv in zip(*_products(settings, weights, settings.layers - 1), strict=True):
        probe = query @ kq
        scores = jnp.sum(inputs * probe[:, None, :-1], -1) + labels * probe[:, -1:]
        values = inputs @ pv[:-1, -1] + labels * pv[-1, -1]
        prediction -= jnp.sum(scores * values, -1)
    return _clipped(settings, prediction)


def label_update(
    settings: Model, weights: Weights, tasks: Tasks, query_label: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """What one layer, keys without the query, adds to the labels: context (T, N), query (T,).

    ``tasks.targets`` and ``query_label`` are the present labels.
    """
    x, y = tasks.inputs, tasks.targets
    context, query = jnp.zeros_like(y), jnp.zeros_like(query_label)
    for kq, pv in zip(*_products(settings, weights, 0), strict=True):
        values = x @ pv[:-1, -1] + y * pv[-1, -1]
        moment = jnp.einsum("tnd,tn->td", x, values), jnp.sum(y * values, -1, keepdims=True)
        probe = jnp.concatenate(moment, axis=-1) @ kq.T
        context += jnp.einsum("tnd,td->tn", x, probe[:, :-1]) + y * probe[:, -1:]
        query += jnp.sum(tasks.query * probe[:, :-1], -1) + query_label * probe[:, -1]
    return context, query


def _products(settings: Model, weights: Weights, index: int) -> tuple[jax.Array, jax.Array]:
    """(W_KQ, W_PV) of every head of one layer: (heads, t, t) each."""
    layer = 0 if settings.recurrent else index
    q, k, v, p = (weights[f"{layer}/{name}"] for name in ("query", "key", "value", "projection"))
    return jnp.einsum("htk,huk->htu", q, k), jnp.einsum("htk,hku->htu", v, p)


def _layer(settings: Model, matrices: tuple[jax.Array, jax.Array], sequence: jax.Array) -> jax.Array:
    """Every token after one layer, through the Gram matrix of the keys: linear cost in N."""
    kq, pv = matrices
    keys = sequence if settings.include_query else sequence[:, :-1]
    gram = jnp.einsum("bmt,bmu->btu", keys, keys)
    update = jnp.einsum("htu,buv,hvw->btw", kq, gram, pv)
    return _clipped(settings, sequence + jnp.einsum("bnt,btw->bnw", sequence, update))


def _clipped(settings: Model, values: jax.Array) -> jax.Array:
    bound = settings.token_clip
    return values if bound is None else jnp.clip(values, -bound, bound)
