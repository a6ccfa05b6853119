"""One grammar for all figures: lines and markers, two y axes, insets, notes, one legend."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from icgd import paths
from icgd.config import Config
from icgd.figures import heat, style
from icgd.figures.looks import Look, Looks
from icgd.figures.panels import Count, Figure, Panel
from icgd.figures.plan import named
from icgd.figures.queries import Row
from icgd.figures.style import Axes, Canvas
from icgd.figures.tables import Tables

COLUMNS = ("panel", *Row._fields)
INSET = (0.6, 0.12, 0.38, 0.36)  # left, bottom, width, height, in a panel's own coordinates


def save(name: str, config: Config, scale: str) -> list[Path]:
    """Draw a figure as figures/{scale}/{name}.png and .svg, and write its data as .csv.

    Raises:
        IcgdError: there is no such figure, or something that it reads is not there.
    """
    drawing = Drawing(named(name), Tables(config, scale))
    with style.theme():
        return style.write(drawing.canvas(), COLUMNS, drawing.data(), paths.FIGURES / scale / name)


class Words(dict):
    """What a text may ask for, of the figure's experiment or, as in {seeds sine}, of another."""

    def __init__(self, tables: Tables, of: str, **known: object):
        super().__init__(scale=tables.scale, **known)
        self.tables, self.of = tables, of

    def __missing__(self, asked: str) -> object:
        name, _, of = asked.partition(" ")
        of, tables = of or self.of, self.tables
        if name == "reduced":
            return "; fewer steps than published" if tables.config.named(of).reduced else ""
        return tables.headline(of) if name == "headline" else len(getattr(tables, name)(of))


class Drawing:
    """A figure with its data."""

    def __init__(self, figure: Figure, tables: Tables):
        self.figure, self.tables = figure, tables
        self.rows = {
            panel.name: [row for query in panel.queries for row in query.rows(tables)]
            for panel in figure.panels()
        }
        self.converged = not figure.of or "converged" in tables.seeds(figure.of).values()

    def data(self) -> Iterator[dict[str, object]]:
        """Everything that is drawn, as rows of `COLUMNS`."""
        for panel, rows in self.rows.items():
            for row in rows:
                yield {"panel": panel, **row._asdict(), "y": "" if math.isnan(row.y) else row.y}

    def told(self, text: str, count: Count | None = None) -> str:
        """A text with what it asks for."""
        words = Words(self.tables, self.figure.of)
        if count:
            found = list(self.tables.measure(count.of, count.request).values())
            words["count"] = f"{sum(value > count.above for value in found)} of {len(found)}"
        if self.figure.median:
            words["median"] = self.tables.median(self.figure.of, self.figure.median)
        return text.format_map(words)

    def canvas(self) -> Canvas:
        """The figure, drawn."""
        canvas = Canvas(figsize=(self.figure.width, self.figure.height), layout="constrained")
        canvas.suptitle(self.told(self.figure.title), x=0.01, ha="left", fontstyle="italic")
        maps, shared = [], False
        for axes, panel in self.placed(canvas):
            if panel.heat:
                maps.append(heat.Map(axes, panel.title, self.rows[panel.name]))
                shared = panel.heat == "shared"
            else:
                self.show(axes, panel)
        for group in [maps] if shared else [[one] for one in maps]:
            heat.show(canvas, group, off_diagonal=shared)
        style.legend(canvas, self.figure.columns)
        return canvas

    def placed(self, canvas: Canvas) -> Iterator[tuple[Axes, Panel]]:
        """Axes of every panel, in rows; rows of unlike lengths have columns of their own."""
        rows, shared = self.figure.rows, self.figure.shared
        if len({len(row) for row in rows}) == 1:
            ratios = {"width_ratios": self.figure.widths, "height_ratios": self.figure.heights}
            share = {"sharex": "col", "sharey": "row"} if shared else {}
            grid = canvas.subplots(len(rows), len(rows[0]), squeeze=False, **ratios, **share)
        else:
            parts = zip(canvas.subfigures(len(rows), 1), rows, strict=True)
            grid = [part.subplots(1, len(row), squeeze=False)[0] for part, row in parts]
        for row, line in zip(rows, grid, strict=True):
            yield from zip(line, row, strict=True)

    def show(self, axes: Axes, panel: Panel) -> None:
        """One panel."""
        rows = self.rows[panel.name]
        if panel.right:
            self.show_right(axes, panel, [row for row in rows if not is_cosine(row)])
            rows = [row for row in rows if is_cosine(row)]
        lines(axes, moved(panel, rows), panel.looks)
        for more in panel.also:
            lines(axes, moved(more, self.rows[more.name]), more.looks)
        frame(axes, panel)
        if self.converged:
            axes.set(**{name: limits for name in ("xlim", "ylim") if (limits := getattr(panel, name))})
        axes.set_title(self.told(panel.title))
        for note in panel.notes:
            text = self.told(note.text, note.count)
            axes.text(note.x, note.y, text, transform=axes.transAxes, ha=note.side, va="center", fontsize=7)
        if panel.inset and self.converged:
            inset = axes.inset_axes(INSET)
            self.show(inset, panel.inset)
            inset.set_title(panel.inset.title, fontsize=7, pad=2)
        if self.figure.shared:
            axes.label_outer()

    def show_right(self, axes: Axes, panel: Panel, rows: list[Row]) -> None:
        """What has the axis on the right; its zero is that of the left one."""
        right = axes.twinx()
        lines(right, moved(panel, rows), panel.looks)
        if self.converged:
            top = panel.right_top or right.get_ylim()[1]
            right.set_ylim(top * panel.ylim[0] / panel.ylim[1], top)
        right.grid(False)
        right.set_ylabel(panel.right)


