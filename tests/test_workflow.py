"""The pipeline as a user meets it: planned, run at smoke scale, audited from committed results."""

import contextlib
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile

import pytest
import yaml
from conftest import ROOT, run

from icgd import dictionary, plan
from icgd.claims import registry, verdict
from icgd.config import load
from icgd.environment import prepare_jax
from icgd.figures.plan import FIGURES

EXPERIMENTS = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))["experiments"]
SMALL = ("-d", ".test")
STATUS = {"converged", "final_training_loss", "diverged_at"}


def planned(folder, *arguments):
    """Numbers of planned jobs by rule."""
    return jobs_of(run("snakemake", "-n", *arguments, folder=folder).stdout)


def jobs_of(text):
    """Numbers of jobs by rule in the text of a plan."""
    table = text.split("Job stats:")
    if len(table) == 1:
        return {}
    rows = re.findall(r"^(\w+)\s+(\d+)$", table[1].split("\n\n")[0], re.M)
    return {name: int(count) for name, count in rows if name not in ("default", "all", "total")}


def training(jobs):
    """Jobs of a plan that train, by experiment."""
    return {name.removeprefix("train_"): count for name, count in jobs.items() if name.startswith("train_")}


@contextlib.contextmanager
def edited(path, old, new):
    """A file with a change, for a while."""
    text, times = path.read_text("utf-8"), path.stat()
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    try:
        yield
    finally:
        path.write_text(text, "utf-8")
        os.utime(path, (times.st_atime, times.st_mtime))


# Planning


@pytest.mark.parametrize("arguments", [(), ("-s", "workflow/Snakefile")])
def test_both_entry_points_plan_everything_in_an_empty_checkout(empty_checkout, arguments):
    jobs = planned(empty_checkout, *arguments)
    assert jobs["decide"] == jobs["site"] == 1 and jobs["figure"] == len(FIGURES)
    assert training(jobs)["one_layer"] == 2 and training(jobs)["token_clip"] == 2
    assert jobs["measure"] > 40 and set(training(jobs)) <= set(EXPERIMENTS)


def test_planning_needs_nothing_but_snakemake(empty_checkout):
    code = (
        "import sys\n"
        "for name in ('jax', 'flax', 'numpy', 'pandas', 'matplotlib', 'scipy'): sys.modules[name] = None\n"
        "import icgd.__main__, icgd.config, icgd.statements, icgd.record, icgd.claims.registry\n"
        "import icgd.claims.evidence, icgd.figures.plan, icgd.plan, icgd.references.tuned\n"
    )
    run(sys.executable, "-c", code, folder=empty_checkout)


def test_the_catalogues_call_works(empty_checkout):
    command = "snakemake --forceall -s workflow/Snakefile -d .test -c 1 --rulegraph".split()
    assert "digraph" in run(*command, folder=empty_checkout).stdout


def test_the_ci_profile_plans(empty_checkout):
    assert training(planned(empty_checkout, "--workflow-profile", "profiles/ci"))


def test_a_chapter_is_planned_alone(empty_checkout):
    whole, critics = planned(empty_checkout), planned(empty_checkout, "--config", "sources=[as,lr]")
    assert 0 < sum(critics.values()) < 0.7 * sum(whole.values()) and "site" in whole and "site" not in critics
    done = run("snakemake", "-n", "--config", "sources=[vo32]", folder=empty_checkout, check=False)
    assert "there is no 'vo32'; did you mean" in done.stdout


def test_the_gpu_profile_trains_all_seeds_of_an_experiment_in_one_job(empty_checkout):
    jobs = training(planned(empty_checkout, "--workflow-profile", "profiles/gpu"))
    swept = {name for name in jobs if "axes" in EXPERIMENTS[name]}
    assert swept and all(jobs[name] == 1 for name in set(jobs) - swept)
    assert all(jobs[name] > 1 for name in swept)


