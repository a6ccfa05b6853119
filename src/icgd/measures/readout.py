"""Linear probes: what can be read out of the tokens between the layers of a causal network.

A probe is least squares with a constant, from the tokens after a layer (0: before the first) at one
position, fitted on 1024 sequences and scored on 1024 others: R^2 = 1 - squared error over that of the mean,
entries summed. The released probes are fitted and scored on the same 256 sequences and report the error,
which shrinks with its target.
"""

from collections.abc import Callable
from functools import cached_property, partial

import jax
import numpy as np
import scipy

from icgd.errors import IcgdError
from icgd.measures.naming import FAULTS, fault, stand_in
from icgd.measures.network import Network
from icgd.measures.request import parsed
from icgd.measures.sequences import networks_of
from icgd.models import causal
from icgd.models.transformer import Weights
from icgd.references.sequences import RIDGE
from icgd.tasks import dynamics

SEQUENCES = 1024  # that a probe is fitted on, and as many that it is scored on
CHUNK = 256  # sequences whose tokens are computed at a time
KEPT = 3  # subjects whose tokens are kept
SMALLEST = 1e-6  # singular values over the largest that count: below is rounding of float32
OUTLIERS = (
    2.0  # standard deviations of a preconditioned input's norm over the mean that leave it out, as released
)
RELEASED = (  # coefficients (alpha, beta) of the six steps that released probes take for the inverse
    *((1.0258, 0.0), (3.2508, 0.6788), (3.2584, 0.3075)),
    *((3.2123, 0.7447), (2.6944, 1.8360), (1.2727, 2.3438)),
)

Target = Callable[[np.ndarray, int, int], np.ndarray]  # (states, position, lag) -> (B, n)


def next_state(states: np.ndarray, at: int, lag: int) -> np.ndarray:
    """s_{t+1}."""
    return states[:, at + 1]


def earlier(states: np.ndarray, at: int, lag: int) -> np.ndarray:
    """The state seen ``lag`` positions before."""
    return states[:, at - lag]


def exact(states: np.ndarray, at: int, lag: int) -> np.ndarray:
    """(A_t + I / lambda)^-1 s_t."""
    return np.linalg.solve(_gram(states, at), states[:, at, :, None])[..., 0]


def released(states: np.ndarray, at: int, lag: int) -> np.ndarray:
    """The same as six steps with the released coefficients find it, A_t over its Frobenius norm."""
    gram = _gram(states, at)
    size = np.linalg.norm(gram, axis=(1, 2))[:, None]
    term = found = before = states[:, at]
    for alpha, beta in RELEASED:
        term = term - alpha * np.einsum("bij,bj->bi", gram, term) / size
        found, before = found + term + beta * (found - before), found
    return found / size


def shuffled(target: Target, states: np.ndarray, at: int, lag: int) -> np.ndarray:
    """A preconditioned input with A_t of another sequence."""
    others = np.roll(states, 1, axis=0)
    return target(np.concatenate([others[:, :at], states[:, at:]], axis=1), at, lag)


INVERSES: dict[str, Target] = {"exact": exact, "released": released}
SHUFFLED: dict[str, Target] = {name: partial(shuffled, target) for name, target in INVERSES.items()}


def _gram(states: np.ndarray, at: int) -> np.ndarray:
    """A_t + I / lambda, the sum over the states before t: (B, n, n)."""
    before = states[:, :at]
    return before.swapaxes(1, 2) @ before + RIDGE * np.eye(states.shape[-1])


def features(states: np.ndarray, at: int, lag: int) -> np.ndarray:
    """B gelu(A s) of the nonlinear teacher, not normalised."""
    return np.asarray(dynamics.features(states[:, at - lag]), float)


def other_features(states: np.ndarray, at: int, lag: int) -> np.ndarray:
    """The same of another nonlinearity: A with its columns moved on by one."""
    return np.asarray(dynamics.features(np.roll(states[:, at - lag], 1, axis=-1)), float)


