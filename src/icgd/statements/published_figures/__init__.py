"""The published figures held against each other and against what their stated recipe gives.

A marked function gives values for each subject, the statement and its controls; a function that draws is
given what makes random bits, one of several measures the rows.
"""

from inspect import signature

from icgd.config import Config
from icgd.statements.published_figures import copying, drawn, gd_plus_plus, rates, sweeps, waves
from icgd.statements.table import Rows, statements


def run(config: Config, scale: str) -> Rows:
    """Every statement, the same at every scale."""
    rows = Rows()
    known = {"rows": rows, "implementation": config.key_implementation}
    for function in statements(drawn, rates, sweeps, gd_plus_plus, copying, waves):
        rows.add(function, *(known[name] for name in signature(function).parameters))
    return rows
