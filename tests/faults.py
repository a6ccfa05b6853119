"""The mutation audit (docs/faults.md): faults are planted one at a time; which claim, job or test notices?

`make faults` runs those whose row of docs/faults.csv is not of today's code, and so goes on where it was
stopped; `python tests/faults.py ID ...` runs some anew. What should notice a fault stands in faults.yaml.
"""

import argparse
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT, copy_checkout, environment

from icgd import paths, record
from icgd.claims import registry
from icgd.config import Block, checked
from icgd.errors import IcgdError, nearest
from icgd.files import read_json, read_table, read_yaml, sha256, write_json, write_table, write_text
from icgd.progress import say

FILE, CSV = Path("tests/faults.yaml"), Path("docs/faults.csv")
SOURCE, SCRATCH, UNMUTATED = Path("src/icgd"), Path(".faults"), Path(".faults/unmutated")
COLUMNS = ("fault", "says", "file", "expected", "noticed", "noticed_by", "cpu_s", "state")
# Copies decide from the committed weights; a fifth of the usual tasks will do.
SETTINGS = {"scale": "full", "weights": "committed", "scales": {"full": {"tasks": 10_000}}}
UNWANTED = shutil.ignore_patterns("__pycache__", ".cache", "logs", "log", "locks", "incomplete")
SETTLED = ("supported", "refuted", "borderline", "right", "passed")  # what else was so had no say
NO, FALSE_ALARM = "no", "false alarm"
FAILED_JOB = re.compile(r"^Error in rule (\w+):.*?^ +log: ([^\s,]+)", re.M | re.S)
TESTED = re.compile(r"^(PASSED|FAILED|ERROR) (\S+?::\w+)", re.M)
TROUBLE = re.compile(
    r"^$|cannot write|missing; install|No space left|MemoryError|OSError|EXHAUSTED"
)  # no fault's

Seen = dict[str, str]  # what was looked at -> how it came out


class Fault(Block):
    """One fault, and what should notice it; ``harmless`` ones must change nothing that counts."""

    id: str
    says: str
    file: str  # below src/icgd, or a table from the root
    edits: tuple[tuple[str, str], ...] = ()
    scaled: dict[str, float | str] = {}  # of a table: column and factor, and what the other columns must be
    rotated: str = ""  # of a table: the column whose values all move down by one line, the last to the top
    claims: tuple[str, ...] = ()
    job: str | None = None
    tests: tuple[str, ...] = ()
    harmless: bool = False

    @property
    def expected(self) -> str:
        """What should notice it, in words."""
        if self.harmless:
            return f"nothing ({', '.join(self.claims)} stay)"
        return "; ".join([*self.claims, *[f"the job {self.job} fails"] * bool(self.job), *self.tests])

    @property
    def state(self) -> str:
        """Hash of the entry and of all that its run depends on."""
        rules = [registry.claim(id_).rule_hash for id_ in self.claims]
        tests = [sha256(name.partition("::")[0]) for name in self.tests]
        return record.digest(json.dumps([self.model_dump(), record.room("."), rules, tests]).encode())

    @property
    def path(self) -> Path:
        """Where its file is, from the root."""
        return Path(self.file) if self.scaled or self.rotated else SOURCE / self.file

    def planted(self, text: str) -> str:
        """The text of its file with the fault in it.

        Raises:
            IcgdError: what it replaces stands there more than once, or not at all.
        """
        if self.scaled or self.rotated:
            return self._in_table(text)
        for old, new in self.edits:
            if (count := text.count(old)) != 1:
                raise IcgdError(f"{self.id}: {old!r} must stand once in {self.path}, not {count} times.")
            text = text.replace(old, new)
        return text

    def _in_table(self, text: str) -> str:
        """A table with some numbers times a factor, or one column a line further down."""
        rows = list(csv.DictReader(io.StringIO(text)))
        if self.rotated:
            values = [row[self.rotated] for row in rows]
            for row, value in zip(rows, [values[-1], *values[:-1]], strict=True):
                row[self.rotated] = value
        where = {key: value for key, value in self.scaled.items() if key not in ("column", "factor")}
        found = [row for row in rows if self.scaled and where.items() <= row.items()]
        if not (found or self.rotated):
            raise IcgdError(f"{self.id}: {self.path} has no line with {where}.")
        for row in found:
            row[self.scaled["column"]] = f"{float(row[self.scaled['column']]) * self.scaled['factor']:.5g}"
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        return "\n".join(lines) + "\n"


