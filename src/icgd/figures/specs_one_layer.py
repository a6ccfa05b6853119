"""Figures of one linear layer: against one step of gradient descent, applied again, in training."""

from icgd.figures import parts
from icgd.figures.looks import BLUE, GREEN, GREY, ORANGE, PURPLE, ROLL_OUT, SWEEP, Look, dots, hollow
from icgd.figures.panels import Across, Count, Figure, Note, Panel
from icgd.figures.parts import LOSS, NETWORKS, ONE_STEP, STEP
from icgd.figures.queries import ENDS, Curve, Given, History, Number, Points, Published, Runs, level
from icgd.figures.special import Excess, Matrix
from icgd.measures.request import Request
from icgd.references import closed_form

BASE, TWO, THREE = "one_layer", "two_recurrent", "three_recurrent"

# Applied again and again (figures 1 and 10)


def rolled_out(figure: str, damping: float, words: str = "", every: int | None = None) -> Panel:
    """Losses by application; x counts from 0, which is after one step, as published."""
    name, along = f"damping_{damping:g}", f"roll_out {damping:g}"
    queries = (
        Curve(BASE, parts.loss(along=along), "trained", "mean", 1, every),
        *(Curve(BASE, parts.loss(gd, along), series, "once", 1, every) for series, gd in ONE_STEP.items()),
        *(Published(figure, name, kind) for kind in ("mean", "marker")),
    )
    title = f"damping λ = {damping:g}{words}"
    return Panel(name, title, "applications after the first", LOSS, queries, ROLL_OUT, ylim=(0, 0.27))


THIRD = rolled_out("fig1", 0.75, ", every third application", 3)
FIG1 = Figure(BASE, ((THIRD,),), 3.0, columns=2, width=3.4)
FIG10 = Figure(BASE, (tuple(rolled_out("fig10", one) for one in (1.0, 0.875, 0.75)),), 2.6, shared=True)

# fmt: off
# Against one step (figures 2 and 6a)

WIDTHS = {5: "one_layer_n5", 10: BASE, 20: "one_layer_n20", 35: "one_layer_n35", 50: "one_layer_n50"}  # N = d
OVER_OPTIMUM = {
    "trained": Request("population_over_optimum", "network", "gd", "fresh"),
    "interpolated": Request("interpolated_over_optimum", "network", "", "fresh", "path gd"),
}
OF_WIDTHS = [(of, asked, series, n) for n, of in WIDTHS.items() for series, asked in OVER_OPTIMUM.items()]
OPTIMA = {n: closed_form.optimal_loss(n, n, closed_form.variance(1.0)) for n in range(5, 51)}
WIDTH_LOOKS = {
    ("ours", "closed_form"): Look("GD, optimal rate (closed form)", ORANGE, "--"),
    ("ours", "trained"): dots("trained, one seed"),
    ("ours", "interpolated"): dots("interpolated, one seed", GREEN, "^"),
    ("published", "all"): hollow("published, read by eye", "D", 7.0),
}
APART = {"trained": -0.4, "interpolated": 0.4}
EXCESSES = Panel(
    "width_excess", "excess (%)", "", "", tuple(Points(*at, factor=100, less=1) for at in OF_WIDTHS),
    WIDTH_LOOKS, across=(Across(0, color=ORANGE),), apart=APART,
)
WIDTH = Panel(
    "width", "(c) width", "context pairs N = input dimension d", LOSS,
    (
        Given("closed_form", OPTIMA),
        *(Points(*at, factor=OPTIMA[at[-1]]) for at in OF_WIDTHS),
        *(Number("fig2_third_panel", str(n), "all") for n in WIDTHS),
    ),
    WIDTH_LOOKS, ylim=(0, None), apart=APART, inset=EXCESSES,
    notes=(Note("n = " + ", ".join(f"{{shown {of}}}" for of in WIDTHS.values()) + " seeds", 0.04, 0.93),),
)
PUBLISHED_RATE = {"gd_published": "gd published"}
SCALED = (*parts.sweep(BASE, "inputs", True, {**NETWORKS, **PUBLISHED_RATE}), Published("fig2", "inputs"))
FIG2_ABOVE = (
    parts.losses("(a) loss", (*parts.training(BASE, PUBLISHED_RATE), *parts.as_published("fig2"))),
    parts.agreement_in_history("align", "(b) alignment with GD", BASE, "fig2"),
)
FIG2 = Figure(BASE, (FIG2_ABOVE, (WIDTH, parts.shift("inputs", SCALED, "(d) scaled inputs"))), 5.6)

FIG6A_LOSSES = parts.shifts(BASE, "fig6a", True, {**NETWORKS, **ONE_STEP})
OVER_GD, OF_EACH = "excess over GD at the\npublished rate (%)", {"ours": "gd_published", "published": "gd"}
FIG6A_EXCESSES = tuple(
    Panel(f"{above.name}_over_gd", "", above.x, OVER_GD, (Excess(BASE, above.queries, OF_EACH),), SWEEP,
          across=(Across(0, color=ORANGE, line="-"),))
    for above in FIG6A_LOSSES
)
FIG6A = Figure(BASE, (FIG6A_LOSSES, FIG6A_EXCESSES), 4.3, heights=(1.2, 1), shared=True)

