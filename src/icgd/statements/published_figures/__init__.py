"""The published figures held against each other and against what their stated recipe gives.

A marked function gives a value for each subject, the statement and its controls, or for each subject a
value for each case; one of several measures gives as much for each of these.
"""

from inspect import signature
from pathlib import Path

from icgd import paths
from icgd.config import Config
from icgd.statements.published_figures import copying, drawn, gd_plus_plus, rates, sweeps, waves
from icgd.statements.table import Rows, statements


def inputs(scale: str) -> list[Path]:
    """What was read off the figures."""
    return [paths.CURVES, paths.NUMBERS]


def run(config: Config, scale: str) -> Rows:
    """Every statement, the same at every scale; a function that draws is given what makes random bits."""
    rows = Rows()
    for function in statements(drawn, rates, sweeps, gd_plus_plus, copying, waves):
        draws = "implementation" in signature(function).parameters
        found = function(config.key_implementation) if draws else function()
        for measure, subjects in ({function.__name__: found} if "statement" in found else found).items():
            for subject, value in subjects.items():
                for case, number in (value if isinstance(value, dict) else {"": value}).items():
                    rows.put(measure, {subject: number}, case)
    return rows
