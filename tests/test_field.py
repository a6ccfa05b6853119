"""Cases from the field, each with its kind: what others who do this kind of job have run into.

Those that other files test already: settings that reach every job, ambient JAX settings, paths with a space,
failing pipes, deleted outputs, unknown names, moved checkouts (test_workflow); another repository's revision,
a slow git, folders that cannot be written (test_provenance); matplotlib's own settings (test_figures); a bare
Python, ASCII (test_audit).
"""

import subprocess
import sys

import pytest
import yaml
from conftest import ROOT, run

from icgd import config, plan
from icgd.audit import stale, verify
from icgd.claims import registry
from icgd.errors import IcgdError
from icgd.files import read_json, read_yaml
from icgd.measures.request import Request
from icgd.tasks import published


def changed(name, **settings):
    """The committed configuration with other settings of one experiment."""
    values = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
    values["experiments"][name] |= settings
    return config.from_mapping(values, "config.yaml")


def asked(monkeypatch, *words):
    """Only this is asked of one_layer."""
    monkeypatch.setattr(plan, "requests", lambda: {"one_layer": [Request(*words)]})


DEEP = ("loss_ratio", "network", "gd_plus_plus shared", "fresh")


@pytest.mark.parametrize(
    ("task", "model", "words", "says"),
    [
        ({"input_range": 2.0}, {"layers": 2}, DEEP, "optima of K-step methods are of d = 10"),
        ({"inputs": 5}, {"layers": 2}, DEEP, "optima of K-step methods are of d = 10"),
        ({"label_noise": 0.5}, {"layers": 2}, DEEP, "without noise"),
        ({"teacher_mean": 1.0}, {"layers": 2}, DEEP, "optima of K-step methods"),
        ({"input_scales": [1.0] * 9 + [0.5]}, {"layers": 2}, DEEP, "optima of K-step methods"),
        ({}, {"layers": 4}, DEEP, "optima are of 1, 2, 3, 5, 10, 12 layers"),
        ({"context": 40}, {"layers": 3}, DEEP, "optima of other contexts are of 2 layers"),
        (
            {"inputs": 5},
            {},
            ("loss", "gd published", "", "fresh"),
            "published tasks and rate are of d = N = 10",
        ),
        (
            {"inputs": 7},
            {},
            ("loss", "network", "", "published"),
            "published tasks and rate are of d = N = 10",
        ),
        ({}, {"heads": 3}, ("rate_over_optimal", "network"), "only linear layers of one head"),
        (
            {},
            {"softmax_layers": 1},
            ("minimum_at", "network", "", "fresh", "roll_out 1"),
            "only linear layers",
        ),
        ({}, {"include_query": True}, ("step", "network"), "only linear layers of one head"),
        ({}, {"layer_norm": "every"}, ("barrier", "network", "", "fresh", "path gd"), "only linear layers"),
        ({}, {}, ("start_loss", "network", "", "fresh"), "networks on sine waves"),
    ],
)
def test_a_reference_of_another_problem_is_refused_before_anything_trains(
    monkeypatch, task, model, words, says
):
    asked(monkeypatch, *words)
    found = changed("one_layer", task={"inputs": 10, "context": 10, **task}, model=model)
    with pytest.raises(IcgdError, match=says):
        plan.check_possible(found)


def test_what_is_asked_can_be_answered_and_the_plan_knows_the_optima():
    plan.check_possible(config.load())
    assert (published.INPUTS, published.CONTEXT) == (10, 10)


@pytest.mark.parametrize(
    "name", ["config.yaml", "claims/lesswrong.yaml", "claims/coverage/lesswrong-thread.yaml"]
)
def test_a_key_that_stands_twice_is_refused_with_its_line(tmp_path, name):
    path = tmp_path / "twice.yaml"
    path.write_text((ROOT / name).read_text("utf-8") + "\n", "utf-8")
    read_yaml(path)  # merges (<<:) and anchors are allowed
    path.write_text("one_layer:\n  seeds: 1\nother: {<<: {a: 1}, a: 2}\none_layer:\n  seeds: 2\n", "utf-8")
    with pytest.raises(IcgdError, match=r"twice.yaml, line 4: the key 'one_layer' stands twice"):
        read_yaml(path)


