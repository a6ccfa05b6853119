"""The tables that figures read, each once, as plain numbers; light, since planning asks for their files."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from icgd import paths
from icgd.config import Config
from icgd.errors import IcgdError
from icgd.files import read_table
from icgd.measures.request import Request

Point = tuple[str, float, float]  # unit (a seed's number, or "point 0 seed 1"), x, y
STATES = {1.0: "converged", 0.0: "unconverged"}


def files(kind: str, of: str, config: Config, scale: str) -> list[Path]:
    """Files of a kind; those of an experiment, or of each of its seeds, are of the one named."""
    if kind in ("history", "weights"):
        place = getattr(paths, kind)
        return [place(scale, of, seed) for seed in config.seeds(of, scale)]
    single = {
        "numbers": paths.NUMBERS,
        "optima": paths.references(scale, "optima"),
        "spectra": paths.table(scale, "statements", "spectra-curves"),
        "sequences": paths.table(scale, "statements", "sequences"),
    }
    if kind == "published":
        return [paths.CURVES, paths.CURVES_OF_STATES]
    return [single.get(kind) or paths.table(scale, of, kind)]


def number(text: str) -> float:
    """A cell of a table; an empty one is NaN."""
    return float(text or "nan")


@dataclass(frozen=True, eq=False)
class Tables:
    """What the figures of a scale read; a figure has one."""

    config: Config
    scale: str

    @cache  # noqa: B019
    def read(self, kind: str, of: str = "") -> list[dict[str, str]]:
        """All rows of a kind of file."""
        return [row for path in files(kind, of, self.config, self.scale) for row in read_table(path)]

    @cache  # noqa: B019
    def _answers(self, kind: str, of: str) -> dict[Request, list[Point]]:
        found: dict[Request, list[Point]] = {}
        for row in self.read(kind, of):
            point = row["unit"].removeprefix("seed "), number(row.get("x", "")), number(row["value"])
            found.setdefault(Request.of(row), []).append(point)
        return found

    def measure(self, of: str, request: Request) -> dict[str, float]:
        """What the grid answered, by unit.

        Raises:
            IcgdError: there is a network that did not diverge, and no answer.
        """
        found = self._answers("measures", of)
        if request not in found and set(self.seeds(of).values()) - {"diverged"}:
            path = files("measures", of, self.config, self.scale)[0]
            raise IcgdError(f"{path} has no {' | '.join(filter(None, request))}; build it again.")
        return self.units(of, request)

    def units(self, of: str, request: Request) -> dict[str, float]:
        """The same, of an experiment whose units are its variants."""
        return {unit: value for unit, _, value in self._answers("measures", of).get(request, [])}

    def curve(self, of: str, request: Request) -> list[Point]:
        """What the grid answered, point by point; nothing where a short run kept no states."""
        return self._answers("curves", of).get(request, [])

    @cache  # noqa: B019
    def history(self, of: str) -> dict[str, dict[str, list[float]]]:
        """Columns of the history of every seed."""
        found = {}
        for seed, path in enumerate(files("history", of, self.config, self.scale)):
            rows = read_table(path)
            found[str(seed)] = {name: [number(row[name]) for row in rows] for name in rows[0]}
        return found

    def weights(self, of: str, seed: str) -> dict:
        """Trained matrices of a seed, by name."""
        from icgd.training import checkpoint  # NumPy: not while planning

        return checkpoint.load(paths.weights(self.scale, of, int(seed)))[0]

    def last_step(self, of: str) -> float:
        """At which training ended."""
        return max(step for columns in self.history(of).values() for step in columns["step"])

    @cache  # noqa: B019
    def seeds(self, of: str) -> dict[str, str]:
        """Seed -> converged, unconverged or diverged; converged where points of axes differ in that."""
        unknown = "converged" if self.config.named(of).axes else "diverged"
        found = self._answers("measures", of)
        known = {unit: STATES[value] for unit, _, value in found.get(Request("converged", "network"), [])}
        units = {unit for points in found.values() for unit, _, _ in points if unit.isdigit()}
        return {unit: known.get(unit, unknown) for unit in sorted(units, key=int)}

    def shown(self, of: str) -> list[str]:
        """The converged seeds; all of them when none has converged (a smoke run)."""
        states = self.seeds(of)
        return [unit for unit in states if states[unit] == "converged"] or list(states)

    def median(self, of: str, request: Request) -> str:
        """The seed shown with the median of a measure, the lower one of two."""
        found = self.measure(of, request)
        seeds = sorted((unit for unit in self.shown(of) if unit in found), key=found.get)
        return seeds[(len(seeds) - 1) // 2]

    def published(self, name: str, case: str) -> float:
        """A single published number.

        Raises:
            IcgdError: there is none of that name.
        """
        for row in self.read("numbers"):
            if (row["measure"], row["plant"], row["case"]) == (name, "none", case):
                return number(row["value"])
        raise IcgdError(f"{paths.NUMBERS} has no {name} of {case!r}.")
