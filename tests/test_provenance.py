"""Records, code hashes, and what `verify` and `check` notice."""

import ast
import json
import random
import re
import shutil

import pytest
from conftest import ROOT

from icgd import checking, codehash, files, generated, provenance, verification
from icgd.cli import budget
from icgd.config import load
from icgd.errors import IcgdError


def test_training_depends_on_little():
    reached = [*codehash.closure("icgd.cli.train"), *codehash.closure("icgd.training.regression")]
    modules = {name.rsplit(".", 1)[0] for name in reached}
    assert "icgd.training.loop" in modules and "icgd.tasks.linear" in modules
    assert not [name for name in modules if ".figures" in name or ".claims" in name or ".report" in name]


@pytest.fixture
def copied_source(tmp_path, monkeypatch):
    """The package's source in a folder that may be edited, read afresh by the hasher."""
    shutil.copytree(ROOT / "src" / "icgd", tmp_path / "icgd")
    monkeypatch.setattr(codehash, "SOURCE", tmp_path / "icgd")

    def edit(name, old, new):
        path = tmp_path / "icgd" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        for cached in (codehash.code_hash, codehash._sources, codehash._piece, codehash._module):
            cached.cache_clear()
        return training_hash()

    yield edit
    for cached in (codehash.code_hash, codehash._sources, codehash._piece, codehash._module):
        cached.cache_clear()


def training_hash():
    return codehash.step_hash("train", {"task": {"family": "linear"}})


def test_training_code_is_that_of_its_kind_of_problem():
    reached = codehash.closure("icgd.cli.train")
    assert "icgd.training.loop.train" in reached
    assert not any(name.startswith("icgd.training.regression") for name in reached)
    assert training_hash() != codehash.code_hash("train")


def test_code_hash_follows_meaning(copied_source):
    before = training_hash()
    assert copied_source("training/engine.py", '"""Predictions (T,)', '"""The predictions (T,)') == before
    assert copied_source("references/closed_form.py", "def plateau_loss", "def plateau_level") == before
    assert copied_source("figures/style.py", "import", "import  ") == before
    assert copied_source("training/engine.py", "= sequence.query[-1]", "= -sequence.query[-1]") != before


def test_the_pages_style_and_script_count_in_its_code(copied_source):
    training = training_hash()
    for name, old in (("report/style.css", "#ffffff"), ("report/page.js", "use strict")):
        before = codehash.code_hash("report")
        assert copied_source(name, old, old + "0") == training
        assert codehash.code_hash("report") != before


def record(tmp_path, monkeypatch, text="value\n0.123456\n"):
    monkeypatch.chdir(tmp_path)
    for name in ("claims", "published", "config.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    output = tmp_path / "results" / "smoke" / "data" / "evaluation.csv"
    recorder = provenance.Recorder("data", {})
    files.write_text(output, text)
    recorder.write([output.relative_to(tmp_path)])
    return output


def states(scale="smoke"):
    return {finding.path.name: finding.state for finding in verification.verify(load(), scale)}


def test_what_was_written_is_as_recorded(tmp_path, monkeypatch):
    record(tmp_path, monkeypatch)
    assert set(states().values()) == {"as recorded"}


def test_every_flipped_digit_is_noticed(tmp_path, monkeypatch):
    output = record(tmp_path, monkeypatch)
    recorded = output.with_name("evaluation.csv.provenance.json")
    rng = random.Random(0)
    for path in (output, recorded):
        text = path.read_text()
        digits = [match.start() for match in re.finditer(r"\d", text)]
        for place in rng.sample(digits, min(10, len(digits))):
            flipped = str((int(text[place]) + 1) % 10)
            path.write_text(text[:place] + flipped + text[place + 1 :])
            assert set(states().values()) != {"as recorded"}, text[place - 20 : place + 20]
        path.write_text(text)
    assert set(states().values()) == {"as recorded"}


def test_missing_unrecorded_and_foreign_files_are_named(tmp_path, monkeypatch):
    output = record(tmp_path, monkeypatch)
    stranger = output.with_name("stranger.csv")
    stranger.write_text("x\n")
    assert states()["stranger.csv"] == "no record names it"
    stranger.unlink()
    recorded = output.with_name("evaluation.csv.provenance.json")
    body = json.loads(recorded.read_text())
    body["code"] = "0" * 16
    body["record"] = provenance.settings_hash({k: v for k, v in body.items() if k != "record"})
    recorded.write_text(json.dumps(body))
    assert "other code" in states()["evaluation.csv"]
    output.unlink()
    assert states()["evaluation.csv"] == "missing"


def differences(was, now, alike=False, **labels):
    """Differences of two tables of one number."""
    rows = [{"measure": "loss", "plant": "none", **labels, "value": value} for value in (was, now)]
    return list(checking.compare(checking.Path("alignment.csv"), rows[:1], rows[1:], alike))


def test_tables_are_compared_within_their_tolerance():
    assert not differences("0.2051234", "0.2051238")
    assert differences("0.2051234", "0.2052234")
    assert differences("0.2051234", "nan")
    assert not differences("0.02051234", "0.02051934", measure="preds_diff")
    assert differences("0.02051234", "0.02061234", measure="preds_diff")
    assert not differences("1e30", "2e30") and differences("1e30", "1e20")


def test_nothing_excuses_a_number_where_the_rebuild_repeats_all_others():
    """Ill-conditioned, tiny and diverged ones pass on another kind of processor only."""
    for was, now, labels in (
        ("0.9999", "0.9998", {"measure": "preds_diff"}),
        ("1.234e-9", "1.235e-9", {}),
        ("1e30", "2e30", {}),
    ):
        assert not differences(was, now, **labels) and differences(was, now, alike=True, **labels)
    row, other = {"value": "1"}, {"value": "2"}
    path = checking.Path("alignment.csv")
    assert checking.repeats([(path, [row] * 20, [row] * 19 + [other])])
    assert not checking.repeats([(path, [row] * 20, [row] * 10 + [other] * 10)])


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


def test_a_dump_is_the_same_in_every_python():
    """Fields that some versions lack or leave empty do not show; None as a value does."""
    function = ast.parse("def f(a, *, b=None):\n    return [], None, {}").body[0]
    text = codehash._dump(function)
    assert "type_params" not in text and "decorator_list" not in text and "=[]" not in text
    assert text.count("value=None") == 2 and text.count("List(ctx=Load())") == 1


def test_hashes_are_remembered_until_a_source_changes(copied_source, monkeypatch):
    first = copied_source("training/engine.py", "BLOCK = 256", "BLOCK = 255")
    monkeypatch.setattr(codehash, "_computed", lambda *names: "computed again")
    codehash.code_hash.cache_clear()
    assert training_hash() == first
    assert copied_source("training/engine.py", "BLOCK = 255", "BLOCK = 254") == "computed again"


def test_the_budget_is_what_the_records_say():
    page = budget.PAGE.read_text("utf-8")
    assert page.split(budget.BEGIN)[1].split(budget.END)[0] == budget.table(), "run `python -m icgd budget`"


def test_a_block_is_replaced_between_its_marks_and_a_lost_mark_is_named():
    assert (
        generated.placed("above <a>old<b> below", "<a>", "<b>", "new", "page.md") == "above <a>new<b> below"
    )
    for page in ("above <a>old", "old<b> below"):
        with pytest.raises(IcgdError, match="page.md lacks the line <a> or <b>; put both back"):
            generated.placed(page, "<a>", "<b>", "new", "page.md")
