"""`icgd scope EXPERIMENT`: scope.csv, one-layer networks on other problems and what they do there."""

import argparse
import dataclasses

import jax.numpy as jnp
import numpy as np

from icgd.analysis import learnt
from icgd.analysis.learnt import Learnt
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.cli.analysis import analyse
from icgd.cli.common import experiment_arguments
from icgd.config import Task
from icgd.randomness import stream
from icgd.references import gradient_descent, least_squares, preconditioned
from icgd.tasks.linear import Tasks

TUNING_TASKS = 50_000
MEASURES = ("model_cos", "model_diff", "fitted_scale")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which networks."""
    experiment_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Losses and cosines on the seed's own fresh tasks, against every reference."""
    analyse(parsed, "scope", scope, ("model", "coordinate", "weight"))


def scope(trained: Trained, rows: Measures) -> list[dict]:
    """Compare the network, and near misses in its place, with each reference."""
    task = trained.settings.task
    tasks = trained.fresh("evaluation data", trained.settings.evaluation.tasks)
    rate = tuned_rate(trained)
    rows.put("tuned_rate", rate)
    own = learnt.by_network(trained.settings.model, trained.weights, tasks)
    found = {"none": own, **plants(trained, tasks, rate)}
    compared = references(task, tasks, rate)
    losses = {name: learnt.loss(reference, tasks) for name, reference in compared.items()}
    cosines = {}
    for plant, one in found.items():
        rows.put("loss", learnt.loss(one, tasks), plant, "fresh")
        for name, reference in compared.items():
            rows.put("loss_over_reference", learnt.loss(one, tasks) / losses[name], plant, "fresh", name)
            values = learnt.agreement(one, reference)
            cosines[plant, name] = values["model_cos"]
            for measure in MEASURES if name != "zero" else ():
                rows.put(measure, values[measure], plant, "fresh", name)
        gain = cosines[plant, "preconditioned"] - cosines[plant, "gd_tuned"]
        rows.put("cos_gain", gain, plant, "fresh")
    return responses({"none": own, **compared}, tasks)


def tuned_rate(trained: Trained) -> float:
    """Best rate of plain GD on a set of tasks that is used for nothing else."""
    tasks = trained.fresh("tuning data", min(TUNING_TASKS, trained.settings.evaluation.tasks))
    return gradient_descent.sample_optimal_rate(tasks)


def references(task: Task, tasks: Tasks, rate: float) -> dict[str, Learnt]:
    """Zero, plain GD, preconditioned GD, ridge regression, GD from the teachers' mean."""
    best = preconditioned.best_map(preconditioned.moments(task))
    centred = preconditioned.best_rate(preconditioned.moments(dataclasses.replace(task, teacher_mean=0.0)))
    noise, mean = task.label_noise**2, task.teacher_mean
    found = {
        "zero": jnp.zeros_like(tasks.query),
        "gd_tuned": gradient_descent.one_step_weights(tasks, rate),
        "preconditioned": preconditioned.weights(tasks, best),
    }
    if noise:  # without noise ridge regression makes no error
        found["ridge"] = least_squares.weights(tasks, noise)
    if mean:
        found["gd_from_mean"] = preconditioned.from_start(tasks, centred, mean)
    return {name: learnt.of_weights(tasks, weights) for name, weights in found.items()}


def plants(trained: Trained, tasks: Tasks, rate: float) -> dict[str, Learnt]:
    """Near misses of each reference, and versions of it that are as good, in the network's place."""
    task, noise = trained.settings.task, trained.settings.task.label_noise**2
    key = stream(trained.seed, "planted faults", trained.settings.key_implementation)
    best = preconditioned.best_map(preconditioned.moments(task))
    centred = preconditioned.best_rate(preconditioned.moments(dataclasses.replace(task, teacher_mean=0.0)))
    plain = learnt.by_descent(tasks, rate)
    mean = task.teacher_mean
    found = {"preconditioned_1.03": preconditioned.weights(tasks, 1.03 * best)}
    if noise:
        found["ridge_1.1"] = least_squares.weights(tasks, 1.1 * noise)
        found["ridge_10"] = least_squares.weights(tasks, 10 * noise)
    if mean:
        found["from_mean_1.05"] = preconditioned.from_start(tasks, 1.05 * centred, mean)
        found["from_0.75_of_the_mean"] = preconditioned.from_start(tasks, centred, 0.75 * mean)
    return {
        "gd_closed_form": learnt.by_descent(tasks, preconditioned.best_rate(preconditioned.moments(task))),
        "gd_1.25": learnt.faster(plain, 1.25),
        "gd_tilted_0.25": learnt.tilted(plain, tasks, 0.25, key),
        **{name: learnt.of_weights(tasks, weights) for name, weights in found.items()},
    }


def responses(models: dict[str, Learnt], tasks: Tasks) -> list[dict]:
    """How each coordinate of the learnt weights follows that of the gradient h: E w_j h_j / E h_j^2."""
    gradient = gradient_descent.one_step_weights(tasks, 1.0)
    rows = []
    for name, model in models.items():
        slopes = jnp.sum(model.weights * gradient, axis=0) / jnp.sum(gradient**2, axis=0)
        rows += [
            {"model": name, "coordinate": index, "weight": float(slope)}
            for index, slope in enumerate(np.asarray(slopes))
        ]
    return rows
