"""docs/data-dictionary.md, generated from claims/tables.yaml (a test compares)."""

from pathlib import Path

from icgd.claims import registry

OUTPUT = Path("docs/data-dictionary.md")
HEAD = """# Data dictionary

<!-- Generated from claims/tables.yaml by `python -m icgd schema`; do not edit (a test compares). -->

Tables that claims are decided on. A row is one number: `seed` (of training, or of a drawn set), `measure`,
`plant`, the other labels, `value`; numbers have no unit unless the measure names one, and a loss is half the
mean square of the prediction's error. `plant` is `none` for the real thing; every other plant is a control,
made as said here. Empty labels mean that the measure does not depend on them.

Beside them stand tables that only figures draw (`*-curves.csv`: one point a row, with the axis it is on as a
column), `verdict-history.csv` (`date`, `claim`, `rule_hash`, `verdict`, `value`, `reason`, and `chain`, a
hash over all lines before), the [published numbers](../published/README.md), and beside every file a
`.provenance.json` with the command, code, settings, versions, device, time and hashes of inputs and outputs.
"""


def text() -> str:
    """The whole page."""
    tables = registry.tables()
    listed = " · ".join(f"[{name}](#{name})" for name in tables)
    return "\n".join([HEAD, listed, *(_table(name, table) for name, table in tables.items())])


def _table(name: str, table: dict) -> str:
    """One table: what it is, its labels, its measures, its plants."""
    labels = dict(table.get("labels") or {})
    plants = labels.pop("plant", {})
    lines = [f"\n## {name}\n", f"{_cell(table['about'])}.\n"]
    lines += [f"Label `{label}`: {_values(values)}.\n" for label, values in labels.items()]
    lines += ["| measure | is |", "|---|---|"]
    lines += [f"| `{key}` | {_cell(words)} |" for key, words in table["measures"].items()]
    lines += ["", "| plant | is |", "|---|---|"]
    lines += [f"| `{key}` | {_cell(words)} |" for key, words in _named(plants).items()]
    return "\n".join(lines) + "\n"


def _values(values: list | dict) -> str:
    """The values that a label may have."""
    return ", ".join(f"`{value}`" if str(value) else "(empty)" for value in values)


def _named(values: list | dict) -> dict:
    return values if isinstance(values, dict) else dict.fromkeys(values, "")


def _cell(words: object) -> str:
    """Words as they may stand in a cell of a table."""
    return " ".join(str(words or "").split()).replace("|", "\\|")
