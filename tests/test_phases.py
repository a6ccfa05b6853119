"""Courses of training, references off the base setting, sweeps: what the measures say of known cases."""

import copy
import subprocess
import sys

import jax
import numpy as np
import pytest
import yaml
from conftest import ROOT, environment

from icgd import checking, config, verification
from icgd.analysis import course, learnt, points
from icgd.analysis.course import Course
from icgd.cli import runs
from icgd.config import Task
from icgd.errors import IcgdError
from icgd.files import read_table
from icgd.references import closed_form, gradient_descent, preconditioned
from icgd.tasks import sampling

SMALL = {
    "about": "two small points",
    "task": {"inputs": 10, "context": 10},
    "training": {"steps": 40, "batch": 32, "every": 20, "history_tasks": 100},
    "evaluation": {"tasks": 200},
    "axes": {"optimiser.learning_rate": ["1e-3", 3.0e-3]},
    "seeds": 1,
}


def of_corners(*corners):
    return runs.of_corners(corners)


def test_a_plateau_is_found_with_its_length_and_level():
    went = of_corners((0, 0.41), (300, 0.39), (5000, 0.389), (5300, 0.205), (20_000, 0.205))
    steps, level = course.plateau(went, 0.2047)
    assert steps == pytest.approx(4700, abs=200) and level == pytest.approx(0.3895, rel=0.002)
    assert course.first_below(went, 1.05 * 0.2047) == pytest.approx(5300, abs=100)
    assert course.plateau(of_corners((0, 0.41), (400, 0.205), (20_000, 0.205)), 0.2047) is None


def test_a_delayed_course_arrives_later_by_the_delay():
    went = of_corners((0, 0.41), (1000, 0.2), (20_000, 0.2))
    late = course.delayed(went, 1000)
    assert course.first_below(late, 0.21) == course.first_below(went, 0.21) + 1000
    assert course.first_below(went, 0.1) == went.step[-1] + 1


def test_spikes_and_grokking_are_told_from_near_misses():
    assert [course.spikes(runs.with_spikes(count)) for count in (0, 1, 4)] == [0, 1, 4]
    ends = runs.breaking()
    assert {name: course.breaks_off(went, 20_000) for name, went in ends.items()} == {
        "line_missing": True,
        "thousandfold_spike": False,
    }
    corners = (runs.published(), runs.SMALL_RISE, runs.SLOW_DROP)
    assert [course.rise_and_drop(of_corners(*one))["groks"] for one in corners] == [1.0, 0.0, 0.0]
    falling = of_corners((0, 0.41), (500, 0.2), (20_000, 0.2))
    spiked = falling.evaluation.copy()
    spiked[3] = 0.9  # one line alone is no rise
    assert not course.rise_and_drop(falling._replace(evaluation=spiked))["groks"]


@pytest.mark.parametrize(
    "task",
    [
        Task(inputs=5, context=20, distribution="normal", input_scales=(1, 1, 0.5, 0.25, 1)),
        Task(inputs=4, context=6, label_noise=0.5),
        Task(inputs=4, context=6, teacher_mean=1.0),
    ],
)
def test_the_best_map_and_rate_are_those_of_a_sample(task):
    tasks = sampling.sample(task, jax.random.key(1), 100_000)
    found = preconditioned.moments(task)
    for weights, expected in (
        (preconditioned.weights(tasks, preconditioned.best_map(found)), preconditioned.best_map(found)),
        (
            gradient_descent.one_step_weights(tasks, preconditioned.best_rate(found)),
            preconditioned.best_rate(found) * np.eye(task.inputs),
        ),
    ):
        sampled = learnt.loss(learnt.of_weights(tasks, weights), tasks)
        assert sampled == pytest.approx(preconditioned.loss(found, expected), rel=0.03)
    assert gradient_descent.sample_optimal_rate(tasks) == pytest.approx(
        preconditioned.best_rate(found), rel=0.02
    )


def test_the_best_map_is_the_known_one_for_gaussian_inputs_and_for_noise():
    task = Task(inputs=5, context=20, distribution="normal", input_scales=(1, 1, 0.5, 0.25, 1))
    found = preconditioned.moments(task)
    inverse, optimum = closed_form.anisotropic_optimum(found.inputs, 20)
    np.testing.assert_allclose(preconditioned.best_map(found), inverse, rtol=1e-12, atol=1e-12)
    assert preconditioned.loss(found, inverse) == pytest.approx(optimum, rel=1e-12)
    noisy = preconditioned.moments(Task(inputs=10, context=10, label_noise=0.5))
    rate = closed_form.optimal_rate(10, 10, closed_form.variance(1.0), noise=0.25)
    assert preconditioned.best_rate(noisy) == pytest.approx(rate, rel=1e-12)


def test_a_tilt_has_the_size_it_says():
    tasks = sampling.sample(Task(inputs=10, context=10), jax.random.key(0), 2000)
    descent = learnt.by_descent(tasks, 6.0)
    found = learnt.agreement(learnt.tilted(descent, tasks, 0.25, jax.random.key(1)), descent)
    length = float(np.mean(np.linalg.norm(descent.weights, axis=-1)))
    assert float(found["model_diff"]) == pytest.approx(0.25 * length, rel=0.2)


