"""`icgd phases EXPERIMENT`: phases.csv and phases-curves.csv, how training went and where it ended."""

import argparse

import jax
import jax.numpy as jnp

from icgd.analysis import course, learnt
from icgd.analysis.course import Course
from icgd.analysis.learnt import Learnt
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.analysis.shared_tasks import published_tasks
from icgd.cli.analysis import analyse
from icgd.cli.common import experiment_arguments
from icgd.config import Model
from icgd.errors import IcgdError
from icgd.randomness import stream
from icgd.references import gradient_descent
from icgd.tasks import published
from icgd.tasks.linear import Tasks, half_mean_square


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which networks."""
    experiment_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """The history on the published tasks; the last network on these and on the seed's fresh ones."""
    analyse(parsed, "phases", phases, ("series", "step", "loss"))


def phases(trained: Trained, rows: Measures) -> list[dict]:
    """Course and end of one seed; returns the loss by step and the levels to compare it with.

    Raises:
        IcgdError: it was not trained at the base setting, whose tasks the history is measured on.
    """
    settings = trained.settings
    if not published.is_setting(settings.task):
        raise IcgdError("phases is for d = N = 10 and inputs on (-1/2, 1/2); mend the experiment's analyses.")
    sets = {
        "fresh": trained.fresh("evaluation data", settings.evaluation.tasks),
        "published": published_tasks(min(published.COUNT, settings.evaluation.tasks)),
    }
    for name, tasks in sets.items():
        compare(rows, trained, name, tasks)
    went = course.of(trained.history)
    levels = anchors(trained, sets["published"])
    history(rows, went, levels)
    return curves(went, levels)


def key_of(trained: Trained, name: str) -> jax.Array:
    """Key of one of the seed's named streams."""
    return stream(trained.seed, name, trained.settings.key_implementation)


def plants(trained: Trained, tasks: Tasks) -> dict[str, Learnt]:
    """What the network has learnt, near misses, and the construction with and without faults."""
    own = learnt.by_network(trained.settings.model, trained.weights, tasks)
    descent = learnt.by_network(Model(), trained.hand_set.weights, tasks)
    key = key_of(trained, "planted faults")
    return {
        "none": own,
        "rate_1.25": learnt.faster(own, 1.25),
        "tilted_0.25": learnt.tilted(own, tasks, 0.25, key),
        "hand_set": descent,
        "construction_1.25": learnt.faster(descent, 1.25),
        "construction_tilted_0.25": learnt.tilted(descent, tasks, 0.25, key),
        "construction_0.1": learnt.faster(descent, 0.1),
        "construction_3": learnt.faster(descent, 3.0),
    }


def compare(rows: Measures, trained: Trained, name: str, tasks: Tasks) -> None:
    """Losses, and agreement with one step of GD at each named rate."""
    zero = float(half_mean_square(0.0, tasks.target))
    planted = plants(trained, tasks)
    for plant, found in planted.items():
        rows.put("loss", learnt.loss(found, tasks), plant, name)
        rows.put("loss_over_zero", learnt.loss(found, tasks) / zero, plant, name)
    for reference, rate in trained.rates().items():
        descent = learnt.by_descent(tasks, rate)
        gd_loss = learnt.loss(descent, tasks)
        rows.put("gd_loss", gd_loss, tasks=name, reference=reference)
        for plant, found in planted.items():
            rows.put("loss_over_gd", learnt.loss(found, tasks) / gd_loss, plant, name, reference)
            for measure, value in learnt.agreement(found, descent).items():
                rows.put(measure, value, plant, name, reference)


def anchors(trained: Trained, tasks: Tasks) -> dict[str, float]:
    """Levels of the history's tasks: zero, GD, the rank-one saddle, GD in one and two random directions.

    The saddle: L0 - (L0 - L*) / d (`closed_form.plateau_loss`) with the sample's L0 and L*.
    """
    inputs = trained.settings.task.inputs
    gradient = gradient_descent.one_step_weights(tasks, trained.rates()["gd_optimal"])
    drawn = jax.random.normal(key_of(trained, "random directions"), (inputs, 2))
    frame = jnp.linalg.qr(drawn)[0]

    def within(directions: jax.Array) -> float:
        return learnt.loss(learnt.of_weights(tasks, gradient @ directions @ directions.T), tasks)

    zero, best = float(half_mean_square(0.0, tasks.target)), within(jnp.eye(inputs))
    return {
        "zero": zero,
        "gd": best,
        "rank_one": zero - (zero - best) / inputs,
        "one_direction": within(frame[:, :1]),
        "two_directions": within(frame),
    }


def history(rows: Measures, went: Course, levels: dict[str, float]) -> None:
    """When the loss left its start, its plateau, and reached GD; spikes of the training loss."""
    start = Course(went.step, *(0 * column + levels["gd"] for column in went[1:]))
    for plant, one in (("none", went), ("delayed_1000", course.delayed(went, 1000)), ("hand_set", start)):
        reached = course.first_below(one, course.NEAR_GD * levels["gd"])
        rows.put("reached_gd", reached, plant, "published")
    rows.put("left_start", course.first_below(went, course.LEFT * levels["zero"]), tasks="published")
    rows.put("spikes", course.spikes(went))
    found = course.plateau(went, levels["gd"])
    rows.put("has_plateau", found is not None)
    steps, level = found or (0.0, None)
    rows.put("plateau_steps", steps)
    for plant in ("one_direction", "two_directions"):
        rows.put("plateau_over_rank_one", levels[plant] / levels["rank_one"], plant, "published")
    if level is not None:
        for plant, factor in (("none", 1.0), ("level_1.02", 1.02)):
            rows.put("plateau_over_rank_one", factor * level / levels["rank_one"], plant, "published")


def curves(went: Course, levels: dict[str, float]) -> list[dict]:
    """Evaluation loss by step, and the levels at both ends."""
    found = [
        {"series": "none", "step": int(step), "loss": loss}
        for step, loss in zip(went.step, went.evaluation.tolist(), strict=True)
    ]
    ends = (int(went.step[0]), int(went.step[-1]))
    return found + [
        {"series": name, "step": step, "loss": levels[name]}
        for name in ("zero", "gd", "rank_one")
        for step in ends
    ]
