"""Models learnt in context, one a task: what they predict, their weight vectors, faults planted in them.

For a linear network the gradient of the prediction with respect to the query is the weight vector w_t
of the model that it has learnt from the context of task t, and the prediction is w_t.x_q.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from icgd.analysis import alignment
from icgd.config import Model
from icgd.models.transformer import Weights
from icgd.references import gradient_descent
from icgd.tasks.linear import Tasks, half_mean_square
from icgd.training import engine


class Learnt(NamedTuple):
    """Predictions (T,) and query gradients (T, d)."""

    prediction: jax.Array
    weights: jax.Array


@partial(jax.jit, static_argnums=0)
def by_network(model: Model, weights: Weights, tasks: Tasks) -> Learnt:
    """What a network has learnt from each context."""
    return Learnt(*alignment.sensitivities(model, weights, tasks))


@jax.jit
def by_descent(tasks: Tasks, rate: float) -> Learnt:
    """What one step of plain GD from zero at ``rate`` learns."""
    return of_weights(tasks, gradient_descent.one_step_weights(tasks, rate))


@jax.jit
def of_weights(tasks: Tasks, weights: jax.Array) -> Learnt:
    """Linear models with given weight vectors (T, d)."""
    return Learnt(jnp.einsum("td,td->t", weights, tasks.query), weights)


def faster(learnt: Learnt, factor: float) -> Learnt:
    """The same with predictions and weights multiplied by ``factor``, as a learning rate would."""
    return Learnt(factor * learnt.prediction, factor * learnt.weights)


def tilted(learnt: Learnt, tasks: Tasks, share: float, key: jax.Array) -> Learnt:
    """w_t + share R w_t with R_ij ~ N(0, 1 / d): each tilted by about ``share`` of its length."""
    inputs = tasks.query.shape[-1]
    shift = share / jnp.sqrt(inputs) * learnt.weights @ jax.random.normal(key, (inputs, inputs))
    return Learnt(learnt.prediction + jnp.einsum("td,td->t", shift, tasks.query), learnt.weights + shift)


def loss(learnt: Learnt, tasks: Tasks) -> float:
    """Half the mean square of the error."""
    return float(half_mean_square(learnt.prediction, tasks.target))


# Compiled once for all that analyses do with them.
agreement = jax.jit(alignment.agreement)  # (ours, theirs) -> its measures
predict = jax.jit(engine.predict, static_argnums=0)  # (model, weights, tasks) -> predictions alone (T,)
