"""Figures of one linear layer: against one step of gradient descent, applied again, in training."""

# ruff: noqa: I001
# fmt: off
from dataclasses import replace

from icgd.figures import looks, parts
from icgd.figures.looks import (
    AMBER, BLACK, BLUE, DASHED, DOT, DOTTED, GREEN, GREY, ORANGE, PUBLISHED, PUBLISHED_SEED, PURPLE, SEED,
    SKY, SOLID, Look, Pen, hollow,
)
from icgd.figures.panels import Across, Figure, Note, Panel
from icgd.figures.parts import LOSS, NAMES, NETWORKS, ONE_STEP, STEP
from icgd.figures.queries import END, ENDS, Curve, Given, History, Number, Points, Published, Runs, level
from icgd.figures.special import Matrix
from icgd.measures.request import Request
from icgd.references import closed_form

BASE, TWO, THREE = "one_layer", "two_recurrent", "three_recurrent"
PUBLISHED_RATE = {"gd_published": "gd published"}
OF_EACH = {"ours": "gd_published", "published": "gd"}  # the base of a comparison

# Applied again and again (figures 1 and 10)


def rolled_out(figure: str, damping: float, title: str, every: int | None = None, **under: object) -> Panel:
    """Losses by application; x counts from 0, which is after one step, as published."""
    name, along = f"damping_{damping:g}", f"roll_out {damping:g}"
    seeds = "mean" if figure == "fig1" else "median"
    queries = (
        Curve(BASE, parts.loss(along=along), "trained", seeds, 1, every),
        *(Curve(BASE, parts.loss(gd, along), series, "once", 1, every) for series, gd in ONE_STEP.items()),
        *(Published(figure, name, kind) for kind in ("mean", "marker")),
    )
    look = looks.sweep(NAMES[BASE], median=seeds == "median")
    panel = Panel(name, title, "further applications", LOSS, queries, look, ylim=(0, 0.27))
    return parts.over(panel, BASE, OF_EACH, "GD", **under)


AGAIN = rolled_out("fig1", 0.75, "the layer applied again, λ = 0.75", 3, percent=True)
FIG1 = Figure(((AGAIN,),), 3.9, BASE, width=3.4)
OUTER = {"ylim": (0.7, 1.5), "top": 0.27}
DAMPED = {"a": 1.0, "b": 0.875, "c": 0.75}
FIG10 = Figure(
    (tuple(rolled_out("fig10", one, f"({a}) damping λ = {one:g}", **OUTER) for a, one in DAMPED.items()),),
    3.6, BASE, shared=(0,), once=True,
)

# Against one step (figures 2 and 6a)

WIDTHS = {5: "one_layer_n5", 10: BASE, 20: "one_layer_n20", 35: "one_layer_n35", 50: "one_layer_n50"}  # N = d
OVER_OPTIMUM = {
    "trained": Request("population_over_optimum", "network", "gd", "fresh"),
    "interpolated": Request("interpolated_over_optimum", "network", "", "fresh", "path gd"),
}
OF_WIDTHS = [(of, asked, series, n) for n, of in WIDTHS.items() for series, asked in OVER_OPTIMUM.items()]
OPTIMA = {n: closed_form.optimal_loss(n, n, closed_form.variance(1.0)) for n in range(5, 51)}
WIDTH_LOOKS = {
    ("ours", "closed_form"): Look("GD, optimal rate", ORANGE, DASHED),
    ("ours", "trained"): Look(NAMES[BASE], BLUE, DOT),
    ("ours", "interpolated"): Look("interpolated", GREEN, DOT._replace(marker="^")),
    ("published", "all"): Look("published, all three", GREY, hollow("D", 7.0)),
}
APART = {"trained": -0.4, "interpolated": 0.4}
SIZE = "context pairs N = input dimension d"
EXCESSES = Panel(
    "width_excess", "", SIZE, "excess over\nclosed form (%)",
    tuple(Points(*at, factor=100, less=1) for at in OF_WIDTHS), WIDTH_LOOKS,
    across=(Across(0, color=ORANGE),), apart=APART, spread=0.8,
)
WIDTH = Panel(
    "width", "(c) other sizes", SIZE, LOSS,
    (
        Given("closed_form", OPTIMA),
        *(Points(*at, factor=OPTIMA[at[-1]]) for at in OF_WIDTHS),
        *(Number("fig2_third_panel", str(n), "all") for n in WIDTHS),
    ),
    WIDTH_LOOKS, ylim=(0, None), apart=APART, under=EXCESSES,
)
SCALED = (*parts.sweep(BASE, "inputs", True, {**NETWORKS, **PUBLISHED_RATE}), Published("fig2", "inputs"))
FIG2_LOSSES = (*parts.training(BASE, PUBLISHED_RATE), *parts.as_published("fig2", "gd"))
FIG2_LOSS = parts.losses("(a) loss", FIG2_LOSSES, looks.curves(NAMES[BASE]))
FIG2_WIDER = parts.shift("inputs", SCALED, looks.sweep(NAMES[BASE]), "(d) wider inputs")
FIG2_ALIGN = parts.agreement(
    "align", "(b) agreement with GD", parts.in_history(BASE, "fig2"), looks.agreement(ORANGE)
)
FROM = Note("published cosine: read from\nstep 1500 on, not before", 0.98, 0.5, "right")
FIG2 = Figure(
    (
        (parts.over(FIG2_LOSS, BASE, OF_EACH, "GD", percent=True, ylim=(-0.5, 1.5)),
         replace(FIG2_ALIGN, notes=(FROM,))),
        (WIDTH, parts.over(FIG2_WIDER, BASE, OF_EACH, "GD", percent=True)),
    ),
    6.9, BASE,
)

