"""What the two layers of a network on alternating tokens do: attention, patched targets, merged pairs.

Source: von Oswald et al. 2022, section on copying and Proposition 3; sequences are x_1, y_1, ..., x_q.
"""

from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Model, Task
from icgd.errors import IcgdError
from icgd.measures import agreement, copied, faults, fit
from icgd.measures.fit import first
from icgd.measures.naming import MEASURES, fault, measure
from icgd.measures.network import Network
from icgd.measures.request import Request, Words, parsed
from icgd.models import transformer
from icgd.models.transformer import Weights
from icgd.random import stream
from icgd.references import alternating, constructions, descent
from icgd.tasks import sample
from icgd.tasks.linear import Tasks, half_mean_square

TUNING_TASKS = 5000  # that the construction's two steps are fitted on
FEWEST = 256  # tasks that sensitivities are averaged over


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Inside:
    """A softmax layer and a linear one, the tasks they are seen on, and the fault of hand-set ones."""

    model: Model = field(metadata={"static": True})
    weights: Weights
    tasks: Tasks
    fault: str = field(default="", metadata={"static": True})


class Merged(NamedTuple):
    """Tokens after the first layer as linear maps of what they hold: h_j = x_j A + y_j u, h_q = x_q B."""

    inputs: np.ndarray  # A: (d, t)
    target: np.ndarray  # u: (t,)
    query: np.ndarray  # B: (d, t)


def look(grid, request: Request) -> Inside:
    """The layers of the trained network, or of "hand_set copying".

    Raises:
        IcgdError: the model is another one, or the subject.
    """
    network, words = grid.network, parsed(request.subject)
    model = network.settings.model
    if not model.alternating or (model.layers, model.softmax_layers) != (2, 1):
        what = "a softmax layer and a linear one on alternating tokens"
        raise IcgdError(f"{network.experiment}: {request.measure} is of {what}.")
    if request.subject != "network" and words.sound != "hand_set copying":
        raise IcgdError(f"{request.measure} is of network and hand_set copying, not of {request.subject!r}.")
    weights = construction(network, words) if words.hand_set else network.weights
    return Inside(model, weights, grid.first_control_tasks(request.tasks), words.fault)


def trace(grid, request: Request) -> dict[float, float]:
    """Attention by offset."""
    return MEASURES[request.measure].function(look(grid, request))


def construction(network: Network, words: Words) -> Weights:
    """Hand-set copying on alternating tokens, its two steps fitted on tasks that nothing is measured on."""
    settings = network.settings
    if not (settings.model.alternating and settings.model.softmax_layers):
        raise IcgdError(f"{network.experiment}: copying is of softmax layers on alternating tokens.")
    built = _construction(settings.model, settings.task, settings.key_implementation)
    if not words.fault:
        return built
    change, size = faults.planted(words, "copying")
    return change(built, size, network)


@cache
def _construction(model: Model, task: Task, implementation: str) -> Weights:
    tasks = sample.draw(task, stream(0, "tuning data", implementation), TUNING_TASKS)
    return alternating.construction(model, tasks)


@fault("sharpness", of="copying")
def sharpness(weights: Weights, logit: float, network: Network) -> Weights:
    """The copying layer's logits of this size instead of 40"""
    settings = network.settings
    layer = alternating.copy_layer(settings.task.inputs, settings.model.position_size, logit)
    return weights | constructions.one_head(layer)


@fault("tilted", of="copying")
def tilted(weights: Weights, share: float, network: Network) -> Weights:
    """The second layer's probe x_q K made x_q (1 + share R) K with R_ij ~ N(0, 1 / d)"""
    inputs, query = network.settings.task.inputs, weights["1/query"]
    noise = share / np.sqrt(inputs) * jax.random.normal(network.key("planted faults"), (inputs, inputs))
    turned = query[:, :inputs, :inputs] @ (jnp.eye(inputs) + noise)
    return weights | {"1/query": query.at[:, :inputs, :inputs].set(turned)}


@measure(tolerance=1e-3)
def next_over_other(inside: Inside) -> float:
    """mean sensitivity of a token after the first layer to the next token over that to another one"""
    found = _sensitivities(inside.model, inside.weights, first(FEWEST, inside.tasks))
    return float(found["next_each"]) / float(found["other_each"])


@measure
def attention_pair(inside: Inside) -> float:
    """mean attention of the context's inputs x_j to themselves and their targets y_j, first layer"""
    found = np.asarray(shares(inside), np.float64)
    places = np.arange(0, len(found) - 1, 2)
    return found[places, places].mean() + found[places, places + 1].mean()


@measure
def attention_of_inputs(inside: Inside) -> dict[float, float]:
    """mean attention of the context's inputs x_j, first layer, by the offset of the attended token"""
    return _by_offset(inside, 0)


@measure
def attention_of_targets(inside: Inside) -> dict[float, float]:
    """mean attention of the context's targets y_j, first layer, by the offset of the attended token"""
    return _by_offset(inside, 1)


