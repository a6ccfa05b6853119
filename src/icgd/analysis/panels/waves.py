"""The sine tasks of Fig. 4: are amplitude and phase drawn apart?"""

import numpy as np

from icgd.analysis.panels import readings
from icgd.analysis.panels.table import Rows
from icgd.randomness import stream
from icgd.tasks import sine
from icgd.tasks.linear import Tasks

COUNT, CONTEXT = 2000, 10


def run(rows: Rows, implementation: str) -> None:
    """amplitude_and_phase: their correlation among sampled waves; off_the_line: the wave of Fig. 4."""
    tied = fitted(sine.sample(stream(0, "waves", implementation), COUNT, CONTEXT, True))
    free = fitted(sine.sample(stream(1, "waves", implementation), COUNT, CONTEXT, False))
    rows.put("amplitude_and_phase", correlation(tied))
    rows.put("amplitude_and_phase", correlation(free), "drawn_apart")
    mixed = np.where(np.arange(COUNT) % 10 == 0, free, tied)
    rows.put("amplitude_and_phase", correlation(mixed), "one_in_ten_apart")
    rows.put("amplitude_and_phase", correlation(tied[:, ::2]), "every_other_wave")
    for name in ("trained_after", "gd_after"):
        amplitude, phase = wave(readings.line("fig4", "sine", name))
        rows.put("off_the_line", abs(phase - on_line(amplitude)), case=name)
        rows.put("off_the_line", abs(phase + 0.3 - on_line(amplitude)), "phase_0.3", name)
    x = np.linspace(-5, 5, 100)
    y = 0.3 * np.sin(x + on_line(0.3)) + 0.01 * np.sin(7 * x)
    amplitude, phase = wave(dict(zip(x.tolist(), y.tolist(), strict=True)))
    rows.put("off_the_line", abs(phase - on_line(amplitude)), "tied_wave")


def on_line(amplitude: float) -> float:
    """Phase of a wave whose phase comes from the key of its amplitude: pi (a - 0.1) / 0.4."""
    low, high = sine.AMPLITUDE
    return float(np.pi * (amplitude - low) / (high - low))


def fitted(tasks: Tasks) -> np.ndarray:
    """(amplitude, phase) of each task's wave, from its context: shape (2, T)."""
    x, y = np.asarray(tasks.inputs[..., 0], np.float64), np.asarray(tasks.targets, np.float64)
    return np.array([amplitude_and_phase(*pair) for pair in zip(x, y, strict=True)]).T


def wave(curve: readings.Curve) -> tuple[float, float]:
    """(amplitude, phase) of the sine nearest to a drawn curve."""
    return amplitude_and_phase(np.array(list(curve)), np.array(list(curve.values())))


def amplitude_and_phase(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Least squares of y = A sin x + B cos x = a sin(x + p): a = |(A, B)|, p = atan2(B, A)."""
    parts = np.stack([np.sin(x), np.cos(x)], axis=-1)
    a, b = np.linalg.lstsq(parts, y, rcond=None)[0]
    return float(np.hypot(a, b)), float(np.arctan2(b, a))


def correlation(pairs: np.ndarray) -> float:
    """Correlation of amplitude and phase."""
    return float(np.corrcoef(pairs)[0, 1])
