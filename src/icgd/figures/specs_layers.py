"""Figures of several layers against several steps of GD and GD++, and of what GD++ does to eigenvalues."""

from icgd.figures import parts
from icgd.figures.looks import (
    BLUE,
    CURVES,
    GREEN,
    GREY,
    MEASURES,
    ORANGE,
    PURPLE,
    Look,
    Looks,
    dots,
    hollow,
    of_measures,
    of_seeds,
)
from icgd.figures.panels import Figure, Note, Panel
from icgd.figures.parts import NETWORKS, OWN, Subjects
from icgd.figures.queries import END, ENDS, Number, Published
from icgd.figures.special import ConditionNumbers, Eigenvalues

# fmt: off
# Linear layers; only those with shared weights are interpolated (figures 3, 3b, 6b, 6c, 7)

TWO, FIVE, TEN, BLOCKS = "two_recurrent", "five_layers", "ten_recurrent", "twelve_mlp"
SHARED = {"gd_shared": "gd shared", "gd_plus_plus_shared": "gd_plus_plus shared"}
CLIPPED = {"gd_shared": "gd shared", "gd_plus_plus_shared_clipped": "gd_plus_plus shared clipped"}
SEPARATE = {"gd_shared": "gd shared", "gd_plus_plus_separate": "gd_plus_plus separate"}


def in_training(of: str, figure: str, steps: Subjects, letters: bool = True) -> tuple[Panel, ...]:
    """Losses, and agreement with both references."""
    losses = (*parts.training(of, steps), *parts.as_published(figure, "gd", "gd_plus_plus"))
    a, b, c = ("(a) ", "(b) ", "(c) ") if letters else ("", "", "")
    panels = [parts.losses(f"{a}loss", losses)]
    for letter, to, name, reference in zip(
        (b, c), ("GD", "GD++"), ("align_gd", "align_gd_plus_plus"), steps.values(), strict=True
    ):
        queries = (Published(figure, name, "mean"), *parts.kept(of, reference))
        panels.append(parts.agreement(name, f"{letter}alignment with {to}", queries, to))
    return tuple(panels)


def several(of: str, figure: str, clip: bool, networks: Subjects, steps: Subjects) -> Figure:
    """Training, and scaled inputs."""
    loss, gd, gd_plus_plus = in_training(of, figure, steps)
    inputs = (*parts.sweep(of, "inputs", clip, {**networks, **steps}), Published(figure, "inputs"))
    return Figure(of, ((loss, gd), (gd_plus_plus, parts.shift("inputs", inputs, "(d) scaled inputs"))), 5.8)


FIG3 = several(TWO, "fig3a", False, NETWORKS, SHARED)
FIG3B = several(FIVE, "fig3b", True, OWN, SEPARATE)
REPEATED = "{headline}; in grey what the paper shows as Fig. 6b: its ten layers of Fig. 7"
FIG6B = Figure(TWO, (parts.shifts(TWO, "fig6b", True, {**NETWORKS, **SHARED}),), 2.9, REPEATED)
OTHER_RUN = "{headline}; the published run is not that of Fig. 3b"
FIG6C = Figure(FIVE, (parts.shifts(FIVE, "fig6c", True, {**OWN, **SEPARATE}),), 2.9, OTHER_RUN)
TEN_SHIFTS = parts.shifts(TEN, "fig7", True, {**NETWORKS, **CLIPPED})
FIG7 = Figure(TEN, (in_training(TEN, "fig7", CLIPPED, letters=False), TEN_SHIFTS), 6.0)

# Blocks of four heads and an MLP (figure 8)

RELEASED = "gd_plus_plus separate released"
BLOCK_LOOKS = {**CURVES, ("published", "trained"): Look("published: trained", GREY, width=1.6)}


def by_eye(name: str, words: str, color: str, marker: str) -> Looks:
    """Ours by step, published at the end."""
    seed = Look(words, color, "-", 0.6, marker, 2.5, 0.5)
    published = hollow("published, read by eye at the end", marker, 8.0, color)
    return {("published", name): published, **of_seeds(name, seed, seed._replace(width=1.6, alpha=1.0))}


