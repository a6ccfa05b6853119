"""Time of training steps: several ways of computing them, interleaved in one run."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from icgd.config import TrainSettings
from icgd.models import transformer
from icgd.randomness import stream
from icgd.training import optimisers


class Arm(NamedTuple):
    """A compiled function of no arguments that takes ``steps`` training steps."""

    run: Callable[[], object]
    steps: int


class Times(NamedTuple):
    """Milliseconds a step, one entry a round."""

    cpu: np.ndarray
    wall: np.ndarray


def start(settings: TrainSettings) -> transformer.Weights:
    """Weights of seed 0 before training."""
    key = stream(0, "initialisation", settings.key_implementation)
    return transformer.initialise(settings.model, settings.task.inputs, key)


def data_key(settings: TrainSettings) -> jax.Array:
    """Key of the training data of seed 0."""
    return stream(0, "training data", settings.key_implementation)


def arm(settings: TrainSettings, gradient: Callable, steps: int) -> Arm:
    """``steps`` optimiser steps with the gradients of ``gradient(settings, weights, key)``."""
    key = data_key(settings)
    chain, weights = optimisers.chain(settings.optimiser, settings.training.steps), start(settings)

    def one(state: tuple, step: jax.Array) -> tuple[tuple, jax.Array]:
        loss, slope = gradient(settings, state[0], jax.random.fold_in(key, step))
        updates, optimiser = chain.update(slope, state[1], state[0])
        return (optax.apply_updates(state[0], updates), optimiser), loss

    many = jax.jit(lambda state: jax.lax.scan(one, state, jnp.arange(steps)))
    state = (weights, chain.init(weights))
    return Arm(lambda: many(state), steps)


def interleaved(arms: Mapping[str, Arm], rounds: int) -> dict[str, Times]:
    """Time every arm once a round, after one untimed run that compiles it."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in arms}
    for one in arms.values():
        jax.block_until_ready(one.run())
    for _ in range(rounds):
        for name, one in arms.items():
            cpu, wall = time.process_time(), time.perf_counter()
            jax.block_until_ready(one.run())
            found[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {name: Times(*(1000 * np.array(times).T / arms[name].steps)) for name, times in found.items()}


def product_rate(size: int = 1024, rounds: int = 5) -> float:
    """Billions of floating-point operations a second of one large matrix product, best of ``rounds``."""
    matrix = jax.random.normal(jax.random.key(0), (size, size))
    square = jax.jit(lambda a: a @ a)
    times = interleaved({"product": Arm(lambda: square(matrix), 1)}, rounds)["product"]
    return 2 * size**3 / (1e6 * float(times.cpu.min()))


def spread(name: str, values: np.ndarray) -> dict[str, float]:
    """Median, least and most, as columns of a table."""
    return {
        name: float(np.median(values)),
        f"{name}_least": float(np.min(values)),
        f"{name}_most": float(np.max(values)),
    }
