"""Figures of the second paper that look into networks, and of softmax networks and a fixed teacher."""

from icgd.figures import looks
from icgd.figures.looks import (
    AMBER,
    BLACK,
    BLUE,
    DASHED,
    DOT,
    DOTTED,
    GREEN,
    GREY,
    ORANGE,
    PUBLISHED,
    PURPLE,
    SKY,
    Look,
    Looks,
    hollow,
)
from icgd.figures.panels import Across, Figure, Panel
from icgd.figures.queries import Curve, Given, Number, Plane, Points, Published, Query
from icgd.figures.special import HeadProduct
from icgd.figures.specs_sequences import POSITION, STATE_LOSS, loss
from icgd.measures.request import Request

# fmt: off
ONE, SIX, THREE, SEVEN = "linear_one", "linear_six", "softmax_three", "softmax_seven"
TWELVE = "softmax_twelve"
HYBRID, MESA, STANDARD = "softmax_mesa", "mesa_two", "standard_seven"
PARTLY, PARTLY_HYBRID = "partly_observed", "partly_observed_mesa"
NONLINEAR, NONLINEAR_HYBRID = "nonlinear", "nonlinear_mesa"
FIXED_ONE, FIXED_SIX, FIXED_MESA = "fixed_teacher_one", "fixed_teacher_six", "fixed_teacher_mesa"
WORDS = {  # experiment -> words, colour
    ONE: ("one linear layer", BLUE), SIX: ("six linear layers", ORANGE),
    THREE: ("three softmax layers", PURPLE), SEVEN: ("seven softmax layers", GREEN),
    TWELVE: ("twelve softmax layers", ORANGE),
    FIXED_ONE: ("one linear layer", BLUE), FIXED_SIX: ("six linear layers", ORANGE),
    FIXED_MESA: ("one mesa layer", PURPLE),
    HYBRID: ("softmax and mesa", BLUE), MESA: ("two mesa layers", AMBER),
    STANDARD: ("seven standard blocks", PURPLE),
}
R2, LAYER = "R² on other sequences", "after layer (0: before the first)"
SHARE = {"ylim": (-0.05, 1.05)}
UNTRAINED: Looks = {("ours", "untrained"): Look("before training", GREY, DASHED)}
# Published probes have errors; R² is 1 less these over what there is to be found, half of squared norms.
# The next state; the released inverse, no outliers; an entry of a state, and of one seen through a matrix;
# features, as of states that are not held.
STATE, INVERSE, ENTRY, OBSERVED, FEATURE = 1.675, 0.104, 1 / 3, 1.25, 4.2


def r2(measure: str, tasks: str, along: str, subject: str = "network") -> Request:
    """R² of a probe along something."""
    return Request(measure, subject, "", f"fresh {tasks}", along)


def network(of: str, request: Request, series: str = "") -> Curve:
    """Every seed and the mean."""
    return Curve(of, request, series or of, "mean")


def as_r2(figure: str, panel: str, series: str, power: float, name: str) -> Published:
    """Published errors of a probe as R²."""
    return Published(figure, panel, "mean", {series: name}, factor=-1 / power, less=power)


def named(*experiments: str) -> Looks:
    """Everything of these networks."""
    return looks.merged(looks.family(of, *WORDS[of]) for of in experiments)


# Binding and probes of the next state, full observation (figure 2 in part)

