"""What the two layers of a network on alternating tokens do: attention, patched targets, merged pairs.

Source: von Oswald et al. 2022, section on copying and Proposition 3; sequences are x_1, y_1, ..., x_q.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.analysis import alignment
from icgd.analysis.copying import first_layer
from icgd.config import Model
from icgd.models import transformer
from icgd.models.transformer import Weights
from icgd.references import gradient_descent
from icgd.tasks.linear import Tasks


class Merged(NamedTuple):
    """Tokens after the first layer as linear maps of what they hold: h_j = x_j A + y_j u, h_q = x_q B."""

    inputs: np.ndarray  # A: (d, t)
    target: np.ndarray  # u: (t,)
    query: np.ndarray  # B: (d, t)


def tokens(model: Model, tasks: Tasks) -> jax.Array:
    """Sequences (T, n, t)."""
    return jnp.moveaxis(transformer.sequence(model, tasks), -1, 0).swapaxes(1, 2)


@partial(jax.jit, static_argnums=0)
def shares(model: Model, weights: Weights, tasks: Tasks) -> jax.Array:
    """Mean attention of the first layer (softmax, one head): (n, n - 1), token k to key i."""
    seen = tokens(model, tasks)
    query, key = seen @ weights["0/query"][0], seen[:, :-1] @ weights["0/key"][0]
    scores = jnp.einsum("tnk,tmk->tnm", query, key) / jnp.sqrt(query.shape[-1])
    return jnp.mean(jax.nn.softmax(scores, axis=-1), axis=0)


def attention(found: np.ndarray) -> dict[str, float]:
    """Mean share that the context's inputs x_j give to themselves, to the token after them, to both."""
    places = np.arange(0, len(found) - 1, 2)
    own, following = found[places, places].mean(), found[places, places + 1].mean()
    return {"attention_own": own, "attention_next": following, "attention_pair": own + following}


def by_offset(found: np.ndarray) -> dict[str, dict[int, float]]:
    """Mean share by offset i - k, for the context's inputs and for its targets."""
    curves: dict[str, dict[int, float]] = {}
    for name, first in (("inputs", 0), ("targets", 1)):
        rows = np.arange(first, len(found) - 1, 2)
        offsets = np.subtract.outer(np.arange(found.shape[1]), rows).T
        curves[name] = {
            int(offset): float(found[rows][offsets == offset].mean()) for offset in np.unique(offsets)
        }
    return curves


@partial(jax.jit, static_argnums=0)
def hidden(model: Model, weights: Weights, tasks: Tasks) -> jax.Array:
    """Tokens after the first layer: (T, n, t)."""
    return jax.vmap(lambda sequence: first_layer(model, weights, sequence))(tokens(model, tasks))


@partial(jax.jit, static_argnums=0)
def from_hidden(model: Model, weights: Weights, after: jax.Array) -> jax.Array:
    """Predictions (T,) of the second layer, which is linear, from tokens after the first."""
    last = {name.replace("1/", "0/"): matrix for name, matrix in weights.items() if name.startswith("1/")}
    one = Model(include_query=model.include_query)
    return jax.vmap(lambda sequence: transformer.predict(one, last, sequence))(after)


def moved_on(tasks: Tasks) -> Tasks:
    """The same tasks with every target at the next pair's input."""
    return tasks._replace(targets=jnp.roll(tasks.targets, 1, axis=1))


def patched(model: Model, weights: Weights, tasks: Tasks, rate: float) -> dict[str, float]:
    """Activation patching: the inputs' tokens after layer 1 are taken from a run with other targets.

    The targets are `moved_on`; the targets' own tokens and the query stay as they were, so the
    prediction moves only by what layer 1 has copied. Its change against that of one step of GD at
    ``rate``: correlation over the tasks (0 if nothing moves), and slope.
    """
    other, after = moved_on(tasks), hidden(model, weights, tasks)
    places = jnp.arange(0, after.shape[1] - 1, 2)
    swapped = after.at[:, places].set(hidden(model, weights, other)[:, places])
    ours = from_hidden(model, weights, swapped) - from_hidden(model, weights, after)
    theirs = gradient_descent.one_step(other, rate) - gradient_descent.one_step(tasks, rate)
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    moves = ours.std() > alignment.TINY
    return {
        "patched_correlation": float(np.corrcoef(ours, theirs)[0, 1]) if moves else 0.0,
        "patched_slope": float(ours @ theirs / (theirs @ theirs)),
    }


def merged(model: Model, weights: Weights, tasks: Tasks) -> Merged:
    """The maps by least squares over tasks and pairs, a constant for each position left free."""
    after = np.asarray(hidden(model, weights, tasks), np.float64)
    pairs = np.concatenate([tasks.inputs, tasks.targets[..., None]], axis=-1).astype(np.float64)
    of_pairs, of_query = after[:, :-1:2], after[:, -1]
    maps = [
        np.linalg.lstsq((x - x.mean(0)).reshape(-1, x.shape[-1]), (h - h.mean(0)).reshape(-1, h.shape[-1]))[0]
        for x, h in ((pairs, of_pairs), (np.asarray(tasks.query, np.float64), of_query))
    ]
    return Merged(maps[0][:-1], maps[0][-1], maps[1])


def merged_weights(weights: Weights, maps: Merged, tasks: Tasks) -> jax.Array:
    """Weight vectors (T, d) of the second layer on merged pairs alone.

    The prediction -sum_j (h_q W_KQ h_j^T) (h_j W_PV)_last is linear in x_q by `Merged`.
    """
    kq = np.asarray(weights["1/query"][0] @ weights["1/key"][0].T, np.float64)
    read = np.asarray(weights["1/value"][0] @ weights["1/projection"][0][:, -1], np.float64)
    pairs = tasks.inputs @ maps.inputs + tasks.targets[..., None] * maps.target  # (T, N, t)
    return -jnp.einsum("tnk,tn->tk", pairs, pairs @ read) @ (maps.query @ kq).T


def merged_cosine(model: Model, weights: Weights, tasks: Tasks) -> float:
    """Mean cosine of these weight vectors with those of one step of GD (at any rate)."""
    ours = merged_weights(weights, merged(model, weights, tasks), tasks)
    return float(jnp.mean(alignment.cosine(ours, gradient_descent.one_step_weights(tasks, 1.0))))


def without_attention(weights: Weights) -> Weights:
    """The same network with even attention in its first layer: W_Q = 0."""
    return weights | {"0/query": jnp.zeros_like(weights["0/query"])}
