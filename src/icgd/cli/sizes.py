"""`icgd sizes`: results/{scale}/given/sizes.csv, a second record of what training made."""

import argparse

from icgd import paths
from icgd.analysis import sizes
from icgd.cli.common import scale_arguments
from icgd.config import load
from icgd.errors import IcgdError
from icgd.files import write_table
from icgd.provenance import Recorder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which scale."""
    scale_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Write the table of all that is given, and its record."""
    scale = parsed.scale or load(parsed.config).scale
    recorder = Recorder("sizes", {"scale": scale})
    given, output = paths.given(scale), paths.sizes(scale)
    if not given:
        raise IcgdError(
            f"there are no weights in results/{scale}; `make reproduce` or `make full` trains them."
        )
    write_table(output, sizes.COLUMNS, (row for path in given for row in sizes.rows(path)))
    recorder.write([output], given)
