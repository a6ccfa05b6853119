"""Population values in closed form, for x with i.i.d. symmetric coordinates and w ~ N(0, I).

Notation: d input dimensions, N context pairs, s2 variance and k kurtosis of a coordinate, eta the
learning rate of the mean loss (the update is eta / N times a sum over the context). Losses are
halves of mean squares. Source: expectation of eq. 5 of von Oswald et al. 2022 under its task; the
optimum over all one-layer linear self-attention follows Ahn et al. 2023 and Mahankali et al. 2023.
"""

UNIFORM, GAUSSIAN = 1.8, 3.0  # kurtosis
RATE_PUBLISHED = 5.91  # reproduces the published GD numbers at d = N = 10


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
