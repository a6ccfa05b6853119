"""Losses along something: the scale of the tasks, repeated application, a path of weights, training."""

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Model
from icgd.errors import IcgdError, nearest
from icgd.measures import path, predictors, products, states, waves
from icgd.measures.fit import Predictor
from icgd.measures.naming import measure
from icgd.measures.network import Network, published_tasks, released_sweep
from icgd.measures.request import Request, parsed
from icgd.models.transformer import Weights
from icgd.references import eigenbasis
from icgd.references.clipping import in_chunks
from icgd.tasks import published, shifted
from icgd.tasks.linear import Tasks, half_mean_square
from icgd.training import engine

APPLICATIONS = 50  # of a layer to its own output
AXIS_TOP = 0.27  # of the published roll-outs
NEAR, FAR = 1.1, 1.25  # input scales up to which, and from which, is near the training range, and far
Curve = dict[float, float]


class Pair(NamedTuple):
    """Curves of a subject and of a reference (empty without one) along the same thing."""

    ours: Curve
    theirs: Curve
    network: Network

    @property
    def log_gaps(self) -> dict[float, float]:
        """|ln L - ln L'| at every point."""
        return {x: abs(math.log(self.ours[x] / self.theirs[x])) for x in self.ours}


def look(grid, request: Request) -> Pair:
    """What measures of curves take: two curves of the loss."""
    ours = losses(grid, request.subject, request)
    theirs = losses(grid, request.reference, request, request.subject) if request.reference else {}
    return Pair(ours, theirs, grid.network)


def trace(grid, request: Request) -> Curve:
    """A measure of fits along something: the loss, or at the states of training any."""
    if request.along == "training":
        return states.trace(grid, request)
    if request.measure != "loss":
        raise IcgdError(f"along {request.along!r} there is only the loss, not {request.measure!r}.")
    return losses(grid, request.subject, request)


def losses(grid, text: str, request: Request, subject: str = "") -> Curve:
    """Loss of a predictor along what a request names."""
    place = "curve", text, request.tasks, request.along, predictors.matched(text, subject)
    return grid.kept(place, lambda: _losses(grid, text, request, subject))


def _losses(grid, text: str, request: Request, subject: str) -> Curve:
    axis, _, rest = request.along.partition(" ")
    if axis == "path":
        return on_path(grid, text, rest)
    if axis == "roll_out":
        return rolled_out(grid, text, request.tasks, float(rest))
    (predictor,) = grid.predictors(text, subject)
    return over_shifts(grid.network, predictor, request.tasks, axis, rest)


def over_shifts(network: Network, predictor: Predictor, where: str, axis: str, rest: str) -> Curve:
    """Loss at every scale of a shift; tokens clipped as the network does, or at another bound."""
    clip = float(rest.removeprefix("clipped ")) if rest else network.settings.model.token_clip
    sets, found = shifts(network, where, axis), {}
    if len({tasks.inputs.shape for tasks in sets.values()}) == 1:  # one call for all
        joined = jax.tree.map(lambda *arrays: np.concatenate(arrays), *sets.values())
        whole = np.asarray(in_chunks(lambda tasks: predictor.predict(tasks, clip), joined))
        predictions = np.split(whole, len(sets))
    else:
        predictions = [np.asarray(predictor.predict(tasks, clip)) for tasks in sets.values()]
    for (point, tasks), prediction in zip(sets.items(), predictions, strict=True):
        error = prediction.astype(float) - np.asarray(tasks.target, float)
        found[float(point)] = float(np.mean(error**2) / 2)
    return found


def shifts(network: Network, where: str, axis: str) -> dict[float, Tasks]:
    """Tasks at every point of a shift.

    Raises:
        IcgdError: no such shift.
    """
    settings, most = network.settings, network.settings.evaluation.shifted_tasks
    if settings.task.family == "sine":
        return {point: waves.shifted(network, axis, point) for point in waves.POINTS[axis]}
    if axis not in shifted.SWEEPS:
        known = [*shifted.SWEEPS, "path", "roll_out", "training"]
        raise IcgdError(f"there is nothing along {axis!r}; {nearest(axis, known)}")
    if where == "published":
        return released_sweep(axis, most)
    return _fresh(axis, network, most)


@functools.lru_cache(maxsize=1)  # all subjects of a request's axis come one after the other
def _fresh(axis: str, network: Network, most: int) -> dict[float, Tasks]:
    return shifted.fresh(axis, network.key("shifted data"), network.settings.task, most)


def on_path(grid, subject: str, goal: str) -> Curve:
    """Loss of the networks on the straight line to a construction; x is their place, the last is the end."""
    points = path.to(goal, subject, grid.network)
    tasks = grid.first_control_tasks("fresh")
    model = products.unrolled(grid.network.settings.model)
    predictions = [in_chunks(functools.partial(_predict, model, point.weights), tasks) for point in points]
    return {float(k): float(half_mean_square(one, tasks.target)) for k, one in enumerate(predictions)}


