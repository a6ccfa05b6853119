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
    own = paths.provenance(path)
    if own.exists():
        return read_json(own)
    return next((record for record in _records(path.parent) if path.name in record["outputs"]), None)


@cache
def _records(folder: Path) -> list[dict]:
    return [read_json(path) for path in sorted(folder.glob("*.provenance.json"))]
