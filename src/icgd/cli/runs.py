"""`icgd runs NAME`: runs.csv and runs-curves.csv, the runs of a sweep evaluated from their weights."""

import argparse
import dataclasses
from functools import cache

import numpy as np

from icgd import paths
from icgd.analysis import course, learnt, points
from icgd.analysis.course import Course
from icgd.analysis.learnt import Learnt
from icgd.analysis.measuring import COLUMNS, Measures
from icgd.analysis.points import Point
from icgd.cli.common import scale_arguments
from icgd.cli.sweep import sweep_settings
from icgd.config import Model, RunsSettings, TrainSettings, plain
from icgd.files import read_table, write_table
from icgd.models import transformer
from icgd.progress import say
from icgd.provenance import Recorder
from icgd.randomness import stream
from icgd.references import closed_form
from icgd.tasks import sampling
from icgd.tasks.linear import Tasks, half_mean_square

TOKEN_CLIP = "model.token_clip"  # a sweep over it has two arms, without the clip and with it
TRAINED = ("none", "rate_1.15")  # what is measured of the trained network itself
GRID = np.arange(0.0, 20_001.0, 100.0)  # steps of planted courses
GROKKING = "fig15_grokking"  # published course: its corners (step, test loss)
# Near misses of it
SMALL_RISE = ((0, 0.42), (9000, 0.44), (11_000, 0.44), (13_500, 0.24), (20_000, 0.24))
SLOW_DROP = ((0, 0.42), (9000, 0.49), (11_000, 0.49), (17_000, 0.24), (20_000, 0.24))


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which sweep."""
    parser.add_argument("sweep", help="name of a sweep in config.yaml")
    scale_arguments(parser)
    parser.add_argument("--settings", help="the sweep's settings as JSON, as the rules pass them")


def run(parsed: argparse.Namespace) -> None:
    """Measures by run, by setting over its seeds, and by seed over the settings."""
    scale, settings = sweep_settings(parsed, RunsSettings)
    recorder = Recorder("runs", plain(settings))
    inputs = [paths.sweep(scale, parsed.sweep, seed) for seed in range(settings.seeds)]
    seeds = [points.load(path)[0] for path in inputs]
    table, curves = [], []
    for seed, done in enumerate(seeds):
        for index, point in enumerate(done):
            rows = Measures()
            evaluate(rows, settings, index, seed, point)
            table += [{"unit": f"point {index} seed {seed}", **row} for row in rows]
            curves += drawn(index, seed, point)
        if all(TOKEN_CLIP in point for point in settings.points):
            rows = by_seed(done[0], done[-1], settings.training.steps)
            table += [{"unit": f"seed {seed}", **row} for row in rows]
        say(f"runs {parsed.sweep}: seed {seed} done, {settings.seeds - seed - 1} left")
    for index in range(len(settings.points)):
        rows = by_setting([done[index].course for done in seeds])
        table += [{"unit": f"point {index}", **row} for row in rows]
    outputs = [paths.runs(scale, parsed.sweep, name) for name in ("runs", "runs-curves")]
    write_table(outputs[0], ("unit", *COLUMNS), table)
    write_table(outputs[1], ("point", "seed", "step", "evaluation_loss", "training_loss"), curves)
    recorder.write(outputs, [*inputs, paths.NUMBERS])


def evaluate(rows: Measures, settings: RunsSettings, index: int, seed: int, point: Point) -> None:
    """One run: its course, and the last network on the seed's own fresh tasks."""
    at = settings.at(settings.points[index])
    if point.diverged_at is not None:
        rows.put("diverged_at", point.diverged_at)
    went = point.course
    rows.put("final_training_loss", point.final_training_loss)
    key = stream(seed, "evaluation data", settings.key_implementation)
    tasks = sampling.draw(at.task, key, settings.evaluation.tasks)
    s2 = closed_form.variance(at.task.input_range)
    descent = learnt.by_descent(tasks, closed_form.optimal_rate(at.task.inputs, at.task.context, s2))
    gd_loss, zero = learnt.loss(descent, tasks), float(half_mean_square(0.0, tasks.target))
    found = {**course.extremes(went), **course.rise_and_drop(went), "spikes": spikes(point)}
    found["reached_gd"] = course.first_below(went, course.NEAR_GD * gd_loss)
    found["plateau_steps"] = (course.plateau(went, gd_loss) or (0.0,))[0]
    for measure, value in found.items():
        rows.put(measure, value)
    if point.diverged_at is not None:
        for plant in TRAINED:  # weights that are no numbers have no loss; they match nothing
            rows.put("agrees", False, plant, "fresh", "gd_optimal")
    for plant, one in networks(at, seed, point, tasks).items():
        values = {"loss": learnt.loss(one, tasks), **learnt.agreement(one, descent)}
        values["loss_over_gd"] = values["loss"] / gd_loss
        values["agrees"] = agrees(values)
        rows.put("loss", values["loss"], plant, "fresh")
        rows.put("loss_over_zero", values["loss"] / zero, plant, "fresh")
        for measure in ("loss_over_gd", "model_cos", "model_diff", "preds_diff", "agrees"):
            rows.put(measure, values[measure], plant, "fresh", "gd_optimal")


