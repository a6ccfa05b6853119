"""Ridge regression on windows of observations where the state is only partly seen (claim 7)."""

from collections.abc import Mapping

import numpy as np

from icgd.config import Task
from icgd.references import sequences
from icgd.statements.identities.cases import Errors
from icgd.statements.sequences import data
from icgd.statements.table import statement

PARTLY = Task(family="dynamics", inputs=5, hidden=15, context=50, observation_noise=0.01)
QUIET = PARTLY.model_copy(update={"state_noise": 0.0, "observation_noise": 0.0})
WIDER = QUIET.model_copy(update={"hidden": 20})
SEQUENCES, WINDOWS = 32, (1, 2, 3, 4, 5, 6, 8, 12)
LAMBDAS = np.geomspace(0.03, 1e4, 12)


def ridge(windows: np.ndarray, states: np.ndarray, size: float) -> np.ndarray:
    """Next states by ridge regression of all states seen on the windows before them, at every t.

    By recursive least squares, the rows of the mesa layer's recursion; ``size`` is lambda.
    """
    inverse = np.tile(size * np.eye(windows.shape[2]), (len(windows), 1, 1))
    model, found = np.zeros((len(windows), states.shape[2], windows.shape[2])), np.zeros_like(states)
    for t in range(1, states.shape[1]):
        before = windows[:, t - 1, :, None]
        along = inverse @ before
        gain = (along / (1 + np.sum(before * along, axis=1, keepdims=True))).swapaxes(1, 2)
        inverse -= along * gain
        model += (states[:, t, :, None] - model @ before) * gain
        found[:, t] = np.squeeze(model @ windows[:, t, :, None], -1)
    return found


@statement
def window_residual(rows: Errors) -> None:
    """Share of the next observation's power that least squares on a window leaves, no noise.

    15 hidden states and 5 observed; the worst of these windows; for too short ones the best.
    """
    rng, count = np.random.default_rng(7), 2 if rows.few else 100
    states, wider = (data.draw(task, rng, count) for task in (QUIET, WIDER))
    for index in range(count):
        one, other = states[index], wider[index]
        noisy = one + 1e-3 * rng.normal(size=one.shape)
        shorter = min(residual(one, size) for size in (1, 2))
        shares = {
            "statement": max(residual(one, size) for size in (3, 4)),
            "one_fewer: windows of one or two, fewer entries than hidden states": shorter,
            "noise 1e-3: noise of standard deviation 0.001": max(residual(noisy, size) for size in (3, 4)),
            "hidden 20: 20 hidden states, windows of 4, 5": max(residual(other, size) for size in (4, 5)),
        }
        rows.put(shares, f"sequence {index}")


def residual(states: np.ndarray, size: int) -> float:
    """Of least squares over all whole windows of a sequence."""
    windows, targets = sequences.windows(states, size)[size - 1 : -1], states[size:]
    rest = targets - windows @ np.linalg.lstsq(windows, targets)[0]
    return float(np.sum(rest**2) / np.sum(targets**2))


@statement
def noisy_windows(rows: Errors) -> None:
    """The same with noise of 0.01 in states and observations; lambda is tuned on other sequences."""
    noisier = PARTLY.model_copy(update={"observation_noise": 0.03})
    tasks = {
        "statement": PARTLY,
        "noise 0.03: noise of 0.03 in the observations": noisier,
        "fully_observed: states that are seen": data.TASK,
    }
    for subject, task in tasks.items():
        sets, sizes = data.sets(task, SEQUENCES, rows.few), WINDOWS[:2] if rows.few else WINDOWS
        losses = [tuned(sets, size) for size in sizes]
        for name in list(sets)[1:]:
            best = sizes[int(np.argmin([loss[name] for loss in losses]))]
            what = "best_window: Observations with the least loss, 1 to 12, by ridge regression at every t."
            rows.put({subject: best}, name, what)


def tuned(sets: Mapping[str, np.ndarray], size: int = 1, lambdas: np.ndarray = LAMBDAS) -> dict[str, float]:
    """Loss of ridge regression on each set but the first, on which lambda is the best."""

    def loss(states: np.ndarray, number: float) -> float:
        seen = states[:, :-1]
        return data.loss(ridge(sequences.windows(seen, size), seen, number), states[:, 1:])

    first, *others = sets.items()
    number = min(lambdas, key=lambda number: loss(first[1], number))
    return {name: loss(states, number) for name, states in others}
