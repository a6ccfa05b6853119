"""What several figures share: words on axes, requests, and panels of a kind."""

from collections.abc import Mapping

from icgd.figures.looks import AGREEMENT, CURVES, MEASURES, SWEEP, Looks
from icgd.figures.panels import Panel
from icgd.figures.queries import Curve, History, Published, Query, level
from icgd.measures.request import Request

LOSS, STEP, COSINE = "loss (half mean square)", "training step", "model cosine (no unit)"
SHIFTS = {  # axis of the grid and panel as published -> title, x, the scale of training
    "inputs": ("inputs", "input scale α", 1.0),
    "targets": ("targets", "teacher scale α", 1.0),
    "inputs_other": ("inputs,\nother distributions", "input scale α", None),
    "targets_other": ("targets,\nother distributions", "teacher scale α", None),
}
OWN, NETWORKS = {"trained": "network"}, {"trained": "network", "interpolated": "interpolated"}
ONE_STEP = {"gd_published": "gd published", "gd_optimal": "gd"}

Queries = tuple[Query, ...]
Subjects = Mapping[str, str]  # series -> predictor


def loss(subject: str = "network", along: str = "", tasks: str = "published") -> Request:
    """Loss of a predictor."""
    return Request("loss", subject, "", tasks, along)


def training(of: str, levels: Subjects) -> Queries:
    """Losses on the published tasks by step, and those of references."""
    return History(of), *(level(of, loss(subject), series) for series, subject in levels.items())


def as_published(figure: str, *references: str) -> Queries:
    """The same in the paper: mean and seeds, and references, which have no seeds."""
    means = {"trained": "trained_mean", **{name: name for name in references}}
    return Published(figure, "loss", "mean", means), Published(figure, "loss", "seed", {"trained": "trained"})


def losses(title: str, queries: Queries, looks: Looks = CURVES, name: str = "loss", **more: object) -> Panel:
    """Losses by step."""
    return Panel(name, title, STEP, LOSS, queries, looks, **more)


def kept(of: str, reference: str) -> Queries:
    """The measures of agreement on the published tasks, on the states kept during training."""
    asked = {name: Request(name, "network", reference, "published", "training") for name in MEASURES}
    return tuple(Curve(of, request, name, "mean") for name, request in asked.items())


def agreement(name: str, title: str, queries: Queries, to: str = "GD", **more: object) -> Panel:
    """Measures of agreement by step: the cosine on the left axis, differences on the right one."""
    right = f"mean difference to {to} (units of y)"
    known = {"looks": AGREEMENT, "ylim": (0, 1.05), "right": right, "right_top": 2.2}
    return Panel(name, title, STEP, COSINE, queries, **{**known, **more})


def agreement_in_history(name: str, title: str, of: str, figure: str) -> Panel:
    """Agreement with one GD step, which the histories have."""
    ours = (History(of, measure, measure) for measure in MEASURES)
    return agreement(name, title, (Published(figure, "align", "mean"), *ours))


def sweep(of: str, axis: str, clip: bool, series: Subjects) -> Queries:
    """Losses along an axis of shifts: of networks by seed, of references once."""
    asked = {name: loss(subject, f"{axis} clipped 10" if clip else axis) for name, subject in series.items()}
    return tuple(Curve(of, asked[name], name, "states" if name in NETWORKS else "once") for name in series)


def shift(
    axis: str, queries: Queries, title: str = "", name: str = "", y: str = LOSS, looks: Looks = SWEEP
) -> Panel:
    """One axis of shifts; the scale of training dashed."""
    words, x, trained_at = SHIFTS[axis]
    return Panel(name or axis, title or words, x, y, queries, looks, log="y", mark=trained_at)


def shifts(of: str, figure: str, clip: bool, series: Subjects) -> tuple[Panel, ...]:
    """All axes side by side."""
    queries = {axis: (*sweep(of, axis, clip, series), Published(figure, axis)) for axis in SHIFTS}
    return tuple(shift(axis, found, y=LOSS if axis == "inputs" else "") for axis, found in queries.items())
