"""`icgd optima`: optima.csv, the best of each family of K-step methods; families.csv, for claims."""

import argparse

import numpy as np

from icgd import paths, tuning
from icgd.analysis import families
from icgd.analysis.measuring import COLUMNS, Measures
from icgd.analysis.searched import CONTEXT, INPUTS, S2, PublishedTasks, Searched
from icgd.cli.common import scale_arguments, scale_settings
from icgd.config import plain
from icgd.files import read_table, write_table
from icgd.provenance import Recorder
from icgd.randomness import stream
from icgd.references import clipped, optima, recipes, residuals, spectra
from icgd.references.multistep import Recipe
from icgd.references.optima import Method
from icgd.references.recipes import Key
from icgd.references.residuals import FAMILIES, Parameters
from icgd.tasks import linear
from icgd.tuning import OptimaSettings

DEPTHS = (1, 2, 3, 5, 10, 12)
ONLY_DEEPER = ("gd_plus_plus", "heavy_ball", "chebyshev")  # at one layer these are plain GD
SWEEP = (25, 50, 100)  # context lengths beside 10, at two layers
SWEPT = (("gd", "shared"), ("gd_plus_plus", "shared"))
BOUNDED = (1, 2, 3, 5)  # depths at which the best polynomial of degree (3^K - 1) / 2 is computed
CLIPPED = (10,)  # depths of published looped networks with a token clip
CLIPPED_TASKS = 10_240
DEEP = 3  # published networks of more layers than this clip their tokens
PUBLISHED = paths.Path("published") / "von-oswald-2022-curves.csv"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Only where to write."""
    scale_arguments(parser, settings=True)


def run(parsed: argparse.Namespace) -> None:
    """Search, evaluate on the published tasks, compare."""
    scale, settings = scale_settings(parsed, OptimaSettings, tuning.optima)
    recorder = Recorder("optima", plain(settings))
    searched, tasks = Searched(settings), PublishedTasks(settings.tasks)
    rows, measures = recipes.Rows(), Measures()
    found(rows, searched, tasks)
    bounds(rows, searched)
    under_a_clip(rows, searched, tasks)
    inputs = [paths.released(scale, *network) for network in tuning.RELEASED]
    trained(rows, [row for path in inputs for row in read_table(path, recipes.COLUMNS)], searched, tasks)
    compare(measures, searched, tasks)
    outputs = [paths.references(scale, name) for name in ("optima", "families")]
    write_table(outputs[0], recipes.COLUMNS, rows)
    write_table(outputs[1], COLUMNS, measures)
    recorder.write(outputs, [*inputs, PUBLISHED])


def found(rows: recipes.Rows, searched: Searched, tasks: PublishedTasks) -> None:
    """Parameters and losses of every family's optima, and along the context length."""
    for method in FAMILIES:
        for layers in DEPTHS:
            if layers > 1 or method[0] not in ONLY_DEEPER:
                key, optimum = Key(method[0], layers, method[1]), searched(method, layers)
                describe(rows, key, optimum.parameters, searched, tasks)
                rows.put(key, "loss_searched", optimum.searched)
    for context in SWEEP:
        for method in SWEPT:
            optimum = searched(method, 2, context)
            describe(rows, Key(method[0], 2, method[1], context=context), optimum.parameters, searched)


def describe(
    rows: recipes.Rows,
    key: Key,
    parameters: Parameters,
    searched: Searched,
    tasks: PublishedTasks | None = None,
) -> None:
    """Parameters of a method and its losses: population, published tasks, these under the token clip."""
    method: Method = (key.family, key.sharing)
    for name, values in parameters.items():
        rows.put(key, name, values)
    eigenvalues = searched.draws(key.context).second
    loss = optima.population_loss(method, parameters, key.layers, eigenvalues, S2)
    rows.put(key, "loss_population", loss)
    if tasks is not None:
        rows.put(key, "loss_published", tasks.loss(method, parameters, key.layers))
        if key.layers > DEEP and key.family in ("gd", "gd_plus_plus"):
            gammas = parameters.get("gamma", np.zeros(key.layers))
            rows.put(key, "loss_published_clipped", tasks.clipped_loss(Recipe(parameters["step"], gammas)))


def bounds(rows: recipes.Rows, searched: Searched) -> None:
    """What no polynomial of the degree of K GD++ steps can beat on the draw searched."""
    for layers in BOUNDED:
        loss = spectra.best_polynomial(searched.draws().nodes[0], (3**layers - 1) // 2, S2)[1]
        rows.put(Key("polynomial", layers, "separate"), "loss_searched", loss)


def under_a_clip(rows: recipes.Rows, searched: Searched, tasks: PublishedTasks) -> None:
    """Optima of shared GD++ under the token clip."""
    settings = searched.settings
    key = stream(0, "optima, clipped", settings.key_implementation)
    drawn = linear.sample(key, min(CLIPPED_TASKS, settings.tasks), INPUTS, CONTEXT)
    for layers in CLIPPED:
        parameters = searched(("gd_plus_plus", "shared"), layers).parameters
        best = clipped.search(layers, drawn, Recipe(parameters["step"], parameters["gamma"]))
        place = Key("gd_plus_plus", layers, "shared", "clipped")
        describe(rows, place, {"step": best.steps, "gamma": best.gammas}, searched, tasks)


def trained(rows: recipes.Rows, given: list[dict], searched: Searched, tasks: PublishedTasks) -> None:
    """GD++ as the released recipe trains it."""
    for layers, sharing in tuning.RELEASED:
        key = Key("gd_plus_plus", layers, sharing, "released")
        steps, gammas = recipes.recipe(given, key)
        describe(rows, key, {"step": steps, "gamma": gammas}, searched, tasks)
        for name in ("start_rate", "training_loss"):
            rows.put(key, name, recipes.values(given, key, name)[-1])


def compare(measures: Measures, searched: Searched, tasks: PublishedTasks) -> None:
    """What the claims are decided on."""
    per_step = ("gd", "separate")

    def on_published(name: str, sharing: str, layers: int) -> float:
        return tasks.loss((name, sharing), searched((name, sharing), layers).parameters, layers)

    def too_fast(layers: int) -> float:
        steps = 1.05 * searched(per_step, layers).parameters["step"]
        return tasks.loss(per_step, {"step": steps}, layers)

    def population(name: str, sharing: str, layers: int) -> float:
        return searched((name, sharing), layers).population

    families.published_networks(measures, read_table(PUBLISHED), on_published, too_fast)
    families.with_depth(measures, population)
    separate = ("gd_plus_plus", "separate")
    values = residuals.tripling(5, optima.MARGIN * float(searched.draws().first.max()))
    closed = FAMILIES[separate].expand(values, 5)
    loss = optima.population_loss(separate, closed, 5, searched.draws().second, S2)
    families.five_layers(measures, population, loss)
