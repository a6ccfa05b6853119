"""The training loop: fresh tasks every step, `lax.scan` in chunks, history and checkpoint between."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from icgd.analysis import alignment
from icgd.config import TrainSettings, plain
from icgd.errors import IcgdError
from icgd.models import attention
from icgd.randomness import stream
from icgd.references import closed_form
from icgd.tasks import linear, published
from icgd.training import checkpoint, engine, optimisers

HISTORY = ("step", "training_loss", "evaluation_loss", "model_cos", "model_diff", "preds_diff")


class State(NamedTuple):
    """What a step changes."""

    weights: attention.Weights
    optimiser: optax.OptState


class Run(NamedTuple):
    """A finished run."""

    weights: attention.Weights
    history: list[dict[str, float]]
    diverged_at: int | None


def evaluation_tasks(settings: TrainSettings, key: jax.Array) -> linear.Tasks:
    """What the history is measured on: the published tasks where they fit, else fresh ones."""
    task, count = settings.task, settings.training.history_tasks
    if (task.inputs, task.context) == (published.INPUTS, published.CONTEXT):
        return published.tasks(count, task.input_range)
    return linear.sample(key, count, task.inputs, task.context, task.input_range)


def train(
    settings: TrainSettings,
    seed: int,
    unfinished: Path | None = None,
    report: Callable[[dict, int, float], None] = lambda row, left, rate: None,
) -> Run:
    """Train one network; a pure function of (settings, seed).

    Args:
        settings: what the run depends on.
        seed: the training seed.
        unfinished: file that holds the state between chunks; a run found there is resumed, to
            bit-identical weights.
        report: takes the history row of each chunk, the steps left, and steps per second.
    """
    training, task = settings.training, settings.task
    chain = optimisers.chain(settings.optimiser, training.steps)
    key = stream(seed, "initialisation", settings.key_implementation)
    weights = attention.initialise(settings.model, task.inputs + 1, key)
    state, history = State(weights, chain.init(weights)), []
    about = {"settings": plain(settings), "seed": seed}
    if unfinished is not None and unfinished.exists():
        state, history = _resume(unfinished, state, about)
    measure = _measurer(settings, seed)
    chunk = _chunk(settings, chain, stream(seed, "training data", settings.key_implementation))
    if not history:
        history.append({"step": 0, "training_loss": float("nan"), **measure(state.weights)})
    step = first = int(history[-1]["step"])
    started = time.monotonic()
    while step < training.steps:
        count = min(training.every, training.steps - step)
        state, loss = chunk(state, step, count)
        step += count
        row = {"step": step, "training_loss": float(loss), **measure(state.weights)}
        if not np.isfinite(row["training_loss"]):
            return Run(state.weights, history, step)
        history.append(row)
        if unfinished is not None:
            _suspend(unfinished, state, history, about)
        report(row, training.steps - step, (step - first) / (time.monotonic() - started))
    return Run(state.weights, history, None)


def _chunk(settings: TrainSettings, chain: optax.GradientTransformation, key: jax.Array):
    """(state, first step, count) -> (state, mean training loss); batch = function of (key, step)."""
    task, batch = settings.task, settings.training.batch

    def loss(weights: attention.Weights, key: jax.Array) -> jax.Array:
        tasks = linear.sample(key, batch, task.inputs, task.context, task.input_range)
        prediction = engine.predict(settings.model, weights, tasks)
        return linear.half_mean_square(prediction, tasks.target)

    def one(state: State, step: jax.Array) -> tuple[State, jax.Array]:
        value, gradient = jax.value_and_grad(loss)(state.weights, jax.random.fold_in(key, step))
        updates, optimiser = chain.update(gradient, state.optimiser, state.weights)
        return State(optax.apply_updates(state.weights, updates), optimiser), value

    def many(state: State, first: int, count: int) -> tuple[State, jax.Array]:
        state, losses = jax.lax.scan(one, state, first + jnp.arange(count))
        return state, jnp.mean(losses)

    return jax.jit(many, static_argnums=2)


def _measurer(settings: TrainSettings, seed: int):
    """Losses and alignment with gd-published (gd-optimal off the base setting), jitted once."""
    task = settings.task
    key = stream(seed, "history data", settings.key_implementation)
    tasks = evaluation_tasks(settings, key)
    s2 = closed_form.variance(task.input_range)
    rate = closed_form.optimal_rate(task.inputs, task.context, s2)
    if (task.inputs, task.context, task.input_range) == (published.INPUTS, published.CONTEXT, 1.0):
        rate = closed_form.RATE_PUBLISHED

    @jax.jit
    def measure(weights: attention.Weights, tasks: linear.Tasks) -> dict[str, jax.Array]:
        found = alignment.measures(settings.model, weights, tasks, rate)
        return {"evaluation_loss": found["loss"], **{name: found[name] for name in HISTORY[3:]}}

    return lambda weights: {name: float(value) for name, value in measure(weights, tasks).items()}


def _suspend(path: Path, state: State, history: list[dict], about: dict) -> None:
    leaves = {f"leaf{index}": leaf for index, leaf in enumerate(jax.tree.leaves(state))}
    checkpoint.save(path, leaves, history=history, about=about)


def _resume(path: Path, blank: State, about: dict) -> tuple[State, list[dict]]:
    arrays, record = checkpoint.load(path)
    if record.get("about") != about:
        raise IcgdError(f"{path} is an unfinished run with other settings; delete it to start over.")
    leaves = [jnp.asarray(arrays[f"leaf{index}"]) for index in range(len(arrays))]
    return jax.tree.unflatten(jax.tree.structure(blank), leaves), record["history"]
