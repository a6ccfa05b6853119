"""The learning rates behind the published lines of gradient descent, and where they were tuned."""

from functools import cache

import numpy as np
from scipy.optimize import brentq

from icgd.errors import IcgdError
from icgd.random import stream
from icgd.references import descent, eigenbasis
from icgd.references.eigenbasis import BRACKET, Spectrum, best_rate
from icgd.statements.published_figures import readings, rebuilt
from icgd.statements.published_figures.rebuilt import mean_length, mean_prediction, spectrum, zero_loss
from icgd.statements.table import statement
from icgd.tasks import linear, published
from icgd.tasks.linear import Tasks

STEPS = {"fig2": 1, "fig3a": 2, "fig3b": 5, "fig7": 10}  # steps of GD in the figure
ONE_LAYER = ("fig2", "fig12b")  # figures whose alignment is with GD alone
TUNED = ("fig2", "fig3b", "fig7")  # lines whose rate is the best one on the evaluation tasks
RELEASED, SHIFTED, SPACING = 0.001, 0.01, 0.1  # starts of two grids of rates, and the spacing of both
STORED_LOSS = 0.20468888  # one-step loss that the released notebook of alternating tokens draws
FRESH_SETS, TASKS = 20, 10_000
WIDER = {"range 1.02": 1.02, "text_range": 2.0}  # other widths of the inputs


def drawn(figure: str, series: str = "preds_diff") -> float:
    """Difference from GD at step 0, when the network's prediction is still 0: GD's own size."""
    return readings.start(figure, "align" if figure in ONE_LAYER else "align_gd", series)


def behind(figure: str, prediction: float) -> float:
    """Rate at which a figure's steps of GD have that mean absolute prediction.

    Raises:
        IcgdError: there is none among those that are best for d = N = 10.
    """

    def excess(rate: float) -> float:
        return mean_prediction(spectrum(), rate, STEPS[figure]) - prediction

    try:
        return brentq(excess, *BRACKET, xtol=1e-6)
    except ValueError as error:
        raise IcgdError(f"no rate in {BRACKET} gives {prediction} after {STEPS[figure]} steps.") from error


@cache
def rates() -> dict[str, float]:
    """The rate behind each figure's line."""
    return {figure: behind(figure, drawn(figure)) for figure in STEPS}


@cache
def reread(offset: float) -> dict[str, float]:
    """The nearest rates of the released grid, moved, as they would be read off a panel: to five digits."""

    def read(figure: str, rate: float) -> float:
        size = mean_prediction(spectrum(), nearest(rate, RELEASED) + offset, STEPS[figure])
        return behind(figure, float(f"{size:.5g}"))

    return {figure: read(figure, rate) for figure, rate in rates().items()}


def nearest(rate: float, start: float) -> float:
    """The nearest to a rate of start, start + 0.1, ..."""
    return start + SPACING * round((rate - start) / SPACING)


@statement(
    subjects={"released_grid": "a rate of the released grid, drawn and read", "model_diff": "by Model diff"}
)
def rate_behind_fig2():
    """Rate at which one GD step has the mean absolute prediction of Fig. 2 at step 0."""
    by_length = drawn("fig2", "model_diff") / mean_length(spectrum(), 1.0)
    return {"statement": rates()["fig2"], "released_grid": reread(0.0)["fig2"], "model_diff": by_length}


@statement(
    measures={
        "off_released_grid": "Distance of the rates behind Figs 2, 3 and 7 from 0.001 + 0.1 k.",
        "off_shifted_grid": "Distance of the rates behind Figs 2, 3 and 7 from 0.01 + 0.1 k.",
    },
    subjects={
        "off_released_grid": {"released_grid": "its rates, read the same way", "halfway": "rates halfway"},
        "off_shifted_grid": {"released_grid": "rates 0.009 away", "shifted_grid": "its rates, read alike"},
    },
    tolerance=1e-3,
)
def off_grid():
    """Are the rates on the grid that the released code searches, or on one that starts elsewhere?"""
    found = {"statement": rates(), "released_grid": reread(0.0)}
    controls = {
        RELEASED: {"halfway": reread(SPACING / 2)},
        SHIFTED: {"shifted_grid": reread(SHIFTED - RELEASED)},
    }

    def off(start: float) -> dict[str, dict[str, float]]:
        return {
            subject: {figure: abs(rate - nearest(rate, start)) for figure, rate in values.items()}
            for subject, values in (found | controls[start]).items()
        }

    return {"off_released_grid": off(RELEASED), "off_shifted_grid": off(SHIFTED)}


