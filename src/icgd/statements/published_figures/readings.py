"""What was published: curves and single numbers by figure, panel and series; the tasks, as GD sees them."""

from functools import cache

from icgd import paths
from icgd.errors import IcgdError
from icgd.files import read_table
from icgd.references import eigenbasis
from icgd.references.eigenbasis import Spectrum
from icgd.tasks import published

Curve = dict[float, float]  # x -> y, in the order of x

tasks = cache(published.tasks)


@cache
def spectrum(count: int = published.COUNT, **width: float) -> Spectrum:
    """The first ``count`` published tasks; ``width``: their ``input_range`` where it is not 1; float64."""
    return eigenbasis.spectrum(tasks(count, **width))


@cache
def _curves() -> dict[tuple[str, ...], Curve]:
    """Every published curve by figure, panel, series, kind and unit."""
    found: dict[tuple[str, ...], Curve] = {}
    for row in read_table(paths.CURVES):
        key = tuple(row[name] for name in ("figure", "panel", "series", "kind", "unit"))
        found.setdefault(key, {})[float(row["x"])] = float(row["y"])
    return found


@cache
def _numbers() -> dict[tuple[str, str], float]:
    rows = [row for row in read_table(paths.NUMBERS) if row["plant"] == "none"]
    return {(row["measure"], row["case"]): float(row["value"]) for row in rows}


def _found(table: dict, *key: str):
    if key not in table:
        raise IcgdError(f"there is no published {' '.join(key)} in {paths.CURVES} or {paths.NUMBERS}.")
    return table[key]


def number(measure: str, case: str) -> float:
    """A single published number."""
    return _found(_numbers(), measure, case)


def numbers(measure: str) -> dict[int, float]:
    """Published numbers by what they belong to, such as a context length."""
    return {int(case): value for (name, case), value in _numbers().items() if name == measure}


def markers(figure: str, panel: str, series: str) -> Curve:
    """The symbols of a sweep."""
    return _found(_curves(), figure, panel, series, "marker", "")


def common_sweeps(one: str, other: str) -> list[tuple[str, str]]:
    """(panel, series) of all symbols that two figures both have."""
    shown = [{key[1:3] for key in _curves() if (key[0], key[3]) == (name, "marker")} for name in (one, other)]
    return sorted(shown[0] & shown[1])


def line(figure: str, panel: str, series: str) -> Curve:
    """The full line: the mean over seeds, or the only line of its series."""
    return _found(_curves(), figure, panel, series, "mean", "")


def seeds(figure: str, panel: str, series: str) -> dict[str, Curve]:
    """The faint lines, one a seed, by its number."""
    wanted = (figure, panel, series, "seed")
    found = {key[4]: curve for key, curve in _curves().items() if key[:4] == wanted}
    return found or _found(found, *wanted)


def last(curve: Curve) -> float:
    """Last value of a curve."""
    return list(curve.values())[-1]


def end(figure: str, series: str, panel: str = "loss") -> float:
    """Last value of a line."""
    return last(line(figure, panel, series))


def start(figure: str, panel: str, series: str) -> float:
    """Value of a line at training step 0."""
    curve = line(figure, panel, series)
    return curve[0.0] if 0.0 in curve else _found({}, figure, panel, series, "at step 0")


def crossing(curve: Curve, level: float) -> float:
    """The x at which a curve first passes ``level``, by linear interpolation."""
    points = list(curve.items())
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        if (y0 - level) * (y1 - level) <= 0 and y0 != y1:
            return x0 + (x1 - x0) * (level - y0) / (y1 - y0)
    raise IcgdError(f"a published curve never passes {level}; see {paths.CURVES}.")
