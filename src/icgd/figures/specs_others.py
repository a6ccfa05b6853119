"""Figures beyond linear attention on linear regression: waves, alternating tokens, softmax, LayerNorm."""

# ruff: noqa: I001
# fmt: off
from dataclasses import replace

from icgd.figures import looks, parts
from icgd.figures.looks import (
    AMBER, BLACK, BLUE, DASHED, DOT, DOTTED, FAINT, GREEN, GREY, MEASURES, ORANGE, PUBLISHED,
    PUBLISHED_SEED, PURPLE, SEED, SKY, Look, family, hollow,
)
from icgd.figures.panels import Across, Figure, Panel
from icgd.figures.parts import LOSS, NAMES, ONE_STEP, OWN, STEP, Subjects
from icgd.figures.queries import END, Curve, History, Number, Points, Published
from icgd.figures.special import AROUND, AroundDrop, Matrix
from icgd.measures.request import Request

# Sine waves: an MLP with one attention layer against an MLP with one given GD step (figure 4)

ARMS = {"trained": "sine", "given": "sine_gd"}
WORDS = {"trained": ("trained attention", BLUE), "given": ("given GD step", ORANGE)}
WAVE_LOSSES = {
    **looks.REFERENCES,
    **family("trained", *WORDS["trained"], published=PUBLISHED_SEED), **family("given", *WORDS["given"]),
    ("published", "gd"): Look("", ORANGE, PUBLISHED),
}
BEFORE = SEED._replace(line="--")
WAVE_LOOKS = {
    ("ours", "truth"): Look("the wave", BLACK, DOTTED),
    **{("ours", f"{arm} after"): Look(words, color, SEED) for arm, (words, color) in WORDS.items()},
    **{("ours", f"{arm} before"): Look(f"{words}: before it", color, BEFORE)
       for arm, (words, color) in WORDS.items()},
    **{("published", f"{theirs}_{when}"): Look("", WORDS[arm][1], PUBLISHED._replace(line=line))
       for theirs, arm in {"gd": "given", "trained": "trained"}.items()
       for when, line in {"before": "--", "after": "-"}.items()},
}
OF_X = "factor on the range of x"
WAVE_SHIFTS = {"inputs": OF_X, "frequency": "frequency", "amplitude": "factor on amplitudes"}


def wave(of: str, what: str, series: str, seeds: str = "shown") -> Curve:
    """The wave of the published panel, or a network's function of it."""
    return Curve(of, Request(f"wave_{what}", "network", along="wave"), series, seeds)


def other_waves(letter: str, axis: str) -> Panel:
    """Losses of both arms over one shift, and of predicting zero."""
    zero = Curve("sine", parts.loss("zero", axis, "fresh"), "zero", "once")
    arms = (Curve(of, parts.loss("network", axis, "fresh"), arm, "mean") for arm, of in ARMS.items())
    title, y = f"({letter}) other {axis}", LOSS if letter == "d" else ""
    return Panel(axis, title, WAVE_SHIFTS[axis], y, (zero, *arms), WAVE_LOSSES, log="y", extra=True)


def in_training(measure: str) -> parts.Queries:
    """Agreement with the other arm's network of the same seed, at the same step, and published."""
    asked = Request(measure, "network", "same_seed of sine_gd", "fresh", "training")
    return Published("fig4", "align", "mean", {measure: measure}), Curve("sine", asked, measure, "mean")


FIG4_LOSSES = (*(History(of, series=arm) for arm, of in ARMS.items()), *parts.as_published("fig4", "gd"))
SMALL = {"log": "", "ylim": (0, 0.055)}
PARTIAL = looks.agreement(ORANGE)
FIG4_ALIGN = parts.agreement("align", "(b) agreement of the arms", in_training, PARTIAL, 0.5, **SMALL)
FIG4_WAVES = (
    Published("fig4", "sine", "mean"),
    wave("sine", "truth", "truth", "once"),
    *(wave(of, when, f"{arm} {when}") for arm, of in ARMS.items() for when in ("before", "after")),
)
FIG4_ABOVE = (
    parts.losses("(a) loss", FIG4_LOSSES, WAVE_LOSSES, log="y"),
    replace(FIG4_ALIGN, y="partial cosine"),
    Panel("wave", "(c) one wave", "x", "y", FIG4_WAVES, WAVE_LOOKS),
)
FIG4_BELOW = tuple(other_waves(letter, axis) for letter, axis in zip("def", WAVE_SHIFTS, strict=True))
FIG4 = Figure((FIG4_ABOVE, FIG4_BELOW), 6.2, "sine")

