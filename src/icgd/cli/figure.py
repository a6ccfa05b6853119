"""`icgd figure NAME`: draw one figure as figures/SCALE/NAME.png, .svg, and its data as .csv."""

import argparse
import importlib

from icgd import paths
from icgd.cli.common import scale_arguments
from icgd.config import FIGURES, load
from icgd.figures import style
from icgd.figures.inputs import FIGURE_INPUTS
from icgd.provenance import Recorder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which figure, at which scale."""
    parser.add_argument("figure", choices=FIGURES, help="name of the figure")
    scale_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Draw, write, record."""
    config = load(parsed.config)
    name, scale = parsed.figure, parsed.scale or config.scale
    recorder = Recorder("figure", {"figure": name, "scale": scale})
    module = importlib.import_module(f"icgd.figures.{name}")  # its code alone counts (icgd.codehash)
    drawn, frame = module.draw(scale, config)
    outputs = style.save(drawn, frame, paths.FIGURES / scale / name)
    recorder.write(outputs, FIGURE_INPUTS[name](scale, config))
