"""The course of training, from its history: plateaus, drops, spikes, late rises of the test loss."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.errors import IcgdError
from icgd.measures.faults import planted
from icgd.measures.fit import Fit, loss
from icgd.measures.naming import fault, measure
from icgd.measures.network import Network
from icgd.measures.request import Request, parsed
from icgd.references import descent
from icgd.tasks.linear import half_mean_square

NEAR_GD = 1.05  # times the loss of GD
CONSTANT = 0.01  # a plateau's loss stays within this, relatively
LEAST_STEPS = 300  # of a plateau
BELOW_START, ABOVE_GD = 0.98, 1.2  # a plateau lies between these times the first loss and that of GD
SPIKE, WINDOW = 2.0, 10  # times the running median of this many lines before
SMOOTHED = 5  # lines, so that a single spike is no rise
RISE, DROP, WITHIN = 1.1, 0.4, 3000  # grokking: times the least loss before; share lost; steps


class Course(NamedTuple):
    """Lines of a history: (n,) each; losses of training belong to the steps since the line before."""

    step: np.ndarray
    evaluation: np.ndarray
    training: np.ndarray  # mean
    largest: np.ndarray


class Followed(NamedTuple):
    """A course with the levels of the loss that it is held against."""

    course: Course
    levels: dict[str, float]
    plateau_factor: float = 1.0  # a control's plateau lies so much higher


def of(rows: Iterable[Mapping]) -> Course:
    """A history's rows as arrays."""
    names = ("step", "evaluation_loss", "training_loss", "largest_loss")
    return Course(*(np.array([float(row[name]) for row in rows]) for name in names))


def look(grid, request: Request) -> Followed:
    """The course of a subject: of training, or one that stands in for it."""
    words, network = parsed(request.subject), grid.network
    known, own = known_levels(grid), of(network.history)
    if words.name in ("zero", "rank_one") or (words.name, words.fault) == ("gd", ""):
        return Followed(_held(own, known[words.name]), known)
    if words.hand_set:
        return Followed(_held(own, known["gd"]), known)
    if words.fault == "directions":
        level = within_directions(network, int(words.number))
        return Followed(_held(own, level), known)
    followed = Followed(own, known)
    return planted(words, "course")[0](followed, words.number) if words.fault else followed


def _held(course: Course, level: float) -> Course:
    """A course that stays at one level."""
    return Course(course.step, *(0 * column + level for column in course[1:]))


def known_levels(grid) -> dict[str, float]:
    """`levels` of the grid's network, computed once."""
    return grid.kept("levels", lambda: levels(grid.network))


def levels(network: Network) -> dict[str, float]:
    """Losses on the history's tasks: of zero, of one step of GD, at the rank-one saddle.

    The saddle: L0 - (L0 - L*) / d with the sample's L0 and L*.
    """
    zero = float(half_mean_square(0.0, network.published.target))
    best = within_directions(network, network.settings.task.inputs)
    return {"zero": zero, "gd": best, "rank_one": zero - (zero - best) / network.settings.task.inputs}


def within_directions(network: Network, count: int) -> float:
    """Loss of one step of GD within so many random directions of the weights; all of them: GD itself."""
    tasks, inputs = network.published, network.settings.task.inputs
    frame = jnp.eye(inputs)
    if count < inputs:
        drawn = jax.random.normal(network.key("random directions"), (inputs, max(count, 2)))
        frame = jnp.linalg.qr(drawn)[0][:, :count]
    weights = descent.one_step_weights(tasks, network.best_rate) @ frame @ frame.T
    return loss(Fit(jnp.einsum("td,td->t", weights, tasks.query), weights), tasks)


@fault("directions", of="course")
def directions(followed: Followed, count: float) -> Followed:
    """Within so many random directions of the weights"""
    raise IcgdError("directions is of gd, on histories.")


@fault("level", of="course")
def level_of(followed: Followed, factor: float) -> Followed:
    """The plateau's level times a factor"""
    return followed._replace(plateau_factor=factor)


