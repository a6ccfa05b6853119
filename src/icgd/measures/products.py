"""A linear network through the two weight products of each of its K >= 1 layers; faults planted in them."""

from typing import NamedTuple

import jax
import numpy as np

from icgd.config import Model
from icgd.measures.naming import fault
from icgd.models.transformer import Weights
from icgd.references import constructions


class Products(NamedTuple):
    """W_KQ = W_Q W_K^T and W_PV = W_V P of each layer, shared ones repeated; (K, t, t), t = d + 1."""

    kq: np.ndarray
    pv: np.ndarray

    @property
    def weights(self) -> Weights:
        """Weights of a model of K distinct layers with these products."""
        eye = np.eye(self.kq.shape[-1])
        layers = zip(self.kq, self.pv, strict=True)
        return constructions.one_head(
            *({"query": kq, "key": eye, "value": pv, "projection": eye} for kq, pv in layers)
        )


def of(model: Model, weights: Weights) -> Products:
    """Products of every layer of a one-head linear network."""
    pairs = [constructions.products(weights, 0 if model.recurrent else k) for k in range(model.layers)]
    return Products(*(np.stack(matrices) for matrices in zip(*pairs, strict=True)))


def unrolled(model: Model) -> Model:
    """The model whose weights `Products.weights` are: the same layers, each with its own."""
    return model.model_copy(update={"recurrent": False})


def key_scales(products: Products) -> np.ndarray:
    """beta_k: mean of the x block's diagonal of W_KQ in each layer; (K,)."""
    return np.array([np.mean(np.diag(kq)[:-1]) for kq in products.kq])


def rates(products: Products) -> np.ndarray:
    """Learning rates eta_k / N read off the weights, -beta_k W_PV[y, y]; (K,)."""
    return -key_scales(products) * products.pv[:, -1, -1]


def gammas(products: Products) -> np.ndarray:
    """gamma_k read off the weights: -beta_k times the mean diagonal of W_PV's x block; (K,)."""
    return -key_scales(products) * np.array([np.mean(np.diag(pv)[:-1]) for pv in products.pv])


def corrected(products: Products, by: float = 1.0) -> Products:
    """W_KQ / beta_k and W_PV * beta_k in each layer (von Oswald et al. 2022, A.3); ``by`` mis-scales W_KQ."""
    scale = key_scales(products)[:, None, None]
    return Products(products.kq / (scale * by), products.pv * scale)


def blend(start: Products, end: Products, share: float) -> Products:
    """The point at ``share`` of the straight line from ``start`` to ``end``."""
    return Products(*((1 - share) * a + share * b for a, b in zip(start, end, strict=True)))


def rms(values: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(values**2)))


@fault("rate", of="weights")
def rate(products: Products, factor: float, key: jax.Array) -> Products:
    """Every learning rate times a factor"""
    return products._replace(pv=_times(products.pv, np.s_[:, :, -1], factor))


@fault("gamma", of="weights")
def gamma(products: Products, factor: float, key: jax.Array) -> Products:
    """Every gamma times a factor"""
    return products._replace(pv=_times(products.pv, np.s_[:, :, :-1], factor))


@fault("tilted", of="weights")
def tilted(products: Products, share: float, key: jax.Array) -> Products:
    """Each fitted weight vector tilted at random by about this share of its length, in every layer alike"""
    inputs = products.kq.shape[-1] - 1
    noise = np.asarray(jax.random.normal(key, (inputs, inputs)), np.float64) / np.sqrt(inputs)
    kq = products.kq.copy()
    kq[:, :-1, :-1] += share * key_scales(products)[:, None, None] * noise
    return products._replace(kq=kq)


@fault("pv_leak", of="weights")
def pv_leak(products: Products, share: float, key: jax.Array) -> Products:
    """Every other entry of W_PV moved by this share of its last"""
    leak = np.broadcast_to(share * products.pv[:, -1:, -1:], products.pv.shape).copy()
    leak[:, -1, -1] = 0.0
    return products._replace(pv=products.pv + leak)


@fault("label_column", of="weights")
def label_column(products: Products, share: float, key: jax.Array) -> Products:
    """Every entry of W_KQ from a query's input to a key's label moved by this share of its mean diagonal"""
    kq = products.kq.copy()
    kq[:, :-1, -1] += share * key_scales(products)[:, None]
    return products._replace(kq=kq)


@fault("uneven", of="weights")
def uneven(products: Products, share: float, key: jax.Array) -> Products:
    """The diagonal of W_PV's x block alternately this share larger and smaller"""
    inputs = products.pv.shape[-1] - 1
    signs = np.where(np.arange(inputs) % 2, -1.0, 1.0)
    return products._replace(
        pv=_times(products.pv, np.s_[:, range(inputs), range(inputs)], 1 + share * signs)
    )


@fault("leak", of="weights")
def leak(products: Products, share: float, key: jax.Array) -> Products:
    """Every off-diagonal entry of W_PV's x block moved by this share of its diagonal's mean"""
    pv = products.pv.copy()
    off = ~np.eye(pv.shape[-1] - 1, dtype=bool)
    for layer in pv:
        layer[:-1, :-1][off] += share * np.mean(np.diag(layer)[:-1])
    return products._replace(pv=pv)


def _times(matrices: np.ndarray, where: object, factor: float | np.ndarray) -> np.ndarray:
    changed = matrices.copy()
    changed[where] *= factor
    return changed
