"""Figures of the second paper about a softmax layer followed by a mesa layer."""

from icgd.figures import looks
from icgd.figures.looks import AMBER, BLACK, DASHED, DOT, GREY, ORANGE, PURPLE, SKY, Look, hollow
from icgd.figures.panels import Across, Figure, Panel
from icgd.figures.parts import STEP
from icgd.figures.queries import Curve, Points, Published
from icgd.figures.specs_inside import (
    HYBRID,
    MESA,
    NONLINEAR,
    NONLINEAR_HYBRID,
    PARTLY,
    PARTLY_HYBRID,
    RIDGE,
    SEVEN,
    THREE,
    WORDS,
    named,
    network,
)
from icgd.figures.specs_sequences import POSITION, STATE_LOSS, loss
from icgd.measures.request import Request

# fmt: off

# Two layers against seven (figure 7, fully observed)

AS_STEPS = {("ours", "steps"): Look("seven steps of Prop. 2", AMBER, DASHED)}
SEVEN_STEPS = "polynomial scaled K=7"
BY_POSITION = Panel(
    "context", "(a) by position", POSITION, STATE_LOSS,
    (
        *(network(of, loss(along="positions")) for of in (SEVEN, HYBRID)),
        Curve(SEVEN, loss(SEVEN_STEPS, "positions"), "steps", "once"),
        Curve(SEVEN, loss("ridge", "positions"), "ridge", "once"),
    ),
    named(SEVEN, HYBRID) | AS_STEPS | RIDGE, log="y",
)
LAYERS = {HYBRID: 2.0, THREE: 3.0, SEVEN: 7.0}
MEANS = Panel(
    "means", "(b) over all positions", "layers", STATE_LOSS,
    (
        *(Points(of, loss(), of, at) for of, at in LAYERS.items()),
        Points(SEVEN, loss(SEVEN_STEPS), "steps", (1.0, 8.0), "once"),
        Points(SEVEN, loss("ridge"), "ridge", (1.0, 8.0), "once"),
        Published("vo23_fig7", "observed", "mean"),
    ),
    AS_STEPS | RIDGE | {
        **{("ours", of): Look(WORDS[of][0], WORDS[of][1], DOT) for of in LAYERS},
        **{("published", of): Look("", WORDS[of][1], hollow("D")) for of in LAYERS},
    },
    xlim=(1, 8), ylim=(0, None), xticks={2: "2", 3: "3", 7: "7"}, spread=0.15, beside=0.4,
)
FEATURE_STEPS = "polynomial scaled features K=7"
NONLINEAR_BY_POSITION = Panel(
    "nonlinear", "(d) nonlinear, by position", POSITION, STATE_LOSS,
    (
        network(NONLINEAR, loss(along="positions"), SEVEN),
        network(NONLINEAR_HYBRID, loss(along="positions"), HYBRID),
        Curve(NONLINEAR, loss(FEATURE_STEPS, "positions"), "steps", "once"),
        Curve(NONLINEAR, loss("ridge features", "positions"), "ridge", "once"),
    ),
    named(SEVEN, HYBRID) | {
        ("ours", "steps"): Look("seven steps on features", AMBER, DASHED),
        ("ours", "ridge"): Look("ridge regression on features", BLACK, DASHED),
    },
    log="y",
)
WINDOW_STEPS = "polynomial scaled windows K=7"
PARTLY_BY_POSITION = Panel(
    "partly", "(c) partly observed, by position", POSITION, STATE_LOSS,
    (
        network(PARTLY, loss(along="positions"), SEVEN),
        network(PARTLY_HYBRID, loss(along="positions"), HYBRID),
        Curve(PARTLY, loss(WINDOW_STEPS, "positions"), "steps", "once"),
        Curve(PARTLY, loss("ridge windows", "positions"), "ridge", "once"),
    ),
    named(SEVEN, HYBRID) | {
        ("ours", "steps"): Look("seven steps on windows", AMBER, DASHED),
        ("ours", "ridge"): Look("ridge regression on windows", BLACK, DASHED),
    },
    log="y",
)
VO23_FIG7 = Figure(((BY_POSITION, MEANS), (PARTLY_BY_POSITION, NONLINEAR_BY_POSITION)), 6.6, SEVEN)

# What the first layer is sensitive to, in training (figure 16)

LAGS = {  # words, colour
    0: ("the current state", BLACK), 1: ("the one before", ORANGE), 2: ("two before", SKY),
    3: ("three before", PURPLE), 5: ("five before", GREY),
}
OF_LAG = looks.merged(
    looks.family(f"lag_{lag}", *words, published=hollow("D")) for lag, words in LAGS.items()
)


def sensitivity(letter: str, of: str) -> Panel:
    """Of tokens after the first layer, by step."""
    queries = (
        *(Curve(of, Request("sensitivity_in_training", "network", "", "fresh at 49", f"training {lag}"),
                f"lag_{lag}", "mean") for lag in LAGS),
        Published("vo23_fig16", of),
    )
    more = {"across": (Across(3000, "step of the rule", upright=True),), "ylim": (0, None)}
    return Panel(of, f"({letter}) {WORDS[of][0]}", STEP, "sensitivity (no unit)", queries, OF_LAG, **more)


THREE_NETWORKS = tuple(sensitivity(*one) for one in zip("abc", (SEVEN, HYBRID, MESA), strict=True))
VO23_FIG16 = Figure((THREE_NETWORKS,), 3.6, SEVEN)
