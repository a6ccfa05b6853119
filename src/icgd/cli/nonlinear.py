"""`icgd nonlinear EXPERIMENT`: nonlinear.csv and nonlinear-curves.csv of softmax or LayerNorm networks."""

import argparse
from functools import partial

from icgd import paths
from icgd.analysis import generalisation, heads, learnt, nonlinear, opponents
from icgd.analysis.generalisation import CLIP
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.analysis.nonlinear import Predictor
from icgd.analysis.shared_tasks import published_tasks, released_sweep
from icgd.cli.analysis import analyse
from icgd.cli.common import experiment_arguments, experiment_settings
from icgd.config import AnalysisSettings
from icgd.randomness import stream
from icgd.tasks import published, shifted
from icgd.tasks.linear import Tasks

CURVES = ("panel", "tasks", "clip", "model", "point", "loss")
PANELS = ("inputs", "targets")
ALIGNMENT = ("model_cos", "model_diff", "preds_diff", "fitted_scale", "fitted_model_diff")
HAND_SET_HEADS = ("one_head", "own_head", "head_pair")
CONTROLLED = {"gd_optimal", "debiased_gd", "one_head", "own_head", "two_steps", "gd_plus_plus"}  # of rules
DOUBLED = 2.0  # input scale at the end of the published axis
DRAWN = ("none", "zero", "gd_optimal", "gd_published", "debiased_gd", "two_steps", "gd_plus_plus_separate")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which networks."""
    experiment_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Compare each network with its references, on its own tasks, the published ones and shifted ones."""
    scale, _ = experiment_settings(parsed, AnalysisSettings)
    optima = paths.references(scale, "optima")
    analyse(parsed, "nonlinear", partial(compared, optima), CURVES, inputs=(optima,))


def compared(optima: paths.Path, trained: Trained, rows: Measures) -> list[dict]:
    """Losses and alignment, the heads' weights, and the sweeps."""
    count, model = trained.settings.evaluation.tasks, trained.settings.model
    several = model.layers > 1  # one layer is compared with one step
    others = opponents.read(optima, model.layers, trained.settings.task.context) if several else {}
    references, plants = nonlinear.references(trained, others), nonlinear.plants(trained, others)
    align(rows, "fresh", trained.fresh("evaluation data", count), plants, references)
    shared = published_tasks(min(published.COUNT, count))
    align(rows, "published", shared, {"none": plants["none"]}, references)
    if model.layers == 1 and model.softmax_layers:
        weigh_heads(rows, trained)
    return sweep(rows, trained, plants, references)


def align(
    rows: Measures, name: str, tasks: Tasks, plants: dict[str, Predictor], references: dict[str, Predictor]
) -> None:
    """Loss of every plant, and its loss and models beside those of the references."""
    theirs = {reference: by.learn(tasks) for reference, by in references.items()}
    losses = {reference: learnt.loss(found, tasks) for reference, found in theirs.items()}
    for reference, loss in losses.items():
        rows.put("reference_loss", loss, tasks=name, reference=reference)
    for plant, by in plants.items():
        ours = theirs[plant] if plant in theirs else by.learn(tasks)  # references stand in as plants, too
        loss, cosines = learnt.loss(ours, tasks), {}
        rows.put("loss", loss, plant, name)
        for reference in compared_with(plant, references):
            values = learnt.agreement(ours, theirs[reference])
            cosines[reference] = float(values["model_cos"])
            rows.put("loss_over", loss / losses[reference], plant, name, reference)
            if reference in HAND_SET_HEADS:
                rows.put("loss_above", loss - losses[reference], plant, name, reference)
            for measure in ALIGNMENT if plant == "none" else ALIGNMENT[:1]:
                rows.put(measure, values[measure], plant, name, reference)
        rows.put("debiased_nearer", cosines["debiased_gd"] - cosines["gd_optimal"], plant, name)


def compared_with(plant: str, references: dict[str, Predictor]) -> list[str]:
    """All references for the network, those that rules name for its controls."""
    return [name for name in references if plant == "none" or name in CONTROLLED]


def weigh_heads(rows: Measures, trained: Trained) -> None:
    """How the heads' values and logits stand to each other."""
    settings = trained.settings
    if settings.model.heads == 1:
        return
    pair = nonlinear.tuned(settings.task, settings.key_implementation)[2]
    key = stream(trained.seed, "planted heads", settings.key_implementation)
    hand_set = heads.hand_set(pair, settings.task.inputs)
    for plant, found in heads.planted(heads.of(trained.weights), hand_set, key).items():
        for measure, value in heads.value_measures(found).items():
            rows.put(measure, value, plant)
        if settings.model.heads == 2 and plant != "hand_set":  # its off-diagonal entries are 0
            for measure, value in heads.product_measures(found).items():
                rows.put(measure, value, plant)


def sweep(
    rows: Measures, trained: Trained, plants: dict[str, Predictor], references: dict[str, Predictor]
) -> list[dict]:
    """Losses over the scales of inputs and teacher; with the published clip where one layer has it."""
    key = stream(trained.seed, "shifted data", trained.settings.key_implementation)
    most, curves = trained.settings.evaluation.shifted_tasks, []
    clips = (None, CLIP) if trained.settings.model.layers == 1 else (None,)
    all_, few = plants | references, {"none": plants["none"], "zero": plants["zero"], **references}
    for panel in PANELS:
        for where, sets in (
            ("fresh", shifted.fresh(panel, key, trained.settings.task, most)),
            ("published", released_sweep(panel, most)),
        ):
            predictions = {
                model: generalisation.predictions(predictor.predict, sets)
                for model, predictor in (all_ if (panel, where) == ("inputs", "fresh") else few).items()
            }
            for clip in clips:
                losses = {name: generalisation.curve(one, sets, clip) for name, one in predictions.items()}
                label = where if clip is None else f"{where}, clipped"
                shift_measures(rows, panel, label, losses, references)
                curves += _drawn(panel, where, clip, losses)
    return curves


def shift_measures(
    rows: Measures,
    panel: str,
    tasks: str,
    losses: dict[str, generalisation.Curve],
    references: dict[str, Predictor],
) -> None:
    """Largest gap to each reference over a panel, and the loss ratio at twice the inputs' scale."""
    for plant, curve in losses.items():
        if plant == "gd_published":  # a reference only
            continue
        for reference in compared_with(plant, references):
            gap = generalisation.gap(curve, losses[reference])
            rows.put(f"{panel}_gap", gap, plant, tasks, reference)
            if panel == "inputs":
                ratio = curve[DOUBLED] / losses[reference][DOUBLED]
                rows.put("doubled_over", ratio, plant, tasks, reference)


def _drawn(panel: str, tasks: str, clip: float | None, losses: dict) -> list[dict]:
    """Curves of the network and of what figures show beside it."""
    labels = {"panel": panel, "tasks": tasks, "clip": clip or 0}
    return [
        {**labels, "model": model, "point": point, "loss": loss}
        for model, curve in losses.items()
        if model in DRAWN
        for point, loss in curve.items()
    ]
