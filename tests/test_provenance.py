"""Records, what `verify` notices, and files that are written whole or not at all."""

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from icgd import files, paths, record
from icgd.audit import programs, today, verify
from icgd.audit.verify import Known
from icgd.errors import IcgdError

UNKNOWN = Known(None, {}, None)  # nothing to compare records with but the files beside them


@pytest.fixture
def output(tmp_path, monkeypatch):
    """A table with its record, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "claims").symlink_to(ROOT / "claims")
    made = Path("results/smoke/data/evaluation.csv")
    recorder = record.Recorder("data", {"key_implementation": "threefry2x32"})
    files.write_text(made, "value\n0.123456\n")
    recorder.write([made])
    return made


def states(known=UNKNOWN, scale="smoke"):
    """What `verify` says of each file."""
    return {finding.path.name: finding.state for finding in verify.verify(scale, known)}


def test_what_was_written_is_as_recorded(output):
    assert set(states().values()) == {"as recorded"}


def test_every_flipped_digit_is_noticed(output):
    rng = random.Random(0)
    for path in (output, paths.provenance(output)):
        text = path.read_text()
        digits = [match.start() for match in re.finditer(r"\d", text)]
        for place in rng.sample(digits, min(10, len(digits))):
            flipped = str((int(text[place]) + 1) % 10)
            path.write_text(text[:place] + flipped + text[place + 1 :])
            assert set(states().values()) != {"as recorded"}, text[place - 20 : place + 20]
        path.write_text(text)
    assert set(states().values()) == {"as recorded"}


def test_missing_unrecorded_and_foreign_files_are_named(output):
    stranger = output.with_name("stranger.csv")
    stranger.write_text("x\n")
    assert states()["stranger.csv"] == "no record names it"
    stranger.unlink()
    paths.provenance(output).write_text('{"outputs": []}')
    assert states()["evaluation.csv.provenance.json"] == "not a record of this project"
    output.unlink()
    assert states()["evaluation.csv.provenance.json"] == "not a record of this project"


def test_an_input_that_changed_is_named(output):
    figure = Path("figures/smoke/fig1.csv")
    recorder = record.Recorder("figure", {})
    files.write_text(figure, "x\n1\n")
    recorder.write([figure], [output])
    assert states()["fig1.csv"] == "as recorded"
    output.write_text("value\n0.2\n")
    assert states()["fig1.csv"] == f"made from another {output}"
    output.unlink()
    assert states() == {"fig1.csv": f"its input {output} is missing", "evaluation.csv": "missing"}


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Weights at full scale whose record may be changed."""
    monkeypatch.chdir(tmp_path)
    weights = paths.weights("full", "one_layer", 0)
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    program = {"training": "1" * 16, "history": "2" * 16}
    about = {"step": "train", "settings": {}, "revision": "0" * 12, "inputs": {}, "program": program}

    def state(attested=program, ancestors=frozenset({"0" * 12}), settings=True, **changed):
        outputs = {"outputs": {"weights.npz": files.sha256(weights)}}
        files.write_json(paths.provenance(weights), record.sealed({**about, **outputs, **changed}))
        known = {"programs": {"one_layer": attested}}
        return states(Known(lambda *_: settings, known, ancestors), "full")["weights.npz"]

    return state


def test_weights_must_be_of_an_attested_program_and_a_clean_revision(trained):
    assert trained() == "as recorded"
    assert trained(settings=False) == "made with other settings"
    assert trained(attested={"training": "3" * 16}) == "trained by a program that was never attested"
    assert trained(program=None) == "trained by a program that was never attested"
    gone, dirty = "1" * 12, "0" * 12 + "+"
    for revision in (gone, dirty):
        says = f"made at {revision}, which is no clean revision of the history; `make attest` vouches"
        assert trained(revision=revision).startswith(says)
    assert trained(revision=gone, ancestors=None) == "as recorded"  # a shallow clone cannot tell
    assert "no clean revision" in trained(revision=dirty, ancestors=None)


def test_weights_of_another_revision_count_where_the_history_compiles_to_their_program(trained):
    program = {"training": "1" * 16, "history": "2" * 16}
    line = {"experiment": "one_layer", "evidence": "program", "revision": "0" * 12}
    word = {"was": programs.word(program), "now": programs.word(program)}

    def vouch(**changed):
        row = {**dict.fromkeys(programs.COLUMNS, ""), **line, **word, **changed}
        files.write_table(programs.ATTESTATIONS, programs.COLUMNS, [row])
        return trained(revision="1" * 12 + "+")

    assert vouch() == verify.BEFORE
    assert "no clean revision" in vouch(experiment="two_layers")
    assert "no clean revision" in vouch(revision="0" * 12 + "+")
    assert "no clean revision" in vouch(was=word["was"].replace("1", "3"))


