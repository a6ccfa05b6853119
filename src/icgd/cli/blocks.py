"""`icgd blocks EXPERIMENT`: blocks.csv and blocks-curves.csv of its networks of blocks with MLPs."""

import argparse
from functools import partial

import jax

from icgd import paths
from icgd.analysis import learnt, opponents
from icgd.analysis.learnt import Learnt
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.analysis.opponents import Opponent
from icgd.analysis.shared_tasks import published_tasks
from icgd.cli.analysis import analyse
from icgd.cli.common import experiment_arguments, experiment_settings
from icgd.config import AnalysisSettings
from icgd.models.transformer import Weights
from icgd.randomness import stream
from icgd.tasks.linear import Tasks

CURVES = ("model", "reference", "measure", "point", "value")
TRAINED = "gd_plus_plus_separate_released"  # GD++ with 2 K parameters as the released recipe trains it
REFERENCES = ("gd_shared", "gd_separate", "gd_plus_plus_shared", TRAINED)
DRAWN = ("gd_shared", TRAINED)
COURSE_TASKS = 2000  # published tasks that the methods are measured on, as their losses have long tails
STATE_TASKS = 500  # of them, those that states on the way through training are measured on
FASTER, TILTED = (1.05, 1.15), (0.2, 0.5)  # planted faults


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which networks."""
    experiment_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Compare with as many steps of GD and GD++, on fresh tasks, and in training on published ones."""
    scale, settings = experiment_settings(parsed, AnalysisSettings)
    layers = settings.model.layers
    inputs = paths.references(scale, "optima"), paths.released(scale, layers, "separate")
    analyse(parsed, "blocks", partial(blocks, inputs), CURVES, inputs=inputs)


def blocks(inputs: tuple[paths.Path, ...], trained: Trained, rows: Measures) -> list[dict]:
    """Losses and agreement of one network and of what is planted in its place; its course."""
    known = references(inputs, trained)
    tasks = trained.fresh("evaluation data", trained.settings.evaluation.tasks)
    theirs = {name: learn_by(trained, one, tasks) for name, one in known.items()}
    for name, one in theirs.items():
        rows.put("reference_loss", learnt.loss(one, tasks), tasks="fresh", reference=name)
    models = {"none": learn(trained, trained.weights, tasks), **planted(trained, theirs, tasks)}
    for plant, one in models.items():
        rows.put("loss", learnt.loss(one, tasks), plant, "fresh")
        for name, reference in theirs.items():
            ratio = learnt.loss(one, tasks) / learnt.loss(reference, tasks)
            for measure, value in {**learnt.agreement(one, reference), "loss_ratio": ratio}.items():
                rows.put(measure, value, plant, "fresh", name)
    return course(trained, known)


def references(inputs: tuple[paths.Path, ...], trained: Trained) -> dict[str, Opponent]:
    """Methods of as many steps, at their optima or trained as released."""
    place = trained.settings.model.layers, trained.settings.task.context
    found = {name: one for path in inputs for name, one in opponents.read(path, *place).items()}
    return {name: found[name] for name in REFERENCES}


def learn(trained: Trained, weights: Weights, tasks: Tasks) -> Learnt:
    """What a network with these weights learns."""
    return learnt.by_network(trained.settings.model, weights, tasks)


def learn_by(trained: Trained, reference: Opponent, tasks: Tasks) -> Learnt:
    """What a method learns under the network's token clip."""
    return Learnt(*reference.learn(tasks, trained.settings.model.token_clip))


def planted(trained: Trained, theirs: dict[str, Learnt], tasks: Tasks) -> dict[str, Learnt]:
    """Trained GD++ with a fault of stated size, and other methods, in the network's place."""
    key = stream(trained.seed, "planted faults", trained.settings.key_implementation)
    best = theirs[TRAINED]
    return {
        **{f"rate_{factor}": learnt.faster(best, factor) for factor in FASTER},
        **{f"tilted_{share}": learnt.tilted(best, tasks, share, key) for share in TILTED},
        "gd": theirs["gd_shared"],
        "gd_plus_plus_shared": theirs["gd_plus_plus_shared"],
    }


def course(trained: Trained, known: dict[str, Opponent]) -> list[dict]:
    """Loss and alignment of the states that were kept, and the losses of the methods."""
    tasks = published_tasks(min(COURSE_TASKS, trained.settings.evaluation.tasks))
    theirs = {name: learn_by(trained, known[name], tasks) for name in DRAWN}
    found = [
        {"model": name, "reference": "", "measure": "loss", "point": 0, "value": learnt.loss(one, tasks)}
        for name, one in theirs.items()
    ]
    tasks, theirs = jax.tree.map(lambda array: array[:STATE_TASKS], (tasks, theirs))
    for index, step in enumerate(trained.snapshots.get("step", ())):
        state = {name: kept[index] for name, kept in trained.snapshots.items() if name != "step"}
        ours = learn(trained, state, tasks)
        for name, reference in theirs.items():
            found += [
                {
                    "model": "none",
                    "reference": name,
                    "measure": measure,
                    "point": int(step),
                    "value": float(v),
                }
                for measure, v in learnt.agreement(ours, reference).items()
            ]
    return found
