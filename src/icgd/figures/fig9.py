"""Figure 9: trained weights of one layer and of two and three shared ones, and what is read off them."""

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icgd import paths
from icgd.config import Config
from icgd.figures import data, marks, style
from icgd.figures.inputs import BASE, THREE, TWO

RULE = 5.0  # percent: what the claim allows
PARTS = {"kq_offdiagonal": "off diag.", "kq_label": "label entry", "pv_rest": "rest $PW_V$"}
MAPS = {"kq": r"$W_K^\top W_Q$", "pv": r"$P\,W_V$"}
DEEP = {TWO: ("2 layers", style.GREEN), THREE: ("3 layers", style.PURPLE)}
NAMED_THREE = "three layers, shared"  # how the paper names the depth of its right panel


@style.theme()
def draw(scale: str, config: Config) -> tuple[Figure, pd.DataFrame]:
    """Above one layer: heat maps of the median seed, strips of all converged seeds; below more layers."""
    alignment = data.table(scale, BASE, "alignment")
    state = data.states(alignment)
    strips, seed = strip_rows(alignment, state, best_rate(config)), median(alignment, state)
    weights = products(scale, BASE, seed)
    figure = style.canvas(
        style.WIDE, 5.2, f"{data.headline(scale, state)}; maps of the seed with the median rate ({seed})"
    )
    above, below = figure.subplots(2, 4, width_ratios=[1.2, 1.2, 1.2, 1.0])
    for place, (name, title) in zip(above[:2], MAPS.items(), strict=True):
        heat_map(place, weights[name], title)
    rate_strip(above[2], strips[strips.panel == "rate"], best_rate(config))
    part_strip(above[3], strips[strips.panel == "parts"])
    maps = [entries(name, found, seed) for name, found in weights.items()]
    deep = pd.concat([deep_rows(scale, name) for name in DEEP] + [deep_published()])
    for place, (experiment, name) in zip(below, ((TWO, "kq"), (TWO, "pv"), (THREE, "pv")), strict=False):
        deep_seed = median(data.table(scale, experiment, "layers"), deep_state(scale, experiment), "step")
        matrix = products(scale, experiment, deep_seed)[name]
        heat_map(place, matrix, f"{DEEP[experiment][0]}: {MAPS[name]}")
        maps.append(entries(f"{experiment}_{name}", matrix, deep_seed))
    deep_panel(below[3], deep)
    style.legend(figure, 4)
    return figure, pd.concat([*maps, strips, deep])


def best_rate(config: Config) -> float:
    """Optimal eta/N of one GD step, closed form: 12 / (r^2 (N + d - 1/5))."""
    task = config.experiment(BASE).task
    return 12 / (task.input_range**2 * (task.context + task.inputs - 0.2))