@pytest.mark.parametrize("step", ["measure", "statement", "figure", "decide"])
def test_whatever_is_made_at_full_scale_is_made_at_a_clean_revision(trained, step):
    assert trained(step=step) == "as recorded"
    assert trained(step=step, revision="2" * 12).endswith("make it again from a clean tree")


def test_settings_are_todays_if_only_a_default_was_added_since():
    path = paths.provenance(paths.weights("full", "one_layer", 0))
    found = files.read_json(path)
    assert "mlp" not in found["settings"]["model"] and today.same(found, path, "full")
    for block, name, value in (
        ("optimiser", "learning_rate", 0.01),
        ("model", "mlp", True),
        ("task", "x", 1),
    ):
        changed = {**found["settings"], block: {**found["settings"][block], name: value}}
        assert not today.same({**found, "settings": changed}, path, "full")


def test_a_folder_that_cannot_be_written_still_verifies(output, monkeypatch, capsys):
    monkeypatch.setattr(verify, "same_settings", lambda: None)

    def refused(*_):
        raise PermissionError(1, "Operation not permitted", str(output))

    monkeypatch.setattr(os, "utime", refused)
    assert verify.run("smoke") == 0
    said = capsys.readouterr().out
    assert "1 files as recorded" in said and "modification times could not be set" in said


def test_verifying_needs_nothing_but_python(output):
    variables = {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-S", "-m", "icgd", "verify", "--scale", "smoke"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "settings were not compared" in done.stdout and "1 files as recorded" in done.stdout


def test_nothing_to_verify_is_one_sentence(output):
    with pytest.raises(IcgdError, match="there is nothing in results/quick"):
        verify.run("quick")


def test_a_record_leads_to_what_a_file_was_made_from(output):
    table = Path("results/smoke/table.csv")
    recorder = record.Recorder("figure", {}, made_by={"code": record.room("errors.py")})
    for path in (table, table.with_suffix(".svg")):
        files.write_text(path, "x\n1\n")
    recorder.write([table, table.with_suffix(".svg")], [output])
    found = record.lineage([table.with_suffix(".svg"), "absent.csv"])
    assert list(found) == [str(output), str(table.with_suffix(".svg"))]
    own = found[str(table.with_suffix(".svg"))].record
    assert own == record.of(table) and own["inputs"] == {str(output): files.sha256(output)}
    assert found[str(output)].record["step"] == "data" and record.of("absent.csv") is None


def test_a_room_is_the_text_of_its_files(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "PACKAGE", tmp_path)
    for name in ("tasks/a.py", "tasks/b.py", "random.py"):
        files.write_text(tmp_path / name, name)
    first = record.room("tasks", "random.py")
    assert record.room("random.py", "tasks") == first != record.room("tasks")
    files.write_text(tmp_path / "tasks" / "__pycache__" / "a.pyc", "compiled")
    assert record.room("tasks", "random.py") == first
    files.write_text(tmp_path / "tasks" / "b.py", "edited")
    assert record.room("tasks", "random.py") != first
    with pytest.raises(IcgdError, match="there is no .*sample; a room is"):
        record.room("sample")


def test_the_revision_is_this_projects_or_unknown(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))  # of whoever calls
    if (ROOT / ".git").exists():
        assert re.fullmatch(r"[0-9a-f]{12,}\+?", record.revision())
    monkeypatch.setattr(record, "ROOT", ROOT / "src")  # installed somewhere in another repository
    assert record.revision() == "unknown" and record.ancestors() is None
    monkeypatch.setattr(record, "ROOT", tmp_path)  # in no repository
    assert record.revision() == "unknown"


def test_a_slow_or_missing_git_is_no_error(tmp_path, monkeypatch):
    git = tmp_path / "git"
    git.write_text("#!/bin/sh\nexec sleep 5\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(record, "PATIENCE", 0.1)
    assert record.revision() == "unknown" and record.ancestors() is None
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert record.revision() == "unknown"


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), files.replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("stopped")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_and_a_folder_that_cannot_be_written_are_named(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    path.write_text("old")

    def full(self, *_, **__):
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(files.Path, "write_text", full)
    with pytest.raises(IcgdError, match="cannot write .*table.csv: No space left"):
        files.write_text(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(IcgdError, match="cannot write"):
        files.write_text("/proc/none/below.csv", "x")


def test_a_damaged_table_is_named(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n3\n")
    with pytest.raises(IcgdError, match="damaged in line 3"):
        files.read_table(path)
    with pytest.raises(IcgdError, match="no column 'c'"):
        path.write_text("a,b\n1,2\n")
        files.read_table(path, ("c",))