FIG6A_LOSSES = parts.shifts(BASE, "fig6a", True, {**NETWORKS, **ONE_STEP})
FIG6A = Figure(
    (tuple(parts.over(above, BASE, OF_EACH, "GD", "over_gd", percent=True) for above in FIG6A_LOSSES),),
    3.6, BASE, shared=(0,), once=True,
)

# Its weights, and those of two and three recurrent layers (figure 9)

RATE, GAMMA = Request("step", "network"), Request("gamma", "network")
BEST, BEST_GAMMA = (Request(name, "hand_set gd_plus_plus shared") for name in ("step", "gamma"))
KQ, PV = r"$W_K^\top W_Q$", r"$P\,W_V$"
PARTS = {"kq_offdiagonal": "off the\ndiagonal", "kq_label_column": "label\ncolumn", "pv_rest": "rest\n$PW_V$"}
LEARNT = Panel(
    "rate", "(c) its learning rate", "", "rate η/N (no unit)",
    (
        Points(BASE, RATE, "rate_over_optimal"),
        level(BASE, Request("step", "hand_set gd"), "optimal", (-0.6, 0.6)),
        Number("fig9_rate", "one layer", "rate_over_optimal", 0.0),
    ),
    {
        ("ours", "rate_over_optimal"): Look("one layer", BLUE, DOT),
        ("ours", "optimal"): Look("optimal rate of GD", ORANGE, SOLID),
        ("published", "rate_over_optimal"): Look("one layer", BLUE, hollow("D")),
    },
    xlim=(-0.6, 0.6), xticks={0: "seeds"}, spread=0.25, beside=0.42,
)
REST = Panel(
    "parts", "(f) one layer: other entries", "", "relative size (%)",
    tuple(Points(BASE, Request(name, "network"), name, float(k), factor=100) for k, name in enumerate(PARTS)),
    {("ours", name): Look("one layer", BLUE, DOT) for name in PARTS},
    xlim=(-0.5, 2.5), ylim=(0, None), xticks=dict(enumerate(PARTS.values())), spread=0.25, extra=True,
    across=(Across(5, "rule: at most 5 %"),),
)
CROSS = Pen("", "", marker="+", size=9.0)
DEPTHS = {TWO: ("two recurrent layers", GREEN), THREE: ("three recurrent layers", PURPLE)}
DEPTH = Panel(
    "depth", "(i) which depth is it?", "rate η/N (no unit)", "γ (no unit)",
    (
        *(Points(of, GAMMA, of, RATE) for of in DEPTHS),
        *(Points(of, BEST_GAMMA, f"{of}_best", BEST, "once") for of in DEPTHS),
        Number("fig9_rate", "three layers, shared", "fig9", y="fig9_gamma"),
    ),
    {
        ("published", "fig9"): Look("published as three layers", BLACK, hollow("D", 7.0)),
        **{("ours", of): Look(words, color, DOT) for of, (words, color) in DEPTHS.items()},
        **{("ours", f"{of}_best"): Look(f"best GD++ of {words.split()[0]}", color, CROSS)
           for of, (words, color) in DEPTHS.items()},
    },
    xlim=(1.1, 2.2), ylim=(0.165, 0.2), extra=True,
)


