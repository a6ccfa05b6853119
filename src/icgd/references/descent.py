"""Gradient descent and its kin on a batch of tasks, from w_0 = 0, spelt out on the tasks themselves.

`residuals` has the methods of several steps as functions of an eigenvalue, `eigenbasis` GD in float64.
A rate is eta, of the mean loss; a step is e = eta / N, of the sum over the context.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd import batched
from icgd.models.transformer import Weights
from icgd.references.constructions import gd_plus_plus_layer, one_head
from icgd.tasks.linear import Tasks, half_mean_square

BLOCK = 256  # tasks computed at a time, so that the arrays of a step stay in a core's cache
RELEASED_GRID = np.arange(0.001, 25, 0.1)  # rates tried by the released line search


class Steps(NamedTuple):
    """K steps of GD++; plain gradient descent where all gammas are 0."""

    steps: Sequence[float] | jax.Array  # (K,) e_k = eta_k / N
    gammas: Sequence[float] | jax.Array  # (K,) g_k; the last one cannot reach the prediction


def gradient_descent(steps: Sequence[float]) -> Steps:
    """Plain gradient descent with a step e_k = eta_k / N for each of K."""
    return Steps(np.asarray(steps), np.zeros(len(steps)))


def one_step_weights(tasks: Tasks, rate: float | jax.Array) -> jax.Array:
    """w_1 = (eta / N) sum_i y_i x_i, one GD step from zero; shape (T, d)."""
    context = tasks.targets.shape[-1]
    return rate / context * jnp.einsum("tnd,tn->td", tasks.inputs, tasks.targets)


def one_step(tasks: Tasks, rate: float | jax.Array) -> jax.Array:
    """Predictions w_1.x_q of one GD step; shape (T,)."""
    return jnp.einsum("td,td->t", one_step_weights(tasks, rate), tasks.query)


def from_start(tasks: Tasks, rate: float, start: float) -> jax.Array:
    """Weights of one GD step from w_0 = start (1, ..., 1): w_0 + (eta / N) X^T (y - X w_0); (T, d)."""
    initial = start * jnp.ones(tasks.query.shape[-1])
    residuals = tasks._replace(targets=tasks.targets - tasks.inputs @ initial)
    return initial + one_step_weights(residuals, rate)


def roll_out(tasks: Tasks, rate: float, steps: int) -> jax.Array:
    """Predictions after each of ``steps`` GD steps with one rate; shape (steps, T)."""
    context = tasks.targets.shape[-1]

    def step(weights: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
        residual = tasks.targets - jnp.einsum("tnd,td->tn", tasks.inputs, weights)
        weights = weights + rate / context * jnp.einsum("tnd,tn->td", tasks.inputs, residual)
        return weights, jnp.einsum("td,td->t", weights, tasks.query)

    return jax.lax.scan(step, jnp.zeros_like(tasks.query), None, length=steps)[1]


def released_line_search(tasks: Tasks, steps: int = 1) -> tuple[float, float]:
    """(rate, loss) of the released search: the best of the grid on these very tasks."""

    @jax.jit
    def loss(rate: jax.Array, tasks: Tasks) -> jax.Array:
        return half_mean_square(roll_out(tasks, rate, steps)[-1], tasks.target)

    losses = [float(loss(rate, tasks)) for rate in RELEASED_GRID]
    best = int(np.nanargmin(losses))
    return float(RELEASED_GRID[best]), losses[best]


def sample_optimal_rate(tasks: Tasks) -> float:
    """Rate of the least one-step loss on a sample: N sum y_q a / sum a^2, a = sum_i y_i x_i.x_q."""
    unit = one_step(tasks, float(tasks.targets.shape[-1]))
    best = jnp.sum(tasks.target * unit) / jnp.sum(unit**2)
    return float(best) * tasks.targets.shape[-1]


def predict(tasks: Tasks, steps: Steps, clip: float | None = None) -> jax.Array:
    """Predictions after the last step of GD++; shape (T,).

    Each step moves every input, the query's too, and every label by the old ones:
    x <- x - g_k X^T X x and y <- y - e_k (sum_i y_i x_i).x with X, y the context's, the query's y
    being 0 at first (von Oswald et al. 2022, A.10); the prediction is minus the query's last y.

    Args:
        tasks: T tasks.
        steps: e_k and g_k of each step.
        clip: bound on every input and label after each step, as the token clip of a network.
    """
    return batched.over_blocks(lambda block: _predict(block, steps, clip), tasks, BLOCK)


def _predict(tasks: Tasks, steps: Steps, clip: float | None) -> jax.Array:
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

    layers = tuple(jnp.asarray(part, inputs.dtype) for part in steps)
    return -jax.lax.scan(move, (inputs, labels), layers)[0][1][-1]


def sensitivities(tasks: Tasks, steps: Steps, clip: float | None = None) -> tuple[jax.Array, jax.Array]:
    """Predictions (T,) and their gradients with respect to the query (T, d).

    Without a clip the prediction is linear in the query, so its gradient is the implicit weight
    vector, which `weights` gives at less cost; with one it is the sensitivity that alignment measures.
    """

    def total(query: jax.Array) -> tuple[jax.Array, jax.Array]:
        prediction = predict(tasks._replace(query=query), steps, clip)
        return jnp.sum(prediction), prediction

    found, prediction = jax.grad(total, has_aux=True)(tasks.query)
    return prediction, found


def weights(tasks: Tasks, steps: Steps) -> tuple[jax.Array, jax.Array]:
    """Weight vectors w (T, d) after the last step without a clip, and the largest entry of any token (T,).

    Everything is a polynomial of S = X^T X and so commutes: with M_k = I - g_k S_k,
    w <- w + e_k c, c <- M_k^2 (c - e_k S_k c) and S_{k+1} = M_k S_k M_k, from S_1 = X^T X and
    c = X^T y. An entry of an input is at most sqrt((S_k)_jj); a label is y_i - w.x_i.
    """
    return batched.over_blocks(lambda block: _weights(block, steps), tasks, BLOCK)


def _weights(tasks: Tasks, steps: Steps) -> tuple[jax.Array, jax.Array]:
    """`weights` of one block."""
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
    layers = tuple(jnp.asarray(part, inputs.dtype) for part in steps)
    found, _, _, _, largest = jax.lax.scan(move, start, layers)[0]
    return found.T, largest


def hand_set(steps: Steps, inputs: int) -> Weights:
    """Weights of the K-layer linear transformer that predicts as `predict` does (eq. 23, A.10)."""
    pairs = zip(steps.steps, steps.gammas, strict=True)
    return one_head(*(gd_plus_plus_layer(float(step), float(gamma), inputs) for step, gamma in pairs))


def heavy_ball(tasks: Tasks, step: float, momentum: float, steps: int) -> jax.Array:
    """Weights of gradient descent with momentum (Polyak 1964); shape (T, d).

    w_{k+1} = w_k + e X^T (y - X w_k) + m (w_k - w_{k-1}).
    """

    def of_block(tasks: Tasks) -> jax.Array:
        gram, moment = _moments(tasks)
        before = found = jnp.zeros_like(moment)
        for _ in range(steps):
            push = step * (moment - batched.dot(gram, found))
            before, found = found, found + push + momentum * (found - before)
        return found.T

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
