"""When does a network begin to copy, and when does its loss drop? Both on one time axis, from its history."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from icgd.errors import IcgdError
from icgd.measures import courses, faults
from icgd.measures.naming import STAND_INS, fault, measure, stand_in
from icgd.measures.network import Network
from icgd.measures.request import BESIDE, Request, Words, parsed

DROPPED, REACHED = 0.9, 1.1  # times the loss of predicting zero; times that of one step of GD
ONSET, LAST = 0.4, 10  # of the last sensitivity to the next token; lines whose median that is
GROUP = 5  # seeds of the published figure, whose spread of drop times is in question
STORED = 4500.0  # end of the jump in the stored output of the released notebook, one seed
SUBJECTS = ("network", "published_drop", "one_layer", "drops", "curve")


class Timed(NamedTuple):
    """A network, the subject, a kind of sensitivity, and the losses of zero and GD on the history's tasks."""

    network: Network
    words: Words
    kind: str
    levels: dict[str, float]

    def dropped(self, network: Network) -> float:
        """First step at which a network has left the plateau at the loss of zero."""
        return courses.first_below(courses.of(network.history), DROPPED * self.levels["zero"])

    def reached(self, network: Network) -> float:
        """First step at which a network is near one step of GD."""
        return courses.first_below(courses.of(network.history), REACHED * self.levels["gd"])

    @property
    def base(self) -> list[Network]:
        """Networks with x_j and y_j in one token."""
        return self.network.others(BESIDE["reached_over_one_layer"])

    @property
    def seeds(self) -> list[Network]:
        """All networks of this experiment."""
        return self.network.others(self.network.experiment)

    def planted(self, place: str, sound: object) -> object:
        """What the subject's fault makes of it; without one as it is."""
        if not self.words.fault:
            return sound
        change, size = faults.planted(self.words, place)
        return change(self, size)


def look(grid, request: Request) -> Timed:
    """The history of the trained network, or what stands in for a part of it.

    Raises:
        IcgdError: the subject is something else.
    """
    words = parsed(request.subject)
    if words.hand_set or words.name not in SUBJECTS:
        raise IcgdError(f"{request.measure} is of {', '.join(SUBJECTS)}, not of {request.subject!r}.")
    return Timed(grid.network, words, request.reference, courses.known_levels(grid))


@measure(unit="steps")
def dropped_at(timed: Timed) -> float:
    """first step with a loss below 0.9 of that of predicting zero (the last step + 1 if none)

    Not of the loss at step 0, where the code of the query's position is read as a prediction of -1.
    """
    own = STORED if timed.words.name == "published_drop" else timed.dropped(timed.network)
    return timed.planted("dropped_at", own)


@measure
def reached_over_one_layer(timed: Timed) -> float:
    """first step with a loss of at most 1.1 times GD's, over its median with x_j and y_j in one token"""
    time = timed.planted("reached_at", timed.reached(timed.network))
    return time / np.median([timed.reached(one) for one in timed.base])


@measure
def drop_spread(timed: Timed) -> float:
    """ln of latest over earliest drop of five seeds, mean over all groups, as the seeds' pseudo-values"""
    drops = timed.planted("drops", [timed.dropped(one) for one in timed.seeds])
    return spreads(drops)[[one.seed for one in timed.seeds].index(timed.network.seed)]


@measure(unit="steps")
def lead_steps(timed: Timed) -> float:
    """`dropped_at` less the first step with a sensitivity to the next token above 0.4 of its last one"""
    following = timed.planted("following", STAND_INS[timed.kind](timed.network))
    return timed.dropped(timed.network) - copied_at(courses.of(timed.network.history).step, following)


@measure
def lead_over_drop(timed: Timed) -> float:
    """`lead_steps` over `dropped_at`"""
    return lead_steps(timed) / timed.dropped(timed.network)


@stand_in("released")
def released(network: Network) -> np.ndarray:
    """sensitivity to the next token as released: length of the mean gradient (histories only)"""
    return np.array([float(row["next"]) for row in network.history])


@stand_in("corrected")
def corrected(network: Network) -> np.ndarray:
    """corrected sensitivity to the next token: mean length of the gradient (histories only)"""
    return np.array([float(row["next_each"]) for row in network.history])


@fault("drop", of="dropped_at")
def drop(timed: Timed, factor: float) -> float:
    """A drop of the loss that comes after so many times the steps"""
    return factor * timed.dropped(timed.network)


@fault("slower", of="reached_at")
def slower(timed: Timed, factor: float) -> float:
    """So many times the steps that a network of one layer takes"""
    return factor * timed.reached(timed.base[timed.network.seed % len(timed.base)])


@fault("even", of="drops")
def even(timed: Timed, factor: float) -> np.ndarray:
    """Drops spread evenly, on a logarithmic scale, over this factor"""
    return np.geomspace(1.0, factor, len(timed.seeds))


@fault("lead", of="following")
def lead(timed: Timed, share: float) -> np.ndarray:
    """A sensitivity to the next token that jumps before the loss drops, by this share of that step"""
    return 1.0 * (courses.of(timed.network.history).step >= (1 - share) * timed.dropped(timed.network))


def copied_at(step: np.ndarray, following: np.ndarray) -> float:
    """First step with a sensitivity to the next token above 0.4 of its last one; the last + 1 if none."""
    places = np.flatnonzero(following > ONSET * np.median(following[-LAST:]))
    return float(step[places[0]] if len(places) else step[-1] + 1)


def spread(times: Sequence[float], group: int) -> float:
    """Mean of ln(latest / earliest) over all groups of so many seeds."""
    logs = np.log(np.asarray(times, np.float64))
    groups = itertools.combinations(range(len(logs)), group)
    return float(np.mean([np.ptp(logs[list(chosen)]) for chosen in groups]))


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
