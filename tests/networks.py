"""Networks made by hand, and one question to the grid at a time, for tests of the measures."""

import jax
import numpy as np

from icgd.config import Evaluation, Model, Settings, Task
from icgd.measures.grid import Grid, answer
from icgd.measures.network import Network
from icgd.measures.request import Request
from icgd.models import transformer
from icgd.references import descent
from icgd.references.descent import Steps

TASK = Task(inputs=10, context=10)
COUNT = 100  # of tasks, everywhere: one shape to compile
COUNTS = ("tasks", "published_tasks", "state_tasks", "shifted_tasks")
ONE, TWO = Model(), Model(layers=2)
HEADS = Model(softmax_layers=1, heads=2)
STEPS, GAMMAS = (1.2, 0.8), (0.15, 0.1)  # of two steps of GD++


def gd_plus_plus(steps=STEPS, gammas=GAMMAS):
    """Weights of a network that is so many steps of GD++."""
    return descent.hand_set(Steps(steps, gammas), 10)


def refactored(weights):
    """The same network with W_KQ times four and W_PV over four, which changes nothing that it does."""
    factors = {"query": 4.0, "value": 0.25}
    return {name: factors.get(name.split("/")[1], 1.0) * matrix for name, matrix in weights.items()}


def drawn(model, task=TASK, size=0.4):
    """Weights of a size at which every matrix matters."""
    found = transformer.initialise(model, task.inputs, jax.random.key(2))
    return {
        name: size * matrix / np.std(matrix) if matrix.ndim > 1 else matrix for name, matrix in found.items()
    }


def made(model=ONE, weights=None, task=TASK, others=(), history=(), snapshots=None, seed=0, **evaluation):
    """A network under test with these weights; ``others``: those of any other experiment."""
    counts = {**dict.fromkeys(COUNTS, COUNT), **evaluation}
    settings = Settings(task=task, model=model, evaluation=Evaluation(**counts))
    weights, kept = drawn(model, task) if weights is None else weights, snapshots or {}
    return Network(settings, seed, weights, list(history), kept, "full", "made", lambda name: list(others))


def ask(network, measure, subject="network", reference="", tasks="fresh", along=""):
    """What the grid answers about a network."""
    return answer(Grid(network), Request(measure, subject, reference, tasks, along))


def ended(loss, steps=1000):
    """The history of a run whose training loss was at 9 until its last 500 steps."""
    early = {"evaluation_loss": loss, "training_loss": 9.0, "largest_loss": loss}
    late = range(steps - 400, steps + 1, 100)
    return [
        {**early, "step": step, **({"training_loss": loss} if step in late else {})}
        for step in range(0, steps + 1, 100)
    ]
