"""What the published curves say about each other, without any run."""

import math

from icgd.analysis.panels import readings
from icgd.analysis.panels.readings import Curve
from icgd.analysis.panels.table import Rows

SEEN = 1.0  # scale of the inputs up to which a sweep is not yet off the training distribution
NETWORKS = ("gd_plus_plus", "trained")


def run(rows: Rows) -> None:
    """Every comparison."""
    twice(rows)
    two_runs(rows)
    ranking(rows)
    steps_and_layers(rows)
    layer_norm(rows)
    fixed_sets(rows)
    references_without_seeds(rows)
    applications(rows)
    stuck_seed(rows)


def relative(a: Curve, b: Curve) -> float:
    """Largest |a / b - 1| over the points that both curves have."""
    return max(abs(a[x] / b[x] - 1) for x in a if x in b)


def scaled(curve: Curve, factor: float) -> Curve:
    """A curve moved by a factor."""
    return {x: y * factor for x, y in curve.items()}


def twice(rows: Rows) -> None:
    """Is Fig. 6b the bottom row of Fig. 7? Largest relative difference of every common series."""
    planted = {
        "none": ("fig6b", "fig7", 1.0),
        "scaled_1.001": ("fig6b", "fig7", 1.001),
        "other_depths": ("fig6a", "fig6c", 1.0),
        "same_panel": ("fig2", "fig6a", 1.0),
    }
    for plant, (one, other, factor) in planted.items():
        for panel, series in readings.common_sweeps(one, other):
            a, b = (readings.markers(figure, panel, series) for figure in (one, other))
            rows.put("fig6b_difference", relative(scaled(a, factor), b), plant, f"{panel} {series}")


def two_runs(rows: Rows) -> None:
    """Fig. 3b (right) against Fig. 6c (left): one setting, GD the same line, the networks not.

    fig6c_gd_difference: largest relative difference of GD. fig6c_network_distance: largest
    |ln ratio| of a network's two losses where the inputs are no wider than in training.
    """

    def sweep(figure: str, series: str) -> Curve:
        return readings.markers(figure, "inputs", series)

    gd, again = sweep("fig3b", "gd"), sweep("fig6c", "gd")
    rows.put("fig6c_gd_difference", relative(gd, again))
    rows.put("fig6c_gd_difference", relative(scaled(gd, 1.001), again), "scaled_1.001")
    rows.put("fig6c_gd_difference", relative(sweep("fig6a", "gd"), sweep("fig12a", "gd")), "same_panel")
    for series in NETWORKS:
        apart = distance(sweep("fig3b", series), sweep("fig6c", series))
        rows.put("fig6c_network_distance", apart, case=series)
    rows.put("fig6c_network_distance", distance(scaled(gd, 1.05), again), "scaled_1.05")
    softmax = distance(sweep("fig6a", "trained"), sweep("fig12a", "trained"))
    rows.put("fig6c_network_distance", softmax, "linear_and_softmax")


def distance(a: Curve, b: Curve) -> float:
    """Largest |ln a / b| at scales of the inputs up to that of training."""
    return max(abs(math.log(a[x] / b[x])) for x in a if x in b and x <= SEEN)


def ranking(rows: Rows) -> None:
    """Trained network over GD++ up to the training scale: highest in Fig. 3b, lowest in Fig. 6c."""
    for figure, extreme, factor in (("fig3b", max, 0.9), ("fig6c", min, 1.25)):
        trained, reference = (readings.markers(figure, "inputs", s) for s in ("trained", "gd_plus_plus"))
        ratio = extreme(trained[x] / reference[x] for x in trained if x <= SEEN)
        name = f"{figure}_trained_over_gd_plus_plus"
        rows.put(name, ratio)
        rows.put(name, ratio / factor, f"gd_plus_plus_{factor}")
    ends = readings.end("fig3b", "trained") / readings.end("fig3b", "gd_plus_plus")
    rows.put("fig3b_trained_over_gd_plus_plus", ends, "other_panel")
    trained, reference = (readings.markers("fig6c", "targets", s) for s in ("trained", "gd_plus_plus"))
    lowest = min(trained[x] / reference[x] for x in trained if x in reference)
    rows.put("fig6c_trained_over_gd_plus_plus", lowest, "other_panel")


