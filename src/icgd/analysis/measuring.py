"""Tables of scalar measures: one row a measure, with what was planted and what it was measured on."""

COLUMNS = ("measure", "plant", "tasks", "reference", "value")


class Measures(list):
    """Rows of a measure table."""

    def put(
        self, measure: str, value: float, plant: str = "none", tasks: str = "", reference: str = ""
    ) -> None:
        """Add one row."""
        labels = {"measure": measure, "plant": plant, "tasks": tasks, "reference": reference}
        self.append({**labels, "value": float(value)})
