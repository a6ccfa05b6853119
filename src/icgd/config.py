"""Settings: made and checked once, where YAML enters. Standard library and PyYAML only."""

import dataclasses
import itertools
import types
import typing
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path

import yaml

from icgd import paths
from icgd.errors import IcgdError, nearest

SCALES = ("smoke", "quick", "full")
ANALYSES = tuple(paths.ANALYSES)
DISTRIBUTIONS = ("uniform", "normal")
LAYER_NORMS = ("none", "every", "after_first")
SMOKE_POINTS = 2  # of a sweep in a smoke run
KINDS = {"linear": "regression", "sine": "regression"}  # task family -> module of icgd.training
FIGURES = (
    "fig1", "fig2", "fig3", "fig6a", "fig6b", "fig9", "fig10", "fig11", "fig12", "fig13", "fig14", "fig15",
    "fig16", "fig4", "fig5", "fig8",
)  # fmt: skip


def setting(doc: str, default=MISSING, **limits):
    """A field of a settings class: its meaning, and limits (``low``, ``high`` or ``choices``).

    With ``switch`` it is something that is off by default and left out of recorded settings while
    it is, so that adding it changes nothing for what does not use it; its default is permanent.
    """
    return field(default=default, metadata={"doc": doc, **limits})


@dataclass(frozen=True, kw_only=True)
class Task:
    """A family of in-context regression problems."""

    family: str = setting("linear regression, or sine waves", "linear", choices=("linear", "sine"))
    inputs: int = setting("input dimension d", low=1)
    context: int = setting("number N of context pairs", low=1)
    input_range: float = setting("linear: width r of x ~ U(-r/2, r/2)", 1.0, low=1e-6)
    released_phase: bool = setting("sine: phase tied to amplitude, as in the released code", True)
    distribution: str = setting(
        "linear: inputs uniform, or normal with standard deviation 1",
        "uniform",
        choices=DISTRIBUTIONS,
        switch=True,
    )
    input_scales: tuple[float, ...] = setting(
        "linear: factor on each input coordinate; empty: 1", (), switch=True
    )
    label_noise: float = setting(
        "linear: standard deviation of noise on the context's labels", 0.0, low=0.0, switch=True
    )
    teacher_mean: float = setting("linear: mean of each of the teacher's weights", 0.0, switch=True)


@dataclass(frozen=True, kw_only=True)
class Model:
    """Transformer of residual self-attention layers."""

    layers: int = setting("number K of layers", 1, low=1)
    heads: int = setting("attention heads of a layer", 1, low=1)
    recurrent: bool = setting("one set of weights for all layers", False)
    softmax_layers: int = setting("how many of the first layers have softmax attention", 0, low=0)
    alternating: bool = setting("tokens x_1, y_1, x_2, ... rather than (x_1, y_1), (x_2, ...", False)
    position_size: int = setting("entries of the position code after each token, if alternating", 0, low=0)
    embedding: int = setting("width of an embedding with an MLP before attention; 0: none", 0, low=0)
    include_query: bool = setting("is the query token among the keys and values", False)
    key_size: int | None = setting(
        "entries of queries, keys, values; null: a token's", None, switch=True, low=1
    )
    layer_norm: str = setting(
        "before every attention and MLP, or not before the first attention (released, not recurrent)",
        "none",
        choices=LAYER_NORMS,
        switch=True,
    )
    mlp: bool = setting("an MLP after each attention", False, switch=True)
    given_step: float | None = setting(
        "attention is one GD step of this size eta / N and is not trained", None, switch=True
    )
    token_clip: float | None = setting("tokens are clipped to +-this after each layer", None, low=0.0)
    init_variance: float = setting("variance scale of truncated-normal fan-in init, over K", 0.002, low=0.0)


@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """clip by global norm, then AdamW (released code; the paper's text differs, see docs)."""

    learning_rate: float = setting("Adam's step size", 1e-3, low=0.0)
    b1: float = setting("decay of the first moment", 0.9, low=0.0, high=1.0)
    b2: float = setting("decay of the second moment", 0.98, low=0.0, high=1.0)
    weight_decay: float = setting("decoupled weight decay", 0.0, low=0.0)
    clip_norm: float = setting("largest global norm of the gradient", 0.001, low=0.0)
    decay_to: float = setting("share of the learning rate left at the end (cosine)", 1.0, low=0.0, high=1.0)


