"""optima.csv, the best of each family of K-step methods, and families.csv, what follows from them."""

from pathlib import Path

from icgd import paths
from icgd.config import Config
from icgd.files import read_table
from icgd.references import methods, tables, tuned
from icgd.references.optima import Searched
from icgd.statements import families
from icgd.statements.published_figures import readings
from icgd.statements.table import Rows
from icgd.tasks import published

TASKS, STARTS = 100_000, 12  # of each of two draws; searches of each method


def run(config: Config, scale: str) -> tuple[list[dict], Rows]:
    """Search, evaluate on the published tasks, compare; few starts where the scale asks for few seeds."""
    bound = config.scales[scale]
    count, starts = min(TASKS, bound.tasks or TASKS), min(STARTS, bound.seeds or STARTS)
    searched = Searched(count, starts, config.key_implementation)
    trained = [row for path in _released(scale) for row in read_table(path, methods.COLUMNS)]
    found = tables.of_optima(searched, trained)
    compared = families.run(searched, readings.spectrum(min(published.COUNT, count)))
    return [{name: row[name] for name in methods.COLUMNS} for row in found], compared


def _released(scale: str) -> list[Path]:
    return [paths.released(scale, *network) for network in tuned.RELEASED]
