"""What the analyses of trained networks share: read, measure, write, record; a job an experiment."""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from icgd import paths
from icgd.analysis.measuring import COLUMNS, Measures
from icgd.analysis.networks import Diverged, Trained, load
from icgd.cli.common import experiment_settings
from icgd.config import AnalysisSettings, plain
from icgd.files import read_table, write_table
from icgd.progress import say
from icgd.provenance import Recorder
from icgd.tasks.linear import half_mean_square

# (network, rows to fill) -> rows of the curves
Analysis = Callable[[Trained, Measures], list[dict]]
TAIL = 500  # last steps of training whose loss says whether a seed has left its plateau


def analyse(
    parsed: argparse.Namespace, step: str, analysis: Analysis, columns: tuple, inputs: Iterable[Path] = ()
) -> None:
    """Write the measures and the curves of all seeds; of a diverged one, only that it diverged.

    ``inputs`` are files that the analysis reads besides weights and histories.
    """
    scale, settings = experiment_settings(parsed, AnalysisSettings)
    recorder = Recorder(step, plain(settings))
    rows, curves, inputs = [], [], [*inputs]
    for seed in range(settings.seeds):
        files = (function(scale, parsed.experiment, seed) for function in (paths.weights, paths.history))
        weights, history = files
        found, drawn = of_seed(weights, read_table(history), settings, seed, analysis)
        rows += [{"seed": seed, **row} for row in found]
        curves += [{"seed": seed, **row} for row in drawn]
        inputs += [weights, history]
        say(f"{step} {parsed.experiment}: seed {seed} done, {settings.seeds - seed - 1} left")
    outputs = [paths.table(scale, parsed.experiment, name) for name in paths.ANALYSES[step]]
    write_table(outputs[0], ("seed", *COLUMNS), rows)
    write_table(outputs[1], ("seed", *columns), curves)
    recorder.write(outputs, inputs)


def of_seed(
    weights: paths.Path, history: list[dict], settings: AnalysisSettings, seed: int, analysis: Analysis
) -> tuple[Measures, list[dict]]:
    """Measures and curves of one seed."""
    rows = Measures()
    try:
        trained = load(weights, settings, seed)
    except Diverged as diverged:
        rows.put("diverged_at", diverged.step)
        return rows, []
    convergence(rows, history, trained)
    return rows, analysis(trained, rows)


def convergence(rows: Measures, history: list[dict[str, str]], trained: Trained) -> None:
    """Has the training loss over the last steps left the plateau, which is near the zero predictor's?"""
    last = float(history[-1]["step"])
    tail = [float(row["training_loss"]) for row in history[1:] if float(row["step"]) > last - TAIL]
    tasks = trained.fresh("evaluation data", trained.settings.evaluation.tasks)
    zero = float(half_mean_square(0.0, tasks.target))
    rows.put("final_training_loss", np.mean(tail))
    rows.put("converged", np.mean(tail) < trained.settings.evaluation.converged_below * zero)
