"""The outcome of the audit: docs/faults.csv, and the table of docs/faults.md made from it."""

from pathlib import Path

from icgd import generated
from icgd.files import read_table, write_table, write_text
from icgd.mutation.faults import Fault
from icgd.mutation.noticing import ELSEWHERE, FALSE_ALARM, HARMLESS, NO, NOT_RUN, YES

CSV, PAGE = Path("docs") / "faults.csv", Path("docs") / "faults.md"
COLUMNS = ("fault", "says", "file", "expected", "noticed", "noticed_by", "cpu_s", "entry", "code")
BEGIN, END = "<!-- icgd mutate: begin -->\n", "<!-- icgd mutate: end -->\n"
HEAD = "| fault | what is wrong | should notice it | noticed | by | CPU s |\n|---|---|---|---|---|---|\n"
SHOWN = 4  # notices of one fault on the page; the CSV has all


def rows() -> dict[str, dict[str, str]]:
    """Rows of the committed table by fault."""
    return {row["fault"]: row for row in read_table(CSV, COLUMNS)} if CSV.exists() else {}


def blank(fault: Fault) -> dict[str, str]:
    """The row of a fault that has not been run."""
    about = {"fault": fault.id, "says": fault.says, "file": fault.file, "expected": fault.expected}
    return {**about, "noticed": NOT_RUN, "noticed_by": "", "cpu_s": "", "entry": fault.entry, "code": ""}


def filled(fault: Fault, noticed: str, by: list[str], cpu: float) -> dict[str, str]:
    """The row of a fault that has been run."""
    run = {"noticed": noticed, "noticed_by": "; ".join(by), "cpu_s": f"{cpu:.0f}", "code": fault.code}
    return {**blank(fault), **run}


def is_current(row: dict[str, str] | None, fault: Fault) -> bool:
    """Was this fault run as it stands, on today's code?"""
    ran = row is not None and row["noticed"] != NOT_RUN
    return ran and (row["entry"], row["code"]) == (fault.entry, fault.code)


def write(faults: dict[str, Fault], found: dict[str, dict[str, str]]) -> None:
    """The CSV and the page, with a row for each of today's faults; one that was changed since is not run."""
    kept = [
        found[name] if name in found and found[name]["entry"] == fault.entry else blank(fault)
        for name, fault in faults.items()
    ]
    write_table(CSV, COLUMNS, kept)
    write_text(PAGE, placed(PAGE.read_text(encoding="utf-8"), kept))


def placed(page: str, kept: list[dict[str, str]]) -> str:
    """The page with its table replaced.

    Raises:
        IcgdError: the page has lost the marks between which the table stands.
    """
    return generated.placed(page, BEGIN, END, markdown(kept), PAGE)


def markdown(kept: list[dict[str, str]]) -> str:
    """The table, and its counts in one sentence."""
    return HEAD + "".join(map(line, kept)) + f"\n{summary(kept)}\n"


def line(row: dict[str, str]) -> str:
    """One row of the table."""
    by = row["noticed_by"].split("; ") if row["noticed_by"] else []
    shown = "; ".join(by[:SHOWN]) + (f"; and {len(by) - SHOWN} more" if len(by) > SHOWN else "")
    expected = row["expected"].replace("tests/", "")
    cells = (
        f"`{row['fault']}`",
        row["says"],
        expected,
        row["noticed"],
        shown.replace("tests/", ""),
        row["cpu_s"],
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"


def summary(kept: list[dict[str, str]]) -> str:
    """How many of how many were noticed."""
    words = [row["noticed"] for row in kept]
    harmless = words.count(HARMLESS) + words.count(FALSE_ALARM)
    run = len(words) - words.count(NOT_RUN) - harmless
    return (
        f"Of {run} faults run, {words.count(YES)} were noticed by what was named, "
        f"{words.count(ELSEWHERE)} by something else, {words.count(NO)} by nothing. "
        f"Of {harmless} harmless changes run, {words.count(HARMLESS)} were rightly passed over. "
        f"Not run: {words.count(NOT_RUN)}."
    )
