"""Predictions at every position of a sequence (second paper): who makes them, how good and near they are.

Tasks are named as in `measures.sets`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import jax
import jax.numpy as jnp
import numpy as np

from icgd.errors import IcgdError, nearest
from icgd.measures.naming import FAULTS, MEASURES, fault, measure
from icgd.measures.network import Network
from icgd.measures.request import ON_SEQUENCES, Request, Words, parsed
from icgd.measures.sets import Known, Set, Streams, drawn, known_to, placed, states_for
from icgd.models import causal as readable
from icgd.models.transformer import Weights
from icgd.references import sequences as references
from icgd.references.sequences import Seen
from icgd.training import causal

TUNING = 2000  # sequences that references are tuned on, at most
CHUNK = 1000  # sequences computed at a time
WINDOWS, WINDOWED = (3, 4, 5, 6), 500  # states of a window (second paper, Fig. 24); sequences to tune on
SLOPES_AT, SLOPES_OF = (10, 25, 40), 128  # positions and sequences whose sensitivities are compared
STEP = 1e-4  # of differences
WINDOW, ERRORS = 5, 2.0  # positions of a window, and standard errors that count
EARLY_PAIRS = 8  # after the first, among which the loss of few-shot learning rises
EARLY = 5  # positions left out of distances: hardly anything can be known there


class Sequences:
    """Sets of sequences of one network and what predictors make of them; kept."""

    def __init__(self, network: Network):
        self.network = network
        self._sets: dict[tuple, Known] = {}
        self._found: dict[tuple, list[np.ndarray]] = {}
        self._tuned: dict[tuple, Callable[[Seen], np.ndarray]] = {}
        self._windowed: dict[tuple, Callable[[Set], np.ndarray]] = {}

    def set(self, words: tuple[str, ...], count: int) -> Known:
        """The first ``count`` sequences of a set by its words."""
        if (words, count) not in self._sets:
            self._sets[words, count] = drawn(self.network, words, count)
        return self._sets[words, count]

    @cached_property
    def tuning(self) -> Set:
        """Sequences that references are tuned on, and nothing is measured on."""
        count = min(TUNING, self.network.settings.evaluation.tasks)
        return drawn(self.network, ("fresh",), count, "tuning data")

    @cached_property
    def tuned_on_windows(self) -> Set:
        """Fewer of them, as every number of states in a window is tried."""
        return Set(self.tuning.states[:WINDOWED], self.tuning.teachers[:WINDOWED])

    def found(self, text: str, words: tuple[str, ...], count: int) -> list[np.ndarray]:
        """Predictions (B, T, n) of a predictor, or of several networks, on a set."""
        place = text, words, count
        if place not in self._found:
            few, named = self.set(words, count), parsed(text)
            if change := FAULTS.get((named.fault, "predictions")):
                sound = self.found(named.sound, words, count)
                self._found[place] = [change(one, few, named.number) for one in sound]
            else:
                self._found[place] = [one(few) for one in self.predictors(text)]
        return self._found[place]

    def predictors(self, text: str) -> list[Callable[[Known], np.ndarray]]:
        """What a rule names, as functions Set -> predictions (B, T, n).

        Raises:
            IcgdError: it predicts no states, or the fault is none of its.
        """
        words = parsed(text)
        change = FAULTS.get((words.fault, "predictions"))
        if words.has_weights or words.name in ("networks", "other_seed"):
            found = networks_of(words.faultless if change else words, self.network)
            sound = [partial(by_network, *one) for one in found]
        else:
            sound = [self._formula(words)]
        if words.fault and not change and not words.has_weights:
            raise IcgdError(f"{text!r}: the fault {words.fault!r} is none of predictions.")
        return [partial(_changed, change, one, words.number) for one in sound] if change else sound

    def _formula(self, words: Words) -> Callable[[Known], np.ndarray]:
        """A reference that is not trained."""
        if words.name.endswith(" features") and self.network.settings.task.teacher != "mlp":
            raise IcgdError(f"{self.network.experiment}: {words.name} needs task.teacher mlp.")
        if words.name == "zero":
            return lambda few: np.zeros_like(few.inputs)
        if words.name.endswith(" windows"):
            windowed = self.on_windows(words.name.removesuffix(" windows"), self._steps(words))
            return lambda few: windowed(states_for(words.name, few))
        if words.name.split()[0] == "ridge":
            return lambda few: by_ridge(known_to(words.name, few))
        if words.name not in ON_SEQUENCES:
            right = "right is, say, 'ridge', 'gd shared' or 'conjugate_gradients'."
            raise IcgdError(
                f"{self.network.experiment}: {words.sound} predicts no states of a sequence; {right}"
            )
        method = self.method(words.name, self._steps(words))
        return lambda few: method(known_to(words.name, few))

    def _steps(self, words: Words) -> int:
        """Those of a K-step method: as many as layers unless said."""
        return words.layers or len(self.network.settings.causal.layers)

    def method(self, name: str, steps: int) -> Callable[[Seen], np.ndarray]:
        """A K-step method with the best parameters."""
        if (name, steps) not in self._tuned:
            family = name.removesuffix(" released").removesuffix(" features")
            known = known_to(name, self.tuning)
            self._tuned[name, steps] = references.tuned(family, steps, known, self.tuning.targets)
        return self._tuned[name, steps]

    def on_windows(self, family: str, steps: int) -> Callable[[Set], np.ndarray]:
        """A method on windows of as many states as are best; this number and its parameters are tuned."""
        if (family, steps) not in self._windowed:
            few = self.tuned_on_windows

            def fitted(size: int) -> tuple[float, int, Callable[[Seen], np.ndarray]]:
                known = few.seen_in_windows(size)
                method = references.tuned(family, steps, known, few.targets)
                return float(np.mean((method(known) - few.targets) ** 2)), size, method

            _, size, method = min(map(fitted, WINDOWS), key=lambda one: one[0])
            self._windowed[family, steps] = lambda few: method(few.seen_in_windows(size))
        return self._windowed[family, steps]


def _changed(change: Callable, sound: Callable, size: float, few: Known) -> np.ndarray:
    """Predictions with a fault in them."""
    return change(sound(few), few, size)


def networks_of(words: Words, network: Network, same_tasks: bool = True) -> list[tuple[Network, Weights]]:
    """The causal networks that a rule names, with their weights; ``same_tasks``: to see this one's tasks.

    Raises:
        IcgdError: it names none.
    """
    if words.name in ("networks", "other_seed"):
        known = network.converged_of(words.of, same_tasks)
        known = known if words.name == "networks" else [known[(network.seed + 1) % len(known)]]
        return [(one, one.weights) for one in known]
    if not words.has_weights:
        raise IcgdError(f"{network.experiment}: {words.sound} has no weights.")
    return [(network, weights_of(words, network))]


def by_ridge(known: Seen) -> np.ndarray:
    """Predictions of ridge regression."""
    return references.predictions(known, references.ridge(known.values))


def weights_of(words: Words, network: Network) -> Weights:
    """Weights of a causal network that a rule names, with a fault in them.

    Raises:
        IcgdError: there are no such weights, or the fault is none of theirs.
    """
    if words.hand_set:
        raise IcgdError(
            f"{network.experiment}: there are no hand-set weights of {words.name!r} for sequences."
        )
    if words.name == "untrained":
        return network.untrained
    if not words.fault:
        return network.weights
    known = [name for name, place in FAULTS if place in ("causal weights", "predictions")]
    if (words.fault, "causal weights") not in FAULTS:
        raise IcgdError(
            f"{network.experiment}: causal networks have no {words.fault!r}; {nearest(words.fault, known)}"
        )
    return FAULTS[words.fault, "causal weights"](network, *map(float, words.size))


def by_network(network: Network, weights: Weights, few: Known) -> np.ndarray:
    """Predictions of a network, some sequences at a time."""
    settings, tokens = network.settings.causal, few.tokens(weights)
    longest = readable.length(settings, network.settings.task)
    if tokens.shape[1] > longest and settings.position != "none":
        raise IcgdError(
            f"{network.experiment}: {tokens.shape[1]} tokens, and it has codes of {longest} positions."
        )
    parts = [tokens[start : start + CHUNK] for start in range(0, len(tokens), CHUNK)]
    return few.read(
        np.concatenate([np.asarray(_predict(settings, weights, part)) for part in parts]), weights
    )


_predict = jax.jit(causal.predict, static_argnums=0)


@fault("scaled", of="predictions")
def scaled(found: np.ndarray, few: Known, factor: float) -> np.ndarray:
    """Predictions and weights times a factor"""
    return factor * found


@fault("nudged", of="predictions")
def nudged(found: np.ndarray, few: Known, share: float) -> np.ndarray:
    """Predictions moved this share of the way to the truth"""
    return found + share * (few.targets - found)


@fault("offset", of="predictions")
def offset(found: np.ndarray, few: Known, size: float) -> np.ndarray:
    """A constant added to each prediction"""
    return found + size


@fault("blurred", of="predictions")
def blurred(found: np.ndarray, few: Known, share: float) -> np.ndarray:
    """Each prediction with this share of that for the sequence before it in the set added"""
    return found + share * np.roll(found, 1, axis=0)


@dataclass(frozen=True)
class Compared:
    """Predictions of a subject and of the reference on the same sequences; `fits.loss` takes it, too."""

    ours: np.ndarray  # (B, positions, n)
    named: tuple[np.ndarray, ...]
    targets: np.ndarray
    first: int  # position
    slopes: Callable[[int], list[np.ndarray]]  # d f_t / d s_t of subject and reference at a position
    unshifted: Callable[[], "Compared"]  # the same on the tasks of training

    @property
    def theirs(self) -> np.ndarray:
        """The first reference's predictions.

        Raises:
            IcgdError: no reference was named.
        """
        if not self.named:
            raise IcgdError("the measure holds a subject against a reference; name one, such as ridge.")
        return self.named[0]

    @property
    def loss(self) -> float:
        """The subject's loss, 1/2 |s_{t+1} - f_t|^2 (eq. 1), mean over positions and sequences."""
        return float(np.mean(self.losses(self.ours)))

    @property
    def reference_loss(self) -> float:
        """The reference's; the mean over several networks."""
        return float(np.mean([np.mean(self.losses(one)) for one in self.named]))

    def losses(self, found: np.ndarray) -> np.ndarray:
        """Of every sequence and position: (B, positions)."""
        return 0.5 * np.sum((found.astype(float) - self.targets) ** 2, axis=-1)

    @cached_property
    def curve(self) -> np.ndarray:
        """The subject's loss by position."""
        return np.mean(self.losses(self.ours), axis=0)


