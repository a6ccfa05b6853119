"""Figure 8 of the second paper: networks trained on sequences of states, tried on few-shot regression."""

from icgd.figures import looks
from icgd.figures.looks import BLACK, BLUE, DASHED, DOTTED, GREEN, GREY, ORANGE, Look, Looks, hollow
from icgd.figures.panels import Across, Figure, Panel
from icgd.figures.queries import Curve, Published, Query
from icgd.figures.specs_inside import WORDS, network
from icgd.figures.specs_sequences import STATE_LOSS
from icgd.measures.request import Request

# fmt: off
SOFTMAX, MESA = "few_shot", "few_shot_mesa"
NAMES = {SOFTMAX: WORDS["softmax_seven"][0], MESA: WORDS["softmax_mesa"][0]}
PAIR = "pairs before"
RANGE = 0.4, 30.0  # who knows the pairs falls out of it, to the noise
TUNED = {  # series -> what the experiment's name ends with, words, colour
    "plain": ("", "as trained", BLUE),
    "end": ("_end", "token after each pair", ORANGE),
    "prefix": ("_prefix", "and tokens before all", GREEN),
}
UNTRAINED: Looks = {
    ("ours", "ridge"): Look("ridge regression on the stream", BLACK, DASHED),
    ("ours", "ridge_pairs"): Look("on the pairs alone", BLACK, DOTTED),
    ("published", "ridge"): Look("", BLACK, hollow()),
    ("ours", "zero"): Look("predicting zero", GREY, DOTTED),
}
LOOKS = UNTRAINED | looks.merged(
    looks.family(name, words, color, published=hollow()) for name, (_, words, color) in TUNED.items()
)
BOTH: Looks = UNTRAINED | looks.merged(
    looks.family(of, NAMES[of], BLUE, published=hollow(), line=line)
    for of, line in {SOFTMAX: "-", MESA: "--"}.items()
)


def by_pair(pairs: str, subject: str = "network") -> Request:
    """Loss at every pair of streams."""
    return Request("loss", subject, "", f"pairs {pairs}", "positions")


def references(pairs: str, *names: str) -> tuple[Query, ...]:
    """Losses of what is not trained."""
    return tuple(Curve(SOFTMAX, by_pair(pairs, one), one.replace(" ", "_"), "once") for one in names)


def tuned(letter: str, of: str) -> Panel:
    """One task, without and with tokens that were tuned for it."""
    queries = (
        *(network(of + end, by_pair("60"), series) for series, (end, *_) in TUNED.items()),
        *references("60", "ridge", "ridge pairs", "zero"), Published("vo23_fig8", of, "mean"),
    )
    return Panel(of, f"({letter}) {NAMES[of]}", PAIR, STATE_LOSS, queries, LOOKS, log="y", ylim=RANGE)


TWO = Panel(
    "two_tasks", "(c) another task after 40 pairs", PAIR, STATE_LOSS,
    (
        *(network(of, by_pair("40 40")) for of in (SOFTMAX, MESA)), *references("40 40", "ridge", "zero"),
        Published("vo23_fig8", "two_tasks", "mean"),
    ),
    BOTH, log="y", ylim=RANGE, across=(Across(40.0, "the other task", upright=True),),
)
VO23_FIG8 = Figure(((tuned("a", SOFTMAX), tuned("b", MESA), TWO),), 3.9, SOFTMAX)
