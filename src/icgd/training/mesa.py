"""The mesa layer, exact, in memory linear in the length of a sequence, with a derivative of its own.

A head's output at t is Phi_t q_t, where Phi_t = sum_{i<=t} v_i k_i^T R_t is the ridge regression of all
values up to t on their keys, R_t = (sum_{i<=t} k_i k_i^T + I / lambda)^-1 (von Oswald et al. 2023, eqs. 4-8).
Here R_t = lambda I - sum_{i<=t} m_i m_i^T, so that R_t q_t is a sum over earlier positions like any other
and no matrix per position is kept. The derivative is that of the solution of a linear system: nothing runs
backwards, where the published reverse recursion loses digits. Arrays are (..., position, entry).
"""

import jax
import jax.numpy as jnp

CHUNK = 64  # positions whose sums are formed directly; sums of earlier chunks are matrices


@jax.custom_vjp
def mesa(q: jax.Array, k: jax.Array, v: jax.Array, ridge: jax.Array) -> jax.Array:
    """Phi_t q_t at every position; ``ridge`` is lambda > 0 of every head, (...)."""
    return _mesa(q, k, v, ridge)[0]


def forgetful(q: jax.Array, k: jax.Array, v: jax.Array, ridge: jax.Array, kept: jax.Array) -> jax.Array:
    """The same where at each position all before, and 1 / lambda, counts ``kept`` (..., T) times as much.

    R_t^-1 = g_t R_{t-1}^-1 + k_t k_t^T (appendix B) is mesa on keys and values over the root of g_1 ... g_t.
    """
    scale = jnp.exp(-0.5 * jnp.cumsum(jnp.log(kept), axis=-1))[..., None]
    return mesa(q, k * scale, v * scale, ridge)


def _mesa(q: jax.Array, k: jax.Array, v: jax.Array, ridge: jax.Array) -> tuple[jax.Array, tuple]:
    m = rows(k, ridge)
    solved = _applied(q, m, ridge)
    return past(solved, k, v), (k, v, ridge, m, solved)


def _slopes(kept: tuple, slope: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """With x_t = R_t q_t and its slope g_t: that of q_t is p_t = R_t g_t, that of R_t^-1 is -p_t x_t^T."""
    k, v, ridge, m, solved = kept
    p = _applied(past(slope, v, k), m, ridge)
    both = future(k, solved, jnp.concatenate([slope, p], axis=-1))
    of_v, of_k = both[..., : v.shape[-1]], both[..., v.shape[-1] :]
    pairs = jnp.concatenate([v, -k], axis=-1), jnp.concatenate([slope, p], axis=-1)
    of_k = future(*pairs, solved) - of_k
    return p, of_k, of_v, jnp.sum(p * solved, axis=(-1, -2)) / ridge**2


mesa.defvjp(_mesa, _slopes)


def _applied(q: jax.Array, m: jax.Array, ridge: jax.Array) -> jax.Array:
    """R_t q_t."""
    return ridge[..., None, None] * q - past(q, m, m)


def rows(k: jax.Array, ridge: jax.Array) -> jax.Array:
    """m_t = R_{t-1} k_t / sqrt(1 + k_t^T R_{t-1} k_t), by Sherman and Morrison, all heads innermost.

    The sum is unrolled: XLA has no fast one over an axis in the middle.
    """
    size = k.shape[-1]
    keys = jnp.moveaxis(k.reshape(-1, *k.shape[-2:]), 0, -1)
    start = jnp.eye(size, dtype=k.dtype)[..., None] * ridge.reshape(-1)

    def step(inverse: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        along = sum(row * entry for row, entry in zip(inverse, key, strict=True))
        row = along * jax.lax.rsqrt(1 + sum(a * b for a, b in zip(key, along, strict=True)))
        return inverse - row[:, None] * row, row

    return jnp.moveaxis(jax.lax.scan(step, start, keys)[1], -1, 0).reshape(k.shape)


def past(a: jax.Array, b: jax.Array, c: jax.Array) -> jax.Array:
    """sum_{i<=t} (a_t.b_i) c_i."""
    return _sum(a, b, c, later=False)


def future(a: jax.Array, b: jax.Array, c: jax.Array) -> jax.Array:
    """sum_{i>=t} (a_t.b_i) c_i."""
    return _sum(a, b, c, later=True)


def _sum(a: jax.Array, b: jax.Array, c: jax.Array, later: bool) -> jax.Array:
    """Within chunks by scores, over other chunks by the sums of b c^T in them."""
    length = a.shape[-2]
    count = -(-length // CHUNK)
    size = -(-length // count)
    a, b, c = (_chunks(x, count, size) for x in (a, b, c))
    seen = jnp.triu(jnp.ones((size, size), bool)) if later else jnp.tril(jnp.ones((size, size), bool))
    found = jnp.where(seen, a @ b.swapaxes(-1, -2), 0) @ c
    if count > 1:
        within = b.swapaxes(-1, -2) @ c
        found += a @ (jax.lax.cumsum(within, axis=within.ndim - 3, reverse=later) - within)
    return found.reshape(*found.shape[:-3], count * size, -1)[..., :length, :]


def _chunks(x: jax.Array, count: int, size: int) -> jax.Array:
    """(..., T, entries) -> (..., count, size, entries), with zeros at the end where T is no product."""
    if count == 1:
        return x[..., None, :, :]
    padding = [(0, 0)] * (x.ndim - 2) + [(0, count * size - x.shape[-2]), (0, 0)]
    return jnp.pad(x, padding).reshape(*x.shape[:-2], count, size, x.shape[-1])
