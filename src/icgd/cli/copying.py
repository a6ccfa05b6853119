"""`icgd copying EXPERIMENT`: copying.csv and copying-curves.csv of networks on alternating tokens."""

import argparse
from functools import cache, partial
from typing import NamedTuple

import jax
import numpy as np

from icgd import paths
from icgd.analysis import copying, course, learnt, merging, precedence, stand_ins
from icgd.analysis.learnt import Learnt
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.analysis.pieces import first
from icgd.analysis.shared_tasks import published_tasks
from icgd.cli.analysis import analyse
from icgd.cli.common import experiment_arguments, experiment_settings
from icgd.config import AnalysisSettings, load
from icgd.errors import IcgdError
from icgd.files import read_table
from icgd.tasks import published
from icgd.tasks.linear import Tasks, half_mean_square

CURVES = ("panel", "model", "series", "point", "value")
BASE = "one_layer"  # the same problem with x_j and y_j in one token
FEW, FEWEST = 2000, 256  # tasks of what is looked at inside the network; of its sensitivities
SLOWER = {"one_layer_3": 3.0, "one_layer_8": 8.0}  # planted: networks that take so many times longer
STORED = 4500  # end of the jump in the stored output of the released notebook, one seed
EVEN = {"even_1.8": 1.8, "even_5": 5.0}  # planted: drops spread evenly over such a factor


class Seeds(NamedTuple):
    """What one seed is held against: drops of all seeds here, times to GD's loss of the other networks."""

    drops: list[float]
    base: list[float]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which networks."""
    experiment_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Where training ended, how it went there, and what the layers do."""
    scale, settings = experiment_settings(parsed, AnalysisSettings)
    if not (
        settings.model.alternating and settings.model.layers == 2 and published.is_setting(settings.task)
    ):
        raise IcgdError(
            "copying is for two layers on alternating tokens at d = N = 10 and inputs on (-1/2, 1/2)."
        )
    count = load(parsed.config).experiment(BASE, scale).seeds
    base = [paths.history(scale, BASE, seed) for seed in range(count)]
    own = [read_table(paths.history(scale, parsed.experiment, seed)) for seed in range(settings.seeds)]
    zero, gd = levels()
    seeds = Seeds(
        [precedence.dropped_at(precedence.of(rows), zero) for rows in own],
        [course.first_below(course.of(read_table(path)), precedence.NEAR_GD * gd) for path in base],
    )
    analyse(parsed, "copying", partial(of_network, seeds), CURVES, inputs=base)


@cache
def levels() -> tuple[float, float]:
    """Losses of predicting zero and of one GD step at the optimal rate on the published tasks."""
    tasks = published.tasks()
    rate = stand_ins.rate(published.INPUTS, published.CONTEXT)
    zero = float(half_mean_square(0.0, tasks.target))
    return zero, learnt.loss(learnt.by_descent(tasks, rate), tasks)


def of_network(seeds: Seeds, trained: Trained, rows: Measures) -> list[dict]:
    """All measures and curves of one network."""
    ends(rows, trained)
    history(rows, trained, seeds)
    if not trained.settings.model.softmax_layers:
        return []  # scores of a linear layer are no shares
    few = first(FEW, trained.fresh("evaluation data", trained.settings.evaluation.tasks))
    networks = {"none": trained.weights, **stand_ins.networks(trained)}
    inside(rows, trained, networks, few)
    return attention(rows, trained, networks, few)


def ends(rows: Measures, trained: Trained) -> None:
    """Losses, and agreement with one step of GD; of other networks on fewer tasks."""
    settings = trained.settings
    sets = {"fresh": trained.fresh("evaluation data", settings.evaluation.tasks)}
    sets["published"] = published_tasks(min(published.COUNT, settings.evaluation.tasks))
    for name, tasks in sets.items():
        own = learnt.by_network(settings.model, trained.weights, tasks)
        controls = stand_ins.predictors(trained, tasks) if name == "fresh" else {}
        compare(rows, trained, {"none": own, **controls}, tasks, name)
    few = first(FEW, sets["fresh"])
    other = stand_ins.other_networks(trained, few)
    compare(rows, trained, other, few, "fresh")
    if "construction" in other:
        own = learnt.by_network(settings.model, trained.weights, few)
        against(rows, own, other["construction"], "none", "fresh", "construction")


