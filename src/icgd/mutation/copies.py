"""Copies of the checkout: the unmutated one, which keeps its results, and one for each fault."""

import shutil
from pathlib import Path

import yaml

from icgd.files import read_yaml, write_text
from icgd.mutation import faults
from icgd.mutation.faults import Fault

UNMUTATED = "unmutated"
PARTS = (
    "src", "workflow", "profiles", "claims", "published", "tests", "Snakefile", "config.yaml",
    "environment.yml", "requirements.lock", "pyproject.toml",
)  # fmt: skip
UNWANTED = shutil.ignore_patterns("__pycache__", "*.part", "logs", ".cache", "log", "locks", "incomplete")


def unmutated(folder: Path) -> Path:
    """The copy without a fault, brought up to date; what it has already computed stays."""
    target = folder / UNMUTATED
    for name in PARTS:
        _replace(Path(name), target / name)
    config = faults.configured(read_yaml("config.yaml"))
    write_text(target / "config.yaml", yaml.safe_dump(config, sort_keys=False))
    return target


def with_fault(fault: Fault, folder: Path) -> Path:
    """A fresh copy of the unmutated run, its results and records included, with the fault planted.

    Results that the fault's code does not reach are so as up to date as they were; a copy left by an
    interrupted run is not gone on with, as it may mix results of both.
    """
    target = folder / fault.id
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder / UNMUTATED, target, ignore=UNWANTED)
    shutil.rmtree(target / "results" / "quick" / "claims", ignore_errors=True)  # to be decided anew
    path = target / faults.SOURCE / fault.file
    write_text(path, faults.mutated(fault, path.read_text(encoding="utf-8")))
    return target


def _replace(source: Path, target: Path) -> None:
    """A file or folder in place of what stands there."""
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, ignore=UNWANTED)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
