"""On a GPU: steps a second, what seeds side by side gain, and whether verdict numbers are those of the CPU.

`python benchmarks/gpu.py`, eight minutes at most; with `--quick` a run of seconds on any device, to see that
it works. Writes benchmarks/results/gpu.csv and gpu.md; "committed" are numbers of results/full, from CPUs.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from icgd.environment import prepare_jax

if __name__ == "__main__":  # before JAX is there
    prepare_jax()

import numpy as np
from arms import COLUMNS, engine, interleaved

from icgd import config, paths, record
from icgd.config import Config, Settings
from icgd.files import read_table, write_table, write_text
from icgd.measures.grid import answers
from icgd.measures.network import Loader, Network
from icgd.measures.request import Request
from icgd.progress import TrainingLine, say
from icgd.training import loop

ROOT = Path(__file__).resolve().parent.parent
ROW = ("experiment", "number", "weights", "unit", "here", "committed")
SPEED, HERE = "steps a second", "trained here"
ASKED = {"one_layer": "gd", "two_recurrent": "gd_plus_plus shared"}  # experiment -> reference
MEASURES = ("loss_ratio", "model_cos")
ROUNDS, SEEDS = 3, range(5)
LAST_START = 0.7  # of the time there is: columns that would start later are left out


def agreement(name: str, settings: Settings, seeds: Sequence[int]) -> Iterator[dict]:
    """A few numbers of verdicts, measured here on the committed weights and on weights trained here."""
    requests = [Request(measure, "network", ASKED[name], "fresh") for measure in MEASURES]
    known = {key(row): float(row["value"]) for row in read_table(paths.table("full", name, "measures"))}
    loader = Loader("full", {name: settings})
    runs = loop.train(settings, seeds, report=TrainingLine(name, seeds))
    for seed, run in zip(seeds, runs, strict=True):
        new = Network(settings, seed, run.weights, [], scale="full", experiment=name)
        for weights, network in (("committed", loader.load(name, seed)), (HERE, new)):
            for row in answers(network, requests)[0]:
                about = {"experiment": name, "number": f"{row['measure']} to {row['reference']}"}
                numbers = {"here": row["value"], "committed": known[key(row)]}
                yield {**about, "weights": weights, "unit": row["unit"], **numbers}


def key(row: Mapping) -> tuple:
    """What a row of a table of measures is about."""
    return row["unit"], *(row[name] for name in Request._fields)


def speeds(name: str, settings: Settings, seeds: Sequence[int], steps: int) -> Iterator[dict]:
    """Steps a second of one seed and of several side by side, by the clock."""
    arms = {"1 seed": engine(settings, steps), f"{len(seeds)} seeds": engine(settings, steps, seeds)}
    for unit, times in interleaved(arms, ROUNDS).items():
        yield {"experiment": name, "number": SPEED, "unit": unit, "here": float(1000 / times.wall.min())}


def measured(
    found: Config, scale: str, names: Sequence[str], asked: Sequence[str], until: float
) -> list[dict]:
    """All rows; columns stop where the time would not do."""
    seeds, steps = (SEEDS, 100) if scale == "full" else (range(2), 2)
    rows = []
    for name in asked:
        rows += agreement(name, found.settings(name, scale), seeds)
    for name in names:
        if time.monotonic() > until:
            say(f"gpu: no time is left for {name}")
            continue
        rows += speeds(name, found.settings(name, scale), seeds, steps)
        say(f"{COLUMNS[name]}: {rows[-2]['here']:.0f} steps/s, {rows[-1]['unit']} {rows[-1]['here']:.0f}")
    return rows


def markdown(rows: list[dict]) -> str:
    """Both tables."""
    speed = [row for row in rows if row["number"] == SPEED]
    lines = [f"Measured on {record.device()}; steps a second, and {speed[1]['unit']} side by side.", ""]
    lines += ["| network | one seed | several | gain |", "|---|---|---|---|"]
    for one, several in zip(speed[::2], speed[1::2], strict=True):
        gain = int(several["unit"].split()[0]) * several["here"] / one["here"]
        lines.append(
            f"| {COLUMNS[one['experiment']]} | {one['here']:.0f} | {several['here']:.0f} | {gain:.2g} |"
        )
    lines += [
        "",
        "| experiment | number | weights | seeds | committed, mean | here, mean | largest difference |",
    ]
    lines.append("|---|---|---|---|---|---|---|")
    groups: dict[tuple, list] = {}
    for row in rows:
        if row["number"] != SPEED:
            groups.setdefault(tuple(row[name] for name in ROW[:3]), []).append(
                (row["here"], row["committed"])
            )
    for words, pairs in groups.items():
        here, committed = np.array(pairs).T
        numbers = f"{committed.mean():.6g} | {here.mean():.6g} | {np.abs(here - committed).max():.1e}"
        lines.append(f"| {' | '.join(words)} | {len(here)} | {numbers} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write."""
    began, parser = time.monotonic(), argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one layer, a few steps of smoke scale")
    parser.add_argument("--minutes", type=float, default=8, help="that it may take (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default="benchmarks/results", help="(default: %(default)s)")
    parsed = parser.parse_args(arguments)
    os.chdir(ROOT)
    until = began + 60 * LAST_START * parsed.minutes
    chosen = (["one_layer"],) * 2 if parsed.quick else (COLUMNS, ASKED)
    rows = measured(config.load(), "smoke" if parsed.quick else "full", *chosen, until)
    write_table(parsed.folder / "gpu.csv", ROW, rows)
    write_text(parsed.folder / "gpu.md", markdown(rows))


if __name__ == "__main__":
    sys.exit(main())
