"""Networks with softmax or LayerNorm beside what they are compared with, all as predictors.

Each predictor gives its predictions and their gradients in the query, so that any two can be compared.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.analysis import learnt
from icgd.analysis.heads import of as of_weights
from icgd.analysis.learnt import Learnt
from icgd.analysis.networks import Trained
from icgd.analysis.opponents import Opponent
from icgd.config import Model, Task
from icgd.models import transformer
from icgd.models.transformer import Weights
from icgd.randomness import stream
from icgd.references import closed_form, gradient_descent, softmax
from icgd.tasks import sampling
from icgd.tasks.linear import Tasks

TUNING_TASKS = 20_000
GENTLE = 0.2  # planted: omega of opposite heads that are nearly linear
BLUNT = 1.5  # planted: the logits of the best head divided by this
TILTS = (0.4, 0.6)  # planted: length of what is added to each weight vector, over its own
RATES = (0.25, 0.8, 1.15, 1.3, 1.4, 1.5)  # planted: GD at the optimal rate times this
NUDGE = 0.025  # planted: share of the way to the truth that GD's predictions are moved
SLOWER = 0.8  # planted: both of two steps times this
TWO_STEPS = {  # name here -> name among the opponents of two layers
    "two_steps": "gd_shared",
    "two_steps_separate": "gd_separate",
    "gd_plus_plus": "gd_plus_plus_shared",
    "gd_plus_plus_separate": "gd_plus_plus_separate",
}


class Predictor(NamedTuple):
    """What predicts from tasks; ``predict`` alone is cheaper where the gradient is not needed."""

    learn: Callable[[Tasks], Learnt]
    predict: Callable[[Tasks], jax.Array]


def network(model: Model, weights: Weights) -> Predictor:
    """A transformer."""
    return Predictor(
        lambda tasks: learnt.by_network(model, weights, tasks),
        lambda tasks: learnt.predict(model, weights, tasks),
    )


def descent(rate: float, context: int, share: float = 0.0) -> Predictor:
    """One step of GD at ``rate``, with ``share`` of the context's mean taken off its inputs."""
    return of(lambda tasks: Learnt(*_debiased(tasks, rate / context, share)))


def heads(found: softmax.Heads) -> Predictor:
    """Hand-set softmax heads."""
    return of(lambda tasks: Learnt(*_heads(tasks, found)))


def opponent(method: Opponent) -> Predictor:
    """Several steps of GD or GD++."""
    return Predictor(method.learn, lambda tasks: method.predict(tasks, None))


def tilted(rate: float, context: int, size: float, noise: jax.Array) -> Predictor:
    """One step of GD with each weight vector tilted by about ``size`` of its length; noise (d, d)."""
    tilt = size / np.sqrt(len(noise)) * noise
    return of(lambda tasks: _tilted(tasks, rate / context, tilt))


def nudged(predictor: Predictor) -> Predictor:
    """A predictor moved `NUDGE` of the way to the truth: 5 % less loss."""

    def learn(tasks: Tasks) -> Learnt:
        prediction, gradient = predictor.learn(tasks)
        return Learnt(prediction + NUDGE * (tasks.target - prediction), gradient)

    return of(learn)


def zero() -> Predictor:
    """The predictor 0."""
    return of(lambda tasks: Learnt(jnp.zeros_like(tasks.target), jnp.zeros_like(tasks.query)))


def of(learn: Callable[[Tasks], Learnt]) -> Predictor:
    """A predictor whose gradient costs nothing."""
    return Predictor(learn, lambda tasks: learn(tasks)[0])


_debiased = jax.jit(softmax.debiased)
_heads = jax.jit(softmax.predict)


@jax.jit
def _tilted(tasks: Tasks, step: float, tilt: jax.Array) -> Learnt:
    weights = gradient_descent.one_step_weights(tasks, step * tasks.targets.shape[-1])
    weights = weights + weights @ tilt
    return Learnt(jnp.sum(weights * tasks.query, axis=-1), weights)


@cache
def tuned(task: Task, implementation: str) -> tuple[softmax.Heads, softmax.Heads, softmax.Heads]:
    """(best head, the same blunter, best opposite pair), tuned on tasks that no network is measured on."""
    tasks = sampling.draw(task, stream(0, "tuning data", implementation), TUNING_TASKS)
    one = softmax.sharpest(tasks, (1,))
    blunt = softmax.fitted(tasks, one.sharpness[0] / BLUNT, (1,))
    return one, blunt, softmax.sharpest(tasks, (1, -1))


