"""What stands in for a network on alternating tokens as a control: other predictors, hand-set weights."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from icgd.analysis import learnt
from icgd.analysis.learnt import Learnt
from icgd.analysis.networks import Trained
from icgd.config import Model, Task
from icgd.models import transformer
from icgd.models.transformer import Weights
from icgd.randomness import stream
from icgd.references import alternating, closed_form, gradient_descent
from icgd.tasks import sampling
from icgd.tasks.linear import Tasks

TUNING_TASKS = 5000
BLUNT = {"blunt_4": 4.0, "blunt_1.5": 1.5}  # sharpness of the copying attention
TILT = 0.4  # of the construction's second layer, over the length of what it tilts
FASTER, NUDGE, LEANING = 1.4, 0.025, 0.3  # of one step of GD: rate, share of the way to the truth, tilt


def rate(inputs: int, context: int) -> float:
    """Optimal rate of one step of GD on inputs from (-1/2, 1/2)."""
    return closed_form.optimal_rate(inputs, context, closed_form.variance(1.0))


@cache
def hand_set(model: Model, task: Task, implementation: str) -> Weights:
    """The construction, its two steps tuned on tasks that no network is measured on."""
    tasks = sampling.draw(task, stream(0, "tuning data", implementation), TUNING_TASKS)
    return alternating.construction(model, tasks)


def networks(trained: Trained) -> dict[str, Weights]:
    """The construction, with attention too blunt, and with its second layer tilted."""
    settings = trained.settings
    inputs, size = settings.task.inputs, settings.model.position_size
    built = hand_set(settings.model, settings.task, settings.key_implementation)
    return {
        "construction": built,
        **{name: built | alternating.copy_layer(inputs, size, logit) for name, logit in BLUNT.items()},
        f"tilted_{TILT}": tilted(built, inputs, TILT, key_of(trained)),
    }


def tilted(weights: Weights, inputs: int, size: float, key: jax.Array) -> Weights:
    """The second layer's probe x_q K made x_q K (1 + size R) with R_ij ~ N(0, 1 / d)."""
    noise = size / np.sqrt(inputs) * jax.random.normal(key, (inputs, inputs))
    query = weights["1/query"]
    turned = query[:, :inputs, :inputs] @ (jnp.eye(inputs) + noise)
    return weights | {"1/query": query.at[:, :inputs, :inputs].set(turned)}


def predictors(trained: Trained, tasks: Tasks) -> dict[str, Learnt]:
    """One and two steps of GD, near misses of one step, zero."""
    optimal = trained.rates()["gd_optimal"]
    step = learnt.by_descent(tasks, optimal)
    nudged = step.prediction + NUDGE * (tasks.target - step.prediction)
    return {
        "gd_optimal": step,
        f"gd_rate_{FASTER}": learnt.faster(step, FASTER),
        f"gd_nudged_{NUDGE}": Learnt(nudged, step.weights),
        f"gd_tilted_{LEANING}": learnt.tilted(step, tasks, LEANING, key_of(trained)),
        "gd_0.1": learnt.faster(step, 0.1),
        "two_steps": learnt.of_weights(tasks, two_steps(tasks, optimal)),
        "zero": learnt.faster(step, 0.0),
    }


def other_networks(trained: Trained, tasks: Tasks) -> dict[str, Learnt]:
    """The network before training and, where there is one, the construction."""
    settings = trained.settings
    key = stream(trained.seed, "initialisation", settings.key_implementation)
    start = transformer.initialise(settings.model, settings.task.inputs, key)
    found = {"untrained": learnt.by_network(settings.model, start, tasks)}
    if settings.model.softmax_layers:
        built = hand_set(settings.model, settings.task, settings.key_implementation)
        found["construction"] = learnt.by_network(settings.model, built, tasks)
    return found


@jax.jit
def two_steps(tasks: Tasks, optimal: float) -> jax.Array:
    """Weights (T, d) of two steps of GD at one rate: w_2 = 2 w_1 - (eta / N) X^T X w_1."""
    first = gradient_descent.one_step_weights(tasks, optimal)
    fitted = tasks._replace(targets=jnp.einsum("tnd,td->tn", tasks.inputs, first))
    return 2 * first - gradient_descent.one_step_weights(fitted, optimal)


def key_of(trained: Trained) -> jax.Array:
    """Key of the seed's planted faults."""
    return stream(trained.seed, "planted faults", trained.settings.key_implementation)
