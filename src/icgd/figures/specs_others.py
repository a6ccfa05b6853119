"""Figures beyond linear attention on linear regression: waves, alternating tokens, softmax, LayerNorm."""

from icgd.figures import parts
from icgd.figures.looks import (
    BLUE,
    CURVES,
    GREEN,
    GREY,
    MEASURES,
    ORANGE,
    PURPLE,
    SWEEP,
    Look,
    Looks,
    dots,
    hollow,
    of_measures,
    of_seeds,
)
from icgd.figures.panels import Across, Figure, Note, Panel
from icgd.figures.parts import LOSS, ONE_STEP, OWN, STEP, Subjects
from icgd.figures.queries import END, Curve, History, Number, Points, Published
from icgd.figures.special import AROUND, AroundDrop, Matrix
from icgd.measures.request import Request

# fmt: off
# Sine waves: an MLP with one attention layer against an MLP with one given GD step (figure 4)

ARMS = {"trained": "sine", "given": "sine_gd"}
GIVEN = of_seeds("given", Look("", ORANGE, width=0.6, alpha=0.6), Look("", ORANGE, width=1.8), "given step")
WAVE_LOSSES = {**CURVES, **GIVEN, ("published", "gd"): Look("published: given GD step", GREY, "--", 1.4)}
WAVE_LOOKS = {
    ("ours", "truth"): Look("the wave", "0.2", ":", 1.2),
    ("ours", "trained before"): Look("trained, before attention", PURPLE, width=0.7, alpha=0.8),
    ("ours", "trained after"): CURVES["ours", "trained"],
    ("ours", "given before"): Look("given step, before it", GREEN, width=0.7, alpha=0.8),
    ("ours", "given after"): GIVEN["ours", "given"],
    **{("published", f"{arm}_{when}"): Look("published: both arms, before and after", GREY, width=1.8)
       for arm in ("gd", "trained") for when in ("before", "after")},
}
OF_X = "factor on the range of x"
WAVE_SHIFTS = {"inputs": OF_X, "frequency": "frequency", "amplitude": "factor on amplitudes"}


def partial(name: str, words: str, color: str, marker: str) -> Looks:
    """Published by step, ours at the end."""
    words = words.replace("model", "partial")
    end = Look(f"{words}, at the end", color, "", marker=marker, size=4.0)
    published = Look(f"published: {words}", color, width=1.6, alpha=0.35)
    return {("published", name): published, **of_seeds(name, end, end)}


def wave(of: str, what: str, series: str, seeds: str = "shown") -> Curve:
    """The wave of the published panel, or a network's function of it."""
    return Curve(of, Request(f"wave_{what}", "network", along="wave"), series, seeds)


def other_waves(letter: str, axis: str) -> Panel:
    """Losses of both arms over one shift, and of predicting zero."""
    zero = Curve("sine", parts.loss("zero", axis, "fresh"), "zero", "once")
    arms = (Curve(of, parts.loss("network", axis, "fresh"), arm, "mean") for arm, of in ARMS.items())
    title, y = f"({letter}) other {axis}", LOSS if letter == "d" else ""
    return Panel(axis, title, WAVE_SHIFTS[axis], y, (zero, *arms), WAVE_LOSSES, log="y")


FIG4_LOSSES = (*(History(of, series=arm) for arm, of in ARMS.items()), *parts.as_published("fig4", "gd"))
LAST = {name: Request(name, "network", "same_seed of sine_gd", "fresh") for name in MEASURES}
FIG4_ENDS = (Points("sine", asked, name, END, "states") for name, asked in LAST.items())
FIG4_ALIGN = (Published("fig4", "align", "mean"), *FIG4_ENDS)
FIG4_ABOVE = (
    parts.losses("(a) loss", FIG4_LOSSES, WAVE_LOSSES, log="y"),
    Panel(
        "align", "(b) alignment", STEP, "partial cosine (no unit)", FIG4_ALIGN, of_measures(partial),
        ylim=(0, 1.05), right="mean difference (units of y)",
    ),
    Panel(
        "wave", "(c) one wave", "x", "y",
        (
            Published("fig4", "sine", "mean"),
            wave("sine", "truth", "truth", "once"),
            *(wave(of, when, f"{arm} {when}") for arm, of in ARMS.items() for when in ("before", "after")),
        ),
        WAVE_LOOKS,
    ),
)
FIG4_BELOW = tuple(other_waves(letter, axis) for letter, axis in zip("def", WAVE_SHIFTS, strict=True))
FIG4 = Figure("sine", (FIG4_ABOVE, FIG4_BELOW), 5.4)

# Alternating tokens: both published panels on one time axis (figure 5)

