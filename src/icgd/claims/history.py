"""results/full/verdict-history.csv: append-only; each line is chained to the one before."""

import datetime
import hashlib

from icgd import paths
from icgd.files import read_table, write_table

COLUMNS = ("date", "claim", "rule_hash", "verdict", "value", "reason", "chain")


def lines() -> list[dict[str, str]]:
    """All lines, oldest first."""
    return read_table(paths.HISTORY, COLUMNS) if paths.HISTORY.exists() else []


def last() -> dict[str, dict[str, str]]:
    """Newest line of each claim."""
    return {line["claim"]: line for line in lines()}


def chained(before: str, line: dict[str, str]) -> str:
    """Hash of a line and of all lines before it."""
    text = "|".join([before, *(line[name] for name in COLUMNS[:-1])])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def broken_line() -> int | None:
    """Number (in the file) of the first line that was changed after it was written."""
    before = ""
    for index, line in enumerate(lines(), start=2):
        if line["chain"] != chained(before, line):
            return index
        before = line["chain"]
    return None


def append(verdicts: list[dict], reason: str) -> list[dict]:
    """Add a line for each verdict whose rule, word or value is new; returns the lines added."""
    known, newest = lines(), last()
    before, added = (known[-1]["chain"] if known else ""), []
    today = datetime.date.today().isoformat()
    for verdict in verdicts:
        value = verdict["parts"][0]["value"]
        line = {
            "date": today,
            "claim": verdict["id"],
            "rule_hash": verdict["rule_hash"],
            "verdict": verdict["verdict"],
            "value": "" if value is None else f"{value:.6g}",
            "reason": reason,
        }
        old = newest.get(verdict["id"], {})
        if any(old.get(key) != line[key] for key in ("rule_hash", "verdict", "value")):
            before = line["chain"] = chained(before, line)
            added.append(line)
    if added:
        write_table(paths.HISTORY, COLUMNS, [*known, *added])
    return added
