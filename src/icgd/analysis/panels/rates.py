"""The learning rates behind the published lines of gradient descent, and where they were tuned."""

import numpy as np

from icgd.analysis.panels import descent, readings
from icgd.analysis.panels.descent import Moments
from icgd.analysis.panels.table import Rows
from icgd.randomness import stream
from icgd.references import gradient_descent
from icgd.tasks import linear, published
from icgd.tasks.linear import Tasks

STEPS = {"fig2": 1, "fig3a": 2, "fig3b": 5, "fig7": 10}  # steps of GD in the figure
PANEL = {"fig2": "align"}  # panel of the alignment with GD where it is not align_gd
TUNED = ("fig2", "fig3b", "fig7")  # lines whose rate is the best one on the evaluation tasks
SPACING = 0.1  # of the released grid, which starts at 0.001
STORED_LOSS = 0.20468888  # one-step loss that the released notebook of alternating tokens draws
FRESH_SETS, TASKS = 20, 10_000
ON_GRID = {"fig2": 5.901, "fig3a": 5.801, "fig3b": 5.501, "fig7": 5.101}  # of the released grid, nearest


def run(rows: Rows, implementation: str) -> None:
    """Rates, the inputs' range and the loss's factor from the same lines, and the tuning."""
    tasks = published.tasks()
    moments = Moments.of(tasks)
    rates = {figure: behind(moments, figure, drawn(figure)) for figure in STEPS}
    grids(rows, moments, rates)
    inputs(rows, moments)
    factor(rows, moments, rates)
    tuning(rows, moments, rates, implementation)
    stored(rows, tasks, moments)


def drawn(figure: str, series: str = "preds_diff") -> float:
    """Difference from GD at step 0, when the network's prediction is still 0: GD's own size."""
    return readings.start(figure, PANEL.get(figure, "align_gd"), series)


def behind(moments: Moments, figure: str, prediction: float) -> float:
    """Rate at which K steps of GD have that mean absolute prediction."""
    return descent.rate_behind(moments, STEPS[figure], descent.mean_prediction, prediction)


def read(value: float) -> float:
    """A number as it would be read off a panel: five digits."""
    return float(f"{value:.5g}")


def grids(rows: Rows, moments: Moments, rates: dict[str, float]) -> None:
    """The rate of Fig. 2; distance of all rates from 0.001 + 0.1 k and from 0.01 + 0.1 k."""

    def reread(figure: str, rate: float) -> float:
        return behind(moments, figure, read(descent.mean_prediction(moments, rate, STEPS[figure])))

    released = {figure: reread(figure, rate) for figure, rate in ON_GRID.items()}
    halfway = {figure: reread(figure, rate + SPACING / 2) for figure, rate in ON_GRID.items()}
    by_length = descent.rate_behind(moments, 1, descent.mean_length, drawn("fig2", "model_diff"))
    rows.put("rate_behind_fig2", rates["fig2"])
    rows.put("rate_behind_fig2", released["fig2"], "released_grid")
    rows.put("rate_behind_fig2", by_length, "model_diff")
    for plant, found in {"none": rates, "released_grid": released, "halfway": halfway}.items():
        apart = {figure: off_grid(rate, 0.001) for figure, rate in found.items()}
        rows.put_each("off_released_grid", apart, plant)
    on_shifted = {figure: reread(figure, rate + 0.009) for figure, rate in ON_GRID.items()}
    for plant, found in {"none": rates, "released_grid": released, "shifted_grid": on_shifted}.items():
        apart = {figure: off_grid(rate, 0.01) for figure, rate in found.items()}
        rows.put_each("off_shifted_grid", apart, plant)


def off_grid(rate: float, start: float) -> float:
    """Distance of a rate from the nearest of start, start + 0.1, ..."""
    return abs(rate - start - SPACING * round((rate - start) / SPACING))


