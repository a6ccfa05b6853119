"""Measures of linear probes (`readout`) of the tokens after every layer (second paper, Figs 2, 4, 6, 17).

``fresh [target=released] [at <t> | from <t>]``: at one position, or the mean over several; the preconditioned
input is computed exactly unless that of the released probes is asked for.
"""

from dataclasses import dataclass, replace

import numpy as np

from icgd.errors import IcgdError
from icgd.measures.naming import MEASURES, measure
from icgd.measures.readout import (
    INVERSES,
    SHUFFLED,
    Probes,
    Target,
    earlier,
    features,
    next_state,
    other_features,
)
from icgd.measures.request import Request
from icgd.measures.sets import placed

LAGS = 8  # of earlier states
BOUND = 0.9  # R^2 of a state that a token holds


@dataclass(frozen=True)
class Probed:
    """A subject and a reference, positions, which inverse; a layer and a lag where these are followed."""

    known: Probes
    subject: str
    reference: str
    positions: tuple[int, ...]
    inverse: str
    layer: int | None = None
    lag: int | None = None

    @property
    def last(self) -> int:
        """The last layer."""
        return len(self.known.network.settings.causal.layers)

    @property
    def preconditioned(self) -> Target:
        """The preconditioned input."""
        return INVERSES[self.inverse]

    def r2(self, target: Target, layer: int, lag: int = 0, of: str = "", **options: bool) -> float:
        """R^2 after a layer, mean over the positions; ``of`` the subject unless another is given."""
        text, read = of or self.subject, self.known.r2
        return float(np.mean([read(text, target, layer, at, lag, **options) for at in self.positions]))

    def at(self, target: Target, layer: int, lag: int = 0, **options: bool) -> float:
        """The same after the layer and at the lag that are followed, else after and at these."""
        layer, lag = (
            own if own is not None else usual for own, usual in ((self.layer, layer), (self.lag, lag))
        )
        return self.r2(target, layer, lag, **options)

    def by_layer(self, target: Target, first: int = 0, of: str = "", **options: bool) -> np.ndarray:
        """R^2 after every layer from ``first`` on."""
        return np.array([self.r2(target, layer, of=of, **options) for layer in range(first, self.last + 1)])


def look(grid, request: Request) -> Probed:
    """What measures of probes take.

    Raises:
        IcgdError: sequences that are not fresh ones, or no such target.
    """
    words, cut = placed(request.tasks)
    inverse = words[1].removeprefix("target=") if len(words) == 2 else "exact"
    if words[0] != "fresh" or len(words) > 2 or inverse not in INVERSES:
        raise IcgdError(
            f"probes are on 'fresh [target=released] [at <t> | from <t>]', not on {request.tasks!r}."
        )
    positions = tuple(range(grid.network.settings.task.context)[cut])
    return Probed(grid.probes, request.subject, request.reference, positions, inverse)


def trace(grid, request: Request) -> dict[float, float]:
    """A measure after every layer, at every position, or of earlier states: "lags" and after which layer."""
    one, function = look(grid, request), MEASURES[request.measure].function
    along, _, layer = request.along.partition(" ")
    if along == "layers":
        return {float(k): function(replace(one, layer=k)) for k in range(one.last + 1)}
    if along == "positions":
        return {float(at): function(replace(one, positions=(at,))) for at in one.positions}
    if along == "lags":
        lags = range(min(LAGS, one.positions[0] + 1))
        return {float(lag): function(replace(one, lag=lag, layer=int(layer or 1))) for lag in lags}
    raise IcgdError(f"probes have nothing along {request.along!r}; they have layers, positions and lags.")


@measure(tolerance=1e-3)
def next_state_r2(probed: Probed) -> float:
    """R^2 of s_{t+1} read from tokens after the last layer"""
    return probed.at(next_state, probed.last)


@measure(tolerance=1e-3)
def preconditioned_r2(probed: Probed) -> float:
    """R^2 of the preconditioned input (A_t + I / lambda)^-1 s_t, 1 / lambda = 1e-3, after the last layer"""
    return probed.at(probed.preconditioned, probed.last)


@measure(tolerance=1e-3)
def preconditioned_partial_r2(probed: Probed) -> float:
    """the same, of what the current state leaves of it"""
    return probed.at(probed.preconditioned, probed.last, beside=True)


