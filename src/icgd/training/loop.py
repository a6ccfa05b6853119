"""The training loop: fresh tasks every step, `lax.scan` in chunks, history and checkpoint between."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from icgd.analysis import alignment
from icgd.config import TrainSettings, plain
from icgd.errors import IcgdError
from icgd.models import transformer
from icgd.randomness import stream
from icgd.references import closed_form
from icgd.tasks import linear, published, sampling
from icgd.training import checkpoint, engine, optimisers

HISTORY = ("step", "training_loss", "evaluation_loss", "model_cos", "model_diff", "preds_diff")


class State(NamedTuple):
    """What a step changes."""

    weights: transformer.Weights
    optimiser: optax.OptState


class Run(NamedTuple):
    """A finished run."""

    weights: transformer.Weights
    history: list[dict[str, float]]
    diverged_at: int | None


class Progress(NamedTuple):
    """What is known of each seed so far: rows of its history, and the step at which it diverged."""

    histories: list[list[dict[str, float]]]
    diverged: list[int | None]

    @property
    def step(self) -> int:
        """Steps done."""
        return max(int(history[-1]["step"]) for history in self.histories)

    def add(self, rows: list[dict[str, float]]) -> None:
        """One row for each seed; a seed whose loss is not finite ends there."""
        for index, row in enumerate(rows):
            if self.diverged[index] is None and not np.isfinite(row["training_loss"]):
                self.diverged[index] = row["step"]
            elif self.diverged[index] is None:
                self.histories[index].append(row)


def evaluation_tasks(settings: TrainSettings, key: jax.Array) -> linear.Tasks:
    """What the history is measured on: the published tasks where they fit, else fresh ones."""
    task, count = settings.task, settings.training.history_tasks
    if published.has_shape(task):
        return published.tasks(count, task.input_range)
    return sampling.sample(task, key, count)


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
    training = settings.training
    chain = optimisers.chain(settings.optimiser, training.steps)
    state = _each(lambda key: _start(settings, chain, key), len(seeds))(
        _keys(settings, seeds, "initialisation")
    )
    about = {"settings": plain(settings), "seeds": list(seeds)}
    measure = _measurer(settings, seeds)
    if unfinished is not None and unfinished.exists():
        state, progress = _resume(unfinished, state, about)
    else:
        blank = [{"step": 0, "training_loss": float("nan"), **row} for row in measure(state.weights)]
        progress = Progress([[row] for row in blank], [None] * len(seeds))
    chunk = _chunk(settings, chain, _keys(settings, seeds, "training data"))
    step = first = progress.step
    started = time.monotonic()
    while step < training.steps and None in progress.diverged:
        count = min(training.every, training.steps - step)
        state, losses = chunk(state, step, count)
        step += count
        rows = [
            {"step": step, "training_loss": float(loss), **row}
            for loss, row in zip(losses, measure(state.weights), strict=True)
        ]
        progress.add(rows)
        if unfinished is not None and None in progress.diverged:
            _suspend(unfinished, state, progress, about)
        report(rows[0], training.steps - step, (step - first) / (time.monotonic() - started))
    return [
        Run(jax.tree.map(lambda x, i=index: x[i], state.weights), *found)
        for index, found in enumerate(zip(*progress, strict=True))
    ]


def gradient(settings: TrainSettings, weights: transformer.Weights, key: jax.Array):
    """Loss and gradient on a batch of fresh tasks, a function of ``key``; the mean over its blocks."""
    batch = settings.training.batch
    blocks = batch // engine.BLOCK if batch % engine.BLOCK == 0 else 1

    def block(key: jax.Array) -> tuple[jax.Array, transformer.Weights]:
        tasks = sampling.sample(settings.task, key, batch // blocks)
        return engine.loss_and_gradient(settings.model, weights, tasks)

    if blocks == 1:
        return block(key)
    keys = jax.random.split(key, blocks)
    on_cpu = jax.default_backend() == "cpu"  # one by one in the cache; a GPU wants all at once
    found = jax.lax.map(block, keys) if on_cpu else jax.vmap(block)(keys)
    return jax.tree.map(lambda x: jnp.mean(x, axis=0), found)


def _start(settings: TrainSettings, chain: optax.GradientTransformation, key: jax.Array) -> State:
    token = transformer.token_size(settings.model, settings.task.inputs)
    weights = transformer.initialise(settings.model, token, key)
    return State(weights, chain.init(weights))


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


def _chunk(settings: TrainSettings, chain: optax.GradientTransformation, keys: jax.Array):
    """(state, first step, count) -> (state, mean training losses); batch = function of (key, step)."""

    def many(state: State, first: int, count: int) -> tuple[State, jax.Array]:
        def of_seed(state: State, key: jax.Array) -> tuple[State, jax.Array]:
            def one(state: State, step: jax.Array) -> tuple[State, jax.Array]:
                loss, slope = gradient(settings, state.weights, jax.random.fold_in(key, step))
                updates, optimiser = chain.update(slope, state.optimiser, state.weights)
                return State(optax.apply_updates(state.weights, updates), optimiser), loss

            state, losses = jax.lax.scan(one, state, first + jnp.arange(count))
            return state, jnp.mean(losses)

        return _each(of_seed, len(keys))(state, keys)

    return jax.jit(many, static_argnums=2)


def _measurer(settings: TrainSettings, seeds: Sequence[int]):
    """Weights -> a row for each seed: loss, and alignment with one step of GD at the published rate
    (at the optimal one off the base setting)."""
    task = settings.task
    s2 = closed_form.variance(task.input_range)
    rate = closed_form.optimal_rate(task.inputs, task.context, s2)
    if published.is_setting(task):
        rate = closed_form.RATE_PUBLISHED
    each = [evaluation_tasks(settings, key) for key in _keys(settings, seeds, "history data")]
    tasks = jax.tree.map(lambda *arrays: jnp.stack(arrays), *each)

    def of_seed(weights: transformer.Weights, tasks: linear.Tasks) -> dict[str, jax.Array]:
        found = alignment.measures(settings.model, weights, tasks, rate)
        return {"evaluation_loss": found["loss"], **{name: found[name] for name in HISTORY[3:]}}

    measure = jax.jit(_each(of_seed, len(seeds)))

    def rows(weights: transformer.Weights) -> list[dict[str, float]]:
        found = {name: np.asarray(values) for name, values in measure(weights, tasks).items()}
        return [{name: float(values[i]) for name, values in found.items()} for i in range(len(seeds))]

    return rows


def _suspend(path: Path, state: State, progress: Progress, about: dict) -> None:
    leaves = {f"leaf{index}": leaf for index, leaf in enumerate(jax.tree.leaves(state))}
    checkpoint.save(path, leaves, progress=progress, about=about)


def _resume(path: Path, blank: State, about: dict) -> tuple[State, Progress]:
    arrays, record = checkpoint.load(path)
    if record.get("about") != about:
        raise IcgdError(f"{path} is an unfinished run with other settings; delete it to start over.")
    leaves = [jnp.asarray(arrays[f"leaf{index}"]) for index in range(len(arrays))]
    return jax.tree.unflatten(jax.tree.structure(blank), leaves), Progress(*record["progress"])
