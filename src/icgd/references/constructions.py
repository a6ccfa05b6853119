"""Hand-set weights: one linear self-attention layer that is one step of gradient descent."""

import jax.numpy as jnp
import numpy as np

from icgd.models.attention import MATRICES
from icgd.models.transformer import Weights


def gradient_descent_layer(
    step: float, inputs: int, outputs: int = 1, initial: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Matrices whose layer maps every (x, y) to (x, y - dW x), dW one GD step on the context.

    W_Q = W_K = diag(I_x, 0), W_V = [[0, 0], [W_0, -I_y]]^T in row-vector form, P = step * I.
    Source: von Oswald et al. 2022, Proposition 1 and eq. 8, with step = eta / N.

    Args:
        step: learning rate over the number of context pairs, eta / N.
        inputs: d, dimensions of x.
        outputs: dimensions of y.
        initial: W_0 of shape (outputs, inputs); zero if absent.
    """
    token = inputs + outputs
    start = np.zeros((outputs, inputs)) if initial is None else initial
    select = np.diag(np.r_[np.ones(inputs), np.zeros(outputs)])
    value = np.zeros((token, token))
    value[:inputs, inputs:] = start.T
    value[inputs:, inputs:] = -np.eye(outputs)
    return {"query": select, "key": select, "value": value, "projection": step * np.eye(token)}


def gd_plus_plus_layer(
    step: float, gamma: float, inputs: int, outputs: int = 1, initial: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Matrices of a GD++ layer: x -> (I - gamma X X^T) x and y -> y - dW x, both from the old x.

    Source: von Oswald et al. 2022, A.10, eq. 23, with step = eta / N; arguments as above.
    """
    layer = gradient_descent_layer(step, inputs, outputs, initial)
    layer["value"][:inputs, :inputs] = np.eye(inputs)
    layer["projection"] = np.diag(np.r_[-gamma * np.ones(inputs), step * np.ones(outputs)])
    return layer


def one_head(*layers: dict[str, np.ndarray]) -> Weights:
    """Weights of a one-head model from one dictionary of matrices a layer."""
    return {
        f"{index}/{name}": jnp.asarray(matrix)[None]
        for index, layer in enumerate(layers)
        for name, matrix in layer.items()
    }


def products(weights: Weights, layer: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(W_KQ, W_PV) of a one-head layer, in float64; they alone determine its function."""
    q, k, v, p = (np.asarray(weights[f"{layer}/{name}"][0], np.float64) for name in MATRICES)
    return q @ k.T, v @ p
