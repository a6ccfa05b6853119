"""One grammar for all figures: lines, points and maps, panels under panels, a legend for each and a key."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
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
        placed, maps, seen, drawn = self.placed(canvas), [], set(), []
        for at, row in enumerate(self.figure.rows):
            for column, cell in enumerate(row):
                stack = [(placed[f"{at} {column} {k}"], panel) for k, panel in enumerate(cell.stack())]
                beside = [
                    placed[f"{at} 0 {k}"] for k in range(len(stack)) if at in self.figure.shared and column
                ]
                style.share([axes for axes, _ in stack], beside)
                maps += [heat.Map(axes, panel, self.rows[panel]) for axes, panel in stack if panel.heat]
                looks = [look for axes, panel in stack if not panel.heat for look in self.show(axes, panel)]
                style.outer([axes for axes, _ in stack], inner=bool(beside))
                new = [look for look in looks if (look.label, look.color) not in seen]
                if not self.figure.once:
                    seen |= {(look.label, look.color) for look in new}
                    style.legend(stack[-1][0], new, self.figure.width / len(row) - 0.5)
                drawn += looks
        style.despine(canvas)
        if maps:
            heat.show(canvas, maps)
        extra = any(panel.extra for panel in self.figure.cells())
        style.key(canvas, drawn, drawn if self.figure.once else [], f"{EXTRA} not in the paper" * extra)
        return canvas

    def placed(self, canvas: Canvas) -> dict[str, Axes]:
        """Axes by row, column, and place in the cell; rows of unlike lengths have columns of their own."""
        mosaics, heights = [], []
        for at, row in enumerate(self.figure.rows):
            depths = [len(cell.stack()) for cell in row]
            mosaics.append([
                [f"{at} {column} {min(line, depth - 1)}" for column, depth in enumerate(depths)]
                for line in range(max(depths))
            ])  # fmt: skip
            heights.append([1.0] + [UNDER] * (max(depths) - 1))
        if len({len(row) for row in self.figure.rows}) == 1:
            return canvas.subplot_mosaic(sum(mosaics, []), height_ratios=sum(heights, []))
        parts, found = canvas.subfigures(len(mosaics), 1, height_ratios=[sum(one) for one in heights]), {}
        for part, mosaic, ratios in zip(parts, mosaics, heights, strict=True):
            found |= part.subplot_mosaic(mosaic, height_ratios=ratios)
        return found

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
