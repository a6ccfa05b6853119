"""`icgd verify`: is every committed file what its record says, and was it trained by an attested program?

No rerun and no Snakemake: contents are compared with the records beside them. Nothing but Python is needed,
except that comparing settings takes PyYAML and pydantic.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from icgd import paths, record
from icgd.audit import programs
from icgd.audit.stale import same_settings
from icgd.claims import history
from icgd.errors import IcgdError
from icgd.files import read_json, read_table, sha256

GOOD, BEFORE = "as recorded", "as recorded, its program attested"


class Finding(NamedTuple):
    """A file and its state."""

    path: Path
    state: str

    @property
    def good(self) -> bool:
        """Nothing to mend."""
        return self.state in (GOOD, BEFORE)


class Known(NamedTuple):
    """What records are compared with, as far as it can be told here."""

    same_settings: Callable[[dict, Path, str], bool] | None  # None without PyYAML and pydantic
    attested: dict
    ancestors: frozenset[str] | None  # revisions of HEAD's history; None where git does not tell


def run(scale: str) -> int:
    """Name every file that is not as recorded; exit code 1 if there is one, or if training code was edited.

    Raises:
        IcgdError: there is nothing to verify.
    """
    known = Known(same_settings(), programs.attested(), record.ancestors())
    findings = list(verify(scale, known))
    if not findings:
        raise IcgdError(f"there is nothing in results/{scale}; `make reproduce` or `make full` fills it.")
    edited = programs.outdated(known.attested) if scale == "full" else None
    for finding in findings:
        if not finding.good:
            print(f"{finding.path}: {finding.state}")
    for note in notes(findings, known) + ([edited] if edited else []):
        print(note)
    for state, count in Counter(GOOD if one.good else f"not {GOOD}" for one in findings).items():
        print(f"{count} files {state}")
    if edited or not all(finding.good for finding in findings):
        return 1
    settle(findings)
    return 0


def verify(scale: str, known: Known) -> Iterator[Finding]:
    """Every file of a scale's results and figures, with its state."""
    folders = (paths.RESULTS / scale, paths.FIGURES / scale)
    present = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    present -= {
        one for one in present if one.name in ("unfinished.npz", "README.md") or one.suffix == ".part"
    }
    free = {paths.HISTORY, programs.PROGRAMS, programs.ATTESTATIONS}  # they speak of many records
    for path in sorted(present):
        if path.name.endswith(record.SUFFIX):
            found = of_record(path, scale, known)
            free |= {finding.path for finding in found} | {path}
            yield from found
    yield from (Finding(path, "no record names it") for path in sorted(present - free))
    if scale == "full" and {paths.HISTORY, paths.verdicts(scale)} & present:
        yield from (Finding(paths.HISTORY, state) for state in history_states())
    if scale == "full":
        yield from of_published()


def of_record(path: Path, scale: str, known: Known) -> list[Finding]:
    """States of the outputs that one record names, or of the record itself."""
    try:
        found = read_json(path)
        if found["record"] != record.sealed(found)["record"]:
            return [Finding(path, "edited")]
        outputs = {path.parent / name: digest for name, digest in found["outputs"].items()}
        why = foreign(found, path, scale, known) or GOOD
    except (KeyError, TypeError, AttributeError, IcgdError):
        return [Finding(path, "not a record of this project")]
    states = {}
    for output, digest in outputs.items():
        if not output.exists():
            states[output] = "missing"
        else:
            states[output] = why if sha256(output) == digest else "edited"
    return [Finding(output, state) for output, state in states.items()]


def foreign(found: dict, path: Path, scale: str, known: Known) -> str | None:
    """Why the outputs of a record are not what these settings, inputs and programs give."""
    if known.same_settings is not None and not known.same_settings(found, path, scale):
        return "made with other settings"
    for name, digest in found["inputs"].items():
        if not Path(name).exists():
            return f"its input {name} is missing"
        if sha256(name) != digest:
            return f"made from another {name}"
    if scale != "full":
        return None
    trained, program = found["step"] in programs.TRAINING, found.get("program")
    if trained and not programs.counts(program, programs.name_of(path), known.attested):
        return "trained by a program that was never attested"
    if record.is_clean(found["revision"], known.ancestors):
        return None
    if trained and programs.vouched(program, programs.name_of(path), known.ancestors):
        return BEFORE
    again = "`make attest` vouches for its program" if trained else "make it again from a clean tree"
    return f"made at {found['revision']}, which is no clean revision of the history; {again}"


def of_published() -> Iterator[Finding]:
    """Numbers read off papers, which have no record: are they those whose digests are committed?"""
    known = (
        {row["file"]: row["sha256"] for row in read_table(paths.DIGESTS)} if paths.DIGESTS.exists() else {}
    )
    there = {path.name for path in paths.DIGESTS.parent.glob("*.csv")} - {paths.DIGESTS.name}
    for name in sorted(there | known.keys()):
        path = paths.DIGESTS.parent / name
        same = name in there and sha256(path) == known.get(name)
        yield Finding(path, GOOD if same else f"not the file that {paths.DIGESTS} is of")


def history_states() -> list[str]:
    """Whether the history is unbroken and its last lines are the committed verdicts."""
    if broken := history.broken_line():
        return [f"edited in line {broken}"]
    last, verdicts = history.last(), paths.verdicts("full")
    lacks = [
        f"lacks the present verdict of {id_}; `icgd record --reason ...` adds it"
        for id_, one in (read_json(verdicts) if verdicts.exists() else {}).items()
        if one["rule_hash"] and not history.is_said(one, last)
    ]
    return lacks or [GOOD]


def notes(findings: list[Finding], known: Known) -> list[str]:
    """What else a reader should know."""
    found = []
    if before := sum(finding.state == BEFORE for finding in findings):
        found.append(
            f"{before} files were trained with uncommitted changes or at a revision that is not in the "
            f"history: {programs.ATTESTATIONS} names one that compiles to the same programs"
        )
    if known.ancestors is None:
        found.append(
            "git does not tell the whole history here (a shallow clone, an archive), so whether it has the "
            "revisions of records was not looked up"
        )
    if known.same_settings is None:
        found.append("PyYAML or pydantic is missing (`make setup`): settings were not compared")
    return found


def settle(findings: list[Finding]) -> None:
    """Give verified files one modification time, as a checkout's arbitrary ones look stale to Snakemake."""
    now = time.time()
    try:
        for path in {finding.path for finding in findings}:
            for one in (path, paths.provenance(path)):
                if one.exists():
                    os.utime(one, (now, now))
    except OSError:
        print("modification times could not be set here, so Snakemake may plan what is there already")
