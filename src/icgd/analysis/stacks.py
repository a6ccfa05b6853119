"""Several one-head linear layers through their weight products: what they say, faults, hand-set ones."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from icgd.analysis.products import Products, rms
from icgd.config import Model
from icgd.models.transformer import Weights
from icgd.references import constructions, multistep


class Stack(NamedTuple):
    """W_KQ and W_PV of each of K layers, (K, t, t) in float64; t = d + 1. Shared ones are repeated."""

    kq: np.ndarray
    pv: np.ndarray

    @property
    def layers(self) -> int:
        """K."""
        return len(self.kq)

    @property
    def weights(self) -> Weights:
        """Weights of a model of K distinct layers with these products."""
        eye = np.eye(self.kq.shape[-1])
        pairs = zip(self.kq, self.pv, strict=True)
        return constructions.one_head(
            *({"query": kq, "key": eye, "value": pv, "projection": eye} for kq, pv in pairs)
        )


def of(model: Model, weights: Weights) -> Stack:
    """Products of every layer of a one-head linear network."""
    pairs = [constructions.products(weights, 0 if model.recurrent else k) for k in range(model.layers)]
    return Stack(*(np.stack(matrices) for matrices in zip(*pairs, strict=True)))


def unrolled(model: Model) -> Model:
    """The model whose weights a stack's are: the same layers, spelt out."""
    return dataclasses.replace(model, recurrent=False)


def hand_set(steps: Sequence[float], gammas: Sequence[float], inputs: int) -> Stack:
    """K layers of GD++ with rates ``steps`` = eta_k / N and ``gammas`` (GD where they are 0)."""
    weights = multistep.hand_set(multistep.Recipe(steps, gammas), inputs)
    return of(Model(layers=len(steps)), weights)


def key_scales(stack: Stack) -> np.ndarray:
    """beta_k: mean of the x block's diagonal of W_KQ in each layer; (K,)."""
    return np.array([np.mean(np.diag(kq)[:-1]) for kq in stack.kq])


def rates(stack: Stack) -> np.ndarray:
    """Learning rates eta_k / N read off the weights, -beta_k W_PV[y, y]; (K,)."""
    return -key_scales(stack) * stack.pv[:, -1, -1]


def gammas(stack: Stack) -> np.ndarray:
    """gamma_k read off the weights: -beta_k times the mean diagonal of W_PV's x block; (K,)."""
    return -key_scales(stack) * np.array([np.mean(np.diag(pv)[:-1]) for pv in stack.pv])


def shape(stack: Stack) -> dict[str, float]:
    """How far the first layer is from the form of GD++ (von Oswald et al. 2022, A.10 and Fig. 9).

    input_spread: standard deviation of the diagonal of W_PV's x block over its absolute mean;
    input_offdiagonal: RMS off-diagonal entry of that block over it; kq_offdiagonal: the same for
    W_KQ; kq_label: |W_KQ[y, y]| over the mean diagonal of its x block; pv_mixed: RMS entry of W_PV
    between inputs and label over |W_PV[y, y]|.
    """
    kq, pv = Products(stack.kq[0], stack.pv[0])
    keys, values = kq[:-1, :-1], pv[:-1, :-1]
    off = ~np.eye(len(keys), dtype=bool)
    key, value = np.mean(np.diag(keys)), np.mean(np.diag(values))
    return {
        "input_spread": float(np.std(np.diag(values), ddof=1) / abs(value)) if value else np.nan,
        "input_offdiagonal": rms(values[off]) / abs(value) if value else np.nan,
        "kq_offdiagonal": rms(keys[off]) / abs(key),
        "kq_label": abs(kq[-1, -1] / key),
        "pv_mixed": rms(np.r_[pv[:-1, -1], pv[-1, :-1]]) / abs(pv[-1, -1]),
    }


def corrected(stack: Stack, by: float = 1.0) -> Stack:
    """W_KQ / beta_k and W_PV * beta_k in each layer (A.3); ``by`` mis-scales W_KQ."""
    scale = key_scales(stack)[:, None, None]
    return Stack(stack.kq / (scale * by), stack.pv * scale)


def blend(start: Stack, end: Stack, share: float) -> Stack:
    """The point at ``share`` of the straight line from ``start`` to ``end``."""
    return Stack(*((1 - share) * a + share * b for a, b in zip(start, end, strict=True)))


def faster(stack: Stack, factor: float) -> Stack:
    """Every learning rate times ``factor``: the label's column of W_PV."""
    return stack._replace(pv=_times(stack.pv, np.s_[:, :, -1], factor))


def stronger(stack: Stack, factor: float) -> Stack:
    """Every gamma times ``factor``: the inputs' columns of W_PV."""
    return stack._replace(pv=_times(stack.pv, np.s_[:, :, :-1], factor))


def tilted(stack: Stack, share: float, key: jax.Array) -> Stack:
    """The x block of every W_KQ plus one random matrix that tilts vectors by ``share`` of their length."""
    inputs = stack.kq.shape[-1] - 1
    noise = np.asarray(jax.random.normal(key, (inputs, inputs)), np.float64) / np.sqrt(inputs)
    kq = stack.kq.copy()
    kq[:, :-1, :-1] += share * key_scales(stack)[:, None, None] * noise
    return stack._replace(kq=kq)


def uneven(stack: Stack, share: float) -> Stack:
    """The diagonal of W_PV's x block alternately ``share`` larger and smaller."""
    inputs = stack.pv.shape[-1] - 1
    signs = np.where(np.arange(inputs) % 2, -1.0, 1.0)
    return stack._replace(pv=_times(stack.pv, np.s_[:, range(inputs), range(inputs)], 1 + share * signs))


def leaking(stack: Stack, share: float) -> Stack:
    """Every off-diagonal entry of W_PV's x block moved by ``share`` of the diagonal's mean."""
    pv = stack.pv.copy()
    inputs = pv.shape[-1] - 1
    off = ~np.eye(inputs, dtype=bool)
    for layer in pv:
        layer[:-1, :-1][off] += share * np.mean(np.diag(layer)[:-1])
    return stack._replace(pv=pv)


def _times(matrices: np.ndarray, where: object, factor: float | np.ndarray) -> np.ndarray:
    changed = matrices.copy()
    changed[where] *= factor
    return changed
