"""Exact statements, checked in float64 on random cases; each with faults that must be noticed."""

import jax

from icgd.config import Config
from icgd.statements.identities import algebra, constructions, copying, gd_plus_plus, kernels, rewriting
from icgd.statements.identities.cases import Errors
from icgd.statements.table import statements


def run(config: Config, scale: str) -> Errors:
    """Check every statement; a smoke run takes fewer sizes and cases, all others the same."""
    rows = Errors(few=scale == "smoke")
    with jax.enable_x64(True):
        for check in statements(constructions, gd_plus_plus, kernels, copying, rewriting, algebra):
            rows.add(check, rows)
    return rows.numbered()
