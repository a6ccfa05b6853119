"""Are recorded settings those of config.yaml and the registry today? One added since has its default."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from icgd import config, plan, statements
from icgd.audit.programs import name_of
from icgd.claims import registry
from icgd.config import Config, Settings, checked
from icgd.errors import IcgdError
from icgd.references import tuned

Pair = tuple[object, object]  # recorded, today's
current = cache(config.load)


def same(record: dict, path: Path, scale: str) -> bool:
    """Do the settings of a record agree with today's?"""
    compare = STEPS.get(record["step"])
    try:
        recorded, now = compare(record["settings"], path, current(), scale) if compare else (0, 0)
    except (IcgdError, KeyError, TypeError, ValueError):
        return False  # they name what is no longer there
    return recorded == now


def _train(recorded: dict, path: Path, today: Config, scale: str) -> Pair:
    found = checked(Settings, recorded, str(path)).of_training
    return found, today.settings(name_of(path), scale).of_training


def _released(recorded: dict, path: Path, today: Config, scale: str) -> Pair:
    _, layers, sharing = name_of(path).split()
    return recorded, tuned.released(today, scale, int(layers), sharing).model_dump(mode="json")


def _measure(recorded: dict, path: Path, today: Config, scale: str) -> Pair:
    name = name_of(path)
    used = {one: checked(Settings, found, str(path)) for one, found in recorded["settings"].items()}
    now = {one: today.settings(one, scale) for one in (name, *plan.others(name))}
    return (used, recorded["asked"]), (now, plan.digest(name))


def _statement(recorded: dict, path: Path, today: Config, scale: str) -> Pair:
    return recorded, {**recorded, **statements.settings(today, scale)}


def _decide(recorded: dict, path: Path, today: Config, scale: str) -> Pair:
    one = {path.name.split(".")[0]} & set(registry.claims())  # decided alone
    entries = {id_: claim.entry_hash for id_, claim in registry.claims().items() if claim.decided}
    return recorded["entries"], {id_: found for id_, found in entries.items() if not one or id_ in one}


STEPS: dict[str, Callable[[dict, Path, Config, str], Pair]] = {
    "train": _train,
    "released": _released,
    "measure": _measure,
    "statement": _statement,
    "decide": _decide,
}
