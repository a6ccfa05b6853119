"""claims/faults.yaml: the faults, where they are planted, and what should notice each."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from icgd import paths
from icgd.claims import registry
from icgd.claims.checks import check_keys
from icgd.codehash import code_hash, step_hash
from icgd.config import Scale, build
from icgd.errors import IcgdError, nearest
from icgd.files import read_yaml

FILE = Path("claims") / "faults.yaml"
SOURCE = Path("src") / "icgd"
KEYS = ("id", "says", "file", "old", "new", "claims", "job", "tests", "harmless")
TEXTS = ("id", "says", "file", "old", "new")
SINGLE = {"references": ("references", "released", "optima")}  # folder of a table -> steps, if not its name
BEHIND = {"layers": ("released", "optima")}  # analysis -> references that it reads


@dataclass(frozen=True)
class Fault:
    """One fault, and what should notice it; ``harmless`` ones must change nothing that counts."""

    id: str
    says: str
    file: str  # below src/icgd
    old: str
    new: str
    claims: tuple[str, ...] = ()
    job: str | None = None
    tests: tuple[str, ...] = ()
    harmless: bool = False

    @property
    def expected(self) -> str:
        """What should notice it, in words."""
        if self.harmless:
            return f"nothing ({', '.join(self.claims)} stay)"
        jobs = [f"the job {self.job} fails"] if self.job else []
        return "; ".join(", ".join(found) for found in (self.claims, jobs, self.tests) if found)

    @property
    def entry(self) -> str:
        """Hash of the whole entry."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def code(self) -> str:
        """Hash of the code, rules and tests that a run of this fault depends on."""
        rules = [registry.claim(id_).rule_hash for id_ in self.claims]
        files = sorted({test.partition("::")[0] for test in self.tests})
        tests = [hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in files]
        text = json.dumps([steps_of(self.claims), rules, tests, dataclasses.asdict(bound())])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def steps_of(claims: tuple[str, ...]) -> dict[str, str]:
    """Code hashes of all steps behind the verdicts of some claims."""
    steps = {"decide", "data"} if claims else set()
    for part in (part for id_ in claims for part in registry.claim(id_).parts):
        folder, table = part["evidence"]["experiment"], part["evidence"]["table"]
        analysis = next((step for step, tables in paths.ANALYSES.items() if table in tables), None)
        if analysis or table == "comparison":
            step = analysis or "compare"
            steps |= {"train", step, *BEHIND.get(step, ())}
        elif folder != "published":
            steps |= set(SINGLE.get(folder, (folder,)))
    plain = {"task": {"family": "linear"}}
    return {step: step_hash(step, plain) if step == "train" else code_hash(step) for step in sorted(steps)}


def bound() -> Scale:
    """What replaces the quick scale of config.yaml in the copies."""
    return build(Scale, _content()["quick"], f"{FILE}, quick")


def configured(config: dict) -> dict:
    """The content of config.yaml as it stands in the copies."""
    kept = {key: value for key, value in dataclasses.asdict(bound()).items() if value is not None}
    return {**config, "scale": "quick", "scales": {**config["scales"], "quick": kept}}


def load() -> dict[str, Fault]:
    """All faults by id, checked: a text to replace that stands there once, known claims and tests.

    Raises:
        IcgdError: an entry that could not be planted or noticed.
    """
    found: dict[str, Fault] = {}
    for values in _content()["faults"]:
        fault = _fault(values)
        if fault.id in found:
            raise IcgdError(f"{FILE}: the fault {fault.id} stands twice; ids are used once.")
        found[fault.id] = fault
    return found


def chosen(names: list[str] | None) -> dict[str, Fault]:
    """The named faults, or all of them."""
    faults = load()
    for name in names or ():
        if name not in faults:
            raise IcgdError(f"there is no fault {name!r} in {FILE}; {nearest(name, faults)}")
    return {name: fault for name, fault in faults.items() if not names or name in names}


def mutated(fault: Fault, text: str) -> str:
    """The text of the fault's file with the fault in it.

    Raises:
        IcgdError: what it replaces stands there more than once, or not at all.
    """
    count = text.count(fault.old)
    if count != 1:
        raise IcgdError(
            f"{FILE}, {fault.id}: the old text must stand once in {SOURCE / fault.file}, not {count} times; "
            "give more of the lines around it."
        )
    return text.replace(fault.old, fault.new)


def _content() -> dict:
    found = read_yaml(FILE)
    if not isinstance(found, dict) or set(found) != {"quick", "faults"}:
        raise IcgdError(f"{FILE} must hold quick (the settings of the copies) and faults (a list).")
    return found


def _fault(values: dict) -> Fault:
    """One entry, checked."""
    where = f"{FILE}, {values.get('id')}"
    check_keys(values, KEYS, where)
    for key in TEXTS:
        if not isinstance(values.get(key), str):
            raise IcgdError(f"{where} lacks {key!r}, a text.")
    lists = {key: tuple(values.get(key, ())) for key in ("claims", "tests")}
    texts = {key: " ".join(values[key].split()) if key == "says" else values[key] for key in TEXTS}
    fault = Fault(**{**values, **texts, **lists})
    if not (fault.claims or fault.tests or fault.job):
        raise IcgdError(f"{where} must name what should notice it: claims, a job, or tests.")
    path = SOURCE / fault.file
    if not path.is_file():
        raise IcgdError(f"{where}: there is no file {path}.")
    mutated(fault, path.read_text(encoding="utf-8"))
    for id_ in fault.claims:
        if not registry.claim(id_).decided:
            raise IcgdError(f"{where}: {id_} has no rule yet, so it cannot notice anything.")
    for test in fault.tests:
        _check_test(test, where)
    return fault


def _check_test(test: str, where: str) -> None:
    """A test is named as file::function."""
    name, _, function = test.partition("::")
    path, wanted = Path(name), f"def {function.partition('[')[0]}("
    if not (function and path.is_file() and wanted in path.read_text(encoding="utf-8")):
        raise IcgdError(f"{where}: there is no test {test!r}; name one as tests/file.py::test_function.")
