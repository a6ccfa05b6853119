"""`icgd figure NAME`: draw one figure as figures/SCALE/NAME.png, .svg, and its data as .csv."""

import argparse

from icgd import paths
from icgd.cli.common import scale_arguments
from icgd.config import FIGURES, load
from icgd.figures import (
    fig1,
    fig2,
    fig3,
    fig4,
    fig5,
    fig6a,
    fig6b,
    fig8,
    fig9,
    fig10,
    fig11,
    fig12,
    fig13,
    fig14,
    fig15,
    fig16,
    style,
)
from icgd.figures.inputs import FIGURE_INPUTS
from icgd.provenance import Recorder

DRAW = {
    "fig1": fig1.draw,
    "fig2": fig2.draw,
    "fig6a": fig6a.draw,
    "fig9": fig9.draw,
    "fig10": fig10.draw,
    "fig11": fig11.draw,
    "fig12": fig12.draw,
    "fig14": fig14.draw,
    "fig15": fig15.draw,
    "fig16": fig16.draw,
    "fig3": fig3.draw,
    "fig6b": fig6b.draw,
    "fig13": fig13.draw,
    "fig4": fig4.draw,
    "fig8": fig8.draw,
    "fig5": fig5.draw,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which figure, at which scale."""
    parser.add_argument("figure", choices=FIGURES, help="name of the figure")
    scale_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Draw, write, record."""
    config = load(parsed.config)
    name, scale = parsed.figure, parsed.scale or config.scale
    recorder = Recorder("figure", {"figure": name, "scale": scale})
    drawn, frame = DRAW[name](scale, config)
    outputs = style.save(drawn, frame, paths.FIGURES / scale / name)
    recorder.write(outputs, FIGURE_INPUTS[name](scale, config))
