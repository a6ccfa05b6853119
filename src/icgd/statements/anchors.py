"""Rates and losses of the reference predictors; the same at every scale."""

from pathlib import Path

import numpy as np

from icgd import paths
from icgd.config import Config
from icgd.files import read_table
from icgd.random import stream
from icgd.references import closed_form, descent, eigenbasis, least_squares
from icgd.statements.table import Rows, statement
from icgd.tasks import linear, published
from icgd.tasks.linear import half_mean_square

TUNING_TASKS = 50_000
STEPS, LONG = 50, 1000
# of the roll-outs whose lowest loss and whose fall count
DAMPINGS = {"statement": (1.0, 0.75), "damping 0.5": (0.5, 0.5), "damping 1": (1.0, 1.0)}
S2 = closed_form.variance(1.0)


def inputs(scale: str) -> list[Path]:
    """The values of a published panel."""
    return [paths.NUMBERS]


def run(config: Config, scale: str) -> Rows:
    """Every anchor."""
    rows = Rows()
    closed_forms(rows)
    tuned(rows, config.key_implementation)
    on_published_tasks(rows)
    repeated_descent(rows)
    third_panel_gap(rows)
    return rows


@statement(
    measures={
        "optimal_loss": "Population loss of one step of GD at its best rate.",
        "optimal_rate": "Best rate of one step of GD.",
        "zero_loss": "Population loss of predicting zero.",
        "plateau_loss": "Population loss of the best layer of rank one.",
        "least_squares_loss": "Population loss of least squares.",
    }
)
def closed_forms(rows: Rows) -> None:
    """Population values at the base setting and along d = N."""
    for size in (5, 10, 20, 35, 50):
        rows.put("optimal_loss", closed_form.optimal_loss(size, size, S2), tasks=f"d = N = {size}")
        rows.put("optimal_rate", closed_form.optimal_rate(size, size, S2), tasks=f"d = N = {size}")
    rows.put("zero_loss", closed_form.zero_loss(10, S2), tasks="d = N = 10")
    rows.put("plateau_loss", closed_form.plateau_loss(1, 10, 10, S2), tasks="d = N = 10")
    rows.put("least_squares_loss", least_squares.noiseless_loss(10, 10, S2), tasks="d = N = 10")


@statement(
    measures={
        "sample_optimal_rate": "Best rate of one step of GD on a set of tasks of its own.",
        "shared_rate_loss": "Loss of steps of GD at one rate, by the eigenvalues of these tasks.",
    }
)
def tuned(rows: Rows, implementation: str) -> None:
    """Rates tuned on a set of their own, and losses by eigenvalues of its inputs."""
    tasks = linear.sample(stream(0, "tuning data", implementation), TUNING_TASKS, 10, 10)
    rows.put("sample_optimal_rate", descent.sample_optimal_rate(tasks), tasks="tuning")
    eigenvalues = eigenbasis.eigenvalues(tasks)
    for steps, shared in ((1, closed_form.optimal_rate(10, 10, S2) / 10), (2, 0.5975), (5, 0.553)):
        loss = eigenbasis.eigenvalue_loss(eigenvalues, S2, [shared] * steps)
        rows.put("shared_rate_loss", loss, tasks="tuning", reference=f"{steps} steps at {shared:.4f}")


@statement(
    measures={
        "released_rate": "Rate that the released line search finds.",
        "released_loss": "Loss of GD at that rate.",
        "zero_predictor_loss": "Loss of predicting zero.",
    }
)
def on_published_tasks(rows: Rows) -> None:
    """The released line search on the published tasks."""
    tasks = published.tasks()
    for steps in (1, 2, 5, 10, 12):
        rate, loss = descent.released_line_search(tasks, steps)
        rows.put("released_rate", rate, tasks="published", reference=f"{steps} steps")
        rows.put("released_loss", loss, tasks="published", reference=f"{steps} steps")
    rows.put("zero_predictor_loss", half_mean_square(0.0, tasks.target), tasks="published")


@statement(
    measures={
        "gd_minimum_step": "Step of the lowest loss of plain GD among 50, undamped.",
        "gd_decreasing_50": "1 if the loss of plain GD falls at each of 50 steps, damping 0.75.",
        "gd_lower_at_1000": "1 if plain GD's loss after 1000 damped steps (0.75) is below that after 50.",
        "largest_eigenvalue": "Largest eigenvalue of X X^T among the tasks.",
        "critical_damping": "Damping above which GD at the published rate diverges on these tasks.",
    },
    subjects={"damping 0.5": "damped by half", "damping 1": "not damped"},
)
def repeated_descent(rows: Rows) -> None:
    """Stability of plain GD at the published rate: the minimum, 50 and 1000 damped steps."""
    step, spectrum = closed_form.RATE_PUBLISHED / published.CONTEXT, eigenbasis.spectrum(published.tasks())
    for subject, (undamped, damped) in DAMPINGS.items():
        losses = eigenbasis.repeated(spectrum, undamped * step, STEPS)
        falling = eigenbasis.repeated(spectrum, damped * step, STEPS)
        late = eigenbasis.repeated(spectrum, damped * step, 1, every=LONG)[0]
        rows.put("gd_minimum_step", {subject: np.nanargmin(losses) + 1}, tasks="published")
        rows.put("gd_decreasing_50", {subject: np.all(np.diff(falling) < 0)}, tasks="published")
        rows.put("gd_lower_at_1000", {subject: late < falling[-1]}, tasks="published")
    largest = spectrum.values.max()
    rows.put("largest_eigenvalue", largest, tasks="published")
    rows.put("critical_damping", 2 / (step * largest), tasks="published")


@statement(
    subjects={
        "separately_trained": "d = N, one network for each size",
        "more_context 20": "the same with 20 % more context than they state",
    }
)
def third_panel_gap(rows: Rows) -> None:
    """Largest log ratio of the values of their Fig. 2 (third panel) to a reading of it.

    The statement's: one network of N = d = 10 shown longer contexts, as GD at its fixed rate would do.
    """
    shown = [row for row in read_table(paths.NUMBERS) if row["measure"] == "fig2_third_panel"]
    values = {int(row["case"]): float(row["value"]) for row in shown}
    step = closed_form.optimal_rate(10, 10, S2) / 10
    readings = {
        "statement": lambda n: closed_form.one_step_loss(step * n, 10, n, S2),
        "separately_trained": lambda n: closed_form.optimal_loss(n, n, S2),
        "more_context 20": lambda n: closed_form.optimal_loss(n, round(1.2 * n), S2),
    }
    gaps = {
        subject: max(abs(np.log(value / loss(n))) for n, value in values.items())
        for subject, loss in readings.items()
    }
    rows.put("third_panel_gap", gaps)
