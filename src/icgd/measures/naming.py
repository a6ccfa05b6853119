"""Decorators that put a function among those that rules may name (`icgd.dictionary` reads them, too)."""

from collections.abc import Callable
from typing import NamedTuple

from icgd.dictionary import ABSOLUTE, TOLERANCE


class Measure(NamedTuple):
    """A function that gives one number; its kind, the name of its module, says what it looks at."""

    function: Callable
    kind: str


MEASURES: dict[str, Measure] = {}
PREDICTORS: dict[str, Callable] = {}
STAND_INS: dict[str, Callable] = {}
FAULTS: dict[tuple[str, str], Callable] = {}  # (name, what it is planted in)


def measure(
    function: Callable | None = None,
    *,
    tolerance: float = TOLERANCE,
    absolute: float = ABSOLUTE,
    unit: str = "",
) -> Callable:
    """A measure named like its function; its options are read by `icgd.dictionary`."""
    if function is None:
        return measure
    MEASURES[function.__name__] = Measure(function, function.__module__.rpartition(".")[2])
    return function


def predictor(name: str) -> Callable:
    """A predictor ``(network, **faults of its own) -> Predictor``; the faults' defaults change nothing.

    One of other experiments' networks is ``(network, of) -> list[Predictor]``.
    """
    return lambda function: PREDICTORS.setdefault(name, function)


def stand_in(name: str) -> Callable:
    """What is measured in the place of a history, of tokens or of attention; it fits no model to contexts."""
    return lambda function: STAND_INS.setdefault(name, function)


def fault(name: str, of: str) -> Callable:
    """A fault of a stated size, planted in weight products, in a fit, or in what its module looks at."""
    return lambda function: FAULTS.setdefault((name, of), function)
