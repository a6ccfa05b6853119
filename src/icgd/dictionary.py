"""The data dictionary: names, docstrings and tolerances of all that rules may name, read from the source.

Read with `ast`, so that planning and checking claims need neither JAX nor the modules themselves:
- ``@measure``, ``@measure(tolerance=1e-3, absolute=1e-3, unit="steps")``: a measure of trained networks,
  within which of two differences a rebuild must agree, and its unit if it has one; its module is its kind;
- ``@predictor("gd")``: what can be a subject or reference; its parameters after the first are faults of it;
- ``@stand_in("curve smooth")``: what can be measured in the place of a history, of tokens or of attention;
- ``@fault("tilted", of="weights")``: what can be wrong with a predictor;
- ``@statement``: a measure, or several, of a table that needs no trained network; it says what they and
  their subjects are where it gives their values.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent
TOLERANCE = 1e-5  # relative, within which a rebuild must agree
ABSOLUTE = 1e-7  # differences below it are rounding
EXPLAINED = re.compile(r"(\w[\w. +-]*): (.+)")  # name, what it is


class Entry(NamedTuple):
    """One name and what it means."""

    name: str
    kind: str  # module, or for a statement its table
    text: str
    tolerance: float = TOLERANCE
    subjects: dict[str, str] = {}  # of statements: their controls, with a few words on each
    place: str = ""  # file and line of the function
    absolute: float = ABSOLUTE
    unit: str = ""


@cache
def measures() -> dict[str, Entry]:
    """Measures of trained networks by name."""
    found = {}
    for path, function, options in _decorated("measures", "measure"):
        place = _place(path, function)
        found[function.name] = Entry(function.name, path.stem, _text(function), place=place, **options)
    return found


@cache
def predictors() -> dict[str, Entry]:
    """Predictors that are functions, and what stands in for others (`icgd.measures.request` has the rest)."""
    found = {}
    for decorator in ("predictor", "stand_in"):
        for path, function, options in _decorated("measures", decorator):
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
    found, trees = {}, dict(_trees("statements"))
    for path, function, options in _decorated("statements", "statement"):
        table = path.relative_to(PACKAGE / "statements").parts[0].removesuffix(".py")
        told, subjects = _explained(function, trees[path])
        tolerance = options.get("tolerance", TOLERANCE)
        for name, text in (told or {function.name: _text(function)}).items():
            known = tolerance.get(name, TOLERANCE) if isinstance(tolerance, dict) else tolerance
            unit = options.get("unit", {}).get(name, "")
            place = _place(path, function)
            found[f"{table} {name}"] = Entry(name, table, text, known, subjects, place, unit=unit)
    return found


def entry(of: str, measure: str) -> Entry | None:
    """A measure of a table of statements, else of trained networks."""
    return statements().get(f"{of} {measure}") or measures().get(measure)


@cache
def tables() -> frozenset[str]:
    """Tables of statements."""
    return frozenset(entry.kind for entry in statements().values())


@cache
def headings() -> dict[str, str]:
    """What each module of measures is about: the first line of its docstring."""
    return {
        path.stem: ast.get_docstring(tree).splitlines()[0].rstrip(".") for path, tree in _trees("measures")
    }


def _explained(function: ast.FunctionDef, module: ast.Module) -> tuple[dict[str, str], dict[str, str]]:
    """(measures, subjects): what its texts "name: what it is" say; those of subjects are keys.

    They stand in its body or in constants of its module that the body names.
    """
    assigned = [node for node in module.body if isinstance(node, ast.Assign)]
    constants = {node.targets[0].id: node.value for node in assigned if isinstance(node.targets[0], ast.Name)}
    nodes = [node for line in function.body[1:] for node in ast.walk(line)]  # after the docstring
    named = [constants[node.id] for node in nodes if getattr(node, "id", "") in constants]
    nodes += [node for value in named for node in ast.walk(value)]
    keys = [key for node in nodes if isinstance(node, ast.Dict) for key in node.keys]
    keys = [constants.get(getattr(key, "id", ""), key) for key in keys]
    told: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for node in nodes:
        words = EXPLAINED.fullmatch(str(getattr(node, "value", "")))
        if words and isinstance(node, ast.Constant):
            told[node in keys][words[1]] = words[2]
    return told


def _decorated(folder: str, decorator: str) -> Iterator[tuple[Path, ast.FunctionDef, dict]]:
    """(file, function, decorator's literal arguments by name or position) below a folder."""
    for path, tree in _trees(folder):
        for function in ast.walk(tree):
            for one in getattr(function, "decorator_list", ()):
                call = one if isinstance(one, ast.Call) else ast.Call(one, [], [])
                if isinstance(call.func, ast.Name) and call.func.id == decorator:
                    given = [*enumerate(call.args), *((word.arg, word.value) for word in call.keywords)]
                    yield path, function, {key: ast.literal_eval(value) for key, value in given}


@cache
def _trees(folder: str) -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text("utf-8"))) for path in sorted((PACKAGE / folder).rglob("*.py"))]


def _place(path: Path, function: ast.FunctionDef) -> str:
    return f"src/icgd/{path.relative_to(PACKAGE).as_posix()}#L{function.lineno}"


def _text(function: ast.FunctionDef) -> str:
    """First line of a docstring."""
    return (ast.get_docstring(function) or function.name.replace("_", " ")).splitlines()[0]
