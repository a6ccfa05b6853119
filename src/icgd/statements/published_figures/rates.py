"""The learning rates behind the published lines of gradient descent, and where they were tuned."""

from functools import cache

import numpy as np
from scipy.optimize import brentq

from icgd.errors import IcgdError
from icgd.random import stream
from icgd.references import descent, eigenbasis
from icgd.references.eigenbasis import BRACKET, Spectrum, best_rate, loss
from icgd.statements.published_figures import readings
from icgd.statements.published_figures.readings import spectrum
from icgd.statements.table import Rows, statement
from icgd.tasks import linear, published
from icgd.tasks.linear import Tasks

STEPS = {"fig2": 1, "fig3a": 2, "fig3b": 5, "fig7": 10}  # steps of GD in the figure
ONE_LAYER = ("fig2", "fig12b")  # figures whose alignment is with GD alone
TUNED = ("fig2", "fig3b", "fig7")  # lines whose rate is the best one on the evaluation tasks
RELEASED, SHIFTED, SPACING = 0.001, 0.01, 0.1  # starts of two grids of rates, and the spacing of both
STORED_LOSS = 0.20468888  # one-step loss that the released notebook of alternating tokens draws
FRESH_SETS, TASKS = 20, 10_000
WIDER = {"range 1.02: inputs 2 % wider": 1.02, "text_range: inputs on (-1, 1)": 2.0}


def drawn(figure: str, series: str = "preds_diff") -> float:
    """Difference from GD at step 0, when the network's prediction is still 0: GD's own size."""
    return readings.start(figure, "align" if figure in ONE_LAYER else "align_gd", series)


def mean_prediction(tasks: Spectrum, rate: float, steps: int = 1) -> float:
    """mean |w_K.x_q|: the published Preds diff at step 0, when the network still predicts nothing."""
    found = eigenbasis.predictions(tasks, eigenbasis.of_rate(tasks, rate, steps))
    return float(np.mean(np.abs(found)))


def mean_length(tasks: Spectrum, rate: float) -> float:
    """mean |w_1|: the published Model diff of one layer at step 0."""
    found = eigenbasis.weights(tasks, eigenbasis.of_rate(tasks, rate))
    return float(np.mean(np.linalg.norm(found, axis=1)))


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
def reread(offset: float = 0.0) -> dict[str, float]:
    """The nearest rates of the released grid, moved, as they would be read off a panel: to five digits."""

    def read(figure: str, rate: float) -> float:
        size = mean_prediction(spectrum(), nearest(rate, RELEASED) + offset, STEPS[figure])
        return behind(figure, float(f"{size:.5g}"))

    return {figure: read(figure, rate) for figure, rate in rates().items()}


def nearest(rate: float, start: float) -> float:
    """The nearest to a rate of start, start + 0.1, ..."""
    return start + SPACING * round((rate - start) / SPACING)


@statement
def rate_behind_fig2() -> dict:
    """Rate at which one GD step has the mean absolute prediction of Fig. 2 at step 0."""
    return {
        "statement": rates()["fig2"],
        "released_grid: a rate of the released grid, drawn and read": reread()["fig2"],
        "model_diff: by Model diff": drawn("fig2", "model_diff") / mean_length(spectrum(), 1.0),
    }


@statement(tolerance=1e-3)
def off_grid(rows: Rows) -> None:
    """Are the rates on the grid that the released code searches, or on one that starts elsewhere?"""
    halfway = {"halfway: rates halfway between those of the released grid": reread(SPACING / 2)}
    shifted = {"shifted_grid: rates of the shifted grid, read the same way": reread(SHIFTED - RELEASED)}
    for measure, start, control in (
        (
            "off_released_grid: Distance of the rates behind Figs 2, 3 and 7 from 0.001 + 0.1 k.",
            RELEASED,
            halfway,
        ),
        (
            "off_shifted_grid: Distance of the rates behind Figs 2, 3 and 7 from 0.01 + 0.1 k.",
            SHIFTED,
            shifted,
        ),
    ):
        read = {"released_grid: rates of the released grid, read the same way": reread()}
        for subject, found in ({"statement": rates()} | read | control).items():
            off = {figure: abs(rate - nearest(rate, start)) for figure, rate in found.items()}
            rows.put({subject: off}, measure=measure)