def look(grid, request: Request) -> Compared:
    """What measures of predictions take."""
    known, (words, cut) = grid.sequences, placed(request.tasks)
    count = _count(grid.network, request)
    few = known.set(words, count)
    ours = known.found(request.subject, words, count)[0]
    theirs = known.found(request.reference, words, count) if request.reference else []
    slopes = lambda at: [slopes_of(known, text, few, at) for text in (request.subject, request.reference)]  # noqa: E731
    named = tuple(one[:, cut] for one in theirs)
    plain = " ".join(("fresh", *request.tasks.split()[len(words) :]))
    unshifted = lambda: look(grid, request._replace(tasks=plain))  # noqa: E731
    targets = few.targets[:, cut].astype(float)
    return Compared(ours[:, cut], named, targets, cut.start or 0, slopes, unshifted)


def _count(network: Network, request: Request) -> int:
    """All sequences for networks as they are; fewer where formulas or faults are computed."""
    words = [parsed(text) for text in (request.subject, request.reference) if text]
    plain = all(one.name in ("network", "networks", "other_seed") and not one.fault for one in words)
    evaluation = network.settings.evaluation
    return evaluation.tasks if plain else evaluation.control_tasks


def trace(grid, request: Request) -> dict[float, float]:
    """A measure of predictions at every position."""
    if request.along != "positions":
        raise IcgdError(f"sequences have nothing along {request.along!r}; they have positions.")
    both, function = look(grid, request), MEASURES[request.measure].function
    found = {}
    for index in range(both.ours.shape[1]):
        cut = slice(index, index + 1)
        named = tuple(one[:, cut] for one in both.named)
        at = replace(both, ours=both.ours[:, cut], named=named, targets=both.targets[:, cut])
        found[float(both.first + index)] = float(function(at))
    return found


