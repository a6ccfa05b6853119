"""Networks on sine waves: what attention sums, one arm's function beside the other's, one wave drawn."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np

from icgd.measures import arms, embedded, faults
from icgd.measures.arms import Arms
from icgd.measures.embedded import Functions
from icgd.measures.fit import first
from icgd.measures.naming import MEASURES, fault, measure
from icgd.measures.network import Network
from icgd.measures.request import Request
from icgd.tasks.linear import Tasks, half_mean_square
from icgd.tasks.sine import HALF_RANGE, Shift

POINTS = {  # shift -> its points; the first changes nothing
    "inputs": (1.0, 1.1, 1.25, 1.5, 2.0),
    "amplitude": (1.0, 1.5, 2.0, 3.0),
    "frequency": (1.0, 0.5, 0.75, 1.25, 1.5, 2.0),
    "phase": (0.0, np.pi / 4, np.pi / 2, np.pi),
}
FITTED = 10_000  # tasks that attention's values are fitted on
# The wave drawn in Fig. 4, as fitted to its curves (vo22-f12); ten inputs, evenly spread.
WAVE = Shift(amplitude=0.366, phase=2.157)
PAIRS, QUERIES = 10, 101
TINY = 1e-12

look = arms.look


def trace(grid, request: Request) -> dict[float, float]:
    """One wave, and functions fitted to it."""
    return MEASURES[request.measure].function(look(grid, request))


def shifted(network: Network, along: str, point: float) -> Tasks:
    """Waves at one point of a shift."""
    count = network.settings.evaluation.shifted_tasks
    return arms.waves(network, "shifted data", count, Shift(**{along: point}))


@measure
def start_loss(both: Arms) -> float:
    """half mean square of the error of the function before attention, which ignores the context"""
    tasks = both.network.fresh
    start = embedded.functions(embedded.of(both.arm.weights), first(1, tasks), tasks.query[:, 0]).before
    return float(half_mean_square(start, tasks.target))


@measure(tolerance=1e-3)
def value_r2(both: Arms) -> float:
    """R^2 of attention's values v_i on the labels y_i"""
    tasks = first(FITTED, both.network.fresh)
    if both.words.name == "labels":
        change, size = faults.planted(both.words, "labels")
        return embedded.explained(change(tasks, size, both.network), tasks.targets)
    return embedded.explained(embedded.values(embedded.of(both.arm.weights), tasks), tasks.targets)


@measure
def both_converged(both: Arms) -> float:
    """1 if this network and that of the other arm with its seed have converged"""
    known = [one.seed for one in both.network.converged_of(both.other)]
    return float(both.network.converged and both.network.seed in known)


@measure
def tail_ratio(both: Arms) -> float:
    """mean evaluation loss over the last tenth of training over that of the other arm's network"""
    return both.tail / arms.tail(both.same)


@measure(tolerance=1e-3)
def start_rmse(both: Arms) -> float:
    """RMS difference of the functions before attention, in standard deviations of the labels"""
    return embedded.apart(both.ours.before, both.theirs.before) / both.deviation


@measure(tolerance=1e-3)
def function_rmse(both: Arms) -> float:
    """RMS difference of the functions after attention, in standard deviations of the labels"""
    return embedded.apart(both.ours.after, both.theirs.after) / both.deviation


@measure(tolerance=1e-3)
def function_rmse_over_seeds(both: Arms) -> float:
    """RMS difference of the functions after attention over that of the other arm's and its next seed's"""
    return _over(both, both.following, both.theirs)


@measure(tolerance=1e-3)
def same_over_other_start(both: Arms) -> float:
    """RMS difference to the other arm's function of the same seed over that to its next seed's"""
    return _over(both, both.ours, both.following)


def _over(both: Arms, one: Functions, other: Functions) -> float:
    distance = embedded.apart(both.ours.after, both.theirs.after)
    return distance / max(embedded.apart(one.after, other.after), TINY)


@measure(tolerance=1e-3)
def slope_correlation(both: Arms) -> float:
    """correlation of the functions' slopes over the queries, mean over the tasks"""
    return embedded.correlation(both.ours.slopes, both.theirs.slopes)


@measure
def wave_truth(both: Arms) -> dict[float, float]:
    """the wave of Fig. 4"""
    _, x, truth = example()
    return _curve(x, truth)


@measure
def wave_before(both: Arms) -> dict[float, float]:
    """the network's function on the wave of Fig. 4 before attention"""
    tasks, x, _ = example()
    return _curve(x, embedded.functions(embedded.of(both.arm.weights), tasks, x).before)


@measure
def wave_after(both: Arms) -> dict[float, float]:
    """the network's function on the wave of Fig. 4 after attention"""
    tasks, x, _ = example()
    return _curve(x, embedded.functions(embedded.of(both.arm.weights), tasks, x).after[0])


def _curve(x: jax.Array, y: jax.Array) -> dict[float, float]:
    return dict(zip(x.tolist(), y.tolist(), strict=True))


@cache
def example() -> tuple[Tasks, jax.Array, jax.Array]:
    """One task with the wave of Fig. 4, queries over the range of x, and the wave there."""

    def wave(x: jax.Array) -> jax.Array:
        return WAVE.amplitude * jnp.sin(x + WAVE.phase)

    spread = partial(jnp.linspace, -HALF_RANGE, HALF_RANGE)
    inputs, x = spread(PAIRS), spread(QUERIES)
    context = Tasks(inputs[None, :, None], wave(inputs)[None], x[:1, None], wave(x[:1]))
    return context, x, wave(x)


@fault("noise", of="labels")
def noise(tasks: Tasks, size: float, network: Network) -> jax.Array:
    """Noise added, in standard deviations"""
    labels = _standard(tasks.targets)
    return labels + size * jax.random.normal(network.key("planted faults"), labels.shape)


@fault("inputs", of="labels")
def inputs(tasks: Tasks, size: float, network: Network) -> jax.Array:
    """The inputs added, in standard deviations"""
    return _standard(tasks.targets) + size * _standard(tasks.inputs[..., 0])


def _standard(values: jax.Array) -> jax.Array:
    return values / jnp.std(values)
