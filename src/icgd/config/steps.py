"""All that one step of the pipeline depends on; what is passed to it and recorded beside its outputs."""

from dataclasses import dataclass, fields

from icgd.config.experiments import Evaluation, Model, Optimiser, Task, Training, with_point
from icgd.config.parsing import setting


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """All that a training run depends on, besides its seed; what is recorded with its weights."""

    task: Task = setting("what is learnt from")
    model: Model = setting("what learns")
    optimiser: Optimiser = setting("how it learns")
    training: Training = setting("how long it learns")
    key_implementation: str = setting("random bit generator")


@dataclass(frozen=True, kw_only=True)
class AnalysisSettings:
    """All that the analysis of an experiment's networks depends on, besides their weights."""

    task: Task = setting("what was learnt from")
    model: Model = setting("what learnt")
    evaluation: Evaluation = setting("what it is measured on")
    seeds: int = setting("training seeds, 0 to this minus 1", low=1)
    key_implementation: str = setting("random bit generator")


@dataclass(frozen=True, kw_only=True)
class SweepSettings(TrainSettings):
    """All that a sweep depends on, besides its seed; what is recorded with its runs."""

    points: list = setting("the value of every axis at every point")

    def at(self, point: dict[str, object]) -> TrainSettings:
        """The training settings of one point."""
        parts = {item.name: getattr(self, item.name) for item in fields(TrainSettings)}
        return TrainSettings(**with_point(parts, point, "points"))


@dataclass(frozen=True, kw_only=True)
class RunsSettings(SweepSettings):
    """All that the evaluation of a sweep depends on, besides its weights."""

    evaluation: Evaluation = setting("what its networks are measured on")
    seeds: int = setting("training seeds, 0 to this minus 1", low=1)
