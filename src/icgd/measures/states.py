"""A network at the states of its training that were kept, seen from K steps of GD and from GD++."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from icgd.errors import IcgdError
from icgd.measures import arms, fits, products
from icgd.measures.faults import planted
from icgd.measures.fit import Fit, compared, first, fit_by_network, loss
from icgd.measures.naming import MEASURES, fault, measure
from icgd.measures.network import Network
from icgd.measures.products import Products
from icgd.measures.request import Request, parsed
from icgd.references import descent
from icgd.references.clipping import in_chunks
from icgd.tasks.linear import Tasks

TURN = 0.32  # share of the path that is claimed at which it passes GD


class Followed(NamedTuple):
    """Losses and cosines with the reference at S steps of training."""

    steps: np.ndarray
    losses: np.ndarray
    cosines: np.ndarray
    reference_loss: float
    delay: float = 0.0  # of the loss, in steps

    @property
    def peak(self) -> int:
        """Index at which the cosine is highest."""
        return int(np.nanargmax(self.cosines))


def trace(grid, request: Request) -> dict[float, float]:
    """A measure of fits at every state."""
    if request.subject != "network":
        raise IcgdError(f"along training there is only the network, not {request.subject!r}.")
    tasks, theirs = _tasks(grid, request.tasks), _theirs(grid, request)
    function, found = MEASURES[request.measure].function, {}
    other = lambda name: grid.fits(name, request.tasks, len(tasks.target))[0]  # noqa: E731
    for index, (step, fit) in enumerate(_fits(grid, request.tasks)):
        both = fits.Compared(fit, theirs(index), tasks, grid.network, request.reference, other)
        found[float(step)] = float(function(both))
    return found


def _theirs(grid, request: Request) -> Callable[[int], tuple[Fit, ...]]:
    """What the reference fits, by state of the subject: the other arm's network as it was at the same step.

    Raises:
        IcgdError: the two networks kept states at other steps.
    """
    words = parsed(request.reference) if request.reference else None
    if words is None or words.name != "same_seed":
        theirs = _reference(grid, request)
        return lambda index: theirs
    tasks = _tasks(grid, request.tasks)
    other = arms.same(grid.network, words.of)
    if list(_steps(other)) != list(_steps(grid.network)):
        raise IcgdError(f"{grid.network.experiment} and {words.of} kept states at other steps; set the same.")

    def found() -> list[Fit]:
        states = map(other.at, range(len(_steps(other))))
        return [fit_by_network(other.settings.model, state.weights, tasks) for state in states]

    kept = grid.kept(f"states of {words.of} on {request.tasks}", found)
    return lambda index: (kept[index],)


def look(grid, request: Request) -> Followed:
    """The states of a subject: the trained network, one tilted at its peak, or the path that is claimed."""
    words, network = parsed(request.subject), grid.network
    if words.name == "curve path":
        fits = [_fit(grid, one, request.tasks) for one in claimed(network)]
        found = _followed(_steps(network), fits, grid, request)
        return planted(words, "training")[0](found, words.number) if words.fault else found
    own = _followed(_steps(network), [fit for _, fit in _fits(grid, request.tasks)], grid, request)
    if not words.fault:
        return own
    sound = products.of(network.settings.model, network.at(own.peak).weights)
    change, size = planted(words, "weights")
    top = change(sound, size, network.key("planted faults"))
    return _followed(own.steps[[own.peak]], [_fit(grid, top, request.tasks)], grid, request)


def _followed(steps: np.ndarray, found: list[Fit], grid, request: Request) -> Followed:
    tasks, (theirs,) = _tasks(grid, request.tasks), _reference(grid, request)
    cosines = [float(compared(fit, theirs)["model_cos"]) for fit in found]
    losses = [loss(fit, tasks) for fit in found]
    return Followed(steps, np.array(losses), np.array(cosines), loss(theirs, tasks))


def _tasks(grid, where: str) -> Tasks:
    """The first tasks of a set."""
    return first(grid.network.settings.evaluation.state_tasks, grid.tasks(where))


def _reference(grid, request: Request) -> tuple[Fit, ...]:
    """What the reference fits to the tasks."""
    count = grid.network.settings.evaluation.state_tasks
    return grid.fits(request.reference, request.tasks, count) if request.reference else ()


def _steps(network: Network) -> np.ndarray:
    """Steps at which states were kept.

    Raises:
        IcgdError: there are none.
    """
    if len(network.snapshots.get("step", ())) < 2:
        raise IcgdError(f"{network.experiment} kept no states on the way; set training.snapshots.")
    return network.snapshots["step"]


def _fits(grid, where: str) -> list[tuple[float, Fit]]:
    """(step, what the network fitted) at every state."""
    network = grid.network

    def one(index: int) -> Fit:
        model, weights = network.settings.model, network.at(index).weights
        if network.is_linear:
            return _fit(grid, products.of(model, weights), where)
        return fit_by_network(model, weights, _tasks(grid, where))

    steps = enumerate(_steps(network).tolist())
    return grid.kept(f"states on {where}", lambda: [(step, one(index)) for index, step in steps])


def _fit(grid, one: Products, where: str) -> Fit:
    model = products.unrolled(grid.network.settings.model)
    return Fit(*in_chunks(lambda some: fit_by_network(model, one.weights, some), _tasks(grid, where)))


def claimed(network: Network) -> list[Products]:
    """States of a training that is what is claimed: from nothing to GD, reached at `TURN`, and on to GD++."""
    steps, found = _steps(network), []
    gd, best = (network.methods[name].values for name in ("gd shared", network.own_method))
    for share in steps / steps[-1]:
        grown, over = min(share / TURN, 1.0), max((share - TURN) / (1 - TURN), 0.0)
        pair = [(1 - over) * grown * a + over * b for a, b in zip(gd, best, strict=True)]
        weights = descent.hand_set(descent.Steps(*pair), network.settings.task.inputs)
        found.append(products.of(products.unrolled(network.settings.model), weights))
    return found


@fault("delayed", of="training")
def delayed(followed: Followed, steps: float) -> Followed:
    """The loss comes this many steps of training later"""
    return followed._replace(delay=steps)


@measure
def cosine_peak(followed: Followed) -> float:
    """highest model_cos with the reference at any kept state of training"""
    return float(followed.cosines[followed.peak])


@measure(tolerance=1e-3, unit="steps")
def peak_after_crossing(followed: Followed) -> float:
    """steps from where the loss falls to the reference's to where model_cos with it is highest"""
    return float(followed.steps[followed.peak]) - _crossing(followed) - followed.delay


def _crossing(followed: Followed) -> float:
    """Step at which the loss falls to the reference's, between two states by its logarithm; inf if never."""
    below = np.flatnonzero(followed.losses <= followed.reference_loss)
    if len(below) == 0:
        return np.inf
    last = below[0]
    if last == 0:
        return float(followed.steps[0])
    before, after = np.log(followed.losses[last - 1]), np.log(followed.losses[last])
    share = (before - np.log(followed.reference_loss)) / (before - after)
    return float(followed.steps[last - 1] + share * (followed.steps[last] - followed.steps[last - 1]))
