"""The mesa layer: a linear system solved at every position, in values, slopes and with forgetting."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icgd.models import causal as readable
from icgd.training import causal
from icgd.training.mesa import CHUNK, forgetful, mesa

SIZE, VALUES, HEADS = 6, 4, (2, 3)


def example(length, scale=0.7):
    """Queries, keys, values of 2 x 3 heads, and lambda of each."""
    rng = np.random.default_rng(length)
    q, k = (scale * rng.normal(size=(*HEADS, length, SIZE)) for _ in range(2))
    return q, k, rng.normal(size=(*HEADS, length, VALUES)), rng.uniform(0.5, 3.0, HEADS)


def solved(q, k, v, ridge, kept=None):
    """sum_i w_i v_i k_i^T (sum_i w_i k_i k_i^T + w_0 I / lambda)^-1 q_t at every t, w_i = g_i+1 ... g_t."""
    found, length = np.empty_like(v), k.shape[-2]
    logs = np.zeros(k.shape[:-1]) if kept is None else np.log(kept)
    for t in range(length):
        weight = np.exp(logs[..., : t + 1].sum(-1, keepdims=True) - np.cumsum(logs[..., : t + 1], -1))
        keys, values = k[..., : t + 1, :], v[..., : t + 1, :]
        whole = np.exp(logs[..., : t + 1].sum(-1))[..., None, None] * np.eye(SIZE) / ridge[..., None, None]
        whole = whole + np.einsum("...i,...ij,...ik->...jk", weight, keys, keys)
        answer = np.linalg.solve(whole, q[..., t, :, None])[..., 0]
        found[..., t, :] = np.einsum("...i,...iv,...ij,...j->...v", weight, values, keys, answer)
    return found


def close(ours, theirs, share):
    """Within a share of the largest entry."""
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=share * np.abs(theirs).max())


@pytest.mark.parametrize("length", [1, 50, CHUNK + 1, 224, 1024])
def test_the_layer_is_ridge_regression_at_every_position(length):
    arrays = example(length)
    right = solved(*arrays)
    close(jax.jit(mesa)(*(jnp.asarray(x, jnp.float32) for x in arrays)), right, 2e-4)
    with jax.enable_x64(True):
        close(jax.jit(mesa)(*arrays), right, 1e-11)


@pytest.mark.parametrize("length", [50, 224, 1024])
def test_its_derivative_is_that_of_the_recursion(length):
    arrays, slope = example(length), np.random.default_rng(0).normal(size=(*HEADS, length, VALUES))

    def by_recursion(q, k, v, ridge):
        x = jax.vmap(jax.vmap(readable.preconditioned))(q, k, ridge)
        return jnp.where(np.tri(length, dtype=bool), x @ k.swapaxes(-1, -2), 0) @ v

    def slopes(layer):
        return jax.jit(jax.grad(lambda *x: jnp.sum(layer(*x) * slope), argnums=range(4)))

    with jax.enable_x64(True):
        right = slopes(by_recursion)(*arrays)
        for ours, theirs in zip(slopes(mesa)(*arrays), right, strict=True):
            close(ours, theirs, 1e-10)
    for ours, theirs in zip(slopes(mesa)(*(jnp.asarray(x, jnp.float32) for x in arrays)), right, strict=True):
        close(ours, theirs, 5e-4)


def test_it_forgets_as_the_recursion_says():
    arrays, kept = example(80), np.random.default_rng(1).uniform(0.8, 1.0, (*HEADS, 80))
    with jax.enable_x64(True):
        close(jax.jit(forgetful)(*arrays, kept), solved(*arrays, kept), 1e-10)
        close(jax.jit(forgetful)(*arrays, np.ones_like(kept)), jax.jit(mesa)(*arrays), 1e-12)


def test_a_small_lambda_leaves_linear_attention():
    q, k, v, _ = example(50)
    ridge = np.full(HEADS, 1e-6)
    with jax.enable_x64(True):
        close(jax.jit(mesa)(q, k, v, ridge) / 1e-6, causal.linear(*map(jnp.asarray, (q, k, v))), 1e-4)


def test_memory_is_linear_in_the_length():
    def needed(length):
        arrays = [jax.ShapeDtypeStruct(x.shape, jnp.float32) for x in example(length)]
        slopes = jax.jit(jax.grad(lambda *x: jnp.sum(mesa(*x) ** 2), argnums=range(4)))
        return slopes.lower(*arrays).compile().memory_analysis().temp_size_in_bytes

    assert needed(32 * CHUNK) < 2.1 * needed(16 * CHUNK)
