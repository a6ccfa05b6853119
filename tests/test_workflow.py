"""The pipeline as a user meets it: planned, run at smoke scale, audited from committed results."""

import csv
import os
import re
import resource
import shutil
import subprocess
import sys
import time
import zipfile

import pytest
import yaml
from browser import Browser, program
from conftest import ROOT, environment, run

from icgd.claims import evidence, registry, verdict
from icgd.config import load


def decided():
    """Ids of all claims and findings that have a rule."""
    return [claim.id for claim in registry.claims().values() if claim.decided]


def planned(folder, *arguments, config="scale=quick"):
    """Numbers of planned jobs by rule."""
    return jobs_of(run("snakemake", "-n", *arguments, "--config", *config.split(), folder=folder).stdout)


def jobs_of(plan):
    """Numbers of jobs by rule in the text of a plan."""
    table = plan.split("Job stats:")
    if len(table) == 1:
        return {}
    rows = re.findall(r"^(\w+)\s+(\d+)$", table[1].split("\n\n")[0], re.M)
    return {name: int(count) for name, count in rows}


@pytest.mark.parametrize("arguments", [(), ("-s", "workflow/Snakefile")])
def test_both_entry_points_plan_jobs_in_an_empty_checkout(empty_checkout, arguments):
    jobs = planned(empty_checkout, *arguments)
    assert jobs["train"] > 0 and jobs["decide"] == len(decided()) and jobs["audit_page"] == 1


def test_the_catalogs_call_works(empty_checkout):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    command = "snakemake --forceall -s workflow/Snakefile -d .test -c 1 --rulegraph".split()
    assert "digraph" in run(*command, folder=empty_checkout).stdout
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 15


def test_the_ci_profile_plans(empty_checkout):
    assert planned(empty_checkout, "--workflow-profile", "profiles/ci")["train"] > 0


def test_the_gpu_profile_trains_all_seeds_of_an_experiment_in_one_job(empty_checkout):
    plan = run("snakemake", "-n", "--workflow-profile", "profiles/gpu", folder=empty_checkout).stdout
    jobs = jobs_of(plan)
    names = {name.removeprefix("train_") for name in jobs if name.startswith("train_")}
    experiments = yaml.safe_load((ROOT / "config.yaml").read_text())["experiments"]
    assert "one_layer" in names <= set(experiments)  # those whose networks a verdict or figure needs
    assert "train" not in jobs and all(jobs[f"train_{name}"] == 1 for name in names)
    assert plan.count("gpu=1") == len(names)


