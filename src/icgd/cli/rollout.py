"""`icgd rollout EXPERIMENT`: rollout.csv and rollout-curves.csv of its one-layer networks."""

import argparse
from functools import cache
from typing import NamedTuple

import numpy as np

from icgd.analysis import rollout
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.analysis.products import Products
from icgd.analysis.shared_tasks import published_tasks
from icgd.cli.analysis import analyse
from icgd.cli.common import experiment_arguments
from icgd.references import spectra
from icgd.tasks import published
from icgd.tasks.linear import Tasks

CURVES = ("tasks", "damping", "model", "step", "loss")
DAMPINGS = (*rollout.DAMPINGS, 0.5)  # half the damping is a control
Key = tuple[str, float]  # network or reference, damping


class Steps(NamedTuple):
    """eta / N of each reference."""

    gd_optimal: float
    gd_published: float


class Descents(NamedTuple):
    """What the references do on a set of tasks."""

    losses: dict[Key, np.ndarray]
    measures: Measures


REFERENCES = Steps._fields


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which networks."""
    experiment_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Roll out on the published tasks and on fresh ones, at three dampings."""
    analyse(parsed, "rollout", repeated, CURVES)


def repeated(trained: Trained, rows: Measures) -> list[dict]:
    """Losses of repeated application on both task sets."""
    count, curves = trained.settings.evaluation.shifted_tasks, []
    sets = {
        "published": published_tasks(min(published.COUNT, count)),
        "fresh": trained.fresh("roll-out data", count),
    }
    steps = step_sizes(trained)
    found = {
        "published": published_descents(len(sets["published"].target), steps),
        "fresh": descents("fresh", sets["fresh"], steps),
    }
    for name, tasks in sets.items():
        losses = networks(trained, tasks) | found[name].losses
        measure(rows, name, losses)
        rows += found[name].measures
        curves += [
            {"tasks": name, "damping": damping, "model": model, "step": index + 1, "loss": value}
            for (model, damping), curve in losses.items()
            for index, value in enumerate(curve)
            if model in ("none", *REFERENCES)
        ]
    return curves


def plants(trained: Trained) -> dict[str, Products]:
    """The network and its controls: other learning rates, and the construction."""
    kq, pv = trained.products
    slower_and_faster = {f"rate_{f}": Products(kq, f * pv) for f in (0.9, 1.06, 1.15)}
    return {"none": trained.products, **slower_and_faster, "hand_set": trained.hand_set}


def networks(trained: Trained, tasks: Tasks) -> dict[Key, np.ndarray]:
    """Losses of 50 applications of the network and of its controls."""
    model = trained.settings.model
    return {
        (name, damping): rollout.network(model, found.weights, tasks, damping, rollout.STEPS)
        for name, found in plants(trained).items()
        for damping in DAMPINGS
    }


def descents(name: str, tasks: Tasks, steps: Steps) -> Descents:
    """The references, 50 steps of each at every damping."""
    spectrum = spectra.spectrum(tasks)
    losses = {
        (reference, damping): rollout.descent(spectrum, damping * step, rollout.STEPS)
        for reference, step in zip(REFERENCES, steps, strict=True)
        for damping in DAMPINGS
    }
    return Descents(losses, rollout.descent_measures(name, spectrum, steps.gd_published))


@cache
def published_descents(count: int, steps: Steps) -> Descents:
    """`descents` on the published tasks, the same for every seed."""
    return descents("published", published_tasks(count), steps)


def step_sizes(trained: Trained) -> Steps:
    """eta / N of the references."""
    return Steps(*(trained.rates()[name] / trained.settings.task.context for name in REFERENCES))


def measure(rows: Measures, tasks: str, losses: dict[Key, np.ndarray]) -> None:
    """What the claims about repeated application of the network are decided on."""
    for name in sorted({name for name, _ in losses} - set(REFERENCES)):
        for reference in REFERENCES:
            gap = rollout.gap(losses[name, 0.75], losses[reference, 0.75])
            rows.put("gap_0.75", gap, name, tasks, reference)
            earlier = rollout.exit_step(losses[name, 0.875]) < rollout.exit_step(losses[reference, 0.875])
            rows.put("leaves_earlier", earlier, name, tasks, reference)
        rows.put("minimum_step", rollout.minimum_step(losses[name, 1.0]), name, tasks)
        rows.put("exit_step", rollout.exit_step(losses[name, 0.875]), name, tasks)
        rows.put("decreasing_50", rollout.decreasing(losses[name, 0.75]), name, tasks)
    for plant, damping in (("damping_0.5", 0.5), ("damping_1", 1.0)):
        rows.put("minimum_step", rollout.minimum_step(losses["none", damping]), plant, tasks)
        rows.put("decreasing_50", rollout.decreasing(losses["none", damping]), plant, tasks)
