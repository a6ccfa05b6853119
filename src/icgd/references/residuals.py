"""Families of K-step methods as polynomials of an eigenvalue, with their free parameters.

All of them learn w = P(S) S w* with S = X^T X, so the error of a prediction is w*.R(S) x_q with
R(l) = 1 - l P(l), and their population loss is (s2 / 2) E sum_i R(l_i)^2 over the eigenvalues of S.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

Parameters = Mapping[str, jax.Array]  # name -> (K,) for what each step has, (1,) for what all share


class Family(NamedTuple):
    """A method with free parameters, all of them positive."""

    sharing: str  # shared: one value for all steps; separate: a value for each step
    count: Callable[[int], int]  # how many free parameters K steps have
    start: Callable[[int, float], np.ndarray]  # K, largest eigenvalue -> values to start a search from
    expand: Callable[[jax.Array, int], Parameters]  # free values, K -> parameters of the steps
    residual: Callable[[Parameters, int, jax.Array], jax.Array]  # parameters, K, l -> R(l)


def gd_plus_plus(parameters: Parameters, layers: int, eigenvalues: jax.Array) -> jax.Array:
    """R of GD (no gamma) and GD++: R <- R (1 - e_k l), l <- l (1 - g_k l)^2, both with the old l."""
    steps = parameters["step"]
    gammas = parameters.get("gamma", jnp.zeros(layers))

    def layer(state: tuple[jax.Array, jax.Array], pair: tuple[jax.Array, jax.Array]):
        residual, values = state
        return (residual * (1 - pair[0] * values), values * (1 - pair[1] * values) ** 2), None

    state = jnp.ones_like(eigenvalues), eigenvalues
    return jax.lax.scan(layer, state, (steps, gammas))[0][0]


def heavy_ball(parameters: Parameters, layers: int, eigenvalues: jax.Array) -> jax.Array:
    """R of gradient descent with momentum: R_{k+1} = (1 + m - e l) R_k - m R_{k-1}."""
    step, momentum = parameters["step"][0], parameters["momentum"][0]

    def one(state: tuple[jax.Array, jax.Array], _: None):
        before, now = state
        return (now, (1 + momentum - step * eigenvalues) * now - momentum * before), None

    ones = jnp.ones_like(eigenvalues)
    return jax.lax.scan(one, (ones, ones), None, length=layers)[0][1]


def newton_schulz(parameters: Parameters, layers: int, eigenvalues: jax.Array) -> jax.Array:
    """R of K Newton-Schulz iterations from M_0 = a S: (1 - a l^2)^(2^K)."""
    return (1 - parameters["scale"][0] * eigenvalues**2) ** (2**layers)


def chebyshev(low: jax.Array, high: jax.Array, layers: int) -> jax.Array:
    """Rates e_k of Chebyshev's method: R is least on [low, high] in the largest absolute value.

    1 / e_k = (high + low) / 2 - (high - low) / 2 cos(pi (2 k - 1) / (2 K)), k = 1 ... K.
    """
    angles = jnp.pi * (2 * jnp.arange(1, layers + 1) - 1) / (2 * layers)
    return 1 / ((high + low) / 2 - (high - low) / 2 * jnp.cos(angles))


def tripling(layers: int, largest: float) -> np.ndarray:
    """A closed form near the best GD++ with separate parameters: (e_1 .. e_K, g_1 .. g_{K-1}).

    With g_k = 9^(k-1) 4 / (3 l_max) and l = l_max sin^2 t, each step triples the angle,
    l (1 - g l)^2 = (l_max / 9) sin^2 3t, and e_k = g_k gives R = sin(3^K t) / (3^K sin t), a
    Chebyshev polynomial of the second kind of degree (3^K - 1) / 2 in l.
    """
    gammas = 4 / (3 * largest) * 9.0 ** np.arange(layers)
    return np.concatenate([gammas, gammas[:-1]])


def _last_without(values: jax.Array, layers: int) -> Parameters:
    """Free values of GD++ with separate parameters: the last gamma cannot act and is 0."""
    return {"step": values[:layers], "gamma": jnp.append(values[layers:], 0.0)}


def _interval(values: jax.Array, layers: int) -> Parameters:
    """Free values of Chebyshev's method: low end and width of the interval."""
    low, high = values[0], values[0] + values[1]
    return {"low": low[None], "high": high[None], "step": chebyshev(low, high, layers)}


FAMILIES: dict[tuple[str, str], Family] = {
    ("gd", "shared"): Family(
        "shared",
        lambda layers: 1,
        lambda layers, top: np.array([2 / top]),
        lambda values, layers: {"step": jnp.repeat(values, layers)},
        gd_plus_plus,
    ),
    ("gd", "separate"): Family(
        "separate",
        lambda layers: layers,
        lambda layers, top: np.array(chebyshev(jnp.array(top / 40), jnp.array(top), layers)),
        lambda values, layers: {"step": jnp.sort(values)},  # the order does not matter to R
        gd_plus_plus,
    ),
    ("gd_plus_plus", "shared"): Family(
        "shared",
        lambda layers: 2,
        lambda layers, top: np.array([2 * layers**0.5 / top, 1 / top]),
        lambda values, layers: {
            "step": jnp.repeat(values[0], layers),
            "gamma": jnp.repeat(values[1], layers),
        },
        gd_plus_plus,
    ),
    ("gd_plus_plus", "separate"): Family(
        "separate", lambda layers: 2 * layers - 1, tripling, _last_without, gd_plus_plus
    ),
    ("heavy_ball", "shared"): Family(
        "shared",
        lambda layers: 2,
        lambda layers, top: np.array([2 / top, 0.4]),
        lambda values, layers: {"step": values[:1], "momentum": values[1:]},
        heavy_ball,
    ),
    ("chebyshev", "shared"): Family(
        "shared",
        lambda layers: 2,
        lambda layers, top: np.array([top / 40, top]),
        _interval,
        gd_plus_plus,
    ),
    ("newton_schulz", "shared"): Family(
        "shared",
        lambda layers: 1,
        lambda layers, top: np.array([1 / top**2]),
        lambda values, layers: {"scale": values},
        newton_schulz,
    ),
}
