"""Files that each figure reads. Standard library only: the rules import this without any plotting library."""

from pathlib import Path

from icgd import paths
from icgd.config import Config

PUBLISHED = Path("published") / "von-oswald-2022-curves.csv"
NUMBERS = Path("published") / "numbers.csv"
BASE = "one_layer"
SWEEP = {5: "one_layer_n5", 10: BASE, 20: "one_layer_n20", 35: "one_layer_n35", 50: "one_layer_n50"}  # by N


def tables(scale: str, config: Config, experiment: str, *names: str) -> list[Path]:
    """The named files of every seed of an experiment."""
    seeds = range(config.experiment(experiment, scale).seeds)
    return [paths.seed_folder(scale, experiment, seed) / name for seed in seeds for name in names]


def fig2(scale: str, config: Config) -> list[Path]:
    """Loss, alignment, width and input scale."""
    base = tables(scale, config, BASE, "history.csv", "alignment.csv", "shift-curves.csv")
    others = [name for name in SWEEP.values() if name != BASE]
    swept = [path for name in others for path in tables(scale, config, name, "alignment.csv")]
    return [*base, *swept, PUBLISHED, NUMBERS]


def fig6a(scale: str, config: Config) -> list[Path]:
    """Four shifts."""
    return [*tables(scale, config, BASE, "alignment.csv", "shift-curves.csv"), PUBLISHED]


def fig9(scale: str, config: Config) -> list[Path]:
    """Weights, and the learning rate read off the published map."""
    return [*tables(scale, config, BASE, "alignment.csv", "weights.npz"), NUMBERS]


def roll_outs(scale: str, config: Config) -> list[Path]:
    """Repeated application: figures 1 and 10."""
    return [*tables(scale, config, BASE, "alignment.csv", "rollout-curves.csv"), PUBLISHED]


def fig13(scale: str, config: Config) -> list[Path]:
    """Eigenvalues of the tasks, the optimal gammas, and the numbers beside the published figure."""
    return [paths.spectra(scale, "curves"), paths.references(scale, "optima"), NUMBERS]


FIGURE_INPUTS = {
    "fig1": roll_outs,
    "fig2": fig2,
    "fig6a": fig6a,
    "fig9": fig9,
    "fig10": roll_outs,
    "fig13": fig13,
}
