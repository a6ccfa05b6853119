"""The mutation audit: every fault can be planted today; its driver can say yes, no and elsewhere."""

import ast
import re

import faults
import pytest
from conftest import ROOT

from icgd.claims import registry
from icgd.errors import IcgdError
from icgd.files import read_table, write_json, write_table

FAULTS = faults.load()
FAULT = faults.Fault(id="a", says="b", file="c.py", edits=[("1", "2")], claims=["vo22-17"], job="data")
HARMLESS = FAULT.model_copy(update={"harmless": True})


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_can_be_planted_and_has_something_to_notice_it(fault):
    before = (ROOT / fault.path).read_text()
    texts = [before, fault.planted(before)]
    if fault.path.suffix == ".py":
        texts = [ast.dump(ast.parse(text)) for text in texts]
    assert (texts[0] == texts[1]) == (fault.id == "other-comment")
    assert fault.claims or fault.tests
    assert all(registry.claim(id_).decided for id_ in fault.claims)
    for name, _, function in (test.partition("::") for test in fault.tests):
        assert re.search(rf"^def {function}\(", (ROOT / name).read_text(), re.M), function


def test_the_committed_table_is_of_todays_faults():
    rows = read_table(faults.CSV, faults.COLUMNS)
    assert [row["fault"] for row in rows] == [
        name for name in FAULTS if name in {row["fault"] for row in rows}
    ]
    unnoticed = [row["fault"] for row in rows if row["noticed"] in (faults.NO, faults.FALSE_ALARM)]
    missing = (ROOT / "docs/faults.md").read_text().partition("## What was missing")[2]
    assert [name for name in unnoticed if f"`{name}`" not in missing] == []


def test_a_text_that_stands_there_twice_is_refused():
    assert FAULT.planted("x = 1") == "x = 2"
    with pytest.raises(IcgdError, match=r"'1' must stand once in src/icgd/c.py, not 2 times"):
        FAULT.planted("x = 11")


def verdict(word="supported", ok=True):
    control = {"subject": "network rate 1.15", "ok": ok}
    return {"id": "vo22-17", "parts": [{"name": "loss", "verdict": word, "controls": [control]}]}


def test_what_moves_is_noticed_and_what_was_open_has_no_say():
    good = faults.states(verdict())
    assert good == {"vo22-17 (loss)": "supported", "vo22-17 (loss), control 1 network rate 1.15": "right"}
    assert faults.moved(good, good) == []
    assert faults.moved(good, faults.states(verdict("refuted"))) == ["vo22-17 (loss): supported to refuted"]
    assert faults.moved(faults.states(verdict("inconclusive")), good) == []
    assert faults.moved(faults.states(verdict(ok=False)), good) == []
    wrong = faults.states(verdict("no power", ok=False)) | {"job data": "icgd data: wrong"}
    assert faults.moved(good, wrong) == [
        "job data: icgd data: wrong",
        "vo22-17 (loss): supported to no power",
        "vo22-17 (loss), control 1 network rate 1.15: right to wrong",
    ]


@pytest.mark.parametrize(
    ("fault", "found", "word"),
    [
        (FAULT, [], "no"),
        (FAULT, ["vo22-17 (loss): supported to refuted", "vo22-1: x"], "yes"),
        (FAULT, ["vo22-17, control 1 untrained: right to wrong"], "yes"),
        (FAULT, ["job data: wrong"], "yes"),
        (FAULT, ["job measure: wrong"], "elsewhere"),
        (FAULT, ["vo22-170: supported to refuted"], "elsewhere"),
        (HARMLESS, [], "rightly not"),
        (HARMLESS, ["vo22-17 (loss): supported to refuted"], "false alarm"),
    ],
)
def test_the_outcome_says_whether_it_was_what_was_named(fault, found, word):
    assert faults.outcome(fault, found) == word


def test_tests_of_a_copy_pass_and_fail(tmp_path):
    cases = "import pytest\n@pytest.mark.parametrize('x', [1, 2])\ndef test_x(x):\n    assert x < 2\n"
    (tmp_path / "test_a.py").write_text(f"{cases}def test_y():\n    pass\n")
    found = faults.tested(tmp_path, ["test_a.py::test_x", "test_a.py::test_y"])
    assert found == {"test_a.py::test_x": "failed", "test_a.py::test_y": "passed"}
    with pytest.raises(IcgdError, match="could not be run"):
        faults.tested(tmp_path, ["test_a.py::test_z"])


LOG = "Error in rule data:\n    jobid: 1\n    log: log (check log file)\n"


@pytest.mark.parametrize(
    ("code", "output", "log", "found"),
    [
        (0, "done", "", faults.states(verdict())),
        (
            1,
            LOG,
            "so\nicgd data: the tasks came out wrong\n",
            {"job data": "icgd data: the tasks came out wrong"},
        ),
        (1, LOG, "icgd data: cannot write x: No space left\n", "snakemake failed"),
        (1, LOG, "", "snakemake failed"),
        (1, "WorkflowError: no rule", "", "see .*log"),
    ],
)
def test_a_run_gives_verdicts_or_says_why_not(tmp_path, monkeypatch, code, output, log, found):
    monkeypatch.setattr(faults, "called", lambda folder, *words: (code, output))
    (tmp_path / "log").write_text(log)
    if code == 0:
        write_json(tmp_path / "results/full/claims/vo22-17.json", verdict())
    if isinstance(found, dict):
        assert faults.decided(tmp_path, ["vo22-17"], 1) == found
    else:
        with pytest.raises(IcgdError, match=found):
            faults.decided(tmp_path, ["vo22-17"], 1)


def test_an_audit_goes_on_where_it_was_stopped(tmp_path, monkeypatch, capsys):
    names = ["few-seeds", "interval-overlap"]
    monkeypatch.setattr(faults, "load", lambda: {name: FAULTS[name] for name in names})
    monkeypatch.setattr(faults, "CSV", tmp_path / "faults.csv")
    monkeypatch.setattr(faults, "unmutated", lambda: tmp_path)
    monkeypatch.setattr(faults, "with_fault", lambda fault: tmp_path / fault.id)
    monkeypatch.setattr(faults.shutil, "rmtree", lambda path: None)
    looked, test = [], FAULTS["few-seeds"].tests[0]

    def look(folder, left, cores):
        looked.append(folder.name)
        return {test: "failed" if folder.name in names else "passed"}

    monkeypatch.setattr(faults, "look", look)
    write_table(faults.CSV, faults.COLUMNS, [])
    assert faults.run([], 1)
    assert looked == [tmp_path.name, *names]
    assert [row["noticed"] for row in read_table(faults.CSV)] == ["yes", "yes"]
    assert faults.run([], 1) and len(looked) == 3  # nothing is left
    assert faults.run(["few-seeds"], 1) and looked[3:] == [tmp_path.name, "few-seeds"]  # named: once more
    with pytest.raises(IcgdError, match="did you mean few-seeds"):
        faults.run(["few-seds"], 1)
