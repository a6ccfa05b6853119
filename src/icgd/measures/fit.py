"""Models fitted in context, one a task: what they predict and their weight vectors; how networks give them.

For a linear network the gradient of the prediction with respect to the query is the weight vector w_t of
the model that it has fitted to the context of task t, and the prediction is w_t.x_q.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from icgd.config import Model
from icgd.measures import agreement
from icgd.models.transformer import Weights
from icgd.references import clipping
from icgd.tasks.linear import Tasks, half_mean_square
from icgd.training import engine


class Fit(NamedTuple):
    """Predictions (T,) and query gradients (T, d)."""

    prediction: jax.Array
    weights: jax.Array


class Predictor(NamedTuple):
    """What fits a model to each context; ``predict`` alone is cheaper where no gradient is needed.

    ``predict`` takes a bound on every token, or None.
    """

    fit: Callable[[Tasks], Fit]
    predict: Callable[[Tasks, float | None], jax.Array]


def of_weights(weights: Callable[[Tasks], jax.Array]) -> Predictor:
    """Linear models with given weight vectors: tasks -> (T, d)."""
    return of_fit(lambda tasks: Fit(*_linear(tasks, weights(tasks))))


def of_fit(fit: Callable[[Tasks], Fit]) -> Predictor:
    """A predictor whose gradient costs nothing; a bound on tokens is one on its prediction."""

    def predict(tasks: Tasks, clip: float | None) -> jax.Array:
        found = fit(tasks)[0]
        return found if clip is None else jnp.clip(found, -clip, clip)

    return Predictor(fit, predict)


def of_network(model: Model, weights: Weights) -> Predictor:
    """A transformer; its own token clip unless another bound is asked for."""

    def predict(tasks: Tasks, clip: float | None) -> jax.Array:
        return _predict(model.model_copy(update={"token_clip": clip}), weights, tasks)

    return Predictor(partial(fit_by_network, model, weights), predict)


def fit_by_network(model: Model, weights: Weights, tasks: Tasks) -> Fit:
    """What a network fits to each context: read off if it can be, or else by differentiation."""
    differentiate = partial(_sensitivities, model, weights)
    if not engine.is_linear_in_query(model):
        return Fit(*differentiate(tasks))
    *found, largest = _linear_models(model, weights, tasks)
    return Fit(*clipping.unless_clipped(tuple(found), largest, model.token_clip, differentiate, tasks))


def loss(fit: Fit, tasks: Tasks) -> float:
    """Half the mean square of the error."""
    return float(half_mean_square(fit.prediction, tasks.target))


def first(count: int | None, arrays: object) -> object:
    """The first ``count`` of the tasks in each array."""
    return arrays if count is None else jax.tree.map(lambda x: x[:count], arrays)


_linear = jax.jit(lambda tasks, weights: (jnp.einsum("td,td->t", weights, tasks.query), weights))
_linear_models = jax.jit(engine.linear_models, static_argnums=0)
_sensitivities = jax.jit(agreement.sensitivities, static_argnums=0)
_predict = jax.jit(engine.predict, static_argnums=0)
compared = jax.jit(agreement.agreement)  # (ours, theirs) -> the measures of agreement
