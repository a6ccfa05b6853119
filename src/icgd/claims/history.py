"""results/full/verdict-history.csv: append-only; each line is chained to the one before."""

import datetime
import hashlib
from collections.abc import Iterable

from icgd import paths
from icgd.files import read_table, write_table

COLUMNS = ("date", "claim", "rule_hash", "verdict", "value", "reason", "chain")


def lines() -> list[dict[str, str]]:
    """All lines, oldest first."""
    return read_table(paths.HISTORY, COLUMNS) if paths.HISTORY.exists() else []


def last() -> dict[str, dict[str, str]]:
    """Newest line of each claim."""
    return {line["claim"]: line for line in lines()}


def broken_line() -> int | None:
    """Number (in the file) of the first line that was changed after it was written."""
    before = ""
    for index, line in enumerate(lines(), start=2):
        if line["chain"] != _chained(before, line):
            return index
        before = line["chain"]
    return None


def words(verdict: dict) -> dict[str, str]:
    """What a line says of a verdict: its rule, its word, its value."""
    value = verdict["parts"][0]["value"]
    said = {"rule_hash": verdict["rule_hash"], "verdict": verdict["verdict"]}
    return {**said, "value": "" if value is None else f"{value:.6g}"}


def is_said(verdict: dict, newest: dict[str, dict[str, str]]) -> bool:
    """Does the newest line on a claim say this verdict?"""
    return words(verdict).items() <= newest.get(verdict["id"], {}).items()


def append(verdicts: Iterable[dict], reason: str) -> list[dict]:
    """Add a line for each verdict whose rule, word or value is new; returns the lines added."""
    known, newest, added = lines(), last(), []
    before, today = (known[-1]["chain"] if known else ""), datetime.date.today().isoformat()
    for verdict in verdicts:
        if is_said(verdict, newest):
            continue
        line = {"date": today, "claim": verdict["id"], **words(verdict), "reason": reason}
        before = line["chain"] = _chained(before, line)
        added.append(line)
    if added:
        write_table(paths.HISTORY, COLUMNS, [*known, *added])
    return added


def _chained(before: str, line: dict[str, str]) -> str:
    """Hash of a line and of all lines before it."""
    text = "|".join([before, *(line[name] for name in COLUMNS[:-1])])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
