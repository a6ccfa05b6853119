"""What training computes, as a hash of its StableHLO: of its meaning, not its spelling.

A rename, a move, a new branch for others leave it as it is; another rate, stream, label or mean does not.
"""

import hashlib
import re
from collections.abc import Iterable
from functools import partial

import jax

from icgd.config import Settings
from icgd.references import released
from icgd.references.tuned import ReleasedSettings
from icgd.training import steps

SEEDS = (0,)  # keys stand in the program as numbers, so it is that of a seed
SYMBOL = re.compile(r"@[A-Za-z0-9_.$\-]+")


def programs(settings: Settings) -> dict[str, str]:
    """{"training": of the initial state and one chunk, "history": of the columns of the history}.

    Of an experiment with axes: of the programs of all its points.
    """
    if settings.points:
        found = [programs(settings.at(point)) for point in settings.points]
        return {part: digest(one[part] for one in found) for part in found[0]}
    keys = steps.keys(settings, SEEDS, "initialisation")
    start = jax.jit(partial(steps.start, settings))
    state = jax.eval_shape(start, keys)
    sets = jax.eval_shape(partial(steps.training_sets, settings, SEEDS))
    chunk = steps.chunk(settings, SEEDS).lower(state, sets, 0, settings.training.every)
    history = jax.jit(lambda weights: steps.measured(settings, weights, steps.history_sets(settings, SEEDS)))
    return {
        "training": digest(map(canonical, (start.lower(keys), chunk))),
        "history": digest([canonical(history.lower(state.weights))]),
    }


def canonical(lowered: jax.stages.Lowered) -> str:
    """StableHLO without locations and the module's name, symbols numbered in order of appearance."""
    text = re.sub(r"module @\S+", "module @m", lowered.as_text())
    names: dict[str, str] = {}
    return SYMBOL.sub(
        lambda found: names.setdefault(found[0], f"@f{len(names)}"), re.sub(r"\s*loc\(.*?\)", "", text)
    )


def digest(texts: Iterable[str]) -> str:
    """Hash of several texts."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def of_released(settings: ReleasedSettings) -> dict[str, str]:
    """The same of GD++ as the released code trains it, which has no history."""
    chunk, arguments = released.program(settings, rate=1.0)
    return {"training": digest([canonical(chunk.lower(*arguments))])}
