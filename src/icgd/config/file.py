"""config.yaml as a whole: scales, experiments, sweeps, figures."""

import dataclasses
from dataclasses import dataclass, fields
from pathlib import Path

from icgd import paths
from icgd.config.experiments import Experiment, Sweep, contradictions
from icgd.config.parsing import build, setting
from icgd.config.steps import AnalysisSettings, SweepSettings
from icgd.errors import IcgdError, nearest
from icgd.files import read_yaml

SCALES = ("smoke", "quick", "full")
SMOKE_POINTS = 2  # of a sweep in a smoke run
FIGURES = (
    "fig1", "fig2", "fig3", "fig3b", "fig4", "fig5", "fig6a", "fig6b", "fig6c", "fig7", "fig8", "fig9",
    "fig10", "fig11", "fig12", "fig13", "fig14", "fig15", "fig16",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Upper bounds that a scale puts on every experiment; null: the experiment's own setting."""

    weights: str = setting("train, or take the committed ones", "train", choices=("train", "committed"))
    seeds: int | None = setting("at most this many seeds", None, low=1)
    steps: int | None = setting("at most this many optimiser steps", None, low=1)
    batch: int | None = setting("at most this many tasks a step", None, low=1)
    every: int | None = setting("at most this many steps between history lines", None, low=1)
    tasks: int | None = setting("at most this many tasks in any evaluation set", None, low=100)


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything in config.yaml."""

    scale: str = setting("which outputs are wanted", "quick", choices=SCALES)
    weights: str | None = setting(
        "train or committed, at every scale; null: as the scale says", None, choices=("train", "committed")
    )
    key_implementation: str = setting(
        "random bit generator", "threefry2x32", choices=("threefry2x32", "philox4x32")
    )
    seeds_together: bool = setting("all seeds of an experiment in one training job (for a GPU)", False)
    scales: dict[str, Scale] = setting("bounds of each scale")
    experiments: dict[str, Experiment] = setting("what is trained")
    figures: tuple[str, ...] = setting("what is drawn", FIGURES, choices=FIGURES)
    sweeps: dict[str, Sweep] = setting("what is trained at many settings")

    def experiment(self, name: str, scale: str | None = None) -> Experiment:
        """An experiment with the bounds of a scale applied to its training.

        Raises:
            IcgdError: no such experiment or scale.
        """
        scale = scale or self.scale
        if name not in self.experiments:
            raise IcgdError(f"there is no experiment {name!r}; {nearest(name, self.experiments)}")
        if scale not in self.scales:
            raise IcgdError(f"there is no scale {scale!r}; {nearest(scale, self.scales)}")
        bound, experiment = self.scales[scale], self.experiments[name]

        def capped(settings, **bounds: int | None):
            lowered = {key: min(getattr(settings, key), top) for key, top in bounds.items() if top}
            return dataclasses.replace(settings, **lowered)

        return dataclasses.replace(
            capped(experiment, seeds=bound.seeds),
            training=capped(
                experiment.training,
                steps=bound.steps,
                batch=bound.batch,
                fixed_tasks=bound.batch,
                every=bound.every,
                history_tasks=bound.tasks,
            ),
            evaluation=capped(experiment.evaluation, tasks=bound.tasks, shifted_tasks=bound.tasks),
        )

    def step_settings(self, kind: type, name: str, scale: str | None = None):
        """The part of an experiment's settings that a step uses: TrainSettings or AnalysisSettings."""
        experiment = self.experiment(name, scale)
        parts = {
            item.name: getattr(experiment, item.name)
            for item in fields(kind)
            if item.name != "key_implementation"
        }
        return kind(**parts, key_implementation=self.key_implementation)

    def sweep(self, kind: type, name: str, scale: str | None = None) -> SweepSettings:
        """A sweep as `SweepSettings` or `RunsSettings`, with the bounds of a scale applied, to each
        point too; a smoke run has two points.

        Raises:
            IcgdError: no such sweep or scale.
        """
        if name not in self.sweeps:
            raise IcgdError(f"there is no sweep {name!r}; {nearest(name, self.sweeps)}")
        scale, sweep = scale or self.scale, self.sweeps[name]
        base, *bounded = (
            dataclasses.replace(self, experiments={name: experiment}).experiment(name, scale)
            for experiment in (sweep.at({}), *map(sweep.at, sweep.points))
        )
        points = [
            {key: _reached(experiment, key) for key in sweep.axes}
            for experiment in (bounded[:SMOKE_POINTS] if scale == "smoke" else bounded)
        ]
        names = {item.name for item in fields(kind)} & {item.name for item in fields(Experiment)}
        kept = {part: getattr(base, part) for part in names}
        return kind(**kept, points=points, key_implementation=self.key_implementation)

    def compared(self, name: str, scale: str | None = None) -> dict[str, AnalysisSettings]:
        """Analysis settings of an experiment and of the one that it is compared with."""
        pair = {"ours": name, "base": paths.BASES[name]}
        return {role: self.step_settings(AnalysisSettings, one, scale) for role, one in pair.items()}

    def trains(self, scale: str) -> bool:
        """Whether weights of this scale are trained here rather than taken as committed."""
        return (self.weights or self.scales[scale].weights) == "train"


def _reached(experiment: Experiment, key: str) -> object:
    """The value of a dotted setting."""
    part, _, name = key.partition(".")
    return getattr(getattr(experiment, part), name)


def load(path: str | Path = "config.yaml") -> Config:
    """Read and check config.yaml.

    Raises:
        IcgdError: unreadable, or something in it is wrong; names the key and what would be right.
    """
    return from_mapping(read_yaml(path), str(path))


def from_mapping(values: object, where: str = "config.yaml") -> Config:
    """Check a parsed configuration (Snakemake hands over its own, with --config applied)."""
    config = build(Config, values, where)
    absent = [name for name in SCALES if name not in config.scales]
    if absent:
        raise IcgdError(f"{where}: scales lacks {absent[0]!r}; it needs {', '.join(SCALES)}.")
    for name in config.scales:
        if name not in SCALES:
            raise IcgdError(f"{where}: scales has unknown {name!r}; {nearest(name, SCALES)}")
    for name, experiment in config.experiments.items():
        for wrong, sentence in contradictions(experiment):
            if wrong:
                raise IcgdError(f"{where}: experiments.{name}.{sentence}")
    for name, sweep in config.sweeps.items():
        if not all(isinstance(values, list) and values for values in sweep.axes.values()):
            raise IcgdError(f"{where}: sweeps.{name}.axes must give each setting a list of values.")
        for point in sweep.points:
            try:
                wrong = [sentence for wrong, sentence in contradictions(sweep.at(point)) if wrong]
            except IcgdError as error:
                raise IcgdError(f"{where}: sweeps.{name}.{error}") from error
            if wrong:
                raise IcgdError(f"{where}: sweeps.{name} at {point}: {wrong[0]}")
    return config