def test_lint_and_format(empty_checkout):
    run("snakemake", "--lint", folder=empty_checkout)
    rules = sorted(str(path) for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    run("snakefmt", "--check", "Snakefile", "workflow/Snakefile", *rules)
    run("ruff", "check", "src", "tests", "benchmarks", "workflow/plugins")
    run("ruff", "format", "--check", "src", "tests", "benchmarks", "workflow/plugins")


# Bad input


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--config", "scael=quick"), "unknown key 'scael'; did you mean scale"),
        (("--config", "scale=qick"), "scale cannot be 'qick'; did you mean quick"),
        (("results/quick/claims/vo22-171.json",), "there is no claim 'vo22-171'; did you mean vo22-"),
        (("results/quick/claims/lw-12.json",), "lw-12 is pending: it has no rule to decide by."),
        (("results/quick/claims/lw-13.json",), "lw-13 is not-testable: it has no rule"),
        (("results/huge/verdicts.json",), "there is no scale 'huge'; known are full, quick, smoke."),
        (("figures/quick/fig99.png",), "there is no figure 'fig99'; did you mean fig9"),
        (
            ("results/quick/one_laye/measures.csv",),
            "there is no experiment 'one_laye'; did you mean one_layer",
        ),
        (("results/quick/one_laye/seed-0/weights.npz",), "there is no experiment 'one_laye'"),
    ],
)
def test_what_there_is_none_of_is_named_with_the_nearest(empty_checkout, arguments, says):
    done = run("snakemake", "-n", *arguments, folder=empty_checkout, check=False)
    assert done.returncode != 0 and says in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_an_experiment_that_claims_use_and_config_lacks_is_named(empty_checkout):
    with edited(empty_checkout / "config.yaml", "\n  restarts:\n", "\n  restart:\n"):
        done = run("snakemake", "-n", folder=empty_checkout, check=False)
    assert done.returncode != 0
    assert re.search(r"\w+-\d+: there is no experiment 'restarts'; did you mean restart", done.stdout)


def test_make_audit_of_nothing_says_what_there_is(full_checkout):
    done = run("make", "audit", "CLAIM=vo22-171", folder=full_checkout, check=False)
    assert done.returncode != 0 and "did you mean" in done.stderr


# Jobs


def test_every_job_gets_the_settings_that_were_planned_with(tmp_path):
    for name in ("config.yaml", "claims", "published"):
        (tmp_path / name).symlink_to(ROOT / ".test" / name)
    targets = ["results/smoke/sweeps/robustness/seed-0.npz", "results/smoke/data/evaluation.csv"]
    changed = ("--config", "key_implementation=philox4x32")
    run("snakemake", "-c", "1", "-d", str(tmp_path), *changed, "--", *targets)
    for name in targets:
        record = json.loads((tmp_path / f"{name}.provenance.json").read_text())
        assert record["settings"]["key_implementation"] == "philox4x32"


def test_a_job_reads_the_plan_and_not_config_yaml(tmp_path):
    settings = {**yaml.safe_load((ROOT / ".test/config.yaml").read_text("utf-8")), "experiments": {}}
    (tmp_path / "plan.json").write_text(json.dumps(settings))
    command = (sys.executable, "-m", "icgd", "train", "one_layer", "--seed", "0", "--scale", "smoke")
    done = run(*command, check=False, ICGD_CONFIG=str(tmp_path / "plan.json"))
    assert done.returncode == 2 and "there is no experiment 'one_layer'" in done.stderr


def test_what_decides_numbers_is_not_taken_from_outside(monkeypatch):
    for name in ("JAX_ENABLE_X64", "JAX_NUMPY_DTYPE_PROMOTION", "JAX_RANDOM_SEED_OFFSET", "JAX_PLATFORMS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    prepare_jax()
    assert [name for name in os.environ if name.startswith("JAX_") and os.environ[name] == "1"] == [
        "JAX_PLATFORMS"
    ]
    assert "fast_math" not in os.environ["XLA_FLAGS"]


def test_a_job_that_fails_behind_a_pipe_fails_and_the_way_on_is_told(small):
    job = small / "src/icgd/training/job.py"
    with edited(job, '"""One', 'raise OSError(28, "No space left", "weights.npz")\n"""One'):
        arguments = (*SMALL, "-c", "1", "--forcerun", "train_one_layer", "--config", "scale=quick")
        target = "results/quick/one_layer/seed-0/weights.npz"
        done = run("snakemake", *arguments, "--", target, folder=small, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0 and "weights.npz: No space left" in said
    assert "the same command goes on" in said and "latency" not in said


def test_an_audit_needs_nothing_but_python(full_checkout):
    command = (sys.executable, "-S", "-m", "icgd")  # without site-packages
    told = run(*command, "audit", "vo22-17", folder=full_checkout, PYTHONPATH="src")
    assert "vo22-17" in told.stdout
    missing = run(*command, "validate", folder=full_checkout, PYTHONPATH="src", check=False)
    assert missing.returncode == 2 and re.search(r"the package '\w+' is missing", missing.stderr)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("train", "one_layer", "--seed", "-1"), "must be a whole number of 0 or more, not '-1'"),
        (("train", "one_layer"), "the following arguments are required: --seed"),
        (("train", "one_laye", "--seed", "0"), "did you mean one_layer"),
        (("measure", "one_laye"), "did you mean one_layer"),
        (("statement", "identity"), "did you mean identities"),
        (("figure", "fig99"), "did you mean fig9"),
        (("decide", "vo22-171"), "did you mean"),
        (("decide", "lw-12"), "it has no rule to decide by"),
        (("record", "--reason", " "), "--reason must say why"),
        (("validate", "--config", "nothing.yaml"), "nothing.yaml is missing"),
        (("nonsense",), "invalid choice: 'nonsense'"),
    ],
)
def test_bad_input_is_one_sentence(arguments, says):
    done = run(sys.executable, "-m", "icgd", *arguments, check=False)
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr


