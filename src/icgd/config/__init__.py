"""Settings: made and checked once, where YAML enters. Standard library and PyYAML only."""

from icgd.config.experiments import KINDS, Evaluation, Experiment, Model, Optimiser, Sweep, Task, Training
from icgd.config.file import FIGURES, SCALES, Config, Scale, from_mapping, load
from icgd.config.parsing import build, plain, setting
from icgd.config.steps import AnalysisSettings, RunsSettings, SweepSettings, TrainSettings

__all__ = [
    "FIGURES",
    "KINDS",
    "SCALES",
    "AnalysisSettings",
    "Config",
    "Evaluation",
    "Experiment",
    "Model",
    "Optimiser",
    "RunsSettings",
    "Scale",
    "Sweep",
    "SweepSettings",
    "Task",
    "TrainSettings",
    "Training",
    "build",
    "from_mapping",
    "load",
    "plain",
    "setting",
]
