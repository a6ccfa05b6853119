"""Tasks of the family that an experiment names."""

import jax

from icgd.config import Task
from icgd.tasks import dynamics, linear, sine, streams
from icgd.tasks.dynamics import Sequences
from icgd.tasks.linear import Tasks
from icgd.tasks.streams import Pairs


def sample(task: Task, key: jax.Array, count: int) -> Tasks | Sequences | Pairs:
    """``count`` fresh tasks of a family; ``key`` is used up here."""
    if task.family == "dynamics":
        return dynamics.sample(task, key, count)
    if task.family == "streams":
        return streams.sample(key, count, task.inputs, (task.context,), task.state_noise, task.start_range)
    if task.family == "sine":
        return sine.sample(key, count, task.context, task.released_phase)
    return linear.sample(
        key,
        count,
        task.inputs,
        task.context,
        task.input_range,
        distribution=task.distribution,
        input_scales=task.input_scales,
        label_noise=task.label_noise,
        teacher_mean=task.teacher_mean,
    )


_compiled = jax.jit(sample, static_argnums=(0, 2))


def draw(task: Task, key: jax.Array, count: int) -> Tasks | Sequences | Pairs:
    """The same, compiled as one program; of teachers that contract, what every processor draws alike."""
    if task.family == "dynamics" and task.teacher == "contracting" and task.hidden is None:
        return dynamics.reproducible(task, key, count)
    return _compiled(task, key, count)
