"""A training step as one would write it for readers: what the engine is measured against.

One key a task from `jax.random`'s default generator, tokens laid out a sequence at a time, the Flax
module of `icgd.models` under `jax.vmap`, attention over all tokens in every layer.
"""

import jax
import jax.numpy as jnp

from icgd.config import Model, Task, TrainSettings
from icgd.models import transformer
from icgd.models.transformer import Weights
from icgd.tasks import sequences, sine
from icgd.tasks.linear import half_mean_square


def gradient(settings: TrainSettings, weights: Weights, key: jax.Array) -> tuple[jax.Array, Weights]:
    """Loss and gradient on a batch of fresh tasks; as `step.gradient`, from other random numbers."""
    sequence, targets = draw(settings, key)

    def loss(weights: Weights) -> jax.Array:
        predictions = jax.vmap(lambda tokens: transformer.predict(settings.model, weights, tokens))(sequence)
        return half_mean_square(predictions, targets)

    return jax.value_and_grad(loss)(weights)


def draw(settings: TrainSettings, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """A batch of token sequences (T, n, t) and targets (T,)."""
    key = jax.random.wrap_key_data(jax.random.key_data(key), impl="threefry2x32")  # JAX's own generator
    of_task = _sine if settings.task.family == "sine" else _linear

    def one(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        x, y, query, target = of_task(settings.task, key)
        return _tokens(settings.model, x, y, query), target

    return jax.vmap(one)(jax.random.split(key, settings.training.batch))


def _linear(task: Task, key: jax.Array) -> tuple[jax.Array, ...]:
    weight_key, input_key, query_key = jax.random.split(key, 3)
    half = task.input_range / 2
    w = jax.random.normal(weight_key, (task.inputs,))
    x = jax.random.uniform(input_key, (task.context, task.inputs), minval=-half, maxval=half)
    query = jax.random.uniform(query_key, (task.inputs,), minval=-half, maxval=half)
    return x, x @ w, query, query @ w


def _sine(task: Task, key: jax.Array) -> tuple[jax.Array, ...]:
    wave_key, input_key, query_key = jax.random.split(key, 3)
    low, high = sine.AMPLITUDE
    amplitude = jax.random.uniform(wave_key, minval=low, maxval=high)
    phase = jnp.pi * jax.random.uniform(wave_key)  # the released code's one key for both
    x = jax.random.uniform(input_key, (task.context, 1), minval=-sine.HALF_RANGE, maxval=sine.HALF_RANGE)
    query = jax.random.uniform(query_key, (1,), minval=-sine.HALF_RANGE, maxval=sine.HALF_RANGE)
    y, target = (amplitude * jnp.sin(values[..., 0] + phase) for values in (x, query))
    return x, y, query, target


def _tokens(model: Model, x: jax.Array, y: jax.Array, query: jax.Array) -> jax.Array:
    """The tokens of one task: (n, t)."""
    if not model.alternating:
        return jnp.concatenate([jnp.column_stack([x, y]), jnp.append(query, 0.0)[None]])
    labels = jnp.zeros_like(x).at[:, -1].set(y)
    contents = jnp.concatenate([jnp.stack([x, labels], axis=1).reshape(-1, x.shape[-1]), query[None]])
    codes = sequences.positions(len(contents), model.position_size)
    return jnp.column_stack([contents, codes.astype(contents.dtype)])
