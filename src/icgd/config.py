"""Settings: what config.yaml may say, checked once where it enters; frozen, as JAX needs them."""

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from icgd.errors import IcgdError, nearest
from icgd.files import read_yaml

SCALES = ("smoke", "quick", "full")
DEEP = 10  # layers from which a step is dear
SMOKE_POINTS = 2  # of the axes of an experiment in a smoke run
SEQUENCES = ("dynamics", "streams", "text")  # families that causal networks learn from
BYTES = 73  # different ones in the text that language models learn from
AXES_OF = ("task", "model", "causal", "optimiser", "training")  # blocks whose settings can be an axis
Weights = Literal["train", "committed"]
Generator = Literal["threefry2x32", "philox4x32"]
Checked = TypeVar("Checked", bound=BaseModel)


def _number(value: object) -> object:
    """YAML reads true as a number and 1e-3 (no dot) as text; the first is refused, the second is not."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


Count = Annotated[int, Field(strict=True)]
Real = Annotated[float, BeforeValidator(_number)]
Switch = Annotated[bool, Field(strict=True)]


class Block(BaseModel):
    """A mapping in config.yaml: no key but the known ones, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Task(Block):
    """A family of in-context regression problems."""

    family: Literal["linear", "sine", "dynamics", "streams", "text"] = Field(
        "linear",
        description="linear regression, sine waves; second paper: sequences of states, x_1, y_1, x_2, ..., "
        "or text byte by byte",
    )
    inputs: Count = Field(description="input dimension d; dynamics: of the observed states", ge=1)
    context: Count = Field(description="number N of context pairs; dynamics: of states T", ge=1)
    input_range: Real = Field(1.0, description="linear: width r of x ~ U(-r/2, r/2)", ge=1e-6)
    released_phase: Switch = Field(True, description="sine: phase tied to amplitude, as in the released code")
    distribution: Literal["uniform", "normal"] = Field(
        "uniform", description="linear: inputs uniform, or normal with standard deviation 1"
    )
    input_scales: tuple[Real, ...] = Field(
        (), description="linear: factor on each input coordinate; empty: 1"
    )
    label_noise: Real = Field(
        0.0, description="linear: standard deviation of noise on the context's labels", ge=0
    )
    teacher_mean: Real = Field(0.0, description="linear: mean of each of the teacher's weights")
    teacher: Literal["orthogonal", "contracting", "fixed", "mlp"] = Field(
        "orthogonal",
        description="dynamics: h -> W h with W of its own for every sequence, orthogonal or "
        "contracting, or one fixed W for all; mlp: orthogonal W after a fixed nonlinearity",
    )
    hidden: Count | None = Field(
        None, description="dynamics: size of hidden states seen through a random matrix; null: seen", ge=1
    )
    start_range: Real = Field(1.0, description="dynamics: h_1 ~ U(-r, r)", ge=0)
    state_noise: Real = Field(0.01, description="dynamics: standard deviation of a step's noise", ge=0)
    observation_noise: Real = Field(0.0, description="dynamics: that of what is seen of a state", ge=0)
    state_clip: Real = Field(10.0, description="dynamics: states are clipped to +-this", gt=0)


class Model(Block):
    """Transformer of residual self-attention layers."""

    layers: Count = Field(1, description="number K of layers", ge=1)
    heads: Count = Field(1, description="attention heads of a layer", ge=1)
    recurrent: Switch = Field(False, description="one set of weights for all layers")
    softmax_layers: Count = Field(0, description="how many of the first layers have softmax attention", ge=0)
    alternating: Switch = Field(
        False, description="tokens x_1, y_1, x_2, ... rather than (x_1, y_1), (x_2, ..."
    )
    position_size: Count = Field(
        0, description="entries of the position code after each token, if alternating", ge=0
    )
    embedding: Count = Field(
        0, description="width of an embedding with an MLP before attention; 0: none", ge=0
    )
    include_query: Switch = Field(False, description="is the query token among the keys and values")
    key_size: Count | None = Field(
        None, description="entries of queries, keys, values; null: a token's", ge=1
    )
    layer_norm: Literal["none", "every", "after_first"] = Field(
        "none",
        description="before every attention and MLP, or all but the first attention (not recurrent)",
    )
    mlp: Switch = Field(False, description="an MLP after each attention")
    given_step: Real | None = Field(
        None, description="attention is one GD step of this size eta / N and is not trained"
    )
    token_clip: Real | None = Field(None, description="tokens are clipped to +-this after each layer", ge=0)
    init_variance: Real = Field(
        0.002, description="variance scale of truncated-normal fan-in init, over K", ge=0
    )


