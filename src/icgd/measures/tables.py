"""The tables of an experiment, measures.csv and curves.csv: what is asked of its networks and no more."""

import gc
from collections.abc import Iterator, Mapping
from pathlib import Path

from icgd import paths
from icgd.config import Settings
from icgd.files import write_table
from icgd.measures import points
from icgd.measures.grid import Row, answers, status
from icgd.measures.network import Diverged, Loader
from icgd.measures.request import COLUMNS, Request
from icgd.progress import say

CURVE_COLUMNS = ("unit", *Request._fields, "x", "value")


def write(
    experiment: str, settings: Mapping[str, Settings], scale: str, requests: list[Request]
) -> list[Path]:
    """Write both tables; ``settings`` are those of the experiment and of all that it is compared with."""
    rows, lines = [], []
    for found, drawn in answered(experiment, settings, scale, requests):
        rows += found
        lines += drawn
    outputs = [paths.table(scale, experiment, name) for name in ("measures", "curves")]
    write_table(outputs[0], COLUMNS, rows)
    write_table(outputs[1], CURVE_COLUMNS, lines)
    return outputs


def answered(
    experiment: str, settings: Mapping[str, Settings], scale: str, requests: list[Request]
) -> Iterator[tuple[list[Row], list[Row]]]:
    """Rows of measures and of curves, network by network."""
    by_seed = points.measured if settings[experiment].points else measured
    return by_seed(experiment, Loader(scale, settings), requests)


def measured(
    experiment: str, loader: Loader, requests: list[Request]
) -> Iterator[tuple[list[Row], list[Row]]]:
    """Rows and curves of each seed of an experiment; of a diverged one, only that it diverged."""
    settings = loader.settings[experiment]
    for seed in range(settings.seeds):
        try:
            one = loader.load(experiment, seed)
        except Diverged as diverged:
            yield status({"diverged_at": diverged.step}, f"seed {seed}"), []
            continue
        rows, lines = answers(one, requests)
        yield status(one.status(), f"seed {seed}") + rows, lines
        say(f"measure {experiment}: seed {seed} done, {settings.seeds - seed - 1} left")
        gc.collect()
