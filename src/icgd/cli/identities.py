"""`icgd identities`: errors.csv, the exact statements in float64."""

import argparse

import jax

from icgd import paths
from icgd.cli.common import scale_arguments
from icgd.config import load
from icgd.files import write_table
from icgd.identities import algebra, constructions, copying, gd_plus_plus, kernels, rewriting
from icgd.identities.table import COLUMNS, Errors
from icgd.provenance import Recorder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Only where to write."""
    scale_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Run every check; a smoke run takes fewer sizes and cases, all others the same."""
    scale = parsed.scale or load(parsed.config).scale
    recorder = Recorder("identities", {})
    jax.config.update("jax_enable_x64", True)
    rows = Errors(few=scale == "smoke")
    for statements in (constructions, gd_plus_plus, kernels, copying, rewriting, algebra):
        statements.run(rows)
    output = paths.RESULTS / scale / "identities" / "errors.csv"
    write_table(output, COLUMNS, rows)
    recorder.write([output])
