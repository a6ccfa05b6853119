"""Models learnt in context, one a task: what they predict, their weight vectors, faults planted in them.

For a linear network the gradient of the prediction with respect to the query is the weight vector w_t
of the model that it has learnt from the context of task t, and the prediction is w_t.x_q.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.analysis import alignment
from icgd.analysis.pieces import in_pieces
from icgd.config import Model
from icgd.models.transformer import Weights
from icgd.references import gradient_descent
from icgd.tasks.linear import Tasks, half_mean_square
from icgd.training import engine

MARGIN = 0.999  # for rounding
PIECE = 500  # tasks computed exactly at a time, so that one shape is compiled


class Learnt(NamedTuple):
    """Predictions (T,) and query gradients (T, d)."""

    prediction: jax.Array
    weights: jax.Array


def by_network(model: Model, weights: Weights, tasks: Tasks) -> Learnt:
    """What a network has learnt from each context: read off if it can be, or else by differentiation."""
    differentiate = partial(_sensitivities, model, weights)
    if not engine.is_linear_in_query(model):
        return Learnt(*differentiate(tasks))
    *found, largest = _linear_models(model, weights, tasks)
    return unless_clipped(Learnt(*found), largest, model.token_clip, differentiate, tasks)


def by_networks(model: Model, networks: Sequence[Weights], tasks: Tasks) -> list[Learnt]:
    """`by_network` of several networks; of linear ones at once, which takes a fifth of the time."""
    if not networks or not engine.is_linear_in_query(model) or model.token_clip is not None:
        return [by_network(model, weights, tasks) for weights in networks]
    predictions, vectors, _ = _linear_models_each(model, stacked(networks), tasks)
    return [Learnt(*pair) for pair in zip(predictions, vectors, strict=True)]


def losses(model: Model, networks: Sequence[Weights], tasks: Tasks) -> list[float]:
    """Half the mean square of the error of each of several networks."""
    predictions = _predict_each(model, stacked(networks), tasks)
    return [float(half_mean_square(prediction, tasks.target)) for prediction in predictions]


def stacked(networks: Sequence[Weights]) -> Weights:
    """Weights of several networks along a new leading axis."""
    return jax.tree.map(lambda *arrays: np.stack(arrays), *networks)


def unless_clipped(
    found: Learnt, largest: jax.Array, clip: float | None, exact: Callable[[Tasks], tuple], tasks: Tasks
) -> Learnt:
    """``found`` without a token clip, but ``exact`` for the tasks in which a token may reach it.

    Args:
        found: of all tasks, as it is without the clip.
        largest: bounds on the entries of each task's tokens (T,).
        exact: predictions and query gradients under the clip, which cost more.
    """
    reached = () if clip is None else np.flatnonzero(~(np.asarray(largest) < MARGIN * clip))
    if len(reached) == 0:
        return found
    found = Learnt(*(np.array(array) for array in found))
    for array, values in zip(found, in_pieces(exact, tasks, PIECE, reached), strict=True):
        array[reached] = values
    return found


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


def each(function: Callable) -> Callable:
    """(model, weights, tasks) -> ... for weights of several networks: their axis is the first."""
    return lambda model, networks, tasks: jax.vmap(lambda weights: function(model, weights, tasks))(networks)


# Compiled once for all that analyses do with them.
_linear_models = jax.jit(engine.linear_models, static_argnums=0)
_sensitivities = jax.jit(alignment.sensitivities, static_argnums=0)
_linear_models_each = jax.jit(each(engine.linear_models), static_argnums=0)
_predict_each = jax.jit(each(engine.predict), static_argnums=0)
agreement = jax.jit(alignment.agreement)  # (ours, theirs) -> its measures
predict = jax.jit(engine.predict, static_argnums=0)  # (model, weights, tasks) -> predictions alone (T,)
