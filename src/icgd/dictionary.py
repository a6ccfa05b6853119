"""The data dictionary: names, docstrings and tolerances of all that rules may name, read from the source.

Read with `ast`, so that planning and checking claims need neither JAX nor the modules themselves:
- ``@measure``, ``@measure(tolerance=1e-3)``: a measure of trained networks; its module is its kind;
- ``@predictor("gd")``: what can be a subject or reference; its parameters after the first are faults of it;
- ``@fault("tilted", of="weights")``: what can be wrong with a predictor;
- ``@statement(...)``: a measure, or several, of a table that needs no trained network.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent
TOLERANCE = 1e-5  # relative, within which a rebuild must agree


class Entry(NamedTuple):
    """One name and what it means."""

    name: str
    kind: str  # module, or for a statement its table
    text: str
    tolerance: float = TOLERANCE
    subjects: dict[str, str] = {}  # of statements: their controls, with a few words on each


@cache
def measures() -> dict[str, Entry]:
    """Measures of trained networks by name."""
    found = {}
    for path, function, options in _decorated("measures", "measure"):
        found[function.name] = Entry(
            function.name, path.stem, _text(function), options.get("tolerance", TOLERANCE)
        )
    return found


@cache
def predictors() -> dict[str, Entry]:
    """Predictors that are functions (K-step methods come from their table)."""
    found = {}
    for path, function, options in _decorated("measures", "predictor"):
        found[options[0]] = Entry(options[0], path.stem, _text(function))
    return found


@cache
def faults() -> dict[str, Entry]:
    """Faults by name: of any predictor, and parameters of single ones."""
    found = {}
    for path, function, _ in _decorated("measures", "predictor"):
        for argument in (word for word in function.args.args[1:] if word.arg != "of"):
            found[argument.arg] = Entry(argument.arg, path.stem, f"its {argument.arg} changed")
    for path, function, options in _decorated("measures", "fault"):
        found[options[0]] = Entry(options[0], path.stem, _text(function))
    return found


@cache
def statements() -> dict[str, Entry]:
    """Measures of statements, all tables together, by "table measure"."""
    found = {}
    for path, function, options in _decorated("statements", "statement"):
        table = path.relative_to(PACKAGE / "statements").parts[0].removesuffix(".py")
        texts = options.get("measures") or {function.name: _text(function)}
        tolerance, subjects = options.get("tolerance", TOLERANCE), options.get("subjects", {})
        for name, text in texts.items():
            own = (
                subjects.get(name, subjects)
                if isinstance(next(iter(subjects.values()), ""), dict)
                else subjects
            )
            known = tolerance.get(name, TOLERANCE) if isinstance(tolerance, dict) else tolerance
            found[f"{table} {name}"] = Entry(name, table, text, known, own)
    return found


def _decorated(folder: str, decorator: str) -> Iterator[tuple[Path, ast.FunctionDef, dict]]:
    """(file, function, decorator's literal arguments by name or position) below a folder."""
    for path, tree in _trees(folder):
        for function in ast.walk(tree):
            for one in getattr(function, "decorator_list", ()):
                call = one if isinstance(one, ast.Call) else None
                name = call.func if call else one
                if isinstance(name, ast.Name) and name.id == decorator:
                    options = (
                        {index: ast.literal_eval(value) for index, value in enumerate(call.args)}
                        if call
                        else {}
                    )
                    named = {word.arg: ast.literal_eval(word.value) for word in call.keywords} if call else {}
                    yield path, function, {**options, **named}


@cache
def _trees(folder: str) -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text("utf-8"))) for path in sorted((PACKAGE / folder).rglob("*.py"))]


def _text(function: ast.FunctionDef) -> str:
    """First line of a docstring."""
    return (ast.get_docstring(function) or function.name.replace("_", " ")).splitlines()[0]
