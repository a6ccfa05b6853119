"""What each series looks like; data only, so that planning can read the figures."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#9A9A9A"  # Okabe and Ito


class Look(NamedTuple):
    """How a series is drawn."""

    label: str
    color: str
    line: str = "-"
    width: float = 1.0
    marker: str = ""
    size: float = 3.0
    alpha: float = 1.0
    every: int | None = None  # points between two markers
    hollow: bool = False
    form: str = "default"  # of the line: default, steps-mid, or upright (a vertical line at each x)


Looks = Mapping[tuple[str, str], Look]  # (source, series) -> look


def of_seeds(series: str, seed: Look, mean: Look, words: str = "") -> Looks:
    """Single seeds, those that did not converge, and the mean of the others; ``words`` tell them apart."""
    labels = ("one seed", "unconverged seed", "diverged seed", "mean of converged seeds")
    told = [f"{words}, {label}" if words else seed.label for label in labels]
    points = not seed.line
    other = seed._replace(marker=seed.marker if points else "", width=0.9, alpha=1.0, hollow=points)
    return {
        ("ours", series): seed._replace(label=told[0]),
        ("ours", f"{series}_unconverged"): other._replace(label=told[1], line="" if points else "--"),
        ("ours", f"{series}_diverged"): other._replace(label=told[2], line="" if points else ":"),
        ("ours", f"{series}_mean"): mean._replace(label=told[3]),
    }


def dots(label: str, color: str = BLUE, marker: str = "o", size: float = 3.0) -> Look:
    """A point a seed."""
    return Look(label, color, "", marker=marker, size=size, alpha=0.8)


def hollow(label: str, marker: str, size: float, color: str = GREY) -> Look:
    """Published points, behind ours."""
    return Look(label, color, "", marker=marker, size=size, hollow=True)


REFERENCES: Looks = {
    ("ours", "gd_published"): Look("GD, published rate", ORANGE, width=0.9),
    ("ours", "gd_optimal"): Look("GD, optimal rate", ORANGE, "--", 0.9),
    ("ours", "gd_shared"): Look("GD, best rate", ORANGE, "--", 1.2),
    ("ours", "gd_plus_plus_shared"): Look("GD++, best rate and γ", PURPLE, "--", 1.2),
    ("ours", "gd_plus_plus_shared_clipped"): Look("GD++, best under the clip", PURPLE, "--", 1.2),
    ("ours", "gd_plus_plus_separate"): Look("GD++, best rates and γs", PURPLE, "--", 1.2),
    ("ours", "gd_plus_plus_separate_released"): Look("GD++, trained", PURPLE, "--", 1.2),
    ("ours", "two_steps"): Look("two steps of GD", ORANGE, "--", 1.2),
    ("ours", "debiased_gd"): Look("debiased GD", GREEN, "--", 1.2),
    ("ours", "one_head"): Look("best single head", PURPLE, "-.", 1.2),
    ("ours", "zero"): Look("predicting zero", "0.3", ":", 1.2),
}
THIN, BOLD = Look("", BLUE, width=0.6, alpha=0.6), Look("", BLUE, width=1.8)
CURVES: Looks = {
    **REFERENCES,
    **of_seeds("trained", THIN, BOLD, "trained"),
    ("published", "trained"): Look("published: trained, one seed", GREY, width=0.7, alpha=0.8),
    ("published", "trained_mean"): Look("published: trained, mean", GREY, width=1.8),
    ("published", "gd"): Look("published: GD", GREY, "--", 1.4),
    ("published", "gd_plus_plus"): Look("published: GD++", GREY, ":", 1.6),
}
SWEEP: Looks = {
    **REFERENCES,
    **of_seeds("trained", Look("", BLUE, width=0.6, marker="o", size=2.0), BOLD, "trained"),
    **of_seeds("interpolated", Look("", GREEN, "-.", 0.6, "^", 2.0), BOLD, "interpolated"),
    ("published", "gd"): hollow("published: GD", "s", 7.0),
    ("published", "trained"): hollow("published: trained", "o", 6.0),
    ("published", "interpolated"): hollow("published: interpolated", "^", 5.0),
    ("published", "gd_plus_plus"): hollow("published: GD++", "D", 5.0),
}
ROLL_OUT: Looks = {
    **SWEEP,
    ("ours", "trained"): CURVES["ours", "trained"],
    ("published", "gd"): hollow("published: GD", "s", 4.5),
    ("published", "trained"): hollow("published: trained", "o", 4.5),
}
MEASURES = {  # of agreement: words, colour, marker
    "model_cos": ("model cosine", BLUE, "o"),
    "model_diff": ("model difference", ORANGE, "s"),
    "preds_diff": ("prediction difference", GREEN, "^"),
}


def of_measures(looks: Callable[[str, str, str, str], Looks]) -> Looks:
    """Looks of all measures from those of one, given its name, words, colour and marker."""
    return {key: look for name, of in MEASURES.items() for key, look in looks(name, *of).items()}


def beside(name: str, words: str, color: str, marker: str) -> Looks:
    """Published means in grey, seeds and their mean."""
    words += f" ({'left' if name == 'model_cos' else 'right'} axis)"
    mean = Look(words, color, "-", 1.4, marker, 3.5, every=5)
    published = Look("published, mean", GREY, "-", 1.8, marker, 5.0, every=9)
    return {("published", name): published, **of_seeds(name, Look(words, color, width=0.6, alpha=0.5), mean)}


AGREEMENT = of_measures(beside)
