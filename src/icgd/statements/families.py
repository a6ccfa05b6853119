"""Optima of K-step methods compared with each other and with published networks."""

import sys
from collections.abc import Sequence

import numpy as np

from icgd.references import optima, residuals
from icgd.references.eigenbasis import Spectrum
from icgd.references.optima import Searched
from icgd.references.residuals import FAMILIES
from icgd.statements.published_figures import readings
from icgd.statements.table import Rows, statement, statements

DEPTHS = (2, 3, 5, 10, 12)
STEEPENING = (2, 3, 5)  # depths
PUBLISHED = {2: ("fig3a", "shared"), 5: ("fig3b", "separate"), 10: ("fig7", "shared")}  # networks of K layers
GD, OWN_RATES, MOMENTUM = ("gd", "shared"), ("gd", "separate"), ("heavy_ball", "shared")
SHARED, SEPARATE = ("gd_plus_plus", "shared"), ("gd_plus_plus", "separate")


def run(searched: Searched, tasks: Spectrum) -> Rows:
    """What the claims are decided on."""
    rows = Rows()
    for comparison in statements(sys.modules[__name__]):
        rows.add(comparison, rows, searched, tasks)
    return rows


def final_losses(figure: str) -> dict[str, float]:
    """Losses of the published training seeds of a figure at the last step that is shown."""
    seeds = readings.seeds(figure, "loss", "trained")
    return {f"seed {seed}": readings.last(curve) for seed, curve in seeds.items()}


@statement
def network_over_per_step(rows: Rows, searched: Searched, tasks: Spectrum) -> None:
    """Final loss of a published training seed over that of optimal per-step gradient descent."""
    for layers, (figure, sharing) in PUBLISHED.items():
        rates, plus_plus = searched(OWN_RATES, layers).parameters["step"], ("gd_plus_plus", sharing)
        best, base, fast = (
            FAMILIES[plus_plus].task_loss(searched(plus_plus, layers).parameters, layers, tasks),
            *(FAMILIES[OWN_RATES].task_loss({"step": factor * rates}, layers, tasks) for factor in (1, 1.05)),
        )
        ratios = {
            "per_step 1.05: gradient descent with every rate of the optimum 5 % too large": fast / base,
            "gd_plus_plus: optimal GD++, parameters shared as in the network": best / base,
            "statement": {seed: loss / base for seed, loss in final_losses(figure).items()},
        }
        rows.put(ratios, reference=f"K = {layers}")


@statement
def network_over_shared(rows: Rows, searched: Searched, tasks: Spectrum) -> dict:
    """Final loss of a published five-layer seed over that of optimal shared GD++."""
    shared, one_more, separate = (
        FAMILIES[method].task_loss(searched(method, layers).parameters, layers, tasks)
        for method, layers in ((SHARED, 5), (SHARED, 6), (SEPARATE, 5))
    )
    return {
        "one_more_layer: shared GD++ with six layers": one_more / shared,
        "separate: GD++ with separate parameters": separate / shared,
        "statement": {seed: loss / shared for seed, loss in final_losses(PUBLISHED[5][0]).items()},
    }


@statement
def separate_over_shared(rows: Rows, searched: Searched, tasks: Spectrum) -> dict:
    """Population loss of GD++ with separate parameters over that with shared ones, five layers."""
    draws, shared = searched.draws(), searched(SHARED, 5).population
    values = residuals.tripling(5, optima.MARGIN * float(draws.first.max()))
    closed = FAMILIES[SEPARATE].population_loss(FAMILIES[SEPARATE].expand(values, 5), 5, draws.second)
    return {
        "statement": searched(SEPARATE, 5).population / shared,
        "one_more_layer: shared GD++ with six layers": searched(SHARED, 6).population / shared,
        "closed_form: GD++ with separate parameters in closed form (each step triples an angle)": closed
        / shared,
    }


@statement
def with_depth(rows: Rows, searched: Searched, tasks: Spectrum) -> None:
    """Ratios of population optima at every depth."""
    methods = {
        "statement": SHARED,
        "heavy_ball: gradient descent with momentum": MOMENTUM,
        "chebyshev: gradient descent with Chebyshev rates": ("chebyshev", "shared"),
        "separate: GD++ with separate parameters": SEPARATE,
    }
    bases = (
        ("over_gd: Loss of shared GD++ over that of gradient descent with one rate, at 2 to 12 steps.", GD),
        ("over_heavy_ball: Loss of shared GD++ over that of gradient descent with momentum.", MOMENTUM),
    )
    for layers in DEPTHS:
        losses = {name: searched(method, layers).population for name, method in methods.items()}
        for measure, base in bases:
            divisor = searched(base, layers).population
            ratios = {name: loss / divisor for name, loss in losses.items()}
            rows.put(ratios, f"K = {layers}", measure)


@statement
def steepenings(rows: Rows, searched: Searched, tasks: Spectrum) -> None:
    """How the loss of population optima falls with depth."""

    def steep(method: residuals.FamilyName, depths: Sequence[int] = STEEPENING) -> float:
        return steepening([searched(method, depth).population for depth in depths])

    controls = {
        "per_step_gd: gradient descent with a rate for each step": steep(OWN_RATES),
        "doubling: gradient descent with one rate and 2^K steps": steep(
            GD, [2**depth for depth in STEEPENING]
        ),
    }
    what = "steepening: Slope of log loss in log depth from 3 to 5 steps over that from 2 to 3, shared GD++."
    rows.put({"statement": steep(SHARED), **controls}, measure=what)
    what = "steepening_separate: As steepening, of GD++ with separate parameters."
    rows.put({"statement": steep(SEPARATE), **controls}, measure=what)


def steepening(losses: Sequence[float]) -> float:
    """Slope of log loss over log K from 3 to 5 layers, over that from 2 to 3.

    1 for a power of K; (2 / ln(5/3)) / (1 / ln(3/2)) = 1.59 for a loss that falls by one factor a layer.
    """
    slopes = np.diff(np.log(losses)) / np.diff(np.log(STEEPENING))
    return float(slopes[1] / slopes[0])
