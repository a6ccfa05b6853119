"""Hand-set weights for alternating tokens: a softmax layer that copies, a linear one that descends.

Unlike `references.copying` these are weights of the very network that is trained: sinusoidal codes,
no room beside contents and code, the prediction in the last entry of the code. Its targets' tokens
cannot be told from its inputs' tokens, so they copy too and disturb the last coordinate's gradient.
Source: von Oswald et al. 2022, Proposition 3 and A.5, in the form of their Fig. 5's networks.
"""

import jax
import numpy as np

from icgd.config import Model
from icgd.models import transformer
from icgd.models.transformer import Weights
from icgd.references.constructions import one_head
from icgd.tasks.linear import Tasks
from icgd.training import engine

SHARP = 40.0  # logits at which all but 1e-7 of the attention is on the next token

_predict = jax.jit(engine.predict, static_argnums=0)


def shift(size: int) -> np.ndarray:
    """M with p_k M = p_(k+1) for sinusoidal codes: a rotation by each frequency; (size, size)."""
    matrix = np.zeros((size, size))
    for first, angle in zip(range(0, size, 2), 10000.0 ** -(np.arange(0, size, 2) / size), strict=True):
        block = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        matrix[first : first + 2, first : first + 2] = block
    return matrix


def copy_layer(inputs: int, size: int, sharpness: float = SHARP) -> dict[str, np.ndarray]:
    """Token k attends to i by softmax(sharpness p_(k+1).p_i) and copies the last of its contents.

    The copy lands in the last entry but one, whose code is cleared, as is that of the last entry,
    where the prediction is read.
    """
    token = inputs + size
    query, key, projection = (np.zeros((token, token)) for _ in range(3))
    query[inputs:, inputs:] = sharpness * np.sqrt(token) * shift(size)  # the model divides by the root
    key[inputs:, inputs:] = np.eye(size)
    projection[inputs - 1, -2] = 1.0
    projection[[-2, -1], [-2, -1]] = -1.0
    return {"query": query, "key": key, "value": np.eye(token), "projection": projection}


def descent_layer(inputs: int, size: int, steps: np.ndarray) -> dict[str, np.ndarray]:
    """Prediction sum_i c_i e_i.diag(steps).x_q over all tokens i, with c_i what was copied; steps (d,)."""
    token = inputs + size
    query, key, projection = (np.zeros((token, token)) for _ in range(3))
    query[:inputs, :inputs] = np.diag(steps)
    key[:inputs, :inputs] = np.eye(inputs)
    projection[-2, -1] = -1.0
    return {"query": query, "key": key, "value": np.eye(token), "projection": projection}


def construction(model: Model, tasks: Tasks) -> Weights:
    """Both layers, with the two steps of least loss on ``tasks``: the last coordinate has its own."""
    inputs, size = tasks.query.shape[-1], model.position_size
    last = np.arange(inputs) == inputs - 1

    def stepping(steps: np.ndarray) -> Weights:
        return one_head(copy_layer(inputs, size), descent_layer(inputs, size, steps))

    parts = [  # the prediction is linear in the steps
        np.asarray(_predict(model, stepping(1.0 * chosen), tasks)) for chosen in (~last, last)
    ]
    found = np.linalg.lstsq(np.stack(parts, axis=1), np.asarray(tasks.target), rcond=None)[0]
    return transformer.checked(
        model, inputs, stepping(np.where(last, found[1], found[0])), "the construction"
    )
