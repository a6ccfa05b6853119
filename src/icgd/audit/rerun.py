"""A sample of what is committed, trained again: a seed in full if that is cheap, else the first lines."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from icgd import paths, record
from icgd.config import Config, Settings
from icgd.files import number, read_table
from icgd.progress import TrainingLine
from icgd.references import released, tuned
from icgd.training import checkpoint, job, loop, points

LINES = 3  # of a history, where training all of it would take too long
LIMIT = 60.0  # CPU seconds of a seed that is trained again in full
TOLERANCE = 1e-5  # relative, of the first lines, where the last digits differ


class Sample(NamedTuple):
    """What training again has shown."""

    evidence: str  # rerun: in full; start: the first lines
    compared: str
    same: bool  # to the last digit
    difference: float  # largest relative one of the first lines

    @property
    def result(self) -> str:
        """same, agrees or differs."""
        return "same" if self.same else "agrees" if self.difference <= TOLERANCE else "differs"


class _Enough(Exception):
    """The first lines are all that is wanted."""


def sample(name: str, config: Config) -> Sample:
    """Train the first seed of an experiment again, of one with axes its first point, or a recipe."""
    if name.startswith("released "):
        return _released(recipe(name, config))
    settings = config.settings(name, "full")
    if not settings.points:
        path = paths.weights("full", name, 0)
        arrays, history = checkpoint.load(path)[0], read_table(paths.history("full", name, 0))
        return _trained(name, settings, arrays, history, _seconds(path) <= LIMIT)
    path = paths.sweep("full", name, 0)
    point, at = points.load(path)[0][0], settings.at(settings.points[0])
    cheap = _seconds(path) / len(settings.points) <= LIMIT
    return _trained(f"{name} point 1", at, point.weights, point.rows(), cheap)


def recipe(name: str, config: Config) -> tuned.ReleasedSettings:
    """Settings of "released 2 shared"."""
    _, layers, sharing = name.split()
    return tuned.released(config, "full", int(layers), sharing)


def _seconds(path: Path) -> float:
    return record.of(path)["cpu_s"]


def _trained(
    name: str, settings: Settings, arrays: Mapping, history: Sequence[Mapping], whole: bool
) -> Sample:
    rows, line, start = [], TrainingLine(f"again, {name}", [0]), history[1 : 1 + LINES]

    def report(row: dict, left: int, rate: float) -> None:
        rows.append(row)
        line(row, left, rate)
        if not whole and len(rows) == LINES:
            raise _Enough

    try:
        again = loop.train(settings, [0], report=report, given=job.given(settings, "full", [0]))[0]
    except _Enough:
        return Sample("start", f"{LINES} lines of the history of seed 0", False, difference(rows, start))
    found = again.arrays()
    same = _texts(again.history) == _texts(history) and found.keys() == arrays.keys()
    same = same and all(np.array_equal(found[key], arrays[key]) for key in found)
    return Sample("rerun", "weights and history of seed 0", same, difference(rows[:LINES], start))


def _texts(history: Sequence[Mapping]) -> list[dict[str, str]]:
    """A history as its table has it."""
    return [{name: number(float(value)) for name, value in row.items()} for row in history]


def difference(rows: Sequence[Mapping], lines: Sequence[Mapping]) -> float:
    """Largest relative difference of the numbers of some rows; infinite if there are not as many of them."""
    if len(rows) != len(lines):
        return math.inf
    both = zip(rows, lines, strict=True)
    pairs = [(float(row[name]), float(line[name])) for row, line in both for name in row]
    return max((apart(a, b) for a, b in pairs), default=math.inf)


def apart(a: float, b: float) -> float:
    """Relative difference of two numbers; infinite if only one of them is finite."""
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    found = abs(a - b) / max(abs(a), abs(b), 1e-30)
    return found if math.isfinite(found) else math.inf


def _released(settings: tuned.ReleasedSettings) -> Sample:
    """The line search and the first chunks of training by the released recipe."""
    table = read_table(paths.released("full", settings.layers, settings.sharing))
    was = [row for row in table if row["parameter"] in ("start_rate", "training_loss")]
    rate = released.line_search(settings)
    losses = released.train(settings.model_copy(update={"steps": LINES * released.CHUNK}), rate)[1]
    now = [{"value": value} for value in (rate, *losses)]
    was = was[: 1 + LINES]
    return Sample("start", f"the rate that it starts from and {LINES} losses", False, difference(now, was))
