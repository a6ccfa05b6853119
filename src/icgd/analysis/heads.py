"""What the heads of one softmax layer do with each other (von Oswald et al. 2022, Fig. 11)."""

import math
from typing import NamedTuple

import jax
import numpy as np

from icgd.analysis.products import rms
from icgd.models.transformer import Weights
from icgd.references import softmax

UNLIKE = 0.6  # planted: share of the second head's off-diagonal entries that is its own


class Heads(NamedTuple):
    """For each of H heads: what its labels are multiplied by, and its logits' matrix, in float64."""

    values: np.ndarray  # (H,) eta_h, the last entry of W_PV
    logits: np.ndarray  # (H, d, d) x block of W_KQ over sqrt(key size)

    @property
    def weighted(self) -> np.ndarray:
        """eta_h W_h,KQ: (H, d, d); to first order their sum is what the layer does."""
        return self.values[:, None, None] * self.logits


def of(weights: Weights) -> Heads:
    """Heads of a one-layer softmax network."""
    query, key, value, projection = (
        np.asarray(weights[f"0/{name}"], np.float64) for name in ("query", "key", "value", "projection")
    )
    logits = np.einsum("htk,huk->htu", query, key) / math.sqrt(query.shape[-1])
    last = np.einsum("hk,hk->h", value[:, -1], projection[:, :, -1])
    return Heads(last, logits[:, :-1, :-1])


def hand_set(heads: softmax.Heads, inputs: int) -> Heads:
    """The same of heads with W_KQ = omega_h I."""
    return of(softmax.hand_set(heads, inputs))


def value_measures(heads: Heads) -> dict[str, float]:
    """opposite_signs: 1 if some eta_h are positive and some negative; value_balance: |sum eta_h| over
    mean |eta_h|, 0 where a constant added to all labels cancels."""
    mixed = heads.values.min() < 0 < heads.values.max()
    balance = abs(heads.values.sum()) / np.abs(heads.values).mean()
    return {"opposite_signs": float(mixed), "value_balance": float(balance)}


def product_measures(heads: Heads) -> dict[str, float]:
    """Of two heads, with O_h the off-diagonal entries of eta_h W_h,KQ:

    offdiagonal_correlation: correlation of O_1 and O_2; offdiagonal_sum: RMS of O_1 + O_2 over the
    mean RMS of O_1 and O_2; offdiagonal_size: that mean over the mean absolute diagonal.
    """
    first, second = off = heads.weighted[:, ~np.eye(heads.logits.shape[-1], dtype=bool)]
    size = (rms(first) + rms(second)) / 2
    diagonal = np.abs(np.diagonal(heads.weighted, axis1=1, axis2=2)).mean()
    return {
        "offdiagonal_correlation": float(np.corrcoef(first, second)[0, 1]),
        "offdiagonal_sum": rms(off.sum(axis=0)) / size,
        "offdiagonal_size": size / diagonal,
    }


def planted(heads: Heads, pair: Heads, key: jax.Array) -> dict[str, Heads]:
    """The trained heads ("none"), near misses of stated size, and what is claimed.

    same_sign: all eta made positive. unbalanced_1.5: the last one 50 % larger. unlike_0.6: the second
    head's off-diagonal entries share 0.8 of theirs with the trained ones, 0.6 are its own (so that a
    correlation of -1 becomes -0.8). mirrored: they are minus the first head's. hand_set: the pair.
    """
    larger = np.append(heads.values[:-1], 1.5 * heads.values[-1])
    return {
        "none": heads,
        "same_sign": heads._replace(values=np.abs(heads.values)),
        "unbalanced_1.5": heads._replace(values=larger),
        "unlike_0.6": _with_second(heads, _unlike(heads.weighted[1], key)),
        "mirrored": _with_second(heads, -heads.weighted[0]),
        "hand_set": pair,
    }


def _with_second(heads: Heads, weighted: np.ndarray) -> Heads:
    """The heads with other off-diagonal entries of the second product."""
    own = np.eye(len(weighted), dtype=bool)
    logits = heads.logits.copy()
    logits[1] = np.where(own, logits[1], weighted / heads.values[1])
    return heads._replace(logits=logits)


def _unlike(weighted: np.ndarray, key: jax.Array) -> np.ndarray:
    """The matrix with a share of its off-diagonal entries replaced by independent ones of their size."""
    noise = np.asarray(jax.random.normal(key, weighted.shape), np.float64)
    size = rms(weighted[~np.eye(len(weighted), dtype=bool)])
    return math.sqrt(1 - UNLIKE**2) * weighted + UNLIKE * size * noise
