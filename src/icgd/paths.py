"""Where things stand: the one place that knows the layout of results/, figures/ and published/."""

import os
from contextlib import chdir
from pathlib import Path

from icgd.errors import IcgdError

CLAIMS = Path("claims")
TOPICS = CLAIMS / "topics.yaml"
MARK = CLAIMS / "sources.yaml"  # what a checkout is known by
RESULTS, FIGURES = Path("results"), Path("figures")
HISTORY = RESULTS / "full" / "verdict-history.csv"
CURVES = Path("published") / "von-oswald-2022-curves.csv"
CURVES_OF_STATES = Path("published") / "von-oswald-2023-curves.csv"
NUMBERS = Path("published") / "numbers.csv"
CHECK = Path(".check")  # scratch of `icgd check`, unless another folder is named
DIGESTS = Path("published") / "digests.csv"  # of these, which nobody recorded making

# What was trained, in the folder of a scale; and all that only training makes.
WEIGHTS = ("*/seed-*/weights.npz", "sweeps/*/seed-*.npz", "references/released-*.csv")
GIVEN = (*WEIGHTS, "*/seed-*/history.csv", "sweeps/*/seed-*.csv")


def table(scale: str, experiment: str, name: str) -> Path:
    """Table of one experiment, with rows of all its seeds."""
    return RESULTS / scale / experiment / f"{name}.csv"


def seed_folder(scale: str, experiment: str, seed: int) -> Path:
    """Folder of what training made of one seed."""
    return RESULTS / scale / experiment / f"seed-{seed}"


def weights(scale: str, experiment: str, seed: int) -> Path:
    """Trained weights of one seed."""
    return seed_folder(scale, experiment, seed) / "weights.npz"


def history(scale: str, experiment: str, seed: int) -> Path:
    """Loss and alignment of one seed during training."""
    return seed_folder(scale, experiment, seed) / "history.csv"


def unfinished(scale: str, experiment: str, seed: int) -> Path:
    """State of a run that has not ended; not committed."""
    return seed_folder(scale, experiment, seed) / "unfinished.npz"


def sweep(scale: str, name: str, seed: int, kind: str = "npz") -> Path:
    """Weights and histories (npz), or the table (csv), of all points of one seed of a sweep."""
    return RESULTS / scale / "sweeps" / name / f"seed-{seed}.{kind}"


def trained(scale: str, name: str, seed: int, swept: object) -> list[Path]:
    """Weights and history of one seed; of an experiment with axes those of all its points."""
    if swept:
        return [sweep(scale, name, seed, kind) for kind in ("npz", "csv")]
    return [weights(scale, name, seed), history(scale, name, seed)]


def unfinished_sweep(scale: str, name: str, seed: int) -> Path:
    """Finished points of a seed whose sweep has not ended; not committed."""
    return RESULTS / scale / "sweeps" / name / f"seed-{seed}" / "unfinished.npz"


def given(scale: str) -> list[Path]:
    """Everything that only training makes, and that a check therefore takes as given."""
    return sorted(path for kind in GIVEN for path in (RESULTS / scale).glob(kind))


def references(scale: str, table: str) -> Path:
    """A table of the references."""
    return RESULTS / scale / "references" / f"{table}.csv"


def released(scale: str, layers: int, sharing: str) -> Path:
    """GD++ as trained by the released recipe."""
    return references(scale, f"released-{layers}-{sharing}")


def figure(scale: str, name: str, kind: str = "png") -> Path:
    """A figure (png, svg), what it draws (csv) or its words (json)."""
    return FIGURES / scale / f"{name}.{kind}"


def drawn() -> list[str]:
    """Names of the figures that are committed."""
    return sorted(path.stem for path in (FIGURES / "full").glob("*.json") if "." not in path.stem)


def verdicts(scale: str) -> Path:
    """Verdicts of all claims."""
    return RESULTS / scale / "verdicts.json"


def verdict(scale: str, claim: str) -> Path:
    """Verdict of one claim that was decided alone."""
    return RESULTS / scale / "claims" / f"{claim}.json"


def provenance(output: Path | str) -> Path:
    """Record beside the first output of a step."""
    return Path(f"{output}.provenance.json")


def root() -> Path:
    """Folder of the checkout that data are read from: what ICGD_ROOT names, or else here or above.

    Raises:
        IcgdError: there is none.
    """
    here, named = Path.cwd(), os.environ.get("ICGD_ROOT")
    for folder in [Path(named)] if named else [here, *here.parents]:
        if (folder / MARK).exists():
            return folder.resolve()
    where = f"ICGD_ROOT={named} is no checkout" if named else f"{here} is not in a checkout"
    raise IcgdError(f"{where} of icgd (with {MARK}); set ICGD_ROOT to the folder of one.")


def checkout() -> chdir:
    """The checkout as the working directory, for as long as something is read."""
    return chdir(root())
