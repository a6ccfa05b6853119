"""The arithmetic that makes training cheap; equal to the readable model (tests show it).

Four savings, all exact:
1. Of a linear head only the products W_KQ = W_Q W_K^T and W_PV = W_V P act, so they are formed once.
2. In the last layer only the query's row counts, and of it only the entry that is read.
3. Before it, a linear layer acts on all tokens alike, e <- e A with A = I + W_KQ G W_PV, so that the
   Gram matrix of the keys, G = sum_i e_i^T e_i, is all that is kept of the context: G <- A^T G A.
4. Arrays have the batch innermost (`icgd.batched`).
Arrays here are (entry, position, T) for tokens and (entry, T) for the query.
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from icgd import batched
from icgd.config import Model
from icgd.models import transformer
from icgd.models.attention import MATRICES
from icgd.models.block import has_norm
from icgd.models.mlp import EPSILON
from icgd.models.transformer import Weights
from icgd.tasks.linear import Tasks, half_mean_square

BLOCK, SMALLEST_BLOCK = 256, 32  # tasks computed at a time
CACHED = 2**18  # entries of their tokens, at most, so that the arrays of a layer stay in a core's cache


class Sequence(NamedTuple):
    """A batch of sequences: each position's features, the map that makes tokens of them, the query.

    Token i is ``map``^T ``features``[:, i]; without a map the features are the tokens.
    """

    features: jax.Array  # (f, positions, T), the keys
    map: jax.Array | None  # (f, t)
    query: jax.Array  # (t, T)


def predict(settings: Model, weights: Weights, tasks: Tasks) -> jax.Array:
    """Predictions (T,) of a batch of tasks; as `transformer.predict` for each sequence."""
    _, context, inputs = tasks.inputs.shape
    return batched.over_blocks(partial(_predict, settings, weights), tasks, block_size(inputs, context))


def block_size(inputs: int, context: int) -> int:
    """Tasks that a CPU computes at a time: a power of two."""
    size = BLOCK
    while size > SMALLEST_BLOCK and size * (inputs + 1) * (context + 1) > CACHED:
        size //= 2
    return size


def _predict(settings: Model, weights: Weights, tasks: Tasks) -> jax.Array:
    """`predict` of one block."""
    if _has_gram_form(settings) and settings.token_clip is None:
        return _predict_by_gram(settings, weights, tasks)[0]
    sequence = _sequence(settings, weights, tasks)
    for index in range(settings.layers - 1):
        sequence = _layer(settings, weights, index, _plain(sequence))
    if settings.mlp:  # it mixes the query's entries, so that all of them count to the end
        return -_layer(settings, weights, settings.layers - 1, _plain(sequence)).query[-1]
    return _clipped(settings, _read_out(settings, weights, sequence))


def loss_and_gradient(settings: Model, weights: Weights, tasks: Tasks) -> tuple[jax.Array, Weights]:
    """1/2 mean squared error and its gradient with respect to the separate matrices.

    A clip at ``token_clip`` does nothing unless a token reaches it, which bounds on the entries,
    sqrt(G_jj) >= |e_ij|, nearly always rule out; the clipped model is computed where they do not.
    """

    def exact(weights: Weights) -> jax.Array:
        return half_mean_square(_predict(settings, weights, tasks), tasks.target)

    def unclipped(weights: Weights) -> tuple[jax.Array, jax.Array]:
        prediction, largest = _predict_by_gram(settings, weights, tasks)
        return half_mean_square(prediction, tasks.target), largest

    if settings.token_clip is None or not _has_gram_form(settings):
        return jax.value_and_grad(exact)(weights)
    (loss, largest), gradient = jax.value_and_grad(unclipped, has_aux=True)(weights)
    return jax.lax.cond(
        largest < 0.999 * settings.token_clip,  # the margin is for rounding in G
        lambda _: (loss, gradient),
        jax.value_and_grad(exact),
        weights,
    )


def label_update(
    settings: Model, weights: Weights, tasks: Tasks, query_label: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """What one linear layer, keys without the query, adds to the labels: context (T, N), query (T,).

    ``tasks.targets`` and ``query_label`` are the present labels.
    """
    x, y = tasks.inputs, tasks.targets
    context, query = jnp.zeros_like(y), jnp.zeros_like(query_label)
    for kq, pv in _products(settings, weights, 0):
        values = x @ pv[:-1, -1] + y * pv[-1, -1]
        moment = jnp.einsum("tnd,tn->td", x, values), jnp.sum(y * values, -1, keepdims=True)
        probe = jnp.concatenate(moment, axis=-1) @ kq.T
        context += jnp.einsum("tnd,td->tn", x, probe[:, :-1]) + y * probe[:, -1:]
        query += jnp.sum(tasks.query * probe[:, :-1], -1) + query_label * probe[:, -1]
    return context, query


def is_linear_in_query(settings: Model) -> bool:
    """Does the query meet linear maps only, the same as any other token with these keys would?"""
    return _has_gram_form(settings) and not (settings.alternating or settings.include_query)


def linear_models(settings: Model, weights: Weights, tasks: Tasks) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The linear model learnt from each context, read off: predictions (T,) without any token clip,
    their gradients with respect to the query (T, d), a bound on the entries of each task's tokens (T,).

    The prediction is minus the last entry of e_q A_1 ... A_K, so its gradient is minus the last column
    of that product, without the label's row. Differentiation says the same at several times the cost.
    """
    _, context, inputs = tasks.inputs.shape
    size = block_size(inputs, context)
    return batched.over_blocks(lambda block: _linear_models(settings, weights, block), tasks, size)


