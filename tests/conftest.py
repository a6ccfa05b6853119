"""Shared fixtures: where the repository is, copies of it, the smoke run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from icgd.environment import prepare_jax

ROOT = Path(__file__).parent.parent
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(ROOT / ".cache" / "jax"))
prepare_jax()


@pytest.fixture(autouse=True)
def at_root(monkeypatch):
    """Every test starts in the repository's root."""
    monkeypatch.chdir(ROOT)


@pytest.fixture(autouse=True, scope="module")
def forget_programs():
    """A test process that keeps the compiled programs of all files grows to several GB."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()


def environment(source: Path = ROOT) -> dict[str, str]:
    """Environment of a command line: these packages, and the code of a checkout."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(source / "src")}


def copy_checkout(target: Path, results: bool) -> Path:
    """The tracked files of this checkout, with or without the committed results."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source = ROOT / name
        if not source.is_file() and not source.is_symlink():  # deleted here
            continue
        if not results and name.startswith(("results/", "figures/")):
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target / name, follow_symlinks=False)
    return target


def run(*command: str, folder: Path = ROOT, check: bool = True, **variables) -> subprocess.CompletedProcess:
    """Run a command of the environment; its output is in the assertion when it fails."""
    options = {"capture_output": True, "text": True, "timeout": 1800}
    done = subprocess.run(command, cwd=folder, env={**environment(), **variables}, **options)
    assert not check or done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


@pytest.fixture
def slow_checkout(tmp_path):
    """Enough of a checkout to train in, with smoke runs that are long enough to be stopped on the way."""
    for name in ("claims", "published"):
        (tmp_path / name).symlink_to(ROOT / name)
    text = (ROOT / "config.yaml").read_text()
    slow = text.replace("smoke: {steps: 20, batch: 64,", "smoke: {steps: 400, batch: 256,")
    assert slow != text
    (tmp_path / "config.yaml").write_text(slow)
    return tmp_path


@pytest.fixture(scope="session")
def empty_checkout(tmp_path_factory):
    """A copy of the code without any result, in a folder whose name has a space."""
    return copy_checkout(tmp_path_factory.mktemp("empty") / "a checkout", results=False)


@pytest.fixture(scope="session")
def full_checkout(tmp_path_factory):
    """A copy of the code with the committed results."""
    return copy_checkout(tmp_path_factory.mktemp("full") / "icgd", results=True)


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A copy in whose folder .test the small pipeline has run: one experiment, one with axes, a figure."""
    folder = copy_checkout(tmp_path_factory.mktemp("small") / "a checkout", results=False)
    run("snakemake", "--cores", "2", "-d", ".test", folder=folder)
    return folder


@pytest.fixture(scope="session")
def smoke(tmp_path_factory):
    """A copy in which the whole pipeline has run at smoke scale."""
    folder = copy_checkout(tmp_path_factory.mktemp("smoke") / "icgd", results=False)
    run("snakemake", "--cores", "2", "--config", "scale=smoke", folder=folder)
    return folder
