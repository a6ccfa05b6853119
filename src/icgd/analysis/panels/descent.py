"""Gradient descent on the published tasks, in float64: which rate, clip and tasks lie behind a line."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from icgd.errors import IcgdError
from icgd.tasks.linear import Tasks

BRACKET = (4.5, 6.3)  # rates among which the one behind a line is looked for


@dataclass(frozen=True)
class Moments:
    """What gradient descent sees of T tasks, in each task's eigenbasis of S = sum x x^T.

    There its steps act on every coordinate alone: all arrays are (T, d), ``target`` is (T,).
    """

    eigenvalues: np.ndarray  # of S
    first: np.ndarray  # b = sum y x
    query: np.ndarray
    target: np.ndarray
    context: int

    @classmethod
    def of(cls, tasks: Tasks) -> "Moments":
        """Moments of tasks, in float64."""
        x, y, query, target = (np.asarray(part, np.float64) for part in tasks)
        eigenvalues, basis = np.linalg.eigh(x.mT @ x)
        first, query = (
            np.einsum("tde,td->te", basis, part) for part in (np.einsum("tnd,tn->td", x, y), query)
        )
        return cls(eigenvalues, first, query, target, y.shape[1])

    def scaled(self, inputs: float = 1.0, teacher: float = 1.0) -> "Moments":
        """Of the same tasks with inputs and teacher weights multiplied by constants."""
        return Moments(
            self.eigenvalues * inputs**2,
            self.first * (inputs**2 * teacher),
            self.query * inputs,
            self.target * (inputs * teacher),
            self.context,
        )


def weights(moments: Moments, rate: float, steps: int = 1) -> np.ndarray:
    """w_K of w <- w + (eta / N) (b - S w) from w_0 = 0, in the eigenbasis; shape (T, d)."""
    found = np.zeros_like(moments.first)
    for _ in range(steps):
        found = found + rate / moments.context * (moments.first - moments.eigenvalues * found)
    return found


def predictions(moments: Moments, rate: float, steps: int = 1) -> np.ndarray:
    """w_K.x_q; shape (T,)."""
    return np.einsum("td,td->t", weights(moments, rate, steps), moments.query)


def loss(moments: Moments, rate: float, steps: int = 1, clip: float | None = None) -> float:
    """Half mean square of the error; the prediction clipped to +-``clip`` as tokens would be."""
    predicted = predictions(moments, rate, steps)
    predicted = predicted if clip is None else np.clip(predicted, -clip, clip)
    return half_mean_square(predicted - moments.target)


def half_mean_square(error: np.ndarray) -> float:
    """1/2 mean e^2."""
    return float(0.5 * np.mean(error**2))


def best_rate(moments: Moments, steps: int) -> float:
    """Rate of the least loss after K steps with one rate, on these very tasks."""
    found = minimize_scalar(
        lambda rate: loss(moments, rate, steps), bounds=BRACKET, method="bounded", options={"xatol": 1e-4}
    )
    return float(found.x)


def mean_prediction(moments: Moments, rate: float, steps: int) -> float:
    """mean |w_K.x_q|: the published Preds diff at step 0, when the network still predicts nothing."""
    return float(np.mean(np.abs(predictions(moments, rate, steps))))


def mean_length(moments: Moments, rate: float, steps: int) -> float:
    """mean |w_K|: the published Model diff at step 0."""
    return float(np.mean(np.linalg.norm(weights(moments, rate, steps), axis=1)))


def rate_behind(moments: Moments, steps: int, measure: Callable, published: float) -> float:
    """Rate at which ``measure`` (one of the two above) takes its published value.

    Raises:
        IcgdError: there is none in `BRACKET`.
    """
    try:
        return float(brentq(lambda rate: measure(moments, rate, steps) - published, *BRACKET, xtol=1e-6))
    except ValueError as error:
        raise IcgdError(f"no rate in {BRACKET} gives {published} after {steps} steps.") from error