class Causal(Block):
    """Network with a causal mask that predicts the next state of a sequence at every position."""

    layers: tuple[Literal["linear", "softmax", "mesa", "delta", "longhorn", "gru"], ...] = Field(
        description="the kind of every layer, from the first to the last", min_length=1
    )
    heads: Count = Field(4, description="attention heads of a layer", ge=1)
    key_size: Count = Field(20, description="entries of queries, keys, values", ge=1)
    width: Count = Field(40, description="entries of a token inside; constructed: four states", ge=1)
    tokens: Literal["raw", "constructed"] = Field(
        "raw", description="s_t, embedded and read out by matrices, or (0, s_t, s_t, s_t-1) as it is"
    )
    masked: Switch = Field(False, description="constructed: the first half of every token is set to 0")
    token_clip: Real | None = Field(None, description="tokens are clipped to +-this after each layer", gt=0)
    position: Literal["none", "beside", "added"] = Field(
        "none",
        description="the position's code: beside the tokens that layer one makes queries and keys of, or "
        "added to all tokens before it",
    )
    mlp: Count = Field(0, description="hidden units of an MLP after each attention; 0: none", ge=0)
    qk_norm: Switch = Field(False, description="queries and keys of norm 1, in all layers but the first")
    unit_keys: Switch = Field(
        False, description="queries and keys (their features, if any) of norm 1, in linear and mesa layers"
    )
    features: Count = Field(
        0,
        description="linear, mesa: order nu of DPFP features of queries and keys; 0: as they are",
        ge=0,
    )
    key_shift: Switch = Field(False, description="a token's key is that of the token before it")
    forgetting: Switch = Field(
        False, description="mesa: all before counts gamma times as much at each token, gamma learnt"
    )
    layer_norm: Switch = Field(False, description="LayerNorm before every attention and MLP")
    final_norm: Switch = Field(False, description="LayerNorm before the read-out")
    init_std: Real = Field(0.05, description="standard deviation of every matrix at first", ge=0)
    tuned: Literal["all", "end", "prefix", "copies"] = Field(
        "all",
        description="what is trained; streams: the token that ends a pair, or 20 tokens before them; copies: "
        "a linear layer for each layer, which is to add the same to the tokens",
    )
    init_lambda: Real = Field(
        1.0, description="mesa: lambda of every head at first; delta, longhorn: rate", gt=0
    )


class Optimiser(Block):
    """clip by global norm, then AdamW (released code; the paper's text differs, see docs)."""

    learning_rate: Real = Field(1e-3, description="Adam's step size", ge=0)
    b1: Real = Field(0.9, description="decay of the first moment", ge=0, le=1)
    b2: Real = Field(0.98, description="decay of the second moment", ge=0, le=1)
    weight_decay: Real = Field(0.0, description="decoupled weight decay", ge=0)
    clip_norm: Real = Field(0.001, description="largest global norm of the gradient", ge=0)
    clip_value: Real | None = Field(
        None, description="instead: largest size of each entry of the gradient (second paper)", gt=0
    )
    decay_to: Real = Field(1.0, description="share of the learning rate left at the end (cosine)", ge=0, le=1)
    warm_up: Count = Field(0, description="steps in which the learning rate rises from 0", ge=0)
    decay_over: Count | None = Field(
        None, description="steps, warm-up included, at which decay_to is reached; null: those trained", ge=1
    )


class Training(Block):
    """How long, on how much, how often."""

    steps: Count = Field(5000, description="optimiser steps", ge=1)
    batch: Count = Field(2048, description="fresh tasks of a step", ge=1)
    every: Count = Field(100, description="steps between two lines of the history", ge=1)
    history_tasks: Count = Field(10_000, description="tasks that the history is measured on", ge=10)
    fixed_tasks: Count = Field(0, description="size of a fixed training set; 0: fresh tasks each step", ge=0)
    snapshots: Count = Field(0, description="equally spaced states kept beside the last weights", ge=0)
    again: Switch = Field(False, description="from the same first weights, but on other fresh tasks")


