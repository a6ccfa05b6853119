"""`icgd mutate`: plant the faults of claims/faults.yaml one at a time and write down what notices them."""

import argparse
import shutil
from pathlib import Path

from icgd.errors import IcgdError
from icgd.files import read_json, write_json
from icgd.mutation import copies, faults, noticing, running, table
from icgd.mutation.faults import Fault
from icgd.mutation.running import Seen
from icgd.progress import say


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which faults, and where."""
    parser.add_argument(
        "faults", nargs="*", metavar="fault", help="ids (default: all that have not been run)"
    )
    parser.add_argument("--cores", type=int, default=1, help="jobs at a time (default: %(default)s)")
    parser.add_argument(
        "--folder", type=Path, default=Path(".mutants"), help="scratch (default: %(default)s)"
    )
    parser.add_argument("--again", action="store_true", help="also faults whose row is up to date")
    parser.add_argument("--list", action="store_true", help="only write the table and say what is to be run")


def run(parsed: argparse.Namespace) -> int:
    """Harmless changes first, since what they move has no say; a row is written after each fault."""
    every, rows = faults.load(), table.rows()
    wanted = faults.chosen(parsed.faults)
    current = [name for name, fault in wanted.items() if table.is_current(rows.get(name), fault)]
    if parsed.list:
        table.write(every, rows)
        for name in wanted:
            print(f"{name}: {rows[name]['noticed'] if name in current else 'to be run'}")
        return 0
    left = [fault for name, fault in wanted.items() if parsed.again or name not in current]
    left.sort(key=lambda fault: not fault.harmless)
    was = yardstick(left, parsed.folder, parsed.cores) if left else {}
    for index, fault in enumerate(left):
        say(f"mutate: {fault.id}, {len(left) - index - 1} left after it")
        rows[fault.id] = audited(fault, was, parsed.folder, parsed.cores, unsteady(rows))
        table.write(every, rows)
        say(f"mutate: {fault.id}: {rows[fault.id]['noticed']} {rows[fault.id]['noticed_by']}".rstrip())
    table.write(every, rows)
    bad = (noticing.NO, noticing.FALSE_ALARM)
    return 1 if any(rows[name]["noticed"] in bad for name in wanted if name in rows) else 0


def audited(fault: Fault, was: Seen, folder: Path, cores: int, unsteady: set[str]) -> dict[str, str]:
    """The row of one fault, from a run with it against the same run without."""
    copy = copies.with_fault(fault, folder)
    now, cpu = running.look(copy, fault.claims, fault.tests, cores)
    shutil.rmtree(copy)
    found = noticing.moved(was, now)
    if not fault.harmless:
        found = [notice for notice in found if notice.by not in unsteady]
    return table.filled(fault, noticing.outcome(fault, found), [str(notice) for notice in found], cpu)


def yardstick(left: list[Fault], folder: Path, cores: int) -> Seen:
    """The run without a fault of all that should notice one; remembered for as long as the code stays.

    Raises:
        IcgdError: a job or a test fails without any fault.
    """
    path, about = folder / "unmutated.json", {fault.id: [fault.entry, fault.code] for fault in left}
    known = read_json(path) if path.exists() else {"about": {}, "seen": {}}
    missing = [fault for fault in left if known["about"].get(fault.id) != about[fault.id]]
    if missing:
        claims = dict.fromkeys(id_ for fault in missing for id_ in fault.claims)
        tests = dict.fromkeys(test for fault in missing for test in fault.tests)
        say(f"mutate: the run without a fault: {len(claims)} claims, {len(tests)} tests")
        seen, _ = running.look(copies.unmutated(folder), claims, tests, cores)
        if wrong := noticing.problems(seen):
            raise IcgdError(
                f"the unmutated run fails, so nothing can be held against it: {'; '.join(wrong)}."
            )
        known = {"about": known["about"] | about, "seen": known["seen"] | seen}
        write_json(path, known)
    return known["seen"]


def unsteady(rows: dict[str, dict[str, str]]) -> set[str]:
    """What moved under a harmless change and so says nothing about a fault."""
    alarms = [row["noticed_by"] for row in rows.values() if row["noticed"] == noticing.FALSE_ALARM]
    return {by.rpartition(": ")[0] for found in alarms for by in found.split("; ")}
