"""Where things stand: the one place that knows the layout of results/ and figures/."""

from pathlib import Path

RESULTS, FIGURES = Path("results"), Path("figures")
HISTORY = RESULTS / "full" / "verdict-history.csv"

# What trained networks can go through: command -> its table of measures, its table of curves.
ANALYSES = {
    "align": ("alignment", "interpolation"),
    "generalise": ("shift", "shift-curves"),
    "rollout": ("rollout", "rollout-curves"),
    "compare": ("layers", "layers-curves"),
}


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


def references(scale: str, table: str) -> Path:
    """A table of the references."""
    return RESULTS / scale / "references" / f"{table}.csv"


def released(scale: str, layers: int, sharing: str) -> Path:
    """GD++ as trained by the released recipe."""
    return references(scale, f"released-{layers}-{sharing}")


def spectra(scale: str, table: str) -> Path:
    """A table about the eigenvalues of the tasks."""
    return RESULTS / scale / "spectra" / f"{table}.csv"


def verdict(scale: str, claim: str) -> Path:
    """Verdict of one claim."""
    return RESULTS / scale / "claims" / f"{claim}.json"


def provenance(output: Path | str) -> Path:
    """Record beside the first output of a step."""
    return Path(f"{output}.provenance.json")