@statement
def input_range() -> dict:
    """Width of the inputs at which Preds diff and Model diff of Fig. 2 at step 0 agree.

    At a given mean |w|, which does not depend on the width, the mean |w.x_q| is proportional to it.
    """

    def ratio(tasks: Spectrum) -> float:
        return mean_prediction(tasks, 1.0) / mean_length(tasks, 1.0)

    found = {
        "statement": drawn("fig2") / drawn("fig2", "model_diff"),
        "other_panel: Fig. 12b": drawn("fig12b") / drawn("fig12b", "model_diff"),
    } | {subject: ratio(spectrum(input_range=width)) for subject, width in WIDER.items()}
    return {subject: value / ratio(spectrum()) for subject, value in found.items()}


@statement
def zero_loss_ratio() -> dict:
    """First loss of Fig. 2 over that of predicting 0 on the published tasks."""
    found = {
        "statement": readings.start("fig2", "loss", "trained"),
        "other_panel: Fig. 12a": readings.start("fig12a", "loss", "trained"),
    } | {subject: loss(spectrum(input_range=width), 0.0) for subject, width in WIDER.items()}
    return {subject: value / loss(spectrum(), 0.0) for subject, value in found.items()}


@statement
def loss_factor() -> dict:
    """First loss of Fig. 2 over the mean square of the targets, published tasks."""
    square = 2 * loss(spectrum(), 0.0)
    squares = {figure: 2 * loss(spectrum(), rates()[figure], steps) for figure, steps in STEPS.items()}
    return {
        "statement": readings.start("fig2", "loss", "trained") / square,
        "range 1.02: inputs 2 % wider": loss(spectrum(input_range=1.02), 0.0) / square,
        "eq5: without the factor": 1.0,
        "gd_lines: the lines of GD": {
            figure: readings.end(figure, "gd") / squares[figure] for figure in STEPS
        },
    }


@statement(tolerance=1e-3)
def off_best_rate(implementation: str) -> dict:
    """Distance of the rates behind Figs 2, 3b and 7 from the best ones on the published tasks."""

    def off(tasks: Spectrum, rates: dict[str, float]) -> dict[str, float]:
        return {figure: abs(rates[figure] - best_rate(tasks, STEPS[figure])) for figure in TUNED}

    keys = [stream(index, "fresh tuning sets", implementation) for index in range(FRESH_SETS)]
    fresh = [eigenbasis.spectrum(linear.sample(key, TASKS, 10, 10)) for key in keys]
    there = {figure: tuned(fresh[0], STEPS[figure]) for figure in TUNED}
    return {
        "statement": off(spectrum(), rates()),
        "fresh_sets: the closest of 20 other sets of 10 000 tasks": (
            min(max(off(tasks, rates()).values()) for tasks in fresh)
        ),
        "tuned_there: rates found on another set of tasks by steps of 0.1, against that set's best": (
            off(fresh[0], there)
        ),
    }


def tuned(tasks: Spectrum, steps: int) -> float:
    """Best rate among 4.51, 4.61, ..., 6.21 on these tasks."""
    return min(np.arange(4.51, 6.3, SPACING).tolist(), key=lambda rate: loss(tasks, rate, steps))


@statement(tolerance=1e-3)
def off_best_rate_fig3a() -> dict:
    """Distance of the rate behind Fig. 3a from the best one on the published tasks."""
    best = best_rate(spectrum(), STEPS["fig3a"])
    search = descent.released_line_search(readings.tasks(published.COUNT), STEPS["fig3a"])[0]
    return {
        "statement": abs(rates()["fig3a"] - best),
        "rate 1.02: a rate 2 % above the best": abs(1.02 * best - best),
        "released_search: what the released search finds": abs(search - best),
    }


@statement(tolerance=1e-3)
def stored_loss_gap() -> dict:
    """Absolute log ratio of the released search's best loss to the one in its notebook."""
    tasks = readings.tasks(published.COUNT)
    rate, found = descent.released_line_search(tasks)
    fewer = eigenbasis.spectrum(Tasks(*(part[:-1] for part in tasks)))
    losses = {
        "statement": found,
        "float64: computed in float64": loss(spectrum(), rate),
        "one_task_fewer: one task of 10 000 left out": loss(fewer, rate),
    }
    return {subject: abs(np.log(value / STORED_LOSS)) for subject, value in losses.items()}
