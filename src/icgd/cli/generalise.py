"""`icgd generalise EXPERIMENT --seed S`: shift.csv and shift-curves.csv of one trained network."""

import argparse

from icgd import paths
from icgd.analysis import generalisation, interpolation, products
from icgd.analysis.measuring import COLUMNS, Measures
from icgd.analysis.networks import Trained, load
from icgd.cli.common import seed_arguments, seed_settings
from icgd.config import AnalysisSettings, plain
from icgd.files import write_table
from icgd.provenance import Recorder
from icgd.randomness import stream

CURVES = ("panel", "tasks", "clip", "model", "point", "loss")
PLANTS = ("none", "rate_1.06", "rate_1.15", "tilted_0.25", "hand_set")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which network."""
    seed_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Sweep every panel with the network, its controls and the references."""
    scale, settings = seed_settings(parsed, AnalysisSettings)
    recorder = Recorder("generalise", plain(settings), parsed.seed)
    source = paths.weights(scale, parsed.experiment, parsed.seed)
    trained = load(source, settings, parsed.seed)
    rows, curves = Measures(), []
    key = stream(parsed.seed, "shifted data", settings.key_implementation)
    for (panel, tasks_name), sets in generalisation.sweeps(trained, key).items():
        for clip in (None, generalisation.CLIP):
            losses = {
                name: generalisation.curve(predictor, sets, clip)
                for name, predictor in predictors(trained).items()
            }
            curves += [
                {"panel": panel, "tasks": tasks_name, "clip": clip or 0, "model": name, "point": p, "loss": v}
                for name, curve in losses.items()
                for p, v in curve.items()
            ]
            measure(rows, panel, tasks_name if clip is None else f"{tasks_name}, clipped", losses)
    outputs = source.with_name("shift.csv"), source.with_name("shift-curves.csv")
    write_table(outputs[0], COLUMNS, rows)
    write_table(outputs[1], CURVES, curves)
    recorder.write(outputs, (source,))


def predictors(trained: Trained) -> dict[str, generalisation.Predictor]:
    """The planted networks by name (the trained one is "none"), and the references."""
    settings = trained.settings
    context = settings.task.context
    key = stream(trained.seed, "planted faults", settings.key_implementation)
    plants = products.planted(trained.products, trained.hand_set, trained.products, key)
    found = {name: generalisation.network(trained, plants[name]) for name in PLANTS}
    found["offset_0.1"] = generalisation.offset(found["none"])
    middle = interpolation.along(interpolation.corrected(trained.products), trained.hand_set)
    found["interpolated"] = generalisation.network(trained, middle[interpolation.MIDDLE])
    for name, rate in trained.rates().items():
        found[name] = generalisation.one_step(rate, context)
    for name in PLANTS:
        rate = generalisation.matched_rate(plants[name], context)
        found[f"matched to {name}"] = generalisation.one_step(rate, context)
    return found


def measure(rows: Measures, panel: str, tasks: str, losses: dict[str, generalisation.Curve]) -> None:
    """Largest gap to each reference over the panel, for the network and its controls."""
    for name in (*PLANTS, "offset_0.1"):
        for reference in ("gd_optimal", "gd_published"):
            if reference in losses:
                rows.put(f"{panel}_gap", generalisation.gap(losses[name], losses[reference]), name, tasks, reference)
        if f"matched to {name}" in losses:
            matched = generalisation.gap(losses[name], losses[f"matched to {name}"])
            rows.put(f"{panel}_gap", matched, name, tasks, "gd_matched")
        if panel == "targets":
            rows.put("homogeneity", generalisation.homogeneity(losses[name]), name, tasks)
    if panel == "inputs":
        for name in ("none", "gd_optimal"):
            growth = losses[name][2.0] / losses[name][0.95]
            rows.put("inputs_growth", growth, name, tasks)
