"""One training seed's network, with all that its measures need: tasks, rates, optima, K-step methods."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

import jax
import numpy as np

from icgd import paths
from icgd.config import Settings
from icgd.errors import IcgdError, nearest
from icgd.files import read_table
from icgd.measures.request import is_linear
from icgd.models import causal, transformer
from icgd.models.transformer import Weights
from icgd.random import stream
from icgd.references import closed_form, preconditioned
from icgd.references.methods import Method
from icgd.references.methods import read as read_methods
from icgd.tasks import dynamics, published, sample, shifted
from icgd.tasks.linear import Tasks, half_mean_square
from icgd.training import causal as training
from icgd.training import checkpoint
from icgd.training.points import TAIL

PLATEAU_TASKS = 2000  # that the zero predictor's loss is measured on

published_tasks = cache(published.tasks)  # the same for every seed of a job
released_sweep = cache(shifted.released)


class Diverged(IcgdError):
    """The run ended in NaN or infinity, at ``step``."""

    def __init__(self, step: int):
        super().__init__(f"the run diverged at step {step}")
        self.step = step


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network and where it comes from."""

    settings: Settings
    seed: int
    weights: Weights
    history: list[dict[str, str]]
    snapshots: dict[str, np.ndarray] = field(default_factory=dict)  # weights on the way, and their "step"
    scale: str = "full"
    experiment: str = ""
    others: Callable[[str], list["Network"]] = lambda name: []  # networks of another experiment

    def key(self, name: str) -> jax.Array:
        """Key of one of the seed's named streams."""
        return stream(self.seed, name, self.settings.key_implementation)

    def draw(self, name: str, count: int, **task: object) -> Tasks:
        """Fresh tasks from a named stream of this seed; ``task``: settings that differ."""
        return sample.draw(self.settings.task.model_copy(update=task), self.key(name), count)

    @cached_property
    def untrained(self) -> Weights:
        """Its weights before training."""
        settings, start = self.settings, self.key("initialisation")
        if settings.causal:
            return causal.initialise(settings.causal, settings.task.inputs, start)
        return transformer.initialise(settings.model, settings.task.inputs, start)

    @cached_property
    def fresh(self) -> Tasks:
        """The seed's own evaluation set."""
        return self.draw("evaluation data", self.settings.evaluation.tasks)

    @property
    def published(self) -> Tasks:
        """The published tasks.

        Raises:
            IcgdError: they are of another problem.
        """
        if not published.is_setting(self.settings.task):
            raise IcgdError(
                f"{self.experiment}: the published tasks have d = N = 10 and inputs on (-1/2, 1/2)."
            )
        evaluation = self.settings.evaluation
        return published_tasks(min(published.COUNT, evaluation.tasks, evaluation.published_tasks))

    @cached_property
    def one_more_pair(self) -> Tasks:
        """Tasks with one context pair more than the network was trained with."""
        more = self.settings.task.context + 1
        return self.draw("one more pair", self.settings.evaluation.tasks, context=more)

    @property
    def is_linear(self) -> bool:
        """Do its weight products say all?"""
        return is_linear(self.settings.model)

    @property
    def s2(self) -> float:
        """Variance of an input's coordinate."""
        return closed_form.variance(self.settings.task.input_range)

    @cached_property
    def best_rate(self) -> float:
        """The best rate of one step of GD on this experiment's own tasks, in closed form."""
        return preconditioned.best_rate(preconditioned.moments(self.settings.task))

    @cached_property
    def optimal_loss(self) -> float:
        """Population loss of the best layer of linear attention on this experiment's own tasks."""
        moments = preconditioned.moments(self.settings.task)
        return preconditioned.loss(moments, preconditioned.best_map(moments))

    @cached_property
    def methods(self) -> dict[str, Method]:
        """K-step methods of as many steps as the network has layers, by name."""
        return self.methods_of(self.settings.model.layers)

    def methods_of(self, layers: int) -> dict[str, Method]:
        """K-step methods of so many steps.

        Raises:
            IcgdError: the searched optima are of another problem.
        """
        task = self.settings.task
        if task != type(task)(inputs=published.INPUTS, context=task.context):
            raise IcgdError(
                f"{self.experiment}: the optima of K-step methods are of d = 10 inputs on (-1/2, 1/2), "
                "without noise; ask for other references."
            )
        found = dict(read_methods(paths.references(self.scale, "optima"), layers, task.context))
        released = paths.released(
            self.scale, layers, "separate"
        )  # of twelve steps it stands in no other table
        if (
            "gd_plus_plus separate released" not in found
            and task.context == published.CONTEXT
            and released.exists()
        ):
            found |= read_methods(released, layers, task.context)
        return found

    def method(self, name: str, layers: int | None = None) -> Method:
        """A K-step method, of as many steps as the network has layers unless asked for others.

        Raises:
            IcgdError: the table has none of that name.
        """
        own = self.settings.model.layers
        known = self.methods if layers in (None, own) else self.methods_of(layers)
        if name not in known:
            steps = "1 step" if (layers or own) == 1 else f"{layers or own} steps"
            raise IcgdError(f"there is no {name} of {steps}; there are {', '.join(known)}.")
        return known[name]

    @cached_property
    def own_method(self) -> str:
        """The best GD++ with as much sharing between layers as the network has, under its clip if need be."""
        kind = "gd_plus_plus shared" if self.settings.model.recurrent else "gd_plus_plus separate"
        return f"{kind} clipped" if f"{kind} clipped" in self.methods else kind

    def status(self) -> dict[str, float]:
        """Training loss of the last steps, and has it left the plateau near the zero predictor's loss?"""
        last = float(self.history[-1]["step"])
        tail = [float(row["training_loss"]) for row in self.history[1:] if float(row["step"]) > last - TAIL]
        below = np.mean(tail) < self.settings.evaluation.converged_below * self._zero_loss
        return {"final_training_loss": float(np.mean(tail)), "converged": float(below)}

    @property
    def _zero_loss(self) -> float:
        """Loss of predicting zero; of linear copies that add nothing."""
        drawn = self.draw("plateau data", PLATEAU_TASKS)
        if self.settings.causal and self.settings.causal.tuned == "copies":
            blank = {name: one * (not causal.is_copy(name)) for name, one in self.weights.items()}
            return float(training.loss(self.settings.causal, blank, drawn))
        if self.settings.causal:
            targets = drawn.states[:, 1:] if isinstance(drawn, dynamics.Sequences) else drawn.targets
            return float(dynamics.half_mean_square(0.0, targets))
        return float(half_mean_square(0.0, drawn.target))

    @property
    def converged(self) -> bool:
        """Has it left the plateau?"""
        return bool(self.status()["converged"])

    def named_of(self, experiment: str) -> list["Network"]:
        """Networks of another experiment.

        Raises:
            IcgdError: no such experiment, or its networks cannot be given this one's tasks.
        """
        known, own = self.others(experiment), self.settings
        for other in (one.settings for one in known[:1]):
            codes = other.model.alternating and other.task.context != own.task.context
            kinds = [(bool(one.causal), one.task.inputs) for one in (own, other)]
            if codes or kinds[0] != kinds[1]:
                raise IcgdError(f"{self.experiment}: networks of {experiment} are of tasks of other shapes.")
        return known

    def converged_of(self, experiment: str, same_tasks: bool = True) -> list["Network"]:
        """Networks of another experiment that have left their plateau; all where none has (a smoke run).

        ``same_tasks``: they are given this network's tasks, not their own.
        """
        known = self.named_of(experiment) if same_tasks else self.others(experiment)
        return [network for network in known if network.converged] or known

    def at(self, index: int) -> "Network":
        """The network as it was at one of the states that were kept."""
        kept = {name: array[index] for name, array in self.snapshots.items() if name != "step"}
        return dataclasses.replace(self, weights=kept)


