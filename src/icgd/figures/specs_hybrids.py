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
    TWELVE,
    WORDS,
    named,
    network,
)
from icgd.figures.specs_sequences import POSITION, STATE_LOSS, loss
from icgd.measures.request import Request

# fmt: off

# Two layers against seven (figure 7)

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
LAYERS = {HYBRID: 2.0, THREE: 3.0, SEVEN: 7.0, TWELVE: 12.0}
MEANS = Panel(
    "means", "(b) over all positions", "layers", STATE_LOSS,
    (
        *(Points(of, loss(), of, at) for of, at in LAYERS.items()),
        Points(SEVEN, loss(SEVEN_STEPS), "steps", (1.0, 13.0), "once"),
        Points(SEVEN, loss("ridge"), "ridge", (1.0, 13.0), "once"),
        Published("vo23_fig7", "observed", "mean"),
    ),
    AS_STEPS | RIDGE | {
        **{("ours", of): Look(WORDS[of][0], WORDS[of][1], DOT) for of in LAYERS},
        **{("published", of): Look("", WORDS[of][1], hollow("D")) for of in LAYERS},
    },
    xlim=(1, 13), ylim=(0, None), xticks={2: "2", 3: "3", 7: "7", 12: "12"}, spread=0.15, beside=0.4,
)


def by_position(name: str, title: str, seven: str, hybrid: str, seen: str) -> Panel:
    """Both networks on a harder task, and methods on what is made of its states ("windows", "features")."""
    return Panel(
        name, title, POSITION, STATE_LOSS,
        (
            network(seven, loss(along="positions"), SEVEN),
            network(hybrid, loss(along="positions"), HYBRID),
            Curve(seven, loss(f"polynomial scaled {seen} K=7", "positions"), "steps", "once"),
            Curve(seven, loss(f"ridge {seen}", "positions"), "ridge", "once"),
        ),
        named(SEVEN, HYBRID) | {
            ("ours", "steps"): Look(f"seven steps on {seen}", AMBER, DASHED),
            ("ours", "ridge"): Look(f"ridge regression on {seen}", BLACK, DASHED),
        },
        log="y",
    )


HARDER = (
    by_position("partly", "(c) partly observed, by position", PARTLY, PARTLY_HYBRID, "windows"),
    by_position("nonlinear", "(d) nonlinear, by position", NONLINEAR, NONLINEAR_HYBRID, "features"),
)
VO23_FIG7 = Figure(((BY_POSITION, MEANS), HARDER), 6.6, SEVEN)

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
