"""When a committed number and a rebuilt one count as the same."""

import math
from pathlib import Path
from typing import NamedTuple

RELATIVE, ABSOLUTE = 1e-5, 1e-7
ILL_CONDITIONED = 1e-3  # differences of nearly equal things, and roll-outs near divergence
REPEATED = 5e-5  # of those where the rebuild repeats the rest: less than a change of the fourth digit
DIVERGED = 1e6  # of numbers above it only the order of magnitude is a fact
NAMES = (
    "barrier", "exit_step", "fitted_model_diff", "gap_0.75", "inputs_gap", "inputs_other_gap", "kq_label",
    "kq_offdiagonal", "model_diff", "preds_diff", "pv_rest", "targets_gap", "targets_other_gap",
    "context_gap", "distractors_gap", "homogeneity", "least_squares_loss", "off_released_grid",
    "off_shifted_grid", "off_best_rate", "off_best_rate_fig3a", "others_over_next", "stored_loss_gap",
    "clipped_gap", "unclipped_gap", "task_count_gap", "other_inputs_gap", "gd_line_off_one_rate",
    "fig9_rate_over_optimum", "fig9_gamma_over_optimum", "gd_plus_plus_10_over_optimum",
    "input_spread", "input_offdiagonal", "pv_mixed", "rival_turn", "rival_loss_gap", "inputs_median",
    "inputs_near", "inputs_far", "inputs_far_gap", "least_squares_gain", "peak_after_crossing",
)  # fmt: skip
# roll-outs near divergence; losses far off the training range; ends of searches
CURVES = ("rollout-curves.csv", "layers-curves.csv", "optima.csv")


class Tolerance(NamedTuple):
    """How far two numbers may be apart."""

    relative: float
    absolute: float = ABSOLUTE
    diverging: bool = True  # is the order of magnitude enough above DIVERGED?


QUOTED = Tolerance(1e-9, 0, diverging=False)  # not computed by the rebuild
SIZES = Tolerance(1e-11, 1e-9, diverging=False)  # sums over the digits of a file, no computation


def of_table(path: Path, measure: str | None, repeats: bool) -> Tolerance:
    """Tolerance of a table's numbers; ``repeats``: the rebuild repeats nearly all others exactly."""
    if path.name == "sizes.csv":
        return SIZES
    loose = measure in NAMES or path.name in CURVES or path.parts[0] == "figures"
    return of_measure(loose, repeats)


def of_measure(loose: bool, repeats: bool, factor: float = 1) -> Tolerance:
    """Tolerance of a number that is ill-conditioned or not; nothing is excused where rounding repeats."""
    if repeats:
        return Tolerance(REPEATED if loose else RELATIVE, 0, diverging=False)
    return Tolerance(ILL_CONDITIONED if loose else RELATIVE * factor)


def agree(was: str, now: str, tolerance: Tolerance) -> bool:
    """Equal text, or numbers within the tolerance."""
    if was == now:
        return True
    try:
        a, b = float(was), float(now)
    except ValueError:
        return False
    if tolerance.diverging and max(abs(a), abs(b)) > DIVERGED:
        return math.isclose(math.log(abs(a) + 1), math.log(abs(b) + 1), rel_tol=0.05)
    return math.isclose(a, b, rel_tol=tolerance.relative, abs_tol=tolerance.absolute)