def is_cosine(row: Row) -> bool:
    """Does it stay on the left of two axes?"""
    return row.series.startswith("model_cos")


def moved(panel: Panel, rows: Iterable[Row]) -> list[Row]:
    """Rows side by side where the panel says so: series, seeds of one place, and what is published."""
    rows, seen = list(rows), Counter()
    sizes = Counter((row.series, row.source, row.x) for row in rows)
    found = []
    for row in rows:
        place = row.series, row.source, row.x
        x = row.x + panel.apart.get(row.series, 0.0) + panel.beside * (row.source == "published")
        if sizes[place] > 1:
            x += panel.spread * (2 * seen[place] / (sizes[place] - 1) - 1)
        seen[place] += 1
        found.append(row._replace(x=x))
    return found


def lines(axes: Axes, rows: list[Row], looks: Looks) -> None:
    """Every unit of every series, from left to right; published ones behind."""
    units: dict[tuple[str, str], dict[str, list[Row]]] = {}
    for row in sorted(rows, key=lambda row: row.source == "ours"):
        units.setdefault((row.source, row.series), {}).setdefault(row.unit, []).append(row)
    for (source, series), found in units.items():
        look = looks[source, series]
        order = 2 + (source == "ours") + 0.5 * series.startswith("gd_")
        for index, points in enumerate(found.values()):
            label = look.label if index == 0 else None
            line(axes, sorted(points, key=lambda row: row.x), look, zorder=order, label=label)


def line(axes: Axes, points: list[Row], look: Look, **place: object) -> None:
    """One unit."""
    pen = {"color": look.color, "linewidth": look.width, "alpha": look.alpha, **place}
    if look.form == "upright":
        for row in points:
            axes.axvline(row.x, linestyle=look.line, **pen)
        return
    axes.plot(
        [row.x for row in points],
        [row.y for row in points],
        linestyle=look.line or "none",
        drawstyle=look.form,
        marker=look.marker or None,
        markersize=look.size,
        markevery=look.every,
        markerfacecolor="none" if look.hollow else look.color,
        markeredgewidth=0.8 if look.hollow or look.marker == "+" else 0.0,
        **pen,
    )


def frame(axes: Axes, panel: Panel) -> None:
    """Labels, kinds of axes, ticks, and lines that are no data."""
    axes.set(xlabel=panel.x, ylabel=panel.y)
    for name, ticks in (("x", panel.xticks), ("y", panel.yticks)):
        axis = getattr(axes, f"{name}axis")
        if name in panel.log:
            getattr(axes, f"set_{name}scale")("log")
        if ticks:
            axis.set_ticks(list(ticks), list(ticks.values()))
            axis.minorticks_off()
    if panel.mark is not None:
        axes.axvline(panel.mark, color="0.3", linewidth=0.7, linestyle="--", zorder=1)
    for across in panel.across:
        pen = {"color": across.color, "linewidth": 0.9, "linestyle": across.line, "zorder": 1.5}
        if across.ends:
            axes.plot(across.ends, [across.y] * 2, label=across.label, **pen)
        else:
            axes.axhline(across.y, label=across.label, **pen)
