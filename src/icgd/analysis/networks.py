"""A trained network with all that its measures need: products, rates, task sets."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from icgd.analysis.products import Products, gradient_descent, of
from icgd.config import AnalysisSettings
from icgd.errors import IcgdError
from icgd.models import transformer
from icgd.randomness import stream
from icgd.references import closed_form
from icgd.tasks import linear, published, sampling
from icgd.training import checkpoint


class Diverged(IcgdError):
    """The run ended in NaN or infinity, at ``step``."""

    def __init__(self, step: int):
        super().__init__(f"the run diverged at step {step}")
        self.step = step


@dataclass(frozen=True)
class Trained:
    """One training seed's network."""

    weights: transformer.Weights
    settings: AnalysisSettings
    seed: int
    snapshots: dict[str, np.ndarray] = field(default_factory=dict)  # weights on the way, and their "step"
    history: list[dict[str, str]] = field(default_factory=list)  # rows of history.csv

    @property
    def products(self) -> Products:
        """Its two weight products.

        Raises:
            IcgdError: it has more than one layer or head.
        """
        model = self.settings.model
        if (model.layers, model.heads) != (1, 1):
            raise IcgdError("this analysis is for one layer with one head; mend the experiment's analyses.")
        return of(self.weights)

    @property
    def optimal_step(self) -> float:
        """eta* / N in closed form."""
        return self.rates()["gd_optimal"] / self.settings.task.context

    @property
    def optimal_loss(self) -> float:
        """Population loss of the best one-layer linear self-attention, in closed form."""
        task = self.settings.task
        return closed_form.optimal_loss(task.inputs, task.context, closed_form.variance(task.input_range))

    @property
    def hand_set(self) -> Products:
        """The construction at the optimal rate."""
        return gradient_descent(self.optimal_step, self.settings.task.inputs)

    def rates(self) -> dict[str, float]:
        """Named learning rates of one-step GD at this setting."""
        task = self.settings.task
        s2 = closed_form.variance(task.input_range)
        found = {"gd_optimal": closed_form.optimal_rate(task.inputs, task.context, s2)}
        if published.is_setting(task):
            found["gd_published"] = closed_form.RATE_PUBLISHED
        return found

    def fresh(self, name: str, count: int) -> linear.Tasks:
        """Tasks of one of this seed's named streams."""
        key = stream(self.seed, name, self.settings.key_implementation)
        return sampling.draw(self.settings.task, key, count)


def load(path: Path, settings: AnalysisSettings, seed: int) -> Trained:
    """Read the weights of a finished run.

    Raises:
        IcgdError: missing, damaged or foreign weights.
        Diverged: the run did not end in finite weights.
    """
    arrays, record = checkpoint.load(path)
    if record.get("diverged_at") is not None:
        raise Diverged(record["diverged_at"])
    last, snapshots = checkpoint.parted(arrays)
    weights = transformer.checked(settings.model, settings.task.inputs, last, str(path))
    return Trained(weights, settings, seed, snapshots)