@fault("delayed", of="course")
def delayed(followed: Followed, steps: float) -> Followed:
    """The course begins this many steps later, at its first loss until then"""
    course = followed.course
    start = np.arange(0.0, steps, np.diff(course.step)[0])
    held = [np.r_[np.full(len(start), column[0]), column] for column in course[1:]]
    return followed._replace(course=Course(np.r_[start, course.step + steps], *held))


@measure
def level(followed: Followed) -> float:
    """loss on the history's tasks that a subject stays at"""
    return float(followed.course.evaluation[0])


@measure(unit="steps")
def reached_gd(followed: Followed) -> float:
    """first step with an evaluation loss of at most 1.05 times that of a step of GD; the last + 1 if none"""
    return first_below(followed.course, NEAR_GD * followed.levels["gd"])


@measure
def has_plateau(followed: Followed) -> float:
    """1 if the loss stays within 1 % for 300 steps or more, between those of the start and of GD"""
    return float(plateau(followed.course, followed.levels["gd"]) is not None)


@measure
def plateau_over_rank_one(followed: Followed) -> float:
    """median loss of the longest plateau over that of the rank-one saddle; no number without one"""
    course = followed.course
    if np.ptp(course.evaluation) == 0:  # a level stands in
        return float(course.evaluation[0] / followed.levels["rank_one"])
    found = plateau(course, followed.levels["gd"])
    return followed.plateau_factor * found[1] / followed.levels["rank_one"] if found else np.nan


def first_below(course: Course, level: float) -> float:
    """First step with an evaluation loss of at most ``level``; the last step + 1 if there is none."""
    below = np.flatnonzero(course.evaluation <= level)
    return float(course.step[below[0]] if len(below) else course.step[-1] + 1)


def plateau(course: Course, gd_loss: float) -> tuple[float, float] | None:
    """(steps, median loss) of the longest plateau, None without one."""
    loss, best = course.evaluation, None
    between = (loss <= BELOW_START * loss[0]) & (loss >= ABOVE_GD * gd_loss)
    for first in np.flatnonzero(between):
        low = high = loss[first]
        last = first
        while last + 1 < len(loss) and between[last + 1]:
            low, high = min(low, loss[last + 1]), max(high, loss[last + 1])
            if high > (1 + CONSTANT) * low:
                break
            last += 1
        steps = course.step[last] - course.step[first]
        if steps >= LEAST_STEPS and (best is None or steps > best[0]):
            best = float(steps), float(np.median(loss[first : last + 1]))
    return best


def count_spikes(course: Course) -> int:
    """Lines whose largest training loss exceeds twice the median of the ten lines before."""
    count = 0
    for line in range(2, len(course.step)):
        median = np.median(course.training[max(1, line - WINDOW) : line])
        count += bool(course.largest[line] > SPIKE * median)
    return count


def breaks_off(course: Course, steps: float) -> bool:
    """Does it end before ``steps``? A run does where its training loss is no longer finite."""
    return bool(course.step[-1] < steps)


def groks(course: Course) -> bool:
    """Does the smoothed evaluation loss rise late, by 10 % or more, and then fall fast, by 40 % or more?"""
    rise, drop = rise_and_drop(course)
    return bool(np.any((rise >= RISE) & (drop >= DROP)))


def rise_and_drop(course: Course) -> tuple[np.ndarray, np.ndarray]:
    """Late rise and fast drop of the smoothed evaluation loss at every line.

    With v the running median of five lines: rise_t = v_t / min_{s <= t} v_s;
    drop_t = 1 - min_{t <= s <= t + 3000} v_s / v_t; it groks if some t has both 1.1 and 0.4.
    """
    padded = np.pad(course.evaluation, SMOOTHED // 2, mode="edge")
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(padded, SMOOTHED), axis=-1)
    ends = np.searchsorted(course.step, course.step + WITHIN, side="right")
    least = np.array([smooth[index:end].min() for index, end in enumerate(ends)])
    return smooth / np.minimum.accumulate(smooth), 1 - least / smooth
