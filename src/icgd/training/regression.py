"""In-context regression: what the loop needs to train a transformer on linear functions or sine waves."""

from functools import partial

import jax
import jax.numpy as jnp

from icgd.analysis import alignment, copying
from icgd.config import Model, Task, TrainSettings
from icgd.models import transformer
from icgd.models.transformer import Weights
from icgd.references import closed_form, constructions
from icgd.tasks import published, sampling
from icgd.tasks.linear import Tasks, half_mean_square
from icgd.training import engine
from icgd.training.problem import Problem

ALIGNMENT = ("model_cos", "model_diff", "preds_diff")
COPYING_TASKS = 256  # of the history's, for the sensitivities of a first layer


def problem(settings: TrainSettings) -> Problem:
    """The functions of one setting."""
    task, model = settings.task, settings.model
    return Problem(
        initialise=partial(initialise, model, task.inputs),
        sample=partial(sampling.sample, task),
        loss_and_gradient=partial(loss_and_gradient, model),
        history_tasks=partial(history_tasks, task, settings.training.history_tasks),
        measures=partial(measures, task, model),
        block=engine.block_size(task.inputs, task.context),
    )


def initialise(model: Model, inputs: int, key: jax.Array) -> Weights:
    """Weights before training; attention that is given is set to one GD step (A.8 of the paper)."""
    weights = transformer.initialise(model, inputs, key)
    if model.given_step is None:
        return weights
    step = constructions.gradient_descent_layer(model.given_step, model.embedding - 1)
    return weights | constructions.one_head(step)


def loss_and_gradient(model: Model, weights: Weights, tasks: Tasks) -> tuple[jax.Array, Weights]:
    """Loss and gradient; zero for attention that is given, which so stays as it is."""
    loss, gradient = engine.loss_and_gradient(model, weights, tasks)
    if model.given_step is None:
        return loss, gradient
    fixed = {name: jnp.zeros_like(slope) for name, slope in gradient.items() if name[0].isdigit()}
    return loss, gradient | fixed


def history_tasks(task: Task, count: int, key: jax.Array) -> Tasks:
    """The published tasks where they fit, else fresh ones."""
    if published.has_shape(task):
        return published.tasks(count, task.input_range)
    return sampling.sample(task, key, count)


def measures(task: Task, model: Model, weights: Weights, tasks: Tasks) -> dict[str, jax.Array]:
    """Evaluation loss; for one layer on plain linear tasks its alignment with one step of GD, at the
    published rate or, off the base setting, the optimal one; for alternating tokens the sensitivities
    of the first layer."""
    if model.alternating:
        loss = half_mean_square(engine.predict(model, weights, tasks), tasks.target)
        few = jax.tree.map(lambda x: x[:COPYING_TASKS], tasks)
        return {"evaluation_loss": loss, **copying.sensitivities(model, weights, few)}
    plain = Task(inputs=task.inputs, context=task.context, input_range=task.input_range)
    if model.layers > 1 or task != plain:
        loss = half_mean_square(engine.predict(model, weights, tasks), tasks.target)
        return {"evaluation_loss": loss}
    rate = closed_form.optimal_rate(task.inputs, task.context, closed_form.variance(task.input_range))
    if published.is_setting(task):
        rate = closed_form.RATE_PUBLISHED
    found = alignment.measures(model, weights, tasks, rate)
    return {"evaluation_loss": found["loss"], **{name: found[name] for name in ALIGNMENT}}
