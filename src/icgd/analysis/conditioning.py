"""What the input transformation of GD++ does to eigenvalues and condition numbers (their Fig. 13)."""

from collections.abc import Mapping

import numpy as np

from icgd.analysis.measuring import Measures

HUGE = 1e3  # a condition number that counts as exploded
WIDTH, STEP = 0.08, 0.005  # decades: standard deviation and grid of the density whose mode is compared
HISTOGRAM = 25  # the context length of the published histogram
# gamma over the trained one, by plant; the first two are for medians and modes, the rest for eigenvalues
SHARES = {"none": 1.0, "gamma_quarter": 0.25, "gamma_tenth": 0.1, "gamma_1.2": 1.2}
LARGER = {"none": 1.0, "gamma_half": 0.5, "gamma_1.5": 1.5, "gamma_2": 2.0, "gamma_2.5": 2.5}
EXPLODING = {"none": 0.13, "gamma_0.105": 0.105, "gamma_0.12": 0.12, "gamma_0.128": 0.128, "gamma_0.2": 0.2}
SLIGHTLY = {"none": 1.0, "trained_1.3": 1.3, "trained_0.9": 0.9}  # the trained gamma made larger


def moved(eigenvalues: np.ndarray, gamma: float) -> np.ndarray:
    """Eigenvalues after one transformation: f(l) = l (1 - g l)^2 = l - 2 g l^2 + g^2 l^3 (A.10)."""
    return eigenvalues * (1 - gamma * eigenvalues) ** 2


def condition(eigenvalues: np.ndarray) -> np.ndarray:
    """Largest over least eigenvalue of each task: (T, d) -> (T,); infinite for a singular one."""
    with np.errstate(divide="ignore"):
        return np.max(eigenvalues, axis=-1) / np.min(eigenvalues, axis=-1)


def of_extremes(gamma: np.ndarray | float, least: float, largest: float) -> np.ndarray | float:
    """Their condition number from the extremes over all tasks: f(1/(3g)) / min(f(l_1), f(l_n)).

    The top is the local maximum 4 / (27 g), whether or not an eigenvalue reaches it; g = 0 gives
    l_1 / l_n.
    """
    gamma = np.asarray(gamma, np.float64)
    with np.errstate(divide="ignore"):
        top = np.where(gamma > 0, 4 / (27 * gamma), largest)
        return top / np.minimum(moved(least, gamma), moved(largest, gamma))


def best_of_extremes(least: float, largest: float) -> float:
    """The gamma below 1 / l_1 at which `of_extremes` is least: it moves both ends to one value.

    l_1 (1 - g l_1)^2 = l_n (1 - g l_n)^2, so g = (1 - r) / (l_1 - r l_n) with r = sqrt(l_n / l_1).
    """
    ratio = np.sqrt(least / largest)
    return float((1 - ratio) / (largest - ratio * least))


def mode(values: np.ndarray) -> float:
    """Place of the highest density of log10 of the values, smoothed over `WIDTH` decades."""
    edges = np.arange(-1.0, 15.0, STEP)
    counts = np.histogram(np.log10(values[np.isfinite(values)]), edges)[0]
    offsets = np.arange(-4 * WIDTH, 4 * WIDTH + STEP / 2, STEP)
    density = np.convolve(counts, np.exp(-0.5 * (offsets / WIDTH) ** 2), mode="same")
    return float(edges[np.argmax(density)] + STEP / 2)


def condition_measures(rows: Measures, eigenvalues: np.ndarray, gamma: float) -> None:
    """Condition numbers of one set of tasks before and after the transformation (N = 25)."""
    before = condition(eigenvalues)
    for plant, share in SHARES.items():
        after = condition(moved(eigenvalues, share * gamma))
        rows.put("condition_ratio", np.median(after / before), plant)
        rows.put("condition_mode_shift", mode(after) - mode(before), plant)
    rows.put("condition_ratio", np.median(1 / before), "whitened")
    usual = np.sum(condition(moved(eigenvalues, gamma)) > HUGE)
    for plant, other in EXPLODING.items():
        count = np.sum(condition(moved(eigenvalues, other)) > HUGE)
        rows.put("exploded_growth", count / max(usual, 1), plant)


def range_measures(rows: Measures, eigenvalues: np.ndarray, context: int, gamma: float) -> None:
    """Share of the eigenvalues of one set that leave [0, 1/gamma]."""
    for plant, share in LARGER.items():
        outside = np.mean(eigenvalues > 1 / (share * gamma))
        rows.put("share_outside", outside, plant, reference=f"N = {context}")


def gamma_measures(
    rows: Measures, measure: str, extremes: Mapping[int, tuple[float, float]], trained: Mapping[int, float]
) -> None:
    """Least ratio, over the context lengths, of `best_of_extremes` to the trained gamma."""
    for plant, share in SLIGHTLY.items():
        ratios = [best_of_extremes(*extremes[n]) / (share * trained[n]) for n in extremes]
        rows.put(measure, min(ratios), plant)


def explosion_of_extremes(rows: Measures, least: float, largest: float, gamma: float) -> None:
    """Growth of `of_extremes` from the trained gamma to the larger ones (N = 25)."""
    usual = of_extremes(gamma, least, largest)
    for plant, other in EXPLODING.items():
        rows.put("extremes_growth", of_extremes(other, least, largest) / usual, plant)
