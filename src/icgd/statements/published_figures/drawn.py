"""What the published curves say about each other, without any run."""

import math

from icgd.statements.published_figures import readings
from icgd.statements.published_figures.readings import Curve, end, last, markers, number
from icgd.statements.table import statement

SEEN = 1.0  # scale of the inputs up to which a sweep is not yet off the training distribution
DEEP = ("fig3a", "fig3b", "fig7")  # two, five and ten layers


def relative(a: Curve, b: Curve) -> float:
    """Largest |a / b - 1| over the points that both curves have."""
    return max(abs(a[x] / b[x] - 1) for x in a if x in b)


def scaled(curve: Curve, factor: float) -> Curve:
    """A curve moved by a factor."""
    return {x: y * factor for x, y in curve.items()}


@statement
def fig6b_difference() -> dict:
    """Largest relative difference of a series in Fig. 6b and in Fig. 7 (bottom)."""

    def between(one: str, other: str, factor: float = 1.0) -> dict[str, float]:
        return {
            " ".join(place): relative(scaled(markers(one, *place), factor), markers(other, *place))
            for place in readings.common_sweeps(one, other)
        }

    return {
        "statement": between("fig6b", "fig7"),
        "scaled 1.001: one moved by 0.1 %": between("fig6b", "fig7", 1.001),
        "other_depths: Figs 6a, 6c": between("fig6a", "fig6c"),
        "same_panel: Figs 2, 6a": between("fig2", "fig6a"),
    }


@statement
def fig6c_gd_difference() -> dict:
    """Largest relative difference of GD in Fig. 3b (right) and in Fig. 6c (left)."""
    gd = {figure: markers(figure, "inputs", "gd") for figure in ("fig3b", "fig6c", "fig6a", "fig12a")}
    return {
        "statement": relative(gd["fig3b"], gd["fig6c"]),
        "scaled 1.001: a curve moved by 0.1 %": relative(scaled(gd["fig3b"], 1.001), gd["fig6c"]),
        "same_panel: what Figs 6a and 12 both show": relative(gd["fig6a"], gd["fig12a"]),
    }


@statement
def fig6c_network_distance() -> dict:
    """Largest |ln ratio| of a network's losses in Figs 3b (right) and 6c (left), scales up to 1."""

    def between(one: str, other: str, series: str, factor: float = 1.0) -> float:
        a, b = (markers(figure, "inputs", series) for figure in (one, other))
        return max(abs(math.log(factor * a[x] / b[x])) for x in a if x in b and x <= SEEN)

    return {
        "statement": {series: between("fig3b", "fig6c", series) for series in ("gd_plus_plus", "trained")},
        "scaled 1.05: a curve moved by 5 %": between("fig3b", "fig6c", "gd", 1.05),
        "linear_and_softmax: networks of Figs 6a and 12": between("fig6a", "fig12a", "trained"),
    }


def over_gd_plus_plus(figure: str, panel: str, reach: float = SEEN) -> list[float]:
    """Ratios of the trained network to GD++ in a sweep."""
    trained, reference = (markers(figure, panel, series) for series in ("trained", "gd_plus_plus"))
    return [trained[x] / reference[x] for x in trained if x in reference and x <= reach]


def end_over(figure: str, series: str) -> float:
    """Last loss of the trained networks of a figure over that of another series."""
    return end(figure, "trained") / end(figure, series)


def ends(figure: str) -> list[float]:
    """Last losses of a figure's trained networks, ascending."""
    return sorted(last(curve) for curve in readings.seeds(figure, "loss", "trained").values())


@statement
def fig3b_trained_over_gd_plus_plus() -> dict:
    """Highest ratio of trained to GD++ in Fig. 3b, scales up to 1."""
    highest = max(over_gd_plus_plus("fig3b", "inputs"))
    return {
        "statement": highest,
        "gd_plus_plus 0.9: GD++ 10 % lower": highest / 0.9,
        "other_panel: the end of training in Fig. 3b": end_over("fig3b", "gd_plus_plus"),
    }


@statement
def fig6c_trained_over_gd_plus_plus() -> dict:
    """Lowest ratio of trained to GD++ in Fig. 6c, scales up to 1."""
    lowest, other = (
        min(over_gd_plus_plus("fig6c", *sweep)) for sweep in (("inputs", SEEN), ("targets", math.inf))
    )
    return {
        "statement": lowest,
        "gd_plus_plus 1.25: GD++ 25 % higher": lowest / 1.25,
        "other_panel: the second panel of Fig. 6c": other,
    }


