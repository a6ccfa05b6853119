"""One block of a transformer, for one sequence: attention, and around it what the settings ask for."""

import jax
import jax.numpy as jnp
from flax import nnx

from icgd.config import Model
from icgd.models.attention import SelfAttention
from icgd.models.mlp import WIDENING, initialiser, layer_norm


class Block(SelfAttention):
    """e <- clip(e + attention(LN e)), then, with an MLP, e <- clip(e + W_out gelu(W_in LN e)).

    Source: released code of von Oswald et al. 2022. LayerNorm, MLP (without biases) and clip are each
    there only if the settings say so; where layers have weights of their own, the first attention
    sees its tokens without LayerNorm.
    """

    def __init__(self, settings: Model, token: int, index: int, *, rngs: nnx.Rngs):
        self.settings = settings
        variance = settings.init_variance / settings.layers
        softmax = index < settings.softmax_layers
        super().__init__(token, settings.key_size or token, settings.heads, variance, softmax, rngs=rngs)
        if has_norm(settings, index):
            self.norm_scale, self.norm_offset = _norm(token)
        if settings.mlp:
            draw = initialiser(variance)
            self.hidden = nnx.Param(draw(rngs.params(), (token, WIDENING * token)))
            self.out = nnx.Param(draw(rngs.params(), (WIDENING * token, token)))
        if settings.mlp and settings.layer_norm != "none":
            self.mlp_norm_scale, self.mlp_norm_offset = _norm(token)

    def __call__(self, tokens: jax.Array) -> jax.Array:
        """All tokens after the block: (n, t), the query last."""
        settings, seen = self.settings, tokens
        if hasattr(self, "norm_scale"):
            seen = layer_norm(tokens, self.norm_scale[...], self.norm_offset[...])
        keys = seen if settings.include_query else seen[:-1]
        tokens = self._clipped(tokens + super().__call__(seen, keys))
        if not settings.mlp:
            return tokens
        seen = tokens
        if hasattr(self, "mlp_norm_scale"):
            seen = layer_norm(tokens, self.mlp_norm_scale[...], self.mlp_norm_offset[...])
        return self._clipped(tokens + jax.nn.gelu(seen @ self.hidden[...]) @ self.out[...])

    def _clipped(self, tokens: jax.Array) -> jax.Array:
        bound = self.settings.token_clip
        return tokens if bound is None else jnp.clip(tokens, -bound, bound)


def has_norm(settings: Model, index: int) -> bool:
    """Does the attention of layer ``index`` see normalised tokens?"""
    return settings.layer_norm == "every" or (settings.layer_norm == "after_first" and index > 0)


def _norm(token: int) -> tuple[nnx.Param, nnx.Param]:
    """Scale and offset of a LayerNorm that changes nothing else yet."""
    return nnx.Param(jnp.ones(token)), nnx.Param(jnp.zeros(token))