@dataclass(frozen=True, eq=False)
class Loader:
    """Networks of experiments at a scale; settings of those that others are compared with."""

    scale: str
    settings: Mapping[str, Settings]

    def load(self, experiment: str, seed: int) -> Network:
        """One seed's network: the weights and the history of a finished run.

        Raises:
            IcgdError: missing, damaged or foreign weights.
            Diverged: the run did not end in finite weights.
        """
        settings = self.settings[experiment]
        path = paths.weights(self.scale, experiment, seed)
        arrays, record = checkpoint.load(path)
        if record.get("diverged_at") is not None:
            raise Diverged(record["diverged_at"])
        last, snapshots = checkpoint.parted(arrays)
        right = (
            causal.shapes(settings.causal, settings.task.inputs)
            if settings.causal
            else transformer.shapes(settings.model, settings.task.inputs)
        )
        weights = transformer.matching(right, last, str(path))
        history = read_table(paths.history(self.scale, experiment, seed))
        return Network(settings, seed, weights, history, snapshots, self.scale, experiment, self.others)

    @cache  # noqa: B019 (a job has one loader)
    def others(self, experiment: str) -> list[Network]:
        """All networks of an experiment that did not diverge.

        Raises:
            IcgdError: no such experiment; names the nearest.
        """
        if experiment not in self.settings:
            right = "networks are named as in 'networks of one_layer'"
            raise IcgdError(
                f"{right}, and there is no experiment {experiment!r}; {nearest(experiment, self.settings)}"
            )
        found = []
        for seed in range(self.settings[experiment].seeds):
            try:
                found.append(self.load(experiment, seed))
            except Diverged:
                continue
        return found
