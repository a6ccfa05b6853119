"""What is trained: initial weights, tasks, a loss with its gradient, and the columns of the history."""

import jax
import jax.numpy as jnp

from icgd.config import Causal, Model, Settings, Task
from icgd.measures import agreement, copied
from icgd.models import causal as causal_models
from icgd.models import transformer
from icgd.models.transformer import Weights
from icgd.references import closed_form, constructions
from icgd.tasks import published, sample, text
from icgd.tasks.dynamics import Sequences
from icgd.tasks.linear import Tasks, half_mean_square
from icgd.tasks.streams import Pairs
from icgd.training import causal, engine

ALIGNMENT = ("model_cos", "model_diff", "preds_diff")
COPYING_TASKS = 256  # of the history's, for the sensitivities of a first layer


def initialise(settings: Settings, key: jax.Array) -> Weights:
    """Weights before training; attention that is given is set to one GD step (A.8 of the paper)."""
    if settings.causal is not None:
        return causal_models.initialise(settings.causal, settings.task.inputs, key)
    model = settings.model
    weights = transformer.initialise(model, settings.task.inputs, key)
    if model.given_step is None:
        return weights
    step = constructions.gradient_descent_layer(model.given_step, model.embedding - 1)
    return weights | constructions.one_head(step)


def blocks(settings: Settings) -> int:
    """How many blocks of tasks, each of a size that a CPU computes best, a batch is divided into."""
    size = engine.block_size(settings.task.inputs, settings.task.context)
    if settings.causal is not None:
        size = causal.block_size(settings.causal, causal_models.length(settings.causal, settings.task))
    return settings.training.batch // size if settings.training.batch % size == 0 else 1


def loss_and_gradient(
    model: Model | Causal, weights: Weights, tasks: Tasks | Sequences | Pairs
) -> tuple[jax.Array, Weights]:
    """Loss and gradient; zero for attention that is given, which so stays as it is."""
    if isinstance(model, Causal):
        return causal.loss_and_gradient(model, weights, tasks)
    loss, gradient = engine.loss_and_gradient(model, weights, tasks)
    if model.given_step is None:
        return loss, gradient
    fixed = {name: jnp.zeros_like(slope) for name, slope in gradient.items() if name[0].isdigit()}
    return loss, gradient | fixed


def history_tasks(settings: Settings, key: jax.Array) -> Tasks | Sequences | Pairs:
    """Tasks that the history is measured on: the published ones where they fit, else fresh ones; of text
    pieces that are held out, the same for every key."""
    task, count = settings.task, settings.training.history_tasks
    if task.family == "text":
        return text.held_out(count, task.context)
    if published.has_shape(task):
        return published.tasks(count, task.input_range)
    return sample.sample(task, key, count)


def measures(settings: Settings, weights: Weights, tasks: Tasks | Sequences | Pairs) -> dict[str, jax.Array]:
    """Evaluation loss; for one layer on plain linear tasks its alignment with one step of GD, at the
    published rate or, off the base setting, the optimal one; for alternating tokens the sensitivities
    of the first layer."""
    if settings.causal is not None:
        return {"evaluation_loss": causal.loss(settings.causal, weights, tasks)}
    task, model = settings.task, settings.model
    plain = Task(inputs=task.inputs, context=task.context, input_range=task.input_range)
    if model.layers == 1 and task == plain and not model.alternating:
        rate = closed_form.optimal_rate(task.inputs, task.context, closed_form.variance(task.input_range))
        if published.is_setting(task):
            rate = closed_form.RATE_PUBLISHED
        found = agreement.measures(model, weights, tasks, rate)
        return {"evaluation_loss": found["loss"], **{name: found[name] for name in ALIGNMENT}}
    loss = half_mean_square(engine.predict(model, weights, tasks), tasks.target)
    if not model.alternating:
        return {"evaluation_loss": loss}
    few = jax.tree.map(lambda x: x[:COPYING_TASKS], tasks)
    return {"evaluation_loss": loss, **copied.sensitivities(model, weights, few)}