def _linear_models(settings: Model, weights: Weights, tasks: Tasks) -> tuple[jax.Array, jax.Array, jax.Array]:
    """`linear_models` of one block."""
    tokens = transformer.sequence(settings, tasks)  # (t, N + 1, T)
    query, gram = tokens[:, -1], batched.gram(batched.turned(tokens[:, :-1]))
    identity, maps, entries = jnp.eye(len(query))[:, :, None], [], []
    for index in range(settings.layers - 1):
        layer = identity + sum(_sandwich(kq, gram, pv) for kq, pv in _products(settings, weights, index))
        half = batched.product(gram, layer)  # G A, as G is symmetric
        query = batched.dot(layer, query)
        entries += [jnp.sqrt(batched.inner(layer, half)), jnp.abs(query)]  # diag(A^T G A): sums of squares
        gram = batched.product(layer, half)
        maps.append(batched.turned(layer))
    column = jnp.zeros_like(query).at[-1].set(1.0)
    for kq, pv in _products(settings, weights, settings.layers - 1):
        column += _sandwich(kq, gram, pv[:, -1:])[:, 0]
    total = batched.inner(column, query)
    for layer in reversed(maps):
        column = batched.dot(layer, column)
    return -total, -column[:-1].T, jnp.max(jnp.concatenate([*entries, jnp.abs(total)[None]]), axis=0)


def _has_gram_form(settings: Model) -> bool:
    """Is every layer a linear map of the tokens, given their Gram matrix?"""
    return not (
        settings.softmax_layers or settings.embedding or settings.mlp or settings.layer_norm != "none"
    )


def _products(settings: Model, weights: Weights, index: int) -> list[tuple[jax.Array, jax.Array]]:
    """(W_KQ, W_PV) of each head of one layer: (t, t) each."""
    layer = 0 if settings.recurrent else index
    q, k, v, p = (weights[f"{layer}/{name}"] for name in MATRICES)
    scale = 1 / math.sqrt(q.shape[-1]) if index < settings.softmax_layers else 1.0
    return [(q[head] @ k[head].T * scale, v[head] @ p[head]) for head in range(len(q))]


def _sequence(settings: Model, weights: Weights, tasks: Tasks) -> Sequence:
    """What the first layer sees."""
    tokens = transformer.sequence(settings, tasks)
    keys = tokens if settings.include_query else tokens[:, :-1]
    if not settings.embedding:
        return Sequence(keys, None, tokens[:, -1])
    linear, hidden, hidden_bias, out, out_bias = (
        weights[f"embedding/{name}"] for name in ("linear", "hidden", "hidden_bias", "out", "out_bias")
    )
    first = linear @ hidden
    tall = jnp.concatenate([linear, out, out_bias[None]])

    def features(tokens: jax.Array) -> jax.Array:
        """z, gelu(z W W_in + b_in), 1: a token is a fixed linear map of these."""
        units = jax.nn.gelu(batched.shared(first, tokens) + hidden_bias.reshape(-1, *[1] * (tokens.ndim - 1)))
        return jnp.concatenate([tokens, units, jnp.ones_like(tokens[:1])])

    return Sequence(features(keys), tall, batched.shared(tall, features(tokens[:, -1])))


def _plain(sequence: Sequence) -> Sequence:
    """The same sequence with its tokens spelt out."""
    if sequence.map is None:
        return sequence
    return Sequence(batched.shared(sequence.map, sequence.features), None, sequence.query)