def load() -> dict[str, Fault]:
    """All faults by id."""
    found = [checked(Fault, entry, f"{FILE}: {entry.get('id')}") for entry in read_yaml(FILE)]
    return {fault.id: fault for fault in found}


def unmutated() -> Path:
    """The copy without a fault, brought up to date; what it has already computed stays."""
    UNMUTATED.mkdir(parents=True, exist_ok=True)
    for path in UNMUTATED.iterdir():
        if path.is_dir() and path.name not in ("results", ".snakemake"):
            shutil.rmtree(path)
    copy_checkout(UNMUTATED.resolve(), results=False)
    write_json(UNMUTATED / "settings.json", SETTINGS)
    for path in paths.given("full"):
        (UNMUTATED / path.parent).mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, UNMUTATED / path)
    return UNMUTATED


def with_fault(fault: Fault) -> Path:
    """A fresh copy of the unmutated run with the fault planted; Snakemake rebuilds what its code reaches."""
    target = SCRATCH / fault.id
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(UNMUTATED, target, symlinks=True, ignore=UNWANTED)
    shutil.rmtree(target / "results/full/claims", ignore_errors=True)  # to be decided anew
    path = target / fault.path
    write_text(path, fault.planted(path.read_text("utf-8")))
    return target


def called(folder: Path, *command: str) -> tuple[int, str]:
    """Run a command with a copy's own source: exit code and output, whose progress is passed on."""
    said, pipes = [], {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=folder, env=environment(folder.resolve()), **pipes) as process:
        for line in process.stdout:
            said.append(line)
            if re.match(r"\d+ of \d+ steps", line):
                say(f"faults: {folder.name}: {line.strip()}")
    write_text(f"{folder}.log", "".join(said))
    return process.returncode, "".join(said)


def decided(folder: Path, claims: list[str], cores: int) -> Seen:
    """Which jobs failed on the way to verdicts, what each part is decided as, whether controls go their way.

    Raises:
        IcgdError: a run failed for a reason that no fault explains.
    """
    targets = [paths.verdict("full", id_) for id_ in claims]
    words = ("snakemake", "--nocolor", "--cores", str(cores), "--configfile", "settings.json", "--")
    code, output = called(folder, *words, *map(str, targets))
    seen = {}
    for rule, log in FAILED_JOB.findall(output):
        seen[f"job {rule}"] = last((folder / log).read_text("utf-8"))
    trouble = [said for said in seen.values() if TROUBLE.search(said)]
    if trouble or (code and not seen):
        raise IcgdError(f"snakemake failed in {folder}: {' '.join(trouble) or 'see'} {folder}.log.")
    for target in targets:
        if not seen or (folder / target).exists():
            seen |= states(read_json(folder / target))
    return seen


