"""What surrounds attention, for one sequence: the MLP, LayerNorm, and the embedding before it all."""

import jax
import jax.numpy as jnp
from flax import nnx

WIDENING = 4  # hidden units of an MLP over its inputs (released code)
EPSILON = 1e-5  # added to the variance in a LayerNorm (released code)


def initialiser(variance: float) -> jax.nn.initializers.Initializer:
    """Truncated normal with this variance over the fan-in, as the matrices of attention."""
    return jax.nn.initializers.variance_scaling(variance, "fan_in", "truncated_normal")


def layer_norm(tokens: jax.Array, scale: jax.Array, offset: jax.Array) -> jax.Array:
    """(e - mean e) / sqrt(var e + 1e-5) * scale + offset over the last axis (Ba et al. 2016)."""
    return jax.nn.standardize(tokens, axis=-1, epsilon=EPSILON) * scale + offset


class Embedding(nnx.Module):
    """e + W_out gelu(W_in e + b_in) + b_out with e = W z: what tokens pass before any attention."""

    def __init__(self, token: int, width: int, variance: float, *, rngs: nnx.Rngs):
        """Matrices as those of attention, biases zero (released code, their Fig. 4)."""
        draw = initialiser(variance)
        self.linear = nnx.Param(draw(rngs.params(), (token, width)))
        self.hidden = nnx.Param(draw(rngs.params(), (width, WIDENING * width)))
        self.hidden_bias = nnx.Param(jnp.zeros(WIDENING * width))
        self.out = nnx.Param(draw(rngs.params(), (WIDENING * width, width)))
        self.out_bias = nnx.Param(jnp.zeros(width))

    def __call__(self, tokens: jax.Array) -> jax.Array:
        """(n, t) -> (n, width)."""
        embedded = tokens @ self.linear[...]
        hidden = jax.nn.gelu(embedded @ self.hidden[...] + self.hidden_bias[...])
        return embedded + hidden @ self.out[...] + self.out_bias[...]