@dataclass(frozen=True, kw_only=True)
class Training:
    """How long, on how much, how often."""

    steps: int = setting("optimiser steps", 5000, low=1)
    batch: int = setting("fresh tasks of a step", 2048, low=1)
    every: int = setting("steps between two lines of the history", 100, low=1)
    history_tasks: int = setting("tasks that the history is measured on", 10_000, low=10)
    fixed_tasks: int = setting(
        "size of a fixed training set; 0: fresh tasks each step", 0, low=0, switch=True
    )
    snapshots: int = setting("equally spaced states kept beside the last weights", 0, low=0, switch=True)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What trained networks are measured on."""

    tasks: int = setting("fresh tasks of each seed's own evaluation set", 50_000, low=100)
    shifted_tasks: int = setting("fresh tasks of each seed at every point of a sweep", 10_000, low=100)
    converged_below: float = setting(
        "training loss over the last 500 steps, as a share of the zero predictor's loss, below which "
        "a seed has left its plateau (0.72 of 0.4167 is 0.30; the plateau is at 0.389)",
        0.72,
        low=0.0,
        high=1.0,
    )


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One training setting and what is done with its networks."""

    about: str = setting("one sentence: what it is for")
    task: Task = setting("what is learnt from")
    model: Model = setting("what learns", Model())
    optimiser: Optimiser = setting("how it learns", Optimiser())
    training: Training = setting("how long it learns", Training())
    evaluation: Evaluation = setting("what its networks are measured on", Evaluation())
    seeds: int = setting("training seeds, 0 to this minus 1", 5, low=1)
    analyses: tuple[str, ...] = setting("what its networks go through", ("align",), choices=ANALYSES)
    reduced: str | None = setting("what was reduced against the source's setting, and why", None)


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Many short runs: a base setting, and values of some of its settings in all combinations."""

    about: str = setting("one sentence: what it is for")
    task: Task = setting("what is learnt from")
    model: Model = setting("what learns", Model())
    optimiser: Optimiser = setting("how it learns", Optimiser())
    training: Training = setting("how long it learns", Training())
    evaluation: Evaluation = setting("what its networks are measured on", Evaluation())
    axes: dict[str, list] = setting("dotted setting, such as optimiser.learning_rate: its values")
    seeds: int = setting("training seeds, 0 to this minus 1", 2, low=1)
    reduced: str | None = setting("what was reduced against the source's setting, and why", None)

    @property
    def points(self) -> list[dict[str, object]]:
        """The value of every axis at every point, the last axis fastest."""
        return [
            dict(zip(self.axes, values, strict=True)) for values in itertools.product(*self.axes.values())
        ]

    def at(self, point: dict[str, object]) -> Experiment:
        """The sweep with the settings of one point, as an experiment.

        Raises:
            IcgdError: an axis that is no setting, or a value that does not fit.
        """
        parts = {
            item.name: getattr(self, item.name) for item in fields(Experiment) if hasattr(self, item.name)
        }
        return Experiment(**with_point(parts, point, "axes"))


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
class SweepSettings:
    """All that a sweep depends on, besides its seed; what is recorded with its runs."""

    task: Task = setting("what is learnt from")
    model: Model = setting("what learns")
    optimiser: Optimiser = setting("how it learns")
    training: Training = setting("how long it learns")
    points: list = setting("the value of every axis at every point")
    key_implementation: str = setting("random bit generator")

    def at(self, point: dict[str, object]) -> TrainSettings:
        """The training settings of one point."""
        parts = {item.name: getattr(self, item.name) for item in fields(TrainSettings)}
        return TrainSettings(**with_point(parts, point, "points"))


@dataclass(frozen=True, kw_only=True)
class RunsSettings(SweepSettings):
    """All that the evaluation of a sweep depends on, besides its weights."""

    evaluation: Evaluation = setting("what its networks are measured on")
    seeds: int = setting("training seeds, 0 to this minus 1", low=1)


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


def with_point(parts: dict, point: dict[str, object], where: str) -> dict:
    """Blocks of settings by name, with some settings changed: {"training.batch": 128}.

    Raises:
        IcgdError: a key that is no setting, or a value that does not fit.
    """
    changed = dict(parts)
    for key, value in point.items():
        part, _, name = key.partition(".")
        if part not in ("task", "model", "optimiser", "training"):
            raise IcgdError(f"{where}: there is no setting {key!r}; write it as optimiser.learning_rate.")
        block = plain(changed[part])
        changed[part] = build(type(changed[part]), {**block, name: value}, f"{where}: {part}")
    return changed


def _reached(experiment: Experiment, key: str) -> object:
    """The value of a dotted setting."""
    part, _, name = key.partition(".")
    return getattr(getattr(experiment, part), name)


def plain(value: object) -> object:
    """Settings as dictionaries, lists and scalars (what is hashed, recorded and passed on)."""
    if dataclasses.is_dataclass(value):
        return {
            item.name: plain(getattr(value, item.name))
            for item in fields(value)
            if not (item.metadata.get("switch") and getattr(value, item.name) == item.default)
        }
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def load(path: str | Path = "config.yaml") -> Config:
    """Read and check config.yaml.

    Raises:
        IcgdError: unreadable, or something in it is wrong; names the key and what would be right.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise IcgdError(f"{path} is missing; run from the repository's root.") from error
    except yaml.YAMLError as error:
        raise IcgdError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    return from_mapping(values, str(path))


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


