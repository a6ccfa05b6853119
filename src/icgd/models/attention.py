"""Linear self-attention as a Flax module, written for one sequence; `jax.vmap` adds the batch.

Conventions: row vectors, q = e W_Q, k = e W_K, v = e W_V, and the head's output is s v P with
s = q.k (no softmax, no 1/sqrt(d), no bias). The two products that alone determine the function are
W_KQ = W_Q W_K^T (so that s = e_q W_KQ e_i^T) and W_PV = W_V P.
"""

import functools

import jax
import jax.numpy as jnp
from flax import nnx

from icgd.config import Model
from icgd.errors import IcgdError

Weights = dict[str, jax.Array]  # "0/query" -> (heads, token, key), one entry per layer and matrix
MATRICES = ("query", "key", "value", "projection")


class LinearSelfAttention(nnx.Module):
    """Update of every token: sum over heads and keys of (q.k) v P (von Oswald et al. 2022, eq. 3)."""

    def __init__(self, token: int, heads: int, variance: float, *, rngs: nnx.Rngs):
        """Draw separate W_Q, W_K, W_V, P: truncated normal, variance over fan-in (released code)."""
        split = jax.nn.initializers.variance_scaling(
            variance, "fan_in", "truncated_normal", in_axis=1, out_axis=2, batch_axis=0
        )
        merge = jax.nn.initializers.variance_scaling(
            variance, "fan_in", "truncated_normal", in_axis=(0, 1), out_axis=2
        )
        for name in MATRICES:
            make = merge if name == "projection" else split
            setattr(self, name, nnx.Param(make(rngs.params(), (heads, token, token))))

    def __call__(self, tokens: jax.Array, keys: jax.Array) -> jax.Array:
        """What is added to ``tokens`` (n, t) when they attend to ``keys`` (m, t)."""
        q = jnp.einsum("nt,htk->hnk", tokens, self.query[...])
        k = jnp.einsum("mt,htk->hmk", keys, self.key[...])
        v = jnp.einsum("mt,htk->hmk", keys, self.value[...])
        scores = jnp.einsum("hnk,hmk->hnm", q, k)
        attended = jnp.einsum("hnm,hmk->hnk", scores, v)
        return jnp.einsum("hnk,hkt->nt", attended, self.projection[...])


class Transformer(nnx.Module):
    """K residual attention layers on tokens (x_j, y_j), the query token last."""

    def __init__(self, settings: Model, token: int, *, rngs: nnx.Rngs):
        self.settings = settings
        variance = settings.init_variance / settings.layers
        count = 1 if settings.recurrent else settings.layers
        self.layers = nnx.List(
            [LinearSelfAttention(token, settings.heads, variance, rngs=rngs) for _ in range(count)]
        )

    def __call__(self, tokens: jax.Array) -> jax.Array:
        """Tokens after the last layer; ``tokens`` (N + 1, d + 1)."""
        settings = self.settings
        for index in range(settings.layers):
            layer = self.layers[0 if settings.recurrent else index]
            tokens = tokens + layer(tokens, tokens if settings.include_query else tokens[:-1])
            if settings.token_clip is not None:
                tokens = jnp.clip(tokens, -settings.token_clip, settings.token_clip)
        return tokens


def initialise(settings: Model, token: int, key: jax.Array) -> Weights:
    """Fresh weights: variance / K over fan-in, so std sqrt(0.002 / K / 11) at the base setting."""
    model = Transformer(settings, token, rngs=nnx.Rngs(params=key))
    state = nnx.to_pure_dict(nnx.state(model, nnx.Param))
    return {
        f"{layer}/{name}": state["layers"][layer][name]
        for layer in sorted(state["layers"])
        for name in MATRICES
    }


def shapes(settings: Model, token: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of every matrix of a model."""
    count = 1 if settings.recurrent else settings.layers
    shape = (settings.heads, token, token)
    return {f"{layer}/{name}": shape for layer in range(count) for name in MATRICES}


def checked(settings: Model, token: int, weights: Weights, where: str = "these weights") -> Weights:
    """The one door for weights that were not initialised here: hand-set ones and files.

    Raises:
        IcgdError: a matrix is missing, unknown, of the wrong shape, or not finite.
    """
    right = shapes(settings, token)
    for name in sorted(set(weights) | set(right)):
        if name not in weights or name not in right:
            state = "lack" if name in right else "have the unknown"
            raise IcgdError(f"{where} {state} matrix {name!r}; needed are {', '.join(right)}.")
        if tuple(weights[name].shape) != right[name]:
            raise IcgdError(
                f"{where}: matrix {name!r} has shape {tuple(weights[name].shape)}, not {right[name]}."
            )
        if not bool(jnp.isfinite(weights[name]).all()):
            raise IcgdError(f"{where}: matrix {name!r} holds NaN or infinity.")
    return {name: jnp.asarray(weights[name]) for name in right}


@functools.cache
def _structure(settings: Model, token: int) -> nnx.GraphDef:
    """Structure of a model, without drawing its weights."""
    blank = nnx.eval_shape(lambda: Transformer(settings, token, rngs=nnx.Rngs(params=0)))
    return nnx.split(blank, nnx.Param)[0]


def forward(settings: Model, weights: Weights, tokens: jax.Array) -> jax.Array:
    """Tokens after the last layer, for one sequence (N + 1, d + 1)."""
    graph = _structure(settings, tokens.shape[-1])
    layers: dict[int, dict[str, jax.Array]] = {}
    for name, matrix in weights.items():
        layer, matrix_name = name.split("/")
        layers.setdefault(int(layer), {})[matrix_name] = matrix
    return nnx.merge(graph, {"layers": layers})(tokens)


def predict(settings: Model, weights: Weights, tokens: jax.Array) -> jax.Array:
    """Prediction for the query of one sequence: minus the label entry of its last token."""
    return -forward(settings, weights, tokens)[-1, -1]