def inputs(rows: Rows, moments: Moments) -> None:
    """Width r of the inputs, x ~ U(-r/2, r/2), behind Fig. 2; and its first loss over theirs.

    At a given mean |w| (Model diff, which does not depend on r) the mean |w.x_q| (Preds diff) is
    proportional to r.
    """

    def width(found: Moments, length: float, prediction: float) -> float:
        rate = descent.rate_behind(moments, 1, descent.mean_length, length)
        return prediction / descent.mean_prediction(moments, rate, 1)

    rows.put("input_range", width(moments, drawn("fig2", "model_diff"), drawn("fig2")))
    first = readings.start("fig2", "loss", "trained")
    rows.put("zero_loss_ratio", first / zero_loss(moments))
    softmax = readings.start("fig12a", "loss", "trained")
    rows.put("zero_loss_ratio", softmax / zero_loss(moments), "other_panel")
    lengths = [readings.start("fig12b", "align", name) for name in ("model_diff", "preds_diff")]
    rows.put("input_range", width(moments, *lengths), "other_panel")
    for plant, wide in (("text_range", 2.0), ("range_1.02", 1.02)):
        other = Moments.of(published.tasks(input_range=wide))
        rate = 5.91 / wide**2
        sizes = [measure(other, rate, 1) for measure in (descent.mean_length, descent.mean_prediction)]
        rows.put("input_range", width(moments, *sizes), plant)
        rows.put("zero_loss_ratio", zero_loss(other) / zero_loss(moments), plant)


def zero_loss(moments: Moments) -> float:
    """Loss of predicting 0."""
    return descent.half_mean_square(moments.target)


def factor(rows: Rows, moments: Moments, rates: dict[str, float]) -> None:
    """Published losses over the mean squares that eq. 5 stands for."""
    square = 2 * zero_loss(moments)
    rows.put("loss_factor", readings.start("fig2", "loss", "trained") / square, case="zero predictor")
    rows.put("loss_factor", 1.0, "eq5", "zero predictor")
    wide = zero_loss(Moments.of(published.tasks(input_range=1.02)))
    rows.put("loss_factor", wide / square, "range_1.02", "zero predictor")
    for figure, steps in STEPS.items():
        square = 2 * descent.loss(moments, rates[figure], steps)
        rows.put("loss_factor", readings.end(figure, "gd") / square, "gd_lines", f"{steps} steps of GD")


def tuning(rows: Rows, moments: Moments, rates: dict[str, float], implementation: str) -> None:
    """Distance of the published rates from the best ones on the evaluation tasks and on other sets."""

    def farthest(other: Moments) -> float:
        return max(abs(rates[figure] - descent.best_rate(other, STEPS[figure])) for figure in TUNED)

    best = {figure: descent.best_rate(moments, steps) for figure, steps in STEPS.items()}
    for figure in TUNED:
        rows.put("off_best_rate", abs(rates[figure] - best[figure]), case=figure)
    keys = [stream(index, "fresh tuning sets", implementation) for index in range(FRESH_SETS)]
    fresh = [Moments.of(linear.sample(key, TASKS, 10, 10)) for key in keys]
    rows.put("off_best_rate", min(map(farthest, fresh)), "fresh_sets", f"closest of {FRESH_SETS} sets")
    for figure in TUNED:
        found = [tuned(fresh[0], STEPS[figure]), descent.best_rate(fresh[0], STEPS[figure])]
        rows.put("off_best_rate", abs(found[0] - found[1]), "tuned_there", figure)
    rows.put("off_best_rate_fig3a", abs(rates["fig3a"] - best["fig3a"]))
    rows.put("off_best_rate_fig3a", abs(1.02 * best["fig3a"] - best["fig3a"]), "rate_1.02")
    search = gradient_descent.released_line_search(published.tasks(), STEPS["fig3a"])[0]
    rows.put("off_best_rate_fig3a", abs(search - best["fig3a"]), "released_search")


def tuned(moments: Moments, steps: int) -> float:
    """Best rate among 4.51, 4.61, ..., 6.21 on these tasks."""
    return min(np.arange(4.51, 6.3, SPACING).tolist(), key=lambda rate: descent.loss(moments, rate, steps))


def stored(rows: Rows, tasks: Tasks, moments: Moments) -> None:
    """Best loss of the released search on the evaluation tasks, over the one in its notebook."""
    rate, loss = gradient_descent.released_line_search(tasks)
    rows.put("stored_loss_gap", abs(np.log(loss / STORED_LOSS)))
    rows.put("stored_loss_gap", abs(np.log(descent.loss(moments, rate) / STORED_LOSS)), "float64")
    fewer = Moments.of(Tasks(*(part[:-1] for part in tasks)))
    rows.put("stored_loss_gap", abs(np.log(descent.loss(fewer, rate) / STORED_LOSS)), "one_task_fewer")