LAST = "at 49"
BINDING = Panel(
    "binding", "(a) earlier states after layer 1", "states before the current one", R2,
    (
        *(network(of, r2("previous_state_r2", LAST, "lags 1")) for of in (SEVEN, HYBRID, MESA)),
        Curve(SEVEN, r2("previous_state_r2", LAST, "lags 1", "untrained"), "untrained", "once"),
        *(as_r2("vo23_fig2", "binding", of, ENTRY, of) for of in (SEVEN, HYBRID)),
    ),
    named(SEVEN, HYBRID, MESA) | UNTRAINED, **SHARE,
)
PARTLY_BINDING = Panel(
    "partly", "(b) the same, partly observed", "states before the current one", R2,
    (
        network(PARTLY, r2("previous_state_r2", LAST, "lags 1"), SEVEN),
        network(PARTLY_HYBRID, r2("previous_state_r2", LAST, "lags 1"), HYBRID),
        Curve(PARTLY, r2("previous_state_r2", LAST, "lags 1", "untrained"), "untrained", "once"),
        *(as_r2("vo23_fig2", "partly", of, OBSERVED, of) for of in (SEVEN, HYBRID)),
    ),
    named(SEVEN, HYBRID) | UNTRAINED, **SHARE,
)
BOUND_BY_LAYER = Panel(
    "bound", "(c) the state before, by layer", LAYER, R2,
    tuple(network(of, r2("previous_state_r2", LAST, "layers")) for of in (SIX, SEVEN, STANDARD)),
    named(SIX, SEVEN, STANDARD), extra=True, **SHARE,
)
NEXT_OF_BOTH = Panel(
    "next", "(d) the next state, by layer", LAYER, R2,
    (
        *(network(of, r2("next_state_r2", "at 20", "layers")) for of in (SIX, SEVEN)),
        as_r2("vo23_fig4", "target_probe", SIX, STATE, SIX),
        as_r2("vo23_fig6", "target_probe", SEVEN, STATE, SEVEN),
    ),
    named(SIX, SEVEN), **SHARE,
)
FEATURES = {"current": ("features_r2", "of the current state", BLACK),
            "before": ("previous_features_r2", "of the one before", SKY)}
FEATURES_BY_LAYER = Panel(
    "features", "(e) nonlinear: features", LAYER, R2,
    (
        *(network(NONLINEAR, r2(asked, LAST, "layers"), series) for series, (asked, *_) in FEATURES.items()),
        Curve(NONLINEAR, r2("features_r2", LAST, "layers", "untrained"), "untrained", "once"),
        *(as_r2("vo23_fig2", "features", series, FEATURE, series) for series in FEATURES),
    ),
    UNTRAINED | looks.merged(
        looks.family(series, words, color, published=hollow())
        for series, (_, words, color) in FEATURES.items()
    ),
    **SHARE,
)
VO23_FIG2 = Figure(((BINDING, PARTLY_BINDING), (BOUND_BY_LAYER, NEXT_OF_BOTH, FEATURES_BY_LAYER)), 6.6)

# What the first layer attends to (figure 3, left)

HEADS = dict(enumerate((SKY, ORANGE, AMBER, PURPLE), start=1))
OF_HEADS = {
    head: Request("attention_by_lag", "network", "", "fresh from 1", f"lags {head}") for head in HEADS}
BY_LAG = Panel(
    "by_lag", "(a) heads of the first seed", "states before the current one", "mean attention",
    tuple(Curve(SEVEN, asked, f"head_{head}", "once") for head, asked in OF_HEADS.items()),
    {("ours", f"head_{head}"): Look(f"head {head}", color, DOT._replace(line="-", words=""))
     for head, color in HEADS.items()},
    xlim=(-0.3, 7.3), **SHARE,
)
ALL_HEADS = Panel(
    "heads", "(b) heads of all seeds", "attention on the current state", "on the state before",
    (
        Given("all", {0.0: 1.0, 1.0: 0.0}),
        Given("rule", {0.0: 0.8, 0.8: 0.0}),
        *(Plane(of, asked, of, "shown") for of in (SEVEN, HYBRID) for asked in OF_HEADS.values()),
        *(Number("vo23_fig3_now", f"head {head}", SEVEN, y="vo23_fig3_before") for head in HEADS),
    ),
    {
        ("ours", "all"): Look("all on these two", BLACK, DOTTED),
        ("ours", "rule"): Look("rule: 0.8 on them", BLACK, DASHED),
        ("ours", SEVEN): Look("of seven layers", GREEN, DOT),
        ("ours", HYBRID): Look("of softmax and mesa", BLUE, DOT),
        ("published", SEVEN): Look("of seven layers", GREEN, hollow("D")),
    },
    xlim=(-0.05, 1.05), extra=True, **SHARE,
)
WHATEVER = Panel(
    "spread", "(c) whatever the data?", "", "standard deviation over\nsequences, largest of the heads",
    (
        *(Points(of, Request("attention_spread", "network", "", "fresh from 1"), of, float(place))
          for place, of in enumerate((SEVEN, HYBRID))),
        Number("vo23_fig3_spread", "largest", SEVEN, 0.0),
    ),
    {("ours", SEVEN): Look("", GREEN, DOT), ("ours", HYBRID): Look("", BLUE, DOT),
     ("published", SEVEN): Look("", GREEN, hollow("D"))},
    xlim=(-0.6, 1.6), ylim=(0, None), xticks={0: "seven softmax", 1: "softmax, mesa"}, spread=0.2, beside=0.4,
    extra=True,
    across=(Across(0.05, "rule: at most 0.05"),),
)
VO23_FIG3 = Figure(((BY_LAG, ALL_HEADS, WHATEVER),), 3.4, SEVEN)

