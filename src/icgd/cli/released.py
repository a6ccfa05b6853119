"""`icgd released --layers K --sharing S`: released-K-S.csv, GD++ as the released code trains it."""

import argparse

from icgd import paths, tuning
from icgd.cli.common import scale_arguments, scale_settings
from icgd.config import plain
from icgd.files import write_table
from icgd.provenance import Recorder
from icgd.references import recipes, released
from icgd.references.recipes import Key
from icgd.tuning import ReleasedSettings


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which of them."""
    parser.add_argument("--layers", type=int, required=True, help="number K of layers")
    parser.add_argument("--sharing", choices=("shared", "separate"), required=True, help="of parameters")
    scale_arguments(parser, settings=True)


def run(parsed: argparse.Namespace) -> None:
    """Line search, then training; a published network is compared with one such run, so seed 0."""
    layers, sharing = parsed.layers, parsed.sharing
    scale, settings = scale_settings(
        parsed, ReleasedSettings, lambda config, scale: tuning.released(config, scale, layers, sharing)
    )
    recorder = Recorder("released", plain(settings), seed=0)
    rate = released.line_search(settings)
    found, losses = released.train(settings, rate, seed=0)
    rows, key = recipes.Rows(), Key("gd_plus_plus", layers, sharing, "released")
    rows.put(key, "step", found.steps)
    rows.put(key, "gamma", found.gammas)
    rows.put(key, "start_rate", rate)
    rows.put(key, "training_loss", losses)
    output = paths.released(scale, layers, sharing)
    write_table(output, recipes.COLUMNS, rows)
    recorder.write([output])
