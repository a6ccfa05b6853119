"""Figures of several layers against several steps of GD and GD++, and of what GD++ does to eigenvalues."""

# ruff: noqa: I001
# fmt: off
from collections.abc import Mapping
from dataclasses import replace

from icgd.figures import looks, parts
from icgd.figures.looks import (
    AMBER, BLACK, BLUE, FAINT, GREEN, GREY, ORANGE, PUBLISHED, PURPLE, SKY, Look, Looks, Pen, hollow,
)
from icgd.figures.panels import Figure, Note, Panel
from icgd.figures.parts import NAMES, NETWORKS, OWN, Subjects
from icgd.figures.queries import END, ENDS, Number, Published
from icgd.figures.special import ConditionNumbers, Eigenvalues

# Linear layers; only those with shared weights are interpolated (figures 3, 3b, 6b, 6c, 7)

TWO, FIVE, TEN, BLOCKS = "two_recurrent", "five_layers", "ten_recurrent", "twelve_mlp"
SHARED = {"gd_shared": "gd shared", "gd_plus_plus_shared": "gd_plus_plus shared"}
CLIPPED = {"gd_shared": "gd shared", "gd_plus_plus_shared_clipped": "gd_plus_plus shared clipped"}
SEPARATE = {"gd_shared": "gd shared", "gd_plus_plus_separate": "gd_plus_plus separate"}


def compared(panel: Panel, of: str, steps: Subjects, theirs: bool = True, **more: object) -> Panel:
    """A panel of losses with one under it that shows them over those of GD++."""
    bases = {"ours": list(steps)[1], **({"published": "gd_plus_plus"} if theirs else {})}
    return parts.over(panel, of, bases, "GD++", **more)


def in_training(of: str, figure: str, steps: Subjects, **ratio: object) -> tuple[Panel, ...]:
    """Losses, and agreement with both references."""
    queries = (*parts.training(of, steps), *parts.as_published(figure, "gd", "gd_plus_plus"))
    losses = parts.losses("(a) loss", queries, looks.curves(NAMES[of]), log="y")
    gd, gd_plus_plus = (
        parts.agreement(name, title, parts.kept(of, figure, name, reference), looks.agreement(color), 0.7)
        for name, title, reference, color in zip(
            ("align_gd", "align_gd_plus_plus"), ("(b) agreement with GD", "(c) agreement with GD++"),
            steps.values(), (ORANGE, PURPLE), strict=True)
    )
    return compared(losses, of, steps, False, **ratio), gd, gd_plus_plus


def several(
    of: str, figure: str, clip: bool, networks: Subjects, steps: Subjects,
    ratio: Mapping = {}, wide: Mapping = {},
) -> Figure:
    """Training, and wider inputs; limits of what is compared with GD++."""
    loss, gd, gd_plus_plus = in_training(of, figure, steps, **ratio)
    inputs = (*parts.sweep(of, "inputs", clip, {**networks, **steps}), Published(figure, "inputs"))
    wider = parts.shift("inputs", inputs, looks.sweep(NAMES[of]), "(d) wider inputs")
    return Figure(((loss, gd), (gd_plus_plus, compared(wider, of, steps, **wide))), 6.9, of)


FIG3 = several(TWO, "fig3a", False, NETWORKS, SHARED, {"ylim": (0.97, 1.5)}, {"ylim": (0.2, 2)})
FIG3B = several(FIVE, "fig3b", True, OWN, SEPARATE)
ANOTHERS = {  # what the paper shows as two layers is of ten (vo22-f01): in grey, as it is no match
    key: Look("published as two layers: the ten of Fig. 7", GREY, look.pen._replace(words="", pale=True))
    for key, look in looks.sweep("").items() if look and key[0] == "published"
}
FIG6B_LOSSES = parts.shifts(TWO, "fig6b", True, {**NETWORKS, **SHARED}, looks.sweep(NAMES[TWO]) | ANOTHERS)
FIG6B = Figure((tuple(compared(one, TWO, SHARED, False) for one in FIG6B_LOSSES),), 3.8, TWO, once=True)
FIG6C_LOSSES = parts.shifts(FIVE, "fig6c", True, {**OWN, **SEPARATE})
FIG6C = Figure((tuple(compared(one, FIVE, SEPARATE) for one in FIG6C_LOSSES),), 3.8, FIVE, once=True)
TEN_TRAINING = in_training(TEN, "fig7", CLIPPED)
TEN_SHIFTS = tuple(
    replace(compared(one, TEN, CLIPPED, one.name != "inputs"), title=f"({letter}){one.title[3:]}")
    for letter, one in zip("defg", parts.shifts(TEN, "fig7", True, {**NETWORKS, **CLIPPED}), strict=True)
)
FIG7 = Figure((TEN_TRAINING, TEN_SHIFTS), 7.2, TEN)

