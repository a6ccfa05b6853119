"""The arithmetic that makes training of causal networks cheap; equal to the readable form (tests show it).

Every position has a Gram matrix of its own here, so nothing of `icgd.training.engine` carries over. Savings:
1. A block of sequences goes forwards and backwards at a time, so that its scores stay in a core's cache.
2. One product makes queries, keys and values of all heads.
3. Constructed tokens have rank 2 n and no gradient: in a first linear layer they are their own keys and
   values, scores are x_t W_KQ x_i^T, and of eight masked products four are left.
4. In the last layer the read-out, n columns of it, is folded into the values.
Arrays are (sequence, head, position, entry): products of a batch are fastest so.
"""

import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.custom_derivatives import CustomVJPPrimal as Perturbable

from icgd import batched
from icgd.config import Causal
from icgd.models import causal, mlp, recurrent
from icgd.models.transformer import Weights
from icgd.tasks import dynamics, streams, text
from icgd.tasks.dynamics import Sequences
from icgd.tasks.streams import Pairs
from icgd.tasks.text import Excerpts
from icgd.training import mesa

LARGEST_BLOCK = 32  # sequences computed at a time
SOFTMAX_POSITIONS, HEAD_POSITIONS = 512, 4096  # of them, at most: the fastest sizes measured on a CPU

Layer = dict[str, jax.Array]  # the matrices of one layer
Function = Callable[[jax.Array], jax.Array]  # of the states of one block


def block_size(settings: Causal, context: int) -> int:
    """Sequences that a CPU computes at a time: a power of two."""
    most = SOFTMAX_POSITIONS if "softmax" in settings.layers else HEAD_POSITIONS // settings.heads
    size = LARGEST_BLOCK
    while size > 1 and size * context > most:
        size //= 2
    return size


def predict(settings: Causal, weights: Weights, states: jax.Array) -> jax.Array:
    """Predictions (B, T, n) of the states after those seen; as `models.causal.predict`."""
    size = block_size(settings, states.shape[1])
    return batched.over_blocks(functools.partial(_predict, settings, weights), states, size)


def loss(settings: Causal, weights: Weights, sequences: Sequences | Pairs | Excerpts) -> jax.Array:
    """Half the squared error summed over entries, of text nats; mean over positions and sequences."""

    def in_blocks(function: Function, states: jax.Array) -> jax.Array:
        return batched.over_blocks(function, states, block_size(settings, states.shape[1]))

    return _loss(settings, weights, sequences, in_blocks)


def loss_and_gradient(
    settings: Causal, weights: Weights, sequences: Sequences | Pairs | Excerpts
) -> tuple[jax.Array, Weights]:
    """`loss` of one block and its gradient, zero for everything that is not tuned."""

    def of_block(tuned: Weights) -> jax.Array:
        return _loss(settings, {**weights, **tuned}, sequences, lambda function, states: function(states))

    tuned = {name: one for name, one in weights.items() if _is_tuned(settings, name)}
    value, gradient = jax.value_and_grad(of_block)(tuned)
    fixed = {name: jnp.zeros_like(one) for name, one in weights.items() if name not in tuned}
    return value, fixed | gradient


def _is_tuned(settings: Causal, name: str) -> bool:
    if settings.tuned == "copies":
        return causal.is_copy(name)
    return settings.tuned == "all" or name == f"tokens/{settings.tuned}"


def _loss(
    settings: Causal,
    weights: Weights,
    sequences: Sequences | Pairs | Excerpts,
    run: Callable[[Function, jax.Array], jax.Array],
) -> jax.Array:
    """Of the states that follow, or in a stream of what follows x_1, x_2, ...; or of copies.

    Args:
        run: gives a function of one block the states, at once or block by block.
    """
    if settings.tuned == "copies":
        return jnp.mean(run(functools.partial(_missed, settings, weights), sequences.states[:, :-1]))
    predict = functools.partial(run, functools.partial(_predict, settings, weights))
    if isinstance(sequences, Excerpts):
        seen = text.states(sequences.symbols[:, :-1], weights["tokens/read_out"].shape[-1])
        return jnp.mean(text.losses(predict(seen), sequences.symbols[:, 1:]))
    if isinstance(sequences, Sequences):
        return dynamics.half_mean_square(predict(sequences.states[:, :-1]), sequences.states[:, 1:])
    extra = weights["tokens/end"], weights.get("tokens/prefix")
    found = streams.answers(predict(streams.stream(sequences, *extra)), *extra)
    return dynamics.half_mean_square(found, sequences.targets)


