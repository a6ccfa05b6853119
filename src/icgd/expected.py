"""How long a job is likely to take: what the same job took at full scale, by its record, less what is cut.

Light: no package but those that planning needs.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from statistics import median

from icgd import paths, statements
from icgd.config import Config, Settings
from icgd.files import read_json
from icgd.references import tuned

START, LIGHT = 3.0, 1.5  # CPU seconds before a job computes: with JAX, without it
CHECKOUT = Path(__file__).resolve().parents[2]
UNKNOWN = 60.0  # of what has no record yet
BATCH = 700  # tasks of a step that take as long as everything else in it


def seconds(rule: str, of: Mapping[str, str], config: Config, scale: str) -> float:
    """Expected CPU seconds of a job with these wildcards."""
    if rule.startswith("train_"):
        return START + _training(rule.removeprefix("train_"), config, scale)
    if rule == "measure":
        name = of["experiment"]
        full, own = (config.settings(name, one) for one in ("full", scale))
        share = own.seeds * own.evaluation.tasks / (full.seeds * full.evaluation.tasks)
        return START + share * _took(paths.table("full", name, "measures"))
    if rule == "released":
        recipe = int(of["layers"]), of["sharing"]
        full, own = (tuned.released(config, one, *recipe).steps for one in ("full", scale))
        return START + _took(paths.released("full", *recipe)) * own / full
    if rule in statements.OUTPUTS:
        return START + _took(paths.RESULTS / "full" / statements.OUTPUTS[rule][0])
    if rule == "figure":
        return LIGHT + _took(paths.figure("full", of["figure"]))
    return LIGHT


def _training(name: str, config: Config, scale: str) -> float:
    """Of the median seed, by steps and batch."""
    full, own = (config.settings(name, one) for one in ("full", scale))
    of_seeds = (paths.trained("full", name, seed, full.points)[0] for seed in range(full.seeds))
    took = median(map(_took, of_seeds))
    return took * _work(own) / _work(full)


def _work(settings: Settings) -> float:
    trained = [settings.at(point).training for point in settings.points] or [settings.training]
    return sum(one.steps * (BATCH + one.batch) for one in trained)


@cache
def _took(path: Path) -> float:
    """CPU seconds by the committed record; `make check` works in a folder that has none of its own yet."""
    for folder in (Path(), CHECKOUT):
        if (record := folder / paths.provenance(path)).exists():
            return read_json(record)["cpu_s"]
    return UNKNOWN
