"""In-context linear regression: y = w.x without noise, w ~ N(0, I), x uniform on a cube."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from icgd import batched


class Tasks(NamedTuple):
    """A batch of T tasks with N context pairs in d input dimensions."""

    inputs: jax.Array  # (T, N, d) context inputs x_i
    targets: jax.Array  # (T, N) context targets y_i
    query: jax.Array  # (T, d) query input x_q
    target: jax.Array  # (T,) what the query's prediction is compared with


def sample(
    key: jax.Array,
    count: int,
    inputs: int,
    context: int,
    input_range: float = 1.0,
    *,
    distribution: str = "uniform",
    input_scales: Sequence[float] = (),
    label_noise: float = 0.0,
    teacher_mean: float = 0.0,
) -> Tasks:
    """Draw tasks: w ~ N(0, I_d); x_i, x_q ~ U(-r/2, r/2)^d with r = ``input_range``; y = w.x.

    Source: released code of von Oswald et al. 2022 (its text says U(-1, 1); the code and every
    published number say U(-1/2, 1/2)).

    Args:
        key: typed key, used up here.
        count: number of tasks T.
        inputs: input dimension d.
        context: number N of context pairs.
        input_range: width r of the inputs' distribution.
        distribution: uniform as above, or normal: x ~ N(0, I_d).
        input_scales: factor on each coordinate of x.
        label_noise: standard deviation of noise on the context's labels; the target has none.
        teacher_mean: mean of each coordinate of w.
    """
    weight_key, input_key, *noise_key = jax.random.split(key, 3 if label_noise else 2)
    half, shape = input_range / 2, (inputs, context + 1, count)
    weights = teacher_mean + jax.random.normal(weight_key, (inputs, count))
    if distribution == "normal":
        x = jax.random.normal(input_key, shape)
    else:
        x = jax.random.uniform(input_key, shape, minval=-half, maxval=half)
    if input_scales:
        x = x * jnp.asarray(input_scales)[:, None, None]
    y = batched.dot(x, weights)
    targets = y[:-1]
    if label_noise:
        targets = targets + label_noise * jax.random.normal(noise_key[0], targets.shape)
    return Tasks(x[:, :-1].T, targets.T, x[:, -1].T, y[-1])


def from_weights(weights: jax.Array, inputs: jax.Array, query: jax.Array) -> Tasks:
    """Tasks with targets y_i = w.x_i; ``weights`` (T, d), ``inputs`` (T, N, d), ``query`` (T, d)."""
    targets = jnp.einsum("tnd,td->tn", inputs, weights)
    return Tasks(inputs, targets, query, jnp.einsum("td,td->t", query, weights))


def scaled(tasks: Tasks, inputs: float = 1.0, teacher: float = 1.0) -> Tasks:
    """The same tasks with inputs and teacher weights multiplied by constants."""
    return Tasks(
        tasks.inputs * inputs,
        tasks.targets * (inputs * teacher),
        tasks.query * inputs,
        tasks.target * (inputs * teacher),
    )


def half_mean_square(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """Loss 1/2 mean (prediction - target)^2, the unit of every loss here (released code)."""
    return 0.5 * jnp.mean((prediction - target) ** 2)