class Evaluation(Block):
    """What trained networks are measured on."""

    tasks: Count = Field(50_000, description="fresh tasks of each seed's own evaluation set", ge=100)
    control_tasks: Count | None = Field(
        None,
        description="the first so many of them for networks that stand in as controls; null: all",
        ge=100,
    )
    published_tasks: Count = Field(10_000, description="the first so many of the published tasks", ge=100)
    state_tasks: Count = Field(
        4000, description="the first so many tasks, for states on the way through training", ge=100
    )
    shifted_tasks: Count = Field(
        10_000, description="fresh tasks of each seed at every point of a sweep", ge=100
    )
    converged_below: Real = Field(
        0.72,
        description="training loss over the last 500 steps, as a share of the zero predictor's loss, below "
        "which a seed has left its plateau (0.72 of 0.4167 is 0.30; the plateau is at 0.389)",
        ge=0,
        le=1,
    )


class Experiment(Block):
    """Something to train and what it is measured on; with axes, at many settings (a sweep)."""

    about: str = Field(description="one sentence: what it is for")
    task: Task = Field(description="what is learnt from")
    model: Model = Field(Model(), description="what learns")
    causal: Causal | None = Field(None, description="what learns instead, from sequences of states")
    start: str | None = Field(
        None, description="experiment whose last weights, of the same seed, are those at first"
    )
    optimiser: Optimiser = Field(Optimiser(), description="how it learns")
    training: Training = Field(Training(), description="how long it learns")
    evaluation: Evaluation = Field(Evaluation(), description="what its networks are measured on")
    seeds: Count = Field(5, description="training seeds, 0 to this minus 1", ge=1)
    reduced: str | None = Field(None, description="what was reduced against the source's setting, and why")
    axes: dict[str, tuple[object, ...]] = Field(
        {},
        description="dotted setting, such as optimiser.learning_rate: its values, in all combinations; or a "
        "block, such as causal: what differs in each variant",
    )

    @property
    def points(self) -> list[dict[str, object]]:
        """The value of every axis at every point, the last axis fastest; empty without axes."""
        combinations = itertools.product(*self.axes.values()) if self.axes else ()
        return [dict(zip(self.axes, values, strict=True)) for values in combinations]


class Settings(Block):
    """An experiment at a scale: all that its training and its measures depend on, besides a seed."""

    task: Task
    model: Model = Model()
    causal: Causal | None = None
    start: str | None = None
    optimiser: Optimiser = Optimiser()
    training: Training = Training()
    evaluation: Evaluation = Evaluation()
    seeds: int = 1
    points: tuple[dict[str, object], ...] = ()
    key_implementation: Generator = "threefry2x32"

    def at(self, point: Mapping[str, object]) -> "Settings":
        """The settings of one point: {"training.batch": 128}.

        Raises:
            IcgdError: a key that is no setting, or a value that does not fit.
        """
        return self.model_copy(update={**_changed(self, point), "points": ()})

    @property
    def of_training(self) -> dict[str, object]:
        """The part that training depends on, as plain values: what is recorded with weights."""
        return self.model_dump(mode="json", exclude={"evaluation", "seeds"})


class Bounds(Block):
    """Upper bounds on what an experiment costs; null: its own setting."""

    seeds: Count | None = Field(None, description="at most this many seeds", ge=1)
    steps: Count | None = Field(None, description="at most this many optimiser steps", ge=1)
    batch: Count | None = Field(None, description="at most this many tasks a step", ge=1)
    tasks: Count | None = Field(None, description="at most this many tasks in any evaluation set", ge=100)


class Scale(Bounds):
    """Upper bounds that a scale puts on every experiment; null: the experiment's own setting."""

    weights: Weights = Field("train", description="train, or take the committed ones")
    causal: Bounds = Field(Bounds(), description="other bounds for causal networks, a step of which is dear")
    deep: Bounds = Field(Bounds(), description="other bounds for ten layers and more, for the same reason")
    every: Count | None = Field(None, description="at most this many steps between history lines", ge=1)


