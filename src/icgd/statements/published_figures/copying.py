"""Fig. 5: one time axis for its two panels, and what its third curve is the mean of."""

import jax
import numpy as np

from icgd.config import Model
from icgd.measures import copied
from icgd.models import transformer
from icgd.random import stream
from icgd.statements.published_figures.readings import Curve, crossing, end, last, seeds
from icgd.statements.table import Rows, statement
from icgd.tasks import linear

JUMP, DROP, LOWER = 0.4, 0.40, 0.38  # next-token sensitivity above the first, loss below the others
OTHERS = 19  # by which the released code divides the sum over all other tokens
MODEL = Model(layers=1, softmax_layers=1, alternating=True, position_size=10, init_variance=0.02 / 2)


def nearest(jump: float, drops: list[float]) -> float:
    """A jump over the drop that is nearest to it."""
    return min((jump / drop for drop in drops), key=lambda ratio: abs(ratio - 1))


@statement
def jumps(rows: Rows) -> None:
    """Jumps at stretched steps, each over the nearest drop of a seed's loss."""
    losses, following = seeds("fig5", "loss", "trained"), seeds("fig5", "sensitivity", "next_token")
    drops = [crossing(curve, DROP) for curve in losses.values()]

    def over(curves: dict[str, Curve], level: float, stretch: float = 1.0) -> dict[str, float]:
        return {f"seed {n}": nearest(crossing(curve, level) * stretch, drops) for n, curve in curves.items()}

    found = {
        "statement": over(following, JUMP, 1.25),  # 500 steps between two points of the left panel, 400 right
        "as_drawn: not stretched": over(following, JUMP),
        "stretch 1.15: stretched by 1.15": over(following, JUMP, 1.15),
        "stretch 1.2: stretched by 1.2": over(following, JUMP, 1.2),
        "loss 0.38: the loss below 0.38 instead of the jump": over(losses, LOWER),
    }
    for subject, ratios in found.items():
        what = "jump_off_drop: Distance from 1 of a jump of the sensitivity over the nearest drop of a loss."
        rows.put({subject: {n: abs(x - 1) for n, x in ratios.items()}}, measure=what)
        what = "jump_before_drop: 1 minus a jump of the sensitivity over the nearest drop of a loss."
        rows.put({subject: {n: 1 - x for n, x in ratios.items()}}, measure=what)


@statement
def next_in_others() -> dict:
    """Share of the next token in the curve of the other tokens at the end, Fig. 5: next / (19 other)."""
    others = seeds("fig5", "sensitivity", "other_tokens")
    following = seeds("fig5", "sensitivity", "next_token")
    shares = {f"seed {n}": last(curve) / (OTHERS * last(others[n])) for n, curve in following.items()}
    ends = [end("fig5", name, "sensitivity") for name in ("next_token", "other_tokens")]
    return {
        "statement": shares,
        "scaled 0.6: a sensitivity 40 % lower": {case: 0.6 * share for case, share in shares.items()},
        "mean_line: the mean over seeds": ends[0] / (OTHERS * ends[1]),
    }


def untrained(key: jax.Array) -> tuple[float, float]:
    """(next, others) of an untrained softmax layer on alternating tokens, as the released code has them."""
    weight_key, task_key = jax.random.split(key)
    tasks = linear.sample(task_key, 200, 10, 10)
    found = copied.sensitivities(MODEL, transformer.initialise(MODEL, 10, weight_key), tasks)
    return float(found["next"]), float(found["other"])


@statement(tolerance=1e-3)
def others_over_next(implementation: str) -> dict:
    """Absolute log of other over next token's curve at step 0, Fig. 5, over an untrained layer's.

    While attention is even, every key counts the same, so the ratio counts the keys in the sum.
    """
    layers = [untrained(stream(seed, "untrained copying", implementation)) for seed in (0, 1)]
    ratio, another = (others / following for following, others in layers)
    following, others = (seeds("fig5", "sensitivity", name) for name in ("next_token", "other_tokens"))

    def off(ratio: float) -> dict[str, float]:
        return {f"seed {n}": abs(np.log(others[n][0.0] / following[n][0.0] / ratio)) for n in others}

    return {
        "statement": off(ratio),
        "next_left_out: the next token left out of the sum": off(ratio - 1 / OTHERS),
        "other_untrained: another layer": abs(np.log(another / ratio)),
    }
