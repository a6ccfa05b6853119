"""What an auditor is told: why a verdict is what it is, and which numbers a rebuild does not bear out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from pages import make_claim, make_part

from icgd import files, paths
from icgd.__main__ import main
from icgd.audit import agreement, check, compared, explain, stale, today
from icgd.claims import registry
from icgd.claims.words import written
from icgd.errors import IcgdError
from icgd.files import sha256, write_json
from icgd.record import Recorder

CONTROL = make_part()["controls"][0]
PART = make_part(
    why="",
    value=1.0015,
    low=1.001,
    high=1.002,
    n=2,
    units=[{"unit": f"seed {seed}", "value": 1.001 + seed / 1000} for seed in range(2)],
    excluded=[{"unit": "seed 2", "why": "not converged"}],
    published_values=[1.001, 1.002],
    controls=[{**CONTROL, "value": 1.02, "low": 1.01, "high": 1.03, "n": 2}],
)
VERDICT = make_claim(
    "vo22-17",
    where="Fig. 2",
    says="A trained layer – one of α – has the loss of one step.",
    note="A note.",
    reason="",
    parts=[PART],
    rule_hash="0123456789ab",
    inputs=[{"path": "results/full/one_layer/measures.csv", "sha256": "0" * 64}],
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A checkout with one verdict."""
    (tmp_path / "claims").symlink_to(ROOT / "claims")
    monkeypatch.chdir(tmp_path)
    write_json(paths.verdicts("full"), {"vo22-17": VERDICT})
    return tmp_path


def bare(folder, *words):
    """What a Python without any package says, on a terminal that knows ASCII."""
    variables = {"PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-S", "-m", "icgd", "audit", *words]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)


def test_a_bare_python_explains_a_verdict(folder):
    done = bare(folder, "vo22-17")
    assert done.returncode == 0, done.stderr
    for words in (
        "VERDICT (full scale): SUPPORTED\nSTALE: results/full/one_layer/measures.csv is missing\n",
        "rule: Supported when the 95 % interval of the mean over training seeds (log scale) lies within 0.99",
        "measured: 1.0015 [1.001, 1.002], 2 training seeds",
        "measure: loss over that of the reference",
        "each training seed: seed 0 1.001",
        "stated in: lesswrong-thread, characters 373 to 410: Experiments confirm it.",
        "rule: claims/von-oswald-2022.yaml:",
        "evidence: of one_layer, measure loss_ratio, reference gd, tasks fresh",
        "control network rate 1.15 (learning rate 15 % too large): must refute, came out refuted at 1.02",
        "published: 1.002; the paper's own seeds would be supported",
        "left out: seed 2, not converged",
        "rebuild: make audit CLAIM=vo22-17 SCALE=quick",
    ):
        assert words in done.stdout


def test_what_is_stale_is_told_with_the_reason(tmp_path, monkeypatch):
    rule = registry.claim("vo22-17").rule_hash
    monkeypatch.setattr(today, "same", lambda record, path, scale: record["settings"] == {})
    monkeypatch.chdir(tmp_path)
    table = Path("results/full/one_layer/measures.csv")
    weights = table.parent / "seed-0" / "weights.npz"
    weights.parent.mkdir(parents=True)
    for path, inputs in ((weights, []), (table, [weights])):
        path.write_text(str(path))
        Recorder("measure", {}, made_by={"code": "1"}).write([path], inputs)
    found = {"id": "vo22-17", "scale": "full", "rule_hash": rule}
    found["inputs"] = [{"path": str(table), "sha256": sha256(table)}]
    assert stale.reasons(found) == []
    (why,) = stale.reasons({**found, "rule_hash": "other"})
    assert why == f"its rule is {rule} now and was other"
    monkeypatch.setattr(today, "same", lambda record, path, scale: path != table)
    assert stale.reasons(found) == [f"{table} was made with other settings than today's"]
    monkeypatch.setattr(today, "same", lambda record, path, scale: True)
    weights.write_text("others")
    assert stale.reasons(found) == [f"{table} was made from another {weights}"]
    table.write_text("another")
    assert f"{table} is another file than it was decided on" in stale.reasons(found)
    table.unlink()
    assert stale.reasons(found) == [f"{table} is missing"]