class Config(Block):
    """Everything in config.yaml."""

    scale: Literal["smoke", "quick", "full"] = Field("quick", description="which outputs are wanted")
    weights: Weights | None = Field(
        None, description="train or committed, at every scale; null: as the scale says"
    )
    key_implementation: Generator = Field("threefry2x32", description="random bit generator")
    seeds_together: Switch = Field(
        False, description="all seeds of an experiment in one training job (for a GPU)"
    )
    scales: dict[str, Scale] = Field(description="bounds of each scale")
    experiments: dict[str, Experiment] = Field(description="what is trained")
    figures: tuple[str, ...] | None = Field(None, description="what is drawn; null: every figure")
    sources: tuple[str, ...] | None = Field(
        None, description="whose claims are decided, and their figures drawn; null: of every source"
    )

    def named(self, name: str) -> Experiment:
        """An experiment as config.yaml has it.

        Raises:
            IcgdError: no such experiment.
        """
        if name not in self.experiments:
            raise IcgdError(f"there is no experiment {name!r}; {nearest(name, self.experiments)}")
        return self.experiments[name]

    def settings(self, name: str, scale: str | None = None) -> Settings:
        """An experiment with the bounds of a scale applied, to each of its points too.

        Raises:
            IcgdError: no such experiment or scale.
        """
        scale, experiment = scale or self.scale, self.named(name)
        if scale not in self.scales:
            raise IcgdError(f"there is no scale {scale!r}; {nearest(scale, self.scales)}")
        blocks = {part: getattr(experiment, part) for part in (*AXES_OF, "start", "evaluation", "seeds")}
        whole = Settings(**blocks, key_implementation=self.key_implementation)
        points = experiment.points[:SMOKE_POINTS] if scale == "smoke" else experiment.points
        bounded = [_bounded(whole.at(point), self.scales[scale]) for point in points]
        reached = tuple(
            {key: _reached(one, key, value) for key, value in point.items()}
            for one, point in zip(bounded, points, strict=True)
        )
        return _bounded(whole, self.scales[scale]).model_copy(update={"points": reached})

    def seeds(self, name: str, scale: str | None = None) -> range:
        """Training seeds of an experiment at a scale."""
        return range(self.settings(name, scale).seeds)

    def trains(self, scale: str) -> bool:
        """Whether weights of this scale are trained here rather than taken as committed."""
        return (self.weights or self.scales[scale].weights) == "train"


def load(path: str | Path = "config.yaml") -> Config:
    """Read and check config.yaml.

    Raises:
        IcgdError: unreadable, or something in it is wrong; names the key and what would be right.
    """
    return from_mapping(read_yaml(path), str(path))


def from_mapping(values: object, where: str = "config.yaml") -> Config:
    """A checked configuration from a mapping (Snakemake hands over its own, with --config applied)."""
    config = checked(Config, values, where)
    absent = [name for name in SCALES if name not in config.scales]
    if absent:
        raise IcgdError(f"{where}: scales lacks {absent[0]!r}; it needs {', '.join(SCALES)}.")
    for name in config.scales:
        if name not in SCALES:
            raise IcgdError(f"{where}: scales has unknown {name!r}; {nearest(name, SCALES)}")
    for name, experiment in config.experiments.items():
        _check(experiment, f"{where}: experiments.{name}")
        if experiment.start is not None and experiment.start not in config.experiments:
            best = nearest(experiment.start, config.experiments)
            raise IcgdError(f"{where}: experiments.{name}.start cannot be {experiment.start!r}; {best}")
    return config


def checked(cls: type[Checked], values: object, where: str) -> Checked:
    """An object of ``cls`` from plain values; the first error as one sentence.

    Raises:
        IcgdError: says where, what is wrong, and for a misspelt key its nearest neighbours.
    """
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        raise IcgdError(explained(error, cls, where)) from error


