"""What the three analyses of a trained network share: read, measure, write, record."""

import argparse
from collections.abc import Callable
from pathlib import Path

from icgd import paths
from icgd.analysis.measuring import COLUMNS, Measures
from icgd.analysis.networks import Diverged, Trained, load
from icgd.cli.common import seed_settings
from icgd.config import AnalysisSettings, plain
from icgd.files import write_table
from icgd.provenance import Recorder

# (network, its folder, rows to fill) -> rows of the curves
Analysis = Callable[[Trained, Path, Measures], list[dict]]


def analyse(
    parsed: argparse.Namespace, step: str, analysis: Analysis, names: tuple[str, str], columns: tuple
) -> None:
    """Write the measures and the curves of one network; of a diverged one, only that it diverged."""
    scale, settings = seed_settings(parsed, AnalysisSettings)
    recorder = Recorder(step, plain(settings), parsed.seed)
    source = paths.weights(scale, parsed.experiment, parsed.seed)
    rows, curves = Measures(), []
    try:
        trained = load(source, settings, parsed.seed)
    except Diverged as diverged:
        rows.put("diverged_at", diverged.step)
    else:
        curves = analysis(trained, source.parent, rows)
    outputs = source.with_name(names[0]), source.with_name(names[1])
    write_table(outputs[0], COLUMNS, rows)
    write_table(outputs[1], columns, curves)
    recorder.write(outputs, (source, source.with_name("history.csv")))
