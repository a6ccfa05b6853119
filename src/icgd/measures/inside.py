"""What the layers of a causal network do: attention and sensitivity of the first, the loss without one.

Lags count positions back from t: 0 is the current token (second paper, Figs 3, 14 to 16).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np

from icgd.errors import IcgdError
from icgd.measures.naming import FAULTS, MEASURES, fault, measure, stand_in
from icgd.measures.network import Network
from icgd.measures.request import Request, Words, parsed
from icgd.measures.sequences import ERRORS, networks_of
from icgd.measures.sets import placed
from icgd.models import causal
from icgd.models.transformer import Weights

SEQUENCES, SENSED = 1024, 64  # for attention and losses, and for sensitivities, as released
CHUNK = 256  # sequences computed at a time
MASS = 0.8  # of attention on two lags, in a head that counts
BY = 3000  # the step by which the published sensitivities are shown


@dataclass(frozen=True, eq=False)
class Inside:
    """A subject, sequences of its own, and positions in them."""

    network: Network
    words: Words
    positions: range
    # The subject without a fault of its profile, or of what is left without a layer
    sound: "Inside | None" = None

    @cached_property
    def weights(self) -> Weights | None:
        """Of the network; none of a profile that is planted."""
        return None if self.words.name == "two_lags" else networks_of(self.words, self.network)[0][1]

    @cached_property
    def states(self) -> np.ndarray:
        """Sequences (B, T + 1, n)."""
        if self.sound:
            return self.sound.states
        count = min(SEQUENCES, self.network.settings.evaluation.tasks)
        return np.asarray(self.network.draw("evaluation data", count).states)

    @cached_property
    def attention(self) -> np.ndarray:
        """Of the first layer, by lag, 0 where it reaches too far back: (B, heads, positions, T).

        Raises:
            IcgdError: it is not a softmax layer.
        """
        if self.sound:
            return self._planted(self.sound.attention)
        settings, length = self.network.settings.causal, self.states.shape[1] - 1
        if settings.layers[0] != "softmax":
            raise IcgdError(f"{self.network.experiment}: the first layer has no attention of softmax.")
        if self.weights is None:
            return np.broadcast_to(two_lags(self.network), (2, settings.heads, len(self.positions), length))

        def shares(states: jax.Array) -> jax.Array:
            network = causal.build(settings, states.shape[-1], self.weights)
            seen = network.layers[0].normalised("norm", network.tokens(states))
            return softmax_shares(*network.layers[0].projected(seen)[:2])

        found = self._in_parts(jax.jit(jax.vmap(shares)))
        back = [
            np.pad(found[:, :, at, at::-1], [(0, 0), (0, 0), (0, length - 1 - at)]) for at in self.positions
        ]
        return np.stack(back, axis=2)

    def once(self, key: tuple, make: Callable[["Inside"], np.ndarray]) -> np.ndarray:
        """What several measures, and faults in it, ask for: computed once, of the subject without a fault."""
        one = self.sound or self
        if key not in one._kept:
            one._kept[key] = make(one)
        return one._kept[key]

    @cached_property
    def _kept(self) -> dict[tuple, np.ndarray]:
        return {}

    def sensitivity(self, step: float) -> np.ndarray:
        """Mean norm of d (entry of token t after the first layer) / d s_{t'} by lag, at a step: (t + 1,)."""
        at = self.kept_until(step)
        return self._planted(self.once(("sensitivity", at), lambda one: one._sensed(one.by(at))))

    def _sensed(self, weights: Weights | None) -> np.ndarray:
        """Sensitivity by lag with these weights."""
        at = self.positions[-1]
        if weights is None:
            return two_lags(self.network)[: at + 1]
        slopes = self._slopes(weights, self.states[:SENSED, : at + 1])
        return np.mean(np.linalg.norm(slopes, axis=-1), axis=(0, 1))[::-1]

    @cached_property
    def _slopes(self) -> Callable:
        """d (last token after the first layer) / d states, compiled once for all weights."""
        settings = self.network.settings.causal

        def after(states: jax.Array, weights: Weights) -> jax.Array:
            network = causal.build(settings, states.shape[-1], weights)
            return network.layers[0](network.tokens(states))[-1]

        return jax.jit(lambda weights, states: jax.vmap(jax.jacrev(after), (0, None))(states, weights))

    def kept_until(self, step: float) -> float:
        """The last step until this one from which weights were kept; 0 is before training.

        Raises:
            IcgdError: nothing was kept until then.
        """
        if self.words.name != "network" or step == 0:
            return step
        kept = [float(at) for at in self.network.snapshots.get("step", ()) if at <= step]
        if not kept:
            raise IcgdError(f"{self.network.experiment}: there is no snapshot until step {step}.")
        return kept[-1]

    def by(self, step: float) -> Weights | None:
        """The weights kept at a step; those of a subject that is not trained are the same at all but 0."""
        if step == 0:
            return self.network.untrained
        if self.words.name != "network":
            return self.weights
        return self.network.at(self.network.snapshots["step"].tolist().index(step)).weights

    def _planted(self, found: np.ndarray) -> np.ndarray:
        """A profile by lag, with the subject's fault."""
        change = FAULTS.get((self.words.fault, "lags"))
        return change(found, self.words.number) if change else found

    @cached_property
    def losses(self) -> np.ndarray:
        """Loss of every sequence (layers + 1, B): whole, and without each layer."""
        if self.sound:
            return FAULTS[self.words.fault, "skips"](self.sound.losses)
        count = len(self.network.settings.causal.layers)
        return np.stack([self.loss(skipped) for skipped in range(count + 1)])

    def loss(self, skipped: int = 0, kept: float = 1.0) -> np.ndarray:
        """Loss of every sequence without a layer (0: with all), lag one in the first weighed by ``kept``."""
        layers = np.arange(1, len(self.network.settings.causal.layers) + 1) != skipped
        found = self.once(
            ("predictions", skipped, kept),
            lambda one: one._in_parts(lambda states: one._run(one.weights, layers, kept, states)),
        )
        change, targets = FAULTS.get((self.words.fault, "ablations")), self.states[:, 1:].astype(float)
        if change and (skipped or kept < 1):
            found = change(found, targets, self.words.number)
        return 0.5 * np.mean(np.sum((found - targets) ** 2, axis=-1), axis=1)

    @cached_property
    def _run(self) -> Callable:
        """Predictions for sequences, compiled once for all that is taken out."""
        settings = self.network.settings.causal

        def one(weights: Weights, layers: jax.Array, kept: jax.Array, states: jax.Array) -> jax.Array:
            network = causal.build(settings, states.shape[-1], weights)
            if settings.layers[0] == "softmax":
                left = 1 - (1 - kept) * jnp.eye(len(states), k=-1)
                network.layers[0].attended = lambda q, k, v: (softmax_shares(q, k) * left) @ v
            tokens = network.tokens(states)
            for there, layer in zip(layers, network.layers, strict=True):
                tokens = jnp.where(there, layer(tokens), tokens)
            return network.predictions(tokens)

        return jax.jit(jax.vmap(one, in_axes=(None, None, None, 0)))

    def _in_parts(self, run: Callable) -> np.ndarray:
        """What comes of all sequences, some at a time."""
        seen = self.states[:, :-1]
        return np.concatenate([run(seen[start : start + CHUNK]) for start in range(0, len(seen), CHUNK)])


def softmax_shares(queries: jax.Array, keys: jax.Array) -> jax.Array:
    """Attention (heads, T, T) of every token to those before it and itself."""
    scores = queries @ keys.swapaxes(1, 2) / math.sqrt(queries.shape[-1])
    return jax.nn.softmax(scores, axis=-1, where=jnp.tril(jnp.ones(scores.shape[1:], bool)))


@stand_in("two_lags")
def two_lags(network: Network) -> np.ndarray:
    """half of it on the current token and half on the one before, in every sequence"""
    return np.where(np.arange(network.settings.task.context) < 2, 0.5, 0.0)


@fault("spread", of="lags")
def spread(found: np.ndarray, share: float) -> np.ndarray:
    """This share of attention or sensitivity taken from all lags in proportion and spread evenly over them"""
    return (1 - share) * found + share * np.mean(found, axis=-1, keepdims=True)


@fault("jittered", of="lags")
def jittered(found: np.ndarray, size: float) -> np.ndarray:
    """Attention up by this in one sequence and down by it in the next"""
    return found + size * np.where(np.arange(len(found)) % 2, 1, -1).reshape(-1, *[1] * (found.ndim - 1))


@fault("mended", of="ablations")
def mended(found: np.ndarray, targets: np.ndarray, share: float) -> np.ndarray:
    """Predictions without a part of the network moved this share of the way to the truth"""
    return found + share * (targets - found)


@fault("damped", of="ablations")
def damped(found: np.ndarray, targets: np.ndarray, share: float) -> np.ndarray:
    """Predictions without a part of the network less this share of them"""
    return (1 - share) * found


@fault("idle", of="skips")
def idle(found: np.ndarray) -> np.ndarray:
    """As if the last layer could be skipped at no cost"""
    return np.concatenate([found[:-1], found[:1]])


@fault("costly", of="skips")
def costly(found: np.ndarray) -> np.ndarray:
    """As if skipping a layer doubled the loss, and one layer on doubled it again"""
    return found[:1] * 2.0 ** np.arange(len(found))[:, None]


def look(grid, request: Request) -> Inside:
    """What measures of layers take; kept, since several ask for the same.

    Raises:
        IcgdError: sequences that are not fresh ones, or the network is another one.
    """
    words, cut = placed(request.tasks)
    settings = grid.network.settings
    if words != ("fresh",) or not settings.causal or settings.task.family != "dynamics":
        what = f"{request.measure} is of causal networks on fresh dynamics"
        raise IcgdError(f"{grid.network.experiment}: {what}.")
    subject, positions = parsed(request.subject), range(settings.task.context)[cut]
    planted = any((subject.fault, of) in FAULTS for of in ("lags", "skips", "ablations"))
    sound = subject.faultless if planted else subject
    one = grid.kept(f"inside {sound} {positions}", lambda: Inside(grid.network, sound, positions))
    return Inside(grid.network, subject, positions, one) if planted else one


def trace(grid, request: Request) -> dict[float, float]:
    """By lag ("lags <head>"), on the way of training ("training <lag>"), or by the layer that is left out."""
    numbers = map(int, request.along.split()[1:])
    return MEASURES[request.measure].function(look(grid, request), *numbers)


@measure
def heads_on_two_lags(inside: Inside) -> float:
    """number of heads of the first layer with 0.8 or more of their mean attention on lags 0 and 1"""
    return float(np.sum(np.mean(inside.attention[..., :2].sum(-1), axis=(0, 2)) >= MASS))


@measure(tolerance=1e-3)
def attention_spread(inside: Inside) -> float:
    """standard deviation over sequences of the attention to lag 0 or 1, in the head where it is largest"""
    return float(np.max(np.mean(np.std(inside.attention[..., :2], axis=0), axis=1)))


@measure(tolerance=1e-3)
def attention_by_lag(inside: Inside, head: int = 1) -> dict[float, float]:
    """mean attention of a head of the first layer, by lag"""
    return dict(enumerate(np.mean(inside.attention[:, head - 1], axis=(0, 1)).astype(float).tolist()))


@measure(tolerance=1e-3)
def two_lag_sensitivity(inside: Inside) -> float:
    """share of lags 0 and 1 in the sensitivity of tokens after the first layer, at step 3000 of training"""
    found = inside.sensitivity(BY)
    return float(np.sum(found[:2]) / np.sum(found))


@measure(tolerance=1e-3)
def previous_sensitivity_gain(inside: Inside) -> float:
    """share of lag 1 in the sensitivity of tokens after the first layer, step 3000 minus before training"""
    early, late = (inside.sensitivity(step) for step in (0, BY))
    return float(late[1] / np.sum(late) - early[1] / np.sum(early))


@measure(tolerance=1e-3)
def sensitivity_in_training(inside: Inside, lag: int = 1) -> dict[float, float]:
    """mean norm of d (entry of a token after the first layer) / d (state at a lag), by step of training"""
    steps = [0, *inside.network.snapshots["step"].tolist()]
    return {float(step): float(inside.sensitivity(step)[lag]) for step in steps}


@measure(tolerance=1e-2)
def lag_one_cost(inside: Inside) -> float:
    """loss without lag 1 in the first layer's attention minus loss, over loss of zero minus loss"""
    whole, without = np.mean(inside.loss()), np.mean(inside.loss(kept=0.0))
    zero = 0.5 * np.mean(np.sum(inside.states[:, 1:].astype(float) ** 2, axis=-1))
    return float((without - whole) / (zero - whole))


@measure
def layers_that_cost(inside: Inside) -> float:
    """number of layers after the first without which the loss is higher by over 2 standard errors"""
    more = inside.losses[2:] - inside.losses[0]
    errors = np.std(more, axis=1, ddof=1) / np.sqrt(more.shape[1])
    return float(np.sum(np.mean(more, axis=1) > ERRORS * errors))
