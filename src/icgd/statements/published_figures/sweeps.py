"""Gradient descent off the training distribution: token clip, number of tasks, other inputs."""

import math

from icgd.references import eigenbasis
from icgd.references.closed_form import RATE_PUBLISHED
from icgd.references.eigenbasis import Spectrum, loss
from icgd.statements.published_figures import readings
from icgd.statements.published_figures.readings import Curve, markers, spectrum
from icgd.statements.table import statement
from icgd.tasks import published

CLIP = 10.0  # of tokens
TASKS, OTHER_TASKS = 1000, 500  # of the released sweeps; the paper's text says 10 000
WIDE = 2.0  # largest scale of the inputs in the panels
NORMAL_NORM = 10.0  # Frobenius norm of a context of 10 x 10 standard normal draws


def gap(drawn: Curve, tasks: Spectrum, what: str, clip: float | None = CLIP) -> float:
    """Largest |ln drawn / ours| over a sweep of the scale of ``what``: inputs, or the teacher."""
    ours = {x: loss(tasks.scaled(**{what: x}), RATE_PUBLISHED, clip=clip) for x in drawn}
    return max(abs(math.log(y / ours[x])) for x, y in drawn.items())


def wide_loss(clip: float | None) -> float:
    """Loss of one GD step on inputs of twice the range."""
    return loss(spectrum(TASKS).scaled(inputs=WIDE), RATE_PUBLISHED, clip=clip)


@statement(tolerance=1e-3)
def clipped_gap() -> dict:
    """Largest absolute log ratio of a GD sweep in Figs 2, 6a and 12 to GD clipped at 10."""
    drawn = {figure: markers(figure, "inputs", "gd") for figure in ("fig2", "fig6a", "fig12a", "fig12b")}
    return {
        "statement": {figure: gap(sweep, spectrum(TASKS), "inputs") for figure, sweep in drawn.items()},
        "no_clip: without a clip": gap(drawn["fig12b"], spectrum(TASKS), "inputs", None),
        "clip 11: clipped at 11": gap(drawn["fig12b"], spectrum(TASKS), "inputs", CLIP + 1),
        "other_panel: Fig. 6a, second panel": gap(
            markers("fig6a", "targets", "gd"), spectrum(TASKS), "teacher"
        ),
    }


@statement(tolerance=1e-3)
def unclipped_gap() -> dict:
    """Absolute log ratio of GD at twice the range in Figs 14 and 16 to GD without a clip."""
    drawn = {figure: readings.number(f"{figure}_gd_at_2", "gd") for figure in ("fig14", "fig16")}
    clips = {"statement": None, "clip 10: clipped at 10": CLIP, "clip 20: clipped at 20": 20.0}
    near = {x: y for x, y in markers("fig2", "inputs", "gd").items() if x < 1.2}
    found = {
        subject: {figure: abs(math.log(value / wide_loss(clip))) for figure, value in drawn.items()}
        for subject, clip in clips.items()
    }
    return found | {"other_panel: Fig. 2, scales up to 1.2": gap(near, spectrum(TASKS), "inputs", None)}


@statement
def loss_at_2() -> dict:
    """Loss of one GD step at twice the range, tokens clipped to +-10."""
    return {
        "statement": wide_loss(CLIP),
        "no_clip: without a clip": wide_loss(None),
        "clip 11: tokens clipped to +-11": wide_loss(CLIP + 1),
        "other_panel: as drawn in Fig. 12a": markers("fig12a", "inputs", "gd")[WIDE],
    }


@statement(tolerance=1e-3)
def task_count_gap() -> dict:
    """Largest absolute log ratio of GD in Fig. 6a (second panel) to ours on 1000 tasks."""
    drawn = markers("fig6a", "targets", "gd")
    return {
        "statement": gap(drawn, spectrum(TASKS), "teacher"),
        "tasks 1001: a set of 1001 tasks": gap(drawn, spectrum(TASKS + 1), "teacher"),
        "tasks 10000: a set of 10 000": gap(drawn, spectrum(), "teacher"),
        "other_panel: Fig. 2": gap(markers("fig2", "inputs", "gd"), spectrum(TASKS), "inputs"),
    }


@statement(tolerance=1e-3)
def other_inputs_gap() -> dict:
    """Largest absolute log ratio of GD in Fig. 6a (third panel) to ours on 500 tasks.

    Their inputs are divided by the norm of the context.
    """
    tasks = eigenbasis.spectrum(published.other_distributions(OTHER_TASKS))
    inputs, teacher = (markers("fig6a", panel, "gd") for panel in ("inputs_other", "targets_other"))
    wider = {
        "statement": 1.0,
        "scaled 1.02: inputs 2 % wider": 1.02,
        "default_norm: contexts of norm 10, as standard normal draws have": NORMAL_NORM,
    }
    found = {subject: gap(inputs, tasks.scaled(inputs=scale), "inputs") for subject, scale in wider.items()}
    return found | {"other_panel: the fourth panel of Fig. 6a": gap(teacher, tasks, "teacher")}


@statement
def fig6b_over_ten_steps() -> dict:
    """GD of Fig. 6b at the teacher's training scale over ours after ten steps."""

    def ratio(figure: str, steps: int, rate: float) -> float:
        return markers(figure, "targets", "gd")[1.0] / loss(spectrum(TASKS), rate, steps)

    return {
        "statement": ratio("fig6b", 10, 5.11),
        "nine_steps: against nine steps of GD": ratio("fig6b", 9, 5.11),
        "two_steps: against two steps of GD": ratio("fig6b", 2, 5.81),
        "five_layer_figure: the figure of five layers against five steps of GD": ratio("fig6c", 5, 5.51),
    }