def heat(letter: str, name: str, title: str, of: str, part: str, extra: bool = False) -> Panel:
    """A heat map of the weights of the median seed."""
    return Panel(name, f"({letter}) {title}", "", "", (Matrix(of, RATE, part),), heat="tokens", extra=extra)


FIG9 = Figure(
    (
        (heat("a", "kq", f"one layer: {KQ}", BASE, "kq"),
         heat("b", "pv", f"one layer: {PV}", BASE, "pv"), LEARNT),
        (heat("d", f"{TWO}_kq", f"two layers: {KQ}", TWO, "kq"),
         heat("e", f"{TWO}_pv", f"two layers: {PV}", TWO, "pv"), REST),
        (heat("g", f"{THREE}_kq", f"three layers: {KQ}", THREE, "kq"),
         heat("h", f"{THREE}_pv", f"three layers: {PV}", THREE, "pv"), DEPTH),
    ),
    8.1, BASE, median=RATE,
)

# The course of training, and of a block with an MLP on a fixed set (figure 15)

PLATEAUS = [Number("fig2_plateau", case, "level", ENDS, of=BASE, unit=case) for case in ("lowest", "highest")]


def course(of: str, title: str, y: str, late: str, *cases: str) -> Panel:
    """Every seed's loss on the published tasks by step, with the levels of its tasks."""
    queries = (
        History(of, series="none", seeds="all"),
        *(level(of, Request("level", name, "", "history"), name) for name in ("gd", "rank_one")),
        *(Number(late, case, "drop", y=(0.2, 0.41), unit=case) for case in cases),
        *(PLATEAUS if of == BASE else []),
    )
    look = {
        ("ours", "none"): Look("linear layer", BLUE, SEED),
        ("ours", "gd"): Look("GD, optimal rate", ORANGE, DASHED),
        ("ours", "rank_one"): Look("saddle of rank one", BLACK, DOTTED),
        ("published", "level"): Look("plateau of Fig. 2", GREY, PUBLISHED),
        ("published", "drop"): Look("drop, read by eye", GREY, PUBLISHED._replace(line=":", width=1.6)),
    }
    return Panel(of, title, STEP, y, queries, look, ylim=(0.19, 0.43))


ON_SET = SEED._replace(line=":", words="the same on its training set")
CORNERS = hollow("D", 4.0)._replace(line=":", width=0.8)
RATES = {"0.0001": SKY, "0.0003": PURPLE, "0.001": AMBER}
GROKKING = Panel(
    "grokking", "(c) block with an MLP", STEP, "",
    (
        *(Runs("grokking", Request(f"{name}_loss", "network", "", "history", "training"),
               "optimiser.learning_rate", series)
          for name, series in {"evaluation": "rate_{}", "training": "training_{}"}.items()),
        *(Number("fig15_grokking", str(step), "test") for step in (0, 9000, 11000, 13500, 20000)),
    ),
    {
        ("published", "test"): Look("block, corners by eye", GREY, CORNERS),
        **{("ours", f"{series}_{rate}"): Look(f"block, rate {rate}", color, pen)
           for series, pen in {"rate": SEED, "training": ON_SET}.items() for rate, color in RATES.items()},
    },
    ylim=(0.1, 0.57),
)
COURSE = course(BASE, "(a) one head", LOSS, "fig15_late_step", "first late seed", "second late seed")
COURSE_OF_TWO = course("two_heads", "(b) two heads", "", "fig15_two_heads_step", "all seeds")
FIG15 = Figure(((COURSE, COURSE_OF_TWO, GROKKING),), 3.6, BASE)

# Fixed sets of tasks (figure 16)

