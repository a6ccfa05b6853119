"""Figure 15: the course of training with one and two linear heads, and of a block on a fixed set."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icgd import paths
from icgd.config import Config, SweepSettings
from icgd.figures import data, marks, style
from icgd.figures.inputs import BASE, GROKKING

PANELS = {BASE: "(a) one head", "two_heads": "(b) two heads"}
LATE = {BASE: "fig15_late_step", "two_heads": "fig15_two_heads_step"}
LOOKS: marks.Looks = {
    ("ours", "none"): marks.Look("trained, one seed", style.BLUE, width=0.7, alpha=0.7),
    ("ours", "gd"): marks.Look("GD, optimal rate", style.ORANGE, "--", 1.0),
    ("ours", "rank_one"): marks.Look("rank-one saddle (closed form)", style.GREEN, "-.", 1.0),
    ("published", "level"): marks.Look(
        "published: plateaus of Fig. 2, lowest and highest", style.GREY, "-", 2.0
    ),
    ("ours", "rate_0.0001"): marks.Look("test loss in (c), rate 0.0001, one run", style.PURPLE, width=0.7),
    ("ours", "rate_0.0003"): marks.Look("the same, rate 0.0003", style.GREEN, width=0.7),
    ("ours", "rate_0.001"): marks.Look("the same, rate 0.001", style.BLUE, width=0.7),
    ("published", "test"): marks.Look("published: test loss in (c), read by eye", style.GREY, "-", 1.6),
    ("published", "drop"): marks.Look("published: step of a drop, read by eye", style.GREY, ":", 1.4),
}


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Every seed's loss on the published tasks by step, and the test loss of every run of the search."""
    search = grokking(scale, config)
    frame = pd.concat([*(panel(scale, name) for name in PANELS), search])
    counts = {name: config.experiment(name, scale).seeds for name in PANELS}
    title = ", ".join(f"{counts[name]} seeds {PANELS[name][4:]}" for name in PANELS)
    figure = style.canvas(style.WIDE, 3.7, f"{scale}: {title}")
    *firsts, last = figure.subplots(1, 3)
    for axes, (name, text) in zip(firsts, PANELS.items(), strict=True):
        show(axes, frame[frame.panel == name], text)
        measures = data.table(scale, name, "phases")
        late = (data.measure(measures[measures.tasks == "published"], "reached_gd") > 1000).sum()
        note = f"{late} of {counts[name]}\nseeds need\nmore than\n1000 steps"
        marks.note(axes, note, 0.74, 0.6, "right")
    marks.lines(last, search, LOOKS)
    marks.label(last, "(c) block with an MLP", "training step", "")
    found = data.read(paths.runs(scale, GROKKING))
    groks = found[(found.measure == "seeds_that_grok") & (found.plant == "none")].value
    marks.note(
        last,
        f"on 8192 fixed tasks both seeds\ngrok in {(groks >= 2).sum()} of {len(groks)} settings",
        0.04,
        0.88,
    )
    last.set_ylim(0.19, 0.57)
    firsts[1].set_ylabel("")
    style.legend(figure, 2)
    return figure, frame


def panel(scale: str, name: str) -> pd.DataFrame:
    """Courses of one experiment with the levels of its tasks, and what was published."""
    curves = data.table(scale, name, "phases-curves")
    rows = curves[curves.series.isin(["none", "gd", "rank_one"])]
    levels = (rows.series != "none") & (rows.unit != rows.unit.min())  # the same for all seeds
    rows = rows[~levels]
    ours = data.tidy(rows, name, rows.series, "step", "loss")
    ours.loc[ours.series != "none", "unit"] = ""
    steps = (0.0, float(ours.x.max()))
    theirs = [
        line(name, "drop", case, [step, step], [0.2, 0.41]) for case, step in data.numbers(LATE[name]).items()
    ]
    if name == BASE:
        found = data.numbers("fig2_plateau").items()
        theirs += [line(name, "level", case, steps, [level, level]) for case, level in found]
    return pd.concat([ours, *theirs])


def grokking(scale: str, config: Config) -> pd.DataFrame:
    """Test loss of every run, by learning rate, and the published course."""
    settings = config.sweep(SweepSettings, GROKKING, scale)
    rates = {k: f"rate_{point['optimiser.learning_rate']:g}" for k, point in enumerate(settings.points)}
    rows = data.read(paths.runs(scale, GROKKING, "runs-curves"))
    rows["unit"] = "point " + rows.point.astype(str) + " seed " + rows.seed.astype(str)
    ours = data.tidy(rows, GROKKING, rows.point.map(rates), "step", "evaluation_loss")
    corners = {float(step): loss for step, loss in data.numbers("fig15_grokking").items()}
    inside = {step: loss for step, loss in corners.items() if step <= max(ours.x.max(), 1)}
    return pd.concat([ours, line(GROKKING, "test", "", [*inside], [*inside.values()])])


def line(name: str, series: str, unit: str, x: list[float], y: list[float]) -> pd.DataFrame:
    """A published number as a line."""
    rows = pd.DataFrame({"unit": unit, "x": x, "y": y})
    return data.tidy(rows, name, series, "x", "y").assign(source="published")


def show(axes: Axes, rows: pd.DataFrame, title: str) -> None:
    """One panel."""
    marks.lines(axes, rows, LOOKS)
    axes.set_ylim(0.19, 0.43)
    marks.label(axes, title, "training step", "loss (half mean square)")
