"""Several steps of gradient descent and its relatives on a batch of tasks, from W_0 = 0.

Spelt out on the tasks themselves; `residuals` has the same methods as functions of an eigenvalue.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd import batched
from icgd.models.transformer import Weights
from icgd.references.constructions import gd_plus_plus_layer, one_head
from icgd.tasks.linear import Tasks

BLOCK = 256  # tasks computed at a time, so that the arrays of a step stay in a core's cache


class Recipe(NamedTuple):
    """K steps of GD++; plain gradient descent where all gammas are 0."""

    steps: Sequence[float] | jax.Array  # (K,) e_k = eta_k / N
    gammas: Sequence[float] | jax.Array  # (K,) g_k; the last one cannot reach the prediction


def gradient_descent(steps: Sequence[float]) -> Recipe:
    """Plain gradient descent with a rate e_k = eta_k / N for each step."""
    return Recipe(np.asarray(steps), np.zeros(len(steps)))


def predict(tasks: Tasks, recipe: Recipe, clip: float | None = None) -> jax.Array:
    """Predictions after the last step; shape (T,).

    Each step moves every input, the query's too, and every label by the old ones:
    x <- x - g_k X^T X x and y <- y - e_k (sum_i y_i x_i).x with X, y the context's, the query's y
    being 0 at first (von Oswald et al. 2022, A.10); the prediction is minus the query's last y.

    Args:
        tasks: T tasks.
        recipe: e_k and g_k of each step.
        clip: bound on every input and label after each step, as the token clip of a network.
    """
    count = len(tasks.target)
    size = next(size for size in range(min(BLOCK, count), 0, -1) if count % size == 0)
    if size in (1, count):
        return _predict(tasks, recipe, clip)
    blocks = jax.tree.map(lambda part: part.reshape(count // size, size, *part.shape[1:]), tasks)
    return jax.lax.map(lambda block: _predict(block, recipe, clip), blocks).reshape(count)


def _predict(tasks: Tasks, recipe: Recipe, clip: float | None) -> jax.Array:
    """`predict` of one block."""
    inputs = jnp.concatenate([tasks.inputs, tasks.query[:, None]], axis=1).T  # (d, N + 1, T)
    labels = jnp.concatenate([tasks.targets, jnp.zeros_like(tasks.target)[:, None]], axis=1).T

    def move(tokens: tuple[jax.Array, jax.Array], layer: tuple[jax.Array, jax.Array]):
        (inputs, labels), (step, gamma) = tokens, layer
        context = batched.turned(inputs[:, :-1])  # (N, d, T)
        labels = labels - step * batched.dot(inputs, batched.dot(context, labels[:-1]))
        inputs = inputs - gamma * batched.product(batched.gram(context), inputs)
        if clip is not None:
            inputs, labels = jnp.clip(inputs, -clip, clip), jnp.clip(labels, -clip, clip)
        return (inputs, labels), None

    layers = tuple(jnp.asarray(part, inputs.dtype) for part in recipe)
    return -jax.lax.scan(move, (inputs, labels), layers)[0][1][-1]


def learnt(tasks: Tasks, recipe: Recipe, clip: float | None = None) -> tuple[jax.Array, jax.Array]:
    """Predictions (T,) and the weight vectors behind them (T, d).

    Without a clip the prediction is linear in the query, so its gradient is the implicit weight
    vector; with one it is the sensitivity that alignment measures.
    """

    def total(query: jax.Array) -> tuple[jax.Array, jax.Array]:
        prediction = predict(tasks._replace(query=query), recipe, clip)
        return jnp.sum(prediction), prediction

    weights, prediction = jax.grad(total, has_aux=True)(tasks.query)
    return prediction, weights


def hand_set(recipe: Recipe, inputs: int) -> Weights:
    """Weights of the K-layer linear transformer that predicts as `predict` does (eq. 23, A.10)."""
    pairs = zip(recipe.steps, recipe.gammas, strict=True)
    return one_head(*(gd_plus_plus_layer(float(step), float(gamma), inputs) for step, gamma in pairs))


def heavy_ball(tasks: Tasks, step: float, momentum: float, steps: int) -> jax.Array:
    """Weights of gradient descent with momentum (Polyak 1964); shape (T, d).

    w_{k+1} = w_k + e X^T (y - X w_k) + m (w_k - w_{k-1}).
    """
    before = weights = jnp.zeros_like(tasks.query)
    for _ in range(steps):
        residual = tasks.targets - jnp.einsum("tnd,td->tn", tasks.inputs, weights)
        push = step * jnp.einsum("tnd,tn->td", tasks.inputs, residual)
        before, weights = weights, weights + push + momentum * (weights - before)
    return weights


def newton_schulz(tasks: Tasks, scale: float, iterations: int) -> jax.Array:
    """Weights M_K X^T y with M_0 = a S, M <- 2 M - M S M, S = X^T X; shape (T, d).

    M_K tends to S^-1 where a < 2 / l_max^2 (Schulz 1933; Fu et al. 2024).
    """
    gram = jnp.einsum("tnd,tne->tde", tasks.inputs, tasks.inputs)
    inverse = scale * gram
    for _ in range(iterations):
        inverse = 2 * inverse - inverse @ gram @ inverse
    return jnp.einsum("tde,tne,tn->td", inverse, tasks.inputs, tasks.targets)
