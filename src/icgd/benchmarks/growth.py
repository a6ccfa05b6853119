"""How a step's cost grows with context, layers, input dimension and seeds."""

import dataclasses
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from icgd.benchmarks import textbook, timing
from icgd.benchmarks.columns import LINEAR, TWO, settings
from icgd.config import Model, Task, TrainSettings
from icgd.training import step

BATCH, STEPS = 256, 4
CONTEXTS = (10, 20, 40, 80, 160, 320, 640, 1280)
TEXTBOOK_CONTEXTS = CONTEXTS[:5]  # beyond, its attention matrices take gigabytes
LAYERS = (1, 2, 3, 5, 8, 12)
INPUTS = (5, 10, 20, 40, 80)
SEEDS = (1, 2, 4, 8)
TOP = 3  # points at the large end that an exponent is fitted to


def studies() -> dict[tuple[str, str], dict[int, Callable[[], timing.Arm]]]:
    """(study, form) -> {size: what makes its arm}."""
    contexts = {n: dataclasses.replace(LINEAR, context=n) for n in CONTEXTS}
    inputs = {d: dataclasses.replace(LINEAR, inputs=d) for d in INPUTS}
    one = Model()
    return {
        ("context N, one layer", "engine"): {n: _maker(task, one) for n, task in contexts.items()},
        ("context N, two layers", "engine"): {n: _maker(task, TWO) for n, task in contexts.items()},
        ("context N, one layer", "textbook"): {
            n: _maker(contexts[n], one, textbook.gradient) for n in TEXTBOOK_CONTEXTS
        },
        ("layers K", "engine"): {k: _maker(LINEAR, Model(layers=k)) for k in LAYERS},
        ("input dimension d", "engine"): {d: _maker(task, one) for d, task in inputs.items()},
        ("seeds in one job", "engine"): {
            count: _maker(LINEAR, one, _of_seeds(count) if count > 1 else step.gradient) for count in SEEDS
        },
    }


def measured(rounds: int) -> Iterator[dict[str, object]]:
    """Rows study, form, x, CPU ms a step of BATCH tasks (median, least, most)."""
    for (study, form), makers in studies().items():
        times = timing.interleaved({str(x): make() for x, make in makers.items()}, rounds)
        for x in makers:
            yield {"study": study, "form": form, "x": x, **timing.spread("cpu_ms", times[str(x)].cpu)}


def exponent(x: np.ndarray, ms: np.ndarray) -> float:
    """Slope of log ms over log x through the TOP largest points."""
    order = np.argsort(x)[-TOP:]
    return float(np.polyfit(np.log(np.asarray(x)[order]), np.log(np.asarray(ms)[order]), 1)[0])


def _maker(task: Task, model: Model, gradient: Callable = step.gradient) -> Callable[[], timing.Arm]:
    return lambda: timing.arm(settings(task, model, BATCH), gradient, STEPS)


def _of_seeds(count: int) -> Callable:
    """Gradients of several seeds side by side."""

    def gradient(settings: TrainSettings, weights: dict, key: jax.Array):
        keys = jax.random.split(key, count)
        losses, slopes = jax.vmap(lambda key: step.gradient(settings, weights, key))(keys)
        return jnp.mean(losses), jax.tree.map(lambda slope: jnp.mean(slope, 0), slopes)

    return gradient