def test_a_key_twice_stops_the_plan(tmp_path):
    text = (ROOT / "config.yaml").read_text("utf-8")
    (tmp_path / "config.yaml").write_text(f"{text}\nfigures: null\nfigures: null\n", "utf-8")
    for name in ("claims", "published"):
        (tmp_path / name).symlink_to(ROOT / name)
    arguments = ("-n", "-q", "-s", str(ROOT / "Snakefile"), "-d", str(tmp_path))
    done = run("snakemake", *arguments, folder=tmp_path, check=False)
    assert done.returncode != 0 and "the key 'figures' stands twice" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "settings", [{"seeds": 11}, {"optimiser": {"learning_rate": 5e-4}}, {"training": {"steps": 4000}}]
)
def test_an_audit_says_which_results_an_edited_setting_leaves_behind(monkeypatch, settings):
    found = read_json(ROOT / "results/full/verdicts.json")["vo22-17"]
    today = changed("one_layer", **settings)
    monkeypatch.setattr("icgd.audit.today.current", lambda: today)
    told = " ".join(stale.reasons(found))
    assert "results/full/one_layer/measures.csv was made with other settings than today's" in told


def test_an_audit_says_that_a_rule_was_edited_since():
    found = {**read_json(ROOT / "results/full/verdicts.json")["vo22-17"], "rule_hash": "0" * 12}
    assert any(
        f"its rule is {registry.claim('vo22-17').rule_hash} now" in why for why in stale.reasons(found)
    )


def test_no_checkout_turns_line_ends():
    named = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    kinds = {name.rpartition(".")[2]: name for name in named.split()}
    words = ["git", "-c", "core.autocrlf=true", "check-attr", "text", "eol", "--", *kinds.values()]
    found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for kind, name in kinds.items():
        binary = kind in ("npz", "png")
        assert (f"{name}: text: unset" if binary else f"{name}: eol: lf") in found, name


USERS = ("text.usetex: True", "savefig.dpi: 300", "font.size: 20", "backend: nonsense")


@pytest.mark.parametrize("line", USERS)
def test_no_matplotlibrc_stops_or_changes_a_figure(tmp_path, line):
    (tmp_path / "matplotlibrc").write_text(f"{line}\n")
    code = (
        "from icgd.figures import style\n"
        "import matplotlib\n"
        "names = 'text.usetex', 'savefig.dpi', 'font.size'\n"
        "with style.theme(): print([matplotlib.rcParams[name] for name in names])\n"
        "print(matplotlib.get_backend().lower())"
    )
    told = {"MATPLOTLIBRC": str(tmp_path), "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    done = run(sys.executable, "-c", code, **told)
    assert done.stdout.startswith("[False, 'figure', 7.68") and done.stdout.endswith("\nagg\n")


def test_a_long_folder_for_temporary_files_is_no_trouble(tmp_path):
    long = tmp_path / ("temporary" * 12)
    long.mkdir()
    assert len(str(long)) > 100
    command = (sys.executable, "-m", "icgd", "train", "one_layer", "--seed", "0", "--scale", "smoke")
    for name in ("config.yaml", "claims", "published"):
        (tmp_path / name).symlink_to(ROOT / name)
    run(*command, folder=tmp_path, TMPDIR=str(long))
    assert (tmp_path / "results/smoke/one_layer/seed-0/weights.npz").exists()


def test_the_settings_page_names_every_key_of_every_block():
    text = (ROOT / "config" / "README.md").read_text("utf-8")
    for block in (config.Task, config.Model, config.Training, config.Optimiser, config.Evaluation):
        assert [key for key in block.model_fields if f"`{key}`" not in text] == []


def test_quick_verdicts_of_means_say_how_many_seeds_a_mean_needs():
    from icgd.claims import verdict

    rule = registry.claim("vo22-17").parts[0]
    found = verdict.decide([1.0, 1.0, 1.0], rule)
    assert found.reason == "3 units; a mean is decided on 5 or more"
    word, reason = verdict.at_scale(found, [], rule, "quick")
    assert word == "indicative" and "would be inconclusive" in reason and "5 or more" in reason


def test_another_working_folder_is_told_all_that_it_lacks_at_once(tmp_path):
    plan_there = (
        "snakemake",
        "-s",
        str(ROOT / "Snakefile"),
        "-d",
        str(tmp_path),
        "-n",
        "--config",
        "scale=smoke",
    )
    done = run(*plan_there, check=False)
    (sentence,) = [line for line in (done.stdout + done.stderr).splitlines() if " lacks " in line]
    assert done.returncode == 1 and "config.yaml, claims, published, which" in sentence
    run(*sentence.partition("checkout has: ")[2].split(), folder=tmp_path)
    run(*plan_there)


def test_a_checkout_that_cannot_be_written_is_verified_all_the_same(monkeypatch, capsys):
    def refused(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(verify.os, "utime", refused)
    verify.settle([verify.Finding(ROOT / "LICENSE", verify.GOOD)])
    assert capsys.readouterr().out.startswith("modification times could not be set here")
