"""The seven networks: what a training step costs with the engine and in textbook form."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from icgd.benchmarks import textbook, timing
from icgd.benchmarks.columns import Column
from icgd.config import TrainSettings
from icgd.models import transformer
from icgd.randomness import stream
from icgd.tasks import sampling
from icgd.tasks.linear import half_mean_square
from icgd.training import engine, step

STEPS = {"engine": 10, "textbook": 3}  # of one timed run


def forms(settings: TrainSettings) -> dict[str, timing.Arm]:
    """Training steps with the engine and in textbook form."""
    return {
        "engine": timing.arm(settings, step.gradient, STEPS["engine"]),
        "textbook": timing.arm(settings, textbook.gradient, STEPS["textbook"]),
    }


def compared(column: Column, rounds: int) -> dict[str, float]:
    """One network: ms a step of both forms (median, least, most), and how well they agree.

    The ratio is taken within each round, as both forms then met the same machine.
    """
    settings = column.settings()
    drawing = {
        "engine drawing": _drawing(settings, _draw_blocks),
        "textbook drawing": _drawing(settings, textbook.draw),
    }
    times = timing.interleaved({**forms(settings), **drawing}, rounds)
    return {
        "rounds": rounds,
        **timing.spread("engine_cpu_ms", times["engine"].cpu),
        **timing.spread("textbook_cpu_ms", times["textbook"].cpu),
        **timing.spread("ratio", times["textbook"].cpu / times["engine"].cpu),
        "engine_wall_ms": float(np.median(times["engine"].wall)),
        "textbook_wall_ms": float(np.median(times["textbook"].wall)),
        "engine_drawing_ms": float(np.median(times["engine drawing"].cpu)),
        "textbook_drawing_ms": float(np.median(times["textbook drawing"].cpu)),
        "least_ratio": column.least,
        "released_cpu_ms": column.released_ms,
        "released_over_engine": column.released_ms / float(np.median(times["engine"].cpu)),
        "loss_difference": loss_difference(settings),
    }


def loss_difference(settings: TrainSettings) -> float:
    """|engine / textbook - 1| of the loss on one batch, with weights ten times as large as at first."""
    key = stream(0, "comparison", settings.key_implementation)
    tasks = sampling.sample(settings.task, key, settings.training.batch)
    weights = {name: 10 * matrix for name, matrix in timing.start(settings).items()}
    ours, _ = jax.jit(lambda w: engine.loss_and_gradient(settings.model, w, tasks))(weights)
    theirs = jax.jit(lambda w: transformer.predict_each(settings.model, w, tasks))(weights)
    return abs(float(ours / half_mean_square(theirs, tasks.target)) - 1)


def operations(settings: TrainSettings) -> float:
    """Floating-point operations that a step of linear layers needs, counted by hand.

    Forward, in multiply-adds a sequence: N t^2 for G; in each layer but the last 3 t^3 for
    W_KQ G W_PV and G A, and t^3 for A^T G A, which the last but one does not need; one layer alone
    needs 2 N t. A backward pass is twice its forward pass.
    """
    k, n, t = settings.model.layers, settings.task.context, settings.task.inputs + 1
    forward = 2 * n * t if k == 1 else n * t**2 + (k - 1) * 3 * t**3 + (k - 2) * t**3
    return 2 * 3 * forward * settings.training.batch


def _draw_blocks(settings: TrainSettings, key: jax.Array) -> object:
    """What the engine draws in a step."""
    keys = jax.random.split(key, settings.training.batch // engine.BLOCK)
    return jax.lax.map(lambda k: sampling.sample(settings.task, k, engine.BLOCK), keys)


def _drawing(settings: TrainSettings, draw: Callable, steps: int = 5) -> timing.Arm:
    """Drawing alone; its sum is kept, so that it is really done."""
    key = timing.data_key(settings)

    def one(total: jax.Array, step: jax.Array) -> tuple[jax.Array, None]:
        drawn = draw(settings, jax.random.fold_in(key, step))
        return total + sum(jnp.sum(leaf) for leaf in jax.tree.leaves(drawn)), None

    return timing.Arm(jax.jit(lambda: jax.lax.scan(one, jnp.zeros(()), jnp.arange(steps))[0]), steps)
