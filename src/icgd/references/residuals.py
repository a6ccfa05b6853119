"""Families of K-step methods as polynomials of an eigenvalue, with their free parameters and slopes.

All of them learn w = P(S) S w* with S = X^T X, so the error of a prediction is w*.R(S) x_q with
R(l) = 1 - l P(l), and their population loss is (s2 / 2) E sum_i R(l_i)^2 over the eigenvalues of S.
NumPy, with derivatives written out: a search makes thousands of cheap calls, and compiling each
family at each depth would take longer than the searches.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

Parameters = Mapping[str, np.ndarray]  # name -> (K,) for what each step has, (1,) for what all share


class Family(NamedTuple):
    """A method with free parameters, all of them positive."""

    start: Callable[[int, float], np.ndarray]  # K, largest eigenvalue -> values to start a search from
    expand: Callable[[np.ndarray, int], Parameters]  # free values, K -> parameters of the steps
    pull: Callable[[np.ndarray, int, Parameters], np.ndarray]  # slopes of these -> slopes of the values
    residual: Callable[[Parameters, int, np.ndarray], np.ndarray]  # parameters, K, l -> R(l)
    slopes: Callable[[Parameters, int, np.ndarray, np.ndarray], Parameters]  # ..., dL/dR -> dL/dparameters


def gd_plus_plus(parameters: Parameters, layers: int, eigenvalues: np.ndarray) -> np.ndarray:
    """R of GD (no gamma) and GD++: R <- R (1 - e_k l), l <- l (1 - g_k l)^2, both with the old l."""
    return _layers(parameters, layers, eigenvalues)[0][-1]


def _layers(parameters: Parameters, layers: int, eigenvalues: np.ndarray) -> tuple[list, list, np.ndarray]:
    """R before and after each layer, l before each layer, and the gammas."""
    gammas = parameters.get("gamma", np.zeros(layers))
    residuals, values = [np.ones_like(eigenvalues)], [eigenvalues]
    for step, gamma in zip(parameters["step"], gammas, strict=True):
        residuals.append(residuals[-1] * (1 - step * values[-1]))
        values.append(values[-1] * (1 - gamma * values[-1]) ** 2 if gamma else values[-1])
    return residuals, values, gammas


def gd_plus_plus_slopes(
    parameters: Parameters, layers: int, eigenvalues: np.ndarray, slope: np.ndarray
) -> Parameters:
    """Slopes of e_k and g_k from dL/dR, by the layers in reverse."""
    residuals, values, gammas = _layers(parameters, layers, eigenvalues)
    steps = parameters["step"]
    found = {"step": np.zeros(layers), "gamma": np.zeros(layers)}
    of_value = np.zeros_like(eigenvalues)  # dL/dl after the layer
    for k in reversed(range(layers)):
        left = 1 - gammas[k] * values[k]
        found["step"][k] = -np.sum(slope * residuals[k] * values[k])
        found["gamma"][k] = -2 * np.sum(of_value * values[k] ** 2 * left)
        of_value = of_value * left * (1 - 3 * gammas[k] * values[k]) - steps[k] * slope * residuals[k]
        slope = slope * (1 - steps[k] * values[k])
    return found


def heavy_ball(parameters: Parameters, layers: int, eigenvalues: np.ndarray) -> np.ndarray:
    """R of gradient descent with momentum: R_{k+1} = (1 + m - e l) R_k - m R_{k-1}."""
    return _momentum(parameters, layers, eigenvalues)[0]


def _momentum(parameters: Parameters, layers: int, eigenvalues: np.ndarray) -> list[np.ndarray]:
    """R, dR/de and dR/dm after the last step."""
    step, momentum = parameters["step"][0], parameters["momentum"][0]
    ones, zeros = np.ones_like(eigenvalues), np.zeros_like(eigenvalues)
    before, now = [ones, zeros, zeros], [ones, zeros, zeros]
    for _ in range(layers):
        factor = 1 + momentum - step * eigenvalues
        after = [factor * b - momentum * a for a, b in zip(before, now, strict=True)]
        after[1] -= eigenvalues * now[0]
        after[2] += now[0] - before[0]
        before, now = now, after
    return now


def heavy_ball_slopes(
    parameters: Parameters, layers: int, eigenvalues: np.ndarray, slope: np.ndarray
) -> Parameters:
    """Slopes of step and momentum from dL/dR."""
    _, by_step, by_momentum = _momentum(parameters, layers, eigenvalues)
    return {"step": np.sum(slope * by_step)[None], "momentum": np.sum(slope * by_momentum)[None]}


def newton_schulz(parameters: Parameters, layers: int, eigenvalues: np.ndarray) -> np.ndarray:
    """R of K Newton-Schulz iterations from M_0 = a S: (1 - a l^2)^(2^K)."""
    return (1 - parameters["scale"][0] * eigenvalues**2) ** (2**layers)


def newton_schulz_slopes(
    parameters: Parameters, layers: int, eigenvalues: np.ndarray, slope: np.ndarray
) -> Parameters:
    """Slope of the scale from dL/dR."""
    root = 1 - parameters["scale"][0] * eigenvalues**2
    return {"scale": -np.sum(slope * 2**layers * root ** (2**layers - 1) * eigenvalues**2)[None]}


def chebyshev(low: float, high: float, layers: int) -> np.ndarray:
    """Rates e_k of Chebyshev's method: R is least on [low, high] in the largest absolute value.

    1 / e_k = (high + low) / 2 - (high - low) / 2 cos(pi (2 k - 1) / (2 K)), k = 1 ... K.
    """
    return 1 / ((high + low) / 2 - (high - low) / 2 * _cosines(layers))


def _cosines(layers: int) -> np.ndarray:
    return np.cos(np.pi * (2 * np.arange(1, layers + 1) - 1) / (2 * layers))


def tripling(layers: int, largest: float) -> np.ndarray:
    """A closed form near the best GD++ with separate parameters: (e_1 .. e_K, g_1 .. g_{K-1}).

    With g_k = 9^(k-1) 4 / (3 l_max) and l = l_max sin^2 t, each step triples the angle,
    l (1 - g l)^2 = (l_max / 9) sin^2 3t, and e_k = g_k gives R = sin(3^K t) / (3^K sin t), a
    Chebyshev polynomial of the second kind of degree (3^K - 1) / 2 in l.
    """
    gammas = 4 / (3 * largest) * 9.0 ** np.arange(layers)
    return np.concatenate([gammas, gammas[:-1]])


def _interval(values: np.ndarray, layers: int) -> Parameters:
    """Free values of Chebyshev's method: low end and width of the interval."""
    low, high = values[0], values[0] + values[1]
    return {"low": low[None], "high": high[None], "step": chebyshev(low, high, layers)}


