"""Optima of K-step methods, each searched once, and their losses on the published tasks."""

from functools import cached_property

import jax
import numpy as np

from icgd.randomness import stream
from icgd.references import closed_form, multistep, optima, spectra
from icgd.references.clipped import CLIP
from icgd.references.multistep import Recipe
from icgd.references.optima import Draws, Method, Optimum
from icgd.references.residuals import Parameters
from icgd.tasks import linear, published
from icgd.tasks.linear import Tasks, half_mean_square
from icgd.tuning import OptimaSettings

INPUTS = CONTEXT = 10
PART = 25_000  # tasks drawn at a time
S2 = closed_form.variance(1.0)


class Searched:
    """Optima on two draws of tasks of their own, which no evaluation uses."""

    def __init__(self, settings: OptimaSettings):
        self.settings = settings
        self._draws: dict[int, Draws] = {}
        self._found: dict[tuple[Method, int, int], Optimum] = {}

    def draws(self, context: int = CONTEXT) -> Draws:
        """Eigenvalues of the two draws at a context length."""
        if context not in self._draws:
            self._draws[context] = Draws(*(self._draw(name, context) for name in ("searched", "judged")))
        return self._draws[context]

    def _draw(self, name: str, context: int) -> np.ndarray:
        counts = [min(PART, self.settings.tasks - done) for done in range(0, self.settings.tasks, PART)]
        implementation = self.settings.key_implementation
        keys = (stream(part, f"optima, {name}, N = {context}", implementation) for part in range(len(counts)))
        parts = (linear.sample(key, n, INPUTS, context) for key, n in zip(keys, counts, strict=True))
        return np.concatenate([spectra.eigenvalues(tasks) for tasks in parts])

    def __call__(self, method: Method, layers: int, context: int = CONTEXT) -> Optimum:
        """The optimum of a method with K = ``layers`` steps."""
        place = method, layers, context
        if place not in self._found:
            draws = self.draws(context)
            self._found[place] = optima.search(method, layers, draws, self.settings.starts, S2)
        return self._found[place]


class PublishedTasks:
    """Losses on the published evaluation tasks, at most ``count`` of them."""

    def __init__(self, count: int):
        self.tasks: Tasks = published.tasks(min(published.COUNT, count))

    @cached_property
    def spectrum(self) -> spectra.Spectrum:
        """The tasks by their eigenvalues, float64."""
        return spectra.spectrum(self.tasks)

    def loss(self, method: Method, parameters: Parameters, layers: int) -> float:
        """Loss of any method."""
        return optima.task_loss(method, parameters, layers, self.spectrum)

    def clipped_loss(self, recipe: Recipe) -> float:
        """Loss of GD or GD++ with the token clip of published networks of more than three layers; float64."""
        tasks, recipe = (
            type(part)(*(np.asarray(x, np.float64) for x in part)) for part in (self.tasks, recipe)
        )
        with jax.enable_x64(True):
            return float(_clipped_loss(tasks, recipe))


@jax.jit
def _clipped_loss(tasks: Tasks, recipe: Recipe) -> jax.Array:
    return half_mean_square(multistep.predict(tasks, recipe, CLIP), tasks.target)