def _layer(settings: Model, weights: Weights, index: int, sequence: Sequence) -> Sequence:
    """Every token after one layer."""
    tokens = jnp.concatenate([sequence.features, sequence.query[:, None]], axis=1)
    seen = _normalised(settings, weights, index, tokens)
    keys, update = seen[:, :-1], jnp.zeros_like(tokens)
    for kq, pv in _products(settings, weights, index):
        if index < settings.softmax_layers:
            probe = batched.shared(kq, seen)  # (t, position, T)
            shares = jax.nn.softmax(batched.product(keys, probe), axis=0)  # (key, position, T)
            update += batched.shared(pv, batched.product(batched.turned(keys), shares))
        else:
            moment = batched.gram(batched.turned(keys))
            update += batched.product(_sandwich(kq, moment, pv), seen)
    tokens = _clipped(settings, tokens + update)
    if settings.mlp:
        tokens = _clipped(settings, tokens + _mlp(settings, weights, index, tokens))
    return Sequence(tokens[:, :-1], None, tokens[:, -1])


def _mlp(settings: Model, weights: Weights, index: int, tokens: jax.Array) -> jax.Array:
    """What the MLP of one layer adds to its tokens."""
    layer = 0 if settings.recurrent else index
    if settings.layer_norm != "none":
        tokens = _layer_norm(weights, f"{layer}/mlp_norm", tokens)
    hidden = jax.nn.gelu(batched.shared(weights[f"{layer}/hidden"], tokens))
    return batched.shared(weights[f"{layer}/out"], hidden)


def _normalised(settings: Model, weights: Weights, index: int, tokens: jax.Array) -> jax.Array:
    """The tokens as the attention of layer ``index`` sees them."""
    if not has_norm(settings, index):
        return tokens
    return _layer_norm(weights, f"{0 if settings.recurrent else index}/norm", tokens)


def _layer_norm(weights: Weights, name: str, tokens: jax.Array) -> jax.Array:
    """`mlp.layer_norm` over the first axis."""
    across = (-1, *[1] * (tokens.ndim - 1))
    scale, offset = (weights[f"{name}_{part}"].reshape(across) for part in ("scale", "offset"))
    return jax.nn.standardize(tokens, axis=0, epsilon=EPSILON) * scale + offset


def _sandwich(kq: jax.Array, gram: jax.Array, pv: jax.Array) -> jax.Array:
    """W_KQ G W_PV of every sequence, for symmetric G: (t, t, T)."""
    return batched.shared(kq.T, batched.shared_right(gram, pv))


def _read_out(settings: Model, weights: Weights, sequence: Sequence) -> jax.Array:
    """Minus the last entry of the query's token after the last layer: (T,)."""
    last = settings.layers - 1
    total = sequence.query[-1]
    if has_norm(settings, last):
        sequence = _plain(sequence)
    features, query = (_normalised(settings, weights, last, x) for x in (sequence.features, sequence.query))
    for kq, pv in _products(settings, weights, last):
        probe, reader = batched.shared(kq, query), pv[:, -1:]
        if sequence.map is not None:
            probe, reader = batched.shared(sequence.map.T, probe), sequence.map @ reader
        scores = batched.dot(features, probe)
        if last < settings.softmax_layers:
            scores = jax.nn.softmax(scores, axis=0)
        total += batched.inner(scores, batched.shared(reader, features)[0])
    return -total


def _predict_by_gram(settings: Model, weights: Weights, tasks: Tasks) -> tuple[jax.Array, jax.Array]:
    """Predictions of linear layers without a clip, and a bound on the entries of every token."""
    sequence = _sequence(settings, weights, tasks)
    if settings.layers == 1:
        prediction = _read_out(settings, weights, sequence)
        return prediction, jnp.max(jnp.abs(prediction))
    keys, query = batched.turned(sequence.features), sequence.query
    gram = batched.gram(keys)
    identity = jnp.eye(len(query))[:, :, None]
    bound = jnp.zeros(())
    for index in range(settings.layers - 1):
        update = sum(_sandwich(kq, gram, pv) for kq, pv in _products(settings, weights, index))
        query = query + batched.dot(update, query)
        layer = identity + update
        half = batched.product(gram, layer)  # G A, as G is symmetric
        reach = jnp.max(batched.inner(layer, half))  # largest entry of the diagonal of A^T G A
        bound = jnp.maximum(bound, jnp.maximum(jnp.sqrt(reach), jnp.max(jnp.abs(query))))
        if index < settings.layers - 2:
            gram = batched.product(layer, half)
    total = query[-1]
    for kq, pv in _products(settings, weights, settings.layers - 1):
        probe = batched.dot(batched.turned(layer), batched.shared(kq, query))
        reader = batched.shared(pv[:, -1:], batched.turned(layer))[0]
        total += batched.inner(probe, batched.dot(gram, reader))
    return -total, jnp.maximum(bound, jnp.max(jnp.abs(total)))


def _clipped(settings: Model, values: jax.Array) -> jax.Array:
    bound = settings.token_clip
    return values if bound is None else jnp.clip(values, -bound, bound)
