"""Language models on text: variants of one experiment, trained from the same seed, on what is held out."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Causal, Settings
from icgd.errors import IcgdError
from icgd.measures.inside import softmax_shares
from icgd.measures.naming import FAULTS, MEASURES, fault, measure
from icgd.measures.request import Request, parsed
from icgd.models import causal as readable
from icgd.models.transformer import Weights
from icgd.random import stream
from icgd.tasks import text
from icgd.training import causal
from icgd.training.points import Point

EARLY, LATE = slice(20, 30), slice(200, 256)  # positions whose losses are compared (in-context score)
LAGS = range(1, 5)  # that a head which looks back looks at
ORDERS = (0, 1, 3)  # of DPFP features
LOOKED_AT = 32  # excerpts that attention is averaged over
AT_ONCE = 128  # excerpts

Losses = Mapping[str, np.ndarray]  # variant -> nats by position (T,), mean over excerpts; NaN if it diverged


class Variants(NamedTuple):
    """What the variants of one seed make of the text that is held out."""

    losses: Losses
    attention: dict[str, np.ndarray]  # of a first softmax layer: (heads, lags), mean over positions
    frequencies: float  # loss of who knows how often each byte occurs, and no more

    def loss(self, name: str) -> float:
        """Mean over positions; no number of a variant that there is none of, as in a smoke run."""
        return float(np.mean(self.losses.get(name, np.nan)))


def name(settings: Causal, usual: Causal) -> str:
    """A variant by its last layer and what of its keys and queries is not as usual."""
    kind = settings.layers[-1]
    changed = ("features", "unit_keys", "forgetting") if kind != "softmax" else ()
    values = {one: getattr(settings, one) for one in changed}
    return " ".join(
        [kind, *(f"{one}={value:d}" for one, value in values.items() if value != getattr(usual, one))]
    )


def answers(
    settings: Settings, seed: int, points: list[Point], requests: list[Request]
) -> tuple[list[dict], list[dict]]:
    """Rows of one seed: of each variant's loss, also by position, and of what variants say together."""
    read = cache(lambda name: variants(settings, seed, points, trained=name == "network"))
    rows, lines = [], []
    for request in requests:
        found, place = look(request, read), {"unit": f"seed {seed}", **request._asdict()}
        if request.measure != "byte_loss":
            rows.append({**place, "value": float(MEASURES[request.measure].function(found))})
            continue
        for label, losses in found.losses.items():
            place["unit"] = f"{label} seed {seed}"
            if request.along:
                lines += [{**place, "x": float(x), "value": y} for x, y in smoothed(losses)]
            else:
                rows.append({**place, "value": byte_loss(losses)})
    return rows, lines


def look(request: Request, read: Callable[[str], Variants]) -> Variants:
    """What `read` gives of networks as trained or untrained, with the subject's fault.

    Raises:
        IcgdError: another subject, fault or set of tasks than there is for language models.
    """
    words = parsed(request.subject)
    if words.name not in ("network", "untrained") or request.tasks != "held_out":
        raise IcgdError(
            f"{request.measure} of {request.subject!r} on {request.tasks!r}: language models are "
            "'network' or 'untrained', on 'held_out'."
        )
    if not words.fault:
        return read(words.name)
    if (words.fault, "language") not in FAULTS:
        raise IcgdError(f"{request.subject!r}: {words.fault} is no fault of language models.")
    return FAULTS[words.fault, "language"](read(words.name), words.number)


def smoothed(losses: np.ndarray) -> Iterator[tuple[int, float]]:
    """Means of sixteen positions, by the one in the middle."""
    for first in range(0, len(losses) - 15, 16):
        yield first + 8, float(np.mean(losses[first : first + 16]))