# Alternating tokens: both published panels on one time axis (figure 5)

TOKENS = "alternating"
RECORDED, DRAWN = 500, 400  # steps between two points of the published right panel (vo22-f10)
SENSITIVITIES = {  # column of the history -> published series, words, colour
    "own": ("own_token", "to itself", PURPLE),
    "next": ("next_token", "to the next token", GREEN),
    "other": ("other_tokens", "to all others", GREY),
}
THEIRS = {theirs: ours for ours, (theirs, *_) in SENSITIVITIES.items()}
WIDE = PUBLISHED_SEED._replace(width=1.8)
SENSED = looks.merged(
    family(name, words, color, FAINT, WIDE, median=True) for name, (_, words, color) in SENSITIVITIES.items()
)
AS_DRAWN = Look("to the next, axis as drawn", GREEN, PUBLISHED_SEED._replace(line=":", words=""))
FIG5_LOSSES = (*parts.training(TOKENS, {**ONE_STEP, "zero": "zero"}), *parts.as_published("fig5", "gd"))
STEP_AXIS = {"xlim": (0, 40_000), "xticks": {k: f"{k}" for k in range(0, 40_001, 10_000)}}  # five fit
SENSITIVITY = Panel(
    "sensitivity", "(b) sensitivity of the first layer", STEP, "mean gradient (no unit)",
    (
        *(History(TOKENS, name, name, "median") for name in SENSITIVITIES),
        Published("fig5", "sensitivity", "seed", THEIRS, RECORDED / DRAWN),
        Published("fig5", "sensitivity", "seed", {"next_token": "next_as_drawn"}),
    ),
    {**SENSED, ("published", "next_as_drawn"): AS_DRAWN}, **STEP_AXIS,
)
DROP = Request("dropped_at", "network", "", "history")
SHARE, AT_DROP = "step / step of the seed's drop", Across(1.0, "the seed's drop", upright=True)


def around(part: str, title: str, y: str, look: Look, **more: object) -> Panel:
    """What happens around the drop of every seed."""
    queries, known = (AroundDrop(TOKENS, DROP, parts.loss("zero"), part),), {("ours", part): look}
    return Panel("lead", title, SHARE, y, queries, known, xlim=AROUND, across=(AT_DROP,), **more)


OF_NEXT, OF_LOSS = Look("to the next token", GREEN, SEED), Look(NAMES[TOKENS], BLUE, SEED)
NEXT = around("next_share", "", "sensitivity to the\nnext / its last", OF_NEXT, log="y")
DROPS = "(c) around each seed's drop"
FALL = around("loss_share", DROPS, "loss / that of zero", OF_LOSS, under=NEXT, extra=True)


def attention(of: str, series: str, seeds: str, subject: str = "network") -> Curve:
    """Mean attention of inputs or targets by place of the key."""
    return Curve(TOKENS, Request(f"attention_of_{of}", subject, "", "fresh", "offset"), series, seeds)


POINTED = SEED._replace(marker="o", size=2.0, words="")
ATTENTION = Panel(
    "attention", "(d) attention of the first layer", "place of the token attended to, after its own",
    "mean share (no unit)",
    (
        attention("inputs", "inputs", "shown"),
        attention("targets", "targets", "shown"),
        attention("inputs", "construction", "once", "hand_set copying"),
    ),
    {
        ("ours", "inputs"): Look("of input tokens", SKY, POINTED),
        ("ours", "targets"): Look("of target tokens", AMBER, POINTED._replace(marker="^")),
        ("ours", "construction"): Look("hand-set copying", BLACK, DASHED),
    },
    xlim=(-10.5, 10.5), extra=True,
)
FIG5_LOSS = parts.losses("(a) loss", FIG5_LOSSES, looks.curves(NAMES[TOKENS]), ylim=(0.19, 0.48), **STEP_AXIS)
FIG5 = Figure(((FIG5_LOSS, SENSITIVITY), (FALL, ATTENTION)), 6.9, TOKENS)