def compare(rows: Measures, trained: Trained, found: dict[str, Learnt], tasks: Tasks, name: str) -> None:
    """Each predictor against zero and against one step of GD at each named rate."""
    zero = float(half_mean_square(0.0, tasks.target))
    for plant, one in found.items():
        rows.put("loss", learnt.loss(one, tasks), plant, name)
        rows.put("loss_over_zero", learnt.loss(one, tasks) / zero, plant, name)
    for reference, rate in trained.rates().items():
        descent = learnt.by_descent(tasks, rate)
        gd_loss = learnt.loss(descent, tasks)
        if "none" in found:
            rows.put("gd_loss", gd_loss, tasks=name, reference=reference)
        for plant, one in found.items():
            rows.put("loss_over_gd", learnt.loss(one, tasks) / gd_loss, plant, name, reference)
            against(rows, one, descent, plant, name, reference)


def against(rows: Measures, one: Learnt, other: Learnt, *labels: str) -> None:
    """How near two predictors are."""
    for measure, value in learnt.agreement(one, other).items():
        rows.put(measure, value, *labels)


def history(rows: Measures, trained: Trained, seeds: Seeds) -> None:
    """When the loss dropped and reached that of GD, and when the first layer began to copy."""
    lines, (zero, gd) = precedence.of(trained.history), levels()
    dropped = precedence.dropped_at(lines, zero)
    for plant, time in {"none": dropped, "drop_1.5": 1.5 * dropped, "stored_output": STORED}.items():
        rows.put("dropped_at", time, plant, "published")
    reached = precedence.first(lines.step, lines.loss <= precedence.NEAR_GD * gd)
    rows.put("reached_gd", reached, tasks="published")
    base = seeds.base[trained.seed % len(seeds.base)]
    times = {"none": reached} | {name: factor * base for name, factor in SLOWER.items()}
    for plant, time in times.items():
        rows.put("reached_over_one_layer", time / np.median(seeds.base), plant, "published")
    count = len(seeds.drops)
    spread = {"none": seeds.drops} | {name: precedence.even(count, factor) for name, factor in EVEN.items()}
    for plant, drops in spread.items():
        rows.put("drop_spread", precedence.spreads(drops)[trained.seed], plant, "published")
    for kind, following in lines.following.items():
        for plant, one in {"none": following, **precedence.planted(lines, dropped)}.items():
            copied = precedence.copied_at(lines.step, one)
            if plant == "none":
                rows.put("copied_at", copied, plant, "published", kind)
            rows.put("lead_steps", dropped - copied, plant, "published", kind)
            rows.put("lead_over_drop", (dropped - copied) / dropped, plant, "published", kind)


def inside(rows: Measures, trained: Trained, networks: dict, few: Tasks) -> None:
    """What the first layer copies, what the second does with it, and what is left without copying."""
    model, rate = trained.settings.model, trained.rates()["gd_optimal"]
    zero = float(half_mean_square(0.0, few.target))
    fewest = first(FEWEST, few)
    for plant, weights in networks.items():
        found = {name: float(value) for name, value in _sensitivities(model, weights, fewest).items()}
        for measure, value in found.items():
            rows.put(measure, value, plant, "fresh")
        rows.put("next_over_other", found["next_each"] / found["other_each"], plant, "fresh")
        for measure, value in merging.patched(model, weights, few, rate).items():
            rows.put(measure, value, plant, "fresh", "gd_optimal")
        cosine = merging.merged_cosine(model, weights, few)
        rows.put("merged_cosine", cosine, plant, "fresh", "gd_optimal")
        faint = weights if plant.startswith("blunt") else merging.without_attention(weights)
        loss = learnt.loss(learnt.by_network(model, faint, few), few)
        rows.put("ablated_over_zero", loss / zero, plant, "fresh")


def attention(rows: Measures, trained: Trained, networks: dict, few: Tasks) -> list[dict]:
    """Shares of the first layer's attention, by offset for the trained network and the construction."""
    curves = []
    for plant, weights in networks.items():
        shares = np.asarray(merging.shares(trained.settings.model, weights, few), np.float64)
        for measure, value in merging.attention(shares).items():
            rows.put(measure, value, plant, "fresh")
        labels = {"panel": "attention", "model": plant}
        curves += [
            {**labels, "series": series, "point": offset, "value": value}
            for series, curve in merging.by_offset(shares).items()
            for offset, value in curve.items()
            if plant in ("none", "construction")
        ]
    return curves


_sensitivities = jax.jit(copying.sensitivities, static_argnums=0)
