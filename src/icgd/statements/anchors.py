"""Plain gradient descent repeated on the published tasks, and readings of a published panel."""

import sys

import numpy as np

from icgd.config import Config
from icgd.references import closed_form, eigenbasis
from icgd.statements.published_figures import readings
from icgd.statements.table import Rows, statement, statements
from icgd.tasks import published

STEPS, LONG = 50, 1000
S2 = closed_form.variance(1.0)


def run(config: Config, scale: str) -> Rows:
    """Every anchor; the same at every scale."""
    rows = Rows()
    for anchor in statements(sys.modules[__name__]):
        rows.add(anchor, rows)
    return rows


@statement(unit={"gd_minimum_step": "steps"})
def repeated_descent(rows: Rows) -> None:
    """Stability of plain GD at the published rate: the minimum, 50 and 1000 damped steps."""
    step, spectrum = closed_form.RATE_PUBLISHED / published.CONTEXT, eigenbasis.spectrum(published.tasks())
    dampings = {  # of the roll-outs whose lowest loss and whose fall count
        "statement": (1.0, 0.75),
        "damping 0.5: damped by half": (0.5, 0.5),
        "damping 1: not damped": (1.0, 1.0),
    }
    for subject, (undamped, damped) in dampings.items():
        losses = eigenbasis.repeated(spectrum, undamped * step, STEPS)
        falling = eigenbasis.repeated(spectrum, damped * step, STEPS)
        late = eigenbasis.repeated(spectrum, damped * step, 1, every=LONG)[0]
        what = "gd_minimum_step: Step of the lowest loss of plain GD among 50, undamped."
        rows.put({subject: np.nanargmin(losses) + 1}, "", what, tasks="published")
        what = "gd_decreasing_50: 1 if the loss of plain GD falls at each of 50 steps, damping 0.75."
        rows.put({subject: np.all(np.diff(falling) < 0)}, "", what, tasks="published")
        what = "gd_lower_at_1000: 1 if plain GD's loss after 1000 damped steps is below that after 50."
        rows.put({subject: late < falling[-1]}, "", what, tasks="published")


@statement
def third_panel_gap(rows: Rows) -> dict:
    """Largest log ratio of the values of their Fig. 2 (third panel) to a reading of it.

    The statement's: one network of N = d = 10 shown longer contexts, as GD at its fixed rate would do.
    """
    values = readings.numbers("fig2_third_panel")
    step = closed_form.optimal_rate(10, 10, S2) / 10
    supposed = {
        "statement": lambda n: closed_form.one_step_loss(step * n, 10, n, S2),
        "separately_trained: d = N, one network for each size": lambda n: closed_form.optimal_loss(n, n, S2),
        "more_context 20: the same with 20 % more context than they state": lambda n: (
            closed_form.optimal_loss(n, round(1.2 * n), S2)
        ),
    }
    return {
        subject: max(abs(np.log(value / loss(n))) for n, value in values.items())
        for subject, loss in supposed.items()
    }