# The weights of one linear layer (figures 3, right, and 13)

RATE = Request("effective_rate_over_best", "network")
PRODUCTS = {"kq": r"$W_Q W_K^\top$", "pv": r"$W_V P$"}
MAPS = tuple(
    Panel(f"{part}_{head}", f"({letter}) {PRODUCTS[part]}, head {head}", "", "",
          (HeadProduct(ONE, RATE, part, head),), heat="states")
    for letter, part, head in zip("abcd", ("kq", "kq", "pv", "pv"), (1, 2, 1, 2), strict=True)
)


def strip(
    letter: str, measure: str, title: str, y: str, number: str, *bounds: Across, **more: object
) -> Panel:
    """A number of every seed of one layer, beside the published one."""
    queries = Points(ONE, Request(measure, "network"), measure), Number(number, "one layer", measure, 0.0)
    pens = {"ours": DOT, "published": hollow("D")}
    look = {(source, measure): Look("one linear layer", BLUE, pen) for source, pen in pens.items()}
    more |= {"xlim": (-0.6, 0.6), "xticks": {0: "seeds"}, "spread": 0.2, "beside": 0.4, "extra": True}
    return Panel(measure, f"({letter}) {title}", "", y, queries, look, across=bounds, **more)


OF_IDENTITIES = "share of the squared norm\nof scaled identities"
AT_LEAST, WITHIN = Across(0.9, "rule: at least 0.9"), "rule: within 10 %"
STRIPS = (
    strip("e", "identity_share_kq", PRODUCTS["kq"], OF_IDENTITIES, "vo23_fig3b_identity_kq", AT_LEAST,
          ylim=(0.7, 1.01)),
    strip("f", "identity_share_pv", PRODUCTS["pv"], "", "vo23_fig3b_identity_pv", AT_LEAST, ylim=(0.7, 1.01)),
    strip("g", "effective_rate_over_best", "the rate that it takes", "rate over that of\nthe best GD step",
          "vo23_fig3b_rate", Across(0.9, WITHIN, line=":"), Across(1.1, WITHIN, line=":"),
          Across(1.0, "the best GD step", ORANGE), ylim=(0.85, 1.15)),
)
VO23_FIG3B = Figure((MAPS, STRIPS), 4.6, ONE, median=RATE)

# What six linear layers hold (figures 4e and 4f)

AT = {10: SKY, 20: BLUE, 40: ORANGE}
BY_POSITION: Looks = UNTRAINED | looks.merged(
    looks.family(f"at_{t}", f"t = {t}", color) for t, color in AT.items()
) | {("published", "at_20"): Look("", AT[20], PUBLISHED)}


def layers(of: str, measure: str, positions: tuple[int, ...], target: str = "") -> tuple[Query, ...]:
    """R² by layer at some positions, and at t = 20 before training."""
    trained = (network(of, r2(measure, f"{target}at {t}", "layers"), f"at_{t}") for t in positions)
    start = r2(measure, f"{target}at 20", "layers", "untrained")
    return *trained, Curve(of, start, "untrained", "once")


def next_state(of: str, figure: str, positions: tuple[int, ...] = (10, 20, 40)) -> Panel:
    """The probe of the next state."""
    theirs = as_r2(figure, "target_probe", of, STATE, "at_20")
    queries = (*layers(of, "next_state_r2", positions), theirs)
    return Panel("next", "(a) the next state", LAYER, R2, queries, BY_POSITION, **SHARE)


