"""Attesting: code that was edited is put right without training where its programs are the same."""

import json
import math
import shutil

import pytest
from conftest import ROOT, run

from icgd import config
from icgd.audit import attest, programs, rerun
from icgd.audit.rerun import Sample
from icgd.files import read_json, write_json, write_table

KEPT = "one_layer"
PUBLISHED = len(list((ROOT / "published").glob("*.csv"))) - 1  # all but their digests
RECORDED = f"{2 + PUBLISHED} files as recorded"  # with weights and history of a seed
CONFIG = """
scales: {smoke: {}, quick: {}, full: {weights: committed}}
experiments:
  one_layer: {about: kept, task: {inputs: 10, context: 10}, training: {steps: 5000, batch: 2048}, seeds: 1}
"""


@pytest.fixture
def clone(tmp_path):
    """A repository with the package, one experiment and one of its seeds, attested and committed."""
    folder, seed = tmp_path / "clone", f"results/full/{KEPT}/seed-0"
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / seed, folder / seed)
    for name in ("claims", "published"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "config.yaml").write_text(CONFIG)
    found = read_json(programs.PROGRAMS)
    found |= {"programs": {KEPT: found["programs"][KEPT]}, "source": programs.source()}
    write_json(folder / programs.PROGRAMS, found)
    git(folder, "init", "--quiet")
    commit(folder)
    head = git(folder, "rev-parse", "--short=12", "HEAD").stdout.strip()
    word = programs.word(found["programs"][KEPT])
    row = {"experiment": KEPT, "evidence": "program", "revision": head, "was": word, "now": word}
    blank = dict.fromkeys(programs.COLUMNS, "")
    write_table(folder / programs.ATTESTATIONS, programs.COLUMNS, [blank | row])
    commit(folder)
    return folder


def git(folder, *words):
    """Run git in a folder, with a name to commit by."""
    return run("git", "-c", "user.name=test", "-c", "user.email=test@localhost", *words, folder=folder)


def commit(folder):
    """Commit all that is there."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "as it is")


def icgd(folder, *words, code=0):
    """What a command of the clone's own code says."""
    done = run("python", "-m", "icgd", *words, folder=folder, check=False, PYTHONPATH=str(folder / "src"))
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def edit(folder, old, new):
    """Edit the arithmetic of training, and commit."""
    path = folder / "src" / "icgd" / "training" / "steps.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    commit(folder)


def test_a_renamed_local_is_put_right_without_training(clone):
    assert RECORDED in icgd(clone, "verify")
    edit(clone, "slope", "steepness")
    assert "run `make attest`" in icgd(clone, "verify", code=1)
    assert "all 1 programs are those" in icgd(clone, "attest", "--check")
    assert "again" not in icgd(clone, "attest")
    _, line = (clone / programs.ATTESTATIONS).read_text().splitlines()[1:]
    assert ",all,program,1 of 1 programs,same,0," in line
    assert RECORDED in icgd(clone, "verify")


def test_a_fault_is_refused_and_nothing_written(clone):
    kept = [(clone / name).read_bytes() for name in (programs.PROGRAMS, programs.ATTESTATIONS)]
    edit(clone, "= chosen.learning_rate,", "= 3 * chosen.learning_rate,")
    path = clone / "src" / "icgd" / "audit" / "rerun.py"
    path.write_text(path.read_text().replace("LIMIT = 60.0", "LIMIT = 0.0"))  # its start tells already
    assert "other programs than were attested: one_layer" in icgd(clone, "attest", "--check", code=1)
    said = icgd(clone, "attest", code=1)
    assert "one_layer: differs (3 lines" in said and "train anew: one_layer; nothing was written" in said
    assert [(clone / name).read_bytes() for name in (programs.PROGRAMS, programs.ATTESTATIONS)] == kept


@pytest.fixture
def other(clone, monkeypatch):
    """In a clone whose code compiles to another program; what a rerun shows is up to the test."""
    monkeypatch.chdir(clone)
    now = {"training": "1" * 16, "history": "2" * 16}
    monkeypatch.setattr(attest, "compiled", lambda config: {KEPT: now})
    return lambda found: monkeypatch.setattr(attest, "sample", lambda name, config: found)


def test_another_program_that_trains_the_same_is_chained_to_the_record(other):
    other(Sample("start", "3 lines of the history of seed 0", False, 2e-7))
    record = json.loads(
        (programs.paths.weights("full", KEPT, 0).with_name("weights.npz.provenance.json")).read_text()
    )
    assert attest.run(config.load()) == 0
    _, line = programs.lines()
    assert (line["evidence"], line["result"], line["largest_difference"]) == ("start", "agrees", "2e-07")
    assert programs.counts(record["program"], KEPT, programs.attested())
    assert not programs.counts({**record["program"], "training": "0" * 16}, KEPT, programs.attested())
    assert programs.outdated(programs.attested()) is None


def test_another_program_that_trains_otherwise_is_refused(other, capsys):
    other(Sample("rerun", "weights and history of seed 0", False, 1e-3))
    assert attest.run(config.load()) == 1 and len(programs.lines()) == 1
    assert "train anew: one_layer" in capsys.readouterr().out


def test_a_rerun_that_diverges_or_ends_early_does_not_agree():
    lines = [{"loss": "0.5", "rate": "0.1"}, {"loss": "0.25", "rate": "nan"}]
    rows = [{"loss": 0.5, "rate": 0.1}, {"loss": 0.25, "rate": math.nan}]
    assert rerun.difference(rows, lines) == 0
    for value in (math.nan, math.inf):
        diverged = [rows[0], {"loss": value, "rate": math.nan}]
        assert rerun.difference(diverged, lines) == math.inf
        assert Sample("start", "", False, rerun.difference(diverged, lines)).result == "differs"
    assert rerun.difference(rows[:1], lines) == rerun.difference([], []) == math.inf


def test_the_start_of_committed_seeds_comes_out_again(monkeypatch):
    monkeypatch.setattr(rerun, "LIMIT", 0.0)
    found = config.load()
    for name in (KEPT, "released 2 shared"):
        assert rerun.sample(name, found).result == "agrees"


def test_what_was_trained_anew_has_the_program_of_its_record(clone, monkeypatch, capsys):
    monkeypatch.chdir(clone)
    path = next(iter(programs.trained()))
    before = programs.attested()
    before["programs"][KEPT] = {"training": "1" * 16, "history": "2" * 16}  # of the settings before
    monkeypatch.setattr(attest, "compiled", lambda config: {KEPT: attest.record.of(path)["program"]})
    monkeypatch.setattr(programs, "attested", lambda: before)
    assert attest.run(config.load(), write=False) == 0
