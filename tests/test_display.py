"""What a person sees of a run: how long it is likely to take, one line for all, the end; failures by name."""

import pytest
from conftest import ROOT, run
from pages import make_claim, make_part
from snakemake_logger_plugin_icgd import display

from icgd import config, expected, paths
from icgd.audit import ending
from icgd.files import write_json
from icgd.references import tuned

SMALL = ("-d", ".test")


def test_a_job_takes_longer_with_more_steps_seeds_and_layers():
    known = config.load()
    train = {(name, scale): expected.seconds(f"train_{name}", {}, known, scale)
             for name in ("one_layer", "five_layers") for scale in ("quick", "full")}  # fmt: skip
    assert expected.START < train["one_layer", "quick"] < train["one_layer", "full"]
    assert train["one_layer", "full"] < train["five_layers", "full"]
    for rule, of in (
        ("measure", {"experiment": "one_layer"}),
        ("figure", {"figure": "fig2"}),
        ("optima", {}),
    ):
        assert expected.LIGHT < expected.seconds(rule, of, known, "full") < expected.UNKNOWN
    for layers, sharing in ((2, "shared"), (2, "separate")):  # of 1000 steps and of 30 000
        of = {"layers": str(layers), "sharing": sharing}
        steps = [tuned.released(known, scale, layers, sharing).steps for scale in ("quick", "full")]
        quick, full = (expected.seconds("released", of, known, scale) for scale in ("quick", "full"))
        assert (quick - expected.START) / (full - expected.START) == pytest.approx(steps[0] / steps[1])
    assert expected.seconds("measure", {"experiment": "one_layer"}, known, "quick") < expected.seconds(
        "measure", {"experiment": "one_layer"}, known, "full"
    )


def test_a_folder_of_a_check_which_has_no_records_yet_is_planned_by_those_of_the_checkout(
    tmp_path, monkeypatch
):
    known = config.load()
    here = expected.seconds("measure", {"experiment": "linear_six"}, known, "full")
    monkeypatch.chdir(tmp_path)
    expected._took.cache_clear()
    there = expected.seconds("measure", {"experiment": "linear_six"}, known, "full")
    expected._took.cache_clear()
    assert here == there > expected.UNKNOWN


def test_the_line_is_weighted_by_seconds_and_a_failure_names_its_log(tmp_path, capsys):
    log, shown = tmp_path / "a.log", display.Display()
    shown.plan({1: 90.0, 2: 10.0}, cores=2)
    shown.start(2, "train b", None)
    shown.end(2)
    assert shown.share() == pytest.approx(0.1) and "1 of 2 jobs, 10 % of the work" in shown.line()
    shown.start(1, "a seed 0", log)
    log.write_text("a seed 0  step 1\nthe disk is full\n\n")
    shown.end(1, failed=True)
    told = capsys.readouterr().err
    assert "2 jobs on 2 cores, about 50 s" in told
    assert f"failed: a seed 0  the disk is full (all of it: {log})" in told and not shown.running
    assert display.duration(1200) == "20 min"


def test_a_run_ends_with_counts_headlines_and_what_to_open(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "claims").symlink_to(ROOT / "claims")
    one = make_claim("vo22-17", parts=[make_part(value=1.0015, low=1.001, high=1.002, n=10)])
    write_json(paths.verdicts("full"), {"vo22-17": one, "vo22-01": {**one, "verdict": "refuted"}})
    told = "\n".join(ending.lines("full"))
    assert "2 claims at full scale: 1 refuted, 1 supported." in told
    assert "supported: 1.0015 [1.001, 1.002], n = 10 (supported within 0.99 to 1.01)" in told
    assert told.endswith("make audit CLAIM=vo22-17")


def test_snakemake_shows_it_instead_of_a_paragraph_a_job(small):
    again = ("--forcerun", "decide", "-c", "1", "--logger", "icgd")
    done = run("snakemake", *SMALL, *again, folder=small, PYTHONPATH=f"{small}/src:{small}/workflow/plugins")
    assert "jobs on 1 core, about" in done.stderr and "claims at smoke scale" in done.stderr
    assert "rule decide" not in done.stderr + done.stdout
