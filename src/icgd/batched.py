"""Small matrix products over a large batch, with the batch as the innermost axis.

Why: a CPU multiplies two 11 x 11 matrices in fewer cycles than a library call for them takes, and
XLA makes one call a sequence. With the batch innermost each entry of the product is a multiply-add
of two contiguous vectors, which the compiler turns into full SIMD instructions.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp


def in_blocks(function: Callable, pieces: object) -> object:
    """``function`` of every piece along the leading axis: one by one on a CPU, where a block then
    stays in the cache; all at once elsewhere."""
    return jax.lax.platform_dependent(
        pieces, cpu=lambda all_: jax.lax.map(function, all_), default=lambda all_: jax.vmap(function)(all_)
    )


def over_blocks(function: Callable, arrays: object, most: int) -> object:
    """``function`` of equal blocks of at most ``most`` rows, as few as there can be, joined again."""
    count = len(jax.tree.leaves(arrays)[0])
    size = next(size for size in range(min(most, count), 0, -1) if count % size == 0)
    if size in (1, count):
        return function(arrays)
    blocks = jax.tree.map(lambda x: x.reshape(count // size, size, *x.shape[1:]), arrays)
    return jax.tree.map(lambda x: x.reshape(count, *x.shape[2:]), in_blocks(function, blocks))


@jax.custom_vjp
def product(a: jax.Array, c: jax.Array) -> jax.Array:
    """A^T C of every sequence: sum_k a[k, i] c[k, j], with a (k, i, T), c (k, j, T) -> (i, j, T).

    The derivative is written by hand so that it, too, consists of such products.
    """
    return jax.lax.platform_dependent(a, c, cpu=_by_loop, default=_by_einsum)


def _forward(a: jax.Array, c: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return product(a, c), (a, c)


def _backward(operands: tuple[jax.Array, jax.Array], g: jax.Array) -> tuple[jax.Array, jax.Array]:
    a, c = operands
    return product(turned(c), turned(g)), product(turned(a), g)


product.defvjp(_forward, _backward)


def _by_loop(a: jax.Array, c: jax.Array) -> jax.Array:
    """One rank-one update a turn: a loop, since XLA recomputes the operands of an unrolled sum."""

    def add(total: jax.Array, row: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        return total + row[0][:, None] * row[1][None], None

    shape = (a.shape[1], c.shape[1], a.shape[-1])
    return jax.lax.scan(add, jnp.zeros(shape, jnp.result_type(a, c)), (a, c))[0]


def _by_einsum(a: jax.Array, c: jax.Array) -> jax.Array:
    return jnp.einsum("kit,kjt->ijt", a, c)


def gram(a: jax.Array) -> jax.Array:
    """A^T A of every sequence: (k, i, T) -> (i, i, T).

    As -A^T (-A): XLA does not turn a loop that reads one array twice into SIMD code.
    """
    return -product(a, -a)


def turned(a: jax.Array) -> jax.Array:
    """The transposed matrix of every sequence: (i, j, T) -> (j, i, T)."""
    return jnp.swapaxes(a, 0, 1)


def inner(a: jax.Array, c: jax.Array) -> jax.Array:
    """Sum over the first axis of a c: (k, ..., T), (k, ..., T) -> (..., T)."""
    return jax.lax.platform_dependent(a, c, cpu=_inner_by_loop, default=_inner_by_einsum)


def _inner_by_loop(a: jax.Array, c: jax.Array) -> jax.Array:
    return jax.lax.scan(lambda total, row: (total + row[0] * row[1], None), jnp.zeros_like(a[0]), (a, c))[0]


def _inner_by_einsum(a: jax.Array, c: jax.Array) -> jax.Array:
    return jnp.einsum("k...,k...->...", a, c)


def dot(a: jax.Array, v: jax.Array) -> jax.Array:
    """A^T v of every sequence: a (k, i, T), v (k, T) -> (i, T)."""
    return product(a, v[:, None])[:, 0]


def shared(matrix: jax.Array, a: jax.Array) -> jax.Array:
    """M^T A with one M for all sequences, as one large product: (k, m), (k, ..., T) -> (m, ..., T)."""
    return (matrix.T @ a.reshape(a.shape[0], -1)).reshape(-1, *a.shape[1:])


def shared_right(a: jax.Array, matrix: jax.Array) -> jax.Array:
    """A M with one M for all sequences: (i, k, T), (k, m) -> (i, m, T).

    One product for each i, since a transposition costs more than the product.
    """
    return jnp.matmul(jnp.broadcast_to(matrix.T, (len(a), *matrix.T.shape)), a)
