"""The runs of an experiment with axes: one network a point and seed, and what they say together."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from icgd import paths
from icgd.files import read_table
from icgd.measures import courses, grid, language
from icgd.measures.courses import Course
from icgd.measures.naming import MEASURES, STAND_INS, measure, stand_in
from icgd.measures.network import Loader, Network
from icgd.measures.request import HISTORY, Request, parsed
from icgd.progress import say
from icgd.training.points import Point, load

GRID = np.arange(0.0, 20_001.0, 100.0)  # steps of courses that stand in
GROKKING = "fig15_grokking"  # published course: its corners (step, test loss)
SMOOTH = ((0, 0.4), (20_000, 0.1))


class Runs(NamedTuple):
    """Courses of several runs: of the seeds at one point, or of one seed without and with the token clip."""

    courses: list[Course]
    steps: float  # of a run that comes to its end
    diverged: list[bool]


@measure
def seeds_that_grok(runs: Runs) -> float:
    """seeds of one setting whose test loss rises late and then falls fast"""
    return float(sum(courses.groks(one) for one in runs.courses))


@measure
def spikes_without(runs: Runs) -> float:
    """spikes of a seed's training without the token clip; a divergence counts as one"""
    return float(_spikes(runs)[0])


@measure
def spikes_with_over_without(runs: Runs) -> float:
    """spikes of a seed's training with the token clip over those without"""
    many, *_, left = _spikes(runs)
    return left / many if many else 1.0


@measure
def diverges_without(runs: Runs) -> float:
    """1 if a seed's training without the token clip breaks off"""
    return float(courses.breaks_off(runs.courses[0], runs.steps))


@measure
def diverges_with(runs: Runs) -> float:
    """1 if a seed's training with the token clip breaks off"""
    return float(courses.breaks_off(runs.courses[-1], runs.steps))


def _spikes(runs: Runs) -> list[int]:
    return [
        courses.count_spikes(one) + broken for one, broken in zip(runs.courses, runs.diverged, strict=True)
    ]


BY_SETTING = ("seeds_that_grok",)  # the other measures here are of a seed


def measured(experiment: str, loader: Loader, requests: list[Request]) -> Iterator[tuple[list, list]]:
    """Rows and curves of every run, then of every setting over its seeds or every seed over its settings."""
    settings = loader.settings[experiment]
    seeds = [load(paths.sweep(loader.scale, experiment, seed))[0] for seed in range(settings.seeds)]
    asked = [request for request in requests if request.measure not in HISTORY]
    of_text = [request for request in asked if MEASURES[request.measure].kind == "language"]
    together = [request for request in asked if MEASURES[request.measure].kind == "points"]
    own = [request for request in requests if request not in (*together, *of_text)]
    for seed, done in enumerate(seeds):
        for index, point in enumerate(done):
            yield of_run(experiment, loader, index, seed, point, own)
        yield language.answers(settings, seed, done, of_text)
        say(f"measure {experiment}: seed {seed} done, {settings.seeds - seed - 1} left")
    by_setting = {f"point {k}": [done[k] for done in seeds] for k in range(len(settings.points))}
    by_seed = {f"seed {k}": done for k, done in enumerate(seeds)}
    rows = []
    for request in together:
        for unit, points in (by_setting if request.measure in BY_SETTING else by_seed).items():
            value = MEASURES[request.measure].function(look(request, points, settings.training.steps))
            rows.append({"unit": unit, **request._asdict(), "value": float(value)})
    yield rows, []


def look(request: Request, points: list[Point], steps: float) -> Runs:
    """The courses of runs, or courses that stand in for them."""
    words = parsed(request.subject)
    if words.name == "network":
        found = [courses.of(point.rows()) for point in points]
        return Runs(found, steps, [point.diverged_at is not None for point in points])
    found = STAND_INS[words.name](words.size)
    found = found if len(found) > 1 else found * len(points)
    return Runs(found, GRID[-1], [False] * len(found))


def of_run(
    experiment: str, loader: Loader, index: int, seed: int, point: Point, requests: list[Request]
) -> tuple[list, list]:
    """How one run ended, its curves, and what is asked of its network."""
    settings = loader.settings[experiment]
    unit, at = f"point {index} seed {seed}", settings.at(settings.points[index])
    ended = {} if point.diverged_at is None else {"diverged_at": float(point.diverged_at)}
    network = Network(at, seed, point.weights, point.rows(), {}, loader.scale, experiment, loader.others)
    asked = [request for request in requests if request.measure not in HISTORY]
    lost = [request for request in asked if ended and parsed(request.subject).name == "network"]
    rows, lines = grid.answers(network, [request for request in asked if request not in lost], unit)
    for request in requests:
        place = {"unit": unit, **request._asdict()}
        if request in lost and request.measure == "agrees":  # weights that are no numbers agree with nothing
            rows.append({**place, "value": 0.0})
        elif request.measure in HISTORY:
            pairs = zip(point.history["step"], point.history[request.measure], strict=True)
            lines += [{**place, "x": float(x), "value": float(y)} for x, y in pairs]
    return grid.status({**ended, "final_training_loss": point.final_training_loss}, unit) + rows, lines


def of_corners(corners: tuple) -> Course:
    """A course of the evaluation loss, straight between corners on a logarithmic scale."""
    step, loss = np.transpose(corners)
    evaluation = np.exp(np.interp(GRID, step, np.log(loss)))
    return Course(GRID, evaluation, evaluation, evaluation)


def with_spikes(count: int, height: float = 5.0) -> Course:
    """A course that falls steadily from 0.4 to 0.1, but for some spikes of the training loss."""
    smooth = of_corners(SMOOTH)
    largest = smooth.largest.copy()
    largest[20 : 20 + 20 * count : 20] *= height
    return smooth._replace(largest=largest)


@stand_in("curve published")
def published(size: tuple[str, ...]) -> list[Course]:
    """the published course of Fig. 15 (right), its corners read by eye"""
    read = [row for row in read_table(paths.NUMBERS) if row["measure"] == GROKKING]
    return [of_corners(tuple((float(row["case"]), float(row["value"])) for row in read))]


@stand_in("curve rise_of_5_percent")
def small_rise(size: tuple[str, ...]) -> list[Course]:
    """the published course with half of its rise"""
    return [of_corners(((0, 0.42), (9000, 0.44), (11_000, 0.44), (13_500, 0.24), (20_000, 0.24)))]


@stand_in("curve drop_in_6000")
def slow_drop(size: tuple[str, ...]) -> list[Course]:
    """the published course with a drop over 6000 steps"""
    return [of_corners(((0, 0.42), (9000, 0.49), (11_000, 0.49), (17_000, 0.24), (20_000, 0.24)))]


@stand_in("curve smooth")
def smooth(size: tuple[str, ...]) -> list[Course]:
    """a loss that falls steadily"""
    return [with_spikes(0)]


@stand_in("curve spikes")
def spiking(size: tuple[str, ...]) -> list[Course]:
    """a loss that falls but for so many spikes; "3 of 4": three with the clip, four without"""
    left, many = float(size[0]), float(size[-1])
    return [with_spikes(int(many)), with_spikes(int(left))]


@stand_in("curve thousandfold_spike")
def coming_back(size: tuple[str, ...]) -> list[Course]:
    """a training that comes back from a spike of a thousandfold"""
    return [with_spikes(1, 1000.0)]


@stand_in("curve line_missing")
def broken_off(size: tuple[str, ...]) -> list[Course]:
    """a training that ends a line too early"""
    return [Course(*(column[:-1] for column in with_spikes(1, 1000.0)))]