def slopes_of(known: Sequences, text: str, few: Known, at: int) -> np.ndarray:
    """d f_t / d s_t (B, n, n): of networks by differentiation, of formulas by differences."""
    if isinstance(few, Streams):
        raise IcgdError("sensitivities are of states, not of streams of pairs.")
    words, states = parsed(text), few.states[:SLOPES_OF, : at + 2].astype(float)
    if words.has_weights and (words.fault, "predictions") not in FAULTS:
        weights, settings = weights_of(words, known.network), known.network.settings.causal

        def last(one: jax.Array, before: jax.Array) -> jax.Array:
            return readable.predict(settings, weights, jnp.concatenate([before, one[None]])[None])[0, -1]

        return np.asarray(jax.jit(jax.vmap(jax.jacfwd(last)))(states[:, at], states[:, :at]))
    (predict,) = known.predictors(text)

    def moved(axis: int, by: float) -> np.ndarray:
        change = by * (np.arange(states.shape[-1]) == axis)
        return predict(
            Set(
                np.concatenate([states[:, :at], states[:, [at]] + change, states[:, at + 1 :]], 1),
                few.teachers,
            )
        )[:, -1]

    columns = [(moved(axis, STEP) - moved(axis, -STEP)) / (2 * STEP) for axis in range(states.shape[-1])]
    return np.stack(columns, axis=-1)


