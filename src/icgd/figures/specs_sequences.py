"""Figures of the second paper, causal networks on sequences of states; and of both, by eigenvalues."""

from collections.abc import Iterable, Mapping

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
    PURPLE,
    SKY,
    Look,
    hollow,
)
from icgd.figures.panels import Figure, Panel
from icgd.figures.parts import STEP, Subjects
from icgd.figures.queries import Curve, History, Points, Published, Query
from icgd.measures.request import Request

# fmt: off
STATE_LOSS, POSITION = "loss (half squared error)", "position t (t + 1 states are seen)"
LINEAR = {"linear_one": 1, "linear_two": 2, "linear_four": 4, "linear_six": 6}
NETWORKS = {
    "linear_one": ("one linear layer", BLUE), "linear_two": ("two linear layers", SKY),
    "linear_four": ("four linear layers", GREEN), "linear_six": ("six linear layers", ORANGE),
    "mesa_one": ("one mesa layer", PURPLE),
}
RIVALS = {  # what is not trained: series -> predictor, words, look
    "polynomial": ("polynomial", "polynomial of K terms", Look("", GREY, DASHED)),
    "polynomial_scaled": ("polynomial scaled", "scaled at each position", Look("", AMBER, DASHED)),
    "conjugate_gradients": ("conjugate_gradients", "conjugate gradients", Look("", GREY, DOTTED)),
}


def loss(subject: str = "network", along: str = "") -> Request:
    """Loss of a predictor on the seed's own sequences."""
    return Request("loss", subject, "", "fresh", along)


def by_position(networks: Iterable[str], published: Query | None = None) -> Panel:
    """Losses of networks of one to six linear layers and of a mesa layer, and of ridge regression."""
    names = dict(zip(networks, NETWORKS.values(), strict=True))
    looked = looks.merged(looks.family(of, *words) for of, words in names.items())
    looked |= {("ours", "ridge"): Look("ridge regression", BLACK, DASHED)}
    queries = (
        *(Curve(of, loss(along="positions"), of, "mean") for of in names),
        Curve([*names][3], loss("ridge", "positions"), "ridge", "once"),
        *([published] if published else []),
    )
    return Panel("context", "(a) by position", POSITION, STATE_LOSS, queries, looked, log="y")


def by_depth(linear: Mapping[str, int], mesa: str, figure: str) -> Panel:
    """Their losses over all positions, and those of methods of as many steps."""
    names, deepest = dict(zip([*linear, mesa], NETWORKS.values(), strict=True)), [*linear][-1]
    queries = (
        *(Points(of, loss(), of, float(k)) for of, k in {**linear, mesa: 1}.items()),
        *(Points(deepest, loss(f"{one} K={k}"), series, float(k), "once")
          for series, (one, *_) in RIVALS.items() for k in linear.values()),
        Points(deepest, loss("ridge"), "ridge", (1.0, 6.0), "once"),
        Published(figure, "depth", "mean"),
    )
    looked = {
        **{("ours", of): Look(words, color, DOT) for of, (words, color) in names.items()},
        ("published", "linear"): Look("", BLACK, hollow()),
        ("published", "mesa"): Look("", PURPLE, hollow()),
        **{("ours", series): look._replace(label=words) for series, (_, words, look) in RIVALS.items()},
        ("ours", "ridge"): Look("ridge regression", BLACK, DASHED),
    }
    return Panel("depth", "(b) by depth", "layers, or steps K", STATE_LOSS, queries, looked, log="y")


CONTEXT = by_position(NETWORKS, Published("vo23_fig4", "context", "mean", {of: of for of in NETWORKS}))
TRAINING = Panel(
    "training", "(c) in training", STEP, STATE_LOSS,
    (
        *(History(of, series=of) for of in NETWORKS),
        Published("vo23_fig4", "training", "mean", {"linear": "linear_one", "mesa": "mesa_one"}),
    ),
    CONTEXT.looks, log="y", xlim=(0, 5000),
)
VO23_FIG4 = Figure(((CONTEXT, by_depth(LINEAR, "mesa_one", "vo23_fig4"), TRAINING),), 3.8)

# Teachers that contract (figure 11)

CONTRACTING = {"contracting_one": 1, "contracting_two": 2, "contracting_four": 4, "contracting_six": 6}
MESA = "contracting_mesa"
VO23_FIG11 = Figure(
    ((by_position([*CONTRACTING, MESA]), by_depth(CONTRACTING, MESA, "vo23_fig11")),), 3.8, "contracting_six",
)

# Which algorithm is it? What networks and methods of as many steps make of each eigenvalue, both papers

METHODS = {  # series -> words, colour
    "gd": ("gradient descent, best rate", ORANGE), "gd_plus_plus": ("GD++, best rate and γ", PURPLE),
    "polynomial": ("best fixed polynomial", SKY), "conjugate_gradients": ("conjugate gradients", GREEN),
    "newton_schulz": ("Newton-Schulz", AMBER), "exact": ("exact least squares", BLACK),
}
BY_EIGENVALUE = looks.family("network", "trained networks", BLUE) | {
    ("ours", series): Look(words, color, DASHED) for series, (words, color) in METHODS.items()}
REGRESSION = {"gd": "gd shared", "newton_schulz": "newton_schulz", "exact": "least_squares"}
STATES = {
    "gd": "gd shared", "polynomial": "polynomial", "conjugate_gradients": "conjugate_gradients",
    "newton_schulz": "newton_schulz", "exact": "ridge",
}
ONE = {"gd": "gd", "exact": "least_squares"}
LOOPED, APART = ({"gd_plus_plus": f"gd_plus_plus {kind}", **REGRESSION} for kind in ("shared", "separate"))


def response(letter: str, of: str, title: str, tasks: str, methods: Subjects) -> Panel:
    """r(l) of an experiment's networks and of methods of as many steps."""
    ask = lambda subject: Request("response", subject, "", tasks, "eigenvalues")  # noqa: E731
    queries = (
        *(Curve(of, ask(subject), series, "once") for series, subject in methods.items()),
        Curve(of, ask("network"), "network", "shown"),
    )
    title = f"({letter}) {title}"
    return Panel(of, title, "eigenvalue λ", "r(λ)", queries, BY_EIGENVALUE, log="x", ylim=(-0.1, 1.35))


QUIET = "fresh state_noise=0 at 20"
WHICH = Figure(
    (
        (
            response("a", "one_layer", "one layer", "fresh", ONE),
            response("b", "two_recurrent", "two recurrent layers", "fresh", LOOPED),
            response("c", "five_layers", "five layers", "fresh", APART),
        ),
        (
            response("d", "linear_one", "states: one layer", QUIET, STATES),
            response("e", "linear_two", "states: two layers", QUIET, STATES),
            response("f", "linear_six", "states: six layers", QUIET, STATES),
        ),
    ),
    5.4, once=True,
)
