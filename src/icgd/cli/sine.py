"""`icgd sine EXPERIMENT`: sine.csv and sine-curves.csv of its networks of an embedding and one layer."""

import argparse
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np

from icgd.analysis import embedded, learnt
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.analysis.pieces import first
from icgd.cli.analysis import analyse
from icgd.cli.common import experiment_arguments
from icgd.randomness import stream
from icgd.tasks import waves
from icgd.tasks.linear import Tasks, half_mean_square
from icgd.tasks.sine import HALF_RANGE
from icgd.tasks.waves import Shift

CURVES = ("panel", "series", "point", "value")
PANELS = {  # shift -> its points; the first changes nothing
    "inputs": (1.0, 1.1, 1.25, 1.5, 2.0),
    "amplitude": (1.0, 1.5, 2.0, 3.0),
    "frequency": (1.0, 0.5, 0.75, 1.25, 1.5, 2.0),
    "phase": (0.0, np.pi / 4, np.pi / 2, np.pi),
}
FITTED = 10_000  # tasks that attention is fitted on
# The wave drawn in Fig. 4, as fitted to its curves (vo22-f12); ten inputs, evenly spread.
WAVE = Shift(amplitude=0.366, phase=2.157)
PAIRS, QUERIES = 10, 101

_sample = jax.jit(waves.sample, static_argnums=(1, 2, 3))


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which networks."""
    experiment_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Losses in and off the training distribution, what attention does, the functions of one wave."""
    analyse(parsed, "sine", sine, CURVES)


def sine(trained: Trained, rows: Measures) -> list[dict]:
    """All measures and curves of one network."""
    tasks = trained.fresh("evaluation data", trained.settings.evaluation.tasks)
    network = embedded.of(trained.weights)
    rows.put("loss", loss(trained, tasks), tasks="fresh")
    rows.put("zero_loss", half_mean_square(0.0, tasks.target), tasks="fresh")
    start = embedded.functions(network, first(1, tasks), tasks.query[:, 0]).before
    rows.put("start_loss", half_mean_square(start, tasks.target), tasks="fresh")
    attend(rows, trained, network, first(FITTED, tasks))
    return [*shifts(trained), *drawn(network)]


def loss(trained: Trained, tasks: Tasks) -> float:
    """Half the mean square of the error."""
    prediction = learnt.predict(trained.settings.model, trained.weights, tasks)
    return float(half_mean_square(prediction, tasks.target))


def attend(rows: Measures, trained: Trained, network: embedded.Embedded, tasks: Tasks) -> None:
    """Are attention's values the labels (A.8), and is attention a GD step on the embedding (eq. 13)?"""
    key = stream(trained.seed, "planted faults", trained.settings.key_implementation)
    for plant, found in {"none": embedded.values(network, tasks), **planted_values(tasks, key)}.items():
        rows.put("value_r2", embedded.explained(found, tasks.targets), plant, "fresh")
    descent = embedded.given(network, 1.0)
    for plant, found in (
        ("none", network),
        ("hand_set", embedded.given(network, 0.01)),
        ("hand_set_tilted_0.25", embedded.tilted(embedded.given(network, 0.01), 0.25, key)),
    ):
        for measure, value in embedded.nearest_step(found, descent, tasks).items():
            rows.put(measure, value, plant, "fresh")


def planted_values(tasks: Tasks, key: jax.Array) -> dict[str, jax.Array]:
    """Values that are the labels and something else, of a stated size in standard deviations."""
    labels, inputs = (part / jnp.std(part) for part in (tasks.targets, tasks.inputs[..., 0]))
    return {
        "labels_and_noise_0.2": labels + 0.2 * jax.random.normal(key, labels.shape),
        "labels_and_inputs_0.4": labels + 0.4 * inputs,
    }


def shifts(trained: Trained) -> list[dict]:
    """Loss, and that of predicting zero, over each shift of the waves."""
    found = []
    for panel, points in PANELS.items():
        for point in points:
            tasks = shifted(trained, Shift(**{panel: point}))
            for series, value in (
                ("loss", loss(trained, tasks)),
                ("zero", float(half_mean_square(0.0, tasks.target))),
            ):
                found.append({"panel": panel, "series": series, "point": point, "value": value})
    return found


def shifted(trained: Trained, shift: Shift) -> Tasks:
    """Shifted waves of one seed; the same draws at every shift."""
    task, key = trained.settings.task, trained.settings.key_implementation
    count = trained.settings.evaluation.shifted_tasks
    return _sample(stream(trained.seed, "shifted data", key), count, task.context, task.released_phase, shift)


def drawn(network: embedded.Embedded) -> list[dict]:
    """The wave of Fig. 4, and the network's function before and after attention."""
    tasks, x, truth = example()
    found = embedded.functions(network, tasks, x)
    series = {"truth": truth, "before": found.before, "after": found.after[0]}
    return [
        {"panel": "wave", "series": name, "point": float(point), "value": float(value)}
        for name, line in series.items()
        for point, value in zip(x, line, strict=True)
    ]


@cache
def example() -> tuple[Tasks, jax.Array, jax.Array]:
    """One task with the wave of Fig. 4, queries over the range of x, and the wave there."""

    def wave(x: jax.Array) -> jax.Array:
        return WAVE.amplitude * jnp.sin(x + WAVE.phase)

    spread = partial(jnp.linspace, -HALF_RANGE, HALF_RANGE)
    inputs, x = spread(PAIRS), spread(QUERIES)
    context = Tasks(inputs[None, :, None], wave(inputs)[None], x[:1, None], wave(x[:1]))
    return context, x, wave(x)