def last(text: str) -> str:
    """The last line of an output: of a failed job our sentence, or the exception."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def states(verdict: dict) -> Seen:
    """Of every part of a verdict what it is decided as, and whether each control goes its way."""
    seen = {}
    for index, part in enumerate(verdict["parts"], start=1):
        name = part["name"] or (str(index) if len(verdict["parts"]) > 1 else "")
        key = f"{verdict['id']} ({name})" if name else verdict["id"]
        seen[key] = part["verdict"]
        for number, control in enumerate(part["controls"], start=1):
            seen[f"{key}, control {number} {control['subject']}"] = "right" if control["ok"] else "wrong"
    return seen


def tested(folder: Path, tests: list[str]) -> Seen:
    """passed or failed, of each test; of one with parameters failed if one of its cases did."""
    words = (sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *tests)
    code, output = called(folder, *words)
    seen: Seen = {}
    for state, test in TESTED.findall(output):
        seen[test] = "passed" if state == "PASSED" and seen.get(test) != "failed" else "failed"
    if code not in (0, 1) or set(seen) != set(tests):
        raise IcgdError(f"the tests could not be run in {folder}; see {folder}.log.")
    return seen


def look(folder: Path, faults: list[Fault], cores: int) -> Seen:
    """All that should notice some faults: one call of Snakemake, one of pytest."""
    claims = list(dict.fromkeys(id_ for fault in faults for id_ in fault.claims))
    tests = list(dict.fromkeys(test for fault in faults for test in fault.tests))
    return (decided(folder, claims, cores) if claims else {}) | (tested(folder, tests) if tests else {})


def moved(was: Seen, now: Seen) -> list[str]:
    """What was decided and is decided otherwise or not at all, controls that now go the wrong way, tests that
    now fail, and failed jobs."""
    found = [f"{by}: {state}" for by, state in now.items() if by.startswith("job ")]
    for by in sorted(was.keys() & now.keys()):
        if was[by] != now[by] and was[by] in SETTLED:
            found.append(f"{by}: {was[by]} to {now[by]}")
    return found


def outcome(fault: Fault, found: list[str]) -> str:
    """yes, no, or elsewhere (by something that was not named); of a harmless change, was it passed over?"""
    if fault.harmless:
        return FALSE_ALARM if found else "rightly not"
    named = tuple(f"{by}{end}" for by in (*fault.claims, f"job {fault.job}", *fault.tests) for end in ":, ")
    return ("yes" if any(one.startswith(named) for one in found) else "elsewhere") if found else NO


def audited(fault: Fault, was: Seen, unsteady: set[str], cores: int) -> dict[str, str]:
    """The row of one fault, from a run with it against the same run without."""
    copy, before = with_fault(fault), cpu_s()
    found = [one for one in moved(was, look(copy, [fault], cores)) if one.rpartition(": ")[0] not in unsteady]
    shutil.rmtree(copy)
    about = {"fault": fault.id, "says": fault.says, "file": fault.file, "expected": fault.expected}
    run = {"noticed": outcome(fault, found), "noticed_by": "; ".join(found)}
    return {**about, **run, "cpu_s": f"{cpu_s() - before:.0f}", "state": fault.state}


def cpu_s() -> float:
    """CPU seconds of all finished children."""
    return os.times().children_user + os.times().children_system


def run(names: list[str], cores: int) -> bool:
    """Was everything noticed? Harmless changes go first: what they move has no say about faults.

    Raises:
        IcgdError: an unknown fault, or the run without a fault fails.
    """
    faults, rows = load(), {row["fault"]: row for row in read_table(CSV, COLUMNS)}
    for name in names:
        if name not in faults:
            raise IcgdError(f"there is no fault {name!r}; {nearest(name, faults)}")
    left = [one for one in faults.values() if names or rows.get(one.id, {}).get("state") != one.state]
    left = sorted((one for one in left if one.id in (names or faults)), key=lambda fault: not fault.harmless)
    say(f"faults: {len(left)} are to be run; first the run without any")
    was = look(unmutated(), left, cores) if left else {}
    if wrong := [f"{by}: {state}" for by, state in was.items() if by.startswith("job ") or state == "failed"]:
        raise IcgdError(f"the run without a fault fails, and is no yardstick: {'; '.join(wrong)}.")
    for index, fault in enumerate(left, start=1):
        alarms = [row["noticed_by"] for row in rows.values() if row["noticed"] == FALSE_ALARM]
        unsteady = {by.rpartition(": ")[0] for found in alarms for by in found.split("; ")}
        rows[fault.id] = row = audited(fault, was, set() if fault.harmless else unsteady, cores)
        write_table(CSV, COLUMNS, [rows[name] for name in faults if name in rows])
        say(f"faults: {fault.id}: {row['noticed']} {row['noticed_by']}; {len(left) - index} left")
    return not any(rows[fault.id]["noticed"] in (NO, FALSE_ALARM) for fault in left)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="fault", help="ids (default: all that are to be run)")
    parser.add_argument("--cores", type=int, default=2, help="jobs at a time (default: %(default)s)")
    parsed = parser.parse_args()
    os.chdir(ROOT)
    try:
        sys.exit(0 if run(parsed.faults, parsed.cores) else 1)
    except IcgdError as error:
        parser.error(str(error))
