"""Self-attention as a Flax module, written for one sequence; `jax.vmap` adds the batch.

Conventions: row vectors, q = e W_Q, k = e W_K, v = e W_V, and a head's output is (sum_i s_i v_i) P.
Linear attention has s_i = q.k_i (no 1/sqrt, no bias), so that two products alone determine it:
W_KQ = W_Q W_K^T (s = e_q W_KQ e_i^T) and W_PV = W_V P.
"""

import math

import jax
import jax.numpy as jnp
from flax import nnx

MATRICES = ("query", "key", "value", "projection")


class SelfAttention(nnx.Module):
    """Update of every token: sum over heads and keys of s_i v_i P (von Oswald et al. 2022, eq. 3).

    ``softmax``: s = softmax_i(q.k_i / sqrt(key size)), as in Vaswani et al. 2017.
    """

    def __init__(
        self, token: int, key_size: int, heads: int, variance: float, softmax: bool, *, rngs: nnx.Rngs
    ):
        """Draw separate W_Q, W_K, W_V, P: truncated normal, variance over fan-in (released code)."""
        self.softmax = softmax
        split = jax.nn.initializers.variance_scaling(
            variance, "fan_in", "truncated_normal", in_axis=1, out_axis=2, batch_axis=0
        )
        merge = jax.nn.initializers.variance_scaling(
            variance, "fan_in", "truncated_normal", in_axis=(0, 1), out_axis=2
        )
        for name in MATRICES:
            last = name == "projection"
            shape = (heads, key_size, token) if last else (heads, token, key_size)
            setattr(self, name, nnx.Param((merge if last else split)(rngs.params(), shape)))

    def __call__(self, tokens: jax.Array, keys: jax.Array) -> jax.Array:
        """What is added to ``tokens`` (n, t) when they attend to ``keys`` (m, t)."""
        q = jnp.einsum("nt,htk->hnk", tokens, self.query[...])
        k = jnp.einsum("mt,htk->hmk", keys, self.key[...])
        v = jnp.einsum("mt,htk->hmk", keys, self.value[...])
        scores = jnp.einsum("hnk,hmk->hnm", q, k)
        if self.softmax:
            scores = jax.nn.softmax(scores / math.sqrt(q.shape[-1]), axis=-1)
        attended = jnp.einsum("hnm,hmk->hnk", scores, v)
        return jnp.einsum("hnk,hkt->nt", attended, self.projection[...])
