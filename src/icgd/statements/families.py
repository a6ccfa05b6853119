"""Optima of K-step methods compared with each other and with published networks."""

from collections.abc import Sequence

import numpy as np

from icgd.references import optima, residuals
from icgd.references.optima import S2, PublishedTasks, Searched
from icgd.references.residuals import FAMILIES
from icgd.statements.published_figures import readings
from icgd.statements.table import Rows, statement

DEPTHS = (2, 3, 5, 10, 12)
STEEPENING = (2, 3, 5)  # depths
PUBLISHED = {2: ("fig3a", "shared"), 5: ("fig3b", "separate"), 10: ("fig7", "shared")}  # networks of K layers


def run(searched: Searched, tasks: PublishedTasks) -> Rows:
    """What the claims are decided on."""
    rows = Rows()
    network_over_per_step(rows, searched, tasks)
    network_over_shared(rows, searched, tasks)
    separate_over_shared(rows, searched)
    with_depth(rows, searched)
    steepenings(rows, searched)
    return rows


def final_losses(figure: str) -> dict[str, float]:
    """Losses of the published training seeds of a figure at the last step that is shown."""
    return {seed: curve[max(curve)] for seed, curve in readings.seeds(figure, "loss", "trained").items()}


def on_published(searched: Searched, tasks: PublishedTasks, name: str, sharing: str, layers: int) -> float:
    """Loss of an optimum on the published tasks."""
    return tasks.loss((name, sharing), searched((name, sharing), layers).parameters, layers)


@statement(
    subjects={
        "per_step 1.05": "gradient descent with every rate of the optimum 5 % too large",
        "gd_plus_plus": "optimal GD++, parameters shared as in the network",
    }
)
def network_over_per_step(rows: Rows, searched: Searched, tasks: PublishedTasks) -> None:
    """Final loss of a published training seed over that of optimal per-step gradient descent."""
    for layers, (figure, sharing) in PUBLISHED.items():
        per_step = searched(("gd", "separate"), layers).parameters["step"]
        base = tasks.loss(("gd", "separate"), {"step": per_step}, layers)
        too_fast = tasks.loss(("gd", "separate"), {"step": 1.05 * per_step}, layers)
        best = on_published(searched, tasks, "gd_plus_plus", sharing, layers)
        ratios = {"per_step 1.05": too_fast / base, "gd_plus_plus": best / base}
        rows.put("network_over_per_step", ratios, reference=f"K = {layers}")
        for seed, loss in final_losses(figure).items():
            rows.put("network_over_per_step", loss / base, f"seed {seed}", reference=f"K = {layers}")


@statement(
    subjects={
        "one_more_layer": "shared GD++ with six layers",
        "separate": "GD++ with separate parameters",
    }
)
def network_over_shared(rows: Rows, searched: Searched, tasks: PublishedTasks) -> None:
    """Final loss of a published five-layer seed over that of optimal shared GD++."""
    shared, one_more, separate = (
        on_published(searched, tasks, "gd_plus_plus", *method)
        for method in (("shared", 5), ("shared", 6), ("separate", 5))
    )
    rows.put("network_over_shared", {"one_more_layer": one_more / shared, "separate": separate / shared})
    for seed, loss in final_losses(PUBLISHED[5][0]).items():
        rows.put("network_over_shared", loss / shared, f"seed {seed}")


@statement(
    subjects={
        "one_more_layer": "shared GD++ with six layers",
        "closed_form": "GD++ with separate parameters in closed form (each step triples an angle)",
    }
)
def separate_over_shared(rows: Rows, searched: Searched) -> None:
    """Population loss of GD++ with separate parameters over that with shared ones, five layers."""
    method, draws = ("gd_plus_plus", "separate"), searched.draws()
    values = residuals.tripling(5, optima.MARGIN * float(draws.first.max()))
    closed = FAMILIES[method].expand(values, 5)
    losses = {
        "statement": searched(method, 5).population,
        "one_more_layer": searched(("gd_plus_plus", "shared"), 6).population,
        "closed_form": optima.population_loss(method, closed, 5, draws.second, S2),
    }
    shared = searched(("gd_plus_plus", "shared"), 5).population
    rows.put("separate_over_shared", {name: loss / shared for name, loss in losses.items()})


@statement(
    measures={
        "over_gd": "Loss of shared GD++ over that of gradient descent with one rate, at 2 to 12 steps.",
        "over_heavy_ball": "Loss of shared GD++ over that of gradient descent with momentum.",
    },
    subjects={
        "heavy_ball": "gradient descent with momentum",
        "chebyshev": "gradient descent with Chebyshev rates",
        "separate": "GD++ with separate parameters",
    },
)
def with_depth(rows: Rows, searched: Searched) -> None:
    """Ratios of population optima at every depth."""
    methods = {
        "statement": ("gd_plus_plus", "shared"),
        "heavy_ball": ("heavy_ball", "shared"),
        "chebyshev": ("chebyshev", "shared"),
        "separate": ("gd_plus_plus", "separate"),
    }
    for layers in DEPTHS:
        losses = {name: searched(method, layers).population for name, method in methods.items()}
        for measure, base in (("over_gd", "gd"), ("over_heavy_ball", "heavy_ball")):
            divisor = searched((base, "shared"), layers).population
            rows.put(measure, {name: loss / divisor for name, loss in losses.items()}, f"K = {layers}")


@statement(
    measures={
        "steepening": "Slope of log loss in log depth from 3 to 5 steps over that from 2 to 3, shared GD++.",
        "steepening_separate": "As steepening, of GD++ with separate parameters.",
    },
    subjects={
        "per_step_gd": "gradient descent with a rate for each step",
        "doubling": "gradient descent with one rate and 2^K steps",
    },
)
def steepenings(rows: Rows, searched: Searched) -> None:
    """How the loss of population optima falls with depth."""

    def steep(name: str, sharing: str, depths: Sequence[int] = STEEPENING) -> float:
        return steepening([searched((name, sharing), depth).population for depth in depths])

    doubled = steep("gd", "shared", [2**depth for depth in STEEPENING])
    controls = {"per_step_gd": steep("gd", "separate"), "doubling": doubled}
    rows.put("steepening", {"statement": steep("gd_plus_plus", "shared"), **controls})
    rows.put("steepening_separate", {"statement": steep("gd_plus_plus", "separate"), **controls})


def steepening(losses: Sequence[float]) -> float:
    """Slope of log loss over log K from 3 to 5 layers, over that from 2 to 3.

    1 for a power of K; (2 / ln(5/3)) / (1 / ln(3/2)) = 1.59 for a loss that falls by one factor a layer.
    """
    slopes = np.diff(np.log(losses)) / np.diff(np.log(STEEPENING))
    return float(slopes[1] / slopes[0])
