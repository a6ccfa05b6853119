"""The published tasks as gradient descent sees them, in float64."""

from functools import cache

import numpy as np

from icgd.references import eigenbasis
from icgd.references.eigenbasis import Spectrum
from icgd.tasks import published

tasks = cache(published.tasks)


@cache
def spectrum(count: int = published.COUNT, **width: float) -> Spectrum:
    """The first ``count`` published tasks; ``width``: their ``input_range`` where it is not 1."""
    return eigenbasis.spectrum(tasks(count, **width))


def mean_prediction(tasks: Spectrum, rate: float, steps: int = 1) -> float:
    """mean |w_K.x_q|: the published Preds diff at step 0, when the network still predicts nothing."""
    return float(np.mean(np.abs(eigenbasis.predictions(tasks, rate, steps))))


def mean_length(tasks: Spectrum, rate: float) -> float:
    """mean |w_1|: the published Model diff of one layer at step 0."""
    return float(np.mean(np.linalg.norm(eigenbasis.weights(tasks, rate), axis=1)))


def zero_loss(tasks: Spectrum) -> float:
    """Loss of predicting 0: gradient descent that does not move."""
    return eigenbasis.loss(tasks, 0.0)