def networks(at: TrainSettings, seed: int, point: Point, tasks: Tasks) -> dict[str, Learnt]:
    """The trained network unless it diverged, and controls in its place."""
    start = transformer.initialise(
        at.model, at.task.inputs, stream(seed, "initialisation", at.key_implementation)
    )
    model = dataclasses.replace(at.model, init_variance=Model().init_variance)  # compiled once for all
    s2 = closed_form.variance(at.task.input_range)
    descent = learnt.by_descent(tasks, closed_form.optimal_rate(at.task.inputs, at.task.context, s2))
    trained: dict[str, Learnt] = {}
    if point.diverged_at is None:
        own = learnt.by_network(model, transformer.checked(model, at.task.inputs, point.weights), tasks)
        trained = dict(zip(TRAINED, (own, learnt.faster(own, 1.15)), strict=True))
    return {
        **trained,
        "untrained": learnt.by_network(model, start, tasks),
        "hand_set": descent,
        "hand_set_0.1": learnt.faster(descent, 0.1),
        "zero": learnt.faster(descent, 0.0),
    }


def agrees(values: dict[str, float]) -> bool:
    """Does a run pass vo22-17 (loss within 1 %) and vo22-18 (cosine, differences of models, predictions)?"""
    return bool(
        0.99 <= values["loss_over_gd"] <= 1.01
        and values["model_cos"] >= 0.99
        and values["model_diff"] <= 0.21
        and values["preds_diff"] <= 0.048
    )


def by_setting(courses: list[Course]) -> Measures:
    """How many seeds of one setting grok, and would with planted courses."""
    rows = Measures()
    corners = {
        "published_course": published(),
        "rise_of_5_percent": SMALL_RISE,
        "drop_in_6000": SLOW_DROP,
    }
    planted = {name: [of_corners(found)] * len(courses) for name, found in corners.items()}
    for plant, found in {"none": courses, **planted}.items():
        rows.put("seeds_that_grok", sum(course.rise_and_drop(one)["groks"] for one in found), plant)
    return rows


@cache
def published() -> tuple[tuple[float, float], ...]:
    """Corners of the course of Fig. 15 (right), as read by eye."""
    rows = [row for row in read_table(paths.NUMBERS) if row["measure"] == GROKKING]
    return tuple((float(row["case"]), float(row["value"])) for row in rows)


def spikes(point: Point) -> int:
    """Spikes of a run; a divergence counts as one."""
    return course.spikes(point.course) + (point.diverged_at is not None)


def by_seed(without: Point, clipped: Point, steps: int) -> Measures:
    """Spikes of a seed without the token clip, and with it over those; does either run diverge?"""
    rows = Measures()
    planted = {"smooth": (0, 0), "three_spikes": (3, 3), "three_of_four": (4, 3), "one_of_four": (4, 1)}
    counted = {
        plant: [course.spikes(with_spikes(count)) for count in counts] for plant, counts in planted.items()
    }
    for plant, (many, left) in {"none": (spikes(without), spikes(clipped)), **counted}.items():
        rows.put("spikes_without", many, plant)
        rows.put("spikes_with_over_without", left / many if many else 1.0, plant)
    rows.put("diverges_without", course.breaks_off(without.course, steps))
    rows.put("diverges_with", course.breaks_off(clipped.course, steps))
    for plant, went in breaking().items():
        for measure in ("diverges_without", "diverges_with"):
            rows.put(measure, course.breaks_off(went, GRID[-1]), plant)
    return rows


def breaking() -> dict[str, Course]:
    """A course that ends a line too early, and one that comes back from a spike of a thousandfold."""
    spiking = with_spikes(1, 1000.0)
    return {"line_missing": Course(*(column[:-1] for column in spiking)), "thousandfold_spike": spiking}


def of_corners(corners: tuple) -> Course:
    """A course of the evaluation loss, straight between corners on a logarithmic scale."""
    step, loss = np.transpose(corners)
    evaluation = np.exp(np.interp(GRID, step, np.log(loss)))
    return Course(GRID, evaluation, evaluation, evaluation)


def with_spikes(count: int, height: float = 5.0) -> Course:
    """A course that falls steadily from 0.4 to 0.1, but for some spikes of the training loss."""
    smooth = of_corners(((0, 0.4), (20_000, 0.1)))
    largest = smooth.largest.copy()
    largest[20 : 20 + 20 * count : 20] *= height
    return smooth._replace(largest=largest)


def drawn(index: int, seed: int, point: Point) -> list[dict]:
    """The course of one run."""
    went = point.course
    columns = (went.step, went.evaluation, went.training)
    names = ("step", "evaluation_loss", "training_loss")
    return [
        {"point": index, "seed": seed, **dict(zip(names, map(float, line), strict=True))}
        for line in zip(*columns, strict=True)
    ]
