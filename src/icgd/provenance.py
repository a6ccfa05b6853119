"""How an artefact came to be: a record beside it, and whether what is there still agrees with it."""

import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from icgd import __version__, paths
from icgd.codehash import step_hash
from icgd.files import sha256, write_json

LIBRARIES = ("jax", "jaxlib", "flax", "optax", "numpy", "pandas", "matplotlib", "seaborn")


def settings_hash(settings: object) -> str:
    """Hash of resolved settings (plain dictionaries, lists and scalars)."""
    text = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Recorder:
    """Started before a step's work, so that the record holds its wall and CPU time.

    A job that trains several seeds side by side writes a record for each, with its share of the time.
    """

    def __init__(self, step: str, settings: object, seed: int | None = None, seeds_in_job: int = 1):
        self.step, self.settings, self.seed, self.seeds_in_job = step, settings, seed, seeds_in_job
        self.code, self.revision = (
            step_hash(step, settings),
            revision(),
        )  # now: an edit may follow while it runs
        self.wall, self.cpu = time.monotonic(), time.process_time()

    def write(self, outputs: Iterable[Path | str], inputs: Iterable[Path | str] = ()) -> None:
        """Write the record beside the first output, after all outputs are in place."""
        outputs = [Path(path) for path in outputs]
        record = {
            "step": self.step,
            "command": ["python", "-m", "icgd", *sys.argv[1:]] if len(sys.argv) > 1 else [],
            "package": __version__,
            "revision": self.revision,
            "code": self.code,
            "settings": self.settings,
            "settings_hash": settings_hash(self.settings),
            "seed": self.seed,
            "inputs": {str(path): sha256(path) for path in inputs},
            "outputs": {path.name: sha256(path) for path in outputs},
            "versions": versions(),
            "device": device(),
            "wall_s": round((time.monotonic() - self.wall) / self.seeds_in_job, 2),
            "cpu_s": round((time.process_time() - self.cpu) / self.seeds_in_job, 2),
        }
        write_json(paths.provenance(outputs[0]), {**record, "record": settings_hash(record)})


def revision() -> str:
    """Git revision, with "+" when the tree had uncommitted changes of code; "unknown" without git."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        changed = _git("status", "--porcelain", "--", "src", "workflow", "config.yaml", "claims")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+" if changed else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, timeout=20)
    return done.stdout.strip()


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
    threads = os.environ.get("XLA_FLAGS", "")
    return f"{first.platform} ({first.device_kind}, {platform.machine()}) {threads}".strip()
