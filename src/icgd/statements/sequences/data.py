"""Sequences that the statements are about, in float64, and networks of hand-set layers."""

from functools import cache

import jax.numpy as jnp
import numpy as np

from icgd.config import Causal, Task
from icgd.models import causal
from icgd.models.transformer import Weights
from icgd.tasks.dynamics import OBSERVATION

SETS, SEQUENCES, TUNING = 6, 512, "tuning"  # rates are tuned on a set of their own
TASK = Task(family="dynamics", inputs=10, context=50)


@cache
def sets(task: Task, count: int, few: bool) -> dict[str, np.ndarray]:
    """States (B, T + 1, n) by the name of the set, that for tuning first; ``few``: two others, of 8."""
    number, count = (2, 8) if few else (SETS, count)
    names = (TUNING, *(f"set {index}" for index in range(number)))
    states = draw(task, np.random.default_rng(0), (number + 1) * count)
    return dict(zip(names, np.split(states, number + 1), strict=True))


def draw(task: Task, rng: np.random.Generator, count: int) -> np.ndarray:
    """What `icgd.tasks.dynamics` draws with orthogonal teachers, in float64 and without compiling."""
    size = task.hidden or task.inputs
    teacher, triangle = np.linalg.qr(rng.normal(size=(count, size, size)))
    teacher *= np.sign(np.diagonal(triangle, axis1=1, axis2=2))[:, None]  # Haar's measure
    states = [rng.uniform(-task.start_range, task.start_range, (count, size))]
    for _ in range(task.context):
        noise = task.state_noise * rng.normal(size=(count, size))
        states.append(np.einsum("bij,bj->bi", teacher, states[-1]) + noise)
    found = np.stack(states, axis=1)
    if task.hidden:
        found = found @ (OBSERVATION * rng.normal(size=(count, size, task.inputs)))
        found += task.observation_noise * rng.normal(size=found.shape)
    return found


def loss(predictions: np.ndarray, targets: np.ndarray) -> float:
    """Half the squared error summed over entries, mean over positions and sequences."""
    return float(0.5 * np.mean(np.sum((predictions - targets) ** 2, axis=-1)))


def network(weights: Weights, inputs: int) -> causal.CausalTransformer:
    """The network of linear layers with one head that has these weights."""
    shape = {"heads": 1, "key_size": inputs, "width": weights["0/query"].shape[1], "tokens": "constructed"}
    settings = Causal(layers=("linear",) * (len(weights) // 4), **shape)
    return causal.build(settings, inputs, {name: jnp.asarray(matrix) for name, matrix in weights.items()})
