"""One grammar for all figures: lines, points and maps, panels under panels, a legend for each and a key."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

from icgd import paths
from icgd.config import Config
from icgd.figures import captions, heat, style
from icgd.figures.looks import Look, Looks, Pen
from icgd.figures.panels import Across, Figure, Panel
from icgd.figures.plan import named
from icgd.figures.queries import Row
from icgd.figures.style import Axes, Canvas
from icgd.figures.tables import Tables

COLUMNS = ("panel", *Row._fields)
UNDER = 0.62  # height of a panel under another, of that one's
EXTRA = "†"  # panels that are not in the paper


def save(name: str, config: Config, scale: str) -> list[Path]:
    """Draw figures/{scale}/{name}.png and .svg; write its data as .csv and its words as .json.

    Raises:
        IcgdError: there is no such figure, or something that it reads is not there.
    """
    drawing = Drawing(named(name), Tables(config, scale))
    words = captions.of(name, drawing.figure, drawing.tables, drawing.rows)
    with style.theme():
        stem = paths.FIGURES / scale / name
        return style.write(drawing.canvas(), words, COLUMNS, drawing.data(), stem)


class Drawing:
    """A figure with its data."""

    def __init__(self, figure: Figure, tables: Tables):
        self.figure, self.tables = figure, tables
        self.rows = {
            panel: [row for query in panel.queries for row in query.rows(tables)] for panel in figure.panels()
        }
        self.converged = not figure.of or "converged" in tables.seeds(figure.of).values()

    def data(self) -> Iterator[dict[str, object]]:
        """Everything that is drawn, as rows of `COLUMNS`."""
        for panel, rows in self.rows.items():
            for row in rows:
                yield {"panel": panel.name, **row._asdict(), "y": "" if math.isnan(row.y) else row.y}

    def canvas(self) -> Canvas:
        """The figure, drawn; a label stands where it is met first, as it means the same in all panels."""
        canvas = Canvas(figsize=(self.figure.width, self.figure.height), layout="constrained")
        maps, seen, drawn = [], set(), []
        for grid, stack, room in self.cells(canvas):
            looks = []
            for axes, panel in zip(grid, stack, strict=True):
                if panel.heat:
                    maps.append(heat.Map(axes, panel, self.rows[panel]))
                else:
                    looks += self.show(axes, panel)
            new = [look for look in looks if (look.label, look.color) not in seen]
            if not self.figure.once:
                seen |= {(look.label, look.color) for look in new}
                style.legend(grid[-1], new, room, stack[-1].key)
            drawn += looks
        if maps:
            heat.show(canvas, maps)
        extra = any(panel.extra for panel in self.figure.cells())
        style.key(canvas, drawn, drawn if self.figure.once else [], f"{EXTRA} not in the paper" * extra)
        return canvas

    def cells(self, canvas: Canvas) -> Iterator[tuple[list[Axes], list[Panel], float]]:
        """Axes of every cell from top to bottom, its panels, and the inches that its legend may be wide.

        Rows of unlike lengths have columns of their own.
        """
        rows = self.figure.rows
        depths = [max(len(panel.stack()) for panel in row if panel) for row in rows]
        ratios = [[1.0] + [UNDER] * (depth - 1) for depth in depths]
        if len({len(row) for row in rows}) == 1:
            grid = canvas.add_gridspec(sum(depths), len(rows[0]), height_ratios=sum(ratios, []))
            lines = [(grid, sum(depths[:at])) for at in range(len(rows))]
        else:
            parts = canvas.subfigures(len(rows), 1, height_ratios=[sum(ratio) for ratio in ratios])
            lines = [
                (part.add_gridspec(depth, len(row), height_ratios=ratio), 0)
                for part, depth, row, ratio in zip(parts, depths, rows, ratios, strict=True)
            ]
        for at, (row, (grid, top)) in enumerate(zip(rows, lines, strict=True)):
            first: list[Axes] = []
            for column, panel in enumerate(row):
                if panel is not None:
                    places = [grid[top + line, column] for line in range(depths[at])]
                    rest = len(panel.stack()) - 1  # the last one stands in all lines that are left
                    places = [*places[:rest], grid[top + rest : top + depths[at], column]]
                    y = first if at in self.figure.shared else []
                    cell = stacked(places, y)
                    yield cell, panel.stack(), self.figure.width / len(row) - 0.5
                    style.outer(cell, inner=bool(y))
                    first = first or cell

    def show(self, axes: Axes, panel: Panel) -> list[Look]:
        """One panel; what its legend has to explain."""
        looks = []
        for one in (panel, *panel.also):
            looks += lines(axes, moved(one, self.rows[one]), one.looks)
        looks += across(axes, panel.across)
        if self.converged:
            axes.set(**{name: limits for name in ("xlim", "ylim") if (limits := getattr(panel, name))})
        frame(axes, panel)
        axes.set_title(f"{panel.title} {EXTRA}" if panel.extra else panel.title)
        for note in panel.notes:
            place = {"transform": axes.transAxes, "ha": note.side, "va": "center", "fontsize": 6.5}
            axes.text(note.x, note.y, note.text, **place, bbox=style.PLATE)
        return looks


def stacked(places: list, beside: list[Axes]) -> list[Axes]:
    """Axes along one x, each along the y of those beside, if any."""
    cell: list[Axes] = []
    for place, y in zip_longest(places, beside[: len(places)]):
        figure = place.get_gridspec().figure
        cell.append(figure.add_subplot(place, sharex=cell[0] if cell else None, sharey=y))
    return cell


def moved(panel: Panel, rows: Iterable[Row]) -> list[Row]:
    """Rows side by side where the panel says so: series, seeds of one place, and what is published."""
    rows, seen = list(rows), Counter()
    sizes = Counter((row.series, row.source, row.x) for row in rows)
    found = []
    for row in rows:
        place = row.series, row.source, row.x
        x = row.x + panel.apart.get(row.series, 0.0) + panel.beside * (row.source == "published")
        if sizes[place] > 1 and panel.spread:
            x += panel.spread * (2 * seen[place] / (sizes[place] - 1) - 1)
        seen[place] += 1
        found.append(row._replace(x=x))
    return found


def lines(axes: Axes, rows: list[Row], looks: Looks) -> list[Look]:
    """Every unit of every series, from left to right, published ones behind; their looks."""
    units: dict[tuple[str, str], dict[str, list[Row]]] = {}
    for row in sorted(rows, key=lambda row: row.source == "ours"):
        units.setdefault((row.source, row.series), {}).setdefault(row.unit, []).append(row)
    drawn = {key: look for key in units if (look := looks[key])}
    for (source, series), look in drawn.items():
        order = 2 + (source == "ours") + 0.5 * series.startswith("gd_")
        for points in units[source, series].values():
            line(axes, sorted(points, key=lambda row: row.x), look.pen, color=look.color, zorder=order)
    return list(drawn.values())


def line(axes: Axes, points: list[Row], pen: Pen, color: str, zorder: float) -> None:
    """One unit."""
    xs, ys = [row.x for row in points], [row.y for row in points]
    if pen.form == "band":
        axes.fill_between(
            xs[::2], ys[::2], ys[1::2], color=color, alpha=pen.alpha, linewidth=0, zorder=zorder
        )
    elif pen.form == "upright":
        for x in xs:
            axes.axvline(x, zorder=zorder, **style.drawn(pen, color))
    else:
        axes.plot(xs, ys, zorder=zorder, drawstyle=pen.form, **style.drawn(pen, color))


def across(axes: Axes, found: Iterable[Across]) -> list[Look]:
    """Lines that are no data; their looks."""
    looks = [Look(one.label, one.color, Pen(line=one.line, width=0.9)) for one in found]
    for one, look in zip(found, looks, strict=True):
        draw = axes.axvline if one.upright else axes.axhline
        draw(one.at, zorder=1.5, **style.drawn(look.pen, look.color))
    return looks


def frame(axes: Axes, panel: Panel) -> None:
    """Labels, kinds of axes and ticks."""
    axes.set(xlabel=panel.x, ylabel=panel.y)
    for name in panel.log:
        style.logarithmic(axes, name)
    if panel.xticks:
        axes.set_xticks(list(panel.xticks), list(panel.xticks.values()))
        axes.xaxis.minorticks_off()