# Its weights, and those of two and three shared layers (figure 9)

RATE, GAMMA = Request("step", "network"), Request("gamma", "network")
BEST, BEST_GAMMA = (Request(name, "hand_set gd_plus_plus shared") for name in ("step", "gamma"))
KQ, PV, ONE_SEED = r"$W_K^\top W_Q$", r"$P\,W_V$", dots("trained, one seed")
PARTS = {"kq_offdiagonal": "off\ndiag.", "kq_label_column": "label\ncolumn", "pv_rest": "rest\n$PW_V$"}
LEARNT = Panel(
    "rate", "learnt rate", "", "rate η/N (no unit)",
    (
        Points(BASE, RATE, "rate_over_optimal"),
        level(BASE, Request("step", "hand_set gd"), "optimal", (-0.6, 0.6)),
        Number("fig9_rate", "one layer", "rate_over_optimal", 0.0),
    ),
    {
        ("ours", "rate_over_optimal"): ONE_SEED,
        ("ours", "optimal"): Look("optimal rate", ORANGE, width=1.2),
        ("published", "rate_over_optimal"): dots("published", GREY, "D", 5.0),
    },
    xlim=(-0.6, 0.6), xticks={0: "seeds"}, spread=0.25, beside=0.42,
)
REST = Panel(
    "parts", "other parts", "", "relative size (%)",
    tuple(Points(BASE, Request(name, "network"), name, float(k), factor=100) for k, name in enumerate(PARTS)),
    {("ours", name): ONE_SEED for name in PARTS},
    xlim=(-0.5, 2.5), ylim=(0, None), xticks=dict(enumerate(PARTS.values())), spread=0.25,
    across=(Across(5, "rule: at most 5 %"),),
)
DEPTHS = {TWO: ("2 layers", GREEN), THREE: ("3 layers", PURPLE)}
DEPTH = Panel(
    "depth", "which depth?", "rate η/N", "γ (both no unit)",
    (
        *(Points(of, GAMMA, of, RATE) for of in DEPTHS),
        *(Points(of, BEST_GAMMA, f"{of}_best", BEST, "once") for of in DEPTHS),
        Number("fig9_rate", "three layers, shared", "fig9", y="fig9_gamma"),
    ),
    {
        ("published", "fig9"): dots("published as 3 layers", GREY, "D", 8.0),
        **{("ours", of): dots(f"{words}, one seed", color) for of, (words, color) in DEPTHS.items()},
        **{("ours", f"{of}_best"): dots(f"{words}, best GD++", color, "+", 10.0)
           for of, (words, color) in DEPTHS.items()},
    },
    xlim=(1.1, 2.2), ylim=(0.168, 0.2),
)


def heat(name: str, title: str, of: str, part: str, median: Request = RATE) -> Panel:
    """A heat map of the weights of the median seed."""
    return Panel(name, title, "", "", (Matrix(of, median, part),), heat="own")


FIG9 = Figure(
    BASE,
    (
        (heat("kq", KQ, BASE, "kq"), heat("pv", PV, BASE, "pv"), LEARNT, REST),
        (
            heat(f"{TWO}_kq", f"2 layers: {KQ}", TWO, "kq"),
            heat(f"{TWO}_pv", f"2 layers: {PV}", TWO, "pv"),
            heat(f"{THREE}_pv", f"3 layers: {PV}", THREE, "pv"),
            DEPTH,
        ),
    ),
    5.2, "{headline}; maps of the seed with the median rate ({median})", 4,
    widths=(1.2, 1.2, 1.2, 1), median=RATE,
)

# The course of training, and of a block with an MLP on a fixed set (figure 15)

COURSES = {
    ("ours", "none"): Look("trained, one seed", BLUE, width=0.7, alpha=0.7),
    ("ours", "gd"): Look("GD, optimal rate", ORANGE, "--"),
    ("ours", "rank_one"): Look("rank-one saddle (closed form)", GREEN, "-."),
    ("published", "level"): Look("published: plateaus of Fig. 2, lowest and highest", GREY, width=2.0),
    ("published", "drop"): Look("published: step of a drop, read by eye", GREY, ":", 1.4),
}
PLATEAUS = [Number("fig2_plateau", case, "level", ENDS, of=BASE, unit=case) for case in ("lowest", "highest")]