# Softmax heads (figures 11 and 12)

HEADS, CORRELATION = "softmax_two_heads", Request("offdiagonal_correlation", "network")
STRIPS = {  # measure -> title, y, its bound
    "offdiagonal_correlation": ("(d) do the heads cancel?", "correlation of entries\noff the diagonal", -0.9),
    "offdiagonal_sum": ("(e) what is left", "size of the sum /\nsize of a head", 0.25),
    "value_balance": ("(f) do their signs cancel?", "|Σ η| / |η|", 0.25),
}
THEIR_STRIPS = {
    "offdiagonal_correlation": (Number("fig11_correlation", "two heads", "offdiagonal_correlation", 0.0),),
    "offdiagonal_sum": (
        Number("fig11_offdiagonal", "sum", "offdiagonal_sum", 1.0, over=("head 1", "head 2")),),
    "value_balance": (),
}
STRIP = [
    Panel(
        "heads", title, "", y, (Points(HEADS, Request(name, "network"), name, float(k)), *THEIR_STRIPS[name]),
        {("ours", name): Look("two heads", BLUE, DOT), ("published", name): Look("", BLUE, hollow("D"))},
        xlim=(k - 0.6, k + 0.6), spread=0.2, beside=0.4, xticks={k: "seeds"}, extra=True,
        ylim=(-1.02, -0.86) if bound < 0 else (0, 0.28), across=(Across(bound, "rule: at most"),),
    )
    for k, (name, (title, y, bound)) in enumerate(STRIPS.items())
]
MAPS = {"head_1": r"(a) $\eta_1 W_{1,KQ}$", "head_2": r"(b) $\eta_2 W_{2,KQ}$", "sum": "(c) sum of both"}
HEAT = [Panel(part, words, "", "", (Matrix(HEADS, CORRELATION, part),), heat="inputs")
        for part, words in MAPS.items()]
FIG11 = Figure((tuple(HEAT), tuple(STRIP)), 5.2, HEADS, median=CORRELATION)


def softmax(letter: str, of: str, best: Subjects, top: float) -> tuple[Panel, ...]:
    """One row: loss, agreement, wider inputs, larger teachers; ``best``: what theory says it can be."""
    figure, look = f"fig12{letter}", looks.sweep(NAMES[of])
    bases = {"ours": "gd_published", "published": "gd"}
    losses = (*parts.training(of, {"gd_published": "gd published", **best}), *parts.as_published(figure))
    series = {**OWN, "gd_published": "gd published", "debiased_gd": "debiased_gd"}
    swept = {axis: (*parts.sweep(of, axis, True, series), Published(figure, axis)) for axis in WIDER}
    by_step = parts.losses(f"({letter}) {NAMES[of]}", losses, looks.curves(NAMES[of]), f"{figure} loss")
    agree = parts.in_history(of, figure)
    return (
        parts.over(by_step, of, {"ours": "gd_published"}, "GD", ylim=(0.99, top)),
        parts.agreement(f"{figure} align", f"({letter}) agreement", agree, looks.agreement(ORANGE)),
        *(parts.over(parts.shift(axis, swept[axis], look, f"({letter}) {words}", f"{figure} {axis}", ""),
                     of, bases, "GD")
          for axis, words in WIDER.items()),
    )


WIDER = {"inputs": "wider inputs", "targets": "larger teachers"}
ONE_HEAD = softmax("a", "softmax_one_head", {"one_head": "softmax_head"}, 2.05)
FIG12 = Figure((ONE_HEAD, softmax("b", HEADS, {"debiased_gd": "debiased_gd"}, 1.2)), 7.4, "softmax_one_head")

# LayerNorm (figure 14)

RELEASED = "gd_plus_plus_separate_released"
TWO_STEPS = {"two_steps": "gd shared", "gd_plus_plus_separate": "gd_plus_plus separate",
             RELEASED: "gd_plus_plus separate released"}
