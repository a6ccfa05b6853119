"""Families of K-step methods as polynomials of an eigenvalue, with their free parameters and slopes.

All of them learn w = P(S) S w* with S = X^T X, so the error of a prediction is w*.R(S) x_q with
R(l) = 1 - l P(l), and their population loss is (s2 / 2) E sum_i R(l_i)^2 over the eigenvalues of S.
NumPy, without automatic differentiation: a search makes thousands of cheap calls, and compiling each
family at each depth would take longer than the searches.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from icgd.references import eigenbasis
from icgd.references.eigenbasis import Spectrum

FamilyName = tuple[str, str]  # of a method and of its sharing
Parameters = Mapping[str, np.ndarray]  # name -> (K,) for what each step has, (1,) for what all share
Slopes = Callable[["Family", np.ndarray, int, np.ndarray, np.ndarray], np.ndarray]
TINY = 1e-100  # imaginary step: the error of a slope, its square, vanishes


def complex_step(
    family: "Family", values: np.ndarray, layers: int, eigenvalues: np.ndarray, slope: np.ndarray
) -> np.ndarray:
    """Slopes of the free values from dL/dR: dR/dv = Im R(v + i h) / h, exact for analytic R (h tiny)."""
    found = np.empty_like(values)
    for index in range(len(values)):
        moved = values + 1j * TINY * (np.arange(len(values)) == index)
        found[index] = np.sum(slope * family.residual(family.expand(moved, layers), layers, eigenvalues).imag)
    return found / TINY


class Family(NamedTuple):
    """A method with free parameters, all of them positive."""

    start: Callable[[int, float], np.ndarray]  # K, largest eigenvalue -> values to start a search from
    expand: Callable[[np.ndarray, int], Parameters]  # free values, K -> parameters of the steps
    residual: Callable[[Parameters, int, np.ndarray], np.ndarray]  # parameters, K, l -> R(l)
    slopes: Slopes = complex_step  # (family, values, K, l, dL/dR) -> dL/dvalues

    @np.errstate(over="ignore", invalid="ignore")
    def population_loss(self, parameters: Parameters, layers: int, eigenvalues: np.ndarray) -> float:
        """(s2 / 2) E sum_i R(l_i)^2 over eigenvalues (T, d)."""
        return eigenbasis.population_loss(self.residual(parameters, layers, eigenvalues))

    @np.errstate(over="ignore", invalid="ignore")
    def task_loss(self, parameters: Parameters, layers: int, tasks: Spectrum) -> float:
        """Half mean square of the predictions' errors on tasks."""
        return eigenbasis.loss_of(tasks, self.residual(parameters, layers, tasks.values))


def through(eigenvalues: np.ndarray, parameters: Parameters) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """R and l before the first and after each step of GD++, of GD where gammas are absent or 0.

    R_0 = 1, l_0 = l; R <- R (1 - e_k l), l <- l (1 - g_k l)^2, both with the old l.
    """
    residuals, values = [np.ones_like(eigenvalues)], [eigenvalues]
    steps = parameters["step"]
    for step, gamma in zip(steps, parameters.get("gamma", np.zeros(len(steps))), strict=True):
        residuals.append(residuals[-1] * (1 - step * values[-1]))
        values.append(eigenbasis.moved(values[-1], gamma) if gamma else values[-1])
    return residuals, values


def gd_plus_plus(parameters: Parameters, layers: int, eigenvalues: np.ndarray) -> np.ndarray:
    """R of GD (no gamma) and GD++."""
    return through(eigenvalues, parameters)[0][-1]


def heavy_ball(parameters: Parameters, layers: int, eigenvalues: np.ndarray) -> np.ndarray:
    """R of gradient descent with momentum: R_{k+1} = (1 + m - e l) R_k - m R_{k-1}."""
    step, momentum = parameters["step"][0], parameters["momentum"][0]
    before = now = np.ones_like(eigenvalues)
    for _ in range(layers):
        before, now = now, (1 + momentum - step * eigenvalues) * now - momentum * before
    return now


def newton_schulz(parameters: Parameters, layers: int, eigenvalues: np.ndarray) -> np.ndarray:
    """R of K Newton-Schulz iterations from M_0 = a S: (1 - a l^2)^(2^K)."""
    return (1 - parameters["scale"][0] * eigenvalues**2) ** (2**layers)