FIXED = {128: "fixed_128", 512: "fixed_512", 2048: "fixed_2048", 8192: "fixed_8192"}  # by size of the set
FRESH = 40_000  # where networks that see fresh tasks only stand on the axis
SIZES = {128: "128", 512: "\n512", 2048: "2048", 8192: "\n8192", FRESH: "fresh"}
ON_FIXED = "layer trained on a fixed set"
FIXED_LOOKS = {
    ("ours", "trained"): Look(ON_FIXED, BLUE, DOT),
    ("ours", "fresh"): Look("layer trained on fresh tasks", PURPLE, DOT._replace(marker="D")),
    ("ours", "training"): Look("loss on its own set", SKY, DOT._replace(marker="^")),
    ("ours", "gd"): looks.REFERENCES["ours", "gd_published"],
    ("ours", "zero"): looks.REFERENCES["ours", "zero"],
    ("published", "trained"): Look("", BLUE, hollow("s", 6.0)),
    ("published", "range"): Look("", BLUE, PUBLISHED_SEED._replace(words="published, range of seeds")),
}
LAST = Request("final_training_loss", "network")
BESIDE_LOSSES = (
    *(Points(of, LAST, "training", size, "all") for size, of in FIXED.items()),
    level(BASE, parts.loss("gd published"), "gd", (128, FRESH)),
    level(BASE, parts.loss("zero"), "zero", (128, FRESH)),
    *(Number(f"fig16_loss_{end}", str(n), "range", unit=str(n)) for n in FIXED for end in ("low", "high")),
)


def on_fixed(measure: str, size: int) -> tuple:
    """A measure by step on the published tasks, and published at the end."""
    column, series = ("evaluation_loss", "trained") if measure == "loss" else (measure, measure)
    of = FIXED[size]
    return History(of, column, series), Number(f"fig16_{measure}", str(size), series, END, of=of)


def fixed_set(letter: str, size: int) -> tuple[Panel, ...]:
    """Of networks trained on one set: loss by step, agreement by step, wider inputs."""
    of = FIXED[size]
    own = History(of, "training_loss", "training"), level(of, parts.loss("gd published"), "gd_published")
    swept = parts.sweep(of, "inputs", False, {**NETWORKS, **PUBLISHED_RATE})
    swept += (Number("fig16_gd_at_2", "gd", "gd", 2.0),)
    look = looks.curves(ON_FIXED) | looks.family("training", "loss on its own set", SKY)
    look |= {("published", "trained"): Look("", BLUE, hollow("s", 6.0))}
    queries = (*on_fixed("loss", size), *own)
    losses = parts.losses(f"({letter}) {size} tasks", queries, look, f"loss {size}", log="y")
    ask = lambda measure: on_fixed(measure, size)  # noqa: E731
    look = looks.agreement(ORANGE, hollow("s", 5.0))
    agree = parts.agreement(f"agreement {size}", "", ask, look, log="y", ylim=None)
    inputs = parts.shift("inputs", swept, looks.sweep(ON_FIXED), "", f"inputs {size}")
    inputs = parts.over(replace(inputs, title=""), of, {"ours": "gd_published"}, "GD")
    return losses, agree, inputs


def ends(letter: str, measure: str, title: str, y: str, log: str, **more: object) -> Panel:
    """A measure at the end of training by size of the training set."""
    asked = Request(measure, "network", "" if measure == "loss" else "gd published", "published")
    queries = (
        *(Points(of, asked, "trained", size, "all") for size, of in FIXED.items()),
        Points(BASE, asked, "fresh", FRESH),  # seeds that have not converged say nothing about fresh tasks
        *(Number(f"fig16_{measure}", str(size), "trained") for size in FIXED),
        *(BESIDE_LOSSES if measure == "loss" else ()),
    )
    title, x = f"({letter}) {title}", "tasks in the set"
    return Panel(measure, title, x, y, queries, FIXED_LOOKS, log, xticks=SIZES, **more)


AT_THE_END = (
    ends("e", "loss", "loss at the end", LOSS, "xy"),
    ends("f", "model_cos", "cosine", parts.COSINE, "x", ylim=(0, 1.03)),
    ends("g", "model_diff", "models", "mean difference (y per x)", "xy"),
    ends("h", "preds_diff", "predictions", "mean difference (y)", "xy"),
)
BY_STEP = tuple(zip(*(fixed_set(a, size) for a, size in zip("abcd", FIXED, strict=True)), strict=True))
FIG16 = Figure((*BY_STEP, AT_THE_END), 9.4, BASE, shared=(1, 2), once=True)
