"""What a run knows between two chunks, and how it is kept on disk until the run has ended."""

from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from icgd.errors import IcgdError
from icgd.training import checkpoint
from icgd.training.problem import Weights


class State(NamedTuple):
    """What a step changes."""

    weights: Weights
    optimiser: optax.OptState


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


def suspend(path: Path, state: State, progress: Progress, snapshots: dict[int, Weights], about: dict) -> None:
    """Keep the state, to go on with if the process ends."""
    leaves = {f"leaf{index}": leaf for index, leaf in enumerate(jax.tree.leaves(state))}
    kept = {f"{step}:{name}": array for step, weights in snapshots.items() for name, array in weights.items()}
    checkpoint.save(path, leaves | kept, progress=progress, about=about)


def resume(path: Path, blank: State, about: dict) -> tuple[State, Progress, dict[int, Weights]]:
    """What `suspend` kept; ``blank`` is a state of the same structure, ``about`` what was asked for.

    Raises:
        IcgdError: it belongs to a run with other settings.
    """
    arrays, record = checkpoint.load(path)
    if record.get("about") != about:
        raise IcgdError(f"{path} is an unfinished run with other settings; delete it to start over.")
    snapshots: dict[int, Weights] = {}
    for label in [label for label in arrays if ":" in label]:
        step, _, name = label.partition(":")
        snapshots.setdefault(int(step), {})[name] = arrays.pop(label)
    leaves = [jnp.asarray(arrays[f"leaf{index}"]) for index in range(len(arrays))]
    return jax.tree.unflatten(jax.tree.structure(blank), leaves), Progress(*record["progress"]), snapshots
