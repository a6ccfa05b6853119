"""The way of a network through training, seen from K steps of GD and from GD++."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from icgd.analysis import stacks
from icgd.analysis.learnt import Learnt, agreement, loss
from icgd.tasks.linear import Tasks

SHOWN = ("model_cos", "model_diff", "preds_diff")
TURN = 0.32  # share of the planted path at which it passes GD
Learn = Callable[[stacks.Stack], Learnt]


class Way(NamedTuple):
    """A network at S times."""

    steps: np.ndarray  # (S,)
    loss: np.ndarray  # (S,)
    agreements: dict[str, dict[str, np.ndarray]]  # reference -> measure -> (S,)


def follow(
    steps: np.ndarray,
    networks: Iterable[stacks.Stack],
    learn: Learn,
    references: dict[str, Learnt],
    tasks: Tasks,
) -> Way:
    """Losses, and agreement with each reference's predictions and weights, of ``networks`` in turn."""
    losses, found = [], {name: [] for name in references}
    for network in networks:
        ours = learn(network)
        losses.append(loss(ours, tasks))
        for name, theirs in references.items():
            found[name].append({key: float(v) for key, v in agreement(ours, theirs).items()})
    columns = {
        name: {key: np.array([row[key] for row in rows]) for key in rows[0]} for name, rows in found.items()
    }
    return Way(steps, np.array(losses), columns)


def planted(
    steps: np.ndarray, gd: tuple[np.ndarray, np.ndarray], best: tuple[np.ndarray, np.ndarray], inputs: int
) -> list[stacks.Stack]:
    """A way that is what is claimed: from nothing to GD, which it reaches at TURN, and on to GD++.

    Args:
        steps: training steps (S,).
        gd, best: (eta_k / N, gamma_k) of each layer, of GD and of GD++.
        inputs: d.
    """
    networks = []
    for share in steps / steps[-1]:
        grown, over = min(share / TURN, 1.0), max((share - TURN) / (1 - TURN), 0.0)
        pair = [(1 - over) * grown * a + over * b for a, b in zip(gd, best, strict=True)]
        networks.append(stacks.hand_set(*pair, inputs))
    return networks


def peak(way: Way, reference: str) -> int:
    """Index at which the cosine with a reference is highest."""
    return int(np.nanargmax(way.agreements[reference]["model_cos"]))


def crossing(way: Way, loss: float) -> float:
    """Step at which the loss first falls to ``loss``, between two states by its logarithm; inf if never."""
    below = np.flatnonzero(way.loss <= loss)
    if len(below) == 0:
        return np.inf
    last = below[0]
    if last == 0:
        return float(way.steps[0])
    before, after = np.log(way.loss[last - 1]), np.log(way.loss[last])
    share = (before - np.log(loss)) / (before - after)
    return float(way.steps[last - 1] + share * (way.steps[last] - way.steps[last - 1]))


def curves(way: Way, where: str) -> list[dict]:
    """Loss and agreement by step as rows."""
    labels = {"panel": "training", "tasks": where, "clip": 0, "model": "none"}
    columns = [("", "loss", way.loss)]
    columns += [(name, key, found[key]) for name, found in way.agreements.items() for key in SHOWN]
    return [
        {**labels, "reference": name, "measure": key, "point": step, "value": value}
        for name, key, values in columns
        for step, value in zip(way.steps, values, strict=True)
    ]
