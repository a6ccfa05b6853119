"""What the input transformation of GD++ does to eigenvalues and condition numbers (their Fig. 13)."""

from collections.abc import Mapping

import numpy as np

from icgd.config import Config
from icgd.random import stream
from icgd.references import eigenbasis
from icgd.statements.published_figures import readings
from icgd.statements.table import Rows, statement
from icgd.tasks import linear

SETS, TASKS = 10, 10_000
INPUTS, CONTEXTS = 10, (10, 25, 50, 100)
COMPARED = (25, 50, 100)  # at N = 10 the least eigenvalue of many tasks is 0, whatever gamma
HISTOGRAM = 25  # the context length of the published histogram
SHOWN = (0.0, 0.05, 0.1)  # gammas of the published histogram
EDGES = np.arange(0, 4.05, 0.05)  # decades
HUGE = 1e3  # a condition number that counts as exploded
WIDTH, STEP = 0.08, 0.005  # decades: standard deviation and grid of the density whose mode is compared
EXPLODING = {
    "statement": 0.13,
    "gamma 0.105: gamma 0.105 instead of 0.13": 0.105,
    "gamma 0.12: gamma 0.12 instead of 0.13": 0.12,
    "gamma 0.128: gamma 0.128 instead of 0.13": 0.128,
    "gamma 0.2: gamma 0.2 instead of 0.13": 0.2,
}

Extremes = Mapping[int, tuple[float, float]]  # context length -> least and largest eigenvalue


def run(config: Config, scale: str) -> tuple[Rows, list[dict]]:
    """Measures of each set of tasks and of the published extremes; what the figure shows of the sets."""
    tasks = min(TASKS, config.scales[scale].tasks or TASKS)
    gammas, least, largest = (readings.numbers(f"fig13_{name}") for name in ("gamma", "least", "largest"))
    table, curves = Rows(), []
    for index in range(SETS):
        found, rows = {}, Rows(f"set {index}")
        for context in CONTEXTS:
            key = stream(index, f"spectra, N = {context}", config.key_implementation)
            found[context] = eigenbasis.eigenvalues(linear.sample(key, tasks, INPUTS, context))
            rows.add(share_outside, rows, found[context], context, gammas[context])
        rows.add(condition_numbers, rows, found[HISTOGRAM], gammas[HISTOGRAM])
        own = {n: (found[n].min(), found[n].max()) for n in CONTEXTS}
        rows.add(gamma_over_trained, rows, own, gammas)
        table += rows
        for n, ends in own.items():
            pairs = zip(("least", "largest"), ends, strict=True)
            curves += [_point(index, "extremes", series, n, end) for series, end in pairs]
        curves += [] if index else histograms(found[HISTOGRAM])
    rows = Rows("published")
    rows.add(gamma_over_trained, rows, {n: (least[n], largest[n]) for n in CONTEXTS}, gammas)
    rows.add(extremes_growth, least[HISTOGRAM], largest[HISTOGRAM], gammas[HISTOGRAM])
    return table + rows, curves


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
        return top / np.minimum(eigenbasis.moved(least, gamma), eigenbasis.moved(largest, gamma))


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


@statement
def condition_numbers(rows: Rows, eigenvalues: np.ndarray, gamma: float) -> None:
    """Condition numbers of one set of tasks before and after the transformation, N = 25."""

    def after(gamma: float) -> np.ndarray:
        return condition(eigenbasis.moved(eigenvalues, gamma))

    before = condition(eigenvalues)
    moved = {
        "statement": after(gamma),
        "gamma_quarter: a quarter of the gamma": after(0.25 * gamma),
        "gamma_tenth: a tenth of the gamma": after(0.1 * gamma),
        "gamma 1.2: 1.2 times the gamma": after(1.2 * gamma),
    }
    ratios = {name: np.median(numbers / before) for name, numbers in moved.items()}
    shifts = {name: mode(numbers) - mode(before) for name, numbers in moved.items()}
    counts = {name: np.sum(after(other) > HUGE) for name, other in EXPLODING.items()}
    usual = max(np.sum(moved["statement"] > HUGE), 1)
    what = "condition_ratio: Median over tasks of the condition number after over that before, N = 25."
    rows.put(ratios | {"whitened: inputs whitened, so that each is 1": np.median(1 / before)}, measure=what)
    what = "condition_mode_shift: Decades by which the mode of the condition numbers moves, N = 25."
    rows.put(shifts, measure=what)
    what = "exploded_growth: Tasks with one above 1000 at gamma 0.13 over those at 0.099, N = 25."
    rows.put({name: count / usual for name, count in counts.items()}, measure=what)


@statement
def share_outside(rows: Rows, eigenvalues: np.ndarray, context: int, gamma: float) -> None:
    """Share of the eigenvalues above 1 / gamma."""
    gammas = {
        "statement": gamma,
        "gamma_half: half the gamma": 0.5 * gamma,
        "gamma 1.5: 1.5 times the gamma": 1.5 * gamma,
        "gamma 2: twice the gamma": 2 * gamma,
        "gamma 2.5: 2.5 times the gamma": 2.5 * gamma,
    }
    shares = {name: np.mean(eigenvalues > 1 / other) for name, other in gammas.items()}
    rows.put(shares, reference=f"N = {context}")


@statement
def gamma_over_trained(rows: Rows, extremes: Extremes, gammas: Mapping[int, float]) -> None:
    """Least ratio, over the context lengths, of `best_of_extremes` to the trained gamma."""
    least = min(best_of_extremes(*extremes[n]) / gammas[n] for n in COMPARED)
    of_a_set = (
        "gamma_of_own_extremes: Gamma of a set's extremes' least condition number over the trained one."
    )
    of_theirs = "gamma_of_published_extremes: As gamma_of_own_extremes, of the published extremes."
    ratios = {
        "statement": least,
        "trained 1.3: trained gammas 30 % larger": least / 1.3,
        "trained 0.9: trained gammas 10 % smaller": least / 0.9,
    }
    rows.put(ratios, measure=of_theirs if rows.unit == "published" else of_a_set)


@statement
def extremes_growth(least: float, largest: float, gamma: float) -> dict:
    """Condition number of the published extremes at gamma 0.13 over that at 0.099, N = 25."""
    usual = of_extremes(gamma, least, largest)
    return {name: of_extremes(other, least, largest) / usual for name, other in EXPLODING.items()}


def histograms(eigenvalues: np.ndarray) -> list[dict]:
    """Shares of the tasks of the first set by condition number."""
    middles, points = 10 ** ((EDGES[1:] + EDGES[:-1]) / 2), []
    for gamma in SHOWN:
        numbers = np.log10(condition(eigenbasis.moved(eigenvalues, gamma)))
        shares = np.histogram(numbers, EDGES)[0] / len(numbers)
        pairs = zip(middles, shares, strict=True)
        points += [_point(0, "histogram", f"gamma_{gamma:g}", x, y) for x, y in pairs]
    return points


def _point(unit: int, panel: str, series: str, x: float, y: float) -> dict:
    return {"unit": unit, "panel": panel, "series": series, "x": float(x), "y": float(y)}