# A finished run


def test_a_finished_pipeline_has_nothing_to_do_until_something_is_missing(small):
    assert planned(small, *SMALL) == {}
    for name, makes in {
        "results/smoke/verdicts.json": "decide",
        "results/smoke/one_layer/measures.csv": "measure",
        "results/smoke/one_layer/curves.csv": "measure",
        "results/smoke/one_layer/seed-0/weights.npz": "train_one_layer",
        "results/smoke/sweeps/robustness/seed-0.npz": "train_robustness",
        "results/smoke/statements/identities.csv": "identities",
        "site/smoke/index.html": "site",
        "figures/smoke/fig1.svg": "figure",
    }.items():
        path = small / ".test" / name
        path.rename(path.with_suffix(".away"))
        try:
            assert makes in planned(small, *SMALL), name
        finally:
            path.with_suffix(".away").rename(path)


def test_a_touched_source_reruns_nothing_and_an_edited_one_its_room(small):
    source = small / "src/icgd"
    os.utime(source / "training/engine.py")
    assert planned(small, *SMALL) == {}
    with edited(source / "figures/style.py", '"""', '"""Edited. '):
        assert set(planned(small, *SMALL)) == {"figure", "site"}
    with edited(source / "claims/intervals.py", '"""', '"""Edited. '):
        assert set(planned(small, *SMALL)) == {"decide", "site"}
    with edited(source / "training/engine.py", '"""', '"""Edited. '):
        assert {"train_one_layer", "train_robustness", "measure"} <= set(planned(small, *SMALL))


def test_an_edited_setting_or_rule_reruns_what_depends_on_it(small):
    config, claims = small / ".test/config.yaml", small / ".test/claims/von-oswald-2022.yaml"
    with edited(config, "    seeds: 5\n", "    seeds: 5\n    optimiser: {learning_rate: 0.01}\n"):
        assert {"train_one_layer", "measure"} <= set(planned(small, *SMALL))
    with edited(claims, "within: [0.99, 1.01]", "within: [0.9, 1.1]"):
        assert set(planned(small, *SMALL)) == {"decide", "site"}
    with edited(claims, "network rate 1.15", "network rate 1.2"):
        assert set(planned(small, *SMALL)) == {"measure", "figure", "decide", "site"}


def test_one_claim_is_a_target_of_its_own(small):
    target = "results/smoke/claims/vo22-17.json"
    run("snakemake", *SMALL, "-c", "1", "--", target, folder=small)
    alone = json.loads((small / ".test" / target).read_text())
    together = json.loads((small / ".test/results/smoke/verdicts.json").read_text())["vo22-17"]
    others = ("rests_on", "together")  # what only all claims decided at once can say
    assert alone == {key: value for key, value in together.items() if key not in others}


def test_a_clone_is_told_what_was_made_otherwise_and_what_is_absent(small, tmp_path):
    clone = tmp_path / "clone"  # Snakemake knows nothing of its results
    shutil.copytree(small, clone, symlinks=True, ignore=shutil.ignore_patterns(".snakemake", ".cache"))
    assert planned(clone, *SMALL) == {}
    for file, old, new, named in (
        ("config.yaml", "    seeds: 5\n", "    optimiser: {b1: 0.8}\n", "one_layer/seed-0/weights.npz"),
        ("claims/von-oswald-2022.yaml", "within: [0.99, 1.01]", "within: [0.9, 1.1]", "verdicts.json"),
        ("claims/von-oswald-2022.yaml", "network rate 1.15", "network rate 1.2", "one_layer/measures.csv"),
    ):
        with edited(clone / ".test" / file, old, new):
            told = run("snakemake", "-n", *SMALL, folder=clone).stderr
        assert re.search(rf"--forcerun .*results/smoke/{named}", told)
    (clone / ".test/results/smoke/one_layer/seed-0/weights.npz").unlink()
    done = run("snakemake", "-n", *SMALL, "--config", "weights=committed", folder=clone, check=False)
    assert "one_layer/seed-0/weights.npz is not committed; --config scale=smoke weights=train" in done.stderr


# The whole of it at smoke scale


