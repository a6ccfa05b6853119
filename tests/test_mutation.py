"""The mutation audit: its faults, its committed table, and whether it can say yes, no and not run."""

import argparse
import ast
import subprocess

import pytest
import yaml
from conftest import ROOT

from icgd.cli import mutate
from icgd.errors import IcgdError
from icgd.files import read_table, write_json
from icgd.mutation import faults, noticing, running, table

COMMENT = "# keeps the cosine of a zero gradient finite, as in the released code"
REAL = {
    "id": "real",
    "says": "The cosine is guarded by too much.",
    "file": "analysis/alignment.py",
    "old": "TINY = 1e-8",
    "new": "TINY = 1.0",
    "claims": ["vo22-17"],
}
NOTHING = {**REAL, "id": "nothing", "old": COMMENT, "new": "# another comment"}
HARMLESS = {**NOTHING, "id": "comment", "harmless": True}


def source(fault):
    return (ROOT / faults.SOURCE / fault.file).read_text()


def test_every_fault_can_be_planted_and_has_something_to_notice_it():
    found = faults.load()
    assert sum(not fault.harmless for fault in found.values()) >= 12
    for fault in found.values():
        before, after = (
            ast.dump(ast.parse(text)) for text in (source(fault), faults.mutated(fault, source(fault)))
        )
        assert (before == after) == (fault.id == "other-comment")


def test_the_committed_table_is_of_todays_faults():
    kept, found = read_table(table.CSV, table.COLUMNS), faults.load()
    assert [row["fault"] for row in kept] == list(found)
    assert all(row["entry"] == found[row["fault"]].entry for row in kept)
    page = table.PAGE.read_text()
    assert page == table.placed(page, kept)
    missing = page.partition("## What was missing")[2]
    unnoticed = [row["fault"] for row in kept if row["noticed"] in (noticing.NO, noticing.FALSE_ALARM)]
    assert [name for name in unnoticed if f"`{name}`" not in missing] == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"old": "TINY"}, "must stand once .* not 2 times"),
        ({"old": "TIMY = 1e-8"}, "not 0 times"),
        ({"file": "analysis/alinment.py"}, "there is no file"),
        ({"claims": ["vo22-1700"]}, "there is no claim"),
        ({"claims": [], "tests": ["tests/test_models.py::test_nothing"]}, "there is no test"),
        ({"claims": []}, "should notice it"),
        ({"clams": ["vo22-17"]}, "unknown key 'clams'"),
        ({"says": None}, "lacks 'says'"),
    ],
)
def test_a_bad_fault_is_refused(tmp_path, monkeypatch, changes, says):
    listed(tmp_path, monkeypatch, {**REAL, **changes})
    with pytest.raises(IcgdError, match=says):
        faults.load()


def test_an_unknown_fault_names_its_neighbour():
    with pytest.raises(IcgdError, match="did you mean same-batch"):
        faults.chosen(["same-bach"])


def part(value, verdict="indicative", control=True):
    """A part of a verdict at quick scale on five equal seeds, with one control."""
    return {
        "name": "loss",
        "verdict": verdict,
        "units": [{"unit": f"seed {seed}", "value": value} for seed in range(5)],
        **{"estimand": "mean", "transform": "log", "each": None, "refuted": None},
        "supported": {"within": [0.99, 1.01]},
        "controls": [{"plant": "rate_1.15", "ok": control}],
    }


def seen(*arguments, **options):
    return running.states({"id": "vo22-17", "parts": [part(*arguments, **options)]})


def test_an_indicative_part_says_which_way_it_would_go():
    assert seen(1.002) == {"vo22-17 (loss)": "supported", "vo22-17 (loss), control rate_1.15": "right"}
    assert seen(1.2)["vo22-17 (loss)"] == "refuted"
    assert seen(None)["vo22-17 (loss)"] == "error"
    assert seen(1.2, verdict="supported")["vo22-17 (loss)"] == "supported"  # an exact statement


def test_what_moves_is_noticed_and_what_was_open_has_no_say():
    good = seen(1.002)
    assert noticing.moved(good, seen(1.003)) == []
    assert [str(n) for n in noticing.moved(good, seen(1.2))] == ["vo22-17 (loss): supported to refuted"]
    assert [n.by for n in noticing.moved(good, seen(1.0, control=False))] == [
        "vo22-17 (loss), control rate_1.15"
    ]
    assert noticing.moved({"vo22-17 (loss)": "inconclusive"}, {"vo22-17 (loss)": "refuted"}) == []
    assert noticing.moved(seen(1.002, control=False), good) == []
    test = "tests/test_models.py::test_x"
    assert noticing.moved({test: "passed"}, {test: "failed", "job data": "wrong"}) == [
        noticing.Notice(test, "passed", "failed"),
        noticing.Notice("job data", "", "wrong"),
    ]


