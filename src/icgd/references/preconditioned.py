"""One step of gradient descent with the best preconditioner, in closed form, for independent inputs.

Notation: x has independent symmetric coordinates with variances L = diag(l) and kurtosis k; the
teacher has E w w^T = M; labels carry noise of variance v; h = (1/N) sum_i y_i x_i is the gradient.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Task
from icgd.references import closed_form, descent
from icgd.tasks.linear import Tasks


class Moments(NamedTuple):
    """What the loss of a linear map of h depends on."""

    inputs: np.ndarray  # L: covariance of the query (d, d)
    cross: np.ndarray  # E w h^T = M L
    gradient: np.ndarray  # E h h^T
    teacher: np.ndarray  # M


def moments(task: Task) -> Moments:
    """Moments of a family of tasks.

    E h h^T = (1 + 1/N) L M L + (1/N) [tr(M L) L + (k - 3) diag(M) L^2 + v L].
    With M = I and Gaussian inputs this is L Gamma (Zhang, Frei and Bartlett 2024, Theorem 4.1).
    """
    normal = task.distribution == "normal"
    variance = 1.0 if normal else closed_form.variance(task.input_range)
    kurtosis = closed_form.GAUSSIAN if normal else closed_form.UNIFORM
    scales = np.ones(task.inputs) * np.array(task.input_scales or 1.0)
    inputs = np.diag(variance * scales**2)
    teacher = np.eye(task.inputs) + task.teacher_mean**2
    product = teacher @ inputs
    spread = (np.trace(product) + task.label_noise**2) * inputs
    spread += (kurtosis - 3) * np.diag(np.diag(teacher)) @ inputs**2
    gradient = (1 + 1 / task.context) * inputs @ product + spread / task.context
    return Moments(inputs, product, gradient, teacher)


def best_map(found: Moments) -> np.ndarray:
    """P of the least loss 1/2 E (x_q^T P h - w.x_q)^2: E w h^T (E h h^T)^-1."""
    return found.cross @ np.linalg.inv(found.gradient)


def best_rate(found: Moments) -> float:
    """The best rate of plain gradient descent: P = eta I with eta = tr(L E w h^T) / tr(L E h h^T)."""
    return float(np.trace(found.inputs @ found.cross) / np.trace(found.inputs @ found.gradient))


def loss(found: Moments, preconditioner: np.ndarray) -> float:
    """1/2 E (x_q^T P h - w.x_q)^2 = 1/2 tr L [M - 2 P (E w h^T)^T + P E h h^T P^T]."""
    square = preconditioner @ found.gradient @ preconditioner.T
    inner = found.teacher - 2 * preconditioner @ found.cross.T + square
    return float(0.5 * np.trace(found.inputs @ inner))


def weights(tasks: Tasks, preconditioner: np.ndarray) -> jax.Array:
    """Learnt weight vectors P h (T, d)."""
    return descent.one_step_weights(tasks, 1.0) @ jnp.asarray(preconditioner, jnp.float32).T