@measure
def prediction_cos(both: Compared) -> float:
    """mean over sequences of the cosine between all predictions of a sequence and those of the reference"""
    ours, theirs = (one.reshape(len(one), -1).astype(float) for one in (both.ours, both.theirs))
    sizes = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return float(np.mean(np.sum(ours * theirs, axis=1) / sizes))


@measure(tolerance=1e-4)
def sensitivity_cos(both: Compared) -> float:
    """mean cosine of d f_t / d s_t with that of the reference, at positions 10, 25 and 40"""
    found = []
    for at in SLOPES_AT:
        ours, theirs = (one.reshape(len(one), -1) for one in both.slopes(at))
        sizes = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
        found.append(np.mean(np.sum(ours * theirs, axis=1) / sizes))
    return float(np.mean(found))


@measure
def prediction_distance(both: Compared) -> float:
    """root mean square difference of predictions to the reference's over the size of these, from t = 5 on"""
    ours, theirs = (one[:, max(EARLY - both.first, 0) :].astype(float) for one in (both.ours, both.theirs))
    return float(np.sqrt(np.mean((ours - theirs) ** 2) / np.mean(theirs**2)))


@measure
def late_rise(both: Compared) -> float:
    """loss at the last position over the least at any position"""
    return float(both.curve[-1] / np.min(both.curve))


@measure
def rises(both: Compared) -> float:
    """windows of 5 positions whose mean loss exceeds that of the window before by 2 standard errors"""
    losses = both.losses(both.ours)
    count = losses.shape[1] // WINDOW
    means = losses[:, : count * WINDOW].reshape(len(losses), count, WINDOW).mean(axis=2)
    steps = np.diff(means, axis=1)
    errors = np.std(steps, axis=0, ddof=1) / np.sqrt(len(steps))
    return float(np.sum(np.mean(steps, axis=0) > ERRORS * errors))


@measure(tolerance=1e-4)
def largest_gap(both: Compared) -> float:
    """largest |L / L' - 1| at any position from t = 2 on where the losses differ by over 2 standard errors"""
    ours, theirs = (both.losses(one)[:, max(2 - both.first, 0) :] for one in (both.ours, both.theirs))
    gap = np.abs(np.mean(ours, axis=0) / np.mean(theirs, axis=0) - 1)
    errors = np.std(ours - theirs, axis=0, ddof=1) / np.sqrt(len(ours))
    counts = np.abs(np.mean(ours - theirs, axis=0)) > ERRORS * errors
    return float(np.max(np.where(counts, gap, 0.0)))


@measure
def loss_over_power(both: Compared) -> float:
    """loss over that of predicting zero, on the same sequences"""
    return both.loss / float(np.mean(both.losses(np.zeros_like(both.ours))))


@measure(tolerance=1e-3)  # a mesa layer ends near the noise, where float32 moves its loss by 4e-4
def shift_factor(both: Compared) -> float:
    """factor, of 1 or more, between loss_over_power on shifted tasks and on those of training"""
    ours, plain = loss_over_power(both), loss_over_power(both.unshifted())
    return max(ours / plain, plain / ours)


@measure
def early_rise(both: Compared) -> float:
    """greatest loss at positions 1 to 8 over that at the first"""
    return float(np.max(both.curve[1 : EARLY_PAIRS + 1]) / both.curve[0])


@measure(tolerance=1e-4)
def curve_distance(both: Compared) -> float:
    """root mean square gap of losses by position to the reference's, over the loss of predicting zero"""
    gaps = both.curve - np.mean(both.losses(both.theirs), axis=0)
    return float(np.sqrt(np.mean(gaps**2)) / np.mean(both.losses(np.zeros_like(both.ours))))
