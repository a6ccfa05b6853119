"""Figures 26 to 28 of the second paper, on a book's bytes in place of the Pile."""

from icgd.figures import looks
from icgd.figures.looks import BLUE, GREEN, ORANGE
from icgd.figures.panels import Figure, Panel
from icgd.figures.queries import Variants
from icgd.measures.request import Request

# fmt: off
LOSS = "loss (nats per byte)"
KINDS = {"linear": ("linear", ORANGE), "mesa": ("mesa", BLUE), "softmax": ("softmax", GREEN)}
LAYERS = {"text_one": 1.0, "text_two": 2.0, "text_four": 4.0}
ORDERS = {"": 1.0, " features=0": 0.0, " features=3": 3.0}
DOTS = looks.merged(looks.family(kind, *words, seed=looks.DOT) for kind, words in KINDS.items())
LINES = looks.merged(looks.family(kind, *words) for kind, words in KINDS.items())
END = Request("byte_loss", "network", "", "held_out")
BY_BYTE = END._replace(along="positions")

DEPTH = Panel(
    "depth", "(a) by depth", "layers", LOSS,
    tuple(Variants(of, END, {kind: kind for kind in KINDS}, x) for of, x in LAYERS.items()),
    DOTS, xticks={x: f"{x:g}" for x in LAYERS.values()}, apart={"linear": -0.15, "softmax": 0.15},
    xlim=(0.5, 4.5),
)
CONTEXT = Panel(
    "context", "(b) two layers, by position", "bytes before", LOSS,
    (Variants("text_two", BY_BYTE, {kind: kind for kind in KINDS}),), LINES,
)
FEATURES = Panel(
    "features", "(c) one layer, by features", "order of DPFP features", LOSS,
    tuple(
        Variants("text_one", END, {f"{kind}{end}": kind for end in ORDERS},
                 {f"{kind}{end}": x for end, x in ORDERS.items()})
        for kind in ("linear", "mesa")
    ),
    DOTS, xticks={x: f"{x:g}" for x in ORDERS.values()}, apart={"linear": -0.1, "mesa": 0.1},
    xlim=(-0.5, 3.5),
)
VO23_FIG26 = Figure(((DEPTH, CONTEXT, FEATURES),), 3.4, "text_two", once=True)
