"""A job that a server forks does what it does alone."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from conftest import ROOT, environment, run

from icgd import forkserver

TRAIN = (sys.executable, "-m", "icgd", "train", "one_layer", "--seed", "0", "--scale", "smoke")
PATIENCE = 60.0  # seconds, on a machine with other work


@pytest.fixture
def server(monkeypatch):
    """A server of this process, which jobs started by the test find in their environment."""
    monkeypatch.setenv(forkserver.VARIABLE, "")
    started = forkserver.start(ROOT / "src")
    yield psutil.Process(started.pid)
    started.stdin.close()
    assert started.wait(PATIENCE) == 0


def alone(*command, folder):
    """The same command by a process of its own."""
    apart = {**environment(), forkserver.VARIABLE: ""}
    return subprocess.run(command, cwd=folder, env=apart, capture_output=True, text=True)


def at_work(server):
    """The server's fork, as soon as it has taken over its job: then it has a thread that watches the job."""
    until = time.monotonic() + PATIENCE
    while not (found := [fork for fork in server.children() if fork.num_threads() > 1]):
        assert time.monotonic() < until
        time.sleep(0.02)
    return found[0]


def test_a_fork_writes_the_same_bytes_and_record(server, slow_checkout):
    folder = slow_checkout / "results" / "smoke" / "one_layer" / "seed-0"
    forked = run(*TRAIN, folder=slow_checkout)
    assert server.num_threads() == 1  # only such a process may be forked
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "weights.npz").unlink()
    own = alone(*TRAIN, folder=slow_checkout)
    second = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert "step    400" in forked.stderr and "step    400" in own.stderr
    assert first.keys() == second.keys() and len(first) == 3
    for name, content in first.items():
        if name.endswith(".json"):
            content, second[name] = (without_times(text) for text in (content, second[name]))
        assert content == second[name], name


def without_times(record):
    """The lines of a record but for its times, and the sum over the record, which counts them."""
    times = ("wall_s", "cpu_s", '"record"')
    return [line for line in record.decode().splitlines() if not any(name in line for name in times)]


@pytest.mark.parametrize("bad", [("--seed", "none"), ("--scale", "huge"), ("--settings", "{}")])
def test_a_fork_refuses_what_a_process_refuses(server, slow_checkout, bad):
    forked, own = (
        run(*TRAIN, *bad, folder=slow_checkout, check=False),
        alone(*TRAIN, *bad, folder=slow_checkout),
    )
    assert (forked.returncode, forked.stderr) == (own.returncode, own.stderr)
    assert forked.returncode == 2 and own.stderr


def test_a_fork_ends_with_the_job_that_asked(server, slow_checkout):
    job = subprocess.Popen(TRAIN, cwd=slow_checkout, env=environment(), stderr=subprocess.DEVNULL)
    fork = at_work(server)
    job.send_signal(signal.SIGKILL)
    job.wait()
    fork.wait(PATIENCE)
    assert not (slow_checkout / "results/smoke/one_layer/seed-0/weights.npz").exists()


def test_an_interrupted_fork_says_so(server, slow_checkout):
    job = subprocess.Popen(TRAIN, cwd=slow_checkout, env=environment(), stderr=subprocess.PIPE, text=True)
    fork = at_work(server)
    while not (slow_checkout / "results/smoke/one_layer/seed-0/unfinished.npz").exists():
        assert job.poll() is None
        time.sleep(0.02)
    for process in (job, fork):  # as Ctrl-C does
        process.send_signal(signal.SIGINT)
    said = job.communicate(timeout=PATIENCE)[1]
    assert said.endswith("stopped; run the same command again to go on.\n") and "Traceback" not in said
    assert job.returncode == 130


def test_a_killed_fork_fails_its_job(server, slow_checkout):
    job = subprocess.Popen(TRAIN, cwd=slow_checkout, env=environment(), stderr=subprocess.PIPE, text=True)
    at_work(server).kill()
    assert job.communicate(timeout=PATIENCE)[1].endswith("the job was killed; run the same command again.\n")
    assert job.returncode == 137


def test_a_job_runs_alone_where_no_server_is_its_own(server, monkeypatch):
    address = os.environ[forkserver.VARIABLE].rpartition(":")[2]
    monkeypatch.setenv(forkserver.VARIABLE, f"/another/environment:{address}")
    assert forkserver.hand_over(["train"]) is None
    monkeypatch.setenv(forkserver.VARIABLE, f"{sys.prefix}:{address}-gone")
    assert forkserver.hand_over(["train"]) is None
    monkeypatch.delenv(forkserver.VARIABLE)
    assert forkserver.hand_over(["train"]) is None


def test_a_job_runs_alone_where_the_server_cannot_start(monkeypatch, tmp_path):
    monkeypatch.setenv(forkserver.VARIABLE, "")
    (tmp_path / "icgd").symlink_to(ROOT / "src" / "icgd")
    (tmp_path / "flax.py").write_text("raise ImportError")
    started = forkserver.start(tmp_path)
    assert forkserver.hand_over(["train"]) is None
    started.stdin.close()
    assert started.wait(PATIENCE) == 1


def test_a_server_leaves_nothing_behind(monkeypatch):
    monkeypatch.setenv(forkserver.VARIABLE, "")
    started = forkserver.start(ROOT / "src")
    socket = os.environ[forkserver.VARIABLE].rpartition(":")[2]
    assert os.path.exists(socket)
    started.stdin.close()
    assert started.wait(PATIENCE) == 0 and not os.path.exists(os.path.dirname(socket))
