"""Training: a pure function of settings and seed; killed and resumed; diverged runs recorded."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from conftest import environment, run

from icgd.config import Model, Optimiser, Settings, Task, Training
from icgd.errors import IcgdError
from icgd.files import read_table
from icgd.training import checkpoint, job, loop, points

SETTINGS = Settings(
    task=Task(inputs=3, context=5),
    model=Model(init_variance=0.5),
    optimiser=Optimiser(learning_rate=0.01, clip_norm=1.0),
    training=Training(steps=60, batch=64, every=20, history_tasks=200),
)


def varied(**training):
    return SETTINGS.at({f"training.{name}": value for name, value in training.items()})


def test_training_lowers_the_loss_and_keeps_a_history():
    history = loop.train(varied(steps=600), [0])[0].history
    assert [row["step"] for row in history[:3]] == [0, 20, 40]
    assert history[-1]["evaluation_loss"] < 0.8 * history[0]["evaluation_loss"]
    assert history[-1]["model_cos"] > 0.9


def test_chunks_do_not_matter():
    ours, theirs = (loop.train(one, [1])[0].weights for one in (SETTINGS, varied(every=60)))
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_seeds_differ():
    weights = [loop.train(SETTINGS, [seed])[0].weights["0/query"] for seed in (0, 1)]
    assert not np.array_equal(*weights)


def test_seeds_side_by_side_train_as_alone():
    together = loop.train(SETTINGS, [0, 1, 2])
    for seed, ours in enumerate(together):
        theirs = loop.train(SETTINGS, [seed])[0]
        for name, matrix in ours.weights.items():
            np.testing.assert_allclose(matrix, theirs.weights[name], rtol=1e-3, atol=1e-5)
        losses = [[row["evaluation_loss"] for row in run.history] for run in (ours, theirs)]
        np.testing.assert_allclose(*losses, rtol=1e-4)


def test_snapshots_are_the_weights_on_the_way(tmp_path):
    run = loop.train(varied(snapshots=3), [0])[0]
    assert list(run.snapshots) == [20, 40, 60]
    shorter = loop.train(varied(steps=40), [0])[0]
    for name, matrix in shorter.weights.items():
        np.testing.assert_array_equal(run.snapshots[40][name], matrix)
    checkpoint.save(tmp_path / "weights.npz", run.arrays())
    last, kept = checkpoint.parted(checkpoint.load(tmp_path / "weights.npz")[0])
    np.testing.assert_array_equal(kept["0/query"][-1], last["0/query"])
    np.testing.assert_array_equal(kept["step"], [20, 40, 60])


@pytest.mark.parametrize("batch", [64, 32])
def test_a_fixed_training_set_is_learnt_by_heart(batch):
    rows = loop.train(varied(fixed_tasks=64, batch=batch, steps=400), [0])[0].history
    assert rows[-1]["training_loss"] < 0.8 * rows[-1]["evaluation_loss"]


def test_the_history_says_how_high_the_loss_went():
    rows = loop.train(SETTINGS, [0])[0].history
    assert all(row["largest_loss"] >= row["training_loss"] for row in rows[1:])


def test_seeds_side_by_side_resume_to_the_same_bits(tmp_path):
    path = tmp_path / "unfinished.npz"

    def stop(row, left, rate):
        if row["step"] == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(SETTINGS, [0, 1], path, stop)
    for ours, theirs in zip(loop.train(SETTINGS, [0, 1], path), loop.train(SETTINGS, [0, 1]), strict=True):
        assert all(np.array_equal(ours.weights[name], theirs.weights[name]) for name in ours.weights)


def test_one_diverged_seed_does_not_end_the_others():
    progress = loop.Progress([[{"step": 0}], [{"step": 0}]], [None, None])
    progress.add([{"step": 10, "training_loss": 0.1}, {"step": 10, "training_loss": float("nan")}])
    progress.add([{"step": 20, "training_loss": 0.1}, {"step": 20, "training_loss": float("nan")}])
    assert progress.diverged == [None, 10] and progress.step == 20
    assert [len(history) for history in progress.histories] == [3, 1]


def test_killed_and_resumed_gives_the_same_bits(slow_checkout):
    command = [sys.executable, "-m", "icgd", "train", "one_layer", "--seed", "0", "--scale", "smoke"]
    folder = slow_checkout / "results" / "smoke" / "one_layer" / "seed-0"
    process = subprocess.Popen(command, cwd=slow_checkout, env=environment(), stderr=subprocess.DEVNULL)
    while not (folder / "unfinished.npz").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (folder / "weights.npz").exists()
    run(*command, folder=slow_checkout)
    resumed = [(folder / name).read_bytes() for name in ("weights.npz", "history.csv")]
    assert not (folder / "unfinished.npz").exists()
    (folder / "weights.npz").unlink()
    run(*command, folder=slow_checkout)
    assert [(folder / name).read_bytes() for name in ("weights.npz", "history.csv")] == resumed


@pytest.fixture
def several(tmp_path, monkeypatch):
    """Settings with two points, one of which diverges, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    rates = [{"optimiser.learning_rate": 0.01}, {"optimiser.learning_rate": 1e12}]
    return SETTINGS.model_copy(
        update={"optimiser": Optimiser(clip_norm=1e12), "points": tuple(rates), "seeds": 1}
    )


