"""Tables that need no trained network: exact statements, constructed pairs, readings of published figures."""

import importlib
from pathlib import Path

from icgd import paths
from icgd.config import Config
from icgd.errors import IcgdError, nearest
from icgd.files import write_table
from icgd.references import tuned

# name -> the tables that it writes, in the folder of a scale
OUTPUTS = {
    "data": ("data/evaluation.csv",),
    "identities": ("statements/identities.csv",),
    "sequences": ("statements/sequences.csv",),
    "published_figures": ("statements/published_figures.csv",),
    "contrasts": ("statements/contrasts.csv",),
    "spectra": ("statements/spectra.csv", "statements/spectra-curves.csv"),
    "anchors": ("statements/anchors.csv",),
    "optima": ("references/optima.csv", "statements/families.csv"),
}
INPUTS = {  # name -> the files that it reads, with "{scale}" for the name of one
    "published_figures": (paths.CURVES, paths.NUMBERS),
    "spectra": (paths.NUMBERS,),
    "anchors": (paths.NUMBERS,),
    "optima": (*(paths.released("{scale}", *network) for network in tuned.RELEASED), paths.CURVES),
}


def settings(config: Config, scale: str) -> dict[str, object]:
    """What all statements depend on, as plain values: what is recorded with their tables."""
    bounds = config.scales[scale].model_dump(mode="json", exclude={"weights"})
    return {"bounds": bounds, "key_implementation": config.key_implementation}


def write(name: str, config: Config, scale: str) -> tuple[list[Path], list[Path]]:
    """Compute and write what a statement consists of; its outputs, and the files that it read.

    The module of that name has ``run(config, scale)``, which gives the rows of its table, or of each of its
    tables.

    Raises:
        IcgdError: no such statement.
    """
    if name not in OUTPUTS:
        raise IcgdError(f"there is no statement {name!r}; {nearest(name, OUTPUTS)}")
    module = importlib.import_module(f"icgd.statements.{name}")
    outputs, tables = [paths.RESULTS / scale / path for path in OUTPUTS[name]], module.run(config, scale)
    for path, rows in zip(outputs, tables if isinstance(tables, tuple) else (tables,), strict=True):
        write_table(path, rows[0], rows)
    return outputs, [Path(str(path).format(scale=scale)) for path in INPUTS.get(name, ())]
