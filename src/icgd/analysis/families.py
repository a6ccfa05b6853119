"""Measures that compare K-step methods with each other and with published networks."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from icgd.analysis.measuring import Measures

DEPTHS = (2, 3, 5, 10, 12)
FIGURE = {2: "fig3a", 5: "fig3b", 10: "fig7"}  # published networks: two and ten looped layers, five separate
SHARING = {2: "shared", 5: "separate", 10: "shared"}

Loss = Callable[[str, str, int], float]  # name, sharing, K -> loss of the optimum


def final_losses(curves: Iterable[dict[str, str]], figure: str) -> list[float]:
    """Losses of the published training seeds of a figure at the last step that is shown."""
    points: dict[str, list[tuple[float, float]]] = {}
    for row in curves:
        if (row["figure"], row["panel"], row["series"], row["kind"]) == (figure, "loss", "trained", "seed"):
            points.setdefault(row["unit"], []).append((float(row["x"]), float(row["y"])))
    return [max(seed)[1] for _, seed in sorted(points.items())]


def published_networks(
    rows: Measures, curves: list[dict[str, str]], on_published: Loss, too_fast: Callable[[int], float]
) -> None:
    """Published networks over plain GD with a rate for each step, and over shared GD++ at five layers.

    Args:
        rows: where to put them.
        curves: rows of published/von-oswald-2022-curves.csv.
        on_published: losses of optima on the published tasks.
        too_fast: K -> loss there of GD with every rate of its optimum 5 % too large.
    """
    for layers, figure in FIGURE.items():
        place = {"tasks": "published", "reference": f"K = {layers}"}
        base = on_published("gd", "separate", layers)
        for loss in final_losses(curves, figure):
            rows.put("network_over_per_step", loss / base, **place)
        rows.put("network_over_per_step", too_fast(layers) / base, "per_step_1.05", **place)
        best = on_published("gd_plus_plus", SHARING[layers], layers)
        rows.put("network_over_per_step", best / base, "gd_plus_plus", **place)
    shared = on_published("gd_plus_plus", "shared", 5)
    for loss in final_losses(curves, FIGURE[5]):
        rows.put("network_over_shared", loss / shared, tasks="published")
    for plant, method in {"one_more_layer": ("shared", 6), "separate": ("separate", 5)}.items():
        ratio = on_published("gd_plus_plus", *method) / shared
        rows.put("network_over_shared", ratio, plant, "published")


def five_layers(rows: Measures, loss: Loss, closed_form: float) -> None:
    """GD++ with separate parameters over shared ones; ``closed_form``: loss of `residuals.tripling`."""
    losses = {
        "none": loss("gd_plus_plus", "separate", 5),
        "one_more_layer": loss("gd_plus_plus", "shared", 6),
        "closed_form": closed_form,
    }
    for plant, value in losses.items():
        rows.put("separate_over_shared", value / loss("gd_plus_plus", "shared", 5), plant, "population")


def with_depth(rows: Measures, loss: Loss) -> None:
    """Ratios of population optima at every depth, and how their loss falls with it."""
    methods = {
        "none": ("gd_plus_plus", "shared"),
        "heavy_ball": ("heavy_ball", "shared"),
        "chebyshev": ("chebyshev", "shared"),
        "separate": ("gd_plus_plus", "separate"),
    }
    for layers in DEPTHS:
        for measure, base in (("over_gd", "gd"), ("over_heavy_ball", "heavy_ball")):
            for plant, method in methods.items():
                ratio = loss(*method, layers) / loss(base, "shared", layers)
                rows.put(measure, ratio, plant, "population", f"K = {layers}")
    of_depth = {
        "none": lambda layers: loss("gd_plus_plus", "shared", layers),
        "separate": lambda layers: loss("gd_plus_plus", "separate", layers),
        "per_step_gd": lambda layers: loss("gd", "separate", layers),
        "doubling": lambda layers: loss("gd", "shared", 2**layers),
    }
    found = {plant: steepening([of(layers) for layers in STEEPENING]) for plant, of in of_depth.items()}
    separate = found.pop("separate")
    for measure, value in (("steepening", found["none"]), ("steepening_separate", separate)):
        for plant, other in {**found, "none": value}.items():
            rows.put(measure, other, plant, "population")


STEEPENING = (2, 3, 5)


def steepening(losses: Sequence[float]) -> float:
    """Slope of log loss over log K from 3 to 5 layers, over that from 2 to 3.

    1 for a power of K; (2 / ln(5/3)) / (1 / ln(3/2)) = 1.59 for a loss that falls by one factor a layer.
    """
    slopes = np.diff(np.log(losses)) / np.diff(np.log(STEEPENING))
    return float(slopes[1] / slopes[0])
