"""What is trained and what is done with it: one class a block of an experiment."""

import itertools
from dataclasses import dataclass, fields

from icgd import paths
from icgd.config.parsing import build, plain, setting
from icgd.errors import IcgdError

ANALYSES = tuple(paths.ANALYSES)
DISTRIBUTIONS = ("uniform", "normal")
LAYER_NORMS = ("none", "every", "after_first")
KINDS = {"linear": "regression", "sine": "regression"}  # task family -> module of icgd.training


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
class Trainable:
    """What an experiment and a sweep share: something to train, and what it is measured on."""

    about: str = setting("one sentence: what it is for")
    task: Task = setting("what is learnt from")
    model: Model = setting("what learns", Model())
    optimiser: Optimiser = setting("how it learns", Optimiser())
    training: Training = setting("how long it learns", Training())
    evaluation: Evaluation = setting("what its networks are measured on", Evaluation())
    seeds: int = setting("training seeds, 0 to this minus 1", 5, low=1)
    reduced: str | None = setting("what was reduced against the source's setting, and why", None)


@dataclass(frozen=True, kw_only=True)
class Experiment(Trainable):
    """One training setting and what is done with its networks."""

    analyses: tuple[str, ...] = setting("what its networks go through", ("align",), choices=ANALYSES)


@dataclass(frozen=True, kw_only=True)
class Sweep(Trainable):
    """Many short runs: a base setting, and values of some of its settings in all combinations."""

    axes: dict[str, list] = setting("dotted setting, such as optimiser.learning_rate: its values")
    seeds: int = setting("training seeds, 0 to this minus 1", 2, low=1)

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
        parts = {item.name: getattr(self, item.name) for item in fields(Trainable)}
        return Experiment(**with_point(parts, point, "axes"))


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
