"""The hash of training's compiled program: refactors leave it as it is, faults do not."""

import json
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT, environment

from icgd import record
from icgd.audit import programs

NAMES = ("one_layer", "two_recurrent")
LOWER = """
import json, sys
from icgd import config
from icgd.training import program
found = config.load()
print(json.dumps({name: program.programs(found.settings(name, "full")) for name in sys.argv[1:]}))
"""
IMPORTED = """
import sys
from icgd.training import program
print(*(name for name in sys.modules if name.startswith("icgd.")))
"""
LIGHT = {"icgd.errors", "icgd.files"}  # they compute nothing
SANDWICH = """import jax

from icgd import batched


def squeezed(kq: jax.Array, gram: jax.Array, pv: jax.Array) -> jax.Array:
    return batched.shared(kq.T, batched.shared_right(gram, pv))
"""
REFACTORS = (  # file, what is there, what comes in its place
    ("training/steps.py", "slope", "steepness"),  # a local
    ("training/engine.py", "_read_out", "_last_entry"),  # a helper
    ("training/steps.py", "many", "several"),  # a jitted function
    (
        "training/engine.py",
        "def _sandwich",
        "def unused",
    ),  # a function moved to a new module, by another name
    ("training/engine.py", "_sandwich(", "sandwiches.squeezed("),
    ("training/engine.py", "import batched\n", "import batched\nfrom icgd.training import sandwiches\n"),
    (
        "tasks/sample.py",  # a branch for another family
        '    if task.family == "sine":',
        '    if task.family == "walk":\n        return None\n    if task.family == "sine":',
    ),
    ("training/checkpoint.py", "is missing; train it", "is not there; make it"),  # words of an error
    ("__main__.py", "train a seed of", "teach a seed of"),  # words of a help
)
FAULTS = {
    "rate": ("training/steps.py", "= chosen.learning_rate,", "= 3 * chosen.learning_rate,"),
    "same batch at each step": ("training/steps.py", "fold_in(key, index)", "fold_in(key, 0)"),
    "labels shuffled": ("tasks/linear.py", "targets = y[:-1]", "targets = y[:-1][::-1]"),
    "other streams": ("training/steps.py", "training data{", "training tasks{"),
    "sum over blocks": ("training/steps.py", "jnp.mean(x, axis=0)", "jnp.sum(x, axis=0)"),
}


def python(source, text, *arguments):
    """What a program prints that runs with the package in a folder."""
    options = {"cwd": ROOT, "env": {**environment(), "PYTHONPATH": str(source)}, "capture_output": True}
    done = subprocess.run([sys.executable, "-c", text, *arguments], text=True, **options)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def source(tmp_path):
    """A copy of the package's source that may be edited."""
    return shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))


def edit(source, name, old, new):
    """Replace a text in a file of a copy."""
    path = source / "icgd" / name
    text = path.read_text()
    assert old in text, (name, old)
    path.write_text(text.replace(old, new))


def attested():
    """The attested programs of `NAMES`."""
    return {name: programs.attested()["programs"][name] for name in NAMES}


def test_refactors_leave_the_program_as_it_is(source):
    (source / "icgd" / "training" / "sandwiches.py").write_text(SANDWICH)
    for refactor in REFACTORS:
        edit(source, *refactor)
    assert json.loads(python(source, LOWER, *NAMES)) == attested()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_changes_the_program(source, fault):
    edit(source, *FAULTS[fault])
    found = json.loads(python(source, LOWER, *NAMES))
    assert all(found[name]["training"] != attested()[name]["training"] for name in NAMES)


def test_every_program_is_another_one():
    words = [programs.word(found) for found in programs.attested()["programs"].values()]
    assert len(set(words)) == len(words)


def test_the_hash_of_the_source_covers_what_a_program_is_made_of():
    modules = set(python(ROOT / "src", IMPORTED).split()) - LIGHT
    files = [name.removeprefix("icgd.").replace(".", "/") for name in modules]
    rooms = {name.removesuffix(".py") for name in record.TRAINING}
    packages = {"measures", "references"}  # whose own names no program uses
    assert [name for name in files if not {name, name.split("/")[0]} & (rooms | packages & {name})] == []
