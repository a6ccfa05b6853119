"""The straight line from a network's weights to a construction (von Oswald et al. 2022, A.3)."""

import numpy as np

from icgd.errors import IcgdError
from icgd.measures import fit, predictors, products
from icgd.measures.fit import Predictor
from icgd.measures.naming import fault, predictor
from icgd.measures.network import Network
from icgd.measures.products import Products
from icgd.measures.request import parsed
from icgd.models.transformer import Weights

SHARES = np.linspace(0, 1, 11)  # of the construction
MIDDLE = -6  # the half-half network that the paper draws


def to(goal: str, subject: str, network: Network) -> list[Products]:
    """Networks on the path from a subject to "hand_set <goal>"; the first is an end that counts.

    A trained network is first corrected by beta in every layer. A hand-set one is refactored (W_KQ doubled),
    corrected, and so leads to itself.
    """
    words, end = parsed(subject), predictors.weight_products(f"hand_set {goal}", network)
    if words.hand_set:
        start = predictors.weight_products(subject, network)
        return line(products.corrected(Products(2.0 * start.kq, start.pv / 2.0)), end)
    found = predictors.weight_products(words.sound, network)
    if not words.fault:
        return line(products.corrected(found), end)
    if words.fault == "uncorrected":
        return uncorrected(network, goal)
    if words.fault == "beta":
        return beta(found, end, words.number)
    raise IcgdError(f"a path has the faults uncorrected and beta, not {words.fault!r}.")


def line(start: Products, end: Products) -> list[Products]:
    """Networks at `SHARES` of the way."""
    return [products.blend(start, end, share) for share in SHARES]


@fault("uncorrected", of="path")
def uncorrected(network: Network, goal: str) -> list[Products]:
    """The four matrices themselves averaged with the construction's"""
    model = products.unrolled(network.settings.model)
    start, end = _unrolled(network), predictors.weights_of(parsed(f"hand_set {goal}"), network)
    points = [{name: (1 - share) * start[name] + share * end[name] for name in end} for share in SHARES]
    return [products.of(model, weights) for weights in points]


@fault("beta", of="path")
def beta(start: Products, end: Products, factor: float) -> list[Products]:
    """W_KQ corrected by a beta this many times too large; the trained network is the end that counts"""
    return [start, *line(products.corrected(start, by=factor), end)]


@predictor("interpolated")
def interpolated(network: Network) -> Predictor:
    """the half-half network between the trained one, corrected, and its construction"""
    layers = network.settings.model.layers
    middle = to("gd" if layers == 1 else network.own_method, "network", network)[MIDDLE]
    return fit.of_network(products.unrolled(network.settings.model), middle.weights)


def _unrolled(network: Network) -> Weights:
    """The weights of shared layers repeated for every layer."""
    model, weights = network.settings.model, network.weights
    if not model.recurrent:
        return dict(weights)
    names = [name.removeprefix("0/") for name in weights]
    return {f"{k}/{name}": weights[f"0/{name}"] for k in range(model.layers) for name in names}
