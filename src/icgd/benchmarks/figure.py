"""The benchmark as a picture: cost of a step in three forms, and its growth."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from icgd.benchmarks.columns import BATCH, COLUMNS
from icgd.benchmarks.growth import BATCH as GROWTH_BATCH
from icgd.benchmarks.growth import exponent
from icgd.figures import style

FORMS = {
    "released_cpu_ms": ("released code", style.GREY),
    "textbook_cpu_ms": ("textbook form", style.ORANGE),
    "engine_cpu_ms": ("engine", style.BLUE),
}
MARKERS = "osD^v"


@style.theme()
def draw(comparison: pd.DataFrame, growth: pd.DataFrame) -> Figure:
    """Left: CPU ms a step; right: growth with the fitted exponents."""
    figure = style.canvas(style.WIDE, 3.9, "")
    bars, lines = figure.subplots(1, 2, width_ratios=(1.15, 1))
    places = np.arange(len(comparison))[::-1]
    for index, (name, (label, colour)) in enumerate(FORMS.items()):
        values, at = comparison[name].to_numpy(), places - 0.27 * (index - 1)
        ends, spread = values, None
        if f"{name}_least" in comparison:
            spread = np.abs(comparison[[f"{name}_least", f"{name}_most"]].to_numpy().T - values)
            ends = comparison[f"{name}_most"]
        error = {"elinewidth": 0.6}
        bars.barh(at, values, 0.25, color=colour, label=label, xerr=spread, error_kw=error)
        for place, value, end in zip(at, values, ends, strict=True):
            bars.text(end * 1.1, place, f"{value:.3g}", va="center", fontsize=6)
    bars.set(xscale="log", yticks=places, xlim=(0.7, 800), xlabel="ms, with the range over rounds")
    bars.set_title(f"CPU time of a step, batch {BATCH}")
    bars.set_yticklabels([COLUMNS[name].title for name in comparison["column"]])
    bars.grid(axis="x")
    bars.legend(loc="upper center", bbox_to_anchor=(0.3, -0.2), ncols=3, columnspacing=1.0, handlelength=1.2)
    markers = iter(MARKERS)
    for (study, form), rows in growth.groupby(["study", "form"], sort=False):
        kind = {"marker": next(markers), "markersize": 3} if form == "engine" else {"linestyle": "--"}
        name = study if form == "engine" else f"{study} (textbook)"
        label = f"{name}: exponent {exponent(rows['x'], rows['cpu_ms']):.2f}"
        colour = None if form == "engine" else style.GREY
        lines.plot(rows["x"], rows["cpu_ms"], color=colour, linewidth=0.9, label=label, **kind)
    lines.set(xscale="log", yscale="log", xlabel="size", ylabel="ms")
    lines.set_title(f"growth of the engine's, batch {GROWTH_BATCH}")
    lines.legend(loc="upper center", bbox_to_anchor=(0.42, -0.16), fontsize=6.5)
    return figure
