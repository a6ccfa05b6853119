"""The house has floors: imports of the package go down only, and never round in a circle."""

import ast
from graphlib import TopologicalSorter

import pytest
from conftest import ROOT

from icgd.record import ROOMS

FLOORS = (  # from the bottom up; a module that is named stands above the rest of its room
    ("", "errors", "files", "paths", "progress", "dictionary", "environment"),
    ("config", "random", "batched", "record"),
    ("tasks",),
    ("models",),
    ("training",),
    ("references",),
    ("measures", "statements"),
    ("training.problem", "training.steps", "training.loop", "training.program", "training.job"),
    ("figures", "claims", "plan", "expected"),
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


def imported(tree):
    """Modules of the package that a file, or a function of it, imports, anywhere in it."""
    for node in ast.walk(tree):
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


IMPORTS = {
    module: set(imported(ast.parse(path.read_text("utf-8")))) - {module} for module, path in MODULES.items()
}


def test_every_module_has_a_floor():
    assert all(floor(module) is not None for module in MODULES)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_go_down(module):
    assert [name for name in IMPORTS[module] if floor(name) > floor(module)] == []


def test_no_import_runs_in_a_circle():
    TopologicalSorter(IMPORTS).prepare()  # raises CycleError, which names the circle


PLAIN = {"", "config", "dictionary", "environment", "errors", "files", "paths", "progress", "record"}
OUTSIDE = {  # what a command imports and none of its numbers comes from, beside `PLAIN`
    "released": {"training"},  # it is asked for the program's hash
    "measure": {"claims", "figures", "plan"},  # what is asked; its digest stands in the settings
    "statement": {"measures.request"},  # names of columns
    # weights and seeds are read, words are parsed; what blocks.py measures with is not called
    "figure": {"training", "batched", "tasks", "random", "models"}
    | {f"measures.{name}" for name in ("naming", "network", "products", "request", "sequences", "sets")},
    "decide": {"audit.compared"},  # says what changed, on the screen
    "site": {"references", "measures", "models", "tasks", "training", "batched", "random"},  # by figures
}


def within(module, names):
    """Is it one of some files and folders, or in one of them?"""
    return any(module == name or module.startswith(f"{name}.") for name in names)


def starts(command):
    """Modules that a command imports when it is chosen; of statements all, as they are found by name."""
    tree = ast.parse(MODULES["__main__"].read_text("utf-8"))
    body = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == command)
    found = set(imported(body))
    return found | {name for name in MODULES if within(name, {"statements"} & found)}


def closure(modules, outside):
    """They, and all that they import, but for what is outside, whose imports are not followed."""
    found, todo = set(), set(modules)
    while todo:
        new = {name for name in todo if name not in found and not within(name, outside)}
        found |= new
        todo = set().union(*(IMPORTS[name] for name in new))
    return found


@pytest.mark.parametrize("command", sorted(OUTSIDE))
def test_a_room_has_whatever_makes_the_numbers(command):
    room = {name.removesuffix(".py").replace("/", ".") for name in ROOMS[command]}
    packages = {name for name in MODULES if MODULES[name].name == "__init__.py"}  # most: a docstring
    found = closure(starts(command), PLAIN | (OUTSIDE[command] - room))
    assert sorted(name for name in found if not within(name, room) and name not in packages) == []


def test_the_room_of_training_is_compared_by_its_program():
    assert set(ROOMS) == {*OUTSIDE, "train"}  # tests/test_program.py