def steps_and_layers(rows: Rows) -> None:
    """Final loss of K trained layers over that of K steps of GD, as drawn."""
    for plant, figures, factor in (
        ("none", ("fig3a", "fig3b", "fig7"), 1.0),
        ("one_layer", ("fig2",), 1.0),
        ("scaled_1.35", ("fig3a",), 1.35),
    ):
        for figure in figures:
            ratio = readings.end(figure, "trained") / readings.end(figure, "gd")
            rows.put("trained_over_gd", ratio * factor, plant, figure)
    for figure in ("fig3a", "fig3b", "fig7"):
        ends = [list(curve.values())[-1] for curve in readings.seeds(figure, "loss", "trained").values()]
        rows.put("trained_over_gd", max(ends) / readings.end(figure, "gd"), "worst_seed", figure)


def layer_norm(rows: Rows) -> None:
    """Loss of the networks with layer normalisation over that of as many steps of GD (Fig. 14)."""
    net, steps = (readings.number("fig14b_loss", name) for name in ("trained", "two_steps"))
    plus_plus = readings.number("fig14b_loss", "gd_plus_plus_separate")
    one = readings.number("fig14a_loss", "trained") / readings.end("fig2", "gd")
    for plant, ratio in {
        "none": net / steps,
        "one_layer": one,
        "scaled_1.2": 1.2 * net / steps,
        "gd_plus_plus": plus_plus / steps,
    }.items():
        rows.put("layer_norm_over_gd", ratio, plant)


def fixed_sets(rows: Rows) -> None:
    """Networks trained on few fixed tasks (Fig. 16): cosine with GD, loss over predicting zero."""
    zero = readings.start("fig2", "loss", "trained")
    for plant, sizes in (("none", ("128", "512")), ("tasks_2048", ("2048",)), ("tasks_8192", ("8192",))):
        for size in sizes:
            rows.put("fixed_set_cosine", readings.number("fig16_model_cos", size), plant, f"{size} tasks")
    rows.put("fixed_set_cosine", readings.number("fig14a_align", "model_cos"), "layer_norm")
    for plant, measure, size in (
        ("none", "loss", "128"),
        ("tasks_512", "loss", "512"),
        ("worst_seed", "loss_high", "128"),
        ("best_seed", "loss_low", "128"),
    ):
        ratio = readings.number(f"fig16_{measure}", size) / zero
        rows.put("fixed_set_over_zero", ratio, plant, f"{size} tasks")


def applications(rows: Rows) -> None:
    """Loss of one layer applied several times (Fig. 1) over that of fewer layers trained together."""
    applied = readings.markers("fig1", "damping_0.75", "trained")  # x = 0 is after the first application
    two, five = readings.end("fig3a", "trained"), readings.end("fig3b", "trained")
    rows.put("applications_over_layers", applied[3.0] / two, case="4 applications, 2 layers")
    rows.put("applications_over_layers", 0.9 * applied[3.0] / two, "scaled_0.9", "4 applications, 2 layers")
    rows.put("applications_over_layers", applied[6.0] / five, "five_layers", "7 applications, 5 layers")


def stuck_seed(rows: Rows) -> None:
    """Highest final loss of a seed over the median seed's."""
    for plant, figure, factor in (
        ("none", "fig12a", 1.0),
        ("two_heads", "fig12b", 1.0),
        ("scaled_1.1", "fig12b", 1.1),
        ("five_layers", "fig3b", 1.0),
    ):
        curves = readings.seeds(figure, "loss", "trained").values()
        ends = sorted(list(curve.values())[-1] for curve in curves)
        rows.put("highest_over_median_seed", factor * ends[-1] / ends[len(ends) // 2], plant, figure)


def references_without_seeds(rows: Rows) -> None:
    """Largest relative distance of a seed's line from its mean line, over the whole training."""
    for plant, panels in (
        ("none", [(f, "gd_plus_plus") for f in ("fig3a", "fig3b", "fig7")] + [("fig4", "gd")]),
        ("trained", [("fig3a", "trained")]),
    ):
        for figure, series in panels:
            mean = readings.line(figure, "loss", series)
            apart = max(relative(seed, mean) for seed in readings.seeds(figure, "loss", series).values())
            rows.put("seeds_of_reference", apart, plant, f"{figure} {series}")
    mean = readings.line("fig3a", "loss", "gd_plus_plus")
    rows.put("seeds_of_reference", relative(scaled(mean, 1.001), mean), "scaled_1.001")
    rows.put("seeds_of_reference", relative(scaled(mean, 1 + 2e-5), mean), "scaled_1.00002")