def course(of: str, title: str, y: str, late: str, *cases: str) -> Panel:
    """Every seed's loss on the published tasks by step, with the levels of its tasks."""
    queries = (
        History(of, series="none", seeds="all"),
        *(level(of, Request("level", name, "", "history"), name) for name in ("gd", "rank_one")),
        *(Number(late, case, "drop", y=(0.2, 0.41), unit=case) for case in cases),
        *(PLATEAUS if of == BASE else []),
    )
    count = Count(of, Request("reached_gd", "network", "", "history"), 1000)
    note = Note("{count}\nseeds need\nmore than\n1000 steps", 0.74, 0.6, "right", count)
    return Panel(of, title, STEP, y, queries, COURSES, ylim=(0.19, 0.43), notes=(note,))


RUN = Request("evaluation_loss", "network", "", "history", "training")
GROK = Count("grokking", Request("seeds_that_grok", "network", "", "history"), 1)
GROKKING = Panel(
    "grokking", "(c) block with an MLP", STEP, "",
    (
        Runs("grokking", RUN, "optimiser.learning_rate", "rate_{}"),
        *(Number("fig15_grokking", str(step), "test") for step in (0, 9000, 11000, 13500, 20000)),
    ),
    {
        ("published", "test"): Look("published: test loss in (c), read by eye", GREY, width=1.6),
        **{("ours", f"rate_{rate}"): Look(f"test loss in (c), rate {rate}, one run", color, width=0.7)
           for rate, color in {"0.0001": PURPLE, "0.0003": GREEN, "0.001": BLUE}.items()},
    },
    ylim=(0.19, 0.57),
    notes=(Note("on 8192 fixed tasks both seeds\ngrok in {count} settings", 0.04, 0.88, count=GROK),),
)
COURSE = course(BASE, "(a) one head", LOSS, "fig15_late_step", "first late seed", "second late seed")
COURSE_OF_TWO = course("two_heads", "(b) two heads", "", "fig15_two_heads_step", "all seeds")
COUNTS = "{scale}: {seeds} seeds one head, {seeds two_heads} seeds two heads"
FIG15 = Figure(BASE, ((COURSE, COURSE_OF_TWO, GROKKING),), 3.7, COUNTS, 2)

# Fixed sets of tasks (figure 16)

FIXED = {128: "fixed_128", 512: "fixed_512", 2048: "fixed_2048", 8192: "fixed_8192"}  # by size of the set
FRESH = 40_000  # where networks that see fresh tasks only stand on the axis
SIZES = {**{size: str(size) for size in FIXED}, FRESH: "fresh"}
FIXED_LOOKS = {
    ("ours", "trained"): dots("test, one seed"),
    ("ours", "fresh"): dots("fresh tasks at every step", PURPLE, "D"),
    ("ours", "training"): dots("training, one seed", GREEN, "^"),
    ("ours", "gd"): Look("GD, published rate", ORANGE, "--"),
    ("ours", "zero"): Look("predicting zero", "0.3", ":", 1.2),
    ("published", "trained"): hollow("published: mean", "s", 7.0),
    ("published", "range"): Look("published: lowest and highest seed", GREY, width=2.0),
}
LAST = Request("final_training_loss", "network")
BESIDE_LOSSES = (
    *(Points(of, LAST, "training", size, "all") for size, of in FIXED.items()),
    level(BASE, parts.loss("gd published"), "gd", (128, FRESH)),
    level(BASE, parts.loss("zero"), "zero", (128, FRESH)),
    *(Number(f"fig16_loss_{end}", str(n), "range", unit=str(n)) for n in FIXED for end in ("low", "high")),
)


def ends(measure: str, title: str, y: str, log: str, **more: object) -> Panel:
    """A measure at the end of training by size of the training set."""
    asked = Request(measure, "network", "" if measure == "loss" else "gd published", "published")
    queries = (
        *(Points(of, asked, "trained", size, "all") for size, of in FIXED.items()),
        Points(BASE, asked, "fresh", FRESH),  # seeds that have not converged say nothing about fresh tasks
        *(Number(f"fig16_{measure}", str(size), "trained") for size in FIXED),
        *(BESIDE_LOSSES if measure == "loss" else ()),
    )
    x = "tasks in the training set"
    return Panel(measure, title, x, y, queries, FIXED_LOOKS, log, xticks=SIZES, **more)


LOSSES, DIFFERENCE = {y: f"{y:g}" for y in (0.1, 0.2, 0.4, 1.0, 4.0)}, "mean difference (units of y)"
FIG16_ABOVE = (
    ends("loss", "(a) test loss", LOSS, "xy", yticks=LOSSES),
    ends("model_cos", "(b) model cosine with GD", parts.COSINE, "x"),
)
FIG16_BELOW = (
    ends("model_diff", "(c) model difference to GD", DIFFERENCE, "xy"),
    ends("preds_diff", "(d) prediction difference to GD", DIFFERENCE, "xy"),
)
SEEDS = ", ".join(f"{{seeds {of}}}" for of in (*FIXED.values(), BASE))
AT_THE_END = f"{{scale}}: n = {SEEDS} seeds; published tasks, end of training"
FIG16 = Figure(BASE, (FIG16_ABOVE, FIG16_BELOW), 4.6, AT_THE_END, 4)
