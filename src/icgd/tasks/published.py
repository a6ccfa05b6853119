"""The evaluation tasks of von Oswald et al. 2022, rebuilt bit by bit from their released key.

Their figures were made with JAX's older threefry layout, which is asked for here locally; float32
sampling. What proves the tasks right are two losses (see `check`).
"""

from functools import partial

import jax
import jax.numpy as jnp

from icgd.config import Task
from icgd.errors import IcgdError
from icgd.tasks.linear import Tasks, from_weights, half_mean_square

KEY = 5  # PRNGKey of every evaluation in the released notebook
COUNT = 10_000
INPUTS = CONTEXT = 10
ZERO_PREDICTOR_LOSS = 0.409863
ONE_STEP_LOSS = 0.204689  # one step of gradient descent at rate 6.001
RELEASED_RATE = 6.001
TOLERANCE = 1e-5


def _keys(count: int) -> jax.Array:
    return jax.random.split(jax.random.PRNGKey(KEY), count)


def has_shape(task: Task) -> bool:
    """Are these tasks of the published size, d = N = 10, on inputs of any width?"""
    return task.model_copy(update={"input_range": 1.0}) == Task(inputs=INPUTS, context=CONTEXT)


def is_setting(task: Task) -> bool:
    """Is this the problem of the published tasks: d = N = 10, inputs on (-1/2, 1/2)?"""
    return has_shape(task) and task.input_range == 1.0


def tasks(count: int = COUNT, input_range: float = 1.0) -> Tasks:
    """The first ``count`` published tasks, of d = N = 10; one key a task, split five ways."""

    def one(key: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        weight_key, input_key, query_key, _, _ = jax.random.split(key, 5)
        half = input_range / 2
        weights = jax.random.normal(weight_key, (INPUTS,))
        x = jax.random.uniform(input_key, (CONTEXT, INPUTS), minval=-half, maxval=half)
        query = jax.random.uniform(query_key, (1, INPUTS), minval=-half, maxval=half)
        return weights, x, query[0]

    with jax.threefry_partitionable(False):
        return jax.jit(lambda keys: from_weights(*jax.vmap(one)(keys)))(_keys(count))


def noisy_labels(distractors: int, count: int = COUNT) -> Tasks:
    """The published tasks with the labels of some context tokens replaced by N(0, 1) draws."""

    def one(key: jax.Array, targets: jax.Array) -> jax.Array:
        _, _, _, label_key, choice_key = jax.random.split(key, 5)
        chosen = jax.random.choice(choice_key, CONTEXT, (distractors,), replace=False)
        return targets.at[chosen].set(jax.random.normal(label_key, (distractors,)))

    clean = tasks(count)
    with jax.threefry_partitionable(False):
        return clean._replace(targets=jax.vmap(one)(_keys(count), clean.targets))


def other_distributions(count: int = 500, scale: float = 1.0) -> Tasks:
    """Inputs from Exponential(1), N(0, 1) or Laplace(0, 1), one of the three for each task.

    The whole context is divided by its Frobenius norm and multiplied by ``scale``; the query is
    divided by the norm of the context, not by its own (released code; their Fig. 6).
    """
    with jax.threefry_partitionable(False):
        one = partial(other_distribution, inputs=INPUTS, context=CONTEXT, scale=scale)
        return jax.jit(jax.vmap(one))(_keys(count))


def other_distribution(key: jax.Array, inputs: int, context: int, scale: float) -> Tasks:
    """One task (no leading axis) of the family described in `other_distributions`."""
    weight_key, input_key, query_key, choice_key = jax.random.split(key, 4)
    weights = jax.random.normal(weight_key, (inputs,))
    kind = jax.random.choice(choice_key, 3, replace=False)
    samplers = (jax.random.exponential, jax.random.normal, jax.random.laplace)
    x = jnp.stack([draw(input_key, (context, inputs)) for draw in samplers])[kind]
    query = jnp.stack([draw(query_key, (1, inputs)) for draw in samplers])[kind][0]
    norm = jnp.linalg.norm(x)
    x, query = x / norm * scale, query / norm * scale
    return Tasks(x, x @ weights, query, query @ weights)


def check(published: Tasks) -> dict[str, float]:
    """Two losses that prove the tasks: the zero predictor's and one GD step's at rate 6.001.

    Raises:
        IcgdError: one of them is not the published value, to 1e-5.
    """
    gradient = jnp.einsum("tnd,tn->td", published.inputs, published.targets)
    one_step = RELEASED_RATE / CONTEXT * jnp.einsum("td,td->t", gradient, published.query)
    found = {
        "zero_predictor": float(half_mean_square(0.0, published.target)),
        "one_step_gd_6.001": float(half_mean_square(one_step, published.target)),
    }
    for (name, value), right in zip(found.items(), (ZERO_PREDICTOR_LOSS, ONE_STEP_LOSS), strict=True):
        if not abs(value - right) <= TOLERANCE:
            raise IcgdError(
                f"the published evaluation tasks came out wrong: the loss of {name} is "
                f"{value:.6f}, not {right}; check that jax is the locked version."
            )
    return found
