"""Rows of the tables that need no trained network, and the decorator of the functions that give them."""

from collections.abc import Callable, Mapping
from types import ModuleType

from icgd.measures.request import COLUMNS

Values = float | Mapping[str, float | Mapping[str, float]]  # for each subject, maybe for each of its units


class Rows(list):
    """Rows of `COLUMNS`; ``unit`` is the one of all rows that name none."""

    def __init__(self, unit: str = ""):
        super().__init__()
        self.unit, self.measure = unit, ""

    def add(self, function: Callable, *arguments: object) -> None:
        """What a marked function gives: the values of the measure of its name, or the rows that it puts."""
        self.measure = function.__name__
        found = function(*arguments)
        if found is not None:
            self.put(found)

    def put(
        self, values: Values, unit: str = "", measure: str = "", *, tasks: str = "", reference: str = ""
    ) -> None:
        """Values of the statement and of its controls; a single one is the statement's own.

        A measure or a subject may be "name: what it is", for the data dictionary; the name stands in the row.
        """
        measure = (measure or self.measure).partition(": ")[0]
        for subject, value in (values if isinstance(values, Mapping) else {"statement": values}).items():
            units = value if isinstance(value, Mapping) else {unit or self.unit: value}
            for name, number in units.items():
                row = (name, measure, subject.partition(": ")[0], reference, tasks, "", float(number))
                self.append(dict(zip(COLUMNS, row, strict=True)))

    def numbered(self) -> "Rows":
        """The same, with every unit made unique by its place among the rows of its measure and subject."""
        seen: dict[tuple[str, ...], int] = {}
        for row in self:
            key = tuple(row[name] for name in ("measure", "subject", "reference", "tasks"))
            seen[key] = seen.get(key, -1) + 1
            row["unit"] = f"{row['unit']} #{seen[key]}".strip()
        return self


def statement(
    function: Callable | None = None,
    *,
    tolerance: float | Mapping[str, float] | None = None,
    unit: Mapping[str, str] = {},
):
    """Mark a function that gives rows; `icgd.dictionary` reads from its source what is in them.

    Args:
        function: it has one measure with its name and first line, or those that it explains.
        tolerance: relative, within which a rebuild must agree, if it is not the usual one; or by measure.
        unit: by measure, of those that have one.
    """
    if function is None:
        return statement
    function.is_statement = True
    return function


def statements(*modules: ModuleType) -> list[Callable]:
    """The marked functions of modules, in their order."""
    return [
        found
        for module in modules
        for found in vars(module).values()
        if getattr(found, "is_statement", False) and found.__module__ == module.__name__
    ]
