"""Content hash of the code that a step runs: of the definitions that it can reach, nothing else.

Starting from the step's command, every name is followed to the function, class or constant of this
package that it stands for. Docstrings, comments, layout and type annotations of functions do not
count, so editing a figure leaves training untouched, and so does adding a formula beside one that
training uses. Standard library only: the Snakefile reads these hashes.
"""

import ast
import functools
import hashlib
from pathlib import Path

from icgd.config import KINDS

PACKAGE = "icgd"
SOURCE = Path(__file__).parent
# These hand values on but do not make them; settings are recorded by value.
PLUMBING = frozenset(
    f"{PACKAGE}.{name}"
    for name in ("cli.common", "codehash", "config", "errors", "paths", "progress", "provenance")
)


def step_hash(step: str, settings: object) -> str:
    """Hash of the code that a step runs with these settings, as recorded beside its outputs.

    Training reaches the module of its kind of problem by name only, so that another kind's code
    does not count.
    """
    trains = step in ("train", "sweep")
    modules = [f"{PACKAGE}.training.{KINDS[settings['task']['family']]}"] if trains else []
    return code_hash(step, *modules)


@functools.cache
def code_hash(step: str, *modules: str) -> str:
    """Hash of everything that ``python -m icgd <step>`` and ``modules`` reach inside the package."""
    pieces: dict[str, str] = {}
    for module in (f"{PACKAGE}.cli.{step}", *modules):
        pieces |= closure(module)
    text = "\n".join(f"{name}:{pieces[name]}" for name in sorted(pieces))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def closure(module: str) -> dict[str, str]:
    """Dump of every reachable definition, by its full name, from all of ``module``."""
    found: dict[str, str] = {}
    waiting = [f"{module}.{name}" for name in _module(module).definitions]
    while waiting:
        full = waiting.pop()
        if full in found:
            continue
        found[full], references = _piece(full)
        waiting.extend(references)
    return found


@functools.cache
def _piece(full: str) -> tuple[str, list[str]]:
    """Dump of one definition, and the definitions that it refers to; several steps share it."""
    home, _, name = full.rpartition(".")
    node = _stripped(_module(home).definitions[name])
    return _dump(node), _references(home, node)


class _Module:
    """Top-level definitions of a module, and what its imported names stand for."""

    def __init__(self, name: str, tree: ast.Module):
        self.definitions: dict[str, ast.AST] = {}
        self.imports: dict[str, str] = {}
        body = tree.body[1:] if tree.body and _is_docstring(tree.body[0]) else tree.body
        for index, node in enumerate(body):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.definitions[node.name] = node
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    for part in ast.walk(target):
                        if isinstance(part, ast.Name):
                            self.definitions[part.id] = node
            elif not isinstance(node, ast.Import | ast.ImportFrom):
                self.definitions[f"<statement {index}>"] = node


@functools.cache
def _module(name: str) -> _Module:
    path = SOURCE.joinpath(*name.split(".")[1:])
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return _Module(name, ast.parse(path.read_text(encoding="utf-8")))


@functools.cache
def _is_module(name: str) -> bool:
    path = SOURCE.joinpath(*name.split(".")[1:])
    return path.is_dir() or path.with_suffix(".py").exists()


def _references(home: str, node: ast.AST) -> list[str]:
    """Full names of the package's definitions that ``node`` mentions."""
    module, names, whole = _module(home), [], []
    parts = list(ast.walk(node))
    attributes = {id(part.value): part.attr for part in parts if isinstance(part, ast.Attribute)}
    for part in parts:
        if isinstance(part, ast.ImportFrom) and (part.module or "").startswith(PACKAGE):
            for alias in part.names:  # an import inside a function
                module.imports.setdefault(alias.asname or alias.name, f"{part.module}.{alias.name}")
    for part in parts:
        if not isinstance(part, ast.Name):
            continue
        target = module.imports.get(part.id)
        if target is None:
            names += [f"{home}.{part.id}"] if part.id in module.definitions else []
        elif not _is_module(target):
            names.append(target)
        elif target not in PLUMBING and id(part) in attributes:
            names.append(f"{target}.{attributes[id(part)]}")
        else:
            whole.append(target)
    for target in whole:
        names += [f"{target}.{name}" for name in _module(target).definitions]
    return [name for name in names if _known(name)]


def _known(full: str) -> bool:
    home, _, name = full.rpartition(".")
    return home not in PLUMBING and _is_module(home) and name in _module(home).definitions


def _stripped(definition: ast.AST) -> ast.AST:
    """Remove what does not change what the code does: docstrings, annotations of functions."""
    for node in ast.walk(definition):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            node.body = body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            arguments = node.args
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                argument.annotation = None
    return definition


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _dump(node: ast.AST) -> str:
    return ast.dump(node, include_attributes=False)
