"""What was attested: the programs that today's source compiles to, and reruns that stand for other ones.

programs.json: the hash of the source, the version of JAX, the programs of every experiment.
attestations.csv: how each came to count, and for weights made with uncommitted changes, or at a revision
that is not in the history, which revision of the history compiles to the program that made them.
"""

from importlib import metadata
from pathlib import Path

from icgd import paths, record
from icgd.files import read_json, read_table

PROGRAMS = paths.RESULTS / "full" / "programs.json"
ATTESTATIONS = paths.RESULTS / "full" / "attestations.csv"
TRAINING = ("train", "released")  # steps that train
COLUMNS = (
    "date", "revision", "experiment", "evidence", "compared", "result", "largest_difference", "device",
    "was", "now",
)  # fmt: skip


def trained() -> dict[Path, str]:
    """Everything that was trained at full scale, with the name of its experiment or recipe."""
    folder = paths.RESULTS / "full"
    return {path: name_of(path) for pattern in paths.WEIGHTS for path in sorted(folder.glob(pattern))}


def name_of(path: Path) -> str:
    """Experiment, or recipe such as "released 2 shared", of a file in the folder of a scale."""
    folder, inner = path.parts[2:4]
    if folder == "references":
        return inner.split(".")[0].replace("-", " ")
    return inner if folder == "sweeps" else folder


def attested() -> dict:
    """programs.json; empty before the first attestation."""
    return read_json(PROGRAMS) if PROGRAMS.exists() else {}


def lines() -> list[dict[str, str]]:
    """All attestations, oldest first."""
    return read_table(ATTESTATIONS, COLUMNS) if ATTESTATIONS.exists() else []


def source() -> str:
    """Hash of the source of training."""
    return record.room(*record.TRAINING)


def outdated(found: dict) -> str | None:
    """Why programs.json does not speak for today's code, if it does not."""
    if found.get("source") != source():
        return "training code was edited since the last attestation; run `make attest`"
    try:
        jax = metadata.version("jax")
    except metadata.PackageNotFoundError:
        return None  # nothing can be trained here
    if found["jax"] != jax:
        return f"programs were attested with jax {found['jax']}, here is {jax}; run `make attest`"
    return None


def counts(program: dict | None, name: str, found: dict) -> bool:
    """Is this the attested program of an experiment, or did a rerun show that it comes to the same?"""
    known, today = {word(program)}, word(found["programs"].get(name))
    for line in lines():
        if line["experiment"] == name and line["was"] in known:
            known.add(line["now"])
    return program is not None and today in known


def vouched(program: dict | None, name: str, ancestors: frozenset[str] | None) -> bool:
    """Does an attestation say that a revision of the history compiles to this program of an experiment?"""
    return any(
        line["experiment"] == name
        and line["was"] == line["now"] == word(program)
        and record.is_clean(line["revision"], ancestors)
        for line in lines()
    )


def word(program: dict | None) -> str:
    """A program's hashes in one word, as a table has them."""
    return " ".join(f"{part} {value}" for part, value in sorted((program or {}).items()))