TOKENS = "alternating"
RECORDED, DRAWN = 500, 400  # steps between two points of the published right panel (vo22-f10)
SENSITIVITIES = {  # column of the history -> published series, words, colour
    "own": ("own_token", "itself", PURPLE),
    "next": ("next_token", "the next token", BLUE),
    "other": ("other_tokens", "all others", GREEN),
}
THEIRS = {theirs: ours for ours, (theirs, *_) in SENSITIVITIES.items()}
DRAWN_APART = f"published points {RECORDED} steps apart\nwere drawn {DRAWN} apart (dotted);"
MOVED = f"{DRAWN_APART}\nhere they are on the axis of (a)"
FIG5_LOSSES = (*parts.training(TOKENS, {**ONE_STEP, "zero": "zero"}), *parts.as_published("fig5", "gd"))
SENSITIVITY = Panel(
    "sensitivity", "(b) sensitivity of the first layer", STEP, "mean gradient (no unit)",
    (
        *(History(TOKENS, name, name, "shown") for name in SENSITIVITIES),
        Published("fig5", "sensitivity", "seed", THEIRS, RECORDED / DRAWN),
        Published("fig5", "sensitivity", "seed", {"next_token": "next_as_drawn"}),
    ),
    {
        ("published", "next_as_drawn"): Look("published: next token, as drawn", GREY, ":", 0.9),
        **{("published", name): Look("published: on the axis of (a), one seed", GREY)
           for name in SENSITIVITIES},
        **{("ours", name): Look(f"sensitivity to {words}", color, width=0.7, alpha=0.7)
           for name, (_, words, color) in SENSITIVITIES.items()},
    },
    xlim=(0, 40_000), notes=(Note(MOVED, 0.03, 0.55),),
)
DROP = Panel(
    "lead", "(c) around each seed's drop", "step over that of the drop", "share (no unit)",
    (AroundDrop(TOKENS, Request("dropped_at", "network", "", "history"), parts.loss("zero")),),
    {
        ("ours", "loss_share"): Look("loss / that of zero", ORANGE, width=0.7, alpha=0.8),
        ("ours", "next_share"): Look("sensitivity to the next / its last", BLUE, width=0.7),
    },
    xlim=AROUND, ylim=(0, 1.15), mark=1.0,
)


def attention(of: str, series: str, seeds: str, subject: str = "network") -> Curve:
    """Mean attention of inputs or targets by place of the key."""
    return Curve(TOKENS, Request(f"attention_of_{of}", subject, "", "fresh", "offset"), series, seeds)


ATTENTION = Panel(
    "attention", "(d) attention of the first layer", "key's place after the token", "mean share (no unit)",
    (
        attention("inputs", "inputs", "shown"),
        attention("targets", "targets", "shown"),
        attention("inputs", "construction", "once", "hand_set copying"),
    ),
    {
        ("ours", "inputs"): Look("attention of inputs, one seed", BLUE, "-", 0.7, "o", 2.0, 0.7),
        ("ours", "targets"): Look("attention of targets, one seed", GREEN, "-", 0.7, "^", 2.0, 0.7),
        ("ours", "construction"): Look("attention of hand-set copying", ORANGE, "--", 1.2),
    },
)
FIG5_LOSS = parts.losses("(a) loss", FIG5_LOSSES, xlim=(0, 40_000), ylim=(0.19, 0.48))
FIG5 = Figure(TOKENS, ((FIG5_LOSS, SENSITIVITY), (DROP, ATTENTION)), 6.4)

# Softmax heads (figures 11 and 12)

HEADS, CORRELATION = "softmax_two_heads", Request("offdiagonal_correlation", "network")
STRIPS = {  # measure -> what stands below it, its bound
    "offdiagonal_correlation": ("correla-\ntion of\nheads", -0.9),
    "offdiagonal_sum": ("sum\nover\na head", 0.25),
    "value_balance": ("|Σ η|\nover\n|η|", 0.25),
}
STRIP = Panel(
    "heads", "all seeds", "", "no unit",
    (
        *(Points(HEADS, Request(name, "network"), name, float(k)) for k, name in enumerate(STRIPS)),
        Number("fig11_correlation", "two heads", "offdiagonal_correlation", 0.0),
        Number("fig11_offdiagonal", "sum", "offdiagonal_sum", 1.0, over=("head 1", "head 2")),
    ),
    {
        **{("ours", name): dots("trained, one seed") for name in STRIPS},
        **{("published", name): dots("published", GREY, "D", 5.0) for name in STRIPS},
    },
    xlim=(-0.5, 2.5), ylim=(-1.1, 1.1), spread=0.2, beside=0.32,
    xticks={k: words for k, (words, _) in enumerate(STRIPS.values())},
    across=(Across(0, line="-"), *(Across(bound, "rule: at most", ends=(k - 0.35, k + 0.35))
                                   for k, (_, bound) in enumerate(STRIPS.values()))),
)
MAPS = {"head_1": r"$\eta_1 W_{1,KQ}$", "head_2": r"$\eta_2 W_{2,KQ}$", "sum": "sum of both"}
HEAT = [
    Panel(part, words, "", "", (Matrix(HEADS, CORRELATION, part),), heat="shared")
    for part, words in MAPS.items()
]
FIG11_TITLE = "{headline}; maps of seed {median}, inputs only; diagonals beyond the colours"
FIG11 = Figure(HEADS, ((*HEAT, STRIP),), 2.7, FIG11_TITLE, widths=(1, 1, 1, 1.3), median=CORRELATION)


