"""The sine tasks of Fig. 4: are amplitude and phase drawn apart?"""

import numpy as np

from icgd.random import stream
from icgd.statements.published_figures.readings import Curve, line
from icgd.statements.table import statement
from icgd.tasks import sine
from icgd.tasks.linear import Tasks

COUNT, CONTEXT = 2000, 10


def amplitude_and_phase_of(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Least squares of y = A sin x + B cos x = a sin(x + p): a = |(A, B)|, p = atan2(B, A)."""
    parts = np.stack([np.sin(x), np.cos(x)], axis=-1)
    a, b = np.linalg.lstsq(parts, y, rcond=None)[0]
    return float(np.hypot(a, b)), float(np.arctan2(b, a))


def fitted(tasks: Tasks) -> np.ndarray:
    """(amplitude, phase) of each task's wave, from its context: shape (2, T)."""
    x, y = np.asarray(tasks.inputs[..., 0], np.float64), np.asarray(tasks.targets, np.float64)
    return np.array([amplitude_and_phase_of(*pair) for pair in zip(x, y, strict=True)]).T


@statement
def amplitude_and_phase(implementation: str) -> dict:
    """Correlation of amplitude and phase among 2000 sampled waves."""
    tied, free = (
        fitted(sine.sample(stream(seed, "waves", implementation), COUNT, CONTEXT, released_phase))
        for seed, released_phase in ((0, True), (1, False))
    )
    found = {
        "statement": tied,
        "drawn_apart: amplitude and phase from keys of their own": free,
        "one_in_ten_apart: one wave in ten with amplitude and phase of their own": (
            np.where(np.arange(COUNT) % 10 == 0, free, tied)
        ),
        "every_other_wave: half of the waves": tied[:, ::2],
    }
    return {subject: np.corrcoef(pairs)[0, 1] for subject, pairs in found.items()}


def implied(amplitude: float) -> float:
    """Phase of a wave whose phase comes from the key of its amplitude: pi (a - 0.1) / 0.4."""
    low, high = sine.AMPLITUDE
    return float(np.pi * (amplitude - low) / (high - low))


def off(curve: Curve, moved: float = 0.0) -> float:
    """Distance of the phase of the sine nearest to a curve, moved, from the implied one."""
    amplitude, phase = amplitude_and_phase_of(*(np.array(list(part)) for part in (curve, curve.values())))
    return abs(phase + moved - implied(amplitude))


@statement
def off_the_line() -> dict:
    """Distance of the phase of the wave in Fig. 4 from the one that its amplitude implies."""
    waves = {name: line("fig4", "sine", name) for name in ("trained_after", "gd_after")}
    x = np.linspace(-5, 5, 100)
    tied = dict(zip(x, 0.3 * np.sin(x + implied(0.3)) + 0.01 * np.sin(7 * x), strict=True))
    return {
        "statement": {name: off(wave) for name, wave in waves.items()},
        "phase 0.3: the phase moved by 0.3": {name: off(wave, 0.3) for name, wave in waves.items()},
        "tied_wave: a wave with the phase that its amplitude implies, and a ripple of 3 %": off(tied),
    }
