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
    return batched.over_blocks(lambda block: _predict(block, recipe, clip), tasks, BLOCK)


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
    """Predictions (T,) and their gradients with respect to the query (T, d).

    Without a clip the prediction is linear in the query, so its gradient is the implicit weight
    vector, which `weights` gives at less cost; with one it is the sensitivity that alignment measures.
    """

    def total(query: jax.Array) -> tuple[jax.Array, jax.Array]:
        prediction = predict(tasks._replace(query=query), recipe, clip)
        return jnp.sum(prediction), prediction

    weights, prediction = jax.grad(total, has_aux=True)(tasks.query)
    return prediction, weights


def weights(tasks: Tasks, recipe: Recipe) -> tuple[jax.Array, jax.Array]:
    """Weight vectors w (T, d) after the last step without a clip, and the largest entry of any token.

    Everything is a polynomial of S = X^T X and so commutes: with M_k = I - g_k S_k,
    w <- w + e_k c, c <- M_k^2 (c - e_k S_k c) and S_{k+1} = M_k S_k M_k, from S_1 = X^T X and
    c = X^T y. An entry of an input is at most sqrt((S_k)_jj); a label is y_i - w.x_i.
    """
    return batched.over_blocks(lambda block: _weights(block, recipe), tasks, BLOCK)


def _weights(tasks: Tasks, recipe: Recipe) -> tuple[jax.Array, jax.Array]:
    """`weights` of one block, the largest entry for each of its tasks."""
    inputs, labels, query = tasks.inputs.T, tasks.targets.T, tasks.query.T  # (d, N, T), (N, T), (d, T)
    gram, moment = _moments(tasks)

    def move(state: tuple, layer: tuple[jax.Array, jax.Array]):
        (found, rest, gram, query, largest), (step, gamma) = state, layer
        found = found + step * rest
        rest = rest - step * batched.dot(gram, rest)
        for _ in range(2):
            rest = rest - gamma * batched.dot(gram, rest)
        query = query - gamma * batched.dot(gram, query)
        half = gram - gamma * batched.gram(gram)  # S M, as S is symmetric
        gram = half - gamma * batched.product(gram, half)
        reach = jnp.sqrt(jnp.max(jnp.einsum("iit->it", gram), axis=0))
        moved = jnp.abs(labels - batched.dot(inputs, found)), jnp.abs(batched.inner(found, tasks.query.T))
        entries = [reach, jnp.max(jnp.abs(query), axis=0), jnp.max(moved[0], axis=0), moved[1]]
        return (found, rest, gram, query, jnp.max(jnp.stack([largest, *entries]), axis=0)), None

    start = jnp.zeros_like(query), moment, gram, query, jnp.zeros_like(labels[0])
    layers = tuple(jnp.asarray(part, inputs.dtype) for part in recipe)
    found, _, _, _, largest = jax.lax.scan(move, start, layers)[0]
    return found.T, largest


def hand_set(recipe: Recipe, inputs: int) -> Weights:
    """Weights of the K-layer linear transformer that predicts as `predict` does (eq. 23, A.10)."""
    pairs = zip(recipe.steps, recipe.gammas, strict=True)
    return one_head(*(gd_plus_plus_layer(float(step), float(gamma), inputs) for step, gamma in pairs))


def heavy_ball(tasks: Tasks, step: float, momentum: float, steps: int) -> jax.Array:
    """Weights of gradient descent with momentum (Polyak 1964); shape (T, d).

    w_{k+1} = w_k + e X^T (y - X w_k) + m (w_k - w_{k-1}).
    """

    def of_block(tasks: Tasks) -> jax.Array:
        gram, moment = _moments(tasks)
        before = weights = jnp.zeros_like(moment)
        for _ in range(steps):
            push = step * (moment - batched.dot(gram, weights))
            before, weights = weights, weights + push + momentum * (weights - before)
        return weights.T

    return batched.over_blocks(of_block, tasks, BLOCK)


def newton_schulz(tasks: Tasks, scale: float, iterations: int) -> jax.Array:
    """Weights M_K X^T y with M_0 = a S, M <- 2 M - M S M, S = X^T X; shape (T, d).

    M_K tends to S^-1 where a < 2 / l_max^2 (Schulz 1933; Fu et al. 2024).
    """

    def of_block(tasks: Tasks) -> jax.Array:
        gram, moment = _moments(tasks)
        inverse = scale * gram
        for _ in range(iterations):  # M and S are symmetric, as `batched.product` multiplies by A^T
            inverse = 2 * inverse - batched.product(inverse, batched.product(gram, inverse))
        return batched.dot(inverse, moment).T

    return batched.over_blocks(of_block, tasks, BLOCK)


def _moments(tasks: Tasks) -> tuple[jax.Array, jax.Array]:
    """S = X^T X (d, d, T) and X^T y (d, T) of a block."""
    context = batched.turned(tasks.inputs.T)  # (N, d, T)
    return batched.gram(context), batched.dot(context, tasks.targets.T)
