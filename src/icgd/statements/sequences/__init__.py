"""What the second paper proves or computes of sequences of states, in float64, without a trained network."""

import jax

from icgd.config import Config
from icgd.statements.identities.cases import Errors
from icgd.statements.sequences import backward, kernel, mesa, preconditioning, steps, windows
from icgd.statements.table import statements


def run(config: Config, scale: str) -> Errors:
    """Every statement; a smoke run takes fewer sizes, sets and sequences, all others the same."""
    rows = Errors(few=scale == "smoke")
    with jax.enable_x64(True):
        for check in statements(steps, preconditioning, mesa, backward, windows, kernel):
            rows.add(check, rows)
    return rows