class Probes:
    """Sequences of one network, tokens of what stands in for it, and what probes found in them; kept."""

    def __init__(self, network: Network):
        self.network = network
        self._tokens: dict[str, list[np.ndarray]] = {}
        self._found: dict[tuple, float] = {}

    @cached_property
    def states(self) -> np.ndarray:
        """(2, B, T + 1, n): the sequences that probes are fitted and scored on.

        Raises:
            IcgdError: other tasks, or too few sequences for the entries of a token.
        """
        settings, name = self.network.settings, self.network.experiment
        if not settings.causal or settings.task.family != "dynamics":
            raise IcgdError(f"{name}: probes are of causal networks on dynamics.")
        count, width = min(SEQUENCES, settings.evaluation.tasks), settings.causal.width
        if count <= width:
            raise IcgdError(
                f"{name}: {count} sequences fit no probe of {width} entries; raise evaluation.tasks."
            )
        drawn = (self.network.draw(stream, count).states for stream in ("probe data", "evaluation data"))
        return np.stack([np.asarray(one, float) for one in drawn])

    def tokens(self, text: str) -> list[np.ndarray]:
        """Tokens (layers + 1, 2, B, T, width) of a sound subject; of each of several networks."""
        if text not in self._tokens:
            self._tokens = dict(list(self._tokens.items())[1 - KEPT :])
            words, flat = parsed(text), self.states.reshape(-1, *self.states.shape[2:])
            if words.name == "planted":
                found = [planted(self.network, flat)]
            else:
                found = [by_network(*one, flat[:, :-1]) for one in networks_of(words, self.network)]
            self._tokens[text] = [one.reshape(len(one), 2, -1, *one.shape[2:]) for one in found]
        return self._tokens[text]

    def r2(self, text: str, target: Target, layer: int, at: int, lag: int = 0, beside: bool = False) -> float:
        """R^2 of a target, mean over several networks; ``beside`` the current state: of what that leaves."""
        place = text, target, layer, at, lag, beside
        if place not in self._found:
            words = parsed(text)
            change, sizes = FAULTS.get((words.fault, "tokens")), map(float, words.size)
            plain = lambda tokens, layer, at: tokens[layer, :, :, at]  # noqa: E731
            read = partial(
                change or plain, layer=layer, at=at, **dict(zip(("first", "last"), sizes, strict=False))
            )
            seen = [read(one).astype(float) for one in self.tokens(words.sound if change else text)]
            self._found[place] = float(np.mean([self._scored(one, target, at, lag, beside) for one in seen]))
        return self._found[place]

    def _scored(self, seen: np.ndarray, target: Target, at: int, lag: int, beside: bool) -> float:
        """Of tokens (2, B, width) at a position."""
        wanted, now = [target(states, at, lag) for states in self.states], self.states[:, :, at]
        heavy = target in (*INVERSES.values(), *SHUFFLED.values())
        kept = [usual(one, wanted[0]) if heavy else slice(None) for one in wanted]

        def left(inputs: np.ndarray) -> float:
            return error(*(one[k] for x, y, k in zip(inputs, wanted, kept, strict=True) for one in (x, y)))

        if beside:
            return 1 - left(np.concatenate([seen, now], axis=-1)) / left(now)
        return 1 - left(seen) / left(np.zeros_like(now))


def usual(wanted: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Which targets are no outliers among those that are fitted on."""
    sizes = np.linalg.norm(fitted, axis=1)
    return np.linalg.norm(wanted, axis=1) < np.mean(sizes) + OUTLIERS * np.std(sizes)


def error(inputs: np.ndarray, wanted: np.ndarray, others: np.ndarray, truth: np.ndarray) -> float:
    """Squared error, on others, of least squares with a constant."""
    centre, middle = np.mean(inputs, axis=0), np.mean(wanted, axis=0)
    found = scipy.linalg.lstsq(inputs - centre, wanted - middle, cond=SMALLEST)[0]
    return float(np.sum((truth - middle - (others - centre) @ found) ** 2))


def by_network(network: Network, weights: Weights, states: np.ndarray) -> np.ndarray:
    """Tokens (layers + 1, B, T, width) of a network."""
    settings = network.settings.causal
    run = jax.jit(jax.vmap(lambda one: causal.build(settings, one.shape[-1], weights)(one), out_axes=1))
    parts = [np.asarray(run(states[start : start + CHUNK])) for start in range(0, len(states), CHUNK)]
    return np.concatenate(parts, axis=1)


@stand_in("planted")
def planted(network: Network, states: np.ndarray) -> np.ndarray:
    """tokens with s_t, s_{t-1} (and features) and, clearer from layer to layer, s_{t+1} and A_t^-1 s_t

    The former are there from the first layer on, back to s_{t-3} under partial observation; to the latter
    (layers - l) / (layers + l) times another sequence's are added after layer l.
    """
    seen, layers = states[:, :-1], len(network.settings.causal.layers)
    lags = range(1, 4 if network.settings.task.hidden else 2)
    held = [np.pad(seen[:, :-lag], [(0, 0), (lag, 0), (0, 0)]) for lag in lags]
    if network.settings.task.teacher == "mlp":
        held += [np.asarray(dynamics.features(one), float) for one in (seen, *held)]
    sought = [
        np.stack([target(states, at, 0) for at in range(seen.shape[1])], axis=1)
        for target in (next_state, *INVERSES.values())
    ]
    found = []
    for layer in range(layers + 1):
        share = (layers - layer) / (layers + layer)
        mixed = [one + share * np.roll(one, 1, axis=0) for one in sought]
        found.append(np.concatenate([seen, *(one * (layer > 0) for one in held), *mixed], axis=-1))
    return np.stack(found).astype(np.float32)


@fault("blurred", of="tokens")
def blurred(tokens: np.ndarray, layer: int, at: int, first: float, last: float | None = None) -> np.ndarray:
    """Tokens with this much of another sequence's added: R^2 over 1 + its square; two: at both ends"""
    share = first if last is None else first + (last - first) * at / (tokens.shape[3] - 1)
    found = tokens[layer, :, :, at]
    return found + share * np.roll(found, 1, axis=1)


@fault("fading", of="tokens")
def fading(tokens: np.ndarray, layer: int, at: int, first: float) -> np.ndarray:
    """Tokens blurred after all layers but the first, more and more, by this after the last"""
    return blurred(tokens, layer, at, first * max(layer - 1, 0) / max(len(tokens) - 2, 1))


@fault("stalled", of="tokens")
def stalled(tokens: np.ndarray, layer: int, at: int, first: float) -> np.ndarray:
    """Tokens after so many last layers as they were before them"""
    return tokens[min(layer, len(tokens) - 1 - int(first)), :, :, at]
