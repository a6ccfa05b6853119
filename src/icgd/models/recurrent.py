"""Layers that see a sequence one token at a time, for one head or sequence: rivals of attention."""

import jax
import jax.numpy as jnp

GATES = 3  # of a GRU: reset, update, candidate


def online(q: jax.Array, k: jax.Array, v: jax.Array, rate: jax.Array, implicit: bool) -> jax.Array:
    """Phi_t q_t, a step of least mean squares a token: Phi_t = Phi_{t-1} + r (v_t - Phi_{t-1} k_t) k_t^T.

    r is ``rate`` (delta rule: Schlag et al. 2021), or, ``implicit``, rate / (1 + rate |k_t|^2), which
    solves for the step's end (Longhorn: Liu et al. 2024).
    """

    def step(model: jax.Array, token: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
        query, key, value = token
        size = rate / (1 + rate * (key @ key)) if implicit else rate
        model = model + size * jnp.outer(value - model @ key, key)
        return model, model @ query

    return jax.lax.scan(step, jnp.zeros((v.shape[-1], k.shape[-1]), v.dtype), (q, k, v))[1]


def gru(tokens: jax.Array, inner: jax.Array, outer: jax.Array) -> jax.Array:
    """States h_t of a gated recurrent unit without biases (Cho et al. 2014); ``tokens`` (..., T, w).

    ``outer`` (w, 3 m) acts on tokens, ``inner`` (m, 3 m) on states.
    """
    seen = jnp.moveaxis(tokens @ outer, -2, 0)

    def step(state: jax.Array, seen: jax.Array) -> tuple[jax.Array, jax.Array]:
        reset, update, candidate = jnp.split(seen, GATES, axis=-1)
        of_reset, of_update, of_candidate = jnp.split(state @ inner, GATES, axis=-1)
        update = jax.nn.sigmoid(update + of_update)
        candidate = jnp.tanh(candidate + jax.nn.sigmoid(reset + of_reset) * of_candidate)
        state = update * state + (1 - update) * candidate
        return state, state

    return jnp.moveaxis(jax.lax.scan(step, jnp.zeros_like(seen[0, ..., : len(inner)]), seen)[1], 0, -2)
