"""Reading and writing artefacts: a file appears whole or not at all (temporary name, then rename)."""

import csv
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from icgd.errors import IcgdError


class Written(float):
    """A number that knows the text it was read from: 1.50 has two digits after its point."""

    text: str = ""


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Give a temporary path beside ``path``; rename it to ``path`` on success, remove it on failure.

    Raises:
        IcgdError: the disk is full or the folder cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise IcgdError(
            f"cannot write {path}: {error.strerror or error}; nothing was changed there. "
            "Free some space or choose a folder that can be written."
        ) from error
    finally:
        with suppress(OSError):  # a parent that is a file, say; the first error is the one to tell
            temporary.unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> None:
    """Write text atomically, in UTF-8."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def between(text: str, begin: str, end: str, *new: str, path: Path | str) -> str:
    """The text of a page with new blocks between its pairs of marks, one after the other.

    Raises:
        IcgdError: the page has lost a mark.
    """
    found = []
    for block in new:
        before, first, rest = text.partition(begin)
        _, last, text = rest.partition(end)
        if not (first and last):
            raise IcgdError(f"{path} lacks the mark {begin.strip()} or {end.strip()}; put both back.")
        found += [before, begin, block, end]
    return "".join([*found, text])


def rendered(template: str, **given: object) -> str:
    """A Markdown page from its template, a file of the package."""
    import jinja2  # here, as PyYAML below

    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    pages = jinja2.Environment(loader=loader, keep_trailing_newline=True, autoescape=False)
    return pages.get_template(template).render(**given)


def write_json(path: Path | str, value: object) -> None:
    """Write JSON atomically, with sorted keys and two spaces, so that diffs are readable."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_yaml(path: Path | str, written: bool = False) -> object:
    """Read YAML that a person wrote; its numbers with a point are `Written` if asked for.

    Raises:
        IcgdError: the file is missing, is not YAML, or has a key twice in one mapping.
    """
    import yaml  # here, so that `audit` and `verify` answer in a bare Python

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # the same, ten times as fast
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
            keys = [key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
            seen: set[str] = set()
            for key in keys:
                if key.value in seen:
                    line = key.start_mark.line + 1
                    raise IcgdError(f"{path}, line {line}: the key {key.value!r} stands twice; remove one.")
                seen.add(key.value)
            return super().construct_mapping(node, deep)

        def construct_written(self, node: yaml.ScalarNode) -> Written:
            found = Written(self.construct_yaml_float(node))
            found.text = node.value
            return found

    if written:
        Loader.add_constructor("tag:yaml.org,2002:float", Loader.construct_written)
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), Loader)  # noqa: S506 (a safe loader)
    except FileNotFoundError as error:
        raise IcgdError(f"{path} is missing; run from the repository's root.") from error
    except yaml.YAMLError as error:
        raise IcgdError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error


def read_json(path: Path | str) -> dict:
    """Read a JSON object.

    Raises:
        IcgdError: the file is missing or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise IcgdError(f"{path} is missing; build it with `snakemake {path}`.") from error
    except ValueError as error:
        raise IcgdError(f"{path} is not JSON ({error}); delete it and build it again.") from error


def number(value: object) -> str:
    """Text of a table cell: floats with ten significant digits, everything else as it is."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def write_table(path: Path | str, columns: Iterable[str], rows: Iterable[Mapping]) -> None:
    """Write rows as CSV, atomically; a missing cell is empty, an unknown column is an error."""
    columns = list(columns)
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: number(cell) for name, cell in row.items()} for row in rows)


def read_table(path: Path | str, columns: Iterable[str] = ()) -> list[dict[str, str]]:
    """Read a CSV table as a list of rows (all cells are text).

    Raises:
        IcgdError: the file is missing, cut short, or lacks one of ``columns``.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as handle:
            reader = csv.DictReader(handle)
            rows = list(reader)
            header = reader.fieldnames or []
    except FileNotFoundError as error:
        raise IcgdError(f"{path} is missing; build it with `snakemake {path}`.") from error
    absent = [name for name in columns if name not in header]
    if absent:
        raise IcgdError(f"{path} has no column {absent[0]!r}; it has {', '.join(header)}.")
    for index, row in enumerate(rows, start=2):
        if None in row.values() or None in row:
            raise IcgdError(f"{path} is damaged in line {index}; delete it and build it again.")
    return rows


def sha256(path: Path | str) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
