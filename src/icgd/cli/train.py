"""`icgd train EXPERIMENT --seed S`: weights.npz and history.csv of one seed, or of several at once."""

import argparse

from icgd import paths
from icgd.cli.common import experiment_arguments, experiment_settings
from icgd.config import TrainSettings, plain
from icgd.errors import IcgdError
from icgd.files import write_table
from icgd.progress import TrainingLine, say
from icgd.provenance import Recorder
from icgd.training import checkpoint, loop


def arguments(parser: argparse.ArgumentParser) -> None:
    """What to train."""
    experiment_arguments(parser)
    parser.add_argument("--seed", type=int, required=True, help="training seed")
    parser.add_argument(
        "--count",
        type=int,
        default=1,
        help="train this many seeds side by side, from --seed on: for a GPU (default: %(default)s)",
    )


def run(parsed: argparse.Namespace) -> None:
    """Train, or go on with what an interrupted run left; a diverged run is recorded as such."""
    scale, settings = experiment_settings(parsed, TrainSettings)
    for name, value, least in (("--seed", parsed.seed, 0), ("--count", parsed.count, 1)):
        if value < least:
            raise IcgdError(f"{name} must be {least} or more, not {value}.")
    name, seeds = parsed.experiment, range(parsed.seed, parsed.seed + parsed.count)
    recorders = [Recorder("train", plain(settings), seed, len(seeds)) for seed in seeds]
    unfinished = paths.unfinished(scale, name, parsed.seed)
    for seed, recorder, finished in zip(
        seeds,
        recorders,
        loop.train(settings, seeds, unfinished, TrainingLine(name, seeds)),
        strict=True,
    ):
        if finished.diverged_at is not None:
            say(
                f"{name} seed {seed} diverged: its loss is not finite at step {finished.diverged_at}; "
                "recorded so. A lower learning_rate or clip_norm may help."
            )
        outputs = paths.weights(scale, name, seed), paths.history(scale, name, seed)
        checkpoint.save(outputs[0], finished.arrays(), diverged_at=finished.diverged_at)
        write_table(outputs[1], finished.history[0], finished.history)
        recorder.write(outputs)
    unfinished.unlink(missing_ok=True)