def explained(error: ValidationError, cls: type[BaseModel], where: str) -> str:
    """The first thing that is wrong: where it is, what would be right."""
    first = error.errors(include_url=False)[0]
    place = [str(part) for part in first["loc"]]
    *holders, last = place or [""]
    path = f"{where}: {'.'.join(holders)}" if holders else where
    if first["type"] == "extra_forbidden":
        return f"{path} has unknown key {last!r}; {nearest(last, _keys(cls, holders))}"
    if first["type"] == "missing":
        about = getattr(_block(cls, holders).model_fields[last], "description", None)
        return f"{path} lacks {last!r}{f' ({about})' if about else ''}."
    found, message = first["input"], first["msg"].removeprefix("Value error, ")
    if first["type"] == "literal_error":
        choices = message.removeprefix("Input should be ").replace(" or ", ", ").replace("'", "").split(", ")
        return f"{where}: {'.'.join(place)} cannot be {found!r}; {nearest(found, choices)}"
    message = message.replace("Input should be", "must be").replace(
        "a valid dictionary or instance of", "a mapping:"
    )
    return f"{where}: {'.'.join(place)} {message}, not {found!r}."


def _block(cls: type[BaseModel], path: Iterable[str]) -> type[BaseModel]:
    """The class of a nested block, by the keys that lead there."""
    for key in path:
        field = cls.model_fields.get(key)
        if field is not None:
            kinds = [field.annotation, *get_args(field.annotation)]
            cls = next(
                (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), cls
            )
    return cls


def _keys(cls: type[BaseModel], path: Iterable[str]) -> Iterable[str]:
    return _block(cls, path).model_fields


def _changed(holder: Experiment | Settings, point: Mapping[str, object]) -> dict[str, BaseModel]:
    """Blocks of settings with those of a point."""
    blocks: dict[str, BaseModel] = {}
    for key, value in point.items():
        part, _, name = key.partition(".")
        if part not in AXES_OF or (not name and not isinstance(value, Mapping)):
            raise IcgdError(f"axes: there is no setting {key!r}; write it as optimiser.learning_rate.")
        block = blocks.get(part, getattr(holder, part))
        if block is None:
            raise IcgdError(f"axes: {key} needs a block {part} to change.")
        changes = {name: value} if name else value
        blocks[part] = checked(type(block), {**block.model_dump(), **changes}, f"axes: {part}")
    return blocks


def _reached(settings: Settings, key: str, value: object) -> object:
    """The value of a dotted setting, or of what a point says of a block."""
    part, _, name = key.partition(".")
    block = getattr(settings, part).model_dump(mode="json")
    return block[name] if name else {name: block[name] for name in value}


def _bounded(settings: Settings, bound: Scale) -> Settings:
    """The settings with a scale's upper bounds applied."""

    def capped(block: BaseModel, **bounds: int | None) -> BaseModel:
        lowered = {
            key: min(getattr(block, key), top)
            for key, top in bounds.items()
            if top and getattr(block, key) is not None
        }
        return block.model_copy(update=lowered)

    other = bound.causal if settings.causal else bound.deep if settings.model.layers >= DEEP else Bounds()
    bound = bound.model_copy(update=other.model_dump(exclude_none=True))
    whole = capped(settings, seeds=bound.seeds)
    training = {"steps": bound.steps, "batch": bound.batch, "fixed_tasks": bound.batch, "every": bound.every}
    of_tasks = dict.fromkeys(
        ("tasks", "control_tasks", "published_tasks", "state_tasks", "shifted_tasks"), bound.tasks
    )
    return whole.model_copy(
        update={
            "training": capped(settings.training, **training, history_tasks=bound.tasks),
            "evaluation": capped(settings.evaluation, **of_tasks),
        }
    )


def _check(experiment: Experiment, where: str) -> None:
    """Combinations that cannot be, at every point of the axes."""
    for key, values in experiment.axes.items():
        if not values:
            raise IcgdError(f"{where}.axes: {key} needs a list of values.")
    for point in experiment.points or [{}]:
        try:
            at = experiment.model_copy(update=_changed(experiment, point))
        except IcgdError as error:
            raise IcgdError(f"{where}.{error}") from error
        for wrong, sentence in contradictions(at):
            if wrong:
                raise IcgdError(f"{where}{f' at {point}' if point else ''}: {sentence}")


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
            model.softmax_layers > model.layers,
            f"model.softmax_layers is {model.softmax_layers}, but there are {model.layers} layers.",
        ),
        (
            task.family == "sine" and task.inputs != 1,
            f"task.inputs is {task.inputs}, but a sine wave has 1.",
        ),
        (
            len(task.input_scales) not in (0, task.inputs),
            f"task.input_scales has {len(task.input_scales)} entries; it needs {task.inputs}, one an input.",
        ),
        (
            0 < training.fixed_tasks < training.batch,
            f"training.fixed_tasks is {training.fixed_tasks}, less than the batch of {training.batch}.",
        ),
        (
            experiment.optimiser.decay_over is not None
            and experiment.optimiser.decay_over <= experiment.optimiser.warm_up,
            "optimiser.decay_over must be more than warm_up.",
        ),
        *_of_sequences(experiment),
    ]


