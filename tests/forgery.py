"""What the tests of `verify` and `check` tamper with: digits of committed files, and all hashes."""

import hashlib
import json
import math
import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT

from icgd import paths
from icgd.analysis import sizes
from icgd.files import write_table
from icgd.provenance import settings_hash
from icgd.training import checkpoint

FOLDERS = (Path("results/full"), Path("figures/full"))
RECORD = ".provenance.json"
TEXT = (".csv", ".json", ".svg", ".html")
LEAF = re.compile(r'^\s*(?:"\w+": )?(-?\d[-+.\de]*),?$', re.M)  # a number on a line of JSON


@dataclass(frozen=True)
class Flip:
    """A number that was changed: its file, words that name its place, and what it was and is."""

    path: Path
    place: str
    was: str
    now: str


def tree(folder: Path) -> Path:
    """A copy of what is committed, with what verifying it needs."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("unfinished*", "*.part"))
    for name in ("claims", "published", "config.yaml"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def committed() -> list[Path]:
    """Every file of results and figures, from the folder of a tree, but tables without a row."""
    files = (path for folder in FOLDERS for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in files if path.suffix != ".csv" or path.read_text().count("\n") > 1)


def kind(path: Path) -> str:
    """What sort of file it is."""
    if path.name.endswith(RECORD):
        return RECORD
    given = any(path.match(f"results/full/{kind}") for kind in paths.GIVEN)
    return f"given {path.suffix}" if given else path.suffix


def drawn(count: int, rng: random.Random, kinds: set[str], among: list[Path]) -> list[Path]:
    """Different files at random, one at least of each kind."""
    files = rng.sample(among, len(among))
    first = [next(path for path in files if kind(path) == wanted) for wanted in sorted(kinds)]
    return [*first, *[path for path in files if path not in first][: count - len(first)]]


def flip_anything(path: Path, rng: random.Random) -> None:
    """Another digit at one place of a text, another byte at one place of anything else."""
    data = bytearray(path.read_bytes())
    if path.suffix in TEXT:
        place = rng.choice([match.start() for match in re.finditer(rb"\d", data)])
        data[place] = ord(another(chr(data[place]), rng))
    else:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def another(digit: str, rng: random.Random, least: int = 0) -> str:
    """A digit that differs."""
    return rng.choice([new for new in "0123456789"[least:] if new != digit])


def flipped(text: str, rng: random.Random) -> str:
    """A number with another digit at one of its first four significant places."""
    significant = re.match(r"-?[0.]*", text).end()
    places = [i for i in range(significant, len(text.lower().split("e")[0])) if text[i].isdigit()][:4]
    place = rng.choice(places)
    return text[:place] + another(text[place], rng, place == places[0]) + text[place + 1 :]


def has_digits(text: str) -> bool:
    """Is it a number with a significant digit?"""
    try:
        return math.isfinite(float(text)) and float(text) != 0
    except ValueError:
        return False


def flip_number(path: Path, rng: random.Random) -> Flip:
    """Change one number of a table, a verdict or an archive of weights."""
    if path.suffix == ".npz":
        return flip_weight(path, rng)
    return flip_leaf(path, rng) if path.suffix == ".json" else flip_cell(path, rng)


def flip_cell(path: Path, rng: random.Random) -> Flip:
    """Change one number of a table."""
    lines = path.read_text().split("\n")
    names = lines[0].split(",")
    while True:
        index, column = rng.randrange(1, len(lines)), rng.randrange(len(names))
        cells = lines[index].split(",")
        if len(cells) == len(names) and has_digits(cells[column]):
            break
    was, cells[column] = cells[column], flipped(cells[column], rng)
    lines[index] = ",".join(cells)
    path.write_text("\n".join(lines))
    place = f"{path} line {index + 1} {names[column]} "
    if kind(path).startswith("given"):
        place = f"({path} {names[column]})"
    return Flip(path, place, was, cells[column])


def flip_leaf(path: Path, rng: random.Random) -> Flip:
    """Change one number of a verdict."""
    text = path.read_text()
    match = rng.choice([match for match in LEAF.finditer(text) if has_digits(match[1])])
    now = flipped(match[1], rng)
    path.write_text(text[: match.start(1)] + now + text[match.end(1) :])
    return Flip(path, f"{path.stem} ", match[1], now)


def flip_weight(path: Path, rng: random.Random) -> Flip:
    """Change one weight of a run; one that diverged has arrays without a number."""
    loaded, record = checkpoint.load(path)
    places = {name: [i for i, v in enumerate(a.flat) if has_digits(str(v))] for name, a in loaded.items()}
    name = rng.choice(sorted(name for name, found in places.items() if found))
    array, place = loaded[name], rng.choice(places[name])
    was = str(array.flat[place])
    array.flat[place] = array.dtype.type(flipped(was, rng))
    checkpoint.save(path, loaded, **record)
    return Flip(path, f"({path} {name})", was, str(array.flat[place]))


def rehash(changed: list[Path]) -> None:
    """Recompute every hash that speaks of changed files, in verdicts and records, as a thorough forger."""
    bodies = {path: json.loads(path.read_text()) for path in committed() if path.suffix == ".json"}
    while changed:
        digests = {str(path): digest(path) for path in changed}
        changed = []
        for path, body in bodies.items():
            if renewed(path, body, digests):
                path.write_text(json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
                changed.append(path)


def renewed(path: Path, body: dict, digests: dict[str, str]) -> bool:
    """Put new hashes into a verdict or a record; was there one to change?"""
    before = json.dumps(body)
    if not path.name.endswith(RECORD):
        for given in body["inputs"]:
            given["sha256"] = digests.get(given["path"], given["sha256"])
        return json.dumps(body) != before
    body["inputs"] = {name: digests.get(name, old) for name, old in body["inputs"].items()}
    outputs = body["outputs"].items()
    body["outputs"] = {name: digests.get(str(path.parent / name), old) for name, old in outputs}
    if json.dumps(body) == before:
        return False
    seal(body)
    return True


def seal(record: dict) -> None:
    """Renew the hash that a record has of itself."""
    record["record"] = settings_hash({key: value for key, value in record.items() if key != "record"})


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rebuilt(folder: Path) -> Path:
    """What a rebuild from a tree's own weights gives: the true results, and sums over what is given."""
    given, table = paths.given("full"), paths.sizes("full")
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
        for path in (ROOT / name).iterdir():
            if path.name != table.parent.name:
                (folder / name / path.name).symlink_to(path)
    write_table(folder / table, sizes.COLUMNS, (row for path in given for row in sizes.rows(path)))
    return folder
