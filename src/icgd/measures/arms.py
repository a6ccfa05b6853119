"""The two arms of the sine task on the same waves: a trained attention layer, and a given GD step.

A network is held against that of the other arm with its own seed, which began with the same embedding
and saw the same batches; how far two networks of the other arm are apart says what a seed does.
"""

import dataclasses
from collections.abc import Callable
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np

from icgd.errors import IcgdError, nearest
from icgd.measures import embedded, faults, fit
from icgd.measures.embedded import Functions
from icgd.measures.fit import Fit, Predictor
from icgd.measures.naming import fault, predictor
from icgd.measures.network import Network
from icgd.measures.request import Request, Words, parsed
from icgd.tasks import sine
from icgd.tasks.linear import Tasks
from icgd.tasks.sine import HALF_RANGE, Shift

CONTEXTS, QUERIES = 1000, 100  # of the functions that are compared (vo22-70)
TAIL = 0.1  # last share of training

_sample = jax.jit(sine.sample, static_argnums=(1, 2, 3))


@dataclasses.dataclass(frozen=True, eq=False)
class Arms:
    """The network under test, a subject in its place, the other arm, and shifted waves that they see."""

    network: Network
    words: Words  # of the subject
    other: str  # experiment of the other arm
    shift: Shift

    @cached_property
    def arm(self) -> Network:
        """The subject's network, without its fault."""
        name = self.words.name
        if name not in ARMS:
            raise IcgdError(f"{name!r} is no network of two arms; {nearest(name, ARMS)}")
        return ARMS[name](self.network, self.words.of)

    @cached_property
    def same(self) -> Network:
        """The other arm's network of the same seed."""
        return same(self.network, self.other)

    @cached_property
    def contexts(self) -> Tasks:
        """Waves that functions are fitted to."""
        count = min(CONTEXTS, self.network.settings.evaluation.tasks)
        return waves(self.network, "function data", count, self.shift)

    @property
    def deviation(self) -> float:
        """Standard deviation of the labels."""
        return float(np.std(self.contexts.targets))

    def of(self, network: Network, by: float = 0.0) -> Functions:
        """What a network fits to the contexts, at queries over the range of x moved ``by``."""
        x = jnp.linspace(-HALF_RANGE, HALF_RANGE, QUERIES) * self.shift.inputs
        return embedded.functions(embedded.of(network.weights), self.contexts, x + by)

    @cached_property
    def theirs(self) -> Functions:
        """Functions of the other arm's network of the same seed."""
        return self.of(self.same)

    @cached_property
    def following(self) -> Functions:
        """Functions of the other arm's network of the next seed."""
        return self.of(following(self.network, self.other))

    @cached_property
    def ours(self) -> Functions:
        """The subject's functions."""
        if not self.words.fault:
            return self.of(self.arm)
        change, size = faults.planted(self.words, "functions")
        return change(self, size)

    @property
    def tail(self) -> float:
        """The subject's `tail`."""
        if not self.words.fault:
            return tail(self.arm)
        change, size = faults.planted(self.words, "tail")
        return change(self, size)


def look(grid, request: Request) -> Arms:
    """A network of the sine task, and the other arm if a reference names it.

    Raises:
        IcgdError: it is of another task.
    """
    network = grid.network
    if network.settings.task.family != "sine":
        raise IcgdError(f"{network.experiment}: {request.measure} is of networks trained on sine waves.")
    other = parsed(request.reference).of if request.reference else ""
    return Arms(network, parsed(request.subject), other, shift_of(request.tasks))


def shift_of(tasks: str) -> Shift:
    """The shift that a name of tasks ends with: "fresh inputs 1.5".

    Raises:
        IcgdError: there is no such shift.
    """
    axis, _, size = tasks.partition(" ")[2].partition(" ")
    if axis and axis not in Shift._fields:
        raise IcgdError(f"waves have no shift {axis!r}; {nearest(axis, Shift._fields)}")
    return Shift(**{axis: np.pi if size == "pi" else float(size)}) if axis else Shift()


def waves(network: Network, stream: str, count: int, shift: Shift) -> Tasks:
    """Waves of one of a seed's named streams; the same draws at every shift."""
    task = network.settings.task
    return _sample(network.key(stream), count, task.context, task.released_phase, shift)


def tail(network: Network) -> float:
    """Mean evaluation loss of the last tenth of training, as one step's is noisy at a constant rate."""
    names = ("step", "evaluation_loss")
    steps, losses = (np.array([float(row[name]) for row in network.history]) for name in names)
    return float(np.mean(losses[steps > (1 - TAIL) * steps[-1]]))


def same(network: Network, of: str) -> Network:
    """The network of another experiment with the same seed."""
    found = [one for one in network.named_of(of) if one.seed == network.seed]
    return found[0] if found else _no_number(network)


def following(network: Network, of: str) -> Network:
    """The converged network of another experiment with the next seed, after the last one the first."""
    known = network.converged_of(of) or [_no_number(network)]
    return next((one for one in known if one.seed > network.seed), known[0])


def _no_number(network: Network) -> Network:
    """What stands for a network that diverged: NaN in, NaN out; `both_converged` leaves its seed out."""
    weights = jax.tree.map(lambda matrix: jnp.nan * matrix, network.weights)
    kept = {name: one if name == "step" else np.nan * one for name, one in network.snapshots.items()}
    history = [{**row, "evaluation_loss": "nan"} for row in network.history]
    return dataclasses.replace(network, weights=weights, snapshots=kept, history=history)


ARMS: dict[str, Callable[[Network, str], Network]] = {
    "network": lambda network, of: network,
    "same_seed": same,
    "next_seed": following,
}


@predictor("same_seed")
def same_seed(network: Network, of: str) -> list[Predictor]:
    """the network of another experiment with the same seed"""
    found = same(network, of)
    return [fit.of_network(found.settings.model, found.weights)]


@predictor("next_seed")
def next_seed(network: Network, of: str) -> list[Predictor]:
    """the converged network of another experiment with the next seed, after the last one the first"""
    found = following(network, of)
    return [fit.of_network(found.settings.model, found.weights)]


@fault("raised", of="functions")
def raised(arms: Arms, size: float) -> Functions:
    """A constant added to the function, in standard deviations of the labels"""
    found, by = arms.of(arms.arm), size * arms.deviation
    return Functions(found.before + by, found.after + by, found.slopes)


@fault("raised", of="tail")
def raised_tail(arms: Arms, size: float) -> float:
    """A constant added to the function, in standard deviations of the labels"""
    by = size * float(np.std(arms.network.fresh.target))
    return tail(arms.arm) + by**2 / 2  # as errors are 0 on average


@fault("moved", of="functions")
def moved(arms: Arms, by: float) -> Functions:
    """The function moved along x"""
    return arms.of(arms.arm, by)


@fault("apart", of="functions")
def apart(arms: Arms, factor: float) -> Functions:
    """So many times as far from the other arm's function as that of its next seed"""
    return jax.tree.map(lambda a, b: a + factor * (b - a), arms.theirs, arms.following)


@fault("signs", of="fit")
def signs(fit: Fit, tasks: Tasks, share: float, network: Network) -> Fit:
    """This share of the query gradients negated"""
    every = jnp.arange(len(fit.weights)) % round(1 / share) == 0
    return Fit(fit.prediction, jnp.where(every[:, None], -fit.weights, fit.weights))
