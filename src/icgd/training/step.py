"""The gradient of one training step, computed in blocks of tasks."""

import jax
import jax.numpy as jnp

from icgd import batched
from icgd.config import TrainSettings
from icgd.training import problem
from icgd.training.problem import Problem, Tasks, Weights


def gradient(settings: TrainSettings, weights: Weights, key: jax.Array) -> tuple[jax.Array, Weights]:
    """Loss and gradient on a batch of fresh tasks, a function of ``key``; the mean over its blocks."""
    functions, batch = problem.of(settings), settings.training.batch
    blocks = _blocks(batch, functions)

    def block(key: jax.Array) -> tuple[jax.Array, Weights]:
        return functions.loss_and_gradient(weights, functions.sample(key, batch // blocks))

    if blocks == 1:
        return block(key)
    return _mean(batched.in_blocks(block, jax.random.split(key, blocks)))


def gradient_on_set(
    settings: TrainSettings, weights: Weights, tasks: Tasks, key: jax.Array
) -> tuple[jax.Array, Weights]:
    """As `gradient`, on a fixed training set: all of it, or a batch drawn from it with replacement."""
    functions, batch = problem.of(settings), settings.training.batch
    if batch < settings.training.fixed_tasks:
        chosen = jax.random.randint(key, (batch,), 0, settings.training.fixed_tasks)
        tasks = jax.tree.map(lambda x: x[chosen], tasks)
    blocks = _blocks(batch, functions)
    split = jax.tree.map(lambda x: x.reshape(blocks, -1, *x.shape[1:]), tasks)
    return _mean(batched.in_blocks(lambda block: functions.loss_and_gradient(weights, block), split))


def _blocks(batch: int, functions: Problem) -> int:
    return batch // functions.block if batch % functions.block == 0 else 1


def _mean(found: object) -> object:
    return jax.tree.map(lambda x: jnp.mean(x, axis=0), found)
