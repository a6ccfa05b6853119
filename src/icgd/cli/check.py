"""`icgd check prepare|compare|retrain`: would a rerun agree with what is committed?"""

import argparse
import math
from pathlib import Path

from icgd import checking, paths, rewriting
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.claims import statistics
from icgd.claims.verdict import TRANSFORMS
from icgd.cli.align import alignment_of
from icgd.cli.analysis import convergence
from icgd.cli.common import scale_arguments
from icgd.config import AnalysisSettings, Config, TrainSettings, load
from icgd.errors import IcgdError
from icgd.files import read_table
from icgd.progress import TrainingLine, say
from icgd.training import loop

EXPERIMENT = "one_layer"
LOSS_TOLERANCE = 1e-4  # relative, of the retrained seed's evaluation losses
# Numbers of a new seed that must fall where the committed seeds say: measure -> scale of its interval
PREDICTED = {"loss_over_gd": "log", "model_cos": "log(1 - x)", "rate_over_optimal": "log"}
MOST_NEW_SEEDS = 3  # a new seed may still be on its plateau; then the next one is tried


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which part of the check."""
    parser.add_argument("part", choices=("prepare", "compare", "retrain"))
    parser.add_argument("--folder", type=Path, default=Path(".check"), help="scratch (default: %(default)s)")
    scale_arguments(parser)


def run(parsed: argparse.Namespace) -> int:
    """prepare: a scratch folder with the committed weights; compare: what was rebuilt there;
    retrain: one committed seed and one new one."""
    config = load(parsed.config)
    if parsed.part == "prepare":
        checking.prepare(parsed.folder)
        return 0
    if parsed.part == "compare":
        found = [*checking.differences(parsed.folder), *rewriting.page(parsed.folder / "page")]
        for difference in found:
            print(f"{difference.where}: was {difference.was}; is {difference.now}")
        print(f"check: {len(found)} differences between committed results and their rebuild")
        return 1 if found else 0
    problems = retrained_seed(config) + new_seed(config)
    for problem in problems:
        print(problem)
    print(f"check: {len(problems)} problems with retrained seeds")
    return 1 if problems else 0


def retrained_seed(config: Config) -> list[str]:
    """Train committed seed 0 again; its history must come out as committed."""
    settings = config.step_settings(TrainSettings, EXPERIMENT, "full")
    committed = read_table(paths.history("full", EXPERIMENT, 0))
    rerun = loop.train(settings, [0], report=TrainingLine(f"{EXPERIMENT} again,", [0]))[0].history
    problems = []
    for old, new in zip(committed, rerun, strict=True):
        was, now = float(old["evaluation_loss"]), new["evaluation_loss"]
        if not math.isclose(was, now, rel_tol=LOSS_TOLERANCE):
            problems.append(f"{EXPERIMENT} seed 0 step {old['step']}: evaluation loss was {was}, is {now}")
    return problems


def new_seed(config: Config) -> list[str]:
    """Train a seed that is not committed; its numbers must fall in the 95 % prediction intervals."""
    first = config.experiment(EXPERIMENT, "full").seeds
    for seed in range(first, first + MOST_NEW_SEEDS):
        rows = measures_of(config, seed)
        if rows["converged"]:
            return [
                problem
                for name, on in PREDICTED.items()
                if (problem := predicted(name, on, rows[name], seed, config))
            ]
        say(f"{EXPERIMENT} seed {seed} is still on its plateau; trying the next")
    raise IcgdError(
        f"none of the seeds {first} to {seed} has converged; raise MOST_NEW_SEEDS or look into it."
    )


def measures_of(config: Config, seed: int) -> dict[str, float]:
    """Train a seed and measure it as the pipeline would."""
    settings = config.step_settings(TrainSettings, EXPERIMENT, "full")
    finished = loop.train(settings, [seed], report=TrainingLine(f"{EXPERIMENT} new,", [seed]))[0]
    trained = Trained(finished.weights, config.step_settings(AnalysisSettings, EXPERIMENT, "full"), seed)
    rows = Measures()
    convergence(rows, finished.history, trained)
    alignment_of(trained, rows)
    wanted = [row for row in rows if row["plant"] == "none" and row["reference"] in ("", "gd_optimal")]
    return {row["measure"]: row["value"] for row in wanted if row["tasks"] in ("", "fresh")}


def predicted(measure: str, on: str, value: float, seed: int, config: Config) -> str | None:
    """None, or how a new seed's number misses its prediction interval (Bonferroni over the numbers)."""
    forth, back = TRANSFORMS[on]
    committed = []
    table = read_table(paths.table("full", EXPERIMENT, "alignment"))
    for old in range(config.experiment(EXPERIMENT, "full").seeds):
        rows = {
            (r["measure"], r["plant"], r["tasks"], r["reference"]): float(r["value"])
            for r in table
            if r["seed"] == str(old)
        }
        if rows["converged", "none", "", ""]:
            key = (measure, "none", "fresh", "gd_optimal")
            committed.append(forth(rows.get(key, rows.get((measure, "none", "", "")))))
    low, high = statistics.prediction_interval(committed, 1 - 0.05 / len(PREDICTED))
    ends = sorted((back(low), back(high)))
    say(f"new seed {seed}: {measure} {value:.6g}, predicted within {ends[0]:.6g} to {ends[1]:.6g}")
    if low <= forth(value) <= high:
        return None
    return f"new seed {seed}: {measure} is {value:.6g}, predicted within {ends[0]:.6g} to {ends[1]:.6g}"
