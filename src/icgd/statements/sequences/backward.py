"""The derivative of the mesa layer: its error, and the memory that it takes (claim 6)."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from icgd.models import causal
from icgd.statements.identities.cases import Errors
from icgd.statements.sequences.mesa import HEADS, KINDS, RANDOM, SIZE, by_recursion, cast, random, share
from icgd.statements.table import statement
from icgd.training.mesa import mesa

LENGTHS = 50, 224, 1024


@jax.custom_vjp
def reversing(q: jax.Array, k: jax.Array, ridge: jax.Array) -> jax.Array:
    """R_t q_t of one head whose derivative walks R back from its last value, as the released code does."""
    return causal.preconditioned(q, k, ridge)


def _kept(q: jax.Array, k: jax.Array, ridge: jax.Array) -> tuple[jax.Array, tuple]:
    inverse, found = jax.lax.scan(_update, ridge * jnp.eye(k.shape[-1], dtype=k.dtype), (q, k))
    return found, (q, k, inverse, ridge)


def _update(inverse: jax.Array, pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
    query, key = pair
    along = inverse @ key
    inverse = inverse - jnp.outer(along, along) / (1 + key @ along)
    return inverse, inverse @ query


def _walked_back(kept: tuple, slope: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """R_{t-1} = R_t - R_t k k^T R_t / (k^T R_t k - 1); the slope of R_t goes on to R_{t-1} (appendix C)."""
    q, k, last, ridge = kept

    def back(carry: tuple, at: tuple) -> tuple:
        (inverse, of_inverse), (query, key, slope) = carry, at
        along = inverse @ key
        before = inverse - jnp.outer(along, along) / (key @ along - 1)
        of_before, of_pair = jax.vjp(_update, before, (query, key))[1]((of_inverse, slope))
        return (before, of_before), of_pair

    start = (last, jnp.zeros_like(last))
    (_, of_start), (of_q, of_k) = jax.lax.scan(back, start, (q, k, slope), reverse=True)
    return of_q, of_k, jnp.trace(of_start).astype(ridge.dtype)


reversing.defvjp(_kept, _walked_back)

BY_AUTODIFF, BY_REVERSE = partial(by_recursion, causal.preconditioned), partial(by_recursion, reversing)
LAYERS = {
    "statement": mesa,
    "reverse: the released way, which walks the inverse back from its last value": BY_REVERSE,
    "autodiff: automatic differentiation of the recursion, which keeps every inverse": BY_AUTODIFF,
}


SCALED = "scaled 1e-6: implicit derivative, too large by one part in a million"


def slopes(layer: Callable) -> Callable:
    """Of the sum of outputs times given numbers, in queries, keys, values and lambda."""
    return jax.jit(jax.grad(lambda slope, *arrays: jnp.sum(layer(*arrays) * slope), argnums=(1, 2, 3, 4)))


@statement(tolerance={"mesa_gradient_float32": 0.9})
def gradient(rows: Errors) -> None:
    """Largest of the errors of queries, keys, values and lambda, by the length of keys and of sequences.

    All sequences are filled up with zeros to one length, which changes nothing and saves compiling.
    """
    functions, most = {name: slopes(layer) for name, layer in LAYERS.items()}, LENGTHS[0 if rows.few else -1]
    ones = np.random.default_rng(0).normal(size=(HEADS, most, SIZE))
    for length in LENGTHS[:1] if rows.few else LENGTHS:
        seen = np.arange(most)[:, None] < length
        for kind in RANDOM:
            *vectors, ridge = random(kind, most)
            arrays = (*(seen * vector for vector in (ones, *vectors)), ridge)
            found, single = (
                {name: function(*cast(arrays, bits)) for name, function in functions.items()}
                for bits in KINDS
            )
            _, right = found.popitem()  # that of autodiff, the last
            found |= {SCALED: [(1 + 1e-6) * one for one in found["statement"]]}
            exact = "mesa_gradient: Relative error of the implicit derivative in float64 against autodiff."
            rounded = "mesa_gradient_float32: The same in float32, against autodiff in float64."
            for what, given in ((exact, found), (rounded, single)):
                errors = {name: max(map(share, one, right)) for name, one in given.items()}
                rows.put(errors, f"{kind} T = {length}", what)


@statement(tolerance=0.1)
def memory_growth(rows: Errors) -> None:
    """Memory of the derivative with keys of 32 entries over that with 16, as XLA plans it, T = 512."""
    for name, layer in LAYERS.items():
        sizes = []
        for size in (16, 32):
            vectors = jax.ShapeDtypeStruct((HEADS, 512, size), jnp.float32)
            shapes = (vectors, vectors, vectors, vectors, jax.ShapeDtypeStruct((HEADS,), jnp.float32))
            sizes.append(slopes(layer).lower(*shapes).compile().memory_analysis().temp_size_in_bytes)
        rows.put({name: sizes[1] / sizes[0]}, "keys of 32 over 16")
