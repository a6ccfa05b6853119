"""`icgd spectra`: conditions.csv and curves.csv, eigenvalues and condition numbers of the tasks."""

import argparse

import numpy as np

from icgd import paths, tuning
from icgd.analysis import conditioning
from icgd.analysis.measuring import COLUMNS, Measures
from icgd.cli.common import scale_arguments, scale_settings
from icgd.config import plain
from icgd.files import read_table, write_table
from icgd.provenance import Recorder
from icgd.randomness import stream
from icgd.references import spectra
from icgd.tasks import linear
from icgd.tuning import SpectraSettings

INPUTS, CONTEXTS = 10, (10, 25, 50, 100)
COMPARED = (25, 50, 100)  # at N = 10 the least eigenvalue of many tasks is 0, whatever gamma
NUMBERS = paths.Path("published") / "numbers.csv"
CURVES = ("unit", "panel", "series", "x", "y")
SHOWN = (0.0, 0.05, 0.1)  # gammas of the published histogram
EDGES = np.arange(0, 4.05, 0.05)  # decades


def arguments(parser: argparse.ArgumentParser) -> None:
    """Only where to write."""
    scale_arguments(parser, settings=True)


def run(parsed: argparse.Namespace) -> None:
    """Measures of each set of tasks; the first set also gives the figure its data."""
    scale, settings = scale_settings(parsed, SpectraSettings, tuning.spectra)
    recorder = Recorder("spectra", plain(settings))
    gammas, least, largest = (published(name) for name in ("gamma", "least", "largest"))
    table, curves = [], []
    for unit in range(settings.sets):
        found = {context: eigenvalues(settings, unit, context) for context in CONTEXTS}
        rows = Measures()
        conditioning.condition_measures(rows, found[conditioning.HISTOGRAM], gammas[conditioning.HISTOGRAM])
        for context, values in found.items():
            conditioning.range_measures(rows, values, context, gammas[context])
        extremes = {n: (found[n].min(), found[n].max()) for n in COMPARED}
        conditioning.gamma_measures(rows, "gamma_of_own_extremes", extremes, gammas)
        table += [{"unit": f"set {unit}", **row} for row in rows]
        curves += drawn(unit, found)
    rows = Measures()
    extremes = {n: (least[n], largest[n]) for n in COMPARED}
    conditioning.gamma_measures(rows, "gamma_of_published_extremes", extremes, gammas)
    n = conditioning.HISTOGRAM
    conditioning.explosion_of_extremes(rows, least[n], largest[n], gammas[n])
    table += [{"unit": "published", **row} for row in rows]
    outputs = [paths.spectra(scale, name) for name in ("conditions", "curves")]
    write_table(outputs[0], ("unit", *COLUMNS), table)
    write_table(outputs[1], CURVES, curves)
    recorder.write(outputs, [NUMBERS])


def published(name: str) -> dict[int, float]:
    """Numbers of the text beside Fig. 13, by context length."""
    rows = [row for row in read_table(NUMBERS) if row["measure"] == f"fig13_{name}"]
    return {int(row["case"]): float(row["value"]) for row in rows}


def eigenvalues(settings: SpectraSettings, unit: int, context: int) -> np.ndarray:
    """Eigenvalues (T, d) of one set of tasks."""
    key = stream(unit, f"spectra, N = {context}", settings.key_implementation)
    return spectra.eigenvalues(linear.sample(key, settings.tasks, INPUTS, context))


def drawn(unit: int, found: dict[int, np.ndarray]) -> list[dict]:
    """What the figure shows: extremes of every set; histograms (shares of tasks) of the first."""
    rows = [
        {"unit": unit, "panel": "extremes", "series": name, "x": context, "y": float(value)}
        for context, values in found.items()
        for name, value in (("least", values.min()), ("largest", values.max()))
    ]
    if unit == 0:
        values = found[conditioning.HISTOGRAM]
        middles = 10 ** ((EDGES[1:] + EDGES[:-1]) / 2)
        for gamma in SHOWN:
            numbers = np.log10(conditioning.condition(conditioning.moved(values, gamma)))
            shares = np.histogram(numbers, EDGES)[0] / len(numbers)
            rows += [
                {
                    "unit": unit,
                    "panel": "histogram",
                    "series": f"gamma_{gamma:g}",
                    "x": float(x),
                    "y": float(y),
                }
                for x, y in zip(middles, shares, strict=True)
            ]
    return rows