def of_scale(
    family: Family, values: np.ndarray, layers: int, eigenvalues: np.ndarray, slope: np.ndarray
) -> np.ndarray:
    """Slope of the scale of `newton_schulz` from dL/dR: a complex power so high loses digits."""
    root = 1 - values[0] * eigenvalues**2
    return -np.sum(slope * 2**layers * root ** (2**layers - 1) * eigenvalues**2)[None]


def by_layers(
    family: Family, values: np.ndarray, layers: int, eigenvalues: np.ndarray, slope: np.ndarray
) -> np.ndarray:
    """Slopes of separate parameters of GD or GD++ from dL/dR, by the layers in reverse: one pass for all."""
    parameters = family.expand(values, layers)
    steps, gammas = parameters["step"], parameters.get("gamma", np.zeros(layers))
    residuals, inputs = through(eigenvalues, parameters)
    of_steps, of_gammas = np.zeros(layers), np.zeros(layers)
    of_value = np.zeros_like(eigenvalues)  # dL/dl after the layer
    for k in reversed(range(layers)):
        left = 1 - gammas[k] * inputs[k]
        of_steps[k] = -np.sum(slope * residuals[k] * inputs[k])
        of_gammas[k] = -2 * np.sum(of_value * inputs[k] ** 2 * left)
        of_value = of_value * left * (1 - 3 * gammas[k] * inputs[k]) - steps[k] * slope * residuals[k]
        slope = slope * (1 - steps[k] * inputs[k])
    if "gamma" in parameters:
        return np.concatenate([of_steps, of_gammas[:-1]])
    return of_steps[np.argsort(np.argsort(values))]  # in the order of the values, which were sorted


def chebyshev(low: float, high: float, layers: int) -> np.ndarray:
    """Rates e_k of Chebyshev's method: R is least on [low, high] in the largest absolute value.

    1 / e_k = (high + low) / 2 - (high - low) / 2 cos(pi (2 k - 1) / (2 K)), k = 1 ... K.
    """
    cosines = np.cos(np.pi * (2 * np.arange(1, layers + 1) - 1) / (2 * layers))
    return 1 / ((high + low) / 2 - (high - low) / 2 * cosines)


def tripling(layers: int, largest: float) -> np.ndarray:
    """A closed form near the best GD++ with separate parameters: (e_1 .. e_K, g_1 .. g_{K-1}).

    With g_k = 9^(k-1) 4 / (3 l_max) and l = l_max sin^2 t, each step triples the angle,
    l (1 - g l)^2 = (l_max / 9) sin^2 3t, and e_k = g_k gives R = sin(3^K t) / (3^K sin t), a
    Chebyshev polynomial of the second kind of degree (3^K - 1) / 2 in l.
    """
    gammas = 4 / (3 * largest) * 9.0 ** np.arange(layers)
    return np.concatenate([gammas, gammas[:-1]])


FAMILIES: dict[FamilyName, Family] = {
    ("gd", "shared"): Family(
        lambda layers, top: np.array([2 / top]),
        lambda values, layers: {"step": np.repeat(values, layers)},
        gd_plus_plus,
    ),
    ("gd", "separate"): Family(
        lambda layers, top: chebyshev(top / 40, top, layers),
        lambda values, layers: {"step": np.sort(values)},  # their order does not matter to R
        gd_plus_plus,
        by_layers,
    ),
    ("gd_plus_plus", "shared"): Family(
        lambda layers, top: np.array([2 * layers**0.5 / top, 1 / top]),
        lambda values, layers: dict(
            zip(("step", "gamma"), np.repeat(values[:, None], layers, 1), strict=True)
        ),
        gd_plus_plus,
    ),
    ("gd_plus_plus", "separate"): Family(
        tripling,  # the last gamma cannot act: it is 0, and no free value
        lambda values, layers: {"step": values[:layers], "gamma": np.append(values[layers:], 0.0)},
        gd_plus_plus,
        by_layers,
    ),
    ("heavy_ball", "shared"): Family(
        lambda layers, top: np.array([2 / top, 0.4]),
        lambda values, layers: {"step": values[:1], "momentum": values[1:]},
        heavy_ball,
    ),
    ("chebyshev", "shared"): Family(  # free: low end and width of the interval
        lambda layers, top: np.array([top / 40, top]),
        lambda values, layers: {"step": chebyshev(values[0], values[0] + values[1], layers)},
        gd_plus_plus,
    ),
    ("newton_schulz", "shared"): Family(
        lambda layers, top: np.array([1 / top**2]),
        lambda values, layers: {"scale": values},
        newton_schulz,
        of_scale,
    ),
}
