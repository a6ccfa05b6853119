"""The rows of optima.csv, the best of each family of K-step methods, and of one released-*.csv."""

from collections.abc import Iterable, Mapping

import numpy as np

from icgd.errors import IcgdError
from icgd.random import stream
from icgd.references import DEPTHS, methods, optima, released, tuned
from icgd.references.methods import Key, Rows
from icgd.references.optima import CONTEXT, INPUTS, Searched
from icgd.references.residuals import FAMILIES, Parameters
from icgd.tasks import linear

ONLY_DEEPER = ("gd_plus_plus", "heavy_ball", "chebyshev")  # at one layer these are plain GD
SWEEP = (25, 50, 100)  # context lengths beside 10, at two layers
SWEPT = (("gd", "shared"), ("gd_plus_plus", "shared"))
CLIPPED = (10,)  # depths of published looped networks with a token clip
CLIPPED_TASKS = 10_240


def of_optima(searched: Searched, trained: Iterable[Mapping]) -> Rows:
    """Every optimum, also under a clip and along the context; ``trained``: rows of released-*.csv.

    Raises:
        IcgdError: one of these is missing.
    """
    rows, given = Rows(), methods.parameters(trained)
    for family, sharing in FAMILIES:
        for layers in DEPTHS[1:] if family in ONLY_DEEPER else DEPTHS:
            found = searched((family, sharing), layers).parameters
            _describe(rows, Key(family, layers, sharing), found, searched)
    for context in SWEEP:
        for family, sharing in SWEPT:
            found = searched((family, sharing), 2, context).parameters
            _describe(rows, Key(family, 2, sharing, context=context), found, searched)
    for layers in CLIPPED:
        _describe(
            rows, Key("gd_plus_plus", layers, "shared", "clipped"), _clipped(layers, searched), searched
        )
    for layers, sharing in tuned.RELEASED:
        key = Key("gd_plus_plus", layers, sharing, "released")
        if key not in given:
            raise IcgdError(
                f"the tables of trained GD++ lack {key.name} of {layers} layers; build them first."
            )
        steps = {name: np.array(given[key][name]) for name in ("step", "gamma")}
        _describe(rows, key, steps, searched)
    return rows


def _describe(rows: Rows, key: Key, parameters: Parameters, searched: Searched) -> None:
    """Parameters of a method and its population loss."""
    for name, values in parameters.items():
        rows.put(key, name, values)
    family, eigenvalues = FAMILIES[key.family, key.sharing], searched.draws(key.context).second
    rows.put(key, "loss_population", family.population_loss(parameters, key.layers, eigenvalues))


def _clipped(layers: int, searched: Searched) -> Parameters:
    """The optimum of shared GD++ under the token clip."""
    key = stream(0, "optima, clipped", searched.implementation)
    drawn = linear.sample(key, min(CLIPPED_TASKS, searched.tasks), INPUTS, CONTEXT)
    best = optima.search_clipped(layers, drawn, searched(("gd_plus_plus", "shared"), layers).steps)
    return {"step": best.steps, "gamma": best.gammas}


def of_released(settings: tuned.ReleasedSettings) -> Rows:
    """Line search, then training; a published network is compared with one such run, so seed 0."""
    rate = released.line_search(settings)
    found, losses = released.train(settings, rate, seed=0)
    rows, key = Rows(), Key("gd_plus_plus", settings.layers, settings.sharing, "released")
    for name, values in (("step", found.steps), ("gamma", found.gammas)):
        rows.put(key, name, values)
    rows.put(key, "start_rate", rate)
    rows.put(key, "training_loss", losses)
    return rows
