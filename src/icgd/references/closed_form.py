"""Population values in closed form, for x with i.i.d. symmetric coordinates and w ~ N(0, I).

Notation: d input dimensions, N context pairs, s2 variance and k kurtosis of a coordinate, eta the
learning rate of the mean loss (the update is eta / N times a sum over the context). Losses are
halves of mean squares. Source: expectation of eq. 5 of von Oswald et al. 2022 under its task; the
optimum over all one-layer linear self-attention follows Ahn et al. 2023 and Mahankali et al. 2023.
"""

import numpy as np

UNIFORM, GAUSSIAN = 1.8, 3.0  # kurtosis
RATE_PUBLISHED = 5.91  # reproduces the published GD numbers at d = N = 10
RATE_RELEASED = 6.001  # what the released grid search finds there


def variance(input_range: float) -> float:
    """Variance of U(-r/2, r/2): r^2 / 12."""
    return input_range**2 / 12


def zero_loss(inputs: int, s2: float) -> float:
    """Loss of the zero predictor: d s2 / 2."""
    return inputs * s2 / 2


def optimal_rate(
    inputs: int, context: int, s2: float, kurtosis: float = UNIFORM, noise: float = 0.0
) -> float:
    """eta* = N / (s2 (N + d + k - 2 + noise / s2)): 12 N / (r^2 (N + d - 0.2)) for U(-r/2, r/2)."""
    return context / (s2 * (context + inputs + kurtosis - 2 + noise / s2))


def one_step_loss(
    rate: float, inputs: int, context: int, s2: float, kurtosis: float = UNIFORM, noise: float = 0.0
) -> float:
    """L(eta) = (d s2 / 2) (1 - 2 eta s2 + eta^2 s2^2 (N + d + k - 2 + v / s2) / N) + v / 2."""
    spread = (context + inputs + kurtosis - 2 + noise / s2) / context
    return zero_loss(inputs, s2) * (1 - 2 * rate * s2 + rate**2 * s2**2 * spread) + noise / 2


def optimal_loss(inputs: int, context: int, s2: float, kurtosis: float = UNIFORM) -> float:
    """Lowest loss of one linear self-attention layer: (d s2 / 2) (d + k - 2) / (N + d + k - 2)."""
    return one_step_loss(optimal_rate(inputs, context, s2, kurtosis), inputs, context, s2, kurtosis)


def anisotropic_optimum(covariance: np.ndarray, context: int, noise: float = 0.0) -> tuple[np.ndarray, float]:
    """Optimal one-layer preconditioner for x ~ N(0, L), w ~ N(0, I), and its loss.

    The prediction is x_q^T G^-1 (1/N) sum_i y_i x_i with G = (1 + 1/N) L + (tr L + v) / N I; the
    loss is (tr L + v - tr(L^2 G^-1)) / 2 (Zhang, Frei and Bartlett 2024, Theorem 4.1).

    Args:
        covariance: L of shape (d, d).
        context: N.
        noise: variance v of the label noise.
    """
    trace = np.trace(covariance)
    gamma = (1 + 1 / context) * covariance + (trace + noise) / context * np.eye(len(covariance))
    inverse = np.linalg.inv(gamma)
    loss = 0.5 * (trace + noise - np.trace(covariance @ covariance @ inverse))
    return inverse, float(loss)


def plateau_loss(rank: int, inputs: int, context: int, s2: float) -> float:
    """Loss at the rank-m saddle of separate W_Q, W_K: L0 - (m / d) (L0 - L*) (Zhang et al. 2025)."""
    top, bottom = zero_loss(inputs, s2), optimal_loss(inputs, context, s2)
    return top - rank / inputs * (top - bottom)


def distractor_loss(rate: float, distractors: int, inputs: int, context: int, s2: float) -> float:
    """One-step loss when m of N context labels are N(0, 1) draws, unrelated to x (uniform x)."""
    n, m, k = context - distractors, distractors, UNIFORM
    signal = n * (n - 1) + n * (k + inputs - 1)
    return (
        0.5
        * inputs
        * s2
        * (
            1
            - 2 * rate * s2 * n / context
            + rate**2 * s2**2 * signal / context**2
            + rate**2 * s2 * m / context**2
        )
    )