def contradictions(experiment: Experiment) -> list[tuple[bool, str]]:
    """Combinations that cannot be: (is it so, where and what would be right)."""
    task, model, training = experiment.task, experiment.model, experiment.training
    return [
        (
            model.layers == 1 and model.recurrent,
            "model is recurrent with 1 layer; set layers to 2 or more, or recurrent to false.",
        ),
        (
            model.recurrent and 0 < model.softmax_layers < model.layers,
            f"model.softmax_layers is {model.softmax_layers}, but recurrent layers are all alike; "
            f"it must be 0 or {model.layers}.",
        ),
        (
            model.recurrent and model.layer_norm == "after_first",
            "model.layer_norm is after_first, but recurrent layers are all alike; use every.",
        ),
        (
            model.given_step is not None and (model.layers, model.heads, model.embedding > 0) != (1, 1, True),
            "model.given_step needs one layer, one head and an embedding, which is then all that is trained.",
        ),
        (
            len(task.input_scales) not in (0, task.inputs),
            f"task.input_scales has {len(task.input_scales)} entries; it needs {task.inputs}, one an input.",
        ),
        (
            0 < training.fixed_tasks < training.batch,
            f"training.fixed_tasks is {training.fixed_tasks}, less than the batch of {training.batch}.",
        ),
    ]


def build(cls: type, values: object, where: str):
    """Make a settings object of class ``cls`` from a mapping, refusing whatever does not fit."""
    if not isinstance(values, dict):
        raise IcgdError(f"{where} must be a mapping of {', '.join(f.name for f in fields(cls))}.")
    known = {item.name: item for item in fields(cls)}
    for name in values:
        if name not in known:
            raise IcgdError(f"{where} has unknown key {name!r}; {nearest(name, known)}")
    for name, item in known.items():
        if name not in values and item.default is MISSING:
            raise IcgdError(f"{where} lacks {name!r} ({item.metadata['doc']}).")
    hints = typing.get_type_hints(cls)
    return cls(
        **{
            name: _value(hints[name], value, known[name].metadata, f"{where}: {name}")
            for name, value in values.items()
        }
    )


def _value(kind: object, value: object, limits: typing.Mapping, where: str):
    """Check one value against its type and limits; nested settings are built."""
    if dataclasses.is_dataclass(kind):
        return build(kind, value, where)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        return _value(next(a for a in arguments if a is not type(None)), value, limits, where)
    if origin is dict:
        if not isinstance(value, dict):
            raise IcgdError(f"{where} must be a mapping of names to settings, not {value!r}.")
        return {name: _value(arguments[1], item, {}, f"{where}.{name}") for name, item in value.items()}
    if kind is list:  # values of any kind, checked where they are used
        if not isinstance(value, list):
            raise IcgdError(f"{where} must be a list, not {value!r}.")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise IcgdError(f"{where} must be a list, not {value!r}.")
        return tuple(_value(arguments[0], item, limits, where) for item in value)
    return _scalar(kind, value, limits, where)


def _scalar(kind: type, value: object, limits: typing.Mapping, where: str):
    if kind is float and isinstance(value, str):
        try:  # YAML reads 1e-3 (no dot) as text
            value = float(value)
        except ValueError:
            pass
    right = isinstance(value, kind) or (kind is float and isinstance(value, int))
    if not right or (isinstance(value, bool) and kind is not bool):
        raise IcgdError(f"{where} must be {_named(kind)}, not {value!r}.")
    if "choices" in limits and value not in limits["choices"]:
        raise IcgdError(f"{where} cannot be {value!r}; {nearest(value, limits['choices'])}")
    if "low" in limits and not value >= limits["low"]:
        raise IcgdError(f"{where} must be at least {limits['low']}, not {value}.")
    if "high" in limits and not value <= limits["high"]:
        raise IcgdError(f"{where} must be at most {limits['high']}, not {value}.")
    return kind(value)


def _named(kind: type) -> str:
    return {int: "a whole number", float: "a number", str: "text", bool: "true or false"}[kind]
