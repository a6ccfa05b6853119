"""The networks of the second paper, in their readable form: causal, for one sequence of states.

Conventions as in `models.attention`: q = e W_Q, k = e W_K, v = e W_V, a head adds (sum_i s_ti v_i) P to
token t, here over i <= t only. Source: von Oswald et al. 2023, released code.
"""

import itertools
import math
from collections.abc import Sequence
from functools import cache, partial

import jax
import jax.numpy as jnp
from flax import nnx

from icgd.config import Causal, Task
from icgd.models.attention import MATRICES
from icgd.models.mlp import layer_norm
from icgd.models.recurrent import GATES, gru, online
from icgd.models.transformer import Weights
from icgd.tasks import tokens as codes

CHANNELS = 4  # states in a constructed token
PREFIX = 20  # tokens before a stream, where they are tuned (released code)
COPY = "copy_"  # begins the names of a linear layer's matrices that stand for a layer's own
ADAPTIVE = ("mesa", "delta", "longhorn")  # layers with a positive number of every head: lambda, or a rate
TINY = 1e-4  # added to the squared norm of features, which can be 0: their slopes stay bounded
LEAST_KEPT = 0.97  # gamma is between this and 1: over 256 tokens float32 bears no less


class CausalBlock(nnx.Module):
    """e <- clip(e + attention(e)), with an MLP first e + W_out gelu(W_in e); a LayerNorm before each."""

    def __init__(self, settings: Causal, index: int, *, rngs: nnx.Rngs):
        self.settings, self.index, self.kind = settings, index, settings.layers[index]
        heads, size, width = settings.heads, settings.key_size, settings.width
        draw = jax.nn.initializers.normal(settings.init_std)
        if self.kind == "gru":
            self.inner, self.outer = (nnx.Param(draw(rngs.params(), shape)) for shape in gru_shapes(settings))
        for name in MATRICES if self.kind != "gru" else MATRICES[-1:]:
            coded = has_code(settings, index) and name in ("query", "key")
            shape = (heads, size, width) if name == "projection" else (heads, width * (1 + coded), size)
            setattr(self, name, nnx.Param(draw(rngs.params(), shape)))
        if self.kind in ADAPTIVE:
            self.softness = nnx.Param(jnp.full(heads, math.log(math.expm1(settings.init_lambda))))
        if settings.forgetting and self.kind == "mesa":
            self.memory = nnx.Param(jnp.ones(heads))
        if settings.mlp:
            self.hidden = nnx.Param(draw(rngs.params(), (width, settings.mlp)))
            self.out = nnx.Param(draw(rngs.params(), (settings.mlp, width)))
        for name in (("norm", "mlp_norm") if settings.mlp else ("norm",)) if settings.layer_norm else ():
            setattr(self, f"{name}_scale", nnx.Param(jnp.ones(width)))
            setattr(self, f"{name}_offset", nnx.Param(jnp.zeros(width)))
        for name in MATRICES if settings.tuned == "copies" else ():
            shape = getattr(self, name)[...].shape
            setattr(self, f"{COPY}{name}", nnx.Param(draw(rngs.params(), shape)))

    def __call__(self, tokens: jax.Array) -> jax.Array:
        """(T, width) -> (T, width)."""
        seen = self.normalised("norm", tokens)
        if self.kind == "gru":
            states = gru(seen, self.inner[...], self.outer[...])
            attended = states.reshape(len(states), self.settings.heads, -1).swapaxes(0, 1)
        else:
            attended = self.attended(*self.projected(seen))
        tokens = tokens + jnp.einsum("htk,hkw->tw", attended, self.projection[...])
        if self.settings.mlp:
            seen = self.normalised("mlp_norm", tokens)
            tokens = tokens + jax.nn.gelu(seen @ self.hidden[...]) @ self.out[...]
        return clipped(self.settings, tokens)

    def projected(self, tokens: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Queries, keys and values of every head: (heads, T, key)."""
        coded = tokens
        if has_code(self.settings, self.index):
            coded = jnp.concatenate([tokens, position_codes(*tokens.shape, tokens.dtype)], axis=-1)
        seen = {"query": coded, "key": coded, "value": tokens}
        found = {name: jnp.einsum("tw,hwk->htk", x, getattr(self, name)[...]) for name, x in seen.items()}
        for name in normed(self.settings, self.index):
            found[name] = unit(found[name])
        q, k = featured(self.settings, self.index, found["query"], found["key"])
        return q, k, found["value"]

    def attended(self, q: jax.Array, k: jax.Array, v: jax.Array) -> jax.Array:
        """What every head finds: (heads, T, key)."""
        number = jax.nn.softplus(self.softness[...]) if self.kind in ADAPTIVE else None
        if self.kind in ("delta", "longhorn"):
            return jax.vmap(partial(online, implicit=self.kind == "longhorn"))(q, k, v, number)
        if hasattr(self, "memory"):
            return jax.vmap(forgetful)(q, k, v, number, kept(self.memory[...]))
        if self.kind == "mesa":
            q = jax.vmap(preconditioned)(q, k, number)
        scores = jnp.einsum("htk,hsk->hts", q, k)
        past = jnp.tril(jnp.ones(scores.shape[1:], bool))
        if self.kind == "softmax":
            scores = jax.nn.softmax(jnp.where(past, scores / math.sqrt(q.shape[-1]), -jnp.inf), axis=-1)
        return jnp.einsum("hts,hsk->htk", jnp.where(past, scores, 0), v)

    def normalised(self, name: str, tokens: jax.Array) -> jax.Array:
        """Tokens after one of its LayerNorms ("norm" or "mlp_norm"), where there are any."""
        if not self.settings.layer_norm:
            return tokens
        return layer_norm(tokens, getattr(self, f"{name}_scale")[...], getattr(self, f"{name}_offset")[...])


class CausalTransformer(nnx.Module):
    """Tokens of one sequence, residual layers, the next state at every position."""

    def __init__(self, settings: Causal, inputs: int, *, rngs: nnx.Rngs):
        self.settings, self.inputs = settings, inputs
        draw = jax.nn.initializers.normal(settings.init_std)
        if settings.tokens == "raw":
            self.embedding = nnx.Param(draw(rngs.params(), (inputs, settings.width)))
            self.read_out = nnx.Param(draw(rngs.params(), (settings.width, inputs)))
        if settings.final_norm:
            self.norm_scale = nnx.Param(jnp.ones(settings.width))
            self.norm_offset = nnx.Param(jnp.zeros(settings.width))
        if settings.tuned in ("end", "prefix"):
            self.end = nnx.Param(jax.random.normal(rngs.params(), (inputs,)))
        if settings.tuned == "prefix":
            self.prefix = nnx.Param(jax.random.normal(rngs.params(), (PREFIX, inputs)))
        blocks = range(len(settings.layers))
        self.layers = nnx.List(CausalBlock(settings, index, rngs=rngs) for index in blocks)

    def __call__(self, states: jax.Array) -> jax.Array:
        """The tokens before and after every layer (layers + 1, T, width); ``states`` (T, n)."""
        found = [self.tokens(states)]
        for layer in self.layers:
            found.append(layer(found[-1]))
        return jnp.stack(found)

    def tokens(self, states: jax.Array) -> jax.Array:
        """Tokens before the first layer."""
        if self.settings.tokens == "constructed":
            return constructed(self.settings, states)
        tokens = states @ self.embedding[...]
        if self.settings.position == "added":
            tokens = tokens + position_codes(*tokens.shape, tokens.dtype)
        return tokens

    def predictions(self, tokens: jax.Array) -> jax.Array:
        """The next states, or scores of symbols, (T, n), read from the last tokens: of constructed ones the
        first channel."""
        if self.settings.final_norm:
            tokens = layer_norm(tokens, self.norm_scale[...], self.norm_offset[...])
        if self.settings.tokens == "raw":
            return tokens @ self.read_out[...]
        return tokens[:, : self.inputs]


def preconditioned(q: jax.Array, k: jax.Array, ridge: jax.Array) -> jax.Array:
    """R_t q_t with R_t = (sum_{i<=t} k_i k_i^T + I / lambda)^-1, by the recursion of Sherman and Morrison:
    R_t = R_{t-1} - R_{t-1} k_t k_t^T R_{t-1} / (1 + k_t^T R_{t-1} k_t), R_0 = lambda I (eqs. 7, 8)."""

    def step(inverse: jax.Array, pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        query, key = pair
        along = inverse @ key
        inverse = inverse - jnp.outer(along, along) / (1 + key @ along)
        return inverse, inverse @ query

    return jax.lax.scan(step, ridge * jnp.eye(q.shape[-1], dtype=q.dtype), (q, k))[1]


def forgetful(q: jax.Array, k: jax.Array, v: jax.Array, ridge: jax.Array, kept: jax.Array) -> jax.Array:
    """Phi_t q_t where each token makes all before it count gamma = ``kept`` times as much (appendix B):
    P_t = gamma P_{t-1} + k_t k_t^T, P_0 = I / lambda; C_t = gamma C_{t-1} + v_t k_t^T; Phi_t = C_t P_t^-1."""

    def step(sums: tuple, now: tuple) -> tuple[tuple, jax.Array]:
        query, key, value = now
        grams, pairs = kept * sums[0] + jnp.outer(key, key), kept * sums[1] + jnp.outer(value, key)
        return (grams, pairs), pairs @ jnp.linalg.solve(grams, query)

    grams = jnp.eye(q.shape[-1], dtype=q.dtype) / ridge
    return jax.lax.scan(step, (grams, jnp.zeros((v.shape[-1], q.shape[-1]), v.dtype)), (q, k, v))[1]


def constructed(settings: Causal, states: jax.Array) -> jax.Array:
    """Tokens (0, s_t, s_t, s_{t-1}) with s_0 = 0; masked: (0, 0, s_t, s_{t-1}). Source: released code."""
    before = jnp.pad(states[..., :-1, :], [(0, 0)] * (states.ndim - 2) + [(1, 0), (0, 0)])
    blank = jnp.zeros_like(states)
    return jnp.concatenate([blank, blank if settings.masked else states, states, before], axis=-1)


def length(settings: Causal, task: Task) -> int:
    """Tokens of a sequence: its states; of a stream x, y and the end token of every pair, and a prefix."""
    if task.family != "streams":
        return task.context
    return 3 * task.context + PREFIX * (settings.tuned == "prefix")


def is_copy(name: str) -> bool:
    """Is a matrix, by its name, of a linear layer that stands for another?"""
    return name.partition("/")[2].startswith(COPY)


def with_copies(settings: Causal, weights: Weights, layers: Sequence[int]) -> tuple[Causal, Weights]:
    """The network with the linear copies of these layers in their place, and no others."""
    kinds = tuple("linear" if index in layers else kind for index, kind in enumerate(settings.layers))
    found = {name: matrix for name, matrix in weights.items() if not is_copy(name)}
    for index, name in itertools.product(layers, MATRICES):
        found[f"{index}/{name}"] = weights[f"{index}/{COPY}{name}"]
    return settings.model_copy(update={"tuned": "all", "layers": kinds}), found


def has_code(settings: Causal, index: int) -> bool:
    """Are queries and keys of layer ``index`` made of tokens with their positions' codes?"""
    return settings.position == "beside" and index == 0


def normed(settings: Causal, index: int) -> tuple[str, ...]:
    """Which vectors of layer ``index`` have norm 1: the released mesa layer takes values for keys there."""
    if not settings.qk_norm or index == 0:
        return ()
    return ("query", "value") if settings.layers[index] == "mesa" else ("query", "key")


def featured(settings: Causal, index: int, q: jax.Array, k: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Queries and keys as the layer takes them: shifted, as DPFP features, of norm 1, where settings say so.

    phi_nu(x) holds r_i r_{i+j} for j = 1, ..., nu, where r = relu((x, -x)) (Schlag et al. 2021).
    """
    if settings.key_shift:
        k = jnp.pad(k[..., :-1, :], [(0, 0)] * (k.ndim - 2) + [(1, 0), (0, 0)])
    if settings.layers[index] not in ("linear", "mesa"):
        return q, k
    if settings.features:
        q, k = _features(q, settings.features), _features(k, settings.features)
    return (_of_norm_one(q), _of_norm_one(k)) if settings.unit_keys else (q, k)


def _features(x: jax.Array, order: int) -> jax.Array:
    r = jax.nn.relu(jnp.concatenate([x, -x], axis=-1))
    return jnp.concatenate([r * jnp.roll(r, -j, axis=-1) for j in range(1, order + 1)], axis=-1)


def _of_norm_one(x: jax.Array) -> jax.Array:
    """Vectors over their norms; features can be all 0, where a norm has no derivative."""
    return x * jax.lax.rsqrt(jnp.sum(x**2, axis=-1, keepdims=True) + TINY)


def kept(memory: jax.Array) -> jax.Array:
    """The gamma of every head."""
    return LEAST_KEPT + (1 - LEAST_KEPT) * jax.nn.sigmoid(memory)


def gru_shapes(settings: Causal) -> tuple[tuple[int, int], tuple[int, int]]:
    """Of what acts on states, as many as all heads have entries, and on tokens."""
    size = settings.heads * settings.key_size
    return (size, GATES * size), (settings.width, GATES * size)


def position_codes(length: int, size: int, dtype: jnp.dtype) -> jax.Array:
    """`icgd.tasks.tokens.positions` as an array of JAX."""
    return jnp.asarray(codes.positions(length, size), dtype)


def unit(vectors: jax.Array) -> jax.Array:
    """Vectors over their norms."""
    return vectors / (jnp.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-16)


def clipped(settings: Causal, tokens: jax.Array) -> jax.Array:
    """Tokens after a layer, within the bounds."""
    bound = settings.token_clip
    return tokens if bound is None else jnp.clip(tokens, -bound, bound)


def initialise(settings: Causal, inputs: int, key: jax.Array) -> Weights:
    """Fresh weights by name, such as "0/query"; N(0, std^2) in every matrix."""
    state = nnx.to_pure_dict(nnx.state(CausalTransformer(settings, inputs, rngs=nnx.Rngs(key)), nnx.Param))
    layers = {f"{i}/{name}": one for i, held in state.pop("layers").items() for name, one in held.items()}
    return {**layers, **{f"tokens/{name}": matrix for name, matrix in state.items()}}


def shapes(settings: Causal, inputs: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of every matrix."""
    blank = jax.eval_shape(lambda: initialise(settings, inputs, jax.random.key(0)))
    return {name: matrix.shape for name, matrix in blank.items()}


def build(settings: Causal, inputs: int, weights: Weights) -> CausalTransformer:
    """The network that has these weights."""
    state: dict = {"layers": {index: {} for index in range(len(settings.layers))}}
    for name, matrix in weights.items():
        room, matrix_name = name.split("/")
        (state["layers"][int(room)] if room.isdigit() else state)[matrix_name] = matrix
    return nnx.merge(_structure(settings, inputs), state)


def predict(settings: Causal, weights: Weights, states: jax.Array) -> jax.Array:
    """Predictions (B, T, n) of the states after those seen, (B, T, n), one sequence at a time."""
    network = build(settings, states.shape[-1], weights)
    return jax.vmap(lambda one: network.predictions(network(one)[-1]))(states)


@cache
def _structure(settings: Causal, inputs: int) -> nnx.GraphDef:
    """Structure of a network, without drawing its weights."""
    blank = nnx.eval_shape(lambda: CausalTransformer(settings, inputs, rngs=nnx.Rngs(params=0)))
    return nnx.split(blank, nnx.Param)[0]
