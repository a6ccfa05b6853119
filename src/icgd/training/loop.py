"""The training loop: tasks of every step, `lax.scan` in chunks, history and checkpoint between."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from icgd.config import TrainSettings, plain
from icgd.randomness import stream
from icgd.training import checkpoint, optimisers, problem, state, step
from icgd.training.problem import Problem, Tasks, Weights
from icgd.training.state import Progress, State


class Run(NamedTuple):
    """A finished run."""

    weights: Weights
    history: list[dict[str, float]]
    snapshots: dict[int, Weights]  # by step
    diverged_at: int | None

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything as named arrays: the weights, and snapshots with a leading axis of steps."""
        if not self.snapshots:
            return self.weights
        states = list(self.snapshots.values())
        kept = {f"{checkpoint.SNAPSHOTS}{name}": np.stack([s[name] for s in states]) for name in self.weights}
        return {**self.weights, **kept, f"{checkpoint.SNAPSHOTS}step": np.array(list(self.snapshots))}


def train(
    settings: TrainSettings,
    seeds: Sequence[int],
    unfinished: Path | None = None,
    report: Callable[[dict, int, float], None] = lambda row, left, rate: None,
) -> list[Run]:
    """Train one network a seed; each is a pure function of (settings, seed).

    Several seeds are computed side by side (`jax.vmap`): on a GPU that costs little more than one;
    on a CPU a job a seed is faster.

    Args:
        settings: what the runs depend on.
        seeds: the training seeds.
        unfinished: file that holds the state between chunks; a run found there is resumed, to
            bit-identical weights.
        report: takes the first seed's row after each chunk, the steps left, and steps per second.
    """
    training, functions = settings.training, problem.of(settings)
    chain = optimisers.chain(settings.optimiser, training.steps)

    def start(key: jax.Array) -> State:
        weights = functions.initialise(key)
        return State(weights, chain.init(weights))

    now = _each(start, len(seeds))(_keys(settings, seeds, "initialisation"))
    about = {"settings": plain(settings), "seeds": list(seeds)}
    measure = _measurer(settings, functions, seeds)
    snapshots: dict[int, Weights] = {}
    if unfinished is not None and unfinished.exists():
        now, progress, snapshots = state.resume(unfinished, now, about)
    else:
        blank = [_row(0, np.nan, np.nan, row) for row in measure(now.weights)]
        progress = Progress([[row] for row in blank], [None] * len(seeds))
    chunk = _chunk(settings, functions, chain, seeds)
    done = first = progress.step
    started = time.monotonic()
    while done < training.steps and None in progress.diverged:
        count = min(training.every, training.steps - done)
        now, losses = chunk(now, done, count)
        done += count
        rows = [_row(done, *pair, row) for *pair, row in zip(*losses, measure(now.weights), strict=True)]
        progress.add(rows)
        if _is_due(training.snapshots, training.steps, done - count, done):
            snapshots[done] = jax.tree.map(np.asarray, now.weights)
        if unfinished is not None and None in progress.diverged:
            state.suspend(unfinished, now, progress, snapshots, about)
        report(rows[0], training.steps - done, (done - first) / (time.monotonic() - started))
    return [_run(index, now, progress, snapshots) for index in range(len(seeds))]


def _row(number: int, mean: float, largest: float, measures: dict[str, float]) -> dict[str, float]:
    """One line of a history."""
    return {"step": number, "training_loss": float(mean), "largest_loss": float(largest), **measures}


def _is_due(count: int, steps: int, before: int, now: int) -> bool:
    """Does one of ``count`` equally spaced snapshots of a run fall in (before, now]?"""
    return now * count // steps > before * count // steps


def _run(index: int, last: State, progress: Progress, snapshots: dict[int, Weights]) -> Run:
    """What became of one seed."""
    kept = {number: _of_seed(index, weights) for number, weights in snapshots.items()}
    return Run(_of_seed(index, last.weights), progress.histories[index], kept, progress.diverged[index])


def _of_seed(index: int, weights: Weights) -> Weights:
    return jax.tree.map(lambda x: x[index], weights)


def _keys(settings: TrainSettings, seeds: Sequence[int], name: str) -> jax.Array:
    """The same named stream of every seed."""
    return jnp.stack([stream(seed, name, settings.key_implementation) for seed in seeds])


def _each(function: Callable, count: int) -> Callable:
    """A function of one seed's arrays, for arrays with a leading axis of ``count`` seeds."""
    if count > 1:
        return jax.vmap(function)

    def alone(*arguments):
        found = function(*jax.tree.map(lambda x: x[0], arguments))
        return jax.tree.map(lambda x: x[None], found)

    return alone


def _chunk(settings: TrainSettings, functions: Problem, chain: optax.GradientTransformation, seeds):
    """(state, first step, count) -> (state, (mean, largest) training losses of each seed).

    The batch of a step is a function of (key, step).
    """
    keys = _keys(settings, seeds, "training data")
    fixed = settings.training.fixed_tasks
    sets = _sets(functions, _keys(settings, seeds, "training set"), fixed) if fixed else keys

    def many(state: State, sets: Tasks, first: int, count: int) -> tuple[State, tuple]:
        def of_seed(state: State, key: jax.Array, tasks: Tasks) -> tuple[State, tuple]:
            def one(state: State, index: jax.Array) -> tuple[State, jax.Array]:
                step_key = jax.random.fold_in(key, index)
                if fixed:
                    loss, slope = step.gradient_on_set(settings, state.weights, tasks, step_key)
                else:
                    loss, slope = step.gradient(settings, state.weights, step_key)
                updates, optimiser = chain.update(slope, state.optimiser, state.weights)
                return State(optax.apply_updates(state.weights, updates), optimiser), loss

            state, losses = jax.lax.scan(one, state, first + jnp.arange(count))
            return state, (jnp.mean(losses), jnp.max(losses))

        return _each(of_seed, len(keys))(state, keys, sets)

    compiled = jax.jit(many, static_argnums=3)
    return lambda state, first, count: compiled(state, sets, first, count)


def _sets(functions: Problem, keys: jax.Array, count: int) -> Tasks:
    """The fixed training set of every seed."""
    return jax.tree.map(lambda *arrays: jnp.stack(arrays), *[functions.sample(key, count) for key in keys])


def _measurer(settings: TrainSettings, functions: Problem, seeds: Sequence[int]):
    """Weights -> the measures of each seed."""
    each = [functions.history_tasks(key) for key in _keys(settings, seeds, "history data")]
    tasks = jax.tree.map(lambda *arrays: jnp.stack(arrays), *each)
    measure = jax.jit(_each(functions.measures, len(seeds)))

    def rows(weights: Weights) -> list[dict[str, float]]:
        found = {name: np.asarray(values) for name, values in measure(weights, tasks).items()}
        return [{name: float(values[i]) for name, values in found.items()} for i in range(len(seeds))]

    return rows