def median(table: pd.DataFrame, state: pd.Series, measure: str = "rate_over_optimal") -> int:
    """The converged seed with the median rate (the lower one of two)."""
    rates = data.measure(table, measure).reindex(data.shown(state)).sort_values(kind="stable")
    return int(rates.index[(len(rates) - 1) // 2])


def products(scale: str, experiment: str, seed: int) -> dict[str, np.ndarray]:
    """The two products that matter, transposed: the paper multiplies columns, we multiply rows.

    Of the two signs that mean the same network the one with a positive W_KQ is taken.
    """
    with np.load(paths.weights(scale, experiment, seed)) as file:
        query, key, value, projection = (
            file[f"0/{name}"][0] for name in ("query", "key", "value", "projection")
        )
    kq, pv = (query @ key.T).T, (value @ projection).T
    sign = -1.0 if np.trace(kq) < 0 else 1.0
    return {"kq": sign * kq, "pv": sign * pv}


def entries(name: str, matrix: np.ndarray, seed: int) -> pd.DataFrame:
    """A heat map as rows: series is the row, x the column, both from 1."""
    rows, columns = np.indices(matrix.shape) + 1
    series = [f"row_{row}" for row in rows.ravel()]
    frame = pd.DataFrame({"series": series, "unit": str(seed), "x": columns.ravel(), "y": matrix.ravel()})
    return frame.assign(panel=name, source="ours")[data.COLUMNS]


def strip_rows(alignment: pd.DataFrame, state: pd.Series, best: float) -> pd.DataFrame:
    """Rates and disturbing parts of the seeds shown, and the published rate."""
    scales = {"rate_over_optimal": ("rate", best), **{name: ("parts", 100.0) for name in PARTS}}
    rows = [
        {"panel": panel, "series": name, "source": "ours", "unit": str(unit), "x": 0.0, "y": factor * value}
        for name, (panel, factor) in scales.items()
        for unit, value in data.measure(alignment, name).reindex(data.shown(state)).items()
    ]
    theirs = {"panel": "rate", "series": "rate_over_optimal", "source": "published", "unit": "", "x": 0.0}
    frame = pd.DataFrame(
        [*rows, {**theirs, "y": data.numbers("fig9_rate")["one layer"]}], columns=data.COLUMNS
    )
    return frame.assign(
        x=frame.series.map({name: float(index) for index, name in enumerate(PARTS)}).fillna(0.0)
    )


def heat_map(axes: Axes, matrix: np.ndarray, title: str) -> None:
    """One product, zero in white; the last row and column are the label's."""
    top, size = float(np.abs(matrix).max()), len(matrix)
    bar = {
        "shrink": 0.75,
        "aspect": 18,
        "pad": 0.03,
        "label": "weight (no unit)",
    }
    seaborn.heatmap(
        matrix, ax=axes, cmap="vlag", vmin=-top, vmax=top, square=True, cbar_kws=bar, rasterized=True
    )
    names = [*map(str, range(1, size)), "y"]
    ticks = [0, size // 2, size - 1]
    axes.set_xticks([tick + 0.5 for tick in ticks], [names[tick] for tick in ticks], rotation=0)
    axes.set_yticks([tick + 0.5 for tick in ticks], [names[tick] for tick in ticks], rotation=0)
    diagonal, last = np.diag(matrix)[:-1].mean().round(3) + 0.0, matrix[-1, -1].round(3) + 0.0  # no -0
    axes.set_title(f"{title}\ndiagonal mean {diagonal:.3f}\nlast entry {last:.3f}", fontsize=7)


def dots(axes: Axes, rows: pd.DataFrame, width: float) -> None:
    """One dot a seed, side by side in the order of the seeds."""
    for index, (_, part) in enumerate(rows.groupby("series", sort=False)):
        places = part.x + np.linspace(-width, width, len(part)) if len(part) > 1 else part.x
        label = "trained, one seed" if index == 0 else None
        axes.plot(places, part.y, "o", color=style.BLUE, markersize=3, alpha=0.8, label=label, zorder=3)


def rate_strip(axes: Axes, rows: pd.DataFrame, best: float) -> None:
    """Learning rate that each seed has learnt."""
    axes.axhline(best, color=style.ORANGE, linewidth=1.2, label=f"optimal rate {best:.4f}", zorder=2)
    theirs = rows[rows.source == "published"]
    label = f"published {theirs.y.iloc[0]:.3f}"
    axes.plot([0.42], theirs.y, "D", color=style.GREY, markersize=5, label=label, zorder=2)
    dots(axes, rows[rows.source == "ours"], 0.25)
    axes.set_xlim(-0.6, 0.6)
    axes.set_xticks([0], ["seeds"])
    marks.label(axes, "learnt rate", "", "rate η/N (no unit)")


def part_strip(axes: Axes, rows: pd.DataFrame) -> None:
    """Parts of the weights that the construction does not have, in percent."""
    dots(axes, rows, 0.25)
    axes.axhline(RULE, color="0.3", linewidth=0.8, linestyle="--", label="rule: at most 5 %", zorder=2)
    axes.set_xlim(-0.5, len(PARTS) - 0.5)
    axes.set_ylim(bottom=0)
    axes.set_xticks(range(len(PARTS)), [text.replace(" ", "\n", 1) for text in PARTS.values()])
    marks.label(axes, "other parts", "", "relative size (%)")


def deep_state(scale: str, experiment: str) -> pd.Series:
    """Seed -> converged, unconverged or diverged, of several layers."""
    return data.states(data.table(scale, experiment, "layers"))


def deep_rows(scale: str, experiment: str) -> pd.DataFrame:
    """Rate (x) and gamma (y) of the seeds shown, and of the best GD++ of that depth."""
    table = data.table(scale, experiment, "layers")
    seeds = data.shown(deep_state(scale, experiment))
    parts = []
    for series, plant in ((experiment, "none"), (f"{experiment}_best", "gd_plus_plus")):
        read = {name: data.measure(table, name, plant).reindex(seeds) for name in ("step", "gamma")}
        frame = pd.DataFrame({"unit": seeds, "x": read["step"].to_numpy(), "y": read["gamma"].to_numpy()})
        frame = frame if plant == "none" else frame.iloc[:1].drop(columns="unit")
        parts.append(data.tidy(frame, "depth", series, "x", "y"))
    return pd.concat(parts)


def deep_published() -> pd.DataFrame:
    """The published right panel, in the same plane."""
    read = [data.numbers(name)[NAMED_THREE] for name in ("fig9_rate", "fig9_gamma")]
    frame = pd.DataFrame({"x": read[:1], "y": read[1:]})
    return data.tidy(frame, "depth", "fig9", "x", "y").assign(source="published")


def deep_panel(axes: Axes, rows: pd.DataFrame) -> None:
    """Which depth the published panel is of: rate and gamma read off the weights."""
    looks = {("published", "fig9"): marks.Look("published as 3 layers", style.GREY, "", marker="D", size=8.0)}
    for name, (label, color) in DEEP.items():
        looks["ours", name] = marks.Look(f"{label}, one seed", color, "", marker="o", size=3.5, alpha=0.8)
        looks["ours", f"{name}_best"] = marks.Look(f"{label}, best GD++", color, "", marker="+", size=10.0)
    for (_, series), look in looks.items():
        part = rows[rows.series == series]
        style_of = {"markeredgecolor": look.color, "markeredgewidth": 1.2} if look.marker == "+" else {}
        axes.plot(
            part.x, part.y, look.marker, color=look.color, markersize=look.size, label=look.label, **style_of
        )
    axes.margins(0.2)
    marks.label(axes, "which depth?", "rate η/N", "γ (both no unit)")
