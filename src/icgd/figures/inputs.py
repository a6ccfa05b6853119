"""Files that each figure reads. Standard library only: the rules import this without any plotting library."""

from collections.abc import Callable
from pathlib import Path

from icgd import paths
from icgd.config import Config

PUBLISHED, NUMBERS = paths.CURVES, paths.NUMBERS
BASE = "one_layer"
SOFTMAX = ("softmax_one_head", "softmax_two_heads")
LAYER_NORM = ("layer_norm", "layer_norm_two_layers")
ALTERNATING = "alternating"
TWO, THREE, FIVE, TEN = "two_recurrent", "three_recurrent", "five_layers", "ten_recurrent"
SINE, SINE_GD, BLOCKS = "sine", "sine_gd", "twelve_mlp"
GROKKING = "grokking"  # a sweep
SWEEP = {5: "one_layer_n5", 10: BASE, 20: "one_layer_n20", 35: "one_layer_n35", 50: "one_layer_n50"}  # by N

Inputs = Callable[[str, Config], list[Path]]  # (scale, config) -> files
FIXED = {128: "fixed_128", 512: "fixed_512", 2048: "fixed_2048", 8192: "fixed_8192"}  # by size of the set


def tables(scale: str, experiment: str, *names: str) -> list[Path]:
    """Named tables of an experiment."""
    return [paths.table(scale, experiment, name) for name in names]


def of_seeds(scale: str, config: Config, experiment: str, name: str) -> list[Path]:
    """The named file of every seed of an experiment."""
    seeds = range(config.experiment(experiment, scale).seeds)
    return [paths.seed_folder(scale, experiment, seed) / name for seed in seeds]


def fig2(scale: str, config: Config) -> list[Path]:
    """Loss, alignment, width and input scale."""
    base = [*of_seeds(scale, config, BASE, "history.csv"), *tables(scale, BASE, "alignment", "shift-curves")]
    others = [name for name in SWEEP.values() if name != BASE]
    swept = [path for name in others for path in tables(scale, name, "alignment")]
    return [*base, *swept, PUBLISHED, NUMBERS]


def fig6a(scale: str, config: Config) -> list[Path]:
    """Four shifts."""
    return [*tables(scale, BASE, "alignment", "shift-curves"), PUBLISHED]


def fig9(scale: str, config: Config) -> list[Path]:
    """Weights, and what is read off the published maps."""
    read = [*tables(scale, BASE, "alignment"), NUMBERS]
    read += [path for name in (TWO, THREE) for path in tables(scale, name, "layers")]
    return read + [
        path for name in (BASE, TWO, THREE) for path in of_seeds(scale, config, name, "weights.npz")
    ]


def roll_outs(scale: str, config: Config) -> list[Path]:
    """Repeated application: figures 1 and 10."""
    return [*tables(scale, BASE, "alignment", "rollout-curves"), PUBLISHED]


def fig11(scale: str, config: Config) -> list[Path]:
    """Weights of two softmax heads."""
    weights = of_seeds(scale, config, SOFTMAX[1], "weights.npz")
    return [*tables(scale, SOFTMAX[1], "nonlinear"), *weights, NUMBERS]


def histories_and_sweeps(scale: str, config: Config, *experiments: str) -> list[Path]:
    """Losses during training, measures and shifts of several experiments."""
    return [
        path
        for name in experiments
        for path in (
            *of_seeds(scale, config, name, "history.csv"),
            *tables(scale, name, "nonlinear", "nonlinear-curves"),
        )
    ]


def fig12(scale: str, config: Config) -> list[Path]:
    """One and two softmax heads."""
    return [*histories_and_sweeps(scale, config, *SOFTMAX), PUBLISHED]


def fig14(scale: str, config: Config) -> list[Path]:
    """LayerNorm in one and in two layers."""
    return [*histories_and_sweeps(scale, config, *LAYER_NORM), NUMBERS]


def fig15(scale: str, config: Config) -> list[Path]:
    """Courses of training with one and two heads, and of a block with an MLP on a fixed set."""
    ours = [path for name in (BASE, "two_heads") for path in tables(scale, name, "phases", "phases-curves")]
    return [*ours, *(paths.runs(scale, GROKKING, name) for name in ("runs", "runs-curves")), NUMBERS]


def fig16(scale: str, config: Config) -> list[Path]:
    """Fixed training sets, and fresh tasks at every step."""
    return [*(path for name in (*FIXED.values(), BASE) for path in tables(scale, name, "phases")), NUMBERS]


def training_of_layers(experiment: str) -> Inputs:
    """Training of several layers, and shifts."""

    def found(scale: str, config: Config) -> list[Path]:
        training = of_seeds(scale, config, experiment, "history.csv")
        return [*training, *tables(scale, experiment, "layers", "layers-curves"), PUBLISHED]

    return found


def shifts_of_layers(experiment: str) -> Inputs:
    """Four shifts of several layers."""
    return lambda scale, config: [*tables(scale, experiment, "layers", "layers-curves"), PUBLISHED]


def fig13(scale: str, config: Config) -> list[Path]:
    """Eigenvalues of the tasks, the optimal gammas, and the numbers beside the published figure."""
    return [paths.spectra(scale, "curves"), paths.references(scale, "optima"), NUMBERS]


def fig4(scale: str, config: Config) -> list[Path]:
    """Both arms of the sine task."""
    ours = [path for name in (SINE, SINE_GD) for path in of_seeds(scale, config, name, "history.csv")]
    ours += [path for name in (SINE, SINE_GD) for path in tables(scale, name, "sine", "sine-curves")]
    return [*ours, *tables(scale, SINE, "comparison"), PUBLISHED]


def fig8(scale: str, config: Config) -> list[Path]:
    """Training of blocks with MLPs."""
    training = of_seeds(scale, config, BLOCKS, "history.csv")
    return [*training, *tables(scale, BLOCKS, "blocks", "blocks-curves"), NUMBERS]


def fig5(scale: str, config: Config) -> list[Path]:
    """Training on alternating tokens, and what the first layer attends to."""
    training = of_seeds(scale, config, ALTERNATING, "history.csv")
    return [*training, *tables(scale, ALTERNATING, "copying", "copying-curves"), PUBLISHED]


FIGURE_INPUTS = {
    "fig1": roll_outs,
    "fig2": fig2,
    "fig6a": fig6a,
    "fig9": fig9,
    "fig10": roll_outs,
    "fig11": fig11,
    "fig12": fig12,
    "fig14": fig14,
    "fig15": fig15,
    "fig16": fig16,
    "fig3": training_of_layers(TWO),
    "fig3b": training_of_layers(FIVE),
    "fig6b": shifts_of_layers(TWO),
    "fig6c": shifts_of_layers(FIVE),
    "fig7": training_of_layers(TEN),
    "fig13": fig13,
    "fig4": fig4,
    "fig8": fig8,
    "fig5": fig5,
}
