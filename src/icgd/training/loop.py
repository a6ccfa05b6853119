"""The training loop: chunks of steps, with history, snapshots and checkpoint between them."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Settings
from icgd.errors import IcgdError
from icgd.models.transformer import Weights
from icgd.training import checkpoint, steps
from icgd.training.steps import State

Row = dict[str, float]  # one line of a history
Report = Callable[[Row, int, float], None]


class Progress(NamedTuple):
    """What is known of each seed so far: rows of its history, and the step at which it diverged."""

    histories: list[list[Row]]
    diverged: list[int | None]

    @property
    def step(self) -> int:
        """Steps done."""
        return max(int(history[-1]["step"]) for history in self.histories)

    def add(self, rows: list[Row]) -> None:
        """One row for each seed; a seed whose loss is not finite ends there."""
        for index, row in enumerate(rows):
            if self.diverged[index] is None and not np.isfinite(row["training_loss"]):
                self.diverged[index] = row["step"]
            elif self.diverged[index] is None:
                self.histories[index].append(row)


class Run(NamedTuple):
    """A finished run."""

    weights: Weights
    history: list[Row]
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
    settings: Settings,
    seeds: Sequence[int],
    unfinished: Path | None = None,
    report: Report = lambda row, left, rate: None,
    given: Sequence[Weights] = (),
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
        given: weights of each seed that are not drawn, where it starts from another network's.
    """
    about = {"settings": settings.of_training, "seeds": list(seeds)}
    now = steps.start(settings, steps.keys(settings, seeds, "initialisation"))
    if given:
        now = now._replace(weights={**now.weights, **jax.tree.map(lambda *x: jnp.stack(x), *given)})
    measure, snapshots = _measurer(settings, seeds), {}
    if unfinished is not None and unfinished.exists():
        now, progress, snapshots = _resume(unfinished, now, about)
    else:
        blank = [_row(0, np.nan, np.nan, row) for row in measure(now.weights)]
        progress = Progress([[row] for row in blank], [None] * len(seeds))
    chunk, sets = steps.chunk(settings, seeds), steps.training_sets(settings, seeds)
    last, done, began = settings.training.steps, progress.step, (progress.step, time.monotonic())
    while done < last and None in progress.diverged:
        count = min(settings.training.every, last - done)
        now, losses = chunk(now, sets, done, count)
        done += count
        rows = [_row(done, *pair, row) for *pair, row in zip(*losses, measure(now.weights), strict=True)]
        progress.add(rows)
        if _is_due(settings.training.snapshots, last, done - count, done):
            snapshots[done] = jax.tree.map(np.asarray, now.weights)
        if unfinished is not None and None in progress.diverged:
            _suspend(unfinished, now, progress, snapshots, about)
        report(rows[0], last - done, (done - began[0]) / (time.monotonic() - began[1]))
    return [_run(index, now, progress, snapshots) for index in range(len(seeds))]


def _measurer(settings: Settings, seeds: Sequence[int]) -> Callable[[Weights], list[Row]]:
    """Weights -> the measures of each seed."""
    tasks, measure = steps.history_sets(settings, seeds), jax.jit(partial(steps.measured, settings))

    def rows(weights: Weights) -> list[Row]:
        found = {name: np.asarray(values) for name, values in measure(weights, tasks).items()}
        return [{name: float(values[i]) for name, values in found.items()} for i in range(len(seeds))]

    return rows


def _row(number: int, mean: float, largest: float, measures: Row) -> Row:
    return {"step": number, "training_loss": float(mean), "largest_loss": float(largest), **measures}


def _is_due(count: int, steps: int, before: int, now: int) -> bool:
    """Does one of ``count`` equally spaced snapshots of a run fall in (before, now]?"""
    return now * count // steps > before * count // steps


def _run(index: int, last: State, progress: Progress, snapshots: dict[int, Weights]) -> Run:
    """What became of one seed."""

    def of_seed(weights: Weights) -> Weights:
        return jax.tree.map(lambda x: x[index], weights)

    kept = {number: of_seed(weights) for number, weights in snapshots.items()}
    return Run(of_seed(last.weights), progress.histories[index], kept, progress.diverged[index])


def _suspend(path: Path, state: State, progress: Progress, snapshots: dict, about: dict) -> None:
    """Keep the state, to go on with if the process ends."""
    leaves = {f"leaf{index}": leaf for index, leaf in enumerate(jax.tree.leaves(state))}
    kept = {f"{step}:{name}": array for step, weights in snapshots.items() for name, array in weights.items()}
    checkpoint.save(path, leaves | kept, progress=progress, about=about)


def _resume(path: Path, blank: State, about: dict) -> tuple[State, Progress, dict]:
    """What `_suspend` kept; ``blank`` is a state of the same structure, ``about`` what was asked for.

    Raises:
        IcgdError: it belongs to a run with other settings.
    """
    arrays, record = checkpoint.load(path)
    if not checkpoint.is_of(record.get("about"), about):
        raise IcgdError(f"{path} is an unfinished run with other settings; delete it to start over.")
    snapshots: dict[int, Weights] = {}
    for label in [label for label in arrays if ":" in label]:
        step, _, name = label.partition(":")
        snapshots.setdefault(int(step), {})[name] = arrays.pop(label)
    leaves = [jnp.asarray(arrays[f"leaf{index}"]) for index in range(len(arrays))]
    return jax.tree.unflatten(jax.tree.structure(blank), leaves), Progress(*record["progress"]), snapshots
