"""The rows of optima.csv, the best of each family of K-step methods, and of one released-*.csv."""

from collections.abc import Iterable, Mapping

import numpy as np

from icgd.errors import IcgdError
from icgd.random import stream
from icgd.references import eigenbasis, methods, optima, released, tuned
from icgd.references.methods import Key, Rows
from icgd.references.optima import CONTEXT, INPUTS, PublishedTasks, Searched, steps_of
from icgd.references.residuals import FAMILIES, Parameters
from icgd.tasks import linear

DEPTHS = (1, 2, 3, 5, 10, 12)
ONLY_DEEPER = ("gd_plus_plus", "heavy_ball", "chebyshev")  # at one layer these are plain GD
SWEEP = (25, 50, 100)  # context lengths beside 10, at two layers
SWEPT = (("gd", "shared"), ("gd_plus_plus", "shared"))
BOUNDED = (1, 2, 3, 5)  # depths at which the best polynomial of degree (3^K - 1) / 2 is computed
CLIPPED = (10,)  # depths of published looped networks with a token clip
CLIPPED_TASKS = 10_240
DEEP = 3  # published networks of more layers than this clip their tokens


def of_optima(searched: Searched, tasks: PublishedTasks, trained: Iterable[Mapping]) -> Rows:
    """Every optimum, bounds, the optima under a clip, and GD++ as ``trained``: rows of the released-*.csv.

    Raises:
        IcgdError: one of these is missing.
    """
    rows, given = Rows(), methods.parameters(trained)
    _found(rows, searched, tasks)
    for layers in BOUNDED:  # what no polynomial of the degree of K GD++ steps can beat on the draw searched
        loss = eigenbasis.best_polynomial(searched.draws().nodes[0], (3**layers - 1) // 2)[1]
        rows.put(Key("polynomial", layers, "separate"), "loss_searched", loss)
    _under_a_clip(rows, searched, tasks)
    for layers, sharing in tuned.RELEASED:
        key = Key("gd_plus_plus", layers, sharing, "released")
        if key not in given:
            raise IcgdError(
                f"the tables of trained GD++ lack {key.name} of {layers} layers; build them first."
            )
        steps = {name: np.array(given[key][name]) for name in ("step", "gamma")}
        _describe(rows, key, steps, searched, tasks)
        for name in ("start_rate", "training_loss"):
            rows.put(key, name, given[key][name][-1])
    return rows


def _found(rows: Rows, searched: Searched, tasks: PublishedTasks) -> None:
    """Parameters and losses of every family's optima, and along the context length."""
    for method in FAMILIES:
        for layers in DEPTHS:
            if layers > 1 or method[0] not in ONLY_DEEPER:
                key, optimum = Key(method[0], layers, method[1]), searched(method, layers)
                _describe(rows, key, optimum.parameters, searched, tasks)
                rows.put(key, "loss_searched", optimum.searched)
    for context in SWEEP:
        for method in SWEPT:
            optimum = searched(method, 2, context)
            _describe(rows, Key(method[0], 2, method[1], context=context), optimum.parameters, searched)


def _describe(
    rows: Rows, key: Key, parameters: Parameters, searched: Searched, tasks: PublishedTasks | None = None
) -> None:
    """Parameters of a method and its losses: population, published tasks, these under the token clip."""
    method = key.family, key.sharing
    for name, values in parameters.items():
        rows.put(key, name, values)
    population = FAMILIES[method].population_loss(parameters, key.layers, searched.draws(key.context).second)
    rows.put(key, "loss_population", population)
    if tasks is not None:
        rows.put(key, "loss_published", tasks.loss(method, parameters, key.layers))
        if key.layers > DEEP and key.family in methods.SEVERAL:
            rows.put(key, "loss_published_clipped", tasks.clipped_loss(steps_of(parameters)))


def _under_a_clip(rows: Rows, searched: Searched, tasks: PublishedTasks) -> None:
    """Optima of shared GD++ under the token clip."""
    key = stream(0, "optima, clipped", searched.implementation)
    drawn = linear.sample(key, min(CLIPPED_TASKS, searched.tasks), INPUTS, CONTEXT)
    for layers in CLIPPED:
        best = optima.search_clipped(layers, drawn, searched(("gd_plus_plus", "shared"), layers).steps)
        place = Key("gd_plus_plus", layers, "shared", "clipped")
        _describe(rows, place, {"step": best.steps, "gamma": best.gammas}, searched, tasks)


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
