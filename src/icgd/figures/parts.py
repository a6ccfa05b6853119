"""What several figures share: words on axes, requests, and panels of a kind."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf

from icgd.figures import looks
from icgd.figures.looks import BLACK, MEASURES, Looks
from icgd.figures.panels import Across, Panel
from icgd.figures.queries import Curve, History, Over, Published, Query, level
from icgd.measures.request import Request

LOSS, STEP, COSINE, DIFFERENCE = "loss (half mean square)", "training step", "model cosine", "mean difference"
NAMES = {
    "one_layer": "one linear layer",
    "two_recurrent": "two recurrent layers",
    "three_recurrent": "three recurrent layers",
    "five_layers": "five layers",
    "ten_recurrent": "ten recurrent layers",
    "twelve_mlp": "twelve blocks",
    "softmax_one_head": "one softmax head",
    "softmax_two_heads": "two softmax heads",
    "layer_norm": "layer after LayerNorm",
    "layer_norm_two_layers": "two layers, LayerNorm between",
    "alternating": "two layers, alternating tokens",
}
SHIFTS = {  # axis of the grid and panel as published -> title, x, the scale of training
    "inputs": ("wider inputs", "input scale α", 1.0),
    "targets": ("larger teachers", "teacher scale α", 1.0),
    "inputs_other": ("inputs of other\ndistributions", "input scale α", None),
    "targets_other": ("teachers, other\ndistributions", "teacher scale α", None),
}
OWN, NETWORKS = {"trained": "network"}, {"trained": "network", "interpolated": "interpolated"}
ONE_STEP = {"gd_published": "gd published", "gd_optimal": "gd"}

Queries = tuple[Query, ...]
Subjects = Mapping[str, str]  # series -> predictor


def loss(subject: str = "network", along: str = "", tasks: str = "published") -> Request:
    """Loss of a predictor."""
    return Request("loss", subject, "", tasks, along)


def training(of: str, levels: Subjects, seeds: str = "mean") -> Queries:
    """Losses on the published tasks by step, and those of references."""
    curves = (level(of, loss(subject), series) for series, subject in levels.items())
    return History(of, seeds=seeds), *curves


def as_published(figure: str, *references: str) -> Queries:
    """The same in the paper: mean and seeds, and references, which have no seeds."""
    means = {"trained": "trained_mean", **{name: name for name in references}}
    return Published(figure, "loss", "mean", means), Published(figure, "loss", "seed", {"trained": "trained"})


def losses(title: str, queries: Queries, look: Looks, name: str = "loss", **more: object) -> Panel:
    """Losses by step."""
    return Panel(name, title, STEP, LOSS, queries, look, **more)


def over(
    panel: Panel, of: str, bases: Mapping[str, str], to: str, suffix: str = "over", **more: object
) -> Panel:
    """The panel with one under it that shows how all compare to one of its series."""
    base, percent, top = panel.looks["ours", bases["ours"]], more.pop("percent", False), more.pop("top", inf)
    y, even = (f"excess over\n{to} (%)", 0) if percent else (f"loss / {to}", 1)
    across = (Across(even, "", base.color, base.pen.line),)
    kind = {"log": "" if percent else "y", "across": across, **more}
    queries = (Over(of, panel.queries, bases, percent, top),)
    return replace(panel, under=Panel(f"{panel.name}_{suffix}", "", panel.x, y, queries, panel.looks, **kind))


def agreement(
    name: str, title: str, ask: Callable[[str], Queries], look: Looks, low: float = 0.0, **more: object
) -> Panel:
    """Measures of agreement by step: the cosine, and under it both differences."""
    cosines, *differences = map(ask, MEASURES)
    kind = {"log": "y", "ylim": (0.02, 3)} if low else {"ylim": (0, 2.2)}  # of deep networks
    under = Panel(name, "", STEP, DIFFERENCE, sum(differences, ()), look, **{**kind, **more})
    return Panel(name, title, STEP, COSINE, cosines, look, ylim=(low, 1.0 + 0.03 * (1 - low)), under=under)


def kept(of: str, figure: str, name: str, reference: str, seeds: str = "mean") -> Callable[[str], Queries]:
    """Agreement on the published tasks by state kept during training, and published."""
    return lambda measure: (
        Published(figure, name, "mean", {measure: measure}),
        Curve(of, Request(measure, "network", reference, "published", "training"), measure, seeds),
    )


def in_history(of: str, figure: str) -> Callable[[str], Queries]:
    """Agreement with one GD step, which the histories have, and published."""
    return lambda measure: (
        Published(figure, "align", "mean", {measure: measure}),
        History(of, measure, measure),
    )


def sweep(of: str, axis: str, clip: bool, series: Subjects, seeds: str = "states") -> Queries:
    """Losses along an axis of shifts: of networks by seed, of references once."""
    asked = {name: loss(subject, f"{axis} clipped 10" if clip else axis) for name, subject in series.items()}
    return tuple(Curve(of, asked[name], name, seeds if name in NETWORKS else "once") for name in series)


def shift(axis: str, queries: Queries, look: Looks, title: str = "", name: str = "", y: str = LOSS) -> Panel:
    """One axis of shifts, with the scale of training."""
    words, x, trained_at = SHIFTS[axis]
    mark = () if trained_at is None else (Across(trained_at, "scale of training", BLACK, upright=True),)
    return Panel(name or axis, title or words, x, y, queries, look, log="y", across=mark)


def shifts(
    of: str, figure: str, clip: bool, series: Subjects, look: Looks | None = None
) -> tuple[Panel, ...]:
    """All axes side by side."""
    queries = {axis: (*sweep(of, axis, clip, series), Published(figure, axis)) for axis in SHIFTS}
    look = look or looks.sweep(NAMES[of])
    return tuple(
        shift(axis, found, look, f"({letter}) {SHIFTS[axis][0]}", y=LOSS if axis == "inputs" else "")
        for letter, (axis, found) in zip("abcd", queries.items(), strict=True)
    )