def inverses(of: str, figure: str) -> tuple[Panel, Panel]:
    """Probes of the preconditioned input, exact and as released."""
    theirs = as_r2(figure, "preconditioning_probe", of, INVERSE, "at_20")
    released = (*layers(of, "preconditioned_r2", (20, 40), "target=released "), theirs)
    exact = layers(of, "preconditioned_r2", (20, 40))
    return (
        Panel("released", "(b) preconditioned, six steps", LAYER, "", released, BY_POSITION, **SHARE),
        Panel("exact", "(c) preconditioned, exact", LAYER, "", exact, BY_POSITION, extra=True, **SHARE),
    )


INVERSE_LOOKS = {  # series -> measure, tasks, words, colour
    "released": ("preconditioned_r2", "target=released from 5", "six steps", AMBER),
    "partial": ("preconditioned_partial_r2", "target=released from 5", "six steps, beyond $s_t$", GREEN),
    "exact": ("preconditioned_r2", "from 5", "exact inverse", BLACK),
}
WITH_CONTEXT = Panel(
    "context", "(d) preconditioned, after layer 6", POSITION, R2,
    tuple(network(SIX, r2(measure, tasks, "positions"), series)
          for series, (measure, tasks, *_) in INVERSE_LOOKS.items()),
    looks.merged(
        looks.family(series, words, color) for series, (*_, words, color) in INVERSE_LOOKS.items()
    ),
    extra=True, **SHARE,
)
CONTROLS = {  # words on the axis -> measure, reference, tasks
    "no training,\nsix steps": ("preconditioned_over", "untrained", "fresh target=released at 20"),
    "no training,\nexact": ("preconditioned_over", "untrained", "fresh at 20"),
    "A of another\nsequence": ("preconditioned_over_shuffled", "", "fresh target=released at 20"),
}
MARGINS = Panel(
    "margins", "(e) over controls, t = 20", "", "least gain in R² over a\ncontrol after layers 2 to 6",
    tuple(Points(SIX, Request(measure, "network", *more), "margin", float(k))
          for k, (measure, *more) in enumerate(CONTROLS.values())),
    {("ours", "margin"): Look("six linear layers", PURPLE, DOT)},
    xlim=(-0.5, 2.5), ylim=(0, None), xticks=dict(enumerate(CONTROLS)), spread=0.2, extra=True,
    across=(Across(0.1, "rule: at least 0.1"),),
)
VO23_FIG4E = Figure(
    ((next_state(SIX, "vo23_fig4"), *inverses(SIX, "vo23_fig4")), (WITH_CONTEXT, MARGINS)), 6.2, SIX,
)

# Softmax networks of three and seven layers, and steps of Proposition 2 (figure 6)

DEPTHS = {THREE: 3, SEVEN: 7}
PROPOSITION = {  # series -> predictor, words, line
    "steps": ("polynomial scaled", "{} steps, newest pair used", DASHED),
    "released": ("polynomial scaled released", "{} steps, newest left out", DOTTED),
}
RIDGE: Looks = {("ours", "ridge"): Look("ridge regression", BLACK, DASHED._replace(width=0.8))}
SOFTMAX_CONTEXT = Panel(
    "context", "(d) by position", POSITION, STATE_LOSS,
    (
        *(network(of, loss(along="positions")) for of in DEPTHS),
        *(Curve(of, loss(f"{one} K={k}", "positions"), f"{series}_{k}", "once")
          for of, k in DEPTHS.items() for series, (one, *_) in PROPOSITION.items()),
        Curve(SEVEN, loss("ridge", "positions"), "ridge", "once"),
        Published("vo23_fig6", "context", "mean", {SEVEN: SEVEN}),
    ),
    named(*DEPTHS) | RIDGE | {
        ("ours", f"{series}_{k}"): Look(words.format(k), WORDS[of][1], pen)
        for of, k in DEPTHS.items() for series, (_, words, pen) in PROPOSITION.items()},
    log="y",
)
DEEPER = DEPTHS | {TWELVE: 12}
SOFTMAX_DEPTH = Panel(
    "depth", "(e) by depth", "layers, or steps K", STATE_LOSS,
    (
        *(Points(of, loss(), of, float(k)) for of, k in DEEPER.items()),
        *(Points(of, loss(f"{one} K={k}"), series, float(k), "once")
          for series, (one, *_) in PROPOSITION.items() for of, k in DEEPER.items()),
        Points(SEVEN, loss("ridge"), "ridge", (3.0, 12.0), "once"),
        Published("vo23_fig6", "depth", "mean"),
    ),
    RIDGE | {
        **{("ours", of): Look(words, color, DOT) for of, (words, color) in WORDS.items() if of in DEEPER},
        **{("ours", series): Look(words.format("K"), AMBER, pen)
           for series, (_, words, pen) in PROPOSITION.items()},
        ("published", "softmax"): Look("", GREY, hollow()),
    },
    log="y", xticks={3: "3", 7: "7", 12: "12"},
)
VO23_FIG6 = Figure(
    ((next_state(SEVEN, "vo23_fig6"), *inverses(SEVEN, "vo23_fig6")), (SOFTMAX_CONTEXT, SOFTMAX_DEPTH)),
    6.6, SEVEN,
)

