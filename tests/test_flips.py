"""Random digits of what is committed are changed: `verify` names the file, `check` the number."""

import json
import math
import os
import random
import re
import shutil
from pathlib import Path

import pytest
from conftest import ROOT

from icgd import paths, record
from icgd.audit import check, programs, verify
from icgd.audit.agreement import REPEATED, ZERO
from icgd.files import read_json, write_json

PLACES = 20
FOLDERS = (Path("results/full"), Path("figures/full"))
TEXT = (".csv", ".json", ".svg", ".html")


@pytest.fixture
def rng():
    """Other places in every run; a failure shows the seed, and FLIP_SEED repeats it."""
    seed = int(os.environ.get("FLIP_SEED", random.randrange(10**6)))
    print(f"FLIP_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A copy of what is committed, in which nothing is amiss."""
    folder = tmp_path / "tree"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("unfinished*", "*.part"))
    for name in check.SHARED:
        (folder / name).symlink_to(ROOT / name)
    monkeypatch.chdir(folder)
    assert amiss() == {}


def amiss():
    """State of every file that `verify` names."""
    known = verify.Known(None, programs.attested(), record.ancestors())
    return {finding.path: finding.state for finding in verify.verify("full", known) if not finding.good}


def files():
    """Every committed file but tables without a row, cards of models, and two that git alone keeps."""
    found = {path for folder in FOLDERS for path in folder.rglob("*") if path.is_file()}
    found -= {path for path in found if path.name == "README.md"}
    found -= {programs.PROGRAMS, programs.ATTESTATIONS}
    return sorted(path for path in found if path.suffix != ".csv" or path.read_text().count("\n") > 1)


def another(digit, rng, least=0):
    """A digit that differs."""
    return rng.choice([new for new in "0123456789"[least:] if new != digit])


def flip(path, rng):
    """Another digit at one place of a text, another byte at one place of anything else."""
    data = bytearray(path.read_bytes())
    if path.suffix in TEXT:
        place = rng.choice([match.start() for match in re.finditer(rb"\d", data)])
        data[place] = ord(another(chr(data[place]), rng))
    else:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def flipped(text, rng):
    """A number with another digit at one of its first four significant places."""
    significant = re.match(r"-?[0.]*", text).end()
    places = [i for i in range(significant, len(text.lower().split("e")[0])) if text[i].isdigit()][:4]
    place = rng.choice(places)
    return text[:place] + another(text[place], rng, place == places[0]) + text[place + 1 :]


def is_number(text):
    """Is it a number of which the fourth digit is more than the rounding of an identity?"""
    try:
        return math.isfinite(float(text)) and abs(float(text)) > ZERO / REPEATED
    except ValueError:
        return False


def flip_cell(path, rng):
    """Change one number of a table; returns the words by which `check` must name it."""
    lines = path.read_text().split("\n")
    names = lines[0].split(",")
    while True:
        index, column = rng.randrange(1, len(lines)), rng.randrange(len(names))
        cells = lines[index].split(",")
        if len(cells) == len(names) and is_number(cells[column]):
            break
    cells[column] = flipped(cells[column], rng)
    lines[index] = ",".join(cells)
    path.write_text("\n".join(lines))
    return f"{path} line {index + 1} {names[column]} "


def flip_verdict(id_, rng):
    """Change one number of one verdict; the same."""
    verdicts = read_json(paths.verdicts("full"))
    numbers = [
        place
        for place, leaf in check.leaves(verdicts[id_])
        if type(leaf) in (int, float) and is_number(str(leaf))
    ]
    *holders, last = place = rng.choice(numbers)
    at = verdicts[id_]
    for key in holders:
        at = at[key]
    at[last] = json.loads(flipped(json.dumps(at[last]), rng))
    write_json(paths.verdicts("full"), verdicts)
    return f"{id_} {' '.join(map(str, place))} "


def test_verify_names_every_file_in_which_a_digit_was_changed(tree, rng):
    kinds = {path.suffix: path for path in rng.sample(files(), len(files()))}
    changed = {*kinds.values(), *rng.sample(files(), PLACES - len(kinds))}
    for path in changed:
        flip(path, rng)
    found = amiss()
    assert changed <= set(found)
    unrecorded = {path.parent for path in changed if path.name.endswith(record.SUFFIX)}
    for path in set(found) - changed:  # named for the sake of one that was changed
        about = any(str(one) in found[path] for one in changed) or path == paths.HISTORY
        assert about or (found[path] == "no record names it" and path.parent in unrecorded), path


def test_check_names_every_number_that_was_changed(tree, rng):
    """The true results stand in for rebuilt ones: that a rebuild gives these is what `make check` shows."""
    kept = {*paths.given("full"), paths.HISTORY, programs.ATTESTATIONS}
    tables = [path for path in files() if path.suffix == ".csv" and path not in kept]
    places = [flip_cell(path, rng) for path in rng.sample(tables, PLACES // 2)]
    places += [
        flip_verdict(id_, rng) for id_ in rng.sample(sorted(read_json(paths.verdicts("full"))), PLACES // 2)
    ]
    found = [f"{difference.where} " for difference in check.differences(ROOT)]
    assert [place for place in places if not any(where.startswith(place) for where in found)] == []
    named = {place.split()[0] for place in places}
    assert {where.split()[0] for where in found} == named