@statement
def trained_over_gd() -> dict:
    """Final loss of K trained layers over that of K steps of GD, Figs 3 and 7."""
    return {
        "statement": {figure: end_over(figure, "gd") for figure in DEEP},
        "one_layer: one layer over one step, Fig. 2": end_over("fig2", "gd"),
        "scaled 1.35: the loss of two layers moved by 35 %": 1.35 * end_over("fig3a", "gd"),
        "worst_seed: the seed with the highest loss": {f: ends(f)[-1] / end(f, "gd") for f in DEEP},
    }


@statement
def highest_over_median_seed() -> dict:
    """Highest final loss of a seed over the median seed's, Fig. 12a."""
    losses = (ends(figure) for figure in ("fig12a", "fig12b", "fig3b"))
    one, two, five = (found[-1] / found[len(found) // 2] for found in losses)
    return {
        "statement": one,
        "two_heads: Fig. 12b": two,
        "scaled 1.1: Fig. 12b moved by 10 %": 1.1 * two,
        "five_layers: Fig. 3b": five,
    }


@statement
def layer_norm_over_gd() -> dict:
    """Two layers with layer normalisation over two steps of GD, Fig. 14b."""
    series = ("trained", "two_steps", "gd_plus_plus_separate")
    trained, steps, plus_plus = (number("fig14b_loss", name) for name in series)
    one_layer = number("fig14a_loss", "trained") / end("fig2", "gd")
    return {
        "statement": trained / steps,
        "one_layer: one such layer over one step, Fig. 14a": one_layer,
        "scaled 1.2: the network's loss moved by 20 %": 1.2 * trained / steps,
        "gd_plus_plus: GD++ with parameters of its own for each layer": plus_plus / steps,
    }


@statement
def fixed_set_cosine() -> dict:
    """Model cosine with GD after training on a fixed set of 128 or 512 tasks, Fig. 16."""
    cosines = {size: number("fig16_model_cos", size) for size in ("128", "512", "2048", "8192")}
    return {
        "statement": {f"{size} tasks": cosines[size] for size in ("128", "512")},
        "tasks 2048: 2048 tasks": cosines["2048"],
        "tasks 8192: 8192 tasks": cosines["8192"],
        "layer_norm: fresh tasks, Fig. 14a": number("fig14a_align", "model_cos"),
    }


@statement
def fixed_set_over_zero() -> dict:
    """Loss after training on a fixed set of 128 tasks over that of predicting 0, Fig. 16."""
    zero = readings.start("fig2", "loss", "trained")
    return {
        "statement": number("fig16_loss", "128") / zero,
        "tasks 512: 512 tasks": number("fig16_loss", "512") / zero,
        "best_seed: the lowest seed": number("fig16_loss_low", "128") / zero,
    }


@statement
def applications_over_layers() -> dict:
    """Fig. 1 after four applications over the end of two layers in Fig. 3a."""
    applied = markers("fig1", "damping_0.75", "trained")  # x = 0 is after the first application
    two, five = applied[3.0] / end("fig3a", "trained"), applied[6.0] / end("fig3b", "trained")
    return {
        "statement": two,
        "scaled 0.9: a curve 10 % lower": 0.9 * two,
        "five_layers: seven applications, five layers": five,
    }


@statement
def seeds_of_reference() -> dict:
    """Largest relative distance of a seed's line from the mean line of a reference."""

    def farthest(figure: str, series: str) -> float:
        mean = readings.line(figure, "loss", series)
        return max(relative(seed, mean) for seed in readings.seeds(figure, "loss", series).values())

    references = [*((figure, "gd_plus_plus") for figure in DEEP), ("fig4", "gd")]
    mean = readings.line("fig3a", "loss", "gd_plus_plus")
    return {
        "statement": {" ".join(place): farthest(*place) for place in references},
        "trained: trained networks": farthest("fig3a", "trained"),
        "scaled 1.001: moved by 0.1 %": relative(scaled(mean, 1.001), mean),
        "scaled 1.00002: by 0.002 %": relative(scaled(mean, 1 + 2e-5), mean),
    }


@statement
def fig5_gd_line() -> dict:
    """Loss of one GD step as drawn in Fig. 5."""
    fig2 = end("fig2", "gd")
    return {
        "statement": end("fig5", "gd"),
        "fig2: Fig. 2": fig2,
        "scaled 1.005: Fig. 2 moved by 0.5 %": 1.005 * fig2,
        "scaled 1.02: Fig. 2 moved by 2 %": 1.02 * fig2,
    }
