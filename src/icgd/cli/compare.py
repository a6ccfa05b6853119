"""`icgd compare EXPERIMENT`: comparison.csv, its networks against those of another experiment."""

import argparse
import dataclasses
import json
from collections.abc import Sequence

import numpy as np

from icgd import paths
from icgd.analysis import learnt, pairs
from icgd.analysis.learnt import Learnt
from icgd.analysis.measuring import COLUMNS, Measures
from icgd.analysis.networks import Diverged, Trained, load
from icgd.cli.analysis import convergence
from icgd.cli.common import experiment_arguments
from icgd.config import AnalysisSettings, build, plain
from icgd.config import load as load_config
from icgd.errors import IcgdError, nearest
from icgd.files import read_table, write_table
from icgd.progress import say
from icgd.provenance import Recorder
from icgd.tasks.linear import Tasks


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which networks; those they are compared with follow (icgd.paths.BASES)."""
    experiment_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """On each seed's own fresh tasks, which are the same for both experiments."""
    scale, name = parsed.scale, parsed.experiment
    if name not in paths.BASES:
        raise IcgdError(f"{name} is compared with nothing; {nearest(name, paths.BASES)}")
    if parsed.settings is not None:
        pair = {
            role: build(AnalysisSettings, values, "--settings")
            for role, values in json.loads(parsed.settings).items()
        }
    else:
        config = load_config(parsed.config)
        scale = scale or config.scale
        pair = config.compared(name, scale)
    recorder = Recorder("compare", plain(pair))
    base, base_rows, files = networks(scale, paths.BASES[name], pair["base"])
    ours, rows_of, more = networks(scale, name, pair["ours"])
    base = converged(base, base_rows)
    measure = pairs.compare if pair["ours"].task.family == "sine" else compare
    for seed, trained in ours.items():
        measure(rows_of[seed], trained, base)
        say(f"compare {name}: seed {seed} done")
    table = [{"seed": seed, **row} for seed, rows in rows_of.items() for row in rows]
    output = paths.table(scale, name, "comparison")
    write_table(output, ("seed", *COLUMNS), table)
    recorder.write([output], [*files, *more])


def networks(
    scale: str, name: str, settings: AnalysisSettings
) -> tuple[dict[int, Trained], dict[int, Measures], list[paths.Path]]:
    """The networks of an experiment, what is known of their convergence, and the files read."""
    found, known, files = {}, {}, []
    for seed in range(settings.seeds):
        weights, history = (path(scale, name, seed) for path in (paths.weights, paths.history))
        files += [weights, history]
        known[seed] = Measures()
        lines = read_table(history)
        try:
            found[seed] = dataclasses.replace(load(weights, settings, seed), history=lines)
        except Diverged as diverged:
            known[seed].put("diverged_at", diverged.step)
            continue
        convergence(known[seed], lines, found[seed])
    return found, known, files


def converged(networks: dict[int, Trained], known: dict[int, Measures]) -> list[Trained]:
    """Those that have left their plateau; all of them where none has (a smoke run)."""
    chosen = [
        trained
        for seed, trained in networks.items()
        if {row["measure"]: row["value"] for row in known[seed]}["converged"]
    ]
    return chosen or list(networks.values())


def compare(rows: Measures, trained: Trained, base: Sequence[Trained]) -> None:
    """One network, and controls in its place, against the mean of the others."""
    tasks = trained.fresh("evaluation data", trained.settings.evaluation.tasks)
    rate = trained.rates()["gd_optimal"]
    descent = learnt.by_descent(tasks, rate)
    own = of(trained, tasks)
    others = [of(network, tasks) for network in base]
    next_one = others[trained.seed % len(others)]
    rest = [one for one in others if one is not next_one] or others
    for plant, one, against in (
        ("none", own, others),
        ("rate_1.25", learnt.faster(own, 1.25), others),
        ("other_seed", next_one, rest),
        ("exchanged", next_one, [own]),
        ("hand_set", descent, others),
    ):
        losses = [learnt.loss(other, tasks) for other in against]
        cosines = [cosine(other, descent) for other in against]
        rows.put("loss_over_base", learnt.loss(one, tasks) / np.mean(losses), plant, "fresh")
        rows.put("cos_above_base", cosine(one, descent) - np.mean(cosines), plant, "fresh")


def of(trained: Trained, tasks: Tasks) -> Learnt:
    """What a network has learnt from each context."""
    return learnt.by_network(trained.settings.model, trained.weights, tasks)


def cosine(one: Learnt, descent: Learnt) -> float:
    """Mean cosine with gradient descent."""
    return float(learnt.agreement(one, descent)["model_cos"])
