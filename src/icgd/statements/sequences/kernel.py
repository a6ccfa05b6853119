"""Softmax-kernel regression, the induction-head account, against least squares by dimension (claim 32)."""

from functools import cached_property

import numpy as np
from scipy.optimize import minimize

from icgd.config import Task
from icgd.references.sequences import attended, previous
from icgd.statements.identities.cases import Errors
from icgd.statements.sequences import data
from icgd.statements.sequences.windows import SEQUENCES, tuned
from icgd.statements.table import statement

SIZES, FEW_SIZES, PER_DIMENSION = (4, 6, 10, 20, 40, 60), (4, 6), 4  # n, and T over n
FIXED = 40  # T where it does not grow
LAMBDAS = np.geomspace(10, 1e4, 4)  # the best is far inside the released 0.1 to 10^4
BETAS = np.geomspace(0.02, 8.0, 16)
SUBJECTS = {
    "kernel: softmax-kernel regression, the best beta of each dimension": "kernel",
    "kernel_by_position: the best beta of each dimension and position": "kernel_by_position",
    "kernel_learnt: a score that is learnt from s_t, s_{t-1}, s_i and s_{i-1}": "kernel_learnt",
    "kernel_four: kernel regression where the states stay in four dimensions": "kernel_four",
    "fixed_length: least squares on 40 states, whatever the dimension": "fixed_length",
}
FEWER = 12  # sequences that the four numbers of a learnt score are tuned on


def products(states: np.ndarray) -> np.ndarray:
    """s_t and s_{t-1} with s_i and s_{i-1}: (4, B, T, T), for pairs that end at i + 1; s_i.s_t is the first.

    No other bilinear score of two states each is the same after a rotation of all states.
    """
    now = states[:, :-1]
    last = previous(now)
    keys = last, previous(last)
    return np.array([query @ key.swapaxes(1, 2) for query in (now, last) for key in keys])


class Kernel:
    """Softmax-kernel regression, its numbers tuned on one set."""

    def __init__(self, states: np.ndarray):
        self.states = states[:FEWER]
        first, targets = products(states)[0], states[:, 1:]
        errors = [np.mean((attended(states, beta * first) - targets) ** 2, axis=(0, 2)) for beta in BETAS]
        self.beta = BETAS[np.argmin(np.mean(errors, axis=1))]
        self.by_position = BETAS[np.argmin(errors, axis=0)][:, None]

    @cached_property
    def learnt(self) -> np.ndarray:
        """A number for each of the four products."""
        found, targets = products(self.states), self.states[:, 1:]

        def loss(betas: np.ndarray) -> float:
            return data.loss(attended(self.states, np.tensordot(betas, found, 1)), targets)

        start = self.beta * np.array([1.0, 0.1, 0.1, 0.1])
        return minimize(loss, start, method="Nelder-Mead", options={"maxfev": 80}).x

    def losses(self, states: np.ndarray) -> dict[str, float]:
        """On another set, with one beta, with one for each t and with four numbers."""
        all_, targets = products(states), states[:, 1:]
        scores = {"kernel": self.beta * all_[0], "kernel_by_position": self.by_position * all_[0]}
        scores |= {"kernel_learnt": np.tensordot(self.learnt, all_, 1)}
        return {name: data.loss(attended(states, one), targets) for name, one in scores.items()}


@statement(tolerance={"regression_growth": 0.01, "regression_loss": 0.01})
def growth(rows: Errors) -> None:
    """Least squares and kernel regression on 4 n states of n dimensions; lambda and beta of other sequences.

    Exponent: slope of log loss in log n.
    """
    sizes, losses = FEW_SIZES if rows.few else SIZES, {}
    for size in sizes:
        for key, loss in _of_size(size, rows.few).items():
            losses.setdefault(key, []).append(loss / size)
    for (name, key), course in losses.items():
        subject = next((told for told, short in SUBJECTS.items() if short == key), key)
        slope = np.polynomial.polynomial.polyfit(np.log(sizes), np.log(course), 1)[1]
        what = "regression_growth: Exponent with which the loss per dimension grows with the dimension."
        rows.put({subject: slope}, name, what)
        what = "regression_loss: Loss per dimension."
        for size, loss in zip(sizes, course, strict=True):
            rows.put({subject: loss}, name, what, reference=f"n = {size}")


def _of_size(size: int, few: bool) -> dict[tuple[str, str], float]:
    """Losses in one dimension by set and subject."""
    length, longest = PER_DIMENSION * size, PER_DIMENSION * SIZES[-1]
    drawn = Task(family="dynamics", inputs=size, context=max(length, FIXED))
    four = Task(family="dynamics", inputs=4, context=longest)
    sets, kept = data.sets(drawn, SEQUENCES, few), data.sets(four, SEQUENCES, few)
    fixed = {name: states[:, : FIXED + 1] for name, states in sets.items()}
    sets, kept = ({name: x[:, : length + 1] for name, x in one.items()} for one in (sets, kept))
    found = {(name, "statement"): loss for name, loss in tuned(sets, lambdas=LAMBDAS).items()}
    found |= {(name, "fixed_length"): loss for name, loss in tuned(fixed, lambdas=LAMBDAS).items()}
    kernel, of_four = Kernel(sets[data.TUNING]), Kernel(kept[data.TUNING])
    for name in list(sets)[1:]:
        found |= {(name, subject): loss for subject, loss in kernel.losses(sets[name]).items()}
        attending = attended(kept[name], of_four.beta * products(kept[name])[0])
        found[name, "kernel_four"] = data.loss(attending, kept[name][:, 1:]) * size / 4
    return found
