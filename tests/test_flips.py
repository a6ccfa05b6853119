"""Twenty random digits of what is committed: `verify` names the file, `check` the number."""

import os
import random

import forgery
import pytest

from icgd import checking, paths, rewriting
from icgd.__main__ import main
from icgd.config import load
from icgd.files import read_json, write_json
from icgd.verification import verify

PLACES = 20
NUMBERS = {".csv", ".json", "given .csv", "given .npz"}  # tables, verdicts, histories, weights


@pytest.fixture
def rng():
    """Other places in every run; a failure shows the seed, and FLIP_SEED repeats it."""
    seed = int(os.environ.get("FLIP_SEED", random.randrange(10**6)))
    print(f"FLIP_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A copy of what is committed, in which nothing is amiss."""
    monkeypatch.chdir(forgery.tree(tmp_path / "tree"))
    if not paths.sizes("full").exists():
        assert main(["sizes", "--scale", "full"]) == 0
    assert amiss() == {}


def amiss():
    """State of every file that `verify` names."""
    return {finding.path: finding.state for finding in verify(load(), "full") if not finding.good}


def test_verify_names_every_file_in_which_a_digit_was_changed(tree, rng):
    files = forgery.committed()
    flipped = forgery.drawn(PLACES, rng, {forgery.kind(path) for path in files}, files)
    for path in flipped:
        forgery.flip_anything(path, rng)
    found = amiss()
    assert set(flipped) <= set(found)
    for path in set(found) - set(flipped):
        assert follows(path, found[path], flipped), (path, found[path])


def follows(path, state, flipped):
    """Is a file that was not changed named for the sake of one that was?"""
    unrecorded = {one.parent for one in flipped if one.name.endswith(forgery.RECORD)}
    verdicts = [one for one in flipped if one.parent.name == "claims"]
    return (
        any(str(one) in state for one in flipped)
        or (state == "no record names it" and path.parent in unrecorded)
        or (path == paths.HISTORY and bool(verdicts))
    )


def test_check_names_every_number_that_was_changed_with_all_hashes(tree, rng, tmp_path):
    """The true results stand in for rebuilt ones: that a rebuild gives these is what `make check` shows.

    Weights and histories are given to a rebuild; what it makes of the changed ones are their sums.
    """
    among = [p for p in forgery.committed() if forgery.kind(p) in NUMBERS and p != paths.HISTORY]
    files = [one for kind in sorted(NUMBERS) for one in sample(among, kind, rng)]
    flips = [forgery.flip_number(path, rng) for path in files]
    forgery.rehash(files)
    assert amiss() == {}
    found = checking.differences(forgery.rebuilt(tmp_path / "rebuilt"))
    unnoticed = [flip for flip in flips if not any(names(difference, flip) for difference in found)]
    assert not unnoticed, unnoticed
    assert {d.where for d in found} == {d.where for d in found for flip in flips if names(d, flip, True)}


def sample(among, kind, rng):
    """As many files of each kind of number."""
    return rng.sample([path for path in among if forgery.kind(path) == kind], PLACES // len(NUMBERS))


def names(difference, flip, or_claim=False):
    """Does a difference name the place of a flip, with what is there now; or at least its claim?"""
    if flip.place not in f"{difference.where} ":
        return False
    if or_claim or flip.path.suffix != ".json":
        return True
    return forgery.has_digits(difference.was) and float(difference.was) == float(flip.now)


def test_check_names_a_changed_digit_of_the_page(tree, rng, tmp_path):
    page = paths.RESULTS / "full" / "audit" / "index.html"
    assert rewriting.page(tmp_path / "written") == []
    forgery.flip_anything(page, rng)
    forgery.rehash([page])
    assert amiss() == {}
    (difference,) = rewriting.page(tmp_path / "written")
    assert difference.where.startswith(f"{page} line ") and difference.was != difference.now


def test_verify_names_a_page_that_shows_another_record(tree):
    page = paths.RESULTS / "full" / "audit" / "index.html"
    path = paths.provenance(paths.RESULTS / "full" / "identities" / "errors.csv")
    record = read_json(path)
    record["cpu_s"] += 1
    forgery.seal(record)
    write_json(path, record)
    assert amiss() == {page: f"made from another {path}"}
