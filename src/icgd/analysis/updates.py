"""What each layer does to the inputs: is it x -> (I - gamma X X^T) x?"""

import jax
import jax.numpy as jnp
import numpy as np

from icgd.analysis.stacks import Stack
from icgd.tasks.linear import Tasks


def fits(stack: Stack, tasks: Tasks) -> list[tuple[float, float]]:
    """(gamma, R^2) of the best fit -gamma S x to the change of each context input, layer by layer.

    S = sum_i x_i x_i^T with the inputs as the layer finds them (von Oswald et al. 2022, A.10, with
    A.10's X X^T). R^2 = 1 - sum |change + gamma S x|^2 / sum |change|^2 over tasks and tokens. The
    last layer is left out: no later layer sees what it does to the inputs.
    """
    tokens = jnp.concatenate([tasks.inputs, tasks.targets[..., None]], axis=-1)  # (T, N, t)
    found = []
    for kq, pv in zip(stack.kq[:-1], stack.pv[:-1], strict=True):
        tokens, sums = _layer(jnp.asarray(kq, jnp.float32), jnp.asarray(pv, jnp.float32), tokens)
        change, fitted, both = (float(value) for value in sums)
        gamma = -both / fitted
        found.append((gamma, both**2 / (fitted * change) if change else np.nan))
    return found


@jax.jit
def _layer(kq: jax.Array, pv: jax.Array, tokens: jax.Array) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    """Tokens after a layer, and sums of |change|^2, |S x|^2 and change.S x over the inputs."""
    gram = jnp.einsum("tni,tnj->tij", tokens, tokens)
    update = jnp.einsum("tni,ij,tjk,kl->tnl", tokens, kq, gram, pv)
    inputs, change = tokens[..., :-1], update[..., :-1]
    simple = jnp.einsum("tni,tij->tnj", inputs, gram[:, :-1, :-1])
    return tokens + update, (jnp.sum(change**2), jnp.sum(simple**2), jnp.sum(change * simple))
