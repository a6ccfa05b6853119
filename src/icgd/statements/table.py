"""Rows of the tables that need no trained network, and the decorator that says what is in them."""

from collections.abc import Callable, Mapping
from types import ModuleType

COLUMNS = ("unit", "measure", "subject", "reference", "tasks", "along", "value")


class Rows(list):
    """Rows of `COLUMNS`; ``unit`` is the one of all rows that name none."""

    def __init__(self, unit: str = ""):
        super().__init__()
        self.unit = unit

    def put(
        self,
        measure: str,
        values: float | Mapping[str, float],
        unit: str | None = None,
        *,
        tasks: str = "",
        reference: str = "",
    ) -> None:
        """One value, of the statement itself, or a value for each subject: the statement and its controls."""
        for subject, value in (values if isinstance(values, Mapping) else {"statement": values}).items():
            place = {"unit": self.unit if unit is None else unit, "measure": measure, "subject": subject}
            labels = {"reference": reference, "tasks": tasks, "along": ""}
            self.append({**place, **labels, "value": float(value)})

    def numbered(self) -> "Rows":
        """The same, with every unit made unique by its place among the rows of its measure and subject."""
        seen: dict[tuple[str, ...], int] = {}
        for row in self:
            key = tuple(row[name] for name in ("measure", "subject", "reference", "tasks"))
            seen[key] = seen.get(key, -1) + 1
            row["unit"] = f"{row['unit']} #{seen[key]}".strip()
        return self


def statement(
    *,
    measures: Mapping[str, str] | None = None,
    subjects: Mapping[str, object] | None = None,
    tolerance: float | Mapping[str, float] | None = None,
) -> Callable[[Callable], Callable]:
    """Mark a function that gives rows; `icgd.dictionary` reads the arguments, literals, from the source.

    Args:
        measures: what its measures are, by name; absent: one, with the function's name and first line.
        subjects: what the controls are, by name; or these by measure.
        tolerance: relative, within which a rebuild must agree, if it is not the usual one; or by measure.
    """

    def mark(function: Callable) -> Callable:
        function.is_statement = True
        return function

    return mark


def statements(*modules: ModuleType) -> list[Callable]:
    """The marked functions of modules, in their order."""
    return [
        found
        for module in modules
        for found in vars(module).values()
        if getattr(found, "is_statement", False) and found.__module__ == module.__name__
    ]
