"""Does the first layer copy? Sensitivity of its tokens to its inputs (von Oswald et al. 2022, Fig. 5)."""

import jax
import jax.numpy as jnp

from icgd.config import Model
from icgd.models import transformer
from icgd.models.transformer import Weights
from icgd.tasks.linear import Tasks


def first_layer(model: Model, weights: Weights, tokens: jax.Array) -> jax.Array:
    """Tokens of one sequence after the first layer: (n, t) -> (n, t)."""
    one = model.model_copy(
        update={"layers": 1, "recurrent": False, "softmax_layers": min(1, model.softmax_layers)}
    )
    first = {name: matrix for name, matrix in weights.items() if name.startswith("0/")}
    return transformer.forward(one, first, tokens)


def sensitivities(model: Model, weights: Weights, tasks: Tasks) -> dict[str, jax.Array]:
    """How much a context token after the first layer depends on itself, its successor and the others.

    With J_ki the gradient of the sum of token k's entries with respect to the contents of token i
    (its position code excluded), for the 2N context tokens and k < 2N - 1:

    own, next, other: as released: |mean over tasks of J_ki| for i = k, for i = k + 1, and for all
    i other than k (so the next one too), summed and divided by 2N - 1, averaged over k.
    own_each, next_each, other_each: mean over tasks of |J_ki|, where other leaves the next one out
    and is a mean over its 2N - 2 tokens.
    """
    size = tasks.inputs.shape[-1]
    sequences = jnp.moveaxis(transformer.sequence(model, tasks), -1, 0).swapaxes(1, 2)  # (T, n, t)

    def jacobian(tokens: jax.Array) -> jax.Array:  # (2N - 1, 2N, d)
        contents, codes = tokens[:, :size], tokens[:, size:]

        def sums(contents: jax.Array) -> jax.Array:
            return jnp.sum(first_layer(model, weights, jnp.concatenate([contents, codes], 1)), -1)[:-2]

        return jax.jacrev(sums)(contents)[:, :-1]

    found = jax.lax.map(jacobian, sequences, batch_size=32)
    released = jnp.linalg.norm(jnp.mean(found, axis=0), axis=-1)
    each = jnp.mean(jnp.linalg.norm(found, axis=-1), axis=0)
    own, following = jnp.eye(*each.shape, dtype=bool), jnp.eye(*each.shape, k=1, dtype=bool)
    rows = len(each)
    return {
        "own": jnp.sum(released * own) / rows,
        "next": jnp.sum(released * following) / rows,
        "other": jnp.sum(released * ~own) / rows**2,
        "own_each": jnp.sum(each * own) / rows,
        "next_each": jnp.sum(each * following) / rows,
        "other_each": jnp.sum(each * ~(own | following)) / (rows * (rows - 1)),
    }
