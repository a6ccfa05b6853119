"""`icgd panels`: panels.csv, the published panels against each other and against their recipe."""

import argparse

from icgd import paths
from icgd.analysis.panels import comparisons, copying, plus_plus, rates, sweeps, waves
from icgd.analysis.panels.table import COLUMNS, Rows
from icgd.cli.common import scale_arguments
from icgd.config import load
from icgd.files import write_table
from icgd.provenance import Recorder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Only where to write."""
    scale_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Every reading; the same at every scale."""
    config = load(parsed.config)
    implementation = config.key_implementation
    recorder = Recorder("panels", {"key_implementation": implementation})
    rows = Rows()
    comparisons.run(rows)
    rates.run(rows, implementation)
    sweeps.run(rows)
    plus_plus.run(rows, implementation)
    copying.run(rows, implementation)
    waves.run(rows, implementation)
    output = paths.RESULTS / (parsed.scale or config.scale) / "panels" / "panels.csv"
    write_table(output, COLUMNS, rows)
    recorder.write([output], [paths.CURVES, paths.NUMBERS])
