"""The house has floors: imports of the package go down only, and never round in a circle."""

import ast
from graphlib import TopologicalSorter

import pytest
from conftest import ROOT

FLOORS = (  # from the bottom up; a module that is named stands above the rest of its room
    ("", "errors", "files", "paths", "progress", "display", "dictionary", "environment"),
    ("config", "random", "batched", "record"),
    ("tasks",),
    ("models",),
    ("training",),
    ("references",),
    ("measures", "statements"),
    ("training.problem", "training.steps", "training.loop", "training.program", "training.job"),
    ("figures", "claims", "plan", "expected", "display"),
    ("audit",),
    ("api", "cards", "crate", "documents", "results"),
    ("site", "__main__"),
)
SOURCE = ROOT / "src" / "icgd"
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix("__init__").rstrip("."): path
    for path in SOURCE.rglob("*.py")
}


def floor(module):
    """Number of the floor that a module is on."""
    parts = module.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next(n for name in names for n, floor in enumerate(FLOORS) if name in floor)


def imported(path):
    """Modules of the package that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            name = name.removeprefix("icgd").removeprefix(".") if name.split(".")[0] == "icgd" else None
            if name is not None:
                yield name if name in MODULES else name.rpartition(".")[0]


IMPORTS = {module: set(imported(path)) - {module} for module, path in MODULES.items()}


def test_every_module_has_a_floor():
    assert all(floor(module) is not None for module in MODULES)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_go_down(module):
    assert [name for name in IMPORTS[module] if floor(name) > floor(module)] == []


def test_no_import_runs_in_a_circle():
    TopologicalSorter(IMPORTS).prepare()  # raises CycleError, which names the circle