@measure(tolerance=1e-3)
def previous_state_r2(probed: Probed) -> float:
    """R^2 of s_{t-1} read from tokens after the first layer"""
    return probed.at(earlier, 1, 1)


@measure(tolerance=1e-3)
def state_before_r2(probed: Probed) -> float:
    """R^2 of s_{t-2} read from tokens after the first layer"""
    return probed.at(earlier, 1, 2)


@measure
def states_held(probed: Probed) -> float:
    """number of earlier states in a row, from s_{t-1} on, with R^2 of 0.9 or more after the first layer"""
    return _in_a_row(probed.r2(earlier, 1, lag) >= BOUND for lag in range(1, LAGS))


@measure(tolerance=1e-2)
def previous_state_gap(probed: Probed) -> float:
    """R^2 of s_{t-1} after the first layer of the reference minus that of the subject"""
    return probed.r2(earlier, 1, 1, of=probed.reference) - probed.r2(earlier, 1, 1)


@measure(tolerance=1e-3)
def features_r2(probed: Probed) -> float:
    """R^2 of the nonlinear teacher's features of s_t read from tokens after the first layer"""
    return probed.at(features, 1)


@measure(tolerance=1e-3)
def previous_features_r2(probed: Probed) -> float:
    """R^2 of the nonlinear teacher's features of s_{t-1} read from tokens after the first layer"""
    return probed.at(features, 1, 1)


@measure(tolerance=1e-3)
def other_features_r2(probed: Probed) -> float:
    """R^2 of another nonlinearity's features of s_t (columns of its first matrix moved on), first layer"""
    return probed.at(other_features, 1)


@measure
def features_falls(probed: Probed) -> float:
    """number of layers after the first that lower R^2 of the features of s_t"""
    return float(np.sum(np.diff(probed.by_layer(features, 1)) < 0))


@measure
def next_state_rises(probed: Probed) -> float:
    """number of layers that raise R^2 of s_{t+1}"""
    return float(np.sum(np.diff(probed.by_layer(next_state)) > 0))


@measure
def preconditioned_rises(probed: Probed) -> float:
    """number of layers in a row, from the first on, that raise R^2 of the preconditioned input"""
    return _in_a_row(np.diff(probed.by_layer(probed.preconditioned)) > 0)


@measure(tolerance=1e-2)
def preconditioned_gain(probed: Probed) -> float:
    """R^2 of the preconditioned input after the last layer minus that before the first"""
    return probed.r2(probed.preconditioned, probed.last) - probed.r2(probed.preconditioned, 0)


@measure(tolerance=1e-2)
def preconditioned_with_context(probed: Probed) -> float:
    """rank correlation with t of R^2 of the preconditioned input, mean over layers"""
    return _with_context(probed)


@measure(tolerance=1e-2)
def partial_with_context(probed: Probed) -> float:
    """the same, of what the current state leaves of it"""
    return _with_context(probed, beside=True)


@measure(tolerance=1e-2)
def preconditioned_over(probed: Probed) -> float:
    """R^2 of the preconditioned input minus the reference's, least over the layers after the first"""
    target, theirs = probed.preconditioned, probed.reference
    return float(np.min(probed.by_layer(target, 2) - probed.by_layer(target, 2, of=theirs)))


@measure(tolerance=1e-2)
def preconditioned_over_shuffled(probed: Probed) -> float:
    """the same minus R^2 of one with A_t of another sequence"""
    ours, theirs = probed.preconditioned, SHUFFLED[probed.inverse]
    return float(np.min(probed.by_layer(ours, 2) - probed.by_layer(theirs, 2)))


def _in_a_row(found: object) -> float:
    """How many are true before the first that is not."""
    return float([*map(bool, found), False].index(False))


def _with_context(probed: Probed, **options: bool) -> float:
    """Rank correlation of t with R^2, mean over layers."""
    places = [replace(probed, positions=(at,)) for at in probed.positions]
    means = [np.mean(one.by_layer(one.preconditioned, 1, **options)) for one in places]
    return float(np.corrcoef(np.argsort(np.argsort(means)), probed.positions)[0, 1])
