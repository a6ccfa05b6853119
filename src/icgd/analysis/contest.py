"""A network of K layers and its controls against K-step methods, on the same tasks."""

import numpy as np

from icgd.analysis import alignment
from icgd.analysis.depth import Case
from icgd.analysis.learnt import Learnt, agreement, loss
from icgd.analysis.measuring import Measures
from icgd.analysis.stacks import Stack
from icgd.references import least_squares
from icgd.tasks.linear import Tasks

CONTROLS = ("loss_ratio", "model_cos", "model_diff")  # measures of controls; the network has all
CONTESTING = ("none", "tilted_0.1", "gd", "gd_separate")
CURVING = ("none", "gd", "gd_rate_1.15", "gd_plus_plus")
TINY = 1e-9  # below the resolution of float32


def against(
    rows: Measures,
    case: Case,
    networks: dict[str, Stack],
    theirs: dict[str, Learnt],
    tasks: Tasks,
    where: str,
) -> dict[str, Learnt]:
    """Losses and agreement with what every opponent learns on the same tasks; what the networks learnt."""
    losses = {name: loss(found, tasks) for name, found in theirs.items()}
    learnt = {plant: case.learn(stack, tasks) for plant, stack in networks.items()}
    for plant, ours in learnt.items():
        mine, cosines = loss(ours, tasks), {}
        rows.put("loss", mine, plant, where)
        if case.own == case.kind:  # under a clip there is no closed form
            population = case.opponents[case.own].population + mine - losses[case.own]
            rows.put("population_loss", population, plant, where)
        for name, found in theirs.items():
            values = {key: float(value) for key, value in agreement(ours, found).items()}
            values["loss_ratio"] = mine / losses[name]
            cosines[name] = values["model_cos"]
            for key, value in values.items():
                if plant == "none" or key in CONTROLS:
                    rows.put(key, value, plant, where, name)
            if plant == "none":
                rows.put("reference_loss", losses[name], plant, where, name)
        if plant in CONTESTING:
            gaps = {name: abs(np.log(mine / value)) for name, value in losses.items()}
            contest(rows, case, plant, where, cosines, gaps)
    return learnt


def cosine(ours: Learnt, theirs: Learnt) -> float:
    """Mean cosine of the query gradients."""
    return float(agreement(ours, theirs)["model_cos"])


def contest(
    rows: Measures, case: Case, plant: str, where: str, cosines: dict[str, float], gaps: dict[str, float]
) -> None:
    """The best rival with at most as many free parameters as GD++, against GD++: 1 - cosine, |ln L / L'|.

    A method that overflowed on some task is no rival.
    """
    most = case.opponents[case.own].free
    rivals = [
        name
        for name, opponent in case.opponents.items()
        if opponent.free <= most and not name.startswith("gd_plus_plus") and np.isfinite(gaps[name])
    ]
    turned = {name: max(1 - cosine, TINY) for name, cosine in cosines.items()}
    rows.put("rival_turn", min(turned[name] for name in rivals) / turned[case.own], plant, where)
    nearest = min(max(gaps[name], TINY) for name in rivals)
    rows.put("rival_loss_gap", nearest / max(gaps[case.own], TINY), plant, where)


def curvature(rows: Measures, learnt: dict[str, Learnt], gd: Learnt, tasks: Tasks) -> None:
    """How much nearer to the least squares weights than K-step GD: the gain of the mean cosine."""
    exact = least_squares.weights(tasks)
    base = float(np.mean(alignment.cosine(gd.weights, exact)))
    for name in CURVING:
        cosine = float(np.mean(alignment.cosine(learnt[name].weights[: len(exact)], exact)))
        rows.put("least_squares_cos", cosine, name, "fresh")
        rows.put("least_squares_gain", cosine - base, name, "fresh", "gd_shared")