def _of_sequences(experiment: Experiment) -> list[tuple[bool, str]]:
    """`contradictions` of networks with a causal mask."""
    task, causal = experiment.task, experiment.causal
    if causal is None:
        return [
            (task.family in SEQUENCES, f"task.family: {task.family} needs a causal network."),
            (experiment.start is not None, "start needs a causal network."),
        ]
    constructed, streams = causal.tokens == "constructed", task.family == "streams"
    copies = causal.tuned == "copies"
    only = ("unit_keys", "features", "key_shift", "forgetting", "final_norm")  # of raw tokens
    of_text = ", ".join(name for name in only if getattr(causal, name))
    return [
        (
            task.family not in SEQUENCES,
            f"causal needs sequences: set task.family to dynamics, streams or text, not {task.family}.",
        ),
        (
            task.family == "text" and (task.inputs != BYTES or constructed),
            f"task.family: text needs task.inputs {BYTES}, one a byte that occurs, and raw tokens.",
        ),
        (
            task.context < 2,
            f"task.context is {task.context}, but nothing can be learnt from fewer than 2 states.",
        ),
        (
            task.teacher == "mlp" and task.hidden is not None,
            "task.hidden must be null where the teacher is mlp.",
        ),
        (
            experiment.training.fixed_tasks > 0,
            "training.fixed_tasks must be 0: sequences are drawn afresh at every step.",
        ),
        (
            streams != (causal.tuned in ("end", "prefix")),
            "causal.tuned: end or prefix and task.family: streams need each other.",
        ),
        (
            streams and (experiment.start is None or constructed or experiment.optimiser.weight_decay > 0),
            "streams need start, raw tokens and weight_decay 0: all but the tuned tokens stays as it is.",
        ),
        (
            copies and (experiment.start is None or experiment.optimiser.weight_decay > 0),
            "causal.tuned: copies needs start, and weight_decay 0: all but the copies stays as it is.",
        ),
        (
            copies and not {"linear", "softmax"} >= set(causal.layers),
            "causal.tuned: copies are of linear and softmax layers.",
        ),
        (
            copies and bool(causal.mlp or causal.qk_norm or causal.layer_norm or of_text),
            "causal.tuned: copies are of layers without MLP, LayerNorm, qk_norm and the settings for text.",
        ),
        (
            bool(of_text) and (constructed or causal.qk_norm),
            f"causal.{of_text} needs raw tokens without qk_norm.",
        ),
        (
            (causal.unit_keys or causal.features > 0) and not {"linear", "mesa"} & set(causal.layers),
            "causal.unit_keys and causal.features are of linear and mesa layers, and there is none.",
        ),
        (causal.forgetting and "mesa" not in causal.layers, "causal.forgetting is of mesa layers."),
        (
            causal.key_shift and "gru" in causal.layers,
            "causal.key_shift: a gru layer has no keys.",
        ),
        (experiment.start is not None and bool(experiment.axes), "start and axes exclude each other."),
        (
            constructed and causal.width != 4 * task.inputs,
            f"causal.width is {causal.width}, but constructed tokens of {task.inputs} inputs have "
            f"{4 * task.inputs} entries.",
        ),
        (causal.masked and not constructed, "causal.masked needs constructed tokens."),
        (
            causal.masked and len(causal.layers) > 1,
            "causal.masked needs a single layer: the mask would hide what another has found.",
        ),
        (
            causal.position != "none" and constructed,
            "causal.position needs raw tokens: constructed ones hold the state before.",
        ),
        (
            causal.init_lambda != 1.0 and not {"mesa", "delta", "longhorn"} & set(causal.layers),
            "causal.init_lambda is set, but no layer is mesa, delta or longhorn.",
        ),
    ]
