"""When does a network begin to copy, and when does its loss drop? Both on one time axis, from its history."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

DROPPED, NEAR_GD = 0.9, 1.1  # times the loss of predicting zero; times that of one step of GD
ONSET = 0.4  # of the last sensitivity to the next token
LAST = 10  # lines whose median is the last sensitivity
GROUP = 5  # seeds of the published figure, whose spread of drop times is in question
KINDS = {"released": "next", "corrected": "next_each"}  # measure of sensitivity -> its column


class Lines(NamedTuple):
    """Lines of a history, (n,) each: step, evaluation loss, sensitivity to the next token by kind."""

    step: np.ndarray
    loss: np.ndarray
    following: dict[str, np.ndarray]


def of(rows: Iterable[Mapping]) -> Lines:
    """A history's rows as arrays."""
    held = list(rows)
    step, loss, *following = (
        np.array([float(row[name]) for row in held]) for name in ("step", "evaluation_loss", *KINDS.values())
    )
    return Lines(step, loss, dict(zip(KINDS, following, strict=True)))


def first(step: np.ndarray, reached: np.ndarray) -> float:
    """First step at which something holds; the last step + 1 if it never does."""
    places = np.flatnonzero(reached)
    return float(step[places[0]] if len(places) else step[-1] + 1)


def dropped_at(lines: Lines, zero: float) -> float:
    """First step with a loss below 0.9 of that of predicting zero (not of the loss at step 0, where
    the code of the query's position is read as a prediction of -1)."""
    return first(lines.step, lines.loss < DROPPED * zero)


def copied_at(step: np.ndarray, following: np.ndarray) -> float:
    """First step with a sensitivity to the next token above 0.4 of its last one."""
    return first(step, following > ONSET * np.median(following[-LAST:]))


def planted(lines: Lines, dropped: float) -> dict[str, np.ndarray]:
    """Sensitivities that jump together with the loss, and 3 % and 10 % of that time before it."""
    leads = {"together": 0.0, "lead_0.03": 0.03, "lead_0.1": 0.1}
    return {name: 1.0 * (lines.step >= (1 - lead) * dropped) for name, lead in leads.items()}


def spread(times: Sequence[float], group: int) -> float:
    """Mean of ln(latest / earliest) over all groups of so many seeds."""
    logs = np.log(np.asarray(times, np.float64))
    return float(
        np.mean([np.ptp(logs[list(chosen)]) for chosen in itertools.combinations(range(len(logs)), group)])
    )


def spreads(times: Sequence[float]) -> list[float]:
    """`spread` of groups of five as one value a seed, whose mean it is: jackknife pseudo-values
    n s - (n - 1) s_without (Tukey 1958), so that their interval is that of the spread."""
    count = len(times)
    group = min(GROUP, count - 1)
    if group < 2:
        return [0.0] * count
    whole = spread(times, group)
    left = [spread([*times[:seed], *times[seed + 1 :]], group) for seed in range(count)]
    return [count * whole - (count - 1) * without for without in left]


def even(count: int, factor: float) -> np.ndarray:
    """Times from 1 to ``factor`` in equal ratios."""
    return np.geomspace(1.0, factor, count)
