"""`icgd align EXPERIMENT --seed S`: alignment.csv and interpolation.csv of one trained network."""

import argparse

import jax
import numpy as np

from icgd import paths
from icgd.analysis import alignment, interpolation, products
from icgd.analysis.measuring import COLUMNS, Measures
from icgd.analysis.networks import Trained, base_setting, load
from icgd.cli.common import seed_arguments, seed_settings
from icgd.config import AnalysisSettings, plain
from icgd.files import read_table, write_table
from icgd.models import attention
from icgd.provenance import Recorder
from icgd.randomness import stream
from icgd.references import closed_form, gradient_descent
from icgd.tasks import linear, published
from icgd.training import engine


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which network."""
    seed_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Measure on the seed's own fresh tasks, and on the published ones at the base setting."""
    scale, settings = seed_settings(parsed, AnalysisSettings)
    recorder = Recorder("align", plain(settings), parsed.seed)
    source = paths.weights(scale, parsed.experiment, parsed.seed)
    history = paths.history(scale, parsed.experiment, parsed.seed)
    trained = load(source, settings, parsed.seed)
    rows = Measures()
    convergence(rows, read_table(history), settings)
    plants = planted(trained)
    for name, found in plants.items():
        for measure, value in products.measures(found, trained.optimal_step).items():
            rows.put(measure, value, name)
    for tasks_name, tasks in task_sets(trained).items():
        compare(rows, trained, plants, tasks_name, tasks)
    curve = interpolate(rows, trained)
    folder = source.parent
    outputs = folder / "alignment.csv", folder / "interpolation.csv"
    write_table(outputs[0], COLUMNS, rows)
    write_table(outputs[1], ("plant", "point", "loss"), curve)
    recorder.write(outputs, (source, history))


def convergence(rows: Measures, history: list[dict[str, str]], settings: AnalysisSettings) -> None:
    """Has the training loss over the last 500 steps left the plateau?"""
    last = float(history[-1]["step"])
    tail = [float(row["training_loss"]) for row in history[1:] if float(row["step"]) > last - 500]
    s2 = closed_form.variance(settings.task.input_range)
    zero = closed_form.zero_loss(settings.task.inputs, s2)
    rows.put("final_training_loss", np.mean(tail))
    rows.put("converged", np.mean(tail) < settings.evaluation.converged_below * zero)


def planted(trained: Trained) -> dict[str, products.Products]:
    """The network and its controls."""
    task, seed, implementation = trained.settings.task, trained.seed, trained.settings.key_implementation
    start = attention.initialise(
        trained.settings.model, task.inputs + 1, stream(seed, "initialisation", implementation)
    )
    key = stream(seed, "planted faults", implementation)
    return products.planted(trained.products, trained.hand_set, products.of(start), key)


def task_sets(trained: Trained) -> dict[str, linear.Tasks]:
    """Fresh tasks of this seed; the published ones where they are the same problem."""
    sets = {"fresh": trained.fresh("evaluation data", trained.settings.evaluation.tasks)}
    if base_setting(trained.settings.task):
        sets["published"] = published.tasks(min(published.COUNT, trained.settings.evaluation.tasks))
    return sets


def compare(
    rows: Measures,
    trained: Trained,
    plants: dict[str, products.Products],
    tasks_name: str,
    tasks: linear.Tasks,
) -> None:
    """Losses and alignment of every planted network against GD, on the same tasks."""
    measure = jax.jit(alignment.measures, static_argnums=0)
    for reference, rate in trained.rates().items():
        gd_loss = float(linear.half_mean_square(gradient_descent.one_step(tasks, rate), tasks.target))
        rows.put("gd_loss", gd_loss, tasks=tasks_name, reference=reference)
        for name, found in plants.items():
            values = measure(trained.settings.model, found.weights, tasks, rate)
            for key, value in values.items():
                rows.put(key, value, name, tasks_name, reference)
            rows.put("loss_over_gd", values["loss"] / gd_loss, name, tasks_name, reference)
            if (tasks_name, reference) == ("fresh", "gd_optimal"):
                population = trained.optimal_loss + float(values["loss"]) - gd_loss
                rows.put("population_over_optimum", population / trained.optimal_loss, name, tasks_name)


def interpolate(rows: Measures, trained: Trained) -> list[dict]:
    """Barriers on the paths to the construction, and the paths themselves."""
    tasks = trained.fresh("evaluation data", trained.settings.evaluation.tasks)
    predict = jax.jit(engine.predict, static_argnums=0)

    def loss(point: products.Products) -> float:
        prediction = predict(trained.settings.model, point.weights, tasks)
        return float(linear.half_mean_square(prediction, tasks.target))

    step = trained.optimal_step
    losses = interpolation.paths(trained.weights, trained.hand_set, step, loss)
    for name, path in losses.items():
        rows.put("barrier", interpolation.barrier(path), name, "fresh")
        middle = trained.optimal_loss + path[interpolation.MIDDLE] - path[-1]  # the end is GD
        rows.put("interpolated_over_optimum", middle / trained.optimal_loss, name, "fresh")
    return [
        {"plant": name, "point": index, "loss": value}
        for name, path in losses.items()
        for index, value in enumerate(path)
    ]
