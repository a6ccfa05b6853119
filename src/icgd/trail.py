"""The trail behind a result: every file that it rests on, with the record of how that file was made."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from icgd import paths
from icgd.files import read_json, sha256


class Artefact(NamedTuple):
    """A file, and the record beside it; files that nobody made, such as published numbers, have none."""

    path: Path
    sha256: str
    record: dict | None


def trail(ends: Iterable[Path | str]) -> dict[str, Artefact]:
    """Everything that ``ends`` were made from, and they themselves, by path."""
    found, todo = {}, [Path(path) for path in ends]
    while todo:
        path = todo.pop()
        if str(path) in found or not path.exists():
            continue
        record = record_of(path)
        found[str(path)] = Artefact(path, sha256(path), record)
        todo += [Path(name) for name in (record or {}).get("inputs", {})]
    return dict(sorted(found.items()))


def record_of(path: Path) -> dict | None:
    """The record that names a file among its outputs."""
    found = record_path(path)
    return read_json(found) if found else None


def record_path(path: Path) -> Path | None:
    """Where that record is."""
    own = paths.provenance(path)
    if own.exists():
        return own
    return next((record for record, outputs in _records(path.parent) if path.name in outputs), None)


def records(found: Iterable[str]) -> list[Path]:
    """The records that name these files, each once."""
    return sorted({record for path in found if (record := record_path(Path(path)))})


@cache
def _records(folder: Path) -> list[tuple[Path, list[str]]]:
    return [(path, list(read_json(path)["outputs"])) for path in sorted(folder.glob("*.provenance.json"))]