@pytest.mark.parametrize("scale", ["smoke", "quick", "full"])
def test_an_unknown_claim_is_told_alike_at_every_scale(folder, scale):
    done = bare(folder, "vo22-171", "--scale", scale)
    assert done.returncode == 2
    told = (
        "icgd audit: there is no claim or figure 'vo22-171' (`python -m icgd claims` lists all); did you mean"
    )
    assert done.stderr.startswith(told) and "vo22-17" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("vo22-17", "fig2"), 0, "results/quick/claims/vo22-17.json figures/quick/fig2.png\n"),
        (("vo23_fig4",), 0, "figures/quick/vo23_fig4.png\n"),
        (("vo22-73",), 0, "\n"),  # waits, at every scale
        (("vo22-171",), 2, ""),
    ],
)
def test_what_a_run_has_to_make_is_known_before_it_and_before_any_set_up(folder, words, code, told):
    for name in ("fig2", "vo23_fig4"):
        write_json(paths.FIGURES / "full" / f"{name}.json", {})
    done = bare(folder, *words, "--scale", "quick", "--targets")
    assert (done.returncode, done.stdout) == (code, told)


def test_a_claim_that_waits_is_shown_as_the_registry_has_it(folder):
    for claim, word in (("vo22-73", "NOT TESTABLE"), ("lw-12", "PENDING")):
        done = bare(folder, claim, "--scale", "quick")
        assert done.returncode == 0 and f"VERDICT: {word}" in done.stdout and "kind: " in done.stdout


def test_a_verdict_that_is_not_there_says_what_builds_it(folder):
    with pytest.raises(
        IcgdError, match="results/quick has no verdict on vo22-17; `make audit CLAIM=vo22-17 SC"
    ):
        explain.show(["vo22-17"], "quick")


def test_the_newest_verdict_counts(folder, capsys):
    write_json(paths.verdict("full", "vo22-17"), {**VERDICT, "verdict": "refuted"})
    for when, word in ((1, "REFUTED"), (0, "SUPPORTED"), (-1, "SUPPORTED")):  # at a tie that with all others
        os.utime(paths.verdicts("full"), (100, 100))
        os.utime(paths.verdict("full", "vo22-17"), (100 + when, 100 + when))
        explain.show(["vo22-17"], "full")
        told = " ".join(capsys.readouterr().out.split())
        alone = "vo22-17.json (delete it to go back); in results/full/verdicts.json: supported"
        assert f"VERDICT (full scale): {word}" in told and (alone in told) == (when == 1)


def test_recording_says_what_it_recorded_or_why_nothing(folder, capsys):
    for told in ("vo22-17: supported", "nothing was recorded: the history says already what results/full/"):
        assert main(["record", "--reason", "A test."]) == 0
        assert capsys.readouterr().out.startswith(told)


def test_several_claims_in_any_case_a_figure_and_json(folder):
    assert (
        "VERDICT: NOT TESTABLE" in (told := bare(folder, "VO22-17", "vo22-73").stdout) and "SUPPORTED" in told
    )
    assert bare(folder, "fig2").stdout.startswith("vo22-17  supported  A trained layer")
    assert json.loads(bare(folder, "fig2", "--json").stdout) == {"vo22-17": VERDICT}
    assert "`python -m icgd claims` lists all" in bare(folder, "zzzz").stderr


def test_names_are_taken_as_they_are_often_written(folder):
    one, *others = (bare(folder, name).stdout for name in ("fig2", "Fig. 2", "figure 2"))
    assert one and others == [one, one]
    known = explain.entries()
    names = {"vo22-1": "vo22-01", "VO22-F1": "vo22-f01", "lw-1": "lw-1", "vo22-17": "vo22-17"}
    assert {name: written(name, known) for name in names} == names
    assert "did you mean fig4" in bare(folder, "fgi4").stderr


def test_a_figure_that_no_verdict_rests_on_is_not_unknown(folder):
    write_json(paths.FIGURES / "full" / "which.json", {})
    assert "rests on figure 'which', named by no claim" in bare(folder, "which").stderr
    assert "rests on figure 'vo23_fig7', named by vo23-34, vo23-35" in bare(folder, "vo23_fig7").stderr


def test_several_parts_are_a_table(folder):
    parts = [{**PART, "name": "mean"}, {**PART, "name": "a longer one", "verdict": "refuted"}]
    write_json(paths.verdicts("full"), {"vo22-17": {**VERDICT, "parts": parts}})
    told = bare(folder, "vo22-17").stdout
    assert "  | part         | value                 | supported           | verdict\n" in told
    assert "  | a longer one | 1.0015 [1.001, 1.002] | within 0.99 to 1.01 | refuted\n" in told