def _of_interval(values: np.ndarray, layers: int, slopes: Parameters) -> np.ndarray:
    """de_k / dlow (width fixed) = -e_k^2 and de_k / dwidth = -e_k^2 (1 - cos) / 2."""
    of_inverse = -slopes["step"] * chebyshev(values[0], values[0] + values[1], layers) ** 2
    return np.array([np.sum(of_inverse), np.sum(of_inverse * (1 - _cosines(layers)) / 2)])


def _unsorted(values: np.ndarray, layers: int, slopes: Parameters) -> np.ndarray:
    """Slopes of the rates in the order of the values that were sorted."""
    found = np.zeros(layers)
    found[np.argsort(values)] = slopes["step"]
    return found


BY_LAYERS = (gd_plus_plus, gd_plus_plus_slopes)
FAMILIES: dict[tuple[str, str], Family] = {
    ("gd", "shared"): Family(
        lambda layers, top: np.array([2 / top]),
        lambda values, layers: {"step": np.repeat(values, layers)},
        lambda values, layers, slopes: np.sum(slopes["step"])[None],
        *BY_LAYERS,
    ),
    ("gd", "separate"): Family(
        lambda layers, top: chebyshev(top / 40, top, layers),
        lambda values, layers: {"step": np.sort(values)},  # their order does not matter to R
        _unsorted,
        *BY_LAYERS,
    ),
    ("gd_plus_plus", "shared"): Family(
        lambda layers, top: np.array([2 * layers**0.5 / top, 1 / top]),
        lambda values, layers: {
            "step": np.repeat(values[0], layers),
            "gamma": np.repeat(values[1], layers),
        },
        lambda values, layers, slopes: np.array([np.sum(slopes["step"]), np.sum(slopes["gamma"])]),
        *BY_LAYERS,
    ),
    ("gd_plus_plus", "separate"): Family(
        tripling,  # the last gamma cannot act: it is 0, and no free value
        lambda values, layers: {"step": values[:layers], "gamma": np.append(values[layers:], 0.0)},
        lambda values, layers, slopes: np.concatenate([slopes["step"], slopes["gamma"][:-1]]),
        *BY_LAYERS,
    ),
    ("heavy_ball", "shared"): Family(
        lambda layers, top: np.array([2 / top, 0.4]),
        lambda values, layers: {"step": values[:1], "momentum": values[1:]},
        lambda values, layers, slopes: np.concatenate([slopes["step"], slopes["momentum"]]),
        heavy_ball,
        heavy_ball_slopes,
    ),
    ("chebyshev", "shared"): Family(
        lambda layers, top: np.array([top / 40, top]), _interval, _of_interval, *BY_LAYERS
    ),
    ("newton_schulz", "shared"): Family(
        lambda layers, top: np.array([1 / top**2]),
        lambda values, layers: {"scale": values},
        lambda values, layers, slopes: slopes["scale"],
        newton_schulz,
        newton_schulz_slopes,
    ),
}