def test_planning_needs_nothing_but_snakemake(empty_checkout):
    code = (
        "import sys\n"
        "for name in ('jax', 'flax', 'numpy', 'pandas', 'matplotlib', 'scipy'): sys.modules[name] = None\n"
        "import icgd.config, icgd.codehash, icgd.claims.registry, icgd.claims.evidence\n"
        "import icgd.claims.verdict, icgd.figures.inputs, icgd.provenance, icgd.report.page\n"
        "import icgd.cli.decide, icgd.cli.audit, icgd.cli.report, icgd.cli.verify\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=empty_checkout, env=environment(), check=True)


def test_lint_and_format(empty_checkout):
    run("snakemake", "--lint", folder=empty_checkout)
    rules = sorted(str(path) for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    run("snakefmt", "--check", "Snakefile", "workflow/Snakefile", *rules)
    run("ruff", "check", "src", "tests")
    run("ruff", "format", "--check", "src", "tests")


def test_a_misspelt_setting_stops_before_anything_runs(empty_checkout):
    done = run("snakemake", "-n", "--config", "scael=quick", folder=empty_checkout, check=False)
    assert done.returncode != 0 and "did you mean scale" in done.stdout + done.stderr


def test_smoke_run_is_complete_and_decides_nothing(smoke):
    assert (smoke / "results/smoke/audit/index.html").exists()
    for name in load().figures:
        assert (smoke / f"figures/smoke/{name}.png").stat().st_size > 10_000
    verdicts = list((smoke / "results/smoke/claims").glob("*-*.json"))
    written = [path for path in verdicts if not path.name.endswith("provenance.json")]
    assert sorted(path.stem for path in written) == sorted(decided())
    for path in written:
        assert '"verdict": "not decided at this scale"' in path.read_text()


def test_a_finished_pipeline_has_nothing_to_do(smoke):
    assert planned(smoke, config="scale=smoke") == {}


def test_a_touched_source_reruns_nothing_and_an_edited_one_its_step(smoke, tmp_path):
    os.utime(smoke / "src/icgd/training/engine.py")
    assert planned(smoke, config="scale=smoke") == {}
    path = smoke / "src/icgd/figures/fig9.py"
    text = path.read_text()
    try:
        path.write_text(text + "\n\ndef unused() -> None:\n    return None\n")
        jobs = planned(smoke, config="scale=smoke")
        assert jobs == {} or set(jobs) <= {"figure", "audit_page", "all", "default", "total"}
        path.write_text(text.replace("def draw(", "def draw(*, _new=1, ", 1))
        engine = smoke / "src/icgd/training/engine.py"
        shutil.copy2(engine, tmp_path / "engine.py")
        engine.write_text(engine.read_text().replace("= sequence.query[-1]", "= -sequence.query[-1]"))
        assert planned(smoke, config="scale=smoke")["train"] > 0
    finally:
        path.write_text(text)
        shutil.copy2(tmp_path / "engine.py", smoke / "src/icgd/training/engine.py")


def test_the_data_dictionary_is_what_the_tables_hold(smoke):
    dictionary = yaml.safe_load((ROOT / "claims/tables.yaml").read_text())
    base = "results/smoke/one_layer"
    tables = {name: f"{base}/{name}.csv" for name in ("alignment", "shift", "rollout")}
    tables |= {"layers": "results/smoke/two_recurrent/layers.csv"}
    tables |= {"contrasts": "results/smoke/contrasts/contrasts.csv"}
    tables |= {"identities": "results/smoke/identities/errors.csv"}
    tables |= {"panels": "results/smoke/panels/panels.csv", "phases": f"{base}/phases.csv"}
    tables |= {"scope": "results/smoke/*/scope.csv", "comparison": "results/smoke/*/comparison.csv"}
    tables |= {"nonlinear": "results/smoke/*/nonlinear.csv"}
    tables |= {"families": "results/smoke/references/families.csv"}
    tables |= {"spectra": "results/smoke/spectra/conditions.csv"}
    never = {"diverged_at", "level_1.02"}  # of diverged runs, of plateaus
    never |= {"gd_plus_plus_separate_5"}  # of ten layers, whose claims are still planned
    for name, pattern in tables.items():
        rows = []
        for path in smoke.glob(pattern):
            with path.open(newline="") as handle:
                rows += csv.DictReader(handle)
        written = {row["measure"] for row in rows}
        plants = {row["plant"] for row in rows}
        measures, labels = dictionary[name]["measures"], dictionary[name]["labels"]["plant"]
        if name in ("nonlinear", "comparison"):  # some of it is of claims that are still planned
            assert written <= set(measures) and plants <= set(labels)
        else:
            assert (written, plants) == (set(measures) - never, set(labels) - never), name


def test_every_rule_of_a_finding_that_needs_no_seeds_has_power(smoke, monkeypatch):
    monkeypatch.chdir(smoke)
    evidence._rows.cache_clear()
    for claim in registry.claims().values():
        for part in claim.parts if claim.finding else ():
            if part["per"] == "training seed":  # a smoke run has one
                continue
            found = verdict.judge_part(part, load(), "smoke")
            assert all(control["ok"] for control in found["controls"]), (claim.id, part["name"])
    evidence._rows.cache_clear()


def test_verify_accepts_the_smoke_run_and_names_an_edited_file(smoke):
    command = (sys.executable, "-m", "icgd", "verify", "--scale", "smoke")
    env = {**environment(), "PYTHONPATH": str(smoke / "src")}
    good = subprocess.run(command, cwd=smoke, env=env, capture_output=True, text=True)
    assert good.returncode == 0, good.stdout
    table = smoke / "results/smoke/one_layer/alignment.csv"
    text = table.read_text()
    table.write_text(text.replace("3", "4", 1))
    bad = subprocess.run(command, cwd=smoke, env=env, capture_output=True, text=True)
    table.write_text(text)
    assert bad.returncode == 1 and "one_layer/alignment.csv: edited" in bad.stdout


def test_full_scale_plans_no_training_from_committed_results(full_checkout):
    assert "train" not in planned(full_checkout, config="scale=full")


def test_a_verified_clone_has_nothing_to_do_at_full_scale(full_checkout):
    for index, path in enumerate(sorted((full_checkout / "results").rglob("*"), reverse=True)):
        os.utime(path, (1e9 + index, 1e9 + index))  # as a checkout might leave them
    assert planned(full_checkout, config="scale=full")["decide"] > 0
    env = {**environment(), "PYTHONPATH": str(full_checkout / "src")}
    command = (sys.executable, "-m", "icgd", "verify", "--scale", "full")
    done = subprocess.run(command, cwd=full_checkout, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert planned(full_checkout, config="scale=full") == {}


def test_every_audit_answers_at_once_from_committed_results(full_checkout):
    for claim in ("vo22-17", "vo22-33", "as-6", "lw-1"):
        started = time.monotonic()
        done = run("make", "audit", f"CLAIM={claim}", folder=full_checkout)
        assert time.monotonic() - started < 10
        assert "VERDICT (full scale)" in done.stdout and claim in done.stdout


def test_an_audit_of_nothing_says_what_there_is(full_checkout):
    done = run("make", "audit", "CLAIM=vo22-171", folder=full_checkout, check=False)
    assert done.returncode != 0 and "did you mean" in done.stderr


@pytest.mark.parametrize(("made", "scale"), [("smoke", "smoke"), ("full_checkout", "full")])
def test_snakemakes_own_report_has_captions_and_labels_and_loads_nothing(request, tmp_path, made, scale):
    folder, path = request.getfixturevalue(made), tmp_path / "report.zip"
    run("snakemake", "--config", f"scale={scale}", "--report", str(path), folder=folder)
    with zipfile.ZipFile(path) as packed:
        packed.extractall(tmp_path)
    text = (tmp_path / "report" / "report.html").read_text("utf-8")
    for words in (
        f"The verdict on claim vo22-17 at scale {scale}",
        f"Figure fig2 at scale {scale}: every training seed",
        f"The numbers that figure fig2 draws at scale {scale}",
        f"A table of measures at scale {scale}",
        f"rebuilt and decided at scale {scale}",
    ):
        assert words in text
    for category in ("Audit", "Figures", "Tables", "Verdicts"):
        assert f'"{category}"' in text
    assert re.search(r'"labels": {"table": "alignment", "of": "one_layer", "scale": "\w+"}', text)
    assert not re.search(r'<(link|script|img)[^>]*(src|href)="(https?:)?//', text)
    if program():
        browser = Browser(tmp_path / "browser")
        browser.open(tmp_path / "report" / "report.html")
        browser.value("new Promise((done) => setTimeout(done, 500))")
        browser.close()
        assert {url.split(":")[0] for url in browser.requests} <= {"file", "data", "blob", "about"}