def softmax(figure: str, words: str, of: str, best: Subjects) -> tuple[Panel, ...]:
    """One column: loss, agreement, scaled inputs, scaled teachers; ``best``: what theory says it can be."""
    losses = (*parts.training(of, {"gd_published": "gd published", **best}), *parts.as_published(figure))
    series = {**OWN, "gd_published": "gd published", "debiased_gd": "debiased_gd"}
    inputs, targets = (
        (*parts.sweep(of, axis, True, series), Published(figure, axis)) for axis in ("inputs", "targets")
    )
    return (
        parts.losses(f"({figure[-1]}) {words}\n{{headline {of}}}", losses, name=f"{figure} loss"),
        parts.agreement_in_history(f"{figure} align", "alignment with GD", of, figure),
        parts.shift("inputs", inputs, "scaled inputs", f"{figure} inputs"),
        parts.shift("targets", targets, "scaled teachers", f"{figure} targets"),
    )


FIG12_COLUMNS = (
    softmax("fig12a", "one head", "softmax_one_head", {"one_head": "softmax_head"}),
    softmax("fig12b", "two heads", HEADS, {"debiased_gd": "debiased_gd"}),
)
FIG12_TITLE = "{scale}: softmax attention, d = N = 10; sweeps clipped at 10"
FIG12 = Figure("softmax_one_head", tuple(zip(*FIG12_COLUMNS, strict=True)), 8.6, FIG12_TITLE)

# LayerNorm (figure 14)

TWO_STEPS = {"two_steps": "gd shared", "gd_plus_plus_separate": "gd_plus_plus separate"}
NAMES = {name: words.replace(" ", "\n") for name, (words, *_) in MEASURES.items()}
ALIGNED = {"gd_published": "align", "two_steps": "align_gd", "gd_plus_plus_separate": "align_gd_plus_plus"}
NORM_LOOKS = {
    ("published", "trained"): hollow("published: trained", "o", 7.0),
    ("published", "gd_published"): hollow("published: GD", "s", 7.0),
    ("published", "two_steps"): hollow("published: GD", "s", 7.0),
    ("published", "gd_plus_plus_separate"): hollow("published: GD++", "^", 7.0),
    ("ours", "gd_plus_plus_separate"): Look("two steps of GD++, a rate each", GREEN, "-.", 1.2),
}
NORM_LOSSES, NORM_SWEEP = {**CURVES, **NORM_LOOKS}, {**SWEEP, **NORM_LOOKS}
NORM_ENDS = {key: look._replace(line="", marker=look.marker or "o") for key, look in NORM_SWEEP.items()}


def layer_norm(figure: str, words: str, of: str, references: Subjects) -> tuple[Panel, ...]:
    """One column: loss, agreement at the end, scaled inputs."""
    known, places = ("trained", *references), list(enumerate(NAMES))
    losses = (Number(f"{figure}_loss", name, name, END, of=of) for name in known)
    ends = [
        query
        for name, gd in references.items()
        for k, measure in places
        for query in (
            Points(of, Request(measure, "network", gd, "published"), name, float(k)),
            Number(f"{figure}_{ALIGNED[name]}", measure, name, float(k)),
        )
    ]
    swept = parts.sweep(of, "inputs", False, {**OWN, **references, "zero": "zero"})
    doubled = (Number(f"{figure}_doubled", name, name, 2.0) for name in known)
    title = f"({figure[-1]}) LayerNorm {words}\n{{headline {of}}}"
    return (
        parts.losses(title, (*parts.training(of, references), *losses), NORM_LOSSES, f"{figure} loss"),
        Panel(
            f"{figure} ends", "alignment at the end", "", "no unit; differences in y", tuple(ends), NORM_ENDS,
            ylim=(0, None), xticks=dict(enumerate(NAMES.values())), spread=0.08,
            apart={"two_steps": -0.2, "gd_plus_plus_separate": 0.2},
        ),
        parts.shift("inputs", (*swept, *doubled), "scaled inputs", f"{figure} inputs", looks=NORM_SWEEP),
    )


FIG14_COLUMNS = (
    layer_norm("fig14a", "before one layer", "layer_norm", {"gd_published": "gd published"}),
    layer_norm("fig14b", "between two layers", "layer_norm_two_layers", TWO_STEPS),
)
FIG14_TITLE = "{scale}: LayerNorm, d = N = 10; sweeps not clipped"
FIG14 = Figure("layer_norm", tuple(zip(*FIG14_COLUMNS, strict=True)), 6.8, FIG14_TITLE)