# One teacher for all sequences: no sign of preconditioning (figure 12)

FIXED = {FIXED_ONE: 1, FIXED_SIX: 6, FIXED_MESA: 1}
RIVALS = {  # series -> predictor, experiment and its layers, words, colour
    "gd": ("gd shared K=1", FIXED_ONE, "one step of GD, best rate", GREY),
    "six_steps": ("polynomial scaled K=6", FIXED_SIX, "six steps of Prop. 2", AMBER),
}
FIXED_LOOKS = named(*FIXED) | RIDGE | {
    ("ours", series): Look(words, color, DASHED) for series, (_, _, words, color) in RIVALS.items()}
FIXED_CONTEXT = Panel(
    "context", "(a) by position", POSITION, STATE_LOSS,
    (
        *(network(of, loss(along="positions")) for of in FIXED),
        *(Curve(of, loss(one, "positions"), series, "once") for series, (one, of, *_) in RIVALS.items()),
        Curve(FIXED_SIX, loss("ridge", "positions"), "ridge", "once"),
    ),
    FIXED_LOOKS, log="y",
)
FIXED_DEPTH = Panel(
    "depth", "(b) by depth", "layers", STATE_LOSS,
    (
        *(Points(of, loss(), of, float(k)) for of, k in FIXED.items()),
        *(Points(of, loss(one), series, float(FIXED[of]), "once")
          for series, (one, of, *_) in RIVALS.items()),
        Points(FIXED_SIX, loss("ridge"), "ridge", (1.0, 6.0), "once"),
        Published("vo23_fig12", "depth", "mean", {name: name for name in ("linear", "mesa", *RIVALS)}),
    ),
    RIDGE | {
        **{("ours", of): Look(WORDS[of][0], WORDS[of][1], DOT) for of in FIXED},
        **{("ours", series): Look(words, color, DOT._replace(marker="s", words=""))
           for series, (*_, words, color) in RIVALS.items()},
        ("published", "linear"): Look("", BLACK, hollow()),
        ("published", "mesa"): Look("", PURPLE, hollow()),
        **{("published", series): Look("", color, hollow("s", 6.0))
           for series, (*_, color) in RIVALS.items()},
    },
    log="y", xlim=(0.5, 6.5),
)
RELEASED_AT_20 = ("preconditioned_r2", "target=released at 20", "layers")
KNOWS = {  # series -> experiment, words, colour
    "random": (SIX, "trained on random teachers", GREEN),
    "fixed": (FIXED_SIX, "trained on one teacher", ORANGE),
}
MOVED = r2(*RELEASED_AT_20, f"networks of {FIXED_SIX}")  # on the sequences of six linear layers
PROBED = Panel(
    "released", "(c) preconditioned, six steps", LAYER, R2,
    (
        *(network(of, r2(*RELEASED_AT_20), series) for series, (of, *_) in KNOWS.items()),
        Curve(SIX, MOVED, "moved", "once"),
        Curve(FIXED_SIX, r2(*RELEASED_AT_20, "untrained"), "untrained", "once"),
    ),
    UNTRAINED | looks.merged(
        looks.family(series, words, color) for series, (_, words, color) in KNOWS.items()
    ) | {("ours", "moved"): Look("these on random ones", ORANGE, DOTTED)},
    **SHARE,
)
VO23_FIG12 = Figure(((FIXED_CONTEXT, FIXED_DEPTH, PROBED),), 3.9, FIXED_SIX)