def rolled_out(grid, text: str, where: str, damping: float) -> Curve:
    """Loss after 1, 2, ... applications of a layer to its own output, damped, labels only (Figs 1, 10)."""
    network, words = grid.network, parsed(text)
    count = network.settings.evaluation.shifted_tasks
    if where == "published":
        tasks = published_tasks(min(published.COUNT, count))
    else:
        tasks = network.draw("roll-out data", count)
    if words.has_weights:
        weights = predictors.weight_products(words, network).weights
        found = np.asarray(_applied(network.settings.model, weights, tasks, damping), np.float64)
    else:
        step = predictors.rate_of(words, network) / network.settings.task.context
        found = eigenbasis.repeated(_spectrum(grid, where, tasks), damping * step, APPLICATIONS)
    return {float(index): float(value) for index, value in enumerate(found, start=1)}


def _spectrum(grid, where: str, tasks: Tasks) -> eigenbasis.Spectrum:
    return grid.kept(f"spectrum of {where}", lambda: eigenbasis.spectrum(tasks))


@functools.partial(jax.jit, static_argnums=0)
def _applied(model: Model, weights: Weights, tasks: Tasks, damping: float) -> jax.Array:
    """y <- y + damping * (layer's update of y), the inputs as they are; the loss after each."""

    def step(labels: tuple[jax.Array, jax.Array], _: None) -> tuple[tuple, jax.Array]:
        context, query = labels
        update = engine.label_update(model, weights, tasks._replace(targets=context), query)
        context, query = context + damping * update[0], query + damping * update[1]
        return (context, query), half_mean_square(-query, tasks.target)

    start = tasks.targets, jnp.zeros_like(tasks.target)
    return jax.lax.scan(step, start, None, length=APPLICATIONS)[1]


_predict = jax.jit(engine.predict, static_argnums=0)


@measure(tolerance=1e-3, absolute=1e-3)
def largest_log_gap(pair: Pair) -> float:
    """largest |ln L - ln L'| to the reference's losses along the axis"""
    return max(pair.log_gaps.values())


@measure(tolerance=1e-3, absolute=1e-3)
def largest_log_gap_far(pair: Pair) -> float:
    """largest |ln L - ln L'| from 1.25 times the training scale"""
    return max(gap for x, gap in pair.log_gaps.items() if x >= FAR)


@measure(tolerance=1e-3, absolute=1e-3)
def median_log_gap(pair: Pair) -> float:
    """median |ln L - ln L'| along the axis"""
    return float(np.median(list(pair.log_gaps.values())))


@measure(tolerance=1e-3, absolute=1e-3)
def median_log_gap_near(pair: Pair) -> float:
    """median |ln L - ln L'| up to 1.1 times the training scale"""
    return float(np.median([gap for x, gap in pair.log_gaps.items() if x <= NEAR]))


@measure
def ratio_at_2(pair: Pair) -> float:
    """loss over the reference's at twice the training scale, the end of the published axis"""
    return pair.ours[2.0] / pair.theirs[2.0]


@measure(tolerance=1e-3)
def homogeneity(pair: Pair) -> float:
    """largest |L(a) / (a^2 L(1)) - 1| over the scale a of the teacher"""
    return max(abs(loss / (x**2 * pair.ours[1.0]) - 1) for x, loss in pair.ours.items())


@measure(tolerance=1e-3)
def largest_relative_gap(pair: Pair) -> float:
    """largest |L / L' - 1| along the axis; infinite where one of them overflowed"""
    ours, theirs = (np.array(list(curve.values())) for curve in (pair.ours, pair.theirs))
    with np.errstate(invalid="ignore", over="ignore"):
        ratio = np.abs(ours / theirs - 1)
    return float(np.max(np.where(np.isfinite(ratio) & np.isfinite(theirs), ratio, np.inf)))


@measure
def minimum_at(pair: Pair) -> float:
    """place of the lowest loss along the axis"""
    return list(pair.ours)[int(np.nanargmin(list(pair.ours.values())))]


@measure
def leaves_earlier(pair: Pair) -> float:
    """1 if the loss leaves the published axis, above 0.27, earlier than the reference's"""
    return float(_exit(pair.ours) < _exit(pair.theirs))


def _exit(curve: Curve) -> float:
    return next((x for x, loss in curve.items() if not loss <= AXIS_TOP), max(curve) + 1)


@measure
def decreasing(pair: Pair) -> float:
    """1 if the loss falls at every point along the axis"""
    return float(np.all(np.diff(list(pair.ours.values())) < 0))


@measure(tolerance=1e-3)
def barrier(pair: Pair) -> float:
    """highest loss on the path over the higher one of its ends"""
    found = list(pair.ours.values())
    return max(found) / max(found[0], found[-1])


@measure
def interpolated_over_optimum(pair: Pair) -> float:
    """population loss halfway to one step of GD over its optimum, by the difference of losses to the end"""
    found, optimum = list(pair.ours.values()), pair.network.optimal_loss
    return (optimum + found[path.MIDDLE] - found[-1]) / optimum


@measure
def interpolated_over_ends(pair: Pair) -> float:
    """loss halfway on the path over the larger one of its ends"""
    found = list(pair.ours.values())
    return found[path.MIDDLE] / max(found[0], found[-1])
