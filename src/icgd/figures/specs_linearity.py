"""Figure 5 of the second paper: how linear softmax layers are, and regression in more dimensions."""

from icgd.figures import looks
from icgd.figures.looks import BLACK, BLUE, DASHED, GREEN, GREY, ORANGE, SOLID, Look, hollow
from icgd.figures.panels import Across, Figure, Panel
from icgd.figures.queries import Published, Statements
from icgd.figures.specs_inside import network
from icgd.measures.request import Request

# fmt: off
COPIES = {4: ("copies_n4", BLUE), 10: ("copies_n10", GREEN), 20: ("copies_n20", ORANGE)}
BY_LAYER = Request("linear_copy_ratio", "network", "", "fresh", "layers")
OF_COPIES = Panel(
    "copies", "(a) a linear copy in place of one layer", "layer that is replaced",
    "loss over that of the network",
    (
        *(network(of, BY_LAYER, f"n_{n}") for n, (of, _) in COPIES.items()),
        Published("vo23_fig5", "copies", "mean", {f"n_{n}": f"n_{n}" for n in COPIES}),
    ),
    looks.merged(
        looks.family(f"n_{n}", f"{n} dimensions", color, published=hollow())
        for n, (_, color) in COPIES.items()
    ),
    across=(Across(1.1, "bound of the rule from layer 3 on"), Across(2.0, "and of layer 1", line=":")),
    log="y",
)
REGRESSIONS = {  # series -> subject of the statements, words, colour, pen
    "least_squares": ("statement", "least squares", BLACK, SOLID),
    "kernel": ("kernel", "kernel regression", ORANGE, SOLID),
    "kernel_by_position": ("kernel_by_position", "kernel, best width at each position", ORANGE, DASHED),
    "kernel_learnt": ("kernel_learnt", "kernel, learnt score", GREY, SOLID),
}
OF_DIMENSION = Panel(
    "regression", "(b) regression on 4 n states", "dimensions n", "loss per dimension",
    (
        *(Statements("regression_loss", subject, series)
          for series, (subject, *_) in REGRESSIONS.items()),
        Published("vo23_fig5", "regression", "mean"),
    ),
    {
        **{("ours", name): Look(words, color, pen) for name, (_, words, color, pen) in REGRESSIONS.items()},
        ("published", "least_squares"): Look("", BLACK, hollow()),
        ("published", "kernel"): Look("", ORANGE, hollow()),
    },
    log="x", xticks={4: "4", 10: "10", 20: "20", 60: "60"}, ylim=(0, None),
)
VO23_FIG5 = Figure(((OF_COPIES, OF_DIMENSION),), 3.8, "copies_n20", 6.6)
