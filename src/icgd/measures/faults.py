"""Faults of stated size in what any predictor fits; those of weights are in `products`."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from icgd.errors import IcgdError
from icgd.measures.fit import Fit, Predictor
from icgd.measures.naming import FAULTS, fault
from icgd.measures.network import Network
from icgd.measures.request import Words
from icgd.tasks.linear import Tasks


def planted(words: Words, place: str) -> tuple[Callable, float]:
    """What plants a subject's fault at a place, and its size.

    Raises:
        IcgdError: the fault is none of that place, or has no size.
    """
    if (words.fault, place) not in FAULTS:
        raise IcgdError(f"{words.sound} cannot have the fault {' '.join([words.fault, *words.size])!r}.")
    return FAULTS[words.fault, place], words.number


def in_fit(words: Words, sound: Predictor, network: Network) -> Predictor:
    """A predictor with a fault in what it fits; as it is without one."""
    if not words.fault:
        return sound
    change, size = planted(words, "fit")

    def fit(tasks: Tasks) -> Fit:
        return change(sound.fit(tasks), tasks, size, network)

    def predict(tasks: Tasks, clip: float | None) -> jax.Array:
        if words.fault == "tilted":  # moves the weights
            return fit(tasks).prediction
        blank = Fit(sound.predict(tasks, clip), jnp.zeros_like(tasks.query))
        return change(blank, tasks, size, network).prediction

    return Predictor(fit, predict)


@fault("scaled", of="fit")
def scaled(fit: Fit, tasks: Tasks, factor: float, network: Network) -> Fit:
    """Predictions and weights times a factor"""
    return Fit(factor * fit.prediction, factor * fit.weights)


@fault("tilted", of="fit")
def tilted(fit: Fit, tasks: Tasks, share: float, network: Network) -> Fit:
    """w + share R w with R_ij ~ N(0, 1 / d): each weight vector tilted by about this share of its length"""
    inputs = tasks.query.shape[-1]
    noise = jax.random.normal(network.key(_noise_of(network)), (inputs, inputs))
    shift = share / jnp.sqrt(inputs) * fit.weights @ noise
    return Fit(fit.prediction + jnp.einsum("td,td->t", shift, tasks.query), fit.weights + shift)


def _noise_of(network: Network) -> str:
    """The stream of the random tilt, a name that is permanent as draws hang on it."""
    model = network.settings.model
    nonlinear = (model.softmax_layers or model.layer_norm != "none") and not (model.alternating or model.mlp)
    return "tilts" if nonlinear else "planted faults"


@fault("nudged", of="fit")
def nudged(fit: Fit, tasks: Tasks, share: float, network: Network) -> Fit:
    """Predictions moved this share of the way to the truth"""
    return Fit(fit.prediction + share * (tasks.target - fit.prediction), fit.weights)


@fault("offset", of="fit")
def offset(fit: Fit, tasks: Tasks, size: float, network: Network) -> Fit:
    """A constant added to each prediction"""
    return Fit(fit.prediction + size, fit.weights)
