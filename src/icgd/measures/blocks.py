"""The weight products of linear layers on constructed tokens, head by head, in blocks of their four channels.

In the names of the released code W_Q W_K^T makes scores and W_V P updates; both are 4 n x 4 n. If all blocks
are multiples of the identity, a head is 32 numbers (CompressedAlg). Source: von Oswald et al. 2023, Figs 3B,
4A, 4B, 9, 13.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from icgd.errors import IcgdError
from icgd.measures import sequences, sets
from icgd.measures.naming import fault, measure
from icgd.measures.network import Network
from icgd.measures.request import Request, parsed
from icgd.models.attention import MATRICES
from icgd.models.causal import CHANNELS
from icgd.models.transformer import Weights

UPDATED, NOW, BEFORE = 0, 2, 3  # channels: what is predicted, s_t, s_{t-1}
SETTLED = 1000  # steps of training from which interpolated networks are judged
HALFWAY = (0.5, 1.0)  # share of the compressed network, factor of its values


class Blocks(NamedTuple):
    """W_Q W_K^T and W_V P of every layer and head: (layers, heads, 4 n, 4 n)."""

    kq: np.ndarray
    pv: np.ndarray

    @property
    def weights(self) -> Weights:
        """Weights of a network with these products, whose keys are as wide as its tokens."""
        eye = np.broadcast_to(np.eye(self.kq.shape[-1], dtype=np.float32), self.kq.shape[1:])
        parts = {"query": self.kq, "key": None, "value": self.pv, "projection": None}
        return {
            f"{layer}/{name}": eye if part is None else part[layer].astype(np.float32)
            for layer in range(len(self.kq))
            for name, part in parts.items()
        }


def of(network: Network, weights: Weights) -> Blocks:
    """Products of a network's layers.

    Raises:
        IcgdError: its tokens have no channels, or a layer is not linear.
    """
    settings = network.settings.causal
    if not settings or settings.tokens != "constructed" or set(settings.layers) != {"linear"}:
        raise IcgdError(
            f"{network.experiment}: blocks are of linear layers on constructed tokens, as in linear_one."
        )
    every = range(len(settings.layers))
    query, key, value, projection = (
        np.stack([np.asarray(weights[f"{layer}/{name}"], np.float64) for layer in every]) for name in MATRICES
    )
    return Blocks(query @ key.swapaxes(-1, -2), value @ projection)


def parts(matrices: np.ndarray) -> np.ndarray:
    """Matrices (..., 4 n, 4 n) as blocks (..., 4, 4, n, n)."""
    size = matrices.shape[-1] // CHANNELS
    split = matrices.reshape(*matrices.shape[:-2], CHANNELS, size, CHANNELS, size)
    return np.moveaxis(split, -3, -2)


def scalars(matrices: np.ndarray) -> np.ndarray:
    """Mean diagonal of every block: (..., 4, 4)."""
    return np.diagonal(parts(matrices), axis1=-2, axis2=-1).mean(-1)


def identities(matrices: np.ndarray) -> np.ndarray:
    """Every block as the multiple of the identity that is nearest to it."""
    return np.kron(scalars(matrices), np.eye(matrices.shape[-1] // CHANNELS))


def mixed(own: Blocks, other: Blocks, share: float, factor: float) -> Blocks:
    """Products at a share of the way to the compressed ones of another network, its values times a factor."""
    kq, pv = identities(other.kq), factor * identities(other.pv)
    return Blocks((1 - share) * own.kq + share * kq, (1 - share) * own.pv + share * pv)


@fault("compressed", of="causal weights")
def compressed(network: Network, share: float = 1.0, factor: float = 1.0) -> Weights:
    """Blocks of the products by their mean diagonals, or a share of the way; values times a factor"""
    own = of(network, network.weights)
    return mixed(own, own, share, factor).weights


@fault("rough", of="causal weights")
def rough(network: Network, share: float) -> Weights:
    """Each block of the products with noise of this share of its norm added"""
    random = np.random.default_rng(network.seed)

    def noisy(matrices: np.ndarray) -> np.ndarray:
        size = matrices.shape[-1] // CHANNELS
        norms = np.sqrt(np.sum(parts(matrices) ** 2, axis=(-2, -1))) / size
        return matrices + share * np.kron(norms, np.ones((size, size))) * random.normal(size=matrices.shape)

    return Blocks(*(noisy(matrices) for matrices in of(network, network.weights))).weights


@dataclass(frozen=True)
class Weighed:
    """The products of a subject, and where they are from."""

    found: Blocks
    grid: object
    request: Request

    @property
    def network(self) -> Network:
        """The trained network."""
        return self.grid.network


def look(grid, request: Request) -> Weighed:
    """What measures of blocks take."""
    weights = sequences.weights_of(parsed(request.subject), grid.network)
    return Weighed(of(grid.network, weights), grid, request)


def trace(grid, request: Request) -> dict[float, float]:
    """The share of identities in every layer, from 1."""
    name = {"identity_share_kq": "kq", "identity_share_pv": "pv"}.get(request.measure)
    if not name or request.along != "layers":
        raise IcgdError("of blocks there are identity_share_kq and identity_share_pv along layers.")
    both = [_energies(look(grid, request), name, layer) for layer in range(len(look(grid, request).found.kq))]
    return {float(layer): float(one / whole) for layer, (one, whole) in enumerate(both, start=1)}


def _energies(weighed: Weighed, name: str, layer: int) -> tuple[float, float]:
    """Squared norms of identities and of all, over the blocks of a layer that act on a prediction."""
    settings = weighed.network.settings.causal
    seen = list(range(CHANNELS)) if layer else [NOW, BEFORE] if settings.masked else [1, NOW, BEFORE]
    last = layer == len(settings.layers) - 1
    written = [UPDATED] if last else list(range(CHANNELS))
    matrices = getattr(weighed.found, name)[layer]
    place = np.ix_(range(len(matrices)), seen, seen if name == "kq" else written)
    size = matrices.shape[-1] // CHANNELS
    return size * np.sum(scalars(matrices)[place] ** 2), np.sum(parts(matrices)[place] ** 2)


def _share(weighed: Weighed, name: str) -> float:
    pairs = [_energies(weighed, name, layer) for layer in range(len(weighed.found.kq))]
    one, whole = np.sum(pairs, axis=0)
    return float(one / whole)


@measure
def identity_share_kq(weighed: Weighed) -> float:
    """share of the squared norm of W_Q W_K^T that is multiples of the identity in blocks that act"""
    return _share(weighed, "kq")


@measure
def identity_share_pv(weighed: Weighed) -> float:
    """share of the squared norm of W_V P that is multiples of the identity in blocks that act"""
    return _share(weighed, "pv")


@measure
def effective_rate_over_best(weighed: Weighed) -> float:
    """rate of the step that layer one takes, read off its heads, over the best rate of GD"""
    kq, pv = (scalars(matrices[0]) for matrices in weighed.found)
    rate = float(np.sum(kq[:, NOW, BEFORE] * pv[:, NOW, UPDATED]))
    tuning = weighed.grid.sequences.tuning
    step = np.einsum("btij,btj->bti", tuning.seen.moments, tuning.seen.query)  # at rate 1
    return rate / float(np.sum(step * tuning.targets) / np.sum(step**2))


def _halfway(weighed: Weighed) -> tuple[Blocks, float, float]:
    """The first run's products that a second run is mixed with; the share of them, their values' factor.

    Raises:
        IcgdError: the reference is no other experiment, or has no such seed.
    """
    words, network = parsed(weighed.request.subject), weighed.network
    runs = network.others(parsed(weighed.request.reference).of) if weighed.request.reference else []
    found = next((one for one in runs if one.seed == network.seed), None)
    if found is None:
        raise IcgdError(
            f"{network.experiment}: interpolation is with a first run: 'networks of linear_one_again'."
        )
    share, factor = (*map(float, words.size), *HALFWAY[len(words.size) :])
    return of(found, found.weights), share, factor


def _loss(weighed: Weighed, weights: Weights) -> float:
    """Mean loss on the first of the sequences."""
    words, cut = sets.placed(weighed.request.tasks)
    few = weighed.grid.sequences.set(words, weighed.network.settings.evaluation.state_tasks)
    found = sequences.by_network(weighed.network, weights, few)[:, cut]
    return float(0.5 * np.mean(np.sum((found.astype(float) - few.targets[:, cut]) ** 2, axis=-1)))


@measure(tolerance=1e-4)
def interpolation_worst(weighed: Weighed) -> float:
    """loss halfway to the first run's compressed network over the larger one, worst from step 1000 on"""
    first, share, factor = _halfway(weighed)
    network, goal, worst = weighed.network, _loss(weighed, mixed(first, first, 1.0, 1.0).weights), 0.0
    for index in np.flatnonzero(network.snapshots["step"] > SETTLED):
        weights = network.at(int(index)).weights
        between = mixed(of(network, weights), first, share, factor).weights
        worst = max(worst, _loss(weighed, between) / max(_loss(weighed, weights), goal))
    return worst


@measure(tolerance=1e-4)
def interpolated_ratio(weighed: Weighed) -> float:
    """loss halfway to the first run's compressed network over the network's own, at the end of training"""
    first, share, factor = _halfway(weighed)
    own = weighed.network.weights
    between = mixed(of(weighed.network, own), first, share, factor).weights
    return _loss(weighed, between) / _loss(weighed, own)
