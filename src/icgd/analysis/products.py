"""A one-head layer through its two weight products: what they say, and faults planted in them."""

from typing import NamedTuple

import jax
import numpy as np

from icgd.models.transformer import Weights
from icgd.references import constructions


class Products(NamedTuple):
    """W_KQ = W_Q W_K^T and W_PV = W_V P, (t, t) each, in float64; t = d + 1."""

    kq: np.ndarray
    pv: np.ndarray

    @property
    def weights(self) -> Weights:
        """Weights of a one-layer, one-head model with these products."""
        return constructions.from_products(self.kq, self.pv)


def of(weights: Weights) -> Products:
    """Products of a trained one-layer, one-head model."""
    return Products(*constructions.products(weights))


def gradient_descent(step: float, inputs: int) -> Products:
    """Products of the hand-set GD layer with rate ``step`` = eta / N."""
    return of(constructions.one_head(constructions.gradient_descent_layer(step, inputs)))


def step_size(products: Products) -> float:
    """Learning rate read off the weights: eta / N = -mean diag(W_KQ, x block) * W_PV[y, y]."""
    return float(-key_scale(products) * products.pv[-1, -1])


def key_scale(products: Products) -> float:
    """beta: mean of the x block's diagonal of W_KQ."""
    return float(np.mean(np.diag(products.kq)[:-1]))


def measures(products: Products, optimal_step: float) -> dict[str, float]:
    """Distance of the products from the construction (von Oswald et al. 2022, Fig. 9).

    rate_over_optimal: learning rate over the optimal one; kq_offdiagonal: RMS off-diagonal entry of
    the x block of W_KQ over its mean diagonal; kq_label: |W_KQ[y, y]| over it; pv_rest: RMS of all
    other entries of W_PV over its last one.
    """
    scale, last = key_scale(products), products.pv[-1, -1]
    block = products.kq[:-1, :-1]
    off = block[~np.eye(len(block), dtype=bool)]
    rest = np.delete(products.pv.ravel(), -1)
    return {
        "rate_over_optimal": step_size(products) / optimal_step,
        "kq_offdiagonal": rms(off) / abs(scale),
        "kq_label": abs(products.kq[-1, -1] / scale),
        "pv_rest": rms(rest) / abs(last),
    }


def rms(values: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(values**2)))


def planted(
    trained: Products, hand_set: Products, untrained: Products, key: jax.Array
) -> dict[str, Products]:
    """The trained network ("none"), near misses of stated size, and networks that are what is claimed.

    rate_1.06, rate_1.15: learning rate 6 and 15 % too large. tilted_0.1, tilted_0.25: each implicit
    weight vector tilted by about 10 and 25 % of its length. pv_leak_0.1: every other entry of W_PV
    is 10 % of its last. label_key_0.1: W_KQ[y, y] is 10 % of the diagonal. hand_set: the
    construction at the optimal rate. untrained: the weights before training.
    """
    kq, pv = trained
    scale, last, inputs = key_scale(trained), pv[-1, -1], len(kq) - 1
    noise = np.zeros_like(kq)
    noise[:-1, :-1] = np.asarray(jax.random.normal(key, (inputs, inputs))) / np.sqrt(inputs)
    leak = np.full_like(pv, 0.1 * last)
    leak[-1, -1] = 0.0
    label = np.zeros_like(kq)
    label[-1, -1] = 0.1 * scale
    return {
        "none": trained,
        "rate_1.06": Products(kq, 1.06 * pv),
        "rate_1.15": Products(kq, 1.15 * pv),
        "tilted_0.1": Products(kq + 0.1 * scale * noise, pv),
        "tilted_0.25": Products(kq + 0.25 * scale * noise, pv),
        "pv_leak_0.1": Products(kq, pv + leak),
        "label_key_0.1": Products(kq + label, pv),
        "hand_set": hand_set,
        "untrained": untrained,
    }