def references(trained: Trained, opponents: dict[str, Opponent]) -> dict[str, Predictor]:
    """What the network is compared with, by name; ``opponents`` are those of two layers."""
    task, model = trained.settings.task, trained.settings.model
    s2 = closed_form.variance(task.input_range)
    found = {name: descent(rate, task.context) for name, rate in trained.rates().items()}
    rate = softmax.debiased_rate(task.inputs, task.context, s2) * task.context
    found["debiased_gd"] = descent(rate, task.context, 1.0)
    if model.softmax_layers:
        one, _, pair = tuned(task, trained.settings.key_implementation)
        found |= {"one_head": heads(one), "head_pair": heads(pair)}
        if (model.layers, model.heads) == (1, 1):
            found["own_head"] = heads(turned(one) if own_sign(trained) < 0 else one)
    if model.layers == 2:
        found |= {name: opponent(opponents[known]) for name, known in TWO_STEPS.items()}
    return found


def own_sign(trained: Trained) -> float:
    """Sign of the logits of a one-head network: do near inputs attract, or far ones repel?"""
    return float(np.sign(np.trace(of_weights(trained.weights).logits[0])))


def turned(found: softmax.Heads) -> softmax.Heads:
    """Logits and values of the other sign: as good on average, by the symmetry x_q -> -x_q."""
    return softmax.Heads(tuple(-omega for omega in found.sharpness), tuple(-mu for mu in found.scale))


def plants(trained: Trained, opponents: dict[str, Opponent]) -> dict[str, Predictor]:
    """The network ("none") and what stands in for it as a control, by name.

    gd_rate_<f>: GD at f times the optimal rate. gd_tilted_<f>: its weight vectors tilted by f of their
    length. gd_nudged_0.025: its predictions moved 2.5 % of the way to the truth. debiased_0.25: a
    quarter of the mean taken off. Also every reference, predicting zero, the weights before training.
    """
    settings, context = trained.settings, trained.settings.task.context
    keys = [stream(trained.seed, use, settings.key_implementation) for use in ("initialisation", "tilts")]
    inputs, rate = settings.task.inputs, trained.rates()["gd_optimal"]
    noise = jax.random.normal(keys[1], (inputs, inputs))
    untrained = transformer.initialise(settings.model, inputs, keys[0])
    return {
        "none": network(settings.model, trained.weights),
        "untrained": network(settings.model, untrained),
        "zero": zero(),
        **{f"gd_rate_{factor}": descent(factor * rate, context) for factor in RATES},
        **{f"gd_tilted_{size}": tilted(rate, context, size, noise) for size in TILTS},
        "gd_nudged_0.025": nudged(descent(rate, context)),
        "debiased_0.25": descent(rate, context, 0.25),
        **(softmax_plants(trained) if settings.model.softmax_layers else {}),
        **(slower_steps(opponents) if settings.model.layers == 2 else {}),
        **{name: by for name, by in references(trained, opponents).items() if name != "gd_published"},
    }


def softmax_plants(trained: Trained) -> dict[str, Predictor]:
    """blunt_head: the best head's logits a third smaller, its scale tuned again. nearly_linear_pair:
    opposite heads with logits so small (omega 0.2) that they are debiased GD."""
    _, blunt, pair = tuned(trained.settings.task, trained.settings.key_implementation)
    gentle = GENTLE / pair.sharpness[0]  # the scale grows as the logits shrink
    sharpness, scale = (gentle * omega for omega in pair.sharpness), (mu / gentle for mu in pair.scale)
    small = softmax.Heads(tuple(sharpness), tuple(scale))
    return {"blunt_head": heads(blunt), "nearly_linear_pair": heads(small)}


def slower_steps(opponents: dict[str, Opponent]) -> dict[str, Predictor]:
    """two_steps_0.8: two steps of GD, both 20 % smaller."""
    best = opponents[TWO_STEPS["two_steps"]]
    steps, gammas = best.values
    return {"two_steps_0.8": opponent(best._replace(values=(SLOWER * steps, gammas)))}
