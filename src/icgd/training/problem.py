"""What a kind of problem gives to the training loop; one module of `icgd.training` a kind.

Kinds are found by name (`config.KINDS`), so that the code hash of a run covers its own kind only.
"""

import importlib
from collections.abc import Callable
from typing import NamedTuple

import jax

from icgd.config import KINDS, TrainSettings

Weights = dict[str, jax.Array]
Tasks = NamedTuple  # arrays with a leading axis of tasks


class Problem(NamedTuple):
    """Functions of one setting; keys are typed and used up where they go."""

    initialise: Callable[[jax.Array], Weights]  # key -> weights before training
    sample: Callable[[jax.Array, int], Tasks]  # key, count -> fresh tasks
    loss_and_gradient: Callable[[Weights, Tasks], tuple[jax.Array, Weights]]
    history_tasks: Callable[[jax.Array], Tasks]  # key -> tasks that the history is measured on
    measures: Callable[[Weights, Tasks], dict[str, jax.Array]]  # columns of the history
    block: int  # tasks that a CPU computes at a time


def module(family: str) -> str:
    """Full name of the module that holds the problems of a task family."""
    return f"icgd.training.{KINDS[family]}"


def of(settings: TrainSettings) -> Problem:
    """The problem that settings describe."""
    return importlib.import_module(module(settings.task.family)).problem(settings)
