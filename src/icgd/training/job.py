"""One training job: the seeds of an experiment, or all points of one seed, and what is written of them."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from icgd import paths, record
from icgd.config import Settings
from icgd.errors import IcgdError
from icgd.files import write_table
from icgd.measures import courses
from icgd.models import causal
from icgd.models.transformer import Weights
from icgd.progress import TrainingLine, say
from icgd.record import Recorder
from icgd.training import checkpoint, loop, points, program
from icgd.training.points import Point

COURSE_COLUMNS = ("step", "training_loss", "largest_loss")
FIRST_COLUMNS = (*COURSE_COLUMNS, "evaluation_loss")  # of a history; a resumed run has them in another order


def train(name: str, settings: Settings, scale: str, seeds: Sequence[int]) -> None:
    """Train, or go on with what an interrupted run left; a diverged run is recorded as such.

    Raises:
        IcgdError: at full scale, in a tree with uncommitted changes: nobody could find the code again.
    """
    if scale == "full" and record.revision().endswith("+"):
        raise IcgdError("the code has uncommitted changes; commit them: full-scale weights name a revision.")
    if not settings.points:
        _train_seeds(name, settings, scale, seeds)
    for seed in seeds if settings.points else ():
        _train_points(name, settings, scale, seed)


def made_by(settings: Settings, scale: str) -> dict[str, object]:
    """What a record says of the code: at full scale the programs that it compiles to, else its source."""
    if scale == "full":
        return {"program": program.programs(settings)}
    return {"code": record.room(*record.TRAINING)}


def _train_seeds(name: str, settings: Settings, scale: str, seeds: Sequence[int]) -> None:
    code, share = made_by(settings, scale), 1 / len(seeds)
    recorders = [Recorder("train", settings.of_training, seed, code, share) for seed in seeds]
    unfinished = paths.unfinished(scale, name, seeds[0])
    runs = loop.train(settings, seeds, unfinished, TrainingLine(name, seeds), given(settings, scale, seeds))
    for seed, recorder, run in zip(seeds, recorders, runs, strict=True):
        if run.diverged_at is not None:
            say(
                f"{name} seed {seed} diverged: its loss is not finite at step {run.diverged_at}; "
                "recorded so. A lower learning_rate or clip_norm may help."
            )
        outputs = paths.weights(scale, name, seed), paths.history(scale, name, seed)
        checkpoint.save(outputs[0], run.arrays(), diverged_at=run.diverged_at)
        columns = (*FIRST_COLUMNS, *sorted(set(run.history[0]) - set(FIRST_COLUMNS)))
        write_table(outputs[1], columns, run.history)
        recorder.write(outputs, [paths.weights(scale, settings.start, seed)] if settings.start else [])
    unfinished.unlink(missing_ok=True)


def given(settings: Settings, scale: str, seeds: Sequence[int]) -> list[Weights]:
    """The last weights of the networks that the runs of some seeds start from; none where they are drawn."""
    begun = [paths.weights(scale, settings.start, seed) for seed in seeds] if settings.start else []
    return [_given(settings, path) for path in begun]


def _given(settings: Settings, path: Path) -> Weights:
    """The last weights of the network that a run starts from.

    Raises:
        IcgdError: it diverged, or is another network.
    """
    arrays, about = checkpoint.load(path)
    found, blank = checkpoint.parted(arrays)[0], causal.shapes(settings.causal, settings.task.inputs)
    wrong = [name for name in found if blank.get(name) != found[name].shape]
    if about.get("diverged_at") is not None or wrong:
        why = f"has another matrix {wrong[0]!r}" if wrong else "diverged"
        raise IcgdError(f"{path}, which this run starts from, {why}; set start to a network like this one.")
    return found


def _train_points(name: str, settings: Settings, scale: str, seed: int) -> None:
    """Train the points that are not done yet, one after the other; finished ones are kept on the way."""
    recorder = Recorder("train", settings.of_training, seed, made_by(settings, scale))
    unfinished = paths.unfinished_sweep(scale, name, seed)
    about = {"settings": settings.of_training, "seed": seed}
    done = _finished(unfinished, about)
    for index in range(len(done), len(settings.points)):
        say(f"{name} seed {seed}: point {index + 1} of {len(settings.points)}")
        state = unfinished.with_name("point") / "unfinished.npz"
        done.append(_train_point(name, settings, index, seed, state))
        points.save(unfinished, done, about)
    outputs = [paths.sweep(scale, name, seed, kind) for kind in ("npz", "csv")]
    points.save(outputs[0], done, about)
    rows = [
        {"point": index, **dict(sorted(point.items())), **summary(one)}
        for index, (point, one) in enumerate(zip(settings.points, done, strict=True))
    ]
    write_table(outputs[1], rows[0], rows)
    recorder.write(outputs)
    shutil.rmtree(unfinished.parent, ignore_errors=True)  # holds unfinished work only


def _finished(path: Path, about: Mapping) -> list[Point]:
    """Points that an interrupted job has left.

    Raises:
        IcgdError: they belong to other settings.
    """
    if not path.exists():
        return []
    done, theirs = points.load(path)
    if not checkpoint.is_of(theirs, about):
        raise IcgdError(f"{path} is unfinished work with other settings; delete it to start over.")
    return done


def _train_point(name: str, settings: Settings, index: int, seed: int, state: Path) -> Point:
    """One point; a diverged run is kept as such."""
    point = settings.points[index]
    run = loop.train(settings.at(point), [seed], state, TrainingLine(f"{name} point {index + 1}", [seed]))[0]
    state.unlink(missing_ok=True)  # the next point starts afresh
    if run.diverged_at is not None:
        say(f"{name} seed {seed} diverged at {point}, step {run.diverged_at}; recorded so.")
    return points.of_run(run.weights, run.history, run.diverged_at)


def summary(point: Point) -> dict[str, object]:
    """One line about a run: where it ended, the extremes of its course, its spikes."""
    step, loss = point.history["step"], point.history["evaluation_loss"]
    low, high = int(np.argmin(loss)), int(np.argmax(loss))
    named = [name for name in point.history if name not in COURSE_COLUMNS]
    course = courses.Course(step, loss, point.history["training_loss"], point.history["largest_loss"])
    rise, drop = courses.rise_and_drop(course)
    return {
        "diverged_at": "" if point.diverged_at is None else point.diverged_at,
        "final_training_loss": point.final_training_loss,
        **{f"last_{name}": float(point.history[name][-1]) for name in named},
        **{"lowest_loss": float(loss[low]), "lowest_at": float(step[low])},
        **{"highest_loss": float(loss[high]), "highest_at": float(step[high])},
        **{"largest_rise": float(rise.max()), "largest_drop": float(drop.max())},
        "groks": float(courses.groks(course)),
        "spikes": courses.count_spikes(course),
    }