def variants(settings: Settings, seed: int, points: list[Point], trained: bool = True) -> Variants:
    """Losses and attention of every variant, as trained or before training."""
    pieces = text.held_out(settings.evaluation.tasks, settings.task.context)
    losses, attention = {}, {}
    for point, changes in zip(points, settings.points, strict=True):
        at = settings.at(changes)
        key = stream(seed, "initialisation", settings.key_implementation)
        weights = point.weights if trained else readable.initialise(at.causal, at.task.inputs, key)
        label = name(at.causal, settings.causal)
        losses[label] = np.full(settings.task.context, np.nan)
        if not trained or point.diverged_at is None:
            losses[label] = on_pieces(at.causal, weights, pieces)
        if at.causal.layers[0] == "softmax" and np.all(np.isfinite(losses[label])):
            attention[label] = by_lag(at.causal, weights, pieces)
    return Variants(losses, attention, loss_of_frequencies(pieces))


def on_pieces(settings: Causal, weights: Weights, pieces: text.Excerpts) -> np.ndarray:
    """Nats at every position, mean over excerpts."""
    size = weights["tokens/read_out"].shape[-1]

    def losses(symbols: jax.Array) -> jax.Array:
        scores = causal.predict(settings, weights, text.states(symbols[:, :-1], size))
        return text.losses(scores, symbols[:, 1:])

    count = len(pieces.symbols)
    parts = [pieces.symbols[first : first + AT_ONCE] for first in range(0, count, AT_ONCE)]
    compiled = jax.jit(losses)
    return np.mean(np.concatenate([np.asarray(compiled(part), float) for part in parts]), axis=0)


def by_lag(settings: Causal, weights: Weights, pieces: text.Excerpts) -> np.ndarray:
    """Attention of each head of the first layer on itself and tokens up to four before, (heads, 5); mean over
    positions that have so many before them."""
    size = weights["tokens/read_out"].shape[-1]
    network = readable.build(settings, size, weights)

    def shares(symbols: jax.Array) -> jax.Array:
        layer = network.layers[0]
        seen = layer.normalised("norm", network.tokens(text.states(symbols, size)))
        found = softmax_shares(*layer.projected(seen)[:2])
        at = range(LAGS[-1] + 1)
        back = [jnp.mean(jnp.diagonal(found, -lag, 1, 2)[:, at[-1] - lag :], axis=-1) for lag in at]
        return jnp.stack(back, axis=-1)

    return np.mean(jax.jit(jax.vmap(shares))(pieces.symbols[:LOOKED_AT, :-1]), axis=0)


def loss_of_frequencies(pieces: text.Excerpts) -> float:
    """-log of the share of every byte in the text that is learnt from, in nats, on these pieces."""
    following = np.asarray(pieces.symbols[:, 1:])
    counts = np.bincount(text.learnt_from(), minlength=int(following.max()) + 1) + 1
    return float(-np.mean(np.log(counts / np.sum(counts))[following]))


@measure(tolerance=1e-3, unit="nats per byte")
def byte_loss(losses: np.ndarray) -> float:
    """loss on held-out text of each variant"""
    return float(np.mean(losses))


@measure(absolute=1e-3, unit="nats per byte")
def mesa_gain(found: Variants) -> float:
    """loss with linear layers minus loss with mesa layers"""
    return found.loss("linear") - found.loss("mesa")


@measure(absolute=1e-3, unit="nats per byte")
def mesa_behind_softmax(found: Variants) -> float:
    """loss with mesa layers minus loss with softmax layers"""
    return found.loss("mesa") - found.loss("softmax")


@measure(absolute=1e-3, unit="nats per byte")
def context_gain(found: Variants) -> float:
    """in-context score, loss at bytes 201 to 256 minus loss at bytes 21 to 30, of linear minus mesa layers"""
    linear, mesa = (
        np.mean(found.losses[one][LATE]) - np.mean(found.losses[one][EARLY]) for one in ("linear", "mesa")
    )
    return float(linear - mesa)


@measure(absolute=1e-3)
def looks_back(found: Variants) -> float:
    """largest mean attention of a head of the first softmax layer on the four tokens before; least variant"""
    shares = [np.max(np.sum(one[:, list(LAGS)], axis=-1)) for one in found.attention.values()]
    return float(min(shares)) if len(shares) == len(found.losses) else np.nan


