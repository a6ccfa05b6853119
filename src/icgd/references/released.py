"""GD++ as the released code trains it: few numbers a layer by Adam, from a line search.

A layer's hand-set matrices have W_V = diag(v_x I, v_y) and P = diag(p_x I, p_y), all four numbers
trained, so that g = -v_x p_x and e = -v_y p_y. The gradient of an x block is replaced by the mean over
all its d^2 entries, off-diagonal ones counted as 0: the d-th part of the mean slope of its diagonal.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from icgd.random import stream
from icgd.references import descent
from icgd.references.descent import RELEASED_GRID, Steps
from icgd.references.tuned import ReleasedSettings
from icgd.tasks import linear, published
from icgd.tasks.linear import Tasks, half_mean_square

INPUTS = CONTEXT = 10
CHUNK = 100  # steps compiled as one program


class Entries(NamedTuple):
    """The trained numbers: (L,) each, L = 1 for shared parameters, else K."""

    value_x: jax.Array
    value_y: jax.Array
    projection_x: jax.Array
    projection_y: jax.Array


def start(settings: ReleasedSettings, rate: float) -> Entries:
    """The construction with e = eta / N and g = eta / N^2."""
    ones = jnp.ones(1 if settings.sharing == "shared" else settings.layers)
    step = rate / CONTEXT
    return Entries(ones, -ones, -step / CONTEXT * ones, step * ones)


def steps_of(settings: ReleasedSettings, entries: Entries) -> Steps:
    """e_k and g_k of all K layers."""
    repeats = settings.layers // len(entries.value_x)
    steps, gammas = -entries.value_y * entries.projection_y, -entries.value_x * entries.projection_x
    return Steps(jnp.repeat(steps, repeats), jnp.repeat(gammas, repeats))


def loss(settings: ReleasedSettings, entries: Entries, tasks: Tasks) -> jax.Array:
    """Half mean square on tasks, tokens clipped as the released code does for more than 3 layers."""
    prediction = descent.predict(tasks, steps_of(settings, entries), settings.token_clip)
    return half_mean_square(prediction, tasks.target)


def line_search(settings: ReleasedSettings) -> float:
    """Rate of the released grid with the least loss of `start` on the published tasks."""
    tasks = published.tasks(settings.search_tasks)
    at = jax.jit(lambda rate, tasks: loss(settings, start(settings, rate), tasks))
    return float(RELEASED_GRID[np.nanargmin([float(at(rate, tasks)) for rate in RELEASED_GRID])])


def modified(slope: Entries, clip_norm: float) -> Entries:
    """The released gradient: x entries over d^2, then clipped by the norm of the full matrices."""
    slope = slope._replace(value_x=slope.value_x / INPUTS**2, projection_x=slope.projection_x / INPUTS**2)
    times = Entries(INPUTS, 1, INPUTS, 1)  # how often each number stands in its matrix
    squares = jax.tree.map(lambda n, part: n * jnp.sum(part**2), times, slope)
    norm = jnp.sqrt(sum(squares))
    return jax.tree.map(lambda part: part * jnp.minimum(1.0, clip_norm / norm), slope)


def program(settings: ReleasedSettings, rate: float, seed: int = 0) -> tuple[Callable, tuple]:
    """A chunk of training, compiled, and what its first call takes: a state and the numbers of its steps.

    ``chunk(state, steps) -> (state, losses)``: Adam on fresh tasks at each step.
    """
    adam = optax.adam(settings.learning_rate, b1=0.9, b2=0.999)
    key = stream(seed, "released GD++ data", settings.key_implementation)
    blocks = settings.batch // descent.BLOCK if settings.batch % descent.BLOCK == 0 else 1
    value_and_grad = jax.value_and_grad(loss, argnums=1)

    def one(state: tuple[Entries, optax.OptState], step: jax.Array):
        entries, moments = state

        def block(key: jax.Array) -> tuple[jax.Array, Entries]:
            tasks = linear.sample(key, settings.batch // blocks, INPUTS, CONTEXT)
            return value_and_grad(settings, entries, tasks)

        found = jax.lax.map(block, jax.random.split(jax.random.fold_in(key, step), blocks))
        mean, slope = jax.tree.map(lambda part: jnp.mean(part, axis=0), found)
        updates, moments = adam.update(modified(slope, settings.clip_norm), moments)
        return (optax.apply_updates(entries, updates), moments), mean

    chunk = jax.jit(lambda state, steps: jax.lax.scan(one, state, steps))
    entries = start(settings, rate)
    return chunk, ((entries, adam.init(entries)), _numbers(settings, 0))


def train(settings: ReleasedSettings, rate: float, seed: int = 0) -> tuple[Steps, list[float]]:
    """(e_k and g_k, mean training loss of each `CHUNK` steps)."""
    chunk, (state, _) = program(settings, rate, seed)
    losses = []
    for first in range(0, settings.steps, CHUNK):
        state, found = chunk(state, _numbers(settings, first))
        losses.append(float(jnp.mean(found)))
    return steps_of(settings, state[0]), losses


def _numbers(settings: ReleasedSettings, first: int) -> jax.Array:
    """Numbers of the steps of one chunk."""
    return jnp.arange(first, min(first + CHUNK, settings.steps))
