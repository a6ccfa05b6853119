"""`icgd references`: anchors.csv, rates and losses of the reference predictors."""

import argparse

import numpy as np

from icgd import paths
from icgd.analysis import rollout
from icgd.analysis.measuring import COLUMNS, Measures
from icgd.cli.common import scale_arguments
from icgd.config import load
from icgd.files import read_table, write_table
from icgd.provenance import Recorder
from icgd.randomness import stream
from icgd.references import closed_form, gradient_descent, least_squares, spectra
from icgd.tasks import linear, published
from icgd.tasks.linear import half_mean_square

TUNING_TASKS = 50_000
ANCHORS = paths.Path("published") / "numbers.csv"
S2 = closed_form.variance(1.0)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Only where to write."""
    scale_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Closed forms, line searches and roll-outs of the references; the same at every scale."""
    config = load(parsed.config)
    scale = parsed.scale or config.scale
    recorder = Recorder("references", {"key_implementation": config.key_implementation})
    rows = Measures()
    closed_forms(rows)
    tuned(rows, config.key_implementation)
    on_published_tasks(rows)
    third_panel(rows)
    output = paths.RESULTS / scale / "references" / "anchors.csv"
    write_table(output, COLUMNS, rows)
    recorder.write([output], [ANCHORS])


def closed_forms(rows: Measures) -> None:
    """Population values at the base setting and along d = N."""
    for size in (5, 10, 20, 35, 50):
        rows.put("optimal_loss", closed_form.optimal_loss(size, size, S2), tasks=f"d = N = {size}")
        rate = closed_form.optimal_rate(size, size, S2)
        rows.put("optimal_rate", rate, tasks=f"d = N = {size}")
    rows.put("zero_loss", closed_form.zero_loss(10, S2), tasks="d = N = 10")
    rows.put("plateau_loss", closed_form.plateau_loss(1, 10, 10, S2), tasks="d = N = 10")
    rows.put("least_squares_loss", least_squares.noiseless_loss(10, 10, S2), tasks="d = N = 10")


def tuned(rows: Measures, implementation: str) -> None:
    """Rates tuned on a set of their own, and losses by eigenvalues of its inputs."""
    tasks = linear.sample(stream(0, "tuning data", implementation), TUNING_TASKS, 10, 10)
    rows.put("sample_optimal_rate", gradient_descent.sample_optimal_rate(tasks), tasks="tuning")
    inputs = np.asarray(tasks.inputs, np.float64)
    eigenvalues = np.linalg.eigvalsh(np.einsum("tnd,tne->tde", inputs, inputs))
    optimal = closed_form.optimal_rate(10, 10, S2) / 10
    for steps, shared in ((1, optimal), (2, 0.5975), (5, 0.553)):
        loss = gradient_descent.eigenvalue_loss(eigenvalues, S2, [shared] * steps)
        rows.put("shared_rate_loss", loss, tasks="tuning", reference=f"{steps} steps at {shared:.4f}")


def on_published_tasks(rows: Measures) -> None:
    """The released line search, and roll-outs at the published rate."""
    tasks = published.tasks()
    for steps in (1, 2, 5, 10, 12):
        rate, loss = gradient_descent.released_line_search(tasks, steps)
        rows.put("released_rate", rate, tasks="published", reference=f"{steps} steps")
        rows.put("released_loss", loss, tasks="published", reference=f"{steps} steps")
    step, spectrum = closed_form.RATE_PUBLISHED / published.CONTEXT, spectra.spectrum(tasks)
    for damping in rollout.DAMPINGS:
        losses = rollout.descent(spectrum, damping * step, rollout.STEPS)
        for count, loss in enumerate(losses, start=1):
            rows.put(f"roll_out_{damping}", loss, tasks="published", reference=f"step {count}")
    rows += rollout.descent_measures("published", spectrum, step)
    rows.put("zero_predictor_loss", half_mean_square(0.0, tasks.target), tasks="published")


def third_panel(rows: Measures) -> None:
    """Which reading of their Fig. 2 (third panel) its values fit: largest |ln published - ln read|.

    none: one network of N = d = 10 shown longer contexts (transfer), as GD at its fixed rate would
    do; separately_trained: d = N, one network for each; more_context_20: the same with 20 % more
    context than they state.
    """
    shown = [row for row in read_table(ANCHORS) if row["measure"] == "fig2_third_panel"]
    values = {int(row["case"]): float(row["value"]) for row in shown}
    step = closed_form.optimal_rate(10, 10, S2) / 10
    readings = {
        "none": lambda n: closed_form.one_step_loss(step * n, 10, n, S2),
        "separately_trained": lambda n: closed_form.optimal_loss(n, n, S2),
        "more_context_20": lambda n: closed_form.optimal_loss(n, round(1.2 * n), S2),
    }
    for plant, loss in readings.items():
        gap = max(abs(float(np.log(value / loss(n)))) for n, value in values.items())
        rows.put("third_panel_gap", gap, plant)
