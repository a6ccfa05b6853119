"""What each series looks like; data only, so that planning can read the figures.

A colour says what is drawn and means one thing in all of a figure. A pen says whose it is: a seed's, that of
all seeds, or a published one, which is pale and behind ours.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"  # Okabe and Ito
SKY, AMBER, BLACK, GREY = "#56B4E9", "#E69F00", "#222222", "#8C8C8C"


class Pen(NamedTuple):
    """How something is drawn; its words stand in the figure's key, whatever its colour."""

    words: str = ""
    line: str = "-"
    width: float = 1.1
    marker: str = ""
    size: float = 3.0
    alpha: float = 1.0
    hollow: bool = False
    pale: bool = False
    form: str = "default"  # of the line: default, steps-mid, upright (a vertical line at each x), band


class Look(NamedTuple):
    """What a series means, in words and colour, and its pen."""

    label: str
    color: str
    pen: Pen


Looks = Mapping[tuple[str, str], Look | None]  # (source, series) -> look; None: in the data, and not drawn

SOLID, DASHED, DOTTED = Pen(), Pen(line="--"), Pen(line=":")
SEED = Pen("one training seed", width=0.6, alpha=0.6)
FAINT = SEED._replace(width=0.4, alpha=0.2)
UNCONVERGED, DIVERGED = Pen("seed that did not converge", "--", 0.8), Pen("diverged seed", ":", 0.8)
MEAN = Pen("mean of converged seeds", width=1.8)
MEDIAN = Pen("median of converged seeds", width=1.8)
BAND = Pen("their middle half", alpha=0.25, form="band")
DOT = Pen("one training seed", "", marker="o", alpha=0.8)
PUBLISHED = Pen("published", width=3.2, pale=True)
PUBLISHED_SEED = Pen("published, one seed", width=0.9, pale=True)


def hollow(marker: str = "o", size: float = 5.0, **more: object) -> Pen:
    """Published points."""
    return Pen("published", "", marker=marker, size=size, hollow=True, **more)


def family(
    series: str, label: str, color: str, seed: Pen = SEED, published: Pen = PUBLISHED, line: str = "-",
    median: bool = False,
) -> Looks:  # fmt: skip
    """Everything that has seeds: they, those that did not come to an end, what all give, and the published.

    Args:
        line: of all seeds together, and of a line of single seeds.
        median: draw the median and the middle half of the seeds, where otherwise their mean is drawn.
    """
    points = not seed.line
    states = {"unconverged": UNCONVERGED, "diverged": DIVERGED}
    if points:
        states = {name: seed._replace(words=pen.words, hollow=True) for name, pen in states.items()}
    if median:
        states = {name: pen._replace(width=0.5, alpha=0.5) for name, pen in states.items()}
    pens = {"": seed if points else seed._replace(line=line)}
    pens |= {f"_{name}": pen for name, pen in states.items()}
    pens |= {"_median": MEDIAN._replace(line=line), "_band": BAND} if median else {}
    pens |= {"_mean": None if median else MEAN._replace(line=line)}
    ours = {("ours", series + end): pen and Look(label, color, pen) for end, pen in pens.items()}
    theirs = {"": published, "_mean": PUBLISHED}
    return ours | {("published", series + end): Look(label, color, pen) for end, pen in theirs.items()}


def merged(several: Iterable[Looks]) -> Looks:
    """The looks of several in one."""
    return {key: look for one in several for key, look in one.items()}


REFERENCES: Looks = {
    ("ours", name): Look(label, color, pen)
    for name, (label, color, pen) in {
        "gd_published": ("GD, published rate", ORANGE, SOLID),
        "gd_optimal": ("GD, optimal rate", ORANGE, DASHED),
        "gd_shared": ("GD, best rate", ORANGE, DASHED),
        "two_steps": ("two steps of GD", ORANGE, DASHED),
        "gd_plus_plus_shared": ("GD++, best rate and γ", PURPLE, DASHED),
        "gd_plus_plus_shared_clipped": ("GD++, best under the clip", PURPLE, DASHED),
        "gd_plus_plus_separate": ("GD++, best rates and γs", PURPLE, DASHED),
        "gd_plus_plus_separate_released": ("GD++, trained as released", PURPLE, Pen(line="-.")),
        "debiased_gd": ("debiased GD", GREEN, DASHED),
        "one_head": ("best single head", PURPLE, Pen(line="-.")),
        "zero": ("predicting zero", BLACK, DOTTED),
    }.items()
}
THEIRS = {"gd": ("GD", ORANGE, "s", 6.0), "gd_plus_plus": ("GD++", PURPLE, "D", 5.0)}


def curves(label: str, median: bool = False, seed: Pen = SEED) -> Looks:
    """A network, named, and what it is held against, by step."""
    published = {("published", name): Look("", color, PUBLISHED) for name, (_, color, *_) in THEIRS.items()}
    return {**REFERENCES, **published, **family("trained", label, BLUE, seed, PUBLISHED_SEED, median=median)}


def sweep(label: str, median: bool = False) -> Looks:
    """The same along an axis, point by point in the paper."""
    published = {
        ("published", name): Look("", color, hollow(marker, size))
        for name, (_, color, marker, size) in THEIRS.items()
    }
    return {
        **REFERENCES,
        **published,
        **family("trained", label, BLUE, published=hollow("o"), median=median),
        **family("interpolated", "interpolated", GREEN, SEED, hollow("^", 4.5), "-."),
    }


MEASURES = {  # of agreement: words of its legend, line; the cosine has an axis to itself
    "model_cos": ("", "-"),
    "model_diff": ("models (y per x)", "-"),
    "preds_diff": ("predictions (y)", "-."),
}


def agreement(color: str, published: Pen = PUBLISHED, **more: object) -> Looks:
    """Measures of agreement with a reference, in its colour."""
    pens = dict.fromkeys(MEASURES, published)
    if published.line:
        pens["preds_diff"] = published._replace(line=MEASURES["preds_diff"][1], width=2.0)
    return merged(
        family(name, words, color, published=pens[name], line=line, **more)
        for name, (words, line) in MEASURES.items()
    )
