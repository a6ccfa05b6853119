"""`icgd layers EXPERIMENT`: layers.csv and layers-curves.csv of its networks of several linear layers."""

import argparse
import itertools
from collections.abc import Callable
from functools import cache, partial

import numpy as np

from icgd import paths
from icgd.analysis import contest, depth, opponents, stacks, sweeps, trajectory, updates
from icgd.analysis.depth import Case
from icgd.analysis.learnt import Learnt, loss
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.analysis.opponents import Opponent
from icgd.analysis.pieces import first, in_pieces
from icgd.analysis.shared_tasks import published_tasks
from icgd.cli.analysis import analyse
from icgd.cli.common import experiment_arguments, experiment_settings
from icgd.config import AnalysisSettings
from icgd.tasks import published
from icgd.tasks.linear import Tasks, half_mean_square

CURVES = ("panel", "tasks", "clip", "model", "reference", "measure", "point", "value")
DELAY = 400  # planted: training steps by which the loss is made late
WAY_TASKS = 4000  # for the states on the way through training, which are many
CLIP = 10.0  # token clip behind the published panels of Figs 6 and 7; Fig. 3a has none
UPDATING = ("none", "tilted_0.25", "tilted_0.5", "gd_plus_plus")
SWEPT = ("none", "rate_1.15", "rate_1.3", "gd", "gd_separate", "gd_plus_plus")
SWEEP_REFERENCES = ("gd_shared", "gd_plus_plus_shared", "gd_plus_plus_separate", depth.CLIPPED)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which networks."""
    experiment_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Compare with K steps of GD, GD++ and others, on fresh tasks and on the published ones."""
    scale, _ = experiment_settings(parsed, AnalysisSettings)
    optima = paths.references(scale, "optima")
    analyse(parsed, "layers", partial(layers, optima), CURVES, inputs=(optima,))


def layers(optima: paths.Path, trained: Trained, rows: Measures) -> list[dict]:
    """All measures and curves of one network."""
    settings = trained.settings
    case = Case(trained, known(optima, settings))
    planted = case.planted()
    readings(rows, case, planted)
    tasks = trained.fresh("evaluation data", settings.evaluation.tasks)
    theirs = depth.learn_by(case.opponents, tasks, case.model.token_clip)
    learnt = contest.against(rows, case, {"none": case.network}, theirs, tasks, "fresh")
    controls = {name: stack for name, stack in planted.items() if name != "none"}
    few, of_few = first(depth.PIECE, (tasks, theirs))
    learnt |= contest.against(rows, case, controls, of_few, few, "fresh")
    contest.curvature(rows, learnt, of_few["gd_shared"], few)
    for name in UPDATING:
        rows.put("input_update_r2", min(r2 for _, r2 in updates.fits(planted[name], few)), name, "fresh")
    curves = [
        *weight_curves(case),
        *interpolate(rows, case, few),
        *way(rows, case, of_few, few, "fresh"),
    ]
    if published.is_setting(settings.task):
        same = published_tasks(min(published.COUNT, settings.evaluation.tasks))
        theirs = on_published(optima, settings)
        contest.against(rows, case, {"none": case.network}, theirs, same, "published")
        curves += way(rows, case, theirs, same, "published")
        curves += shifts(rows, case, planted, partial(swept_by, optima, settings))
    return curves


@cache
def on_published(optima: paths.Path, settings: AnalysisSettings) -> dict[str, Learnt]:
    """What the opponents learn on the published tasks, the same for every seed."""
    tasks = published_tasks(min(published.COUNT, settings.evaluation.tasks))
    return depth.learn_by(known(optima, settings), tasks, settings.model.token_clip)


@cache
def swept_by(optima: paths.Path, settings: AnalysisSettings, clip: float | None) -> dict[str, sweeps.Curves]:
    """Losses of `SWEEP_REFERENCES` on the published sweeps, the same for every seed."""
    return by_opponents(known(optima, settings), sweeps.published(settings.evaluation.shifted_tasks), clip)


def by_opponents(
    opponents: dict[str, Opponent], sets: sweeps.Sets, clip: float | None
) -> dict[str, sweeps.Curves]:
    """Losses of `SWEEP_REFERENCES` on sweeps."""
    return {
        name: sweeps.curves(
            partial(in_pieces, partial(opponents[name].predict, clip=clip), size=depth.PIECE), sets
        )
        for name in SWEEP_REFERENCES
        if name in opponents
    }


def known(optima: paths.Path, settings: AnalysisSettings) -> dict[str, Opponent]:
    """Opponents of as many steps; for five layers the best looped GD++ of ten, and the other way round."""
    count, context = settings.model.layers, settings.task.context
    found = dict(opponents.read(optima, count, context))
    if count == 5:
        found[depth.TEN] = opponents.read(optima, 10, context)[depth.CLIPPED]
    if count == 10:
        five = opponents.read(optima, 5, context)["gd_plus_plus_separate"]
        values = tuple(np.pad(value, (0, count - 5)) for value in five.values)
        found[depth.FIVE] = five._replace(layers=count, values=values)
    return found


def readings(rows: Measures, case: Case, planted: dict[str, stacks.Stack]) -> None:
    """What the weights of the first layer say; rate and gamma of shared layers also over the best."""
    for name, stack in planted.items():
        step, gamma = stacks.rates(stack)[0], stacks.gammas(stack)[0]
        for measure, value in {**stacks.shape(stack), "step": step, "gamma": gamma}.items():
            if np.isfinite(value):  # GD has no input block to be uneven
                rows.put(measure, value, name)
        if case.looped:
            steps, gammas = case.opponents[case.own].values
            rows.put("step_over_optimal", step / steps[0], name)
            rows.put("gamma_over_optimal", gamma / gammas[0], name)


