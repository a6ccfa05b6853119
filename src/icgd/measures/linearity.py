"""How linear the layers of a causal network are: its loss with one of them replaced by a linear copy.

Copies were trained to add to the network's own tokens what its layers add (second paper, Fig. 5A).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from icgd.errors import IcgdError
from icgd.measures.naming import FAULTS, MEASURES, measure
from icgd.measures.network import Network
from icgd.measures.request import Request, Words, parsed
from icgd.measures.sequences import by_network, networks_of
from icgd.measures.sets import drawn
from icgd.models import causal
from icgd.models.transformer import Weights

SEQUENCES = 1000  # on which losses are taken
LATE = 2  # layers from the third on


def look(grid, request: Request) -> np.ndarray:
    """Loss with the linear copy of each layer in its place, over the loss as it is: (layers,).

    Raises:
        IcgdError: other tasks than fresh ones, or a network without copies.
    """
    words, name = parsed(request.subject), grid.network.experiment
    if request.tasks != "fresh":
        raise IcgdError(f"{name}: {request.measure} is of fresh sequences, not {request.tasks!r}.")
    targets, found = grid.kept(
        f"linear copies of {words.sound}", lambda: predictions(*_copied(words, grid.network))
    )
    if words.fault:
        if (words.fault, "ablations") not in FAULTS:
            raise IcgdError(f"{request.subject!r}: a network with a copy has no fault {words.fault!r}.")
        change = FAULTS[words.fault, "ablations"]
        found = [found[0], *(change(one, targets, words.number) for one in found[1:])]
    losses = np.array([np.mean((one - targets) ** 2) for one in found])
    return losses[1:] / losses[0]


def _copied(words: Words, network: Network) -> tuple[Network, Weights]:
    """The network that a rule names, with its copies; "untrained" are copies before training."""
    named, weights = networks_of(words.faultless, network, same_tasks=False)[0]
    if named.settings.causal is None or named.settings.causal.tuned != "copies":
        raise IcgdError(f"{named.experiment}: its layers have no linear copies (causal.tuned: copies).")
    if words.name != "untrained":
        return named, weights
    return named, {
        name: weights[name] if causal.is_copy(name) else one for name, one in network.weights.items()
    }


def predictions(network: Network, weights: Weights) -> tuple[np.ndarray, list[np.ndarray]]:
    """Targets (B, T, n) and predictions: as the network is, and with the copy of each layer in its place."""
    settings = network.settings.causal
    few = drawn(network, ("fresh",), min(SEQUENCES, network.settings.evaluation.tasks))

    def by(layers: Sequence[int]) -> np.ndarray:
        kinds, own = causal.with_copies(settings, weights, layers)
        changed = network.settings.model_copy(update={"causal": kinds})
        return by_network(replace(network, settings=changed), own, few)

    return few.targets.astype(float), [by(()), *(by((index,)) for index in range(len(settings.layers)))]


def trace(grid, request: Request) -> dict[float, float]:
    """By layer ("layers"), from 1 on.

    Raises:
        IcgdError: along something else.
    """
    if request.along != "layers":
        raise IcgdError(f"copies have nothing along {request.along!r}; they have layers.")
    return MEASURES[request.measure].function(look(grid, request))


@measure(tolerance=1e-3)
def linear_copy_ratio(ratios: np.ndarray) -> dict[float, float]:
    """loss with a linear copy in place of a layer, over the loss as it is, by layer"""
    return dict(enumerate(ratios.tolist(), start=1))


@measure(tolerance=1e-3)
def first_copy_ratio(ratios: np.ndarray) -> float:
    """loss with a linear copy in place of the first layer, over the loss as it is"""
    return float(ratios[0])


@measure(tolerance=1e-3)
def late_copy_ratio(ratios: np.ndarray) -> float:
    """loss with a linear copy in place of a layer over the loss as it is, largest from the third layer on"""
    return float(np.max(ratios[LATE:]))


@measure(tolerance=1e-2)
def late_copy_excess(ratios: np.ndarray) -> float:
    """share by which a linear copy in place of one layer raises the loss, mean from the third layer on"""
    return float(np.mean(ratios[LATE:]) - 1)
