"""`icgd generalise EXPERIMENT`: shift.csv and shift-curves.csv of its one-layer networks."""

import argparse

from icgd.analysis import generalisation, interpolation, products
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.cli.analysis import analyse
from icgd.cli.common import experiment_arguments
from icgd.randomness import stream

CURVES = ("panel", "tasks", "clip", "model", "point", "loss")
PLANTS = ("none", "rate_1.06", "rate_1.15", "tilted_0.25", "hand_set")
MATCHED = {name: f"matched to {name}" for name in PLANTS}  # GD at that network's own rate
CONTROLS = (*PLANTS[1:], "offset_0.1", *(MATCHED[name] for name in PLANTS[1:]))


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which networks."""
    experiment_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Sweep every panel with the network, its controls and the references."""
    analyse(parsed, "generalise", shifts, CURVES)


def shifts(trained: Trained, rows: Measures) -> list[dict]:
    """Losses at every point of every panel, with and without the published clip."""
    key, curves = stream(trained.seed, "shifted data", trained.settings.key_implementation), []
    compared = predictors(trained)
    for (panel, tasks), sets in generalisation.sweeps(trained, key).items():
        predictions = {name: generalisation.predictions(by, sets) for name, by in compared.items()}
        for clip in (None, generalisation.CLIP):
            losses = {name: generalisation.curve(one, sets, clip) for name, one in predictions.items()}
            measure(rows, panel, tasks if clip is None else f"{tasks}, clipped", losses)
            labels = {"panel": panel, "tasks": tasks, "clip": clip or 0}
            curves += [
                {**labels, "model": name, "point": point, "loss": loss}
                for name, curve in losses.items()
                if name not in CONTROLS
                for point, loss in curve.items()
            ]
    return curves


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
        found[MATCHED[name]] = generalisation.one_step(rate, context)
    return found


def measure(rows: Measures, panel: str, tasks: str, losses: dict[str, generalisation.Curve]) -> None:
    """Largest gap to each reference over the panel, for the network and its controls."""
    for name in (*PLANTS, "offset_0.1"):
        for reference in ("gd_optimal", "gd_published"):
            if reference in losses:
                rows.put(
                    f"{panel}_gap",
                    generalisation.gap(losses[name], losses[reference]),
                    name,
                    tasks,
                    reference,
                )
        if name in MATCHED:
            matched = generalisation.gap(losses[name], losses[MATCHED[name]])
            rows.put(f"{panel}_gap", matched, name, tasks, "gd_matched")
        if panel == "targets":
            rows.put("homogeneity", generalisation.homogeneity(losses[name]), name, tasks)
