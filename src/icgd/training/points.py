"""The runs of one seed of an experiment with axes: weights and history of every point, in one file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from icgd.errors import IcgdError
from icgd.training import checkpoint

WEIGHTS, HISTORY = "weights", "history"
TAIL = 500  # last steps of training whose mean loss is the final one


class Point(NamedTuple):
    """One run."""

    weights: Mapping[str, np.ndarray]
    history: Mapping[str, np.ndarray]  # column -> (lines,)
    diverged_at: int | None

    def rows(self) -> list[dict[str, float]]:
        """The history line by line."""
        columns = self.history.values()
        return [dict(zip(self.history, line, strict=True)) for line in zip(*columns, strict=True)]

    @property
    def final_training_loss(self) -> float:
        """Mean training loss over the last 500 steps; that before training if it diverged at once."""
        step, loss = self.history["step"], self.history["training_loss"]
        chosen = loss[(step > step[-1] - TAIL) & np.isfinite(loss)]
        return float(np.mean(chosen)) if len(chosen) else float(self.history["evaluation_loss"][0])


def of_run(weights: Mapping, history: Sequence[Mapping], diverged_at: int | None) -> Point:
    """A finished run of `training.loop`."""
    columns = {name: np.array([row[name] for row in history], np.float64) for name in history[0]}
    return Point({name: np.asarray(array) for name, array in weights.items()}, columns, diverged_at)


def save(path: Path, points: Sequence[Point], about: object) -> None:
    """Write the points, in order, and what they belong to."""
    arrays = {
        f"{index:03d}/{kind}/{name}": array
        for index, point in enumerate(points)
        for kind, held in ((WEIGHTS, point.weights), (HISTORY, point.history))
        for name, array in held.items()
    }
    checkpoint.save(path, arrays, about=about, diverged_at=[point.diverged_at for point in points])


def load(path: Path) -> tuple[list[Point], object]:
    """(points, what they belong to), as `save` wrote them.

    Raises:
        IcgdError: missing, damaged or foreign.
    """
    arrays, record = checkpoint.load(path)
    if "about" not in record or not isinstance(record.get("diverged_at"), list):
        raise IcgdError(f"{path} holds no points of an experiment with axes; delete it and train again.")
    held: list[dict] = [{WEIGHTS: {}, HISTORY: {}} for _ in record["diverged_at"]]
    for label, array in arrays.items():
        index, kind, name = label.split("/", 2)
        held[int(index)][kind][name] = array
    return [
        Point(one[WEIGHTS], one[HISTORY], diverged)
        for one, diverged in zip(held, record["diverged_at"], strict=True)
    ], record["about"]
