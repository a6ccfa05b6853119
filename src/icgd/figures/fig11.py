"""Figure 11: the weights of two softmax heads cancel where they should, and add up where they should."""

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icgd import paths
from icgd.config import Config
from icgd.figures import data, marks, style
from icgd.figures.inputs import SOFTMAX

EXPERIMENT = SOFTMAX[1]
MAPS = {"head_1": r"$\eta_1 W_{1,KQ}$", "head_2": r"$\eta_2 W_{2,KQ}$", "sum": "sum of both"}
STRIPS = {  # measure -> what stands below it, its bound
    "offdiagonal_correlation": ("correla-\ntion of\nheads", -0.9),
    "offdiagonal_sum": ("sum\nover\na head", 0.25),
    "value_balance": ("|Σ η|\nover mean\n|η|", 0.25),
}


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Three heat maps of the median seed, one strip of all converged seeds."""
    table = data.table(scale, EXPERIMENT, "nonlinear")
    state = data.states(table)
    seed, strips = median(table, state), strip_rows(table, state)
    maps = weighted(scale, seed)
    title = f"{data.headline(scale, state)}; maps of seed {seed}, inputs only; diagonals beyond the colours"
    figure = style.canvas(style.WIDE, 2.7, title)
    axes = figure.subplots(1, 4, width_ratios=[1, 1, 1, 1.3])
    top = max(float(np.abs(off_diagonal(found)).max()) for found in maps.values())
    for place, (name, words) in zip(axes[:3], MAPS.items(), strict=True):
        heat_map(place, maps[name], words, top)
    bar = {"shrink": 0.6, "aspect": 18, "pad": 0.02, "extend": "both", "label": "weight (no unit)"}
    figure.colorbar(axes[0].collections[0], ax=list(axes[:3]), **bar)
    strip(axes[3], strips)
    style.legend(figure, 3)
    return figure, pd.concat([*(entries(name, found, seed) for name, found in maps.items()), strips])


def median(table: pd.DataFrame, state: pd.Series) -> int:
    """The converged seed with the median correlation (the lower one of two)."""
    found = data.measure(table, "offdiagonal_correlation").reindex(data.shown(state))
    return int(found.sort_values(kind="stable").index[(len(found) - 1) // 2])


def weighted(scale: str, seed: int) -> dict[str, np.ndarray]:
    """eta_h W_h,KQ of each head on the inputs, and their sum; transposed, as the paper has columns."""
    with np.load(paths.weights(scale, EXPERIMENT, seed)) as file:
        query, key, value, projection = (
            file[f"0/{name}"] for name in ("query", "key", "value", "projection")
        )
    logits = key @ query.swapaxes(1, 2) / np.sqrt(query.shape[-1])
    last = np.einsum("hk,hk->h", value[:, -1], projection[:, :, -1])
    found = last[:, None, None] * logits[:, :-1, :-1]
    return {"head_1": found[0], "head_2": found[1], "sum": found.sum(axis=0)}


def off_diagonal(matrix: np.ndarray) -> np.ndarray:
    """All entries but the diagonal."""
    return matrix[~np.eye(len(matrix), dtype=bool)]


def entries(name: str, matrix: np.ndarray, seed: int) -> pd.DataFrame:
    """A heat map as rows: series is the row, x the column, both from 1."""
    rows, columns = np.indices(matrix.shape) + 1
    series = [f"row_{row}" for row in rows.ravel()]
    frame = pd.DataFrame({"series": series, "unit": str(seed), "x": columns.ravel(), "y": matrix.ravel()})
    return frame.assign(panel=name, source="ours")[data.COLUMNS]


def strip_rows(table: pd.DataFrame, state: pd.Series) -> pd.DataFrame:
    """How the heads stand to each other, by seed; published where the figure shows it."""
    published = {
        "offdiagonal_correlation": data.numbers("fig11_correlation")["two heads"],
        "offdiagonal_sum": _published_sum(data.numbers("fig11_offdiagonal")),
    }
    parts = []
    for index, name in enumerate(STRIPS):
        values = data.measure(table, name).reindex(data.shown(state))
        ours = pd.DataFrame({"unit": values.index, "x": float(index), "y": values.to_numpy()})
        parts.append(data.tidy(ours, "heads", name, "x", "y"))
        if name in published:
            theirs = pd.DataFrame({"x": [float(index)], "y": [published[name]]})
            parts.append(data.tidy(theirs, "heads", name, "x", "y").assign(source="published"))
    return pd.concat(parts)


def _published_sum(sizes: dict[str, float]) -> float:
    return sizes["sum"] / ((sizes["head 1"] + sizes["head 2"]) / 2)


def heat_map(axes: Axes, matrix: np.ndarray, title: str, top: float) -> None:
    """One product; all maps have the colours of the off-diagonal entries."""
    seaborn.heatmap(
        matrix, ax=axes, cmap="vlag", vmin=-top, vmax=top, square=True, cbar=False, rasterized=True
    )
    ticks = [0, len(matrix) // 2 - 1, len(matrix) - 1]
    axes.set_xticks([tick + 0.5 for tick in ticks], [str(tick + 1) for tick in ticks], rotation=0)
    axes.set_yticks([tick + 0.5 for tick in ticks], [str(tick + 1) for tick in ticks], rotation=0)
    size = np.sqrt(np.mean(off_diagonal(matrix) ** 2))
    diagonal = np.diag(matrix).mean()
    axes.set_title(f"{title}\ndiagonal mean {diagonal:.2f}\noff diag. RMS {size:.2f}", fontsize=7)


def strip(axes: Axes, rows: pd.DataFrame) -> None:
    """One dot a seed, with the rule's bounds and what is published."""
    axes.axhline(0, color="0.3", linewidth=0.6, zorder=1)
    for index, (name, (_, bound)) in enumerate(STRIPS.items()):
        ends, label = (index - 0.35, index + 0.35), "rule: at most" if index == 0 else None
        axes.plot(ends, [bound] * 2, color="0.3", linewidth=0.9, linestyle="--", label=label, zorder=2)
        chosen = rows[rows.series == name]
        ours, theirs = chosen[chosen.source == "ours"], chosen[chosen.source == "published"]
        places = index + np.linspace(-0.2, 0.2, len(ours)) if len(ours) > 1 else ours.x
        label = "trained, one seed" if index == 0 else None
        axes.plot(places, ours.y, "o", color=style.BLUE, markersize=3, alpha=0.8, label=label, zorder=3)
        label = "published" if index == 0 else None
        axes.plot(theirs.x + 0.32, theirs.y, "D", color=style.GREY, markersize=5, label=label, zorder=2)
    axes.set_xlim(-0.5, len(STRIPS) - 0.5)
    axes.set_ylim(-1.1, 1.1 if rows.y.max() <= 1.1 else None)
    axes.set_xticks(range(len(STRIPS)), [words for words, _ in STRIPS.values()], fontsize=6.5)
    marks.label(axes, "all seeds", "", "no unit")