def test_all_points_are_trained_as_each_alone(several):
    job.train("rates", several, "quick", [3])
    found, about = points.load(Path("results/quick/sweeps/rates/seed-3.npz"))
    for point, one in zip(several.points, found, strict=True):
        alone = loop.train(several.at(point), [3])[0]
        assert one.diverged_at == alone.diverged_at
        assert all(np.array_equal(one.weights[name], alone.weights[name], True) for name in alone.weights)
    assert [one.diverged_at for one in found] == [None, 20]
    assert about == {"settings": several.of_training, "seed": 3}
    table = read_table("results/quick/sweeps/rates/seed-3.csv", ("spikes", "groks", "last_evaluation_loss"))
    assert [row["diverged_at"] for row in table] == ["", "20"]


def test_points_stopped_on_the_way_resume_to_the_same_bits(several, monkeypatch):
    path = Path("results/quick/sweeps/rates/seed-3.npz")
    job.train("rates", several, "quick", [3])
    whole = path.read_bytes()
    path.unlink()
    calls, train = [], loop.train

    def stopping(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return train(*arguments)

    monkeypatch.setattr(loop, "train", stopping)
    with pytest.raises(KeyboardInterrupt):
        job.train("rates", several, "quick", [3])
    job.train("rates", several, "quick", [3])
    assert len(calls) == 3 and path.read_bytes() == whole and not path.with_suffix("").exists()


def test_weights_at_full_scale_name_a_clean_revision(several, monkeypatch):
    monkeypatch.setattr(job.record, "revision", lambda: "0123456789ab+")
    with pytest.raises(IcgdError, match="commit them"):
        job.train("rates", several, "full", [0])


def test_an_unfinished_run_with_other_settings_is_refused(tmp_path):
    path = tmp_path / "unfinished.npz"
    checkpoint.save(path, {"leaf0": np.zeros(1)}, progress=[[[]], [None]], about={"settings": "others"})
    with pytest.raises(IcgdError, match="other settings"):
        loop.train(SETTINGS, [0], unfinished=path)


def test_a_diverged_run_says_when():
    wild = SETTINGS.at({"optimiser.learning_rate": 1e12, "optimiser.clip_norm": 1e12})
    finished = loop.train(wild, [0])[0]
    assert finished.diverged_at is not None
    assert all(np.isfinite(row["evaluation_loss"]) or row["step"] for row in finished.history)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # NumPy leaves it open
def test_a_truncated_file_is_named(tmp_path):
    path = tmp_path / "weights.npz"
    checkpoint.save(path, {"0/query": jnp.zeros((1, 2, 2))}, diverged_at=None)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(IcgdError, match="weights.npz is not a whole"):
        checkpoint.load(path)