def _predict(settings: Causal, weights: Weights, states: jax.Array) -> jax.Array:
    """`predict` of one block."""
    raw, last = settings.tokens == "raw", len(settings.layers) - 1
    layers = [_matrices(weights, index) for index in range(last + 1)]

    def read(tokens: jax.Array) -> jax.Array:
        return tokens @ weights["tokens/read_out"] if raw else tokens[..., : states.shape[-1]]

    tokens = _tokens(settings, weights, states)
    for index, layer in enumerate(layers[:-1]):
        tokens = _block(settings, layer, index, tokens, states)
    if settings.mlp or settings.final_norm or (raw and settings.token_clip is not None):
        tokens = _block(settings, layers[last], last, tokens, states)
        if settings.final_norm:
            tokens = mlp.layer_norm(tokens, weights["tokens/norm_scale"], weights["tokens/norm_offset"])
        return read(tokens)
    folded = {**layers[last], "projection": read(layers[last]["projection"])}
    return causal.clipped(settings, read(tokens) + _attention(settings, folded, last, tokens, states))


def _tokens(settings: Causal, weights: Weights, states: jax.Array) -> jax.Array:
    """Tokens before the first layer."""
    raw = settings.tokens == "raw"
    tokens = states @ weights["tokens/embedding"] if raw else causal.constructed(settings, states)
    if settings.position == "added":
        tokens = tokens + causal.position_codes(*tokens.shape[1:], tokens.dtype)
    return tokens


def _missed(settings: Causal, weights: Weights, states: jax.Array) -> jax.Array:
    """By how much linear copies miss what layers add to their own tokens, all layers together: (b,).

    Half the squared error summed over entries, mean over positions, as the released code distils a layer.
    """
    linear, copies = causal.with_copies(settings, weights, range(len(settings.layers)))
    tokens, missed = _tokens(settings, weights, states), jnp.zeros(len(states))
    for index in range(len(settings.layers)):
        added = _attention(settings, _matrices(weights, index), index, tokens, states)
        copied = _attention(linear, _matrices(copies, index), index, tokens, states)
        missed += 0.5 * jnp.mean(jnp.sum((copied - added) ** 2, axis=-1), axis=-1)
        tokens = causal.clipped(settings, tokens + added)
    return missed


def _matrices(weights: Weights, index: int) -> Layer:
    return {name.split("/")[1]: one for name, one in weights.items() if name.startswith(f"{index}/")}


def _block(settings: Causal, layer: Layer, index: int, tokens: jax.Array, states: jax.Array) -> jax.Array:
    """Tokens after one layer."""
    tokens = tokens + _attention(settings, layer, index, tokens, states)
    if settings.mlp:
        seen = _normalised(settings, layer, "mlp_norm", tokens)
        tokens = tokens + jax.nn.gelu(seen @ layer["hidden"]) @ layer["out"]
    return causal.clipped(settings, tokens)


def _attention(settings: Causal, layer: Layer, index: int, tokens: jax.Array, states: jax.Array) -> jax.Array:
    """What one layer's attention adds to the tokens, or to the predictions: (b, T, columns of P)."""
    if index == 0 and settings.tokens == "constructed" and settings.layers[0] == "linear":
        return _bilinear(settings, layer, states)
    projection = layer["projection"]
    if settings.layers[index] == "gru":
        found = recurrent.gru(_normalised(settings, layer, "norm", tokens), layer["inner"], layer["outer"])
        return found @ projection.reshape(-1, projection.shape[-1])
    if projection.shape[-1] < settings.key_size:  # so that P comes before the products, not after
        layer = {**layer, "value": layer["value"] @ projection}
    q, k, v = _projected(settings, layer, index, _normalised(settings, layer, "norm", tokens))
    found = ATTENTION[settings.layers[index]](layer, q, k, v)
    if layer["value"].shape[-1] == projection.shape[-1] < settings.key_size:
        return jnp.sum(found, axis=1)
    b, heads, length, size = found.shape
    found = found.transpose(0, 2, 1, 3).reshape(b * length, heads * size)
    return (found @ projection.reshape(heads * size, -1)).reshape(b, length, -1)


