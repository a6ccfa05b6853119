"""How an artefact came to be: a record beside it; and the lineage of a result, record by record."""

import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from icgd import __version__, paths
from icgd.errors import IcgdError
from icgd.files import read_json, sha256, write_json

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent.parent
CODE = ("src", "workflow", "config.yaml", "claims")  # what a tree is dirty by
TRAINING = (  # the room of training: whatever its programs are made of (a test compares)
    "batched.py", "config.py", "random.py", "measures/agreement.py", "measures/copied.py", "models",
    "references/closed_form.py", "references/constructions.py", "references/descent.py",
    "references/released.py", "references/tuned.py", "tasks", "training",
)  # fmt: skip
MATHEMATICS = ("random.py", "batched.py", "tasks", "models", "references")
SHARED = (
    "training/engine.py",
    "training/mesa.py",
    *(f"measures/{name}.py" for name in ("agreement", "copied", "fit", "naming", "products")),
)
DRAWN = ("measures/heads.py", "measures/blocks.py", "models/causal.py")  # what figures draw of weights
ROOMS = {  # whose code makes what a command writes
    "train": TRAINING,
    "released": MATHEMATICS,
    "measure": (*MATHEMATICS, "training", "measures"),
    "statement": (*MATHEMATICS, *SHARED, "statements"),
    "figure": ("references", *DRAWN, "figures"),
    "decide": ("measures/request.py", "claims"),
    "site": ("measures/request.py", "figures", "audit", "claims", "site", "plan.py", "results.py"),
}
LIBRARIES = ("jax", "jaxlib", "flax", "optax", "numpy", "scipy", "pandas", "matplotlib", "seaborn")
PATIENCE = 20  # seconds that git may take
SUFFIX = ".provenance.json"


class Artefact(NamedTuple):
    """A file, and the record beside it; files that nobody made, such as published numbers, have none."""

    path: Path
    sha256: str
    record: dict | None


class Recorder:
    """Started before a step's work, so that the record holds its wall and CPU time.

    Args:
        step: what made it.
        settings: plain values that it depends on.
        seed: training seed, where there is one.
        made_by: {"program": ...} of training, {"code": room(...)} of everything else.
        share: of the job's time, where it makes several seeds side by side.
    """

    def __init__(
        self, step: str, settings: object, seed: int | None = None, made_by: Mapping = {}, share: float = 1.0
    ):
        self.about = {"step": step, "settings": settings, "seed": seed, **made_by, "revision": revision()}
        self.share, self.wall, self.cpu = share, time.monotonic(), time.process_time()

    def write(self, outputs: Iterable[Path | str], inputs: Iterable[Path | str] = ()) -> None:
        """Write the record beside the first output, after all outputs are in place."""
        outputs = [Path(path) for path in outputs]
        record = {
            **self.about,
            "command": command(),
            "package": __version__,
            "inputs": {str(path): sha256(path) for path in inputs},
            "outputs": {path.name: sha256(path) for path in outputs},
            "versions": versions(),
            "device": device(),
            "wall_s": round((time.monotonic() - self.wall) * self.share, 2),
            "cpu_s": round((time.process_time() - self.cpu) * self.share, 2),
        }
        write_json(paths.provenance(outputs[0]), sealed(record))


def sealed(record: Mapping) -> dict:
    """A record with the hash of itself."""
    body = {key: value for key, value in record.items() if key != "record"}
    return {**body, "record": digest(json.dumps(body, sort_keys=True).encode())}


def digest(data: bytes) -> str:
    """First 16 digits of SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]


def room(*names: str) -> str:
    """Hash of the source of folders and files of the package, such as "tasks", "random.py"."""
    files = {path for name in names for path in _files(PACKAGE / name)}
    lines = [f"{path.relative_to(PACKAGE).as_posix()} {sha256(path)}" for path in sorted(files)]
    return digest("\n".join(lines).encode())


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise IcgdError(f"there is no {path}; a room is a folder or a file of the package.")
    found = path.rglob("*") if path.is_dir() else [path]
    return [one for one in found if one.is_file() and "__pycache__" not in one.parts]


def command() -> list[str]:
    """The command line."""
    words = sys.argv[1:]
    return ["python", "-m", "icgd", *words] if words else []


def revision() -> str:
    """Git revision, with "+" when code had changed since; "unknown" where git does not know this project."""
    try:
        if Path(_git("rev-parse", "--show-toplevel")).resolve() != ROOT:
            return "unknown"
        changed = _git("status", "--porcelain", "--", *CODE)
        return _git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def ancestors() -> frozenset[str] | None:
    """Revisions of HEAD's history, as records name them; None where git does not tell, or not all of it."""
    try:
        if revision() == "unknown" or _git("rev-parse", "--is-shallow-repository") == "true":
            return None
        return frozenset(name[:12] for name in _git("rev-list", "HEAD").split())
    except (OSError, subprocess.SubprocessError):
        return None


def is_clean(revision: str, ancestors: frozenset[str] | None) -> bool:
    """Is it a revision of the history without uncommitted changes? Without a history any that has no "+"."""
    return revision in ancestors if ancestors is not None else not revision.endswith("+")


def _git(*arguments: str) -> str:
    """What git says about the project's folder, whatever repository its caller has in mind."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    options = {"cwd": ROOT, "env": kept, "capture_output": True, "text": True, "timeout": PATIENCE}
    return subprocess.run(["git", *arguments], check=True, **options).stdout.strip()


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that this process has really imported."""
    used = [name for name in LIBRARIES if name in sys.modules]
    if used:  # imported here, as a light step has none of them
        from importlib import metadata

        return {"python": platform.python_version(), **{name: metadata.version(name) for name in used}}
    return {"python": platform.python_version()}


def device() -> str:
    """What computed it: JAX's default device where JAX was used, else the processor's kind."""
    if "jax" not in sys.modules:
        return f"cpu ({platform.machine()})"
    first = sys.modules["jax"].devices()[0]
    flags = os.environ.get("XLA_FLAGS", "")
    return f"{first.platform} ({first.device_kind}, {platform.machine()}) {flags}".strip()


def behind(ends: Iterable[Path | str]) -> dict[Path, dict | None]:
    """Everything that ``ends`` were made from, and they themselves, each with its record."""
    found, todo = {}, [Path(path) for path in ends]
    while todo:
        path = todo.pop()
        if path not in found and path.exists():
            found[path] = of(path)
            todo += [Path(name) for name in (found[path] or {}).get("inputs", {})]
    return found


def lineage(ends: Iterable[Path | str]) -> dict[str, Artefact]:
    """The same by path, with what the files hold today."""
    made = {str(path): Artefact(path, sha256(path), record) for path, record in behind(ends).items()}
    return dict(sorted(made.items()))


def of(path: Path | str) -> dict | None:
    """The record that names a file among its outputs."""
    found = beside(Path(path))
    return read_json(found) if found else None


def beside(path: Path) -> Path | None:
    """Where that record is."""
    own = paths.provenance(path)
    if own.exists():
        return own
    return next((record for record, outputs in _outputs(path.parent) if path.name in outputs), None)


@cache
def _outputs(folder: Path) -> list[tuple[Path, list[str]]]:
    return [(path, list(read_json(path)["outputs"])) for path in sorted(folder.glob(f"*{SUFFIX}"))]
