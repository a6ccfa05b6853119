"""`icgd contrasts`: contrasts.csv, constructed models on ten sets of fresh tasks."""

import argparse

import jax

from icgd import paths
from icgd.analysis import contrasts
from icgd.analysis.measuring import COLUMNS, Measures
from icgd.cli.common import scale_arguments
from icgd.config import load
from icgd.files import write_table
from icgd.provenance import Recorder
from icgd.randomness import stream
from icgd.tasks import linear

SETS, TASKS = 10, 5000


def arguments(parser: argparse.ArgumentParser) -> None:
    """Only where to write."""
    scale_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Every contrast on every set; the same at every scale."""
    config = load(parsed.config)
    recorder = Recorder("contrasts", {"key_implementation": config.key_implementation})
    table = []
    for unit in range(SETS):
        key = stream(unit, "contrasts", config.key_implementation)
        tasks_key, fault_key = jax.random.split(key)
        tasks = linear.sample(tasks_key, TASKS, 10, 10)
        rows = Measures()
        contrasts.any_rate(rows, tasks, fault_key)
        contrasts.equal_losses(rows, tasks, fault_key)
        contrasts.ripple(rows, tasks)
        contrasts.random_weights(rows, tasks, fault_key)
        contrasts.unrepresentable(rows, tasks)
        contrasts.floor(rows, tasks)
        contrasts.growth(rows, tasks)
        contrasts.one_dimension(rows, tasks, fault_key)
        table += [{"unit": f"set {unit}", **row} for row in rows]
    output = paths.RESULTS / (parsed.scale or config.scale) / "contrasts" / "contrasts.csv"
    write_table(output, ("unit", *COLUMNS), table)
    recorder.write([output])