@measure(tolerance=1e-3)
def patched_correlation(inside: Inside) -> float:
    """correlation over tasks of the prediction's change with GD's, when layer 1's inputs saw other targets

    Activation patching: the inputs' tokens after layer 1 are taken from a run with the targets `moved_on`;
    the targets' own tokens and the query stay as they were, so that the prediction moves only by what
    layer 1 has copied. 0 if nothing moves.
    """
    other = replace(inside, tasks=moved_on(inside.tasks))
    after = hidden(inside)
    places = jnp.arange(0, after.shape[1] - 1, 2)
    swapped = after.at[:, places].set(hidden(other)[:, places])
    ours = np.asarray(from_hidden(inside, swapped) - from_hidden(inside, after), np.float64)
    theirs = descent.one_step(other.tasks, 1.0) - descent.one_step(inside.tasks, 1.0)
    return float(np.corrcoef(ours, theirs)[0, 1]) if ours.std() > agreement.TINY else 0.0


@measure(tolerance=1e-3)
def merged_cosine(inside: Inside) -> float:
    """mean cosine with GD (at any rate) of the second layer's weight vectors on merged pairs alone"""
    ours = merged_weights(inside, merged(inside))
    return float(jnp.mean(agreement.cosine(ours, descent.one_step_weights(inside.tasks, 1.0))))


@measure
def ablated_over_zero(inside: Inside) -> float:
    """loss with even attention in the first layer (its own if sharpness is at fault) over that of zero"""
    even = inside.weights if inside.fault == "sharpness" else without_attention(inside.weights)
    found = fit.fit_by_network(inside.model, even, inside.tasks)
    return fit.loss(found, inside.tasks) / float(half_mean_square(0.0, inside.tasks.target))


def tokens(inside: Inside) -> jax.Array:
    """Sequences (T, n, t)."""
    return jnp.moveaxis(transformer.sequence(inside.model, inside.tasks), -1, 0).swapaxes(1, 2)


@jax.jit
def shares(inside: Inside) -> jax.Array:
    """Mean attention of the first layer (softmax, one head): (n, n - 1), token k to key i."""
    seen, weights = tokens(inside), inside.weights
    query, key = seen @ weights["0/query"][0], seen[:, :-1] @ weights["0/key"][0]
    scores = jnp.einsum("tnk,tmk->tnm", query, key) / jnp.sqrt(query.shape[-1])
    return jnp.mean(jax.nn.softmax(scores, axis=-1), axis=0)


def _by_offset(inside: Inside, start: int) -> dict[float, float]:
    """Mean attention of every other token by offset i - k."""
    found = np.asarray(shares(inside), np.float64)
    rows = np.arange(start, len(found) - 1, 2)
    offsets = np.subtract.outer(np.arange(found.shape[1]), rows).T
    return {float(offset): float(found[rows][offsets == offset].mean()) for offset in np.unique(offsets)}


@jax.jit
def hidden(inside: Inside) -> jax.Array:
    """Tokens after the first layer: (T, n, t)."""
    one = partial(copied.first_layer, inside.model, inside.weights)
    return jax.vmap(one)(tokens(inside))


@jax.jit
def from_hidden(inside: Inside, after: jax.Array) -> jax.Array:
    """Predictions (T,) of the second layer, which is linear, from tokens after the first."""
    last = {name.replace("1/", "0/"): a for name, a in inside.weights.items() if name.startswith("1/")}
    one = Model(include_query=inside.model.include_query)
    return jax.vmap(lambda sequence: transformer.predict(one, last, sequence))(after)


def moved_on(tasks: Tasks) -> Tasks:
    """The same tasks with every target at the next pair's input."""
    return tasks._replace(targets=jnp.roll(tasks.targets, 1, axis=1))


def merged(inside: Inside) -> Merged:
    """The maps by least squares over tasks and pairs, a constant for each position left free."""
    tasks, after = inside.tasks, np.asarray(hidden(inside), np.float64)
    pairs = np.concatenate([tasks.inputs, tasks.targets[..., None]], axis=-1).astype(np.float64)
    of_pairs, of_query = after[:, :-1:2], after[:, -1]
    maps = [
        np.linalg.lstsq((x - x.mean(0)).reshape(-1, x.shape[-1]), (h - h.mean(0)).reshape(-1, h.shape[-1]))[0]
        for x, h in ((pairs, of_pairs), (np.asarray(tasks.query, np.float64), of_query))
    ]
    return Merged(maps[0][:-1], maps[0][-1], maps[1])


def merged_weights(inside: Inside, maps: Merged) -> jax.Array:
    """Weight vectors (T, d) of the second layer on merged pairs alone.

    The prediction -sum_j (h_q W_KQ h_j^T) (h_j W_PV)_last is linear in x_q by `Merged`.
    """
    weights, tasks = inside.weights, inside.tasks
    kq = np.asarray(weights["1/query"][0] @ weights["1/key"][0].T, np.float64)
    read = np.asarray(weights["1/value"][0] @ weights["1/projection"][0][:, -1], np.float64)
    pairs = tasks.inputs @ maps.inputs + tasks.targets[..., None] * maps.target  # (T, N, t)
    return -jnp.einsum("tnk,tn->tk", pairs, pairs @ read) @ (maps.query @ kq).T


def without_attention(weights: Weights) -> Weights:
    """The same network with even attention in its first layer: W_Q = 0."""
    return weights | {"0/query": jnp.zeros_like(weights["0/query"])}


_sensitivities = jax.jit(copied.sensitivities, static_argnums=0)
