"""`icgd rollout EXPERIMENT --seed S`: rollout.csv and rollout-curves.csv of one trained network."""

import argparse

import numpy as np

from icgd import paths
from icgd.analysis import rollout
from icgd.analysis.measuring import COLUMNS, Measures
from icgd.analysis.networks import Trained, load
from icgd.analysis.products import Products
from icgd.cli.common import seed_arguments, seed_settings
from icgd.config import AnalysisSettings, plain
from icgd.files import write_table
from icgd.provenance import Recorder
from icgd.tasks import published
from icgd.tasks.linear import Tasks

CURVES = ("tasks", "damping", "model", "step", "loss")
REFERENCES = ("gd_optimal", "gd_published")
LONG = 1000  # steps of the long run


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which network."""
    seed_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Roll out on the published tasks and on fresh ones, at three dampings."""
    scale, settings = seed_settings(parsed, AnalysisSettings)
    recorder = Recorder("rollout", plain(settings), parsed.seed)
    source = paths.weights(scale, parsed.experiment, parsed.seed)
    trained = load(source, settings, parsed.seed)
    rows, curves = Measures(), []
    count = settings.evaluation.shifted_tasks
    sets = {
        "published": published.tasks(min(published.COUNT, count)),
        "fresh": trained.fresh("roll-out data", count),
    }
    for name, tasks in sets.items():
        losses = roll_outs(trained, tasks)
        measure(rows, name, losses)
        measure_long(rows, name, trained, tasks)
        curves += [
            {"tasks": name, "damping": damping, "model": model, "step": index + 1, "loss": value}
            for (model, damping), curve in losses.items()
            for index, value in enumerate(curve)
            if model in ("none", *REFERENCES)
        ]
    outputs = source.with_name("rollout.csv"), source.with_name("rollout-curves.csv")
    write_table(outputs[0], COLUMNS, rows)
    write_table(outputs[1], CURVES, curves)
    recorder.write(outputs, (source,))


def plants(trained: Trained) -> dict[str, Products]:
    """The network and its controls: other learning rates, and the construction."""
    kq, pv = trained.products
    slower_and_faster = {f"rate_{f}": Products(kq, f * pv) for f in (0.9, 1.06, 1.15)}
    return {"none": trained.products, **slower_and_faster, "hand_set": trained.hand_set}


def roll_outs(trained: Trained, tasks: Tasks) -> dict[tuple[str, float], np.ndarray]:
    """(network or reference, damping) -> losses of 50 steps; half the damping is a control."""
    losses = {}
    for damping in (*rollout.DAMPINGS, 0.5):
        for name, found in plants(trained).items():
            model = trained.settings.model
            losses[name, damping] = rollout.network(model, found.weights, tasks, damping, rollout.STEPS)
        for name in REFERENCES:
            losses[name, damping] = rollout.descent(tasks, trained.rates()[name], damping, rollout.STEPS)
    return losses


def measure(rows: Measures, tasks: str, losses: dict[tuple[str, float], np.ndarray]) -> None:
    """What the claims about repeated application are decided on."""
    names = sorted({name for name, _ in losses})
    for name in names:
        for reference in REFERENCES:
            rows.put("gap_0.75", rollout.gap(losses[name, 0.75], losses[reference, 0.75]), name, tasks, reference)
            earlier = rollout.exit_step(losses[name, 0.875]) < rollout.exit_step(losses[reference, 0.875])
            rows.put("leaves_earlier", earlier, name, tasks, reference)
        rows.put("minimum_step", rollout.minimum_step(losses[name, 1.0][:20]), name, tasks)
        rows.put("exit_step", rollout.exit_step(losses[name, 0.875]), name, tasks)
        rows.put("decreasing_50", rollout.decreasing(losses[name, 0.75]), name, tasks)
    for name in ("none", *REFERENCES):
        rows.put("minimum_step", rollout.minimum_step(losses[name, 0.5][:20]), f"{name}, damping 0.5", tasks)
        rows.put("decreasing_50", rollout.decreasing(losses[name, 0.5]), f"{name}, damping 0.5", tasks)
        rows.put("decreasing_50", rollout.decreasing(losses[name, 1.0]), f"{name}, damping 1", tasks)


def measure_long(rows: Measures, name: str, trained: Trained, tasks: Tasks) -> None:
    """A thousand steps of GD at the published rate; the largest eigenvalue that it has to bear."""
    for damping in (0.75, 0.5):
        losses = rollout.descent(tasks, trained.rates()["gd_published"], damping, LONG)
        plant = "gd_published" if damping == 0.75 else "gd_published, damping 0.5"
        rows.put("decreasing_1000", losses[-1] < losses[rollout.STEPS - 1] and np.all(np.isfinite(losses)), plant, name)
    inputs = np.asarray(tasks.inputs, np.float64)
    largest = np.linalg.eigvalsh(np.einsum("tnd,tne->tde", inputs, inputs)).max()
    rows.put("largest_eigenvalue", largest, tasks=name)
    step = trained.rates()["gd_published"] / trained.settings.task.context
    rows.put("critical_damping", 2 / (step * largest), tasks=name)
