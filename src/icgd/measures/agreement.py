"""Alignment of a network with gradient descent: predictions, and their sensitivity to the query.

For a linear network the gradient of the prediction with respect to the query input is the weight
vector that it has learnt in context, so these measures compare learnt models, not just outputs.
"""

import jax
import jax.numpy as jnp

from icgd.config import Model
from icgd.models.transformer import Weights
from icgd.references import descent
from icgd.tasks.linear import Tasks, half_mean_square
from icgd.training import engine

TINY = 1e-8  # keeps the cosine of a zero gradient finite, as in the released code


def sensitivities(model: Model, weights: Weights, tasks: Tasks) -> tuple[jax.Array, jax.Array]:
    """Predictions (T,) and their gradients g_t with respect to x_q (T, d)."""

    def total(query: jax.Array) -> tuple[jax.Array, jax.Array]:
        prediction = engine.predict(model, weights, tasks._replace(query=query))
        return jnp.sum(prediction), prediction  # one task's prediction sees only its own query

    gradient, prediction = jax.grad(total, has_aux=True)(tasks.query)
    return prediction, gradient


def measures(model: Model, weights: Weights, tasks: Tasks, rate: float) -> dict[str, jax.Array]:
    """Loss, and `agreement` with one step of GD at ``rate``."""
    found = sensitivities(model, weights, tasks)
    reference = descent.one_step(tasks, rate), descent.one_step_weights(tasks, rate)
    return {"loss": half_mean_square(found[0], tasks.target), **agreement(found, reference)}


def agreement(ours: tuple[jax.Array, jax.Array], theirs: tuple[jax.Array, jax.Array]) -> dict[str, jax.Array]:
    """How near two predictors are (von Oswald et al. 2022, section 3 and A.3).

    With p, g the predictions and query gradients of one and p', g' of the other:
    preds_diff = mean |p - p'|; model_diff = mean |g - g'|; model_cos = mean cos(g, g');
    fitted_scale = argmin_c mean |g - c g'|^2 and fitted_model_diff = mean |g - c g'| there, since
    the cosine alone is 1 for GD at any rate.

    Args:
        ours, theirs: predictions (T,) and gradients (T, d), as from `sensitivities`.
    """
    (prediction, g), (other_prediction, other) = ours, theirs
    scale = jnp.sum(g * other) / jnp.sum(other**2)
    return {
        "preds_diff": jnp.mean(jnp.abs(prediction - other_prediction)),
        "model_diff": jnp.mean(jnp.linalg.norm(g - other, axis=-1)),
        "model_cos": jnp.mean(cosine(g, other)),
        "fitted_scale": scale,
        "fitted_model_diff": jnp.mean(jnp.linalg.norm(g - scale * other, axis=-1)),
    }


def cosine(a: jax.Array, b: jax.Array) -> jax.Array:
    """Cosine of the last axis, guarded against zero vectors."""
    unit = [v / (jnp.linalg.norm(v, axis=-1, keepdims=True) + TINY) for v in (a, b)]
    return jnp.sum(unit[0] * unit[1], axis=-1)
