"""The networks, in their readable form: a Flax module for one sequence, and its weights by name."""

import functools

import jax
import jax.numpy as jnp
from flax import nnx

from icgd.config import Model
from icgd.errors import IcgdError
from icgd.models.block import Block
from icgd.models.mlp import Embedding
from icgd.tasks import tokens
from icgd.tasks.linear import Tasks

Weights = dict[str, jax.Array]  # "0/query" -> (heads, token, key), an entry for every matrix


class Transformer(nnx.Module):
    """K residual blocks on a token sequence, the query token last."""

    def __init__(self, settings: Model, token: int, *, rngs: nnx.Rngs):
        self.settings = settings
        width = settings.embedding or token
        if settings.embedding:
            self.embedding = Embedding(token, width, settings.init_variance / settings.layers, rngs=rngs)
        self.layers = nnx.List(
            Block(settings, width, index, rngs=rngs) for index in range(distinct_layers(settings))
        )

    def __call__(self, tokens: jax.Array) -> jax.Array:
        """Tokens after the last layer; ``tokens`` (N + 1, t)."""
        if self.settings.embedding:
            tokens = self.embedding(tokens)
        for index in range(self.settings.layers):
            tokens = self.layers[0 if self.settings.recurrent else index](tokens)
        return tokens


def distinct_layers(settings: Model) -> int:
    """Number of layers with weights of their own."""
    return 1 if settings.recurrent else settings.layers


def token_size(settings: Model, inputs: int) -> int:
    """Entries of a token before any embedding, for inputs of dimension d."""
    return inputs + (settings.position_size if settings.alternating else 1)


def sequence(settings: Model, tasks: Tasks) -> jax.Array:
    """The tasks as this model's token sequences, batch innermost: (token size, length, T)."""
    if settings.alternating:
        return tokens.alternating(tasks, settings.position_size)
    return tokens.joint(tasks)


def initialise(settings: Model, inputs: int, key: jax.Array) -> Weights:
    """Fresh weights for inputs of dimension d: variance / K over fan-in, so a standard deviation of
    sqrt(0.002 / K / 11) at the base setting."""
    model = Transformer(settings, token_size(settings, inputs), rngs=nnx.Rngs(params=key))
    return _named(nnx.to_pure_dict(nnx.state(model, nnx.Param)))


def shapes(settings: Model, inputs: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of every matrix of a model for inputs of dimension d."""
    blank = jax.eval_shape(lambda: initialise(settings, inputs, jax.random.key(0)))
    return {name: matrix.shape for name, matrix in blank.items()}


def checked(settings: Model, inputs: int, weights: Weights, where: str = "these weights") -> Weights:
    """The one door for weights that were not initialised here: hand-set ones and files.

    Raises:
        IcgdError: a matrix is missing, unknown, of the wrong shape, or not finite.
    """
    return matching(shapes(settings, inputs), weights, where)


def matching(right: dict[str, tuple[int, ...]], weights: Weights, where: str) -> Weights:
    """Weights whose names and shapes are right and whose numbers are finite; raises as `checked`."""
    for name in sorted(set(weights) | set(right)):
        if name not in weights or name not in right:
            state = "lack" if name in right else "have the unknown"
            raise IcgdError(f"{where} {state} matrix {name!r}; needed are {', '.join(right)}.")
        if tuple(weights[name].shape) != right[name]:
            raise IcgdError(
                f"{where}: matrix {name!r} has shape {tuple(weights[name].shape)}, not {right[name]}."
            )
        if not bool(jnp.isfinite(weights[name]).all()):
            raise IcgdError(f"{where}: matrix {name!r} holds NaN or infinity.")
    return {name: jnp.asarray(weights[name]) for name in right}


def forward(settings: Model, weights: Weights, tokens: jax.Array) -> jax.Array:
    """Tokens after the last layer, for one sequence (N + 1, t)."""
    state: dict = {}
    for name, matrix in weights.items():
        room, matrix_name = name.split("/")
        place = state.setdefault("layers", {}) if room.isdigit() else state
        place.setdefault(int(room) if room.isdigit() else room, {})[matrix_name] = matrix
    return nnx.merge(_structure(settings, tokens.shape[-1]), state)(tokens)


def predict(settings: Model, weights: Weights, tokens: jax.Array) -> jax.Array:
    """Prediction for the query of one sequence: minus the last entry of its last token.

    With tokens (x, y) that entry is the label; with alternating tokens it is the last entry of the
    query's position code (released code).
    """
    return -forward(settings, weights, tokens)[-1, -1]


def predict_each(settings: Model, weights: Weights, tasks: Tasks) -> jax.Array:
    """Predictions (T,) of a batch of tasks, one sequence at a time as far as the code is concerned."""
    each = jax.vmap(lambda tokens: predict(settings, weights, tokens.T), in_axes=-1)
    return each(sequence(settings, tasks))


def _named(state: dict) -> Weights:
    """{"layers": {0: {"query": ...}}, "embedding": ...} -> {"0/query": ..., "embedding/linear": ...}."""
    rooms = {**{str(index): room for index, room in state["layers"].items()}, **state}
    del rooms["layers"]
    return {f"{room}/{name}": matrix for room, held in sorted(rooms.items()) for name, matrix in held.items()}


@functools.cache
def _structure(settings: Model, token: int) -> nnx.GraphDef:
    """Structure of a model, without drawing its weights."""
    blank = nnx.eval_shape(lambda: Transformer(settings, token, rngs=nnx.Rngs(params=0)))
    return nnx.split(blank, nnx.Param)[0]
