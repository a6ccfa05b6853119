"""The arithmetic of training: the state before the first step, and many steps as one compiled program.

`icgd.training.program` hashes what these compile to; `icgd.training.loop` runs them.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from icgd import batched
from icgd.config import Settings
from icgd.models.transformer import Weights
from icgd.random import stream
from icgd.tasks import sample, text
from icgd.tasks.linear import Tasks
from icgd.training import problem


class State(NamedTuple):
    """What a step changes; arrays have a leading axis of seeds outside of compiled code."""

    weights: Weights
    optimiser: optax.OptState


def start(settings: Settings, keys: jax.Array) -> State:
    """The state of every seed before the first step."""

    def of_seed(key: jax.Array) -> State:
        weights = problem.initialise(settings, key)
        return State(weights, optimiser(settings).init(weights))

    return each(of_seed, len(keys))(keys)


def optimiser(settings: Settings) -> optax.GradientTransformation:
    """Clip by global norm or each entry, then AdamW, as released; with ``decay_to`` < 1 a cosine schedule."""
    chosen = settings.optimiser
    rate, decay_over = chosen.learning_rate, chosen.decay_over or settings.training.steps
    if chosen.warm_up:
        rate = optax.warmup_cosine_decay_schedule(
            0.0, rate, chosen.warm_up, decay_over, end_value=rate * chosen.decay_to
        )
    elif chosen.decay_to < 1:
        rate = optax.cosine_decay_schedule(rate, decay_over, alpha=chosen.decay_to)
    by_norm, bound = optax.clip_by_global_norm(chosen.clip_norm), chosen.clip_value
    return optax.chain(
        by_norm if bound is None else optax.clip(bound),
        optax.adamw(rate, b1=chosen.b1, b2=chosen.b2, weight_decay=chosen.weight_decay),
    )


def chunk(settings: Settings, seeds: Sequence[int]) -> Callable:
    """Jitted (state, training sets, first step, count) -> (state, (mean, largest) losses of each seed).

    The batch of a step is a function of (key, step).
    """
    chain = optimiser(settings)
    data = keys(settings, seeds, f"training data{' again' * settings.training.again}")

    def many(state: State, sets: Tasks | None, first: int, count: int) -> tuple[State, tuple]:
        def of_seed(state: State, key: jax.Array, tasks: Tasks | None) -> tuple[State, tuple]:
            def one(state: State, index: jax.Array) -> tuple[State, jax.Array]:
                loss, slope = gradient(settings, state.weights, jax.random.fold_in(key, index), tasks)
                updates, moments = chain.update(slope, state.optimiser, state.weights)
                return State(optax.apply_updates(state.weights, updates), moments), loss

            state, losses = jax.lax.scan(one, state, first + jnp.arange(count))
            return state, (jnp.mean(losses), jnp.max(losses))

        return each(of_seed, len(seeds))(state, data, sets)

    return jax.jit(many, static_argnums=3)


def gradient(
    settings: Settings, weights: Weights, key: jax.Array, tasks: Tasks | None = None
) -> tuple[jax.Array, Weights]:
    """Loss and gradient of one step, the mean over blocks of tasks.

    The batch is fresh, a function of ``key``; or, of a fixed training set ``tasks``, all of it or a
    batch drawn from it with replacement; or excerpts of ``tasks``, a text.
    """
    batch, blocks = settings.training.batch, problem.blocks(settings)
    of_tasks = partial(problem.loss_and_gradient, settings.causal or settings.model, weights)
    if settings.task.family == "text":
        tasks = text.excerpts(key, tasks, batch, settings.task.context)
    elif settings.causal is not None:
        tasks = sample.sample(settings.task, key, batch)
    if tasks is not None:
        if batch < settings.training.fixed_tasks:
            chosen = jax.random.randint(key, (batch,), 0, settings.training.fixed_tasks)
            tasks = jax.tree.map(lambda x: x[chosen], tasks)
        split = jax.tree.map(lambda x: x.reshape(blocks, -1, *x.shape[1:]), tasks)
        return _mean(batched.in_blocks(of_tasks, split))

    def fresh(key: jax.Array) -> tuple[jax.Array, Weights]:
        return of_tasks(sample.sample(settings.task, key, batch // blocks))

    return fresh(key) if blocks == 1 else _mean(batched.in_blocks(fresh, jax.random.split(key, blocks)))


def training_sets(settings: Settings, seeds: Sequence[int]) -> Tasks | None:
    """The fixed training set of every seed, or the text; None where each step has fresh tasks."""
    if settings.task.family == "text":
        return jnp.tile(text.learnt_from(), (len(seeds), 1))
    if not settings.training.fixed_tasks:
        return None

    def drawn(key: jax.Array) -> Tasks:
        return sample.sample(settings.task, key, settings.training.fixed_tasks)

    return _of_seeds(drawn, settings, seeds, "training set")


def history_sets(settings: Settings, seeds: Sequence[int]) -> Tasks:
    """What the history of every seed is measured on."""
    return _of_seeds(partial(problem.history_tasks, settings), settings, seeds, "history data")


def measured(settings: Settings, weights: Weights, tasks: Tasks) -> dict[str, jax.Array]:
    """The columns of the history: (seeds,) each."""
    return each(partial(problem.measures, settings), len(tasks[0]))(weights, tasks)


def keys(settings: Settings, seeds: Sequence[int], name: str) -> jax.Array:
    """The same named stream of every seed."""
    return jnp.stack([stream(seed, name, settings.key_implementation) for seed in seeds])


def each(function: Callable, count: int) -> Callable:
    """A function of one seed's arrays, for arrays with a leading axis of ``count`` seeds."""
    if count > 1:
        return jax.vmap(function)

    def alone(*arguments):
        found = function(*jax.tree.map(lambda x: x[0], arguments))
        return jax.tree.map(lambda x: x[None], found)

    return alone


def _of_seeds(draw: Callable, settings: Settings, seeds: Sequence[int], name: str) -> Tasks:
    """Tasks of every seed, from its own key."""
    sets = [draw(stream(seed, name, settings.key_implementation)) for seed in seeds]
    return jax.tree.map(lambda *arrays: jnp.stack(arrays), *sets)


def _mean(found: object) -> object:
    return jax.tree.map(lambda x: jnp.mean(x, axis=0), found)