def settings(**changed):
    with open("config.yaml") as handle:
        values = yaml.safe_load(handle)
    return {**copy.deepcopy(values), "sweeps": {"small": {**SMALL, **changed}}}


def test_a_sweep_has_a_point_for_every_combination():
    axes = {"optimiser.learning_rate": [1.0e-3, 3.0e-3], "training.batch": [32, 64, 128]}
    swept = config.from_mapping(settings(axes=axes)).sweep(config.SweepSettings, "small", "full")
    assert len(swept.points) == 6 and swept.points[1]["training.batch"] == 64
    assert swept.at(swept.points[5]).training.batch == 128
    assert swept.at(swept.points[5]).optimiser.learning_rate == 3e-3


@pytest.mark.parametrize(
    ("axes", "says"),
    [
        ({"optimiser.learning_rat": [1e-3]}, "did you mean learning_rate"),
        ({"learning_rate": [1e-3]}, "there is no setting 'learning_rate'"),
        ({"training.batch": ["many"]}, "must be a whole number"),
        ({"training.batch": []}, "a list of values"),
    ],
)
def test_bad_axes_are_refused(axes, says):
    with pytest.raises(IcgdError, match=says):
        config.from_mapping(settings(axes=axes))


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A small sweep that was stopped after its first point and then went on, and its evaluation."""
    folder = tmp_path_factory.mktemp("sweep")
    for name in ("claims", "published"):
        (folder / name).symlink_to(ROOT / name)
    with (ROOT / "config.yaml").open() as handle:
        values = {**yaml.safe_load(handle), "sweeps": {"small": SMALL}}
    (folder / "config.yaml").write_text(yaml.safe_dump(values))

    def icgd(*arguments):
        command = (sys.executable, "-m", "icgd", *arguments, "--scale", "full")
        done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done

    icgd("sweep", "small", "--seed", "0")
    return folder, icgd


def test_a_sweep_goes_on_where_it_stopped(swept, monkeypatch):
    folder, icgd = swept
    monkeypatch.chdir(folder)
    path = folder / "results/full/sweeps/small/seed-0.npz"
    done, about = points.load(path)
    table = path.with_suffix(".csv").read_text()
    points.save(path.with_suffix("") / "unfinished.npz", done[:1], about)
    said = icgd("sweep", "small", "--seed", "0").stderr
    assert "point 2 of 2" in said and "point 1 of 2" not in said
    assert path.with_suffix(".csv").read_text() == table and not path.with_suffix("").exists()
    again, _ = points.load(path)
    for ours, theirs in zip(done, again, strict=True):
        assert all(np.array_equal(ours.weights[name], theirs.weights[name]) for name in ours.weights)


def test_the_runs_of_a_sweep_are_verified_and_checked(swept, monkeypatch, tmp_path):
    folder, icgd = swept
    monkeypatch.chdir(folder)
    icgd("runs", "small")
    found = [f for f in verification.verify(config.load(), "full") if f.path != verification.paths.HISTORY]
    assert found and all(finding.good for finding in found), found
    weights = folder / "results/full/one_layer/seed-0"
    weights.mkdir(parents=True)
    for name in ("weights.npz", "history.csv"):
        (weights / name).write_bytes(b"")
    (folder / "requirements.lock").symlink_to(ROOT / "requirements.lock")
    checking.prepare(tmp_path / "scratch")
    given = {path.name for path in (tmp_path / "scratch/results/full/sweeps/small").iterdir()}
    assert given == {"seed-0.npz", "seed-0.csv"}


def test_a_run_that_diverged_agrees_with_nothing_and_its_controls_are_measured(swept, monkeypatch):
    folder, icgd = swept
    monkeypatch.chdir(folder)
    path = folder / "results/full/sweeps/small/seed-0.npz"
    (first, last), about = points.load(path)
    lost = {name: np.full_like(array, np.nan) for name, array in last.weights.items()}
    history = {name: column[:-1] for name, column in last.history.items()}
    diverged = points.Point(lost, history, diverged_at=40)
    points.save(path, [first, diverged], about)
    icgd("runs", "small")
    rows = read_table(folder / "results/full/sweeps/small/runs.csv")
    of_lost = {(r["measure"], r["plant"]): float(r["value"]) for r in rows if r["unit"] == "point 1 seed 0"}
    assert of_lost["diverged_at", "none"] == 40 and of_lost["agrees", "none"] == 0
    assert of_lost["agrees", "hand_set"] == 1 and ("loss", "none") not in of_lost
    assert not [row for row in rows if row["unit"] == "seed 0"]  # it is no sweep over the token clip
    of_seed = {
        (row["measure"], row["plant"]): row["value"]
        for row in runs.by_seed(first, diverged, first.course.step[-1])
    }
    assert of_seed["diverges_without", "none"] == 0 and of_seed["diverges_with", "none"] == 1
    assert of_seed["spikes_without", "none"] == 0 and of_seed["spikes_without", "three_spikes"] == 3
    points.save(path, [first, last], about)


def test_a_course_of_arrays_is_that_of_rows():
    rows = [{"step": 0, "evaluation_loss": 0.4, "training_loss": float("nan"), "largest_loss": float("nan")}]
    found = course.of([{name: str(value) for name, value in row.items()} for row in rows])
    assert isinstance(found, Course) and found.evaluation[0] == 0.4