def weight_curves(case: Case) -> list[dict]:
    """Rate and gamma of every layer, of the network and of the GD++ of its kind."""
    labels = {"panel": "layers", "tasks": "", "clip": 0, "reference": ""}
    return [
        {**labels, "model": name, "measure": measure, "point": layer, "value": value}
        for name, stack in (("none", case.network), (case.own, case.hand_set(case.own)))
        for measure, values in (("step", stacks.rates(stack)), ("gamma", stacks.gammas(stack)))
        for layer, value in enumerate(values, start=1)
    ]


def interpolate(rows: Measures, case: Case, tasks: Tasks) -> list[dict]:
    """Losses halfway to GD++, and of the network on all the way there, over the larger one of the ends."""
    curves, labels = [], {"panel": "interpolation", "tasks": "fresh", "clip": 0, "measure": "loss"}
    for end in (name for name in (case.own, f"{case.kind}_released") if name in case.opponents):
        found = case.paths(end)
        for name, path in found.items() if end == case.own else [("none", found["none"])]:
            start, middle, goal = (point_loss(case, path[at], tasks) for at in (0, depth.MIDDLE, -1))
            rows.put("interpolated_over_ends", middle / max(start, goal), name, "fresh", end)
        losses = [point_loss(case, point, tasks) for point in found["none"]]
        rows.put("barrier", max(losses) / max(losses[0], losses[-1]), "none", "fresh", end)
        curves += [
            {**labels, "model": "none", "reference": end, "point": share, "value": value}
            for share, value in zip(depth.POINTS, losses, strict=True)
        ]
    return curves


def point_loss(case: Case, point: stacks.Stack, tasks: Tasks) -> float:
    """Loss of one network on a path."""
    return float(half_mean_square(case.predict(point, tasks, case.model.token_clip), tasks.target))


def way(rows: Measures, case: Case, theirs: dict[str, Learnt], tasks: Tasks, where: str) -> list[dict]:
    """Alignment and loss through training, where states on the way were kept."""
    steps = case.trained.snapshots.get("step", ())
    if len(steps) < 2:
        return []
    tasks, theirs = first(WAY_TASKS, (tasks, theirs))
    references = {name: theirs[name] for name in ("gd_shared", case.own)}
    follow = partial(
        trajectory.follow, steps, learn=lambda net: case.learn(net, tasks), references=references, tasks=tasks
    )
    networks = case.on_the_way()
    found = follow(networks)
    if where == "fresh":
        top = stacks.tilted(networks[trajectory.peak(found, "gd_shared")], 0.5, case.noise)
        rows.put(
            "gd_cos_peak",
            contest.cosine(case.learn(top, tasks), references["gd_shared"]),
            "tilted_0.5",
            where,
        )
        pairs = (case.opponents[name].values for name in references)
        path = follow(trajectory.planted(steps, *pairs, case.trained.settings.task.inputs))
        turning(rows, {"none": found, "path": path}, loss(references["gd_shared"], tasks))
    return trajectory.curves(found, where)


def turning(rows: Measures, ways: dict[str, trajectory.Way], gd_loss: float) -> None:
    """The highest cosine with GD, and when it comes, seen from when the loss falls to that of GD."""
    for name, found in ways.items():
        top = trajectory.peak(found, "gd_shared")
        after = float(found.steps[top]) - trajectory.crossing(found, gd_loss)
        rows.put("gd_cos_peak", found.agreements["gd_shared"]["model_cos"][top], name, "fresh")
        rows.put("peak_after_crossing", after, name, "fresh")
        if name == "path":
            rows.put("peak_after_crossing", after - DELAY, f"path_delayed_{DELAY}", "fresh")


def shifts(
    rows: Measures,
    case: Case,
    planted: dict[str, stacks.Stack],
    on_published: Callable[[float | None], dict[str, sweeps.Curves]],
) -> list[dict]:
    """Losses off the training distribution: on fresh tasks as trained, on published ones with and
    without the published clip; ``on_published`` gives those of the opponents at a clip."""
    own, middle = case.model.token_clip, case.paths(case.own)["none"][depth.MIDDLE]
    fresh, same = sweeps.fresh(case.trained), sweeps.published(case.trained.settings.evaluation.shifted_tasks)
    ours = {"none": case.network, "interpolated": middle}
    curves = []
    for label, sets, networks, clip in (
        ("fresh", fresh, {name: planted[name] for name in SWEPT}, own),
        ("published", same, ours, None),
        ("published, clipped", same, ours, CLIP),
    ):
        found = {
            name: sweeps.curves(partial(case.predict, stack, clip=clip), sets)
            for name, stack in networks.items()
        }
        theirs = by_opponents(case.opponents, sets, clip) if label == "fresh" else on_published(clip)
        for plant, name in itertools.product((n for n in found if n != "interpolated"), theirs):
            for measure, value in sweeps.gaps(found[plant]["inputs"], theirs[name]["inputs"]).items():
                rows.put(measure, value, plant, label, name)
        shown = {name: curve for name, curve in found.items() if name in ours} | theirs
        curves += sweeps.rows(shown, label.split(",")[0], clip)
    return curves
