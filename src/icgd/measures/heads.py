"""What the heads of one softmax layer do with each other (von Oswald et al. 2022, Fig. 11)."""

import math
from typing import NamedTuple

import jax
import numpy as np

from icgd.measures.naming import fault, measure
from icgd.measures.products import rms
from icgd.models.attention import MATRICES
from icgd.models.transformer import Weights


class Heads(NamedTuple):
    """For each of H heads: what its labels are multiplied by, and its logits' matrix, in float64."""

    values: np.ndarray  # (H,) eta_h, the last entry of W_PV
    logits: np.ndarray  # (H, d, d) x block of W_KQ over sqrt(key size)

    @property
    def weighted(self) -> np.ndarray:
        """eta_h W_h,KQ: (H, d, d); to first order their sum is what the layer does."""
        return self.values[:, None, None] * self.logits

    @property
    def off_diagonal(self) -> np.ndarray:
        """Off-diagonal entries O_h of eta_h W_h,KQ: (H, d (d - 1))."""
        return self.weighted[:, ~np.eye(self.logits.shape[-1], dtype=bool)]


def of(weights: Weights) -> Heads:
    """Heads of a one-layer softmax network."""
    query, key, value, projection = (np.asarray(weights[f"0/{name}"], np.float64) for name in MATRICES)
    logits = np.einsum("htk,huk->htu", query, key) / math.sqrt(query.shape[-1])
    last = np.einsum("hk,hk->h", value[:, -1], projection[:, :, -1])
    return Heads(last, logits[:, :-1, :-1])


@measure
def opposite_signs(heads: Heads) -> float:
    """1 if some heads' values are positive and some negative"""
    return float(heads.values.min() < 0 < heads.values.max())


@measure
def value_balance(heads: Heads) -> float:
    """|sum of the heads' values| over their mean size, 0 where a constant added to all labels cancels"""
    return float(abs(heads.values.sum()) / np.abs(heads.values).mean())


@measure
def offdiagonal_correlation(heads: Heads) -> float:
    """correlation of the off-diagonal entries of two heads' weighted products"""
    return float(np.corrcoef(*heads.off_diagonal)[0, 1])


@measure
def offdiagonal_sum(heads: Heads) -> float:
    """RMS of the sum of two heads' off-diagonal entries over their mean RMS"""
    first, second = heads.off_diagonal
    return rms(first + second) / ((rms(first) + rms(second)) / 2)


@fault("same_sign", of="heads")
def same_sign(heads: Heads, size: float, key: jax.Array) -> Heads:
    """All heads' values made positive"""
    return heads._replace(values=np.abs(heads.values))


@fault("unbalanced", of="heads")
def unbalanced(heads: Heads, factor: float, key: jax.Array) -> Heads:
    """The last head's value times a factor"""
    return heads._replace(values=np.append(heads.values[:-1], factor * heads.values[-1]))


@fault("unlike", of="heads")
def unlike(heads: Heads, share: float, key: jax.Array) -> Heads:
    """The second head's off-diagonal entries mixed with independent ones, of this share"""
    weighted = heads.weighted[1]
    noise = np.asarray(jax.random.normal(key, weighted.shape), np.float64)
    size = rms(heads.off_diagonal[1])
    return _with_second(heads, math.sqrt(1 - share**2) * weighted + share * size * noise)


@fault("mirrored", of="heads")
def mirrored(heads: Heads, size: float, key: jax.Array) -> Heads:
    """The second head's off-diagonal entries minus those of the first"""
    return _with_second(heads, -heads.weighted[0])


def _with_second(heads: Heads, weighted: np.ndarray) -> Heads:
    """The heads with other off-diagonal entries of the second product."""
    logits = heads.logits.copy()
    logits[1] = np.where(np.eye(len(weighted), dtype=bool), logits[1], weighted / heads.values[1])
    return heads._replace(logits=logits)