def test_the_outcome_says_whether_it_was_what_was_named():
    fault = faults.Fault("a", "b", "c", "d", "e", claims=("vo22-17",), job="data")
    named, control = (noticing.Notice(by, "", "") for by in ("vo22-17 (loss)", "vo22-17, control x"))
    job, other = (noticing.Notice(by, "", "") for by in ("job data", "vo22-1"))
    assert [noticing.outcome(fault, [n, other]) for n in (named, control, job)] == ["yes"] * 3
    assert noticing.outcome(fault, [other]) == "elsewhere" and noticing.outcome(fault, []) == "no"
    harmless = faults.Fault("a", "b", "c", "d", "e", claims=("vo22-17",), harmless=True)
    assert noticing.outcome(harmless, []) == "rightly not"
    assert noticing.outcome(harmless, [named]) == "false alarm"


def listed(folder, monkeypatch, *entries):
    """Faults of a test's own, and a table of its own."""
    monkeypatch.setattr(faults, "FILE", folder / "faults.yaml")
    quick = {"steps": 10, "seeds": 5}
    (folder / "faults.yaml").write_text(yaml.safe_dump({"quick": quick, "faults": list(entries)}))
    monkeypatch.setattr(table, "CSV", folder / "faults.csv")
    monkeypatch.setattr(table, "PAGE", folder / "faults.md")
    (folder / "faults.md").write_text(table.BEGIN + table.END)
    monkeypatch.setattr(faults, "steps_of", lambda claims: {})


@pytest.fixture
def pipeline(monkeypatch):
    """In place of Snakemake: a verdict that depends on the copy's source; returns the folders run."""
    ran = []

    def command(folder, *words):
        ran.append(folder.name)
        text = (folder / "src/icgd/analysis/alignment.py").read_text()
        verdict = {"id": "vo22-17", "parts": [part(1.002 if "TINY = 1e-8" in text else 1.2)]}
        write_json(folder / "results/quick/claims/vo22-17.json", verdict)
        return subprocess.CompletedProcess(words, 0, "")

    monkeypatch.setattr(running, "_command", command)
    return ran


def audit(folder, *names, again=False):
    wanted = {"faults": list(names), "cores": 1, "folder": folder / "copies", "again": again, "list": False}
    code = mutate.run(argparse.Namespace(**wanted))
    return code, {name: row["noticed"] for name, row in table.rows().items()}


def test_the_harness_can_say_yes_and_no(tmp_path, monkeypatch, pipeline):
    listed(tmp_path, monkeypatch, REAL, NOTHING, HARMLESS)
    assert audit(tmp_path, "real") == (0, {"real": "yes", "nothing": "not run", "comment": "not run"})
    assert audit(tmp_path) == (1, {"real": "yes", "nothing": "no", "comment": "rightly not"})
    assert pipeline == ["unmutated", "real", "unmutated", "comment", "nothing"]  # harmless ones first
    audit(tmp_path)
    assert len(pipeline) == 5  # all rows are up to date
    assert "supported to refuted" in table.PAGE.read_text()
    assert not (tmp_path / "copies" / "real").exists()
    assert faults.mutated(faults.load()["real"], source(faults.load()["real"])) != source(
        faults.load()["real"]
    )


def test_what_a_harmless_change_moves_has_no_say(tmp_path, monkeypatch, pipeline):
    listed(tmp_path, monkeypatch, REAL, {**REAL, "id": "unsteady", "harmless": True})
    assert audit(tmp_path) == (1, {"real": "no", "unsteady": "false alarm"})


def test_a_failed_job_is_a_notice_only_if_it_says_something_about_the_science(tmp_path):
    output = "Error in rule data:\n    jobid: 3\n    output: a.csv\n    log: logs/data.log (check)\n"
    for text, said in (
        ("icgd data: the tasks came out wrong\n", "the tasks came out wrong"),
        ("Traceback\nValueError: shapes (3,) and (4,)\n", "ValueError: shapes (3,) and (4,)"),
        ("icgd data: cannot write a.csv: No space left on device\n", None),
        ("Killed\n", None),
    ):
        (tmp_path / "logs").mkdir(exist_ok=True)
        (tmp_path / "logs/data.log").write_text(text)
        if said:
            assert running.failed_jobs(tmp_path, output) == {"data": said}
        else:
            with pytest.raises(IcgdError, match="no fault's"):
                running.failed_jobs(tmp_path, output)


def test_an_unmutated_run_that_fails_is_no_yardstick(tmp_path, monkeypatch):
    listed(tmp_path, monkeypatch, REAL)
    monkeypatch.setattr(running, "look", lambda *arguments: ({"job data": "wrong"}, 1.0))
    with pytest.raises(IcgdError, match="the unmutated run fails"):
        audit(tmp_path)
