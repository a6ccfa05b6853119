"""The benchmark as a Markdown table, for benchmarks/results and the README."""

import pandas as pd

from icgd.benchmarks.columns import BATCH, COLUMNS
from icgd.benchmarks.growth import BATCH as GROWTH_BATCH
from icgd.benchmarks.growth import TOP, exponent

BEGIN, END = "<!-- benchmark: written by make bench -->\n", "<!-- end of benchmark -->"


def markdown(comparison: pd.DataFrame, growth: pd.DataFrame, share: str) -> str:
    """Table of the seven networks, the exponents, and the sentence on the matrix-product rate."""
    lines = [
        f"CPU milliseconds of a training step at batch {BATCH} on one thread, drawing the data included; "
        f"medians of {comparison['rounds'].min()} interleaved rounds, in brackets the least and the most.",
        "",
        "| network | released code | textbook form | engine | textbook / engine | released / engine |",
        "|---|---|---|---|---|---|",
    ]
    for row in comparison.to_dict("records"):
        cells = (
            COLUMNS[row["column"]].title,
            f"{row['released_cpu_ms']:.0f}",
            _spread(row, "textbook_cpu_ms"),
            _spread(row, "engine_cpu_ms"),
            _spread(row, "ratio"),
            f"{row['released_over_engine']:.1f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    exponents = [
        f"{study}{' (textbook)' if form == 'textbook' else ''} {exponent(rows['x'], rows['cpu_ms']):.2f}"
        for (study, form), rows in growth.groupby(["study", "form"], sort=False)
    ]
    growing = (
        f"Growth of the CPU time at batch {GROWTH_BATCH}, as the exponent of the {TOP} largest sizes: "
        f"{'; '.join(exponents)}."
    )
    return "\n".join([*lines, "", growing, share]) + "\n"


def _spread(row: dict, name: str) -> str:
    return f"{row[name]:.3g} ({row[f'{name}_least']:.3g}–{row[f'{name}_most']:.3g})"