def _projected(
    settings: Causal, layer: Layer, index: int, tokens: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Queries, keys and values of a block: (b, heads, T, entries) each."""
    b, length, width = tokens.shape
    flat = {name: _flat(layer[name][:, :width]) for name in ("query", "key", "value")}
    made = tokens.reshape(b * length, width) @ jnp.concatenate(list(flat.values()), axis=1)
    found, start = {}, 0
    for name, matrix in flat.items():
        one = made[:, start : start + matrix.shape[1]].reshape(b, length, -1)
        start += matrix.shape[1]
        if causal.has_code(settings, index) and name != "value":
            one = one + causal.position_codes(length, width, tokens.dtype) @ _flat(layer[name][:, width:])
        found[name] = one.reshape(b, length, settings.heads, -1).transpose(0, 2, 1, 3)
    for name in causal.normed(settings, index):
        found[name] = causal.unit(found[name])
    return *causal.featured(settings, index, found["query"], found["key"]), found["value"]


def _flat(matrices: jax.Array) -> jax.Array:
    """The matrices of all heads side by side: (heads, w, entries) -> (w, heads x entries)."""
    return matrices.transpose(1, 0, 2).reshape(matrices.shape[1], -1)


def _normalised(settings: Causal, layer: Layer, name: str, tokens: jax.Array) -> jax.Array:
    if not settings.layer_norm:
        return tokens
    return mlp.layer_norm(tokens, layer[f"{name}_scale"], layer[f"{name}_offset"])


def _bilinear(settings: Causal, layer: Layer, states: jax.Array) -> jax.Array:
    """A first linear layer on constructed tokens, by their 2 n distinct entries x_t = (s_t, s_{t-1})."""
    b, length, n = states.shape
    before = jnp.pad(states[:, :-1], [(0, 0), (1, 0), (0, 0)])
    x = jnp.concatenate([states, before], axis=-1)

    def distinct(matrix: jax.Array) -> jax.Array:
        """(heads, 4 n, key) as it acts on x: (heads, 2 n, key)."""
        _, second, third, fourth = jnp.split(matrix, causal.CHANNELS, axis=1)
        return jnp.concatenate([third if settings.masked else second + third, fourth], axis=1)

    kq = distinct(layer["query"]) @ distinct(layer["key"]).swapaxes(1, 2)
    pv = distinct(layer["value"]) @ layer["projection"]
    probes = (x.reshape(b * length, 2 * n) @ _flat(kq)).reshape(b, length * settings.heads, 2 * n)
    found = _own_keys(probes, x).reshape(b * length, settings.heads * 2 * n)
    return (found @ pv.reshape(settings.heads * 2 * n, -1)).reshape(b, length, -1)


@jax.custom_vjp
def _own_keys(probes: jax.Array, x: jax.Array) -> jax.Array:
    """sum_{i<=t} (p_t.x_i) x_i for the probes of all heads: (b, T x heads, entries)."""
    return _scores(probes, x) @ x


def _scores(probes: jax.Array, x: jax.Array) -> jax.Array:
    return _past(probes @ x.swapaxes(1, 2), probes.shape[1] // x.shape[1])


def _own_keys_kept(probes: Perturbable, x: Perturbable) -> tuple[jax.Array, tuple]:
    """Training needs no slope in x, whose price would be two products."""
    return _own_keys(probes.value, x.value), (probes.value if x.perturbed else None, x.value)


def _own_keys_slopes(kept: tuple, slope: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The form is symmetric in probe and slope."""
    probes, x = kept
    if probes is None:
        return _own_keys(slope, x), jnp.zeros_like(x)
    return _own_keys(slope, x), _transposed(_scores(probes, x), slope) + _transposed(
        _scores(slope, x), probes
    )


_own_keys.defvjp(_own_keys_kept, _own_keys_slopes, symbolic_zeros=True)


@jax.custom_vjp
def linear(q: jax.Array, k: jax.Array, v: jax.Array) -> jax.Array:
    """sum_{i<=t} (q_t.k_i) v_i."""
    return _linear(q, k, v)[0]


def _linear(q: jax.Array, k: jax.Array, v: jax.Array) -> tuple[jax.Array, tuple]:
    scores = _past(q @ k.swapaxes(-1, -2))
    return scores @ v, (q, k, v, scores)


def _linear_slopes(kept: tuple, slope: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    q, k, v, scores = kept
    of_scores = _past(slope @ v.swapaxes(-1, -2))
    return of_scores @ k, _transposed(of_scores, q), _transposed(scores, slope)


linear.defvjp(_linear, _linear_slopes)


def _past(scores: jax.Array, heads: int = 1) -> jax.Array:
    """Scores (..., T x heads, T), 0 where the key is later than the query."""
    length = scores.shape[-1]
    seen = jnp.repeat(jnp.tril(jnp.ones((length, length), bool)), heads, axis=0)
    return jnp.where(seen, scores, 0)


def _transposed(scores: jax.Array, vectors: jax.Array) -> jax.Array:
    """S^T V as (V^T S)^T, in which XLA transposes the smaller matrix."""
    return (vectors.swapaxes(-1, -2) @ scores).swapaxes(-1, -2)


@jax.custom_vjp
def softmax(q: jax.Array, k: jax.Array, v: jax.Array) -> jax.Array:
    """sum_{i<=t} of v_i by the softmax of q_t.k_i / sqrt(key size)."""
    return _softmax(q, k, v)[0]


def _softmax(q: jax.Array, k: jax.Array, v: jax.Array) -> tuple[jax.Array, tuple]:
    q, length = q / math.sqrt(q.shape[-1]), q.shape[-2]
    seen = jnp.tril(jnp.ones((length, length), bool))
    scores = jnp.where(seen, q @ k.swapaxes(-1, -2), -jnp.inf)
    shares = jax.nn.softmax(scores, axis=-1)
    found = shares @ v
    return found, (q, k, v, shares, found)


def _softmax_slopes(kept: tuple, slope: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    q, k, v, shares, found = kept
    mean = jnp.sum(slope * found, axis=-1, keepdims=True)
    of_scores = shares * (slope @ v.swapaxes(-1, -2) - mean)
    of_q = of_scores @ k / math.sqrt(q.shape[-1])
    return of_q, _transposed(of_scores, q), _transposed(shares, slope)


softmax.defvjp(_softmax, _softmax_slopes)


def _mesa(layer: Layer, q: jax.Array, k: jax.Array, v: jax.Array) -> jax.Array:
    """`training.mesa`, with lambda > 0 by construction."""
    ridge = jnp.broadcast_to(jax.nn.softplus(layer["softness"]), q.shape[:2])
    if "memory" in layer:
        return mesa.forgetful(
            q, k, v, ridge, jnp.broadcast_to(causal.kept(layer["memory"])[:, None], q.shape[:3])
        )
    return mesa.mesa(q, k, v, ridge)


def _online(layer: Layer, q: jax.Array, k: jax.Array, v: jax.Array, implicit: bool) -> jax.Array:
    """`models.recurrent.online` of every head, with a rate > 0 by construction."""
    of_heads = jax.vmap(functools.partial(recurrent.online, implicit=implicit))
    return jax.vmap(of_heads, in_axes=(0, 0, 0, None))(q, k, v, jax.nn.softplus(layer["softness"]))


ATTENTION = {
    "linear": lambda layer, q, k, v: linear(q, k, v),
    "softmax": lambda layer, q, k, v: softmax(q, k, v),
    "mesa": _mesa,
    "delta": functools.partial(_online, implicit=False),
    "longhorn": functools.partial(_online, implicit=True),
}