@measure(absolute=1e-3, unit="nats per byte")
def features_help_linear(found: Variants) -> float:
    """fall of the loss of a linear layer, features of order 0 to 1 or 1 to 3, the smaller one"""
    return _least_fall(found, "linear")


@measure(absolute=1e-3, unit="nats per byte")
def features_help_mesa(found: Variants) -> float:
    """fall of the loss of a mesa layer, features of order 0 to 1 or 1 to 3, the smaller one"""
    return _least_fall(found, "mesa")


def _least_fall(found: Variants, kind: str) -> float:
    return float(-np.max(np.diff([found.loss(of_order(kind, order)) for order in ORDERS])))


def of_order(kind: str, order: int) -> str:
    """The variant with features of an order; 1 is usual."""
    return kind if order == 1 else f"{kind} features={order}"


@measure(absolute=1e-3, unit="nats per byte")
def forgetting_gain(found: Variants) -> float:
    """loss of a mesa layer minus that of one which learns how fast to forget"""
    return found.loss("mesa") - found.loss("mesa forgetting=1")


@measure
def break_without_norm(found: Variants) -> float:
    """of linear and mesa layers whose keys are not of norm 1, those that end above the loss of frequencies"""
    return _broken(found, ("linear unit_keys=0", "mesa unit_keys=0"))


@measure
def break_with_norm(found: Variants) -> float:
    """of linear and mesa layers whose keys are of norm 1, those that end above the loss of frequencies"""
    return _broken(found, ("linear", "mesa"))


def _broken(found: Variants, names: tuple[str, ...]) -> float:
    """How many have diverged, or end worse than who knows frequencies only; no number if one is absent."""
    if not set(names) <= set(found.losses):
        return np.nan
    return float(sum(not found.loss(one) < found.frequencies for one in names))


def _with(found: Variants, **losses: np.ndarray) -> Variants:
    return found._replace(losses={**found.losses, **losses})


def _of(found: Variants, name: str) -> np.ndarray:
    return found.losses.get(name, np.full(LATE.stop, np.nan))


@fault("below_linear", of="language")
def below_linear(found: Variants, size: float) -> Variants:
    """Losses with mesa layers are those with linear ones less this"""
    return _with(found, mesa=_of(found, "linear") - size)


@fault("above_softmax", of="language")
def above_softmax(found: Variants, size: float) -> Variants:
    """Losses with mesa layers are those with softmax layers plus this"""
    return _with(found, mesa=_of(found, "softmax") + size)


@fault("late", of="language")
def late(found: Variants, size: float) -> Variants:
    """Losses with mesa layers are those with linear ones, less this from byte 201 on"""
    linear = _of(found, "linear")
    return _with(found, mesa=linear - size * (np.arange(len(linear)) >= LATE.start))


@fault("falls_by", of="language")
def falls_by(found: Variants, size: float) -> Variants:
    """Losses fall by this from each order of features to the next"""
    orders = {
        of_order(kind, order): _of(found, of_order(kind, 0)) - size * step
        for kind in ("linear", "mesa")
        for step, order in enumerate(ORDERS)
    }
    return _with(found, **orders)


@fault("below_mesa", of="language")
def below_mesa(found: Variants, size: float) -> Variants:
    """Losses of a layer that forgets are those of the mesa layer less this"""
    return _with(found, **{"mesa forgetting=1": _of(found, "mesa") - size})


@fault("times_frequencies", of="language")
def times_frequencies(found: Variants, factor: float) -> Variants:
    """All losses are those of frequencies times this"""
    level = np.full(LATE.stop, factor * found.frequencies)
    return _with(found, **dict.fromkeys(found.losses, level))


@fault("evenly", of="language")
def evenly(found: Variants, count: float) -> Variants:
    """Attention of all heads is even on so many tokens, the current one and those before"""
    level = np.full((1, LAGS[-1] + 1), 1 / count)
    return found._replace(attention=dict.fromkeys(found.attention, level))