def test_smoke_run_is_complete_and_decides_nothing(smoke):
    assert (smoke / "site/smoke/index.html").exists()
    for name in FIGURES:
        assert (smoke / f"figures/smoke/{name}.png").stat().st_size > 10_000
    verdicts = json.loads((smoke / "results/smoke/verdicts.json").read_text())
    assert set(verdicts) == {claim.id for claim in registry.claims().values() if claim.decided}
    assert {one["verdict"] for one in verdicts.values()} == {"not decided at this scale"}


def test_the_tables_answer_what_is_asked_and_nothing_else(smoke):
    known, tables = dictionary.measures(), 0
    for name, asked in plan.requests().items():
        path = smoke / "results/smoke" / name / "measures.csv"
        if not path.exists():  # a table of statements
            continue
        with path.open(newline="") as handle:
            rows = list(csv.DictReader(handle))
        tables += 1
        assert {row["measure"] for row in rows} <= {*STATUS, *known}
        answered = {tuple(row[key] for key in asked[0]._fields) for row in rows} if asked else set()
        assert answered <= {*map(tuple, asked)} | {row for row in answered if row[0] in STATUS}
    assert tables > 40


def test_every_rule_of_a_finding_that_needs_no_seeds_has_power(smoke, monkeypatch):
    monkeypatch.chdir(smoke)
    for claim in registry.claims().values():
        for part in claim.parts if claim.finding else ():
            if part.per == "training seed" or part.evidence.of == "sequences":  # one seed, and short ones
                continue
            found = verdict.judge_part(part, load(), "smoke")
            assert all(control["ok"] for control in found["controls"]), (claim.id, part.name)


def test_verify_accepts_the_smoke_run_and_names_an_edited_file(smoke):
    command = (sys.executable, "-m", "icgd", "verify", "--scale", "smoke")
    source = {"PYTHONPATH": str(smoke / "src")}
    run(*command, folder=smoke, **source)
    table = smoke / "results/smoke/one_layer/measures.csv"
    with edited(table, "3", "4"):
        bad = run(*command, folder=smoke, check=False, **source)
    assert bad.returncode == 1 and "one_layer/measures.csv: edited" in bad.stdout


# Committed results


def test_full_scale_plans_no_training_from_committed_results(full_checkout):
    assert not training(planned(full_checkout, "--config", "scale=full"))


def test_a_verified_clone_has_nothing_to_do_at_full_scale(full_checkout):
    for index, path in enumerate(sorted((full_checkout / "results").rglob("*"), reverse=True)):
        os.utime(path, (1e9 + index, 1e9 + index))  # as a checkout might leave them
    run("make", "verify", folder=full_checkout)
    assert planned(full_checkout, "--config", "scale=full") == {}


def test_every_audit_answers_at_once_from_committed_results(full_checkout):
    for claim in ("vo22-17", "vo22-33", "as-6", "lw-1"):
        started = time.monotonic()
        done = run("make", "audit", f"CLAIM={claim}", folder=full_checkout)
        assert time.monotonic() - started < 10
        assert "VERDICT (full scale)" in done.stdout and claim in done.stdout


@pytest.mark.parametrize(("made", "scale"), [("smoke", "smoke"), ("full_checkout", "full")])
def test_snakemakes_own_report_has_captions_and_labels_and_loads_nothing(request, tmp_path, made, scale):
    folder, path = request.getfixturevalue(made), tmp_path / "report.zip"
    run("snakemake", "--config", f"scale={scale}", "--report", str(path), folder=folder)
    with zipfile.ZipFile(path) as packed:
        packed.extractall(tmp_path)
    text = (tmp_path / "report" / "report.html").read_text("utf-8")
    for words in (
        f"The verdicts on all claims at scale {scale}",
        f"Figure fig2 at scale {scale}: every training seed",
        f"The numbers that figure fig2 draws at scale {scale}",
        f"A table of measures at scale {scale}",
        f"rebuilt and decided at scale {scale}",
    ):
        assert words in text
    for category in ("Figures", "Tables", "Verdicts"):
        assert f'"{category}"' in text
    assert re.search(r'"labels": {"table": "measures", "of": "one_layer", "scale": "\w+"}', text)
    assert not re.search(r'<(link|script|img)[^>]*(src|href)="(https?:)?//', text)


# The virtual environment


def test_a_moved_checkout_is_set_up_again(tmp_path):
    for name in ("Makefile", "requirements.lock"):
        shutil.copy2(ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    stamp = tmp_path / ".venv/.installed"
    for written, says in ((f"{tmp_path}\n", "Nothing to be done"), ("/elsewhere\n", "-m venv --clear")):
        stamp.write_text(written)
        done = subprocess.run(["make", "-n", "setup"], cwd=tmp_path, capture_output=True, text=True)
        assert says in done.stdout