def test_steps_are_named_and_the_weights_behind_a_table():
    evidence = {"of": "alternating", "measure": "dropped_at"}
    assert "measured: 1.0015 steps [" in "".join(explain.part_of({**PART, "evidence": evidence}))
    share = {**PART, "evidence": evidence, "each": {"above": 25}}
    told = "".join(explain.part_of(share))
    assert "measured: 1.0015 [" in told and "seed 0 1.001 steps, seed 1 1.002 steps" in told
    inputs = [
        "results/full/a/seed-0/weights.npz",
        "results/full/a/seed-0/history.csv",
        "results/full/sweeps/b/seed-1.npz",
    ]
    assert explain.weights(inputs) == [
        "  weights: results/full/a/seed-*/weights.npz (1 seeds)",
        "  weights: results/full/sweeps/b/seed-*.npz (1 seeds)",
    ]


def test_a_decision_is_told_beside_the_one_before():
    now, alone = {**VERDICT, "verdict": "refuted"}, paths.verdict("full", "vo22-17")
    (moved,) = compared.told({"vo22-17": now}, {"vo22-17": VERDICT}, alone)
    assert moved == f"vo22-17: supported before, refuted now; {alone} (delete it to go back)"
    (same,) = compared.told({"vo22-17": now}, {"vo22-17": now}, alone)
    assert same.startswith(f"vo22-17: refuted, as before; {alone} (delete")
    (first,) = compared.told({"vo22-17": now}, {}, alone)
    assert first == f"vo22-17: refuted, not decided before; {alone}"
    everything = compared.told({"vo22-17": now, "lw-1": VERDICT}, {"lw-1": VERDICT}, paths.verdicts("full"))
    assert list(everything) == [
        "vo22-17: refuted, not decided before",
        "2 verdicts, 1 of them new or changed; results/full/verdicts.json",
    ]


def test_every_claim_of_the_registry_has_its_entry():
    from icgd.claims import registry

    assert set(explain.entries()) == set(registry.claims())


def differences(was, now, alike=False, name="results/full/one_layer/measures.csv", **labels):
    """Differences of two tables of one number."""
    rows = [{"measure": "loss", "subject": "network", **labels, "value": value} for value in (was, now)]
    return list(agreement.compare_tables(Path(name), rows[:1], rows[1:], alike))


def test_tables_are_compared_within_their_tolerance():
    assert not differences("0.2051234", "0.2051238")
    assert differences("0.2051234", "0.2052234")
    assert differences("0.2051234", "nan")
    assert not differences("0.02051234", "0.02051934", measure="preds_diff")
    assert differences("0.02051234", "0.02061234", measure="preds_diff")
    assert not differences("0.02051234", "0.02051934", name="figures/full/fig1.csv")
    assert not differences("1e30", "2e30") and differences("1e30", "1e20")


def test_a_column_that_only_one_of_two_tables_has_is_a_difference():
    was, now = {"measure": "loss", "value": "1"}, {"measure": "loss", "value": "1", "x": "2"}
    for pair in ((was, now), (now, was)):
        (found,) = agreement.compare_tables(
            Path("results/full/one_layer/measures.csv"), *([row] for row in pair)
        )
        assert {found.was, found.now} == {"", "2"} and " x " in found.where


def test_a_check_clears_only_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "mine" / "file"
    files.write_text(kept, "kept")
    with pytest.raises(IcgdError, match="mine is not empty and no check has made it"):
        check.clear(Path("mine"))
    assert kept.exists()
    (tmp_path / "empty").mkdir()
    for name in ("absent", "empty", str(paths.CHECK)):
        for _ in range(2):
            check.clear(Path(name))
            files.write_text(Path(name) / "results" / "left", "of a check")
    files.write_text(paths.CHECK / "left", "by a version that left no mark")
    (paths.CHECK / check.MARK).unlink()
    check.clear(paths.CHECK)
    assert [path.name for path in paths.CHECK.iterdir()] == [check.MARK]


def test_nothing_excuses_a_number_where_the_rebuild_repeats_all_others():
    """Ill-conditioned, tiny and diverged ones pass on another kind of processor only."""
    for was, now, labels in (
        ("0.9999", "0.9998", {"measure": "preds_diff"}),
        ("1.23e-8", "1.45e-8", {}),
        ("1e30", "2e30", {}),
    ):
        assert not differences(was, now, **labels) and differences(was, now, alike=True, **labels)
    assert not differences("4.4e-16", "6.7e-16", alike=True)
    row, other = {"value": "1"}, {"value": "2"}
    assert agreement.repeats([([row] * 20, [row] * 19 + [other])])
    assert not agreement.repeats([([row] * 20, [row] * 18 + [other] * 2)])


def test_a_difference_of_logarithms_is_compared_as_a_share():
    of = {"measure": "largest_log_gap_far", "subject": "hand_set gd"}
    assert not differences("0.00029", "0.00036", **of) and differences("0.29", "0.36", **of)
