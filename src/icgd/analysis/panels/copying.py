"""Fig. 5: one time axis for its two panels, and what its third curve is the mean of."""

import jax
import numpy as np

from icgd.analysis.copying import sensitivities
from icgd.analysis.panels import readings
from icgd.analysis.panels.table import Rows
from icgd.config import Model
from icgd.models import transformer
from icgd.randomness import stream
from icgd.tasks import linear

JUMP, DROP = 0.4, 0.40  # next-token sensitivity above the one, loss below the other
STRETCH = 1.25  # 500 steps between two points of the left panel, 400 of the right one
OTHERS = 19  # by which the released code divides the sum over all other tokens
MODEL = Model(layers=1, softmax_layers=1, alternating=True, position_size=10, init_variance=0.02 / 2)


def run(rows: Rows, implementation: str) -> None:
    """Both readings."""
    axes(rows)
    shares(rows)
    start(rows, implementation)


def axes(rows: Rows) -> None:
    """Jumps of the sensitivity at stretched steps, each against the nearest drop of a seed's loss.

    jump_off_drop: |jump / drop - 1|; jump_before_drop: 1 - jump / drop.
    """
    drops = [readings.crossing(curve, DROP) for curve in readings.seeds("fig5", "loss", "trained").values()]
    lower = [readings.crossing(curve, 0.38) for curve in readings.seeds("fig5", "loss", "trained").values()]
    curves = readings.seeds("fig5", "sensitivity", "next_token")
    jumps = {f"seed {unit}": readings.crossing(curve, JUMP) for unit, curve in curves.items()}
    planted = {"none": STRETCH, "as_drawn": 1.0, "stretch_1.15": 1.15, "stretch_1.2": 1.2}
    for plant, stretch in planted.items():
        for case, jump in jumps.items():
            ratio = nearest(jump * stretch, drops)
            rows.put("jump_off_drop", abs(ratio - 1), plant, case)
            rows.put("jump_before_drop", 1 - ratio, plant, case)
    for index, later in enumerate(lower):
        ratio = nearest(later, drops)
        rows.put("jump_off_drop", abs(ratio - 1), "loss_0.38", f"seed {index}")
        rows.put("jump_before_drop", 1 - ratio, "loss_0.38", f"seed {index}")


def nearest(jump: float, drops: list[float]) -> float:
    """A jump over the drop that is nearest to it."""
    return min((jump / drop for drop in drops), key=lambda ratio: abs(ratio - 1))


def shares(rows: Rows) -> None:
    """Share of the next token in the curve of the other tokens, at the end: next / (19 other)."""
    others = readings.seeds("fig5", "sensitivity", "other_tokens")
    for unit, curve in readings.seeds("fig5", "sensitivity", "next_token").items():
        following, other = list(curve.values())[-1], list(others[unit].values())[-1]
        rows.put("next_in_others", following / (OTHERS * other), case=f"seed {unit}")
        rows.put("next_in_others", 0.6 * following / (OTHERS * other), "scaled_0.6", f"seed {unit}")
    following, other = (readings.end("fig5", name, "sensitivity") for name in ("next_token", "other_tokens"))
    rows.put("next_in_others", following / (OTHERS * other), "mean_line")


def start(rows: Rows, implementation: str) -> None:
    """|ln| of others over next at step 0, drawn, over that of an untrained layer, with next and without.

    While attention is even, every key counts the same, so the ratio counts the keys in the sum.
    """
    pairs = [readings.seeds("fig5", "sensitivity", name) for name in ("other_tokens", "next_token")]
    following, others = untrained(stream(0, "untrained copying", implementation))
    ours, left_out = others / following, (others - following / OTHERS) / following
    for unit, curve in pairs[0].items():
        drawn = curve[0.0] / pairs[1][unit][0.0]
        rows.put("others_over_next", abs(np.log(drawn / ours)), case=f"seed {unit}")
        rows.put("others_over_next", abs(np.log(drawn / left_out)), "next_left_out", f"seed {unit}")
    following, others = untrained(stream(1, "untrained copying", implementation))
    rows.put("others_over_next", abs(np.log(others / following / ours)), "other_untrained")


def untrained(key: jax.Array) -> tuple[float, float]:
    """(next, others) of an untrained softmax layer on alternating tokens, as the released code has them."""
    weight_key, task_key = jax.random.split(key)
    tasks = linear.sample(task_key, 200, 10, 10)
    found = sensitivities(MODEL, transformer.initialise(MODEL, 10, weight_key), tasks)
    return float(found["next"]), float(found["other"])
