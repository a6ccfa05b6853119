"""`icgd data`: evaluation.csv, the losses that prove the published evaluation tasks."""

import argparse

from icgd import paths
from icgd.cli.common import scale_arguments
from icgd.config import load
from icgd.files import write_table
from icgd.provenance import Recorder
from icgd.references import closed_form, gradient_descent
from icgd.tasks import published, shifted
from icgd.tasks.linear import Tasks, half_mean_square

COLUMNS = ("tasks", "point", "count", "zero_predictor_loss", "gd_published_loss")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Only where to write."""
    scale_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Rebuild every published task set; fails if the base set is not the published one, to 1e-5."""
    scale = parsed.scale or load(parsed.config).scale
    recorder = Recorder("data", {})
    base = published.tasks()
    published.check(base)
    rows = [row("base", "", base)]
    for panel in shifted.PUBLISHED_TASKS:
        rows += [row(panel, point, tasks) for point, tasks in shifted.released(panel, 10_000).items()]
    for count in shifted.SWEEPS["distractors"]:
        rows.append(row("distractors", count, published.noisy_labels(int(count))))
    output = paths.RESULTS / scale / "data" / "evaluation.csv"
    write_table(output, COLUMNS, rows)
    recorder.write([output])


def row(name: str, point: float | str, tasks: Tasks) -> dict:
    """Two losses of one task set."""
    prediction = gradient_descent.one_step(tasks, closed_form.RATE_PUBLISHED)
    return {
        "tasks": name,
        "point": point,
        "count": len(tasks.target),
        "zero_predictor_loss": float(half_mean_square(0.0, tasks.target)),
        "gd_published_loss": float(half_mean_square(prediction, tasks.target)),
    }
