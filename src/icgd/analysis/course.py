"""The course of training, from its history: plateaus, drops, spikes, late rises of the test loss."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

NEAR_GD, LEFT = 1.05, 0.9  # times the loss of GD; times the first loss
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


def of(rows: Iterable[Mapping]) -> Course:
    """A history's rows as arrays."""
    names = ("step", "evaluation_loss", "training_loss", "largest_loss")
    return Course(*(np.array([float(row[name]) for row in rows]) for name in names))


def delayed(course: Course, steps: float) -> Course:
    """The same that begins later, at its first loss until then."""
    start = np.arange(0.0, steps, np.diff(course.step)[0])
    held = [np.r_[np.full(len(start), column[0]), column] for column in course[1:]]
    return Course(np.r_[start, course.step + steps], *held)


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


def spikes(course: Course) -> int:
    """Lines whose largest training loss exceeds twice the median of the ten lines before."""
    count = 0
    for line in range(2, len(course.step)):
        median = np.median(course.training[max(1, line - WINDOW) : line])
        count += bool(course.largest[line] > SPIKE * median)
    return count


def breaks_off(course: Course, steps: float) -> bool:
    """Does it end before ``steps``? A run does where its training loss is no longer finite."""
    return bool(course.step[-1] < steps)


def rise_and_drop(course: Course) -> dict[str, float]:
    """Largest late rise and fast drop of the smoothed evaluation loss, and do they follow each other?

    With v the running median of five lines: rise_t = v_t / min_{s <= t} v_s;
    drop_t = 1 - min_{t <= s <= t + 3000} v_s / v_t; it groks if some t has both 1.1 and 0.4.
    """
    half = SMOOTHED // 2
    padded = np.pad(course.evaluation, half, mode="edge")
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(padded, SMOOTHED), axis=-1)
    rise = smooth / np.minimum.accumulate(smooth)
    ends = np.searchsorted(course.step, course.step + WITHIN, side="right")
    least = np.array([smooth[index:end].min() for index, end in enumerate(ends)])
    drop = 1 - least / smooth
    return {
        "largest_rise": float(rise.max()),
        "largest_drop": float(drop.max()),
        "groks": float(np.any((rise >= RISE) & (drop >= DROP))),
    }


def extremes(course: Course) -> dict[str, float]:
    """Lowest and highest evaluation loss, and when."""
    low, high = int(np.argmin(course.evaluation)), int(np.argmax(course.evaluation))
    return {
        "lowest_loss": float(course.evaluation[low]),
        "lowest_at": float(course.step[low]),
        "highest_loss": float(course.evaluation[high]),
        "highest_at": float(course.step[high]),
    }
