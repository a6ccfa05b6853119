"""From a rule's evidence to numbers: which files, which rows, which units, which left out and why."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from icgd import paths
from icgd.config import Config
from icgd.errors import IcgdError
from icgd.files import read_table

STATUS = ("converged", "final_training_loss", "diverged_at")
SINGLE = ("identities", "contrasts", "references", "panels", "spectra")  # one table for all units


@dataclass(frozen=True)
class Units:
    """Values by unit, and units left out with the reason."""

    values: dict[str, float]
    excluded: dict[str, str] = field(default_factory=dict)


def files(part: dict, config: Config, scale: str) -> list[Path]:
    """All files that a rule's verdict depends on."""
    experiment, table = part["evidence"]["experiment"], part["evidence"]["table"]
    if experiment == "published":
        return [Path("published") / f"{table}.csv"]
    if experiment in SINGLE:
        return [paths.RESULTS / scale / experiment / f"{table}.csv"]
    both = [experiment, *filter(None, [part["evidence"].get("over")])]
    return [paths.table(scale, name, table) for name in both]


@cache
def _rows(path: Path) -> dict[tuple[str, str], list[dict[str, str]]]:
    """Rows of a table by measure and plant."""
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in read_table(path, ("measure", "plant", "value")):
        found.setdefault((row["measure"], row["plant"]), []).append(row)
    return found


def units(part: dict, config: Config, scale: str, plant: str = "none", **overrides: str) -> Units:
    """Values of a rule's measure for the real thing (plant "none") or a planted one."""
    evidence = part["evidence"]
    wanted = {"measure": evidence["measure"], "plant": plant, **evidence.get("filter", {}), **overrides}
    if part["per"] == "none":
        path = files(part, config, scale)[0]
        rows = _matching(path, wanted)
        return Units(
            {f"{row.get('case', index)} #{index}": float(row["value"]) for index, row in enumerate(rows)}
        )
    if part["per"] == "set":
        path = files(part, config, scale)[0]
        return Units({row["unit"]: float(row["value"]) for row in _matching(path, wanted)})
    found = _seed_units(part, config, scale, wanted, evidence["experiment"])
    if "over" not in evidence:
        return found
    return _over(found, _seed_units(part, config, scale, {**wanted, "plant": "none"}, evidence["over"]))


def _over(ours: Units, theirs: Units) -> Units:
    """Ratio to the trained networks of another experiment, seed by seed: seeds share their tasks."""
    both = {unit: value / theirs.values[unit] for unit, value in ours.values.items() if unit in theirs.values}
    excluded = {unit: f"other experiment: {why}" for unit, why in theirs.excluded.items()}
    return Units(both, excluded | ours.excluded)


def _seed_units(part: dict, config: Config, scale: str, wanted: dict, experiment: str) -> Units:
    """One value a training seed; seeds that have not converged are left out, and named."""
    path = paths.table(scale, experiment, part["evidence"]["table"])
    values, excluded = {}, {}
    for seed in range(config.experiment(experiment, scale).seeds):
        unit, status = f"seed {seed}", _status(path, str(seed))
        if "diverged_at" in status:
            excluded[unit] = f"diverged at step {status['diverged_at']:.0f}"
        elif part["units"] == "converged" and not status["converged"]:
            excluded[unit] = (
                f"not converged: training loss {status['final_training_loss']:.4f} over the last 500 steps"
            )
        elif part["units"] not in ("all", "converged") and not _flag(path, part["units"], str(seed)):
            excluded[unit] = f"{part['units'].replace('_', ' ')}: no"
        else:
            values[unit] = float(_matching(path, {**wanted, "seed": str(seed)})[0]["value"])
    return Units(values, excluded)


def _status(path: Path, seed: str) -> dict[str, float]:
    """Has a seed converged, and at which loss, or when did it diverge?"""
    rows = [row for measure in STATUS for row in _rows(path).get((measure, "none"), [])]
    return {row["measure"]: float(row["value"]) for row in rows if row["seed"] == seed}


def _flag(path: Path, measure: str, seed: str) -> float:
    """A measure of the trained network that says whether a seed counts."""
    return float(_matching(path, {"measure": measure, "plant": "none", "seed": seed})[0]["value"])


def _matching(path: Path, wanted: dict) -> list[dict[str, str]]:
    rows = _rows(path).get((wanted["measure"], wanted["plant"]), [])
    found = [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]
    if not found:
        asked = ", ".join(f"{key} {value!r}" for key, value in wanted.items())
        raise IcgdError(f"{path} has no row with {asked}; rebuild it, or mend the claim's evidence.")
    return found
