"""One run of a copy through the pipeline and the tests, and all that could notice a fault in it."""

import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from icgd import paths
from icgd.claims.verdict import INDICATIVE, decide
from icgd.errors import IcgdError
from icgd.files import read_json
from icgd.progress import say

SCALE = "quick"
FAILED_JOB = re.compile(r"^Error in rule (\w+):.*?^ +log: (\S+)", re.M | re.S)
SENTENCE = re.compile(r"^icgd \w+: (.+)$", re.M)  # a guard of ours
EXCEPTION = re.compile(r"^(?:\w+\.)*(\w+(?:Error|Exception)\b.*)$", re.M)  # a crash
PROGRESS = re.compile(r"^\d+ of \d+ steps")
# Trouble of the machine and not of the science
TROUBLE = re.compile(r"cannot write|is missing; install|No space left|MemoryError|OSError|RESOURCE_EXHAUSTED")

Seen = dict[str, str]  # what was looked at -> how it came out


def look(folder: Path, claims: Iterable[str], tests: Iterable[str], cores: int) -> tuple[Seen, float]:
    """Decide claims and run tests with a copy's own source; what came out, and CPU seconds.

    Raises:
        IcgdError: the run failed for a reason that no fault explains.
    """
    before = _cpu()
    seen = {}
    if claims := list(claims):
        seen |= _pipeline(folder, claims, cores)
    for test in tests:
        seen[test] = _test(folder, test)
    return seen, _cpu() - before


def _cpu() -> float:
    """CPU seconds of all finished children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _command(folder: Path, *command: str) -> subprocess.CompletedProcess:
    """Run a command in a copy, with that copy's package; programs compiled before are found again.

    What Snakemake says of its progress is passed on.
    """
    own = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    cache = {"JAX_COMPILATION_CACHE_DIR": os.path.abspath(".cache/jax")}
    environment = {**os.environ, **cache, "PATH": own, "PYTHONPATH": str((folder / "src").resolve())}
    said, pipes = [], {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=folder, env=environment, **pipes) as process:
        for line in process.stdout:
            said.append(line)
            if PROGRESS.search(line):
                say(f"mutate: {folder.name}: {line.strip()}")
    return subprocess.CompletedProcess(command, process.returncode, "".join(said))


def _pipeline(folder: Path, claims: list[str], cores: int) -> Seen:
    """What the verdicts say, and which jobs failed on the way to them."""
    targets = [str(paths.verdict(SCALE, id_)) for id_ in claims]
    command = ("snakemake", "--cores", str(cores), "--nocolor", "--config", f"scale={SCALE}", "--", *targets)
    done = _command(folder, *command)
    failed = failed_jobs(folder, done.stdout)
    if done.returncode and not failed:
        raise IcgdError(f"snakemake failed in {folder}: {_last(done.stdout)}; see its log there.")
    seen = {f"job {rule}": message for rule, message in failed.items()}
    for target in targets:
        if not failed or (folder / target).exists():
            seen |= states(read_json(folder / target))
    return seen


def failed_jobs(folder: Path, output: str) -> dict[str, str]:
    """Rule -> what its job said when it failed.

    Raises:
        IcgdError: a job failed without a sentence of ours or an exception, or for want of room.
    """
    found = {}
    for rule, log in FAILED_JOB.findall(output):
        path = folder / log.rstrip(",")
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        said = SENTENCE.findall(text) or EXCEPTION.findall(text)
        if not said or TROUBLE.search(said[-1]):
            raise IcgdError(
                f"the job {rule} failed for a reason that is no fault's: {_last(text)}; see {path}."
            )
        found[rule] = said[-1].strip()
    return found


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def states(verdict: dict) -> Seen:
    """Of every part what it would be decided as, and whether each control goes its way."""
    seen = {}
    for index, part in enumerate(verdict["parts"], start=1):
        name = part["name"] or (str(index) if len(verdict["parts"]) > 1 else "")
        key = f"{verdict['id']} ({name})" if name else verdict["id"]
        seen[key] = word(part)
        for control in part["controls"]:
            seen[f"{key}, control {control['plant']}"] = "right" if control["ok"] else "wrong"
    return seen


def word(part: dict) -> str:
    """The verdict of a part, or which way it would go where the scale makes it indicative only."""
    if part["verdict"] != INDICATIVE:
        return part["verdict"]
    values = [unit["value"] for unit in part["units"]]
    return "error" if None in values else decide(values, part).verdict


def _test(folder: Path, test: str) -> str:
    """passed or failed.

    Raises:
        IcgdError: it could not be run.
    """
    done = _command(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test)
    if done.returncode not in (0, 1):
        raise IcgdError(f"the test {test} could not be run in {folder}: {_last(done.stdout)}")
    return "failed" if done.returncode else "passed"
