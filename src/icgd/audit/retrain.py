"""Two seeds of one experiment trained now: a committed one, and a new one that must fall where those say."""

import math
from collections.abc import Iterator

from icgd import paths
from icgd.claims import intervals
from icgd.claims.scales import TRANSFORMS
from icgd.config import Config
from icgd.errors import IcgdError
from icgd.files import read_table
from icgd.measures.grid import answers
from icgd.measures.network import Network
from icgd.measures.request import Request
from icgd.measures.tables import COLUMNS
from icgd.progress import TrainingLine, say
from icgd.training import loop

EXPERIMENT = "one_layer"
LOSS_TOLERANCE = 1e-4  # relative, of the retrained seed's evaluation losses
PREDICTED = {  # numbers of a new seed that must fall where the committed seeds say; the scale of intervals
    Request("loss_ratio", "network", "gd", "fresh"): "log",
    Request("model_cos", "network", "gd", "fresh"): "log(1 - x)",
    Request("rate_over_optimal", "network"): "log",
}
MOST_NEW_SEEDS = 3  # a new seed may still be on its plateau; then the next one is tried


def committed_seed(config: Config) -> Iterator[str]:
    """Train committed seed 0 again; its history must come out as committed."""
    committed = read_table(paths.history("full", EXPERIMENT, 0))
    for old, new in zip(committed, _train(config, 0).history, strict=True):
        was, now = float(old["evaluation_loss"]), new["evaluation_loss"]
        if not math.isclose(was, now, rel_tol=LOSS_TOLERANCE):
            yield f"{EXPERIMENT} seed 0 step {old['step']}: evaluation loss was {was}, is {now}"


def new_seed(config: Config) -> Iterator[str]:
    """Train a seed that is not committed; its numbers must fall in the 95 % prediction intervals.

    Raises:
        IcgdError: several new seeds have not left their plateau.
    """
    settings = config.settings(EXPERIMENT, "full")
    for seed in range(settings.seeds, settings.seeds + MOST_NEW_SEEDS):
        run = _train(config, seed)
        network = Network(settings, seed, run.weights, run.history, experiment=EXPERIMENT)
        if network.converged:
            rows = {Request.of(row): row["value"] for row in answers(network, PREDICTED)[0]}
            for request, on in PREDICTED.items():
                yield from _missed(request, on, rows[request], seed)
            return
        say(f"{EXPERIMENT} seed {seed} is still on its plateau; trying the next")
    raise IcgdError(
        f"none of {MOST_NEW_SEEDS} new seeds has converged; raise MOST_NEW_SEEDS or look into it."
    )


def _train(config: Config, seed: int) -> loop.Run:
    line = TrainingLine(f"{EXPERIMENT} for a check,", [seed])
    return loop.train(config.settings(EXPERIMENT, "full"), [seed], report=line)[0]


def _missed(request: Request, on: str, value: float, seed: int) -> Iterator[str]:
    """How a new seed's number misses its prediction interval (Bonferroni over the numbers)."""
    forth, back = TRANSFORMS[on]
    table = read_table(paths.table("full", EXPERIMENT, "measures"), COLUMNS)
    converged = {row["unit"] for row in table if row["measure"] == "converged" and float(row["value"])}
    named = [row for row in table if request == Request.of(row)]
    committed = [forth(float(row["value"])) for row in named if row["unit"] in converged]
    low, high = intervals.prediction(committed, 1 - 0.05 / len(PREDICTED))
    ends = sorted((back(low), back(high)))
    said = (
        f"new seed {seed}: {request.measure} is {value:.6g}, predicted within {ends[0]:.6g} to {ends[1]:.6g}"
    )
    say(said)
    if not low <= forth(value) <= high:
        yield said
