"""`icgd bench`: what a training step costs; tables and a plot in benchmarks/results, and the README."""

import argparse
from pathlib import Path

import pandas as pd

from icgd.benchmarks import comparison, figure, growth, table, timing
from icgd.benchmarks.columns import COLUMNS
from icgd.errors import IcgdError
from icgd.figures import style
from icgd.files import write_table, write_text
from icgd.generated import placed
from icgd.progress import say
from icgd.provenance import Recorder

RESULTS, README = Path("benchmarks/results"), Path("README.md")


def arguments(parser: argparse.ArgumentParser) -> None:
    """How often."""
    parser.add_argument("--rounds", type=int, default=7, help="timed rounds (default: %(default)s)")


def run(parsed: argparse.Namespace) -> None:
    """Measure, interleaved in this one process; write the tables, the plot and the README's block."""
    if parsed.rounds < 5:
        raise IcgdError(f"--rounds must be 5 or more, not {parsed.rounds}: a median needs them.")
    recorder = Recorder("bench", {"rounds": parsed.rounds})
    compared = []
    for name, column in COLUMNS.items():
        row = {"column": name, **comparison.compared(column, parsed.rounds)}
        say(f"{column.title}: engine {row['engine_cpu_ms']:.1f} ms, {row['ratio']:.1f} times cheaper")
        compared.append(row)
    grown = list(growth.measured(parsed.rounds))
    write(compared, grown, shares(compared))
    recorder.write([RESULTS / name for name in ("steps.csv", "growth.csv", "steps.md")])


def shares(compared: list[dict]) -> str:
    """The engine's floating-point rate beside that of one large matrix product."""
    peak = timing.product_rate()
    parts = []
    for row in compared:
        if row["column"] in ("one_layer", "five_distinct"):
            column = COLUMNS[row["column"]]
            rate = comparison.operations(column.settings()) / (1e6 * row["engine_cpu_ms"])
            parts.append(f"{rate:.2g} of them ({100 * rate / peak:.1f} %) for {column.title}")
    return (
        f"One large matrix product runs at {peak:.0f} billion operations a second here; the useful "
        f"operations of a step at {', '.join(parts)}, whose products are 11 x 11 and not large."
    )


def write(compared: list[dict], grown: list[dict], share: str) -> None:
    """Everything that is committed."""
    write_table(RESULTS / "growth.csv", grown[0], grown)
    frames = pd.DataFrame(compared), pd.DataFrame(grown)
    text = table.markdown(*frames, share)
    write_text(RESULTS / "steps.md", text)
    write_text(README, placed(README.read_text(encoding="utf-8"), table.BEGIN, table.END, text, README))
    style.save(figure.draw(*frames), frames[0], RESULTS / "steps")
