"""Measures of the weight products of K >= 1 layers: what they say, how far they are from the construction."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.errors import IcgdError
from icgd.measures.fit import first
from icgd.measures.naming import measure
from icgd.measures.network import Network
from icgd.measures.products import Products, gammas, key_scales, rates, rms


class Weighed(NamedTuple):
    """A linear network's weight products, of the subject that was asked for, and the reference's name."""

    products: Products
    network: Network
    reference: str

    @property
    def first(self) -> tuple[np.ndarray, np.ndarray]:
        """W_KQ and W_PV of the first layer."""
        return self.products.kq[0], self.products.pv[0]


def along_layers(weighed: Weighed, name: str) -> dict[float, float]:
    """Rate or gamma of every layer, from 1.

    Raises:
        IcgdError: another measure, which is of the first layer only.
    """
    if name not in ("step", "gamma"):
        raise IcgdError(f"along layers there are step and gamma, not {name!r}.")
    values = {"step": rates, "gamma": gammas}[name](weighed.products)
    return {float(layer): float(value) for layer, value in enumerate(values, start=1)}


@measure
def step(weighed: Weighed) -> float:
    """learning rate eta / N of the first layer, read off its weights"""
    return float(rates(weighed.products)[0])


@measure
def gamma(weighed: Weighed) -> float:
    """gamma of the first layer, read off its weights"""
    return float(gammas(weighed.products)[0])


@measure
def rate_over_optimal(weighed: Weighed) -> float:
    """learning rate read off the weights over the best one of one step of GD"""
    network = weighed.network
    return step(weighed) / (network.best_rate / network.settings.task.context)


@measure
def gamma_over_optimal(weighed: Weighed) -> float:
    """gamma of the first layer over that of the reference, a K-step method"""
    return gamma(weighed) / weighed.network.method(weighed.reference).values[1][0]


@measure(tolerance=1e-3)
def kq_offdiagonal(weighed: Weighed) -> float:
    """RMS off-diagonal entry of the x block of W_KQ over its mean diagonal, first layer"""
    keys = weighed.first[0][:-1, :-1]
    return rms(keys[~np.eye(len(keys), dtype=bool)]) / abs(key_scales(weighed.products)[0])


@measure(tolerance=1e-3)
def kq_label_column(weighed: Weighed) -> float:
    """RMS entry of W_KQ from a query's input to a key's label over its mean diagonal, first layer

    The row below, from a query's label, gets no gradient: the label of the query that is asked is 0.
    """
    return rms(weighed.first[0][:-1, -1]) / abs(key_scales(weighed.products)[0])


@measure(tolerance=1e-3)
def pv_rest(weighed: Weighed) -> float:
    """RMS of all other entries of W_PV over its last one, first layer"""
    pv = weighed.first[1]
    return rms(np.delete(pv.ravel(), -1)) / abs(pv[-1, -1])


@measure(tolerance=1e-3)
def input_spread(weighed: Weighed) -> float:
    """standard deviation of the diagonal of W_PV's x block over its absolute mean, first layer"""
    diagonal = np.diag(weighed.first[1])[:-1]
    return float(np.std(diagonal, ddof=1) / abs(np.mean(diagonal)))


@measure(tolerance=1e-3)
def input_offdiagonal(weighed: Weighed) -> float:
    """RMS off-diagonal entry of W_PV's x block over the absolute mean of its diagonal, first layer"""
    values = weighed.first[1][:-1, :-1]
    return rms(values[~np.eye(len(values), dtype=bool)]) / abs(np.mean(np.diag(values)))


@measure
def input_update_r2(weighed: Weighed) -> float:
    """least share, over the layers but the last, of the change of the inputs that is -gamma S x (A.10)

    S = sum_i x_i x_i^T with the inputs as the layer finds them. R^2 = 1 - sum |change + gamma S x|^2 /
    sum |change|^2 over tasks and tokens, gamma fitted.
    """
    network = weighed.network
    tasks = first(network.settings.evaluation.control_tasks, network.fresh)
    tokens = jnp.concatenate([tasks.inputs, tasks.targets[..., None]], axis=-1)  # (T, N, t)
    shares = []
    for kq, pv in zip(weighed.products.kq[:-1], weighed.products.pv[:-1], strict=True):
        tokens, sums = _layer(jnp.asarray(kq, jnp.float32), jnp.asarray(pv, jnp.float32), tokens)
        change, simple, both = (float(value) for value in sums)
        shares.append(both**2 / (simple * change) if change else np.nan)
    return min(shares)


@jax.jit
def _layer(kq: jax.Array, pv: jax.Array, tokens: jax.Array) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    """Tokens after a layer, and sums of |change|^2, |S x|^2 and change.S x over the inputs."""
    gram = jnp.einsum("tni,tnj->tij", tokens, tokens)
    update = jnp.einsum("tni,ij,tjk,kl->tnl", tokens, kq, gram, pv)
    inputs, change = tokens[..., :-1], update[..., :-1]
    simple = jnp.einsum("tni,tij->tnj", inputs, gram[:, :-1, :-1])
    return tokens + update, (jnp.sum(change**2), jnp.sum(simple**2), jnp.sum(change * simple))