# Blocks of four heads and an MLP (figure 8)

RELEASED = "gd_plus_plus separate released"
BLOCK_LOOKS = looks.curves(NAMES[BLOCKS], median=True, seed=FAINT) | {
    ("published", "trained"): Look("", BLUE, PUBLISHED)}
BLOCK_LOSSES = (
    *parts.training(BLOCKS, {"gd_shared": "gd shared", "gd_plus_plus_separate_released": RELEASED}, "median"),
    *(Number("fig8_loss", name, name, ENDS, of=BLOCKS) for name in ("gd", "gd_plus_plus", "trained")),
)


def blocks(letter: str, name: str, reference: str, to: str, color: str) -> Panel:
    """Agreement with a reference by step, and what it was at the published end."""
    ask = lambda measure: (  # noqa: E731
        *parts.kept(BLOCKS, "", "", reference, "median")(measure)[1:],
        Number(f"fig8_{name}", measure, measure, END, of=BLOCKS),
    )
    look = looks.agreement(color, hollow("o", 6.0), seed=FAINT, median=True)
    return parts.agreement(f"align_{name}", f"({letter}) agreement with {to}", ask, look, 0.7)


FIG8_PANELS = (
    parts.losses("(a) loss", BLOCK_LOSSES, BLOCK_LOOKS, log="y"),
    blocks("b", "gd", "gd shared", "GD", ORANGE),
    blocks("c", "gd_plus_plus", RELEASED, "GD++", PURPLE),
)
FIG8 = Figure((FIG8_PANELS,), 4.0, BLOCKS)

# Eigenvalues and condition numbers (figure 13)

CONTEXTS = {10: BLUE, 25: ORANGE, 50: GREEN, 100: PURPLE}


def by_context(pen: Pen, published: Pen, label: str = "N = {n}") -> Looks:
    """One look for each number of pairs; published in the same colours."""
    return {
        (source, f"context_{n}"): Look(label.format(n=n), color, pens)
        for n, color in CONTEXTS.items() for source, pens in (("ours", pen), ("published", published))
    }


BY_CONTEXT = by_context(Pen(), PUBLISHED._replace(words="with the published γ and extremes"))
GAMMAS = by_context(Pen("γ of least loss, two layers", "--", 0.9, form="upright"),
                    PUBLISHED._replace(words="", line="--", form="upright"), "")
STARS = by_context(Pen("without GD++, γ = 0", "", marker="*", size=6.0), hollow("*", 9.0), "")
SHARES = {  # in other colours than the contexts'
    ("ours", f"gamma_{gamma}"): Look(f"γ = {gamma}, N = 25", color, Pen(form="steps-mid"))
    for gamma, color in {"0": SKY, "0.05": AMBER, "0.1": BLACK}.items()
}


def eigenvalues(part: str, look: Looks, title: str = "", x: str = "", y: str = "", **more: object) -> Panel:
    """One part at every context length."""
    return Panel(part, title, x, y, tuple(Eigenvalues(n, part) for n in CONTEXTS), look, **more)


FIG13_PANELS = (
    eigenvalues(
        "transformed", BY_CONTEXT, "(a) an eigenvalue after GD++", "eigenvalue λ of XXᵀ", "λ − 2γλ² + γ²λ³",
        xlim=(0, 30), ylim=(0, 6),
    ),
    eigenvalues(
        "ratio", BY_CONTEXT, "(b) extremes over all tasks", "γ", "condition number",
        log="y", xlim=(-0.005, 0.25), ylim=(1, 1e5),
        also=(eigenvalues("gamma", GAMMAS), eigenvalues("star", STARS)),
        notes=(Note("N = 10:\nabove\nthe axis", 0.98, 0.8, "right"),),
    ),
    Panel(
        "histogram", "(c) each of 10 000 tasks", "condition number of XXᵀ", "share of tasks",
        (ConditionNumbers(),), SHARES, log="x", xlim=(1, 1e2), ylim=(0, None),
    ),
)
FIG13 = Figure((FIG13_PANELS,), 3.1)
