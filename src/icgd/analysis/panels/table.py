"""Rows of the table of panels: one number of one case, with what was planted."""

COLUMNS = ("measure", "plant", "case", "value")


class Rows(list):
    """Rows of `COLUMNS`."""

    def put(self, measure: str, value: float, plant: str = "none", case: str = "") -> None:
        """Add one row."""
        self.append({"measure": measure, "plant": plant, "case": case, "value": float(value)})

    def put_each(self, measure: str, values: dict[str, float], plant: str = "none") -> None:
        """Add one row a case."""
        for case, value in values.items():
            self.put(measure, value, plant, case)
