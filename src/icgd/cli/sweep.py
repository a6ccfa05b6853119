"""`icgd sweep NAME --seed S`: train one seed at every point of a sweep, one after the other."""

import argparse
import json
import shutil

from icgd import paths
from icgd.analysis import points
from icgd.analysis.points import Point
from icgd.cli.common import scale_arguments
from icgd.config import SweepSettings, build, load, plain
from icgd.errors import IcgdError
from icgd.files import write_table
from icgd.progress import TrainingLine, say
from icgd.provenance import Recorder
from icgd.training import loop


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which sweep, which seed."""
    parser.add_argument("sweep", help="name of a sweep in config.yaml")
    parser.add_argument("--seed", type=int, required=True, help="training seed")
    scale_arguments(parser)
    parser.add_argument("--settings", help="the sweep's settings as JSON, as the rules pass them")


def run(parsed: argparse.Namespace) -> None:
    """Train the points that are not done yet; finished ones are kept if the process ends."""
    if parsed.seed < 0:
        raise IcgdError(f"--seed must be 0 or more, not {parsed.seed}.")
    scale, settings = sweep_settings(parsed, SweepSettings)
    recorder = Recorder("sweep", plain(settings), parsed.seed)
    unfinished = paths.unfinished_sweep(scale, parsed.sweep, parsed.seed)
    about = {"settings": plain(settings), "seed": parsed.seed}
    done = finished_points(unfinished, about)
    for index in range(len(done), len(settings.points)):
        say(f"{parsed.sweep} seed {parsed.seed}: point {index + 1} of {len(settings.points)}")
        done.append(train(settings, index, parsed, unfinished.with_name("point") / "unfinished.npz"))
        points.save(unfinished, done, about)
    outputs = [paths.sweep(scale, parsed.sweep, parsed.seed, kind) for kind in ("npz", "csv")]
    points.save(outputs[0], done, about)
    rows = [
        {"point": index, **point, **points.summary(one)}
        for index, (point, one) in enumerate(zip(settings.points, done, strict=True))
    ]
    write_table(outputs[1], rows[0], rows)
    recorder.write(outputs)
    shutil.rmtree(unfinished.parent, ignore_errors=True)  # holds unfinished work only


def sweep_settings(parsed: argparse.Namespace, kind: type) -> tuple[str, SweepSettings]:
    """(scale, settings) from --settings, or from config.yaml without it."""
    if parsed.settings is not None:
        return parsed.scale, build(kind, json.loads(parsed.settings), "--settings")
    config = load(parsed.config)
    scale = parsed.scale or config.scale
    return scale, config.sweep(kind, parsed.sweep, scale)


def finished_points(path: paths.Path, about: dict) -> list[Point]:
    """Points that an interrupted sweep has left.

    Raises:
        IcgdError: they belong to other settings.
    """
    if not path.exists():
        return []
    done, theirs = points.load(path)
    if theirs != about:
        raise IcgdError(f"{path} is an unfinished sweep with other settings; delete it to start over.")
    return done


def train(settings: SweepSettings, index: int, parsed: argparse.Namespace, state: paths.Path) -> Point:
    """One point; a diverged run is kept as such."""
    point = settings.points[index]
    line = TrainingLine(f"{parsed.sweep} point {index + 1}", [parsed.seed])
    run = loop.train(settings.at(point), [parsed.seed], state, line)[0]
    state.unlink(missing_ok=True)  # the next point starts afresh
    if run.diverged_at is not None:
        say(f"{parsed.sweep} seed {parsed.seed} diverged at {point}, step {run.diverged_at}; recorded so.")
    return points.of_run(run.weights, run.history, run.diverged_at)
