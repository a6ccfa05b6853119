"""Measures of what a subject fits to the contexts, beside what a reference fits to the same ones."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from icgd.errors import IcgdError
from icgd.measures import agreement
from icgd.measures.fit import Fit, compared, first
from icgd.measures.fit import loss as of_fit
from icgd.measures.naming import measure
from icgd.measures.network import Network
from icgd.references import least_squares
from icgd.tasks.linear import Tasks

TINY = 1e-9  # below the resolution of float32


@dataclass(frozen=True)
class Compared:
    """A subject's fit and those of the reference (several networks, say) on the same tasks."""

    ours: Fit
    named: tuple[Fit, ...]  # empty without a reference
    tasks: Tasks
    network: Network
    reference: str
    fit: Callable[[str], Fit]  # of any other predictor on these tasks

    @property
    def theirs(self) -> tuple[Fit, ...]:
        """The reference's fits.

        Raises:
            IcgdError: no reference was named.
        """
        if not self.named:
            raise IcgdError("the measure holds a subject against a reference; name one, such as gd.")
        return self.named

    @cached_property
    def agreement(self) -> dict[str, float]:
        """`agreement.agreement` with the reference."""
        return {name: float(value) for name, value in compared(self.ours, self.theirs[0]).items()}

    @property
    def loss(self) -> float:
        """The subject's loss."""
        return of_fit(self.ours, self.tasks)

    @property
    def reference_loss(self) -> float:
        """The reference's loss; the mean over several networks."""
        return float(np.mean([of_fit(one, self.tasks) for one in self.theirs]))


@measure(tolerance=1e-4)  # of conjugate gradients, whose last steps on small eigenvalues are rounding, 1e-5
def loss(both: Compared) -> float:
    """half the mean square of the prediction's error"""
    return both.loss


@measure
def loss_ratio(both: Compared) -> float:
    """loss over that of the reference, on the same tasks; several networks count with their mean loss"""
    return both.loss / both.reference_loss


@measure
def trimmed_loss(both: Compared) -> float:
    """loss without the thousandth of the tasks on which the prediction errs most"""
    return _trimmed(both.ours, both.tasks)


@measure
def trimmed_loss_ratio(both: Compared) -> float:
    """trimmed_loss over that of the reference, each without its own worst thousandth of the tasks"""
    return _trimmed(both.ours, both.tasks) / _trimmed(both.theirs[0], both.tasks)


@measure
def worst_share(both: Compared) -> float:
    """share of the loss that comes from the ten-thousandth of the tasks on which the prediction errs most"""
    squares = _squares(both.ours, both.tasks)
    return float(squares[-max(1, len(squares) // 10_000) :].sum() / squares.sum())


def _squares(fit: Fit, tasks: Tasks) -> np.ndarray:
    """Squared errors of the prediction, ascending."""
    error = np.asarray(fit.prediction, np.float64) - np.asarray(tasks.target, np.float64)
    return np.sort(error**2)


def _trimmed(fit: Fit, tasks: Tasks) -> float:
    squares = _squares(fit, tasks)
    return float(np.mean(squares[: len(squares) - len(squares) // 1000]) / 2)


@measure
def loss_difference(both: Compared) -> float:
    """loss minus that of the reference, on the same tasks"""
    return both.loss - both.reference_loss


@measure
def model_cos(both: Compared) -> float:
    """mean cosine of the query gradients with those of the reference"""
    return both.agreement["model_cos"]


@measure(tolerance=1e-3)
def model_diff(both: Compared) -> float:
    """mean length of the difference of the query gradients to those of the reference"""
    return both.agreement["model_diff"]


@measure(tolerance=1e-3)
def preds_diff(both: Compared) -> float:
    """mean absolute difference of the predictions to those of the reference"""
    return both.agreement["preds_diff"]


@measure
def fitted_scale(both: Compared) -> float:
    """factor by which the reference's query gradients fit the subject's best"""
    return both.agreement["fitted_scale"]


@measure
def agrees(both: Compared) -> float:
    """1 if the loss is within 1 % of the reference's, the cosine 0.99 or more, differences within vo22-18"""
    ratio, near = both.loss / both.reference_loss, both.agreement
    close = near["model_cos"] >= 0.99 and near["model_diff"] <= 0.21 and near["preds_diff"] <= 0.048
    return float(0.99 <= ratio <= 1.01 and close)


@measure
def loss_over_optimum(both: Compared) -> float:
    """loss over the population loss of the best layer of linear attention, in closed form"""
    return both.loss / both.network.optimal_loss


@measure
def population_over_optimum(both: Compared) -> float:
    """population loss over its optimum, by the paired difference of losses to optimal GD"""
    optimum = both.network.optimal_loss
    return (optimum + both.loss - both.reference_loss) / optimum


@measure
def population_loss(both: Compared) -> float:
    """population loss: that of the reference, a K-step method, plus the paired difference of losses

    The reference's is the mean over a draw of tasks: of many separate steps it holds for tasks whose largest
    eigenvalue is no larger than any drawn (docs/decisions.md).
    """
    return both.network.method(both.reference).population + both.loss - both.reference_loss


@measure
def cosine_gain(both: Compared) -> float:
    """model_cos with the reference minus that with one step of GD (at any rate)"""
    return both.agreement["model_cos"] - _cosine(both.ours, both.fit("gd"))


@measure
def cosine_with_gd_above(both: Compared) -> float:
    """model_cos with one step of GD minus the mean of the reference networks' with it"""
    gd = both.fit("gd")
    return _cosine(both.ours, gd) - float(np.mean([_cosine(one, gd) for one in both.theirs]))


@measure(tolerance=1e-3)
def least_squares_gain(both: Compared) -> float:
    """mean cosine of the query gradients with the least squares weights, minus that of the reference"""
    few = both.network.settings.evaluation.control_tasks
    exact = least_squares.weights(first(few, both.tasks))
    ours, base = (
        float(np.mean(agreement.cosine(one.weights[: len(exact)], exact)))
        for one in (both.ours, both.theirs[0])
    )
    return ours - base


@measure(tolerance=1e-3)
def rival_turn(both: Compared) -> float:
    """1 - model_cos with the best rival, of no more free parameters, over that with the reference"""
    turned = {name: 1 - _cosine(both.ours, both.fit(name)) for name in _rivals(both)}
    return min(max(turn, TINY) for turn in turned.values()) / max(1 - both.agreement["model_cos"], TINY)


@measure(tolerance=1e-3)
def rival_loss_gap(both: Compared) -> float:
    """|ln L / L'| to the nearest rival over that to the reference, rivals as in rival_turn"""
    nearest = min(max(_gap(both, name), TINY) for name in _rivals(both))
    return nearest / max(abs(np.log(both.loss / both.reference_loss)), TINY)


def _rivals(both: Compared) -> list[str]:
    """Other families with no more free parameters; a method that overflowed on some task is no rival."""
    most = both.network.method(both.reference).free
    others = [
        name
        for name, one in both.network.methods.items()
        if one.free <= most and not name.startswith("gd_plus_plus")
    ]
    return [name for name in others if np.isfinite(_gap(both, name))]


def _gap(both: Compared, name: str) -> float:
    return abs(np.log(both.loss / of_fit(both.fit(name), both.tasks)))


def _cosine(ours: Fit, theirs: Fit) -> float:
    return float(compared(ours, theirs)["model_cos"])
