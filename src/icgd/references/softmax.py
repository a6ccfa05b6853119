"""What softmax heads can compute: gradient descent on centred inputs, and heads with sharp weights.

Near zero logits a pair of opposite heads is one step of GD whose inputs have lost their mean over the
context ("debiased" GD; He et al. 2025); with larger logits heads are kernel smoothers.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy

from icgd.models.transformer import Weights
from icgd.references.closed_form import UNIFORM
from icgd.tasks.linear import Tasks

SHARPEST = 12.0  # end of the search; the losses rise again before


class Heads(NamedTuple):
    """Softmax heads with W_KQ = omega_h I on the inputs and only the label as value, one entry each."""

    sharpness: tuple[float, ...]  # omega_h, the factor 1 / sqrt(key size) included
    scale: tuple[float, ...]  # mu_h, what a head's mean label is multiplied by


def debiased_rate(inputs: int, context: int, s2: float, kurtosis: float = UNIFORM) -> float:
    """Best c of y = c sum_i y_i (x_i - mean x).x_q: 1 / (s2 (d + N + (k - 3) (N - 1) / N)).

    By E of (w.S x_q)(w.x_q) and (w.S x_q)^2 with S the centred scatter of i.i.d. symmetric coordinates.
    """
    return 1 / (s2 * (inputs + context + (kurtosis - 3) * (context - 1) / context))


def debiased(tasks: Tasks, rate: float, share: float = 1.0) -> tuple[jax.Array, jax.Array]:
    """Predictions (T,) and weights (T, d) of c sum_i y_i (x_i - share mean x); share 0 is plain GD."""
    inputs = tasks.inputs - share * jnp.mean(tasks.inputs, axis=1, keepdims=True)
    weights = rate * jnp.sum(tasks.targets[..., None] * inputs, axis=1)
    return jnp.sum(weights * tasks.query, axis=-1), weights


def head(tasks: Tasks, sharpness: float | jax.Array) -> tuple[jax.Array, jax.Array]:
    """p = sum_i s_i y_i with s = softmax_i(omega x_i.x_q): (T,), and its gradient in x_q (T, d).

    dp / dx_q = omega (sum_i s_i y_i x_i - p sum_i s_i x_i).
    """
    scores = jnp.sum(tasks.inputs * tasks.query[:, None], axis=-1)
    shares = jax.nn.softmax(sharpness * scores, axis=-1)
    labels = shares * tasks.targets
    prediction = jnp.sum(labels, axis=-1)
    weighted = jnp.sum((labels - prediction[:, None] * shares)[..., None] * tasks.inputs, axis=1)
    return prediction, sharpness * weighted


def predict(tasks: Tasks, heads: Heads) -> tuple[jax.Array, jax.Array]:
    """Predictions sum_h mu_h p_h of several heads (T,), and their gradients in x_q (T, d)."""
    prediction, gradient = jnp.zeros_like(tasks.target), jnp.zeros_like(tasks.query)
    for sharpness, scale in zip(*heads, strict=True):
        one = head(tasks, sharpness)
        prediction, gradient = prediction + scale * one[0], gradient + scale * one[1]
    return prediction, gradient


def fitted(tasks: Tasks, sharpness: float, signs: tuple[int, ...]) -> Heads:
    """Heads mu sign_h softmax(sign_h omega x_i.x_q).y with the mu of least loss on these tasks."""
    scale = float(_fit(tasks, sharpness, jnp.asarray(signs, jnp.float32))[0])
    return Heads(tuple(sign * sharpness for sign in signs), tuple(scale * sign for sign in signs))


def sharpest(tasks: Tasks, signs: tuple[int, ...]) -> Heads:
    """The heads of least loss on these tasks: one head for signs (1,), a pair for (1, -1)."""

    def loss(sharpness: float) -> float:
        return float(_fit(tasks, sharpness, jnp.asarray(signs, jnp.float32))[1])

    found = scipy.optimize.minimize_scalar(loss, bounds=(0.1, SHARPEST), method="bounded")
    return fitted(tasks, float(found.x), signs)


@jax.jit
def _fit(tasks: Tasks, sharpness: jax.Array, signs: jax.Array) -> tuple[jax.Array, jax.Array]:
    """(mu of least loss, mean square there) for one sharpness."""
    unit = jnp.sum(jax.vmap(lambda sign: sign * head(tasks, sign * sharpness)[0])(signs), axis=0)
    scale = jnp.sum(unit * tasks.target) / jnp.sum(unit**2)
    return scale, jnp.mean((scale * unit - tasks.target) ** 2)


def hand_set(heads: Heads, inputs: int) -> Weights:
    """Weights of the one-layer softmax transformer that predicts as `predict` does."""
    token = inputs + 1
    select, read = np.diag(np.r_[np.ones(inputs), 0.0]), np.diag(np.r_[np.zeros(inputs), 1.0])
    root = np.sqrt(token)  # the softmax divides by it
    stacked = {
        "query": [root * omega * select for omega in heads.sharpness],
        "key": [select] * len(heads.scale),
        "value": [-mu * read for mu in heads.scale],  # minus: the read-out turns the sign
        "projection": [np.eye(token)] * len(heads.scale),
    }
    return {f"0/{name}": jnp.asarray(np.stack(matrices)) for name, matrices in stacked.items()}
