"""Content hash of the code that a step runs: of the definitions that it can reach, nothing else.

Starting from the step's command, every name is followed to the function, class or constant of this
package that it stands for. Docstrings, comments, layout and type annotations of functions do not
count, so editing a figure leaves training untouched, and so does adding a formula beside one that
training uses. A file that lies beside a module and that a definition names (a style sheet) counts with
its contents. Standard library only: the Snakefile reads these hashes.
"""

import ast
import functools
import hashlib
import json
import sys
from contextlib import suppress
from pathlib import Path

from icgd.config import KINDS
from icgd.errors import IcgdError
from icgd.files import write_json

PACKAGE = "icgd"
SOURCE = Path(__file__).parent
SUFFIXES = (".py", ".css", ".js")
CACHE = Path("../../.cache/code-hashes.json")  # beside the other caches of a checkout
# These hand values on but do not make them; settings are recorded by value.
PLUMBING = frozenset(
    f"{PACKAGE}.{name}"
    for name in ("cli.common", "codehash", "config", "errors", "paths", "progress", "provenance")
)


def step_hash(step: str, settings: object) -> str:
    """Hash of the code that a step runs with these settings, as recorded beside its outputs.

    Training reaches the module of its kind of problem by name only, and drawing that of its figure,
    so that the code of another kind or figure does not count.
    """
    if step in ("train", "sweep"):
        return code_hash(step, f"{PACKAGE}.training.{KINDS[settings['task']['family']]}")
    if step == "figure":
        return code_hash(step, f"{PACKAGE}.figures.{settings['figure']}")
    return code_hash(step)


@functools.cache
def code_hash(step: str, *modules: str) -> str:
    """Hash of everything that ``python -m icgd <step>`` and ``modules`` reach inside the package.

    It takes parsing the whole package, so it is kept on disk for as long as no source changes.
    """
    name, sources = " ".join((step, *modules)), _sources()
    known = _remembered(sources)
    if name not in known:
        known[name] = _computed(step, *modules)
        _remember(sources, known)
    return known[name]


@functools.cache
def _sources() -> str:
    """Digest of every source file of the package, by name; style sheets and scripts count too."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(path for path in SOURCE.rglob("*.*") if path.suffix in SUFFIXES):
        digest.update(f"{path.relative_to(SOURCE)} {path.stat().st_size} ".encode() + path.read_bytes())
    return digest.hexdigest()


def _remembered(sources: str) -> dict[str, str]:
    """Hashes that were computed from these very sources."""
    with suppress(OSError, ValueError, KeyError):
        found = json.loads((SOURCE / CACHE).read_text())
        if found["sources"] == sources:
            return found["hashes"]
    return {}


def _remember(sources: str, hashes: dict[str, str]) -> None:
    with suppress(IcgdError):  # a checkout that cannot be written is only slower
        write_json(SOURCE / CACHE, {"sources": sources, "hashes": hashes})


def _computed(step: str, *modules: str) -> str:
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
    return _dump(node) + _files_beside(home, node), _references(home, node)


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
    return _Module(name, ast.parse(_path(name).read_text(encoding="utf-8")))


def _path(name: str) -> Path:
    path = SOURCE.joinpath(*name.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@functools.cache
def _is_module(name: str) -> bool:
    path = SOURCE.joinpath(*name.split(".")[1:])
    return path.is_dir() or path.with_suffix(".py").exists()


def _files_beside(home: str, node: ast.AST) -> str:
    """Hashes of the files that ``node`` names and that lie beside its module: a style, a script."""
    folder = _path(home).parent
    texts = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
    named = sorted(text for text in texts if isinstance(text, str) and text in _others(folder))
    return "".join(f"\n{name}:{hashlib.sha256((folder / name).read_bytes()).hexdigest()}" for name in named)


@functools.cache
def _others(folder: Path) -> frozenset[str]:
    return frozenset(path.name for path in folder.iterdir() if path.is_file() and path.suffix != ".py")


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


def _dump(node: object) -> str:
    """A syntax tree as text, the same in every version of Python: what is empty or None is left out,
    since versions differ in which empty fields they have."""
    if isinstance(node, list):
        return f"[{','.join(map(_dump, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    parts = ((name, getattr(node, name, None)) for name in node._fields)
    kept = [f"{name}={_dump(value)}" for name, value in parts if value is not None and value != []]
    if isinstance(node, ast.Constant) and node.value is None:
        kept.append("value=None")
    return f"{type(node).__name__}({','.join(kept)})"
