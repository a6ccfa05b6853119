"""The floor: ridge regression, which is Bayes-optimal here, and its noiseless limit."""

import numpy as np

from icgd.tasks.linear import Tasks


def weights(tasks: Tasks, noise: float = 0.0) -> np.ndarray:
    """Ridge weights w = X^T (X X^T + v I)^-1 y, X of shape (N, d), v the label noise's variance.

    v = 0 gives X^+ y, the least squares weights of least norm. Float64, shape (T, d).
    """
    inputs, targets = (np.asarray(a, np.float64) for a in tasks[:2])
    if noise == 0:
        return np.einsum("tdn,tn->td", np.linalg.pinv(inputs), targets)
    gram = np.einsum("tnd,tmd->tnm", inputs, inputs) + noise * np.eye(inputs.shape[1])
    dual = np.linalg.solve(gram, targets[..., None])[..., 0]
    return np.einsum("tnd,tn->td", inputs, dual)


def ridge(tasks: Tasks, noise: float = 0.0) -> np.ndarray:
    """Predictions x_q.w of `weights`, Bayes-optimal for w ~ N(0, I); float64, shape (T,)."""
    return np.einsum("td,td->t", weights(tasks, noise), np.asarray(tasks.query, np.float64))