SHORT_NAMES = {"model_cos": "model\ncosine", "model_diff": "model\ndiff.", "preds_diff": "pred.\ndiff."}
ALIGNED = {"gd_published": "align", "two_steps": "align_gd", "gd_plus_plus_separate": "align_gd_plus_plus"}
NORM_LOOKS = {
    ("published", "trained"): Look("", BLUE, hollow("o", 6.0)),
    ("published", "gd_published"): Look("", ORANGE, hollow("s", 6.0)),
    ("published", "two_steps"): Look("", ORANGE, hollow("s", 6.0)),
    ("published", "gd_plus_plus_separate"): Look("", PURPLE, hollow("D", 5.0)),
    ("ours", "gd_plus_plus_separate"): Look("GD++, best rates and γs", PURPLE, DOTTED),
}
ENDS_OF = {"layer_norm": "one layer", "layer_norm_two_layers": "two layers"}
TO = {"gd_published": ("GD", ORANGE, "v"), "two_steps": ("two steps of GD", ORANGE, "o"),
      "gd_plus_plus_separate": ("GD++, best", PURPLE, "D"), RELEASED: ("GD++, as released", PURPLE, "o")}


def layer_norm(letter: str, of: str, references: Subjects) -> tuple[Panel, Panel, Panel]:
    """Loss by step, agreement at the end, wider inputs."""
    figure, known = f"fig14{letter}", ["trained", *(name for name in references if name != RELEASED)]
    losses = (*parts.training(of, references),
              *(Number(f"{figure}_loss", name, name, END, of=of) for name in known))
    swept = (*parts.sweep(of, "inputs", False, {**OWN, **references, "zero": "zero"}),
             *(Number(f"{figure}_doubled", name, name, 2.0) for name in known))
    ends = [
        query
        for name, gd in references.items() for k, measure in enumerate(MEASURES)
        for query in (
            Points(of, Request(measure, "network", gd, "published"), name, float(k)),
            *([Number(f"{figure}_{ALIGNED[name]}", measure, name, float(k))] if name in ALIGNED else []),
        )
    ]
    ours = {("ours", name): Look(f"{ENDS_OF[of]} to {words}", color, DOT._replace(marker=marker))
            for name, (words, color, marker) in TO.items()}
    look, bases = looks.sweep(NAMES[of]) | NORM_LOOKS, {"ours": known[1], "published": known[1]}
    curves = looks.curves(NAMES[of]) | NORM_LOOKS
    loss = parts.losses(f"({letter}) {ENDS_OF[of]}", losses, curves, f"{figure} loss")
    at_end = Panel(
        f"{figure} ends", "(b) agreement at the end", "", "no unit; y per x; y", tuple(ends),
        NORM_LOOKS | ours, ylim=(0, None), xticks=dict(enumerate(SHORT_NAMES.values())), spread=0.07,
        apart={"gd_published": -0.3, "two_steps": -0.1, "gd_plus_plus_separate": 0.1, RELEASED: 0.3},
    )
    inputs = parts.shift("inputs", swept, look, f"({letter}) wider inputs", f"{figure} inputs")
    return parts.over(loss, of, bases, "GD", ylim=(0.5, 1.5)), at_end, parts.over(inputs, of, bases, "GD")


def by_step(measure: str) -> parts.Queries:
    """Agreement of one layer with GD by step, published at the end."""
    end = Number("fig14a_align", measure, measure, END, of="layer_norm")
    return History("layer_norm", measure, measure), end


ONE, OF_ONE, ONE_WIDER = layer_norm("a", "layer_norm", {"gd_published": "gd published"})
BOTH, OF_BOTH, BOTH_WIDER = layer_norm("b", "layer_norm_two_layers", TWO_STEPS)
BY_STEP = looks.agreement(ORANGE, hollow("s", 6.0))
COURSE = parts.agreement("fig14a align", "(a) agreement with GD", by_step, BY_STEP)
FIG14 = Figure(
    ((ONE, COURSE, ONE_WIDER), (BOTH, replace(OF_BOTH, also=(OF_ONE,)), BOTH_WIDER)), 7.4, "layer_norm",
)
