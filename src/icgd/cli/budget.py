"""`icgd budget`: the table of docs/budget.md, from the records beside what was trained."""

import argparse
from collections import defaultdict
from pathlib import Path

from icgd import paths
from icgd.files import read_json, write_text
from icgd.generated import placed

PAGE = Path("docs/budget.md")
BEGIN, END = "<!-- icgd budget: begin -->\n", "<!-- icgd budget: end -->\n"
HEAD = "| trained | runs | steps | ms a step | CPU minutes |\n|---|---|---|---|---|\n"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


def run(parsed: argparse.Namespace) -> None:
    """Write the table between its two marks."""
    write_text(PAGE, placed(PAGE.read_text("utf-8"), BEGIN, END, table(), PAGE))


def table() -> str:
    """Runs, steps and CPU time of everything trained at full scale, as Markdown."""
    rows, total, count = [], 0.0, 0
    for name, records in sorted(trained().items()):
        seconds = [record["cpu_s"] for record in records]
        steps = steps_of(records[0]["settings"])
        each = 1000 * sum(seconds) / len(seconds) / steps  # milliseconds
        each = f"{each:.0f}" if each >= 100 else f"{each:.2g}"
        rows.append(f"| `{name}` | {len(records)} | {steps} | {each} | {sum(seconds) / 60:.1f} |\n")
        total, count = total + sum(seconds), count + len(records)
    return HEAD + "".join(rows) + f"| **all** | {count} | | | **{total / 60:.0f}** |\n"


def trained() -> dict[str, list[dict]]:
    """Records of all training jobs at full scale, by experiment, sweep or released recipe."""
    found = defaultdict(list)
    folder = paths.RESULTS / "full"
    for path in sorted(folder.glob("*/seed-*/weights.npz.provenance.json")):
        found[path.parts[2]].append(read_json(path))
    for path in sorted(folder.glob("sweeps/*/seed-*.npz.provenance.json")):
        found[f"sweep {path.parts[3]}"].append(read_json(path))
    for path in sorted(folder.glob("references/released-*.csv.provenance.json")):
        found[path.name.split(".")[0]].append(read_json(path))
    return dict(found)


def steps_of(settings: dict) -> int:
    """Optimiser steps of one job; a sweep's are those of all its points."""
    steps = settings["training"]["steps"] if "training" in settings else settings["steps"]
    return steps * len(settings.get("points", [None]))