@statement(
    subjects={"other_panel": "Fig. 12b", "range 1.02": "inputs 2 % wider", "text_range": "inputs on (-1, 1)"}
)
def input_range():
    """Width of the inputs at which Preds diff and Model diff of Fig. 2 at step 0 agree.

    At a given mean |w|, which does not depend on the width, the mean |w.x_q| is proportional to it.
    """

    def ratio(tasks: Spectrum) -> float:
        return mean_prediction(tasks, 1.0) / mean_length(tasks, 1.0)

    figures = {"statement": "fig2", "other_panel": "fig12b"}
    read = {subject: drawn(figure) / drawn(figure, "model_diff") for subject, figure in figures.items()}
    wider = {subject: ratio(spectrum(input_range=width)) for subject, width in WIDER.items()}
    return {subject: value / ratio(spectrum()) for subject, value in (read | wider).items()}


@statement(
    subjects={"other_panel": "Fig. 12a", "range 1.02": "inputs 2 % wider", "text_range": "inputs on (-1, 1)"}
)
def zero_loss_ratio():
    """First loss of Fig. 2 over that of predicting 0 on the published tasks."""
    figures = {"statement": "fig2", "other_panel": "fig12a"}
    read = {subject: readings.start(figure, "loss", "trained") for subject, figure in figures.items()}
    wider = {subject: zero_loss(spectrum(input_range=width)) for subject, width in WIDER.items()}
    return {subject: loss / zero_loss(spectrum()) for subject, loss in (read | wider).items()}


@statement(
    subjects={"range 1.02": "inputs 2 % wider", "eq5": "without the factor", "gd_lines": "the lines of GD"}
)
def loss_factor():
    """First loss of Fig. 2 over the mean square of the targets, published tasks."""
    square = 2 * zero_loss(spectrum())
    squares = {figure: 2 * eigenbasis.loss(spectrum(), rates()[figure], STEPS[figure]) for figure in STEPS}
    return {
        "statement": readings.start("fig2", "loss", "trained") / square,
        "range 1.02": zero_loss(spectrum(input_range=1.02)) / square,
        "eq5": 1.0,
        "gd_lines": {figure: readings.end(figure, "gd") / squares[figure] for figure in STEPS},
    }


@statement(
    subjects={
        "fresh_sets": "the closest of 20 other sets of 10 000 tasks",
        "tuned_there": "rates found on another set of tasks by steps of 0.1, against that set's best",
    },
    tolerance=1e-3,
)
def off_best_rate(implementation: str):
    """Distance of the rates behind Figs 2, 3b and 7 from the best ones on the published tasks."""

    def off(tasks: Spectrum, rates: dict[str, float]) -> dict[str, float]:
        return {figure: abs(rates[figure] - best_rate(tasks, STEPS[figure])) for figure in TUNED}

    keys = [stream(index, "fresh tuning sets", implementation) for index in range(FRESH_SETS)]
    fresh = [eigenbasis.spectrum(linear.sample(key, TASKS, 10, 10)) for key in keys]
    there = {figure: tuned(fresh[0], STEPS[figure]) for figure in TUNED}
    closest = min(max(off(tasks, rates()).values()) for tasks in fresh)
    return {"statement": off(spectrum(), rates()), "fresh_sets": closest, "tuned_there": off(fresh[0], there)}


def tuned(tasks: Spectrum, steps: int) -> float:
    """Best rate among 4.51, 4.61, ..., 6.21 on these tasks."""
    grid = np.arange(4.51, 6.3, SPACING).tolist()
    return min(grid, key=lambda rate: eigenbasis.loss(tasks, rate, steps))


@statement(
    subjects={"rate 1.02": "a rate 2 % above the best", "released_search": "what the released search finds"},
    tolerance=1e-3,
)
def off_best_rate_fig3a():
    """Distance of the rate behind Fig. 3a from the best one on the published tasks."""
    best = best_rate(spectrum(), STEPS["fig3a"])
    search = descent.released_line_search(rebuilt.tasks(published.COUNT), STEPS["fig3a"])[0]
    found = {"statement": rates()["fig3a"], "rate 1.02": 1.02 * best, "released_search": search}
    return {subject: abs(rate - best) for subject, rate in found.items()}


@statement(
    subjects={"float64": "computed in float64", "one_task_fewer": "one task of 10 000 left out"},
    tolerance=1e-3,
)
def stored_loss_gap():
    """Absolute log ratio of the released search's best loss to the one in its notebook."""
    rate, loss = descent.released_line_search(rebuilt.tasks(published.COUNT))
    fewer = eigenbasis.spectrum(Tasks(*(part[:-1] for part in rebuilt.tasks(published.COUNT))))
    exact = {"float64": spectrum(), "one_task_fewer": fewer}
    losses = {"statement": loss} | {subject: eigenbasis.loss(tasks, rate) for subject, tasks in exact.items()}
    return {subject: abs(np.log(loss / STORED_LOSS)) for subject, loss in losses.items()}
