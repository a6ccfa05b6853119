"""`icgd align EXPERIMENT`: alignment.csv and interpolation.csv of its one-layer networks."""

import argparse
import dataclasses

from icgd.analysis import interpolation, learnt, products
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.analysis.shared_tasks import published_tasks
from icgd.cli.analysis import analyse
from icgd.cli.common import experiment_arguments
from icgd.models import transformer
from icgd.randomness import stream
from icgd.references import closed_form, gradient_descent
from icgd.tasks import linear, published, sampling


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which networks."""
    experiment_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Measure on the seed's own fresh tasks, and on the published ones at the base setting."""
    analyse(parsed, "align", alignment_of, ("plant", "point", "loss"))


def alignment_of(trained: Trained, rows: Measures) -> list[dict]:
    """Weights, losses and alignment, and the paths to the construction."""
    plants = planted(trained)
    for name, found in plants.items():
        for measure, value in products.measures(found, trained.optimal_step).items():
            rows.put(measure, value, name)
    for name, tasks in task_sets(trained).items():
        compare(rows, trained, plants, name, tasks)
    one_more_pair(rows, trained)
    return interpolate(rows, trained)


def planted(trained: Trained) -> dict[str, products.Products]:
    """The network and its controls."""
    model, seed, implementation = trained.settings.model, trained.seed, trained.settings.key_implementation
    start_key = stream(seed, "initialisation", implementation)
    start = transformer.initialise(model, trained.settings.task.inputs, start_key)
    key = stream(seed, "planted faults", implementation)
    return products.planted(trained.products, trained.hand_set, products.of(start), key)


def task_sets(trained: Trained) -> dict[str, linear.Tasks]:
    """Fresh tasks of this seed; the published ones where they are the same problem."""
    sets = {"fresh": trained.fresh("evaluation data", trained.settings.evaluation.tasks)}
    if published.is_setting(trained.settings.task):
        sets["published"] = published_tasks(min(published.COUNT, trained.settings.evaluation.tasks))
    return sets


def compare(
    rows: Measures,
    trained: Trained,
    plants: dict[str, products.Products],
    tasks_name: str,
    tasks: linear.Tasks,
) -> None:
    """Losses and alignment of every planted network against GD, on the same tasks."""
    model = trained.settings.model
    learnts = learnt.by_networks(model, [found.weights for found in plants.values()], tasks)
    for reference, rate in trained.rates().items():
        theirs = learnt.by_descent(tasks, rate)
        gd_loss = learnt.loss(theirs, tasks)
        rows.put("gd_loss", gd_loss, tasks=tasks_name, reference=reference)
        for name, ours in zip(plants, learnts, strict=True):
            values = {"loss": learnt.loss(ours, tasks), **learnt.agreement(ours, theirs)}
            for key, value in values.items():
                rows.put(key, value, name, tasks_name, reference)
            rows.put("loss_over_gd", values["loss"] / gd_loss, name, tasks_name, reference)
            if (tasks_name, reference) == ("fresh", "gd_optimal"):
                population = trained.optimal_loss + values["loss"] - gd_loss
                rows.put("population_over_optimum", population / trained.optimal_loss, name, tasks_name)
    if tasks_name == "fresh":
        against_closed_form(rows, trained, plants["hand_set"], tasks)


def against_closed_form(
    rows: Measures, trained: Trained, hand_set: products.Products, tasks: linear.Tasks
) -> None:
    """Sampled loss of one GD step, of the layer that is it, and of one that is too fast, over L*."""
    rate = trained.rates()["gd_optimal"]
    layer = learnt.predict(trained.settings.model, hand_set.weights, tasks)
    for plant, prediction in (
        ("none", gradient_descent.one_step(tasks, rate)),
        ("rate_1.15", gradient_descent.one_step(tasks, 1.15 * rate)),
        ("hand_set", layer),
    ):
        loss = float(linear.half_mean_square(prediction, tasks.target))
        rows.put("gd_over_optimum", loss / trained.optimal_loss, plant, "fresh")


def one_more_pair(rows: Measures, trained: Trained) -> None:
    """A predictor that is better than the claimed optimum: optimal GD that sees one more pair."""
    task, s2 = trained.settings.task, closed_form.variance(trained.settings.task.input_range)
    key = stream(trained.seed, "one more pair", trained.settings.key_implementation)
    count, more = trained.settings.evaluation.tasks, task.context + 1
    tasks = sampling.draw(dataclasses.replace(task, context=more), key, count)
    fewer = tasks._replace(inputs=tasks.inputs[:, :-1], targets=tasks.targets[:, :-1])
    rate = closed_form.optimal_rate(task.inputs, more, s2)
    ahead = linear.half_mean_square(gradient_descent.one_step(tasks, rate), tasks.target)
    usual = gradient_descent.one_step(fewer, trained.rates()["gd_optimal"])
    population = trained.optimal_loss + float(ahead - linear.half_mean_square(usual, tasks.target))
    rows.put("population_over_optimum", population / trained.optimal_loss, "one_more_pair", "fresh")


def interpolate(rows: Measures, trained: Trained) -> list[dict]:
    """Barriers on the paths to the construction, and the paths themselves."""
    tasks = trained.fresh("evaluation data", trained.settings.evaluation.tasks)

    paths = interpolation.paths(trained.weights, trained.hand_set, trained.optimal_step)
    losses = {
        name: learnt.losses(trained.settings.model, [point.weights for point in path], tasks)
        for name, path in paths.items()
    }
    for name, path in losses.items():
        rows.put("barrier", interpolation.barrier(path), name, "fresh")
        middle = trained.optimal_loss + path[interpolation.MIDDLE] - path[-1]  # the end is GD
        rows.put("interpolated_over_optimum", middle / trained.optimal_loss, name, "fresh")
    return [
        {"plant": name, "point": index, "loss": value}
        for name, path in losses.items()
        for index, value in enumerate(path)
    ]