BLOCK_LOSSES = (
    *parts.training(BLOCKS, {"gd_shared": "gd shared", "gd_plus_plus_separate_released": RELEASED}),
    *(Number("fig8_loss", name, name, ENDS, of=BLOCKS) for name in ("gd", "gd_plus_plus", "trained")),
)


def blocks(letter: str, name: str, reference: str, to: str) -> Panel:
    """Agreement with a reference by step, and what it was at the published end."""
    ends = (Number(f"fig8_{name}", measure, measure, END, of=BLOCKS) for measure in MEASURES)
    room = {"ylim": (-0.05, 1.05), "right_top": None}  # for the marker of a published difference of .02
    title, queries = f"({letter}) alignment with {to}", (*parts.kept(BLOCKS, reference), *ends)
    return parts.agreement(f"align_{name}", title, queries, to, looks=of_measures(by_eye), **room)


FIG8_PANELS = (
    parts.losses("(a) loss", BLOCK_LOSSES, BLOCK_LOOKS, log="y"),
    blocks("b", "gd", "gd shared", "GD"),
    blocks("c", "gd_plus_plus", RELEASED, "GD++"),
)
FIG8 = Figure(BLOCKS, (FIG8_PANELS,), 3.2, "{headline}{reduced}", 4)

# Eigenvalues and condition numbers (figure 13)

CONTEXTS = {10: BLUE, 25: ORANGE, 50: GREEN, 100: PURPLE}
BOTH = Look("published (its gammas and extremes)", GREY, width=2.6, alpha=0.7)
BY_CONTEXT = {
    **{("published", f"context_{n}"): BOTH for n in CONTEXTS},
    **{("ours", f"context_{n}"): Look(f"N = {n}", color, width=1.1) for n, color in CONTEXTS.items()},
}
TOLD = ("ours", "context_25")  # one of many alike, for the legend
GAMMAS = {
    key: look._replace(label="γ of least loss, two layers" if key == TOLD else "", line="--", form="upright")
    for key, look in BY_CONTEXT.items()
}
STARS = {
    key: dots("without GD++, γ = 0" if key == TOLD else "", look.color, "*", 6 if key[0] == "ours" else 11)
    for key, look in BY_CONTEXT.items()
}
SHARES = {  # in other colours than the contexts'
    ("ours", f"gamma_{gamma}"): Look(f"γ = {gamma}, N = 25", color, width=1.1, form="steps-mid")
    for gamma, color in {"0": "#56B4E9", "0.05": "#E69F00", "0.1": "black"}.items()
}


def eigenvalues(part: str, looks: Looks, title: str = "", x: str = "", y: str = "", **more: object) -> Panel:
    """One part at every context length."""
    return Panel(part, title, x, y, tuple(Eigenvalues(n, part) for n in CONTEXTS), looks, **more)


FIG13_PANELS = (
    eigenvalues(
        "transformed", BY_CONTEXT, "eigenvalue after GD++", "eigenvalue λ", "λ − 2γλ² + γ²λ³",
        xlim=(0, 30), ylim=(0, 6),
    ),
    eigenvalues(
        "ratio", BY_CONTEXT, "of the extremes over all tasks", "γ", "condition number",
        log="y", xlim=(-0.005, 0.25), ylim=(1, 1e5),
        also=(eigenvalues("gamma", GAMMAS), eigenvalues("star", STARS)),
        notes=(Note("N = 10:\nabove\nthe axis", 0.98, 0.8, "right"),),
    ),
    Panel(
        "histogram", "of each task, N = 25", "condition number", "share of tasks", (ConditionNumbers(),),
        SHARES, log="x", xlim=(1, 1e2), ylim=(0, None),
    ),
)
FIG13 = Figure("", (FIG13_PANELS,), 2.9, "{scale}: extremes over the tasks of the first set", 4)
