"""Gradient descent off the training distribution: token clip, number of tasks, other inputs."""

import math

from icgd.analysis.panels import descent, readings
from icgd.analysis.panels.descent import Moments
from icgd.analysis.panels.readings import Curve
from icgd.analysis.panels.table import Rows
from icgd.references.closed_form import RATE_PUBLISHED, RATE_RELEASED
from icgd.tasks import linear, published
from icgd.tasks.linear import Tasks

CLIP = 10.0  # of tokens
TASKS, OTHER_TASKS = 1000, 500  # of the released sweeps; the paper's text says 10 000
WIDE = 2.0  # largest scale of the inputs in the panels
NORMAL_NORM = 10.0  # Frobenius norm of a context of 10 x 10 standard normal draws


def run(rows: Rows) -> None:
    """Every sweep."""
    tasks = published.tasks(TASKS)
    clip(rows, tasks)
    no_clip(rows, tasks)
    task_count(rows, tasks)
    other_inputs(rows)
    ten_steps(rows, tasks)
    separate_tokens(rows)


def gap(drawn: Curve, tasks: Tasks, what: str, clip: float | None = CLIP) -> float:
    """Largest |ln drawn / ours| over a sweep of the scale of ``what``: inputs, or the teacher."""
    moments = Moments.of(tasks)
    ours = {x: descent.loss(moments.scaled(**{what: x}), RATE_PUBLISHED, clip=clip) for x in drawn}
    return max(abs(math.log(y / ours[x])) for x, y in drawn.items())


def clip(rows: Rows, tasks: Tasks) -> None:
    """clipped_gap: Figs 2, 6a and 12 against GD whose tokens are clipped to +-10."""
    for figure in ("fig2", "fig6a", "fig12a", "fig12b"):
        drawn = readings.markers(figure, "inputs", "gd")
        rows.put("clipped_gap", gap(drawn, tasks, "inputs"), case=figure)
    rows.put("clipped_gap", gap(drawn, tasks, "inputs", None), "no_clip")
    rows.put("clipped_gap", gap(drawn, tasks, "inputs", CLIP + 1), "clip_11")
    teacher = readings.markers("fig6a", "targets", "gd")
    rows.put("clipped_gap", gap(teacher, tasks, "teacher"), "other_panel")


def no_clip(rows: Rows, tasks: Tasks) -> None:
    """unclipped_gap: GD at twice the range in Figs 14 and 16; loss_at_2: our values for Fig. 2."""
    wide = Moments.of(tasks).scaled(inputs=WIDE)
    losses = {clip: descent.loss(wide, RATE_PUBLISHED, clip=clip) for clip in (None, CLIP, 11.0, 20.0)}
    for figure in ("fig14", "fig16"):
        drawn = readings.number(f"{figure}_gd_at_2", "gd")
        for plant, clip in (("none", None), ("clip_10", CLIP), ("clip_20", 20.0)):
            rows.put("unclipped_gap", abs(math.log(drawn / losses[clip])), plant, figure)
    near = {x: y for x, y in readings.markers("fig2", "inputs", "gd").items() if x < 1.2}
    rows.put("unclipped_gap", gap(near, tasks, "inputs", None), "other_panel")
    for plant, clip in (("none", CLIP), ("no_clip", None), ("clip_11", 11.0)):
        rows.put("loss_at_2", losses[clip], plant)
    rows.put("loss_at_2", descent.loss(wide, RATE_RELEASED), "released_recipe")
    rows.put("loss_at_2", readings.markers("fig12a", "inputs", "gd")[WIDE], "other_panel")


def task_count(rows: Rows, tasks: Tasks) -> None:
    """task_count_gap: GD over the teacher's scale in Fig. 6a, against sets of several sizes."""
    drawn = readings.markers("fig6a", "targets", "gd")
    more = {"none": tasks, "tasks_1001": published.tasks(TASKS + 1), "tasks_10000": published.tasks()}
    for plant, chosen in more.items():
        rows.put("task_count_gap", gap(drawn, chosen, "teacher"), plant)
    again = readings.markers("fig2", "inputs", "gd")
    rows.put("task_count_gap", gap(again, tasks, "inputs"), "other_panel")


def other_inputs(rows: Rows) -> None:
    """other_inputs_gap: Fig. 6a (third panel) against inputs divided by the norm of the context."""
    tasks = published.other_distributions(OTHER_TASKS)
    drawn = readings.markers("fig6a", "inputs_other", "gd")
    for plant, wider in (("none", 1.0), ("scaled_1.02", 1.02), ("default_norm", NORMAL_NORM)):
        rows.put("other_inputs_gap", gap(drawn, linear.scaled(tasks, inputs=wider), "inputs"), plant)
    teacher = readings.markers("fig6a", "targets_other", "gd")
    rows.put("other_inputs_gap", gap(teacher, tasks, "teacher"), "other_panel")


def ten_steps(rows: Rows, tasks: Tasks) -> None:
    """GD of Fig. 6b at the training scale over ours after ten steps, and after other numbers of them."""
    moments = Moments.of(tasks)
    drawn = readings.markers("fig6b", "targets", "gd")[1.0]
    for plant, steps, rate in (("none", 10, 5.11), ("nine_steps", 9, 5.11), ("two_steps", 2, 5.81)):
        rows.put("fig6b_over_ten_steps", drawn / descent.loss(moments, rate, steps), plant)
    five = readings.markers("fig6c", "targets", "gd")[1.0]
    rows.put("fig6b_over_ten_steps", five / descent.loss(moments, 5.51, 5), "five_layer_figure")


def separate_tokens(rows: Rows) -> None:
    """fig5_gd_line: GD's loss as drawn in Fig. 5; planted, that of Fig. 2 and near it."""
    one_step = readings.end("fig2", "gd")
    rows.put("fig5_gd_line", readings.end("fig5", "gd"))
    rows.put("fig5_gd_line", one_step, "fig2")
    rows.put("fig5_gd_line", 1.005 * one_step, "scaled_1.005")
    rows.put("fig5_gd_line", 1.02 * one_step, "scaled_1.02")
