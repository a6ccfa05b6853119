"""How large the numbers are that training made: a second record of them, in numbers.

Only training makes weights and histories again. A check takes them as given, and a changed one would
pass wherever it changes nothing that is measured; here each counts.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from icgd.files import read_table
from icgd.training import checkpoint

COLUMNS = ("file", "array", "entries", "log_size", "sum")


def rows(path: Path) -> Iterator[dict]:
    """Of each array or column: how many entries are not 0, the sum of log |x|, and the sum."""
    for name, values in arrays(path).items():
        kept = np.asarray(values, float).ravel()
        kept = kept[np.isfinite(kept) & (kept != 0)]
        sums = {"log_size": f"{np.log(np.abs(kept)).sum():.15g}", "sum": f"{kept.sum():.15g}"}
        yield {"file": str(path), "array": name, "entries": kept.size, **sums}


def arrays(path: Path) -> dict[str, np.ndarray]:
    """Numbers of an archive by the names of its arrays, or of a table by column."""
    if path.suffix == ".npz":
        return checkpoint.load(path)[0]
    table = read_table(path)
    return {name: np.array([number(row[name]) for row in table]) for name in (table[0] if table else {})}


def number(cell: str) -> float:
    """A cell's number; NaN for one that holds none."""
    try:
        return float(cell)
    except ValueError:
        return float("nan")
