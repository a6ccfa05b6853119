"""Ways of taking training steps, and the time that they take when they run in turn."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from icgd.config import Settings
from icgd.models import transformer
from icgd.models.transformer import Weights
from icgd.tasks import sample
from icgd.tasks.linear import Tasks, half_mean_square
from icgd.training import problem
from icgd.training import steps as training

# Experiment of config.yaml -> its title
COLUMNS = {
    "one_layer": "one layer",
    "two_recurrent": "two recurrent layers",
    "five_layers": "five distinct layers",
    "ten_recurrent": "ten recurrent layers",
    "softmax_two_heads": "two-head softmax",
    "alternating": "alternating tokens, 2 layers",
    "sine": "MLP + attention on sine",
}


class Arm(NamedTuple):
    """A function that takes ``steps`` training steps and gives their losses."""

    run: Callable[[], jax.Array]
    steps: int


def start(settings: Settings, seeds: Sequence[int]) -> training.State:
    """The state before training, with weights ten times as large, so that losses say something of them."""
    state = training.start(settings, training.keys(settings, seeds, "initialisation"))
    return state._replace(weights={name: 10 * matrix for name, matrix in state.weights.items()})


def engine(settings: Settings, steps: int, seeds: Sequence[int] = (0,)) -> Arm:
    """The training loop as it is, of one seed or of several side by side."""
    state, chunk = start(settings, seeds), training.chunk(settings, seeds)
    return Arm(lambda: chunk(state, None, 0, steps)[1][0], steps)


def textbook(settings: Settings, steps: int) -> Arm:
    """The same steps on the same batches with the readable model, as one would write them for readers."""
    chain, (key,) = training.optimiser(settings), training.keys(settings, (0,), "training data")
    state = jax.tree.map(lambda x: x[0], start(settings, (0,)))

    def loss(weights: Weights, tasks: Tasks) -> jax.Array:
        return half_mean_square(transformer.predict_each(settings.model, weights, tasks), tasks.target)

    def one(state: training.State, index: jax.Array) -> tuple[training.State, jax.Array]:
        tasks = batch(settings, jax.random.fold_in(key, index))
        found, slope = jax.value_and_grad(loss)(state.weights, tasks)
        updates, moments = chain.update(slope, state.optimiser, state.weights)
        return training.State(optax.apply_updates(state.weights, updates), moments), found

    many = jax.jit(lambda state: jax.lax.scan(one, state, jnp.arange(steps)))
    return Arm(lambda: jnp.mean(many(state)[1])[None], steps)


def batch(settings: Settings, key: jax.Array) -> Tasks:
    """The tasks of one step, as the engine draws them: block by block."""
    size, blocks = settings.training.batch, problem.blocks(settings)
    if blocks == 1:
        return sample.sample(settings.task, key, size)
    keys = jax.random.split(key, blocks)
    drawn = jax.lax.map(lambda key: sample.sample(settings.task, key, size // blocks), keys)
    return jax.tree.map(lambda x: x.reshape(size, *x.shape[2:]), drawn)


class Times(NamedTuple):
    """Milliseconds a step, one entry a round, and the mean loss of each seed's steps."""

    cpu: np.ndarray
    wall: np.ndarray
    losses: np.ndarray


def interleaved(arms: Mapping[str, Arm], rounds: int) -> dict[str, Times]:
    """Run every arm once a round, so that all meet the same machine; a run before that compiles it."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in arms}
    losses = {name: np.asarray(jax.block_until_ready(arm.run())) for name, arm in arms.items()}
    for _ in range(rounds):
        for name, arm in arms.items():
            cpu, wall = time.process_time(), time.perf_counter()
            jax.block_until_ready(arm.run())
            found[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    in_ms = {name: 1000 * np.array(times).T / arms[name].steps for name, times in found.items()}
    return {name: Times(*in_ms[name], losses[name]) for name in arms}
