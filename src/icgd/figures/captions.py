"""The words beside a figure: title, caption and what is seen; their numbers are those that are drawn."""

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from statistics import median

from icgd.figures.panels import Figure, Panel
from icgd.figures.queries import Row
from icgd.figures.tables import Tables
from icgd.files import read_yaml

WORDS = Path(__file__).with_name("captions.yaml")
HOLE = re.compile(r"\{([^}]+)\}")
Rows = Mapping[Panel, list[Row]]


class Numbers:
    """Numbers for a text: {median}, and {last/panel/series} or {first/panel/series/published} by x."""

    def __init__(self, figure: Figure, tables: Tables, rows: Rows):
        self.median = tables.median(figure.of, figure.median) if figure.median else ""
        self.drawn = [(panel.name, row) for panel, found in rows.items() for row in found]

    def fill(self, text: str) -> str:
        """A text with the numbers in their places."""
        return HOLE.sub(lambda hole: self.number(*hole[1].split("/")), " ".join(text.split()))

    def number(self, where: str, panel: str = "", series: str = "", source: str = "ours") -> str:
        """One of them; a dash where nothing of the kind is drawn, as in a short run."""
        if where == "median":
            return self.median
        place = panel, series, source
        rows = [row for name, row in self.drawn if (name, row.series, row.source) == place]
        if not rows:
            return "–"
        x = {"first": min, "last": max}[where](row.x for row in rows)
        value = float(f"{median(row.y for row in rows if row.x == x):.3g}")
        return f"{value:.0f}" if 1000 <= abs(value) < 1e7 else f"{value:g}"


@cache
def written() -> dict[str, dict[str, str]]:
    """What was written of each figure: paper (its place there, or neither), title, text, seen."""
    return read_yaml(WORDS)


def of(name: str, figure: Figure, tables: Tables, rows: Rows) -> dict[str, str]:
    """Title, caption and alternative text of a drawn figure."""
    numbers = Numbers(figure, tables, rows)
    told = {key: numbers.fill(text) for key, text in written()[name].items()}
    extra = ["Panels marked † are not in the paper."] * any(one.extra for one in figure.cells())
    after = "Not in either paper." if told["paper"] == "neither" else f"Redrawn after {told['paper']}."
    caption = " ".join([told["text"], *extra, after, *settings(figure, tables)])
    return {
        "name": name,
        "title": told["title"],
        "caption": caption,
        "alt": f"{told['title']}. {told['seen']}",
    }


def settings(figure: Figure, tables: Tables) -> list[str]:
    """Of every experiment that is drawn: dimension, pairs, steps, batch, seeds; what was reduced."""
    reads = [of for panel in figure.panels() for _, of in panel.reads() if of]
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys([figure.of, *reads] if figure.of else reads):
        groups.setdefault(setting(name, tables), []).append(name)
    cuts: dict[str, list[str]] = {}
    for name in sum(groups.values(), []):
        if cut := tables.config.named(name).reduced:
            cuts.setdefault(cut.strip(), []).append(name)
    said = "; ".join(f"{', '.join(names)}: {words}" for words, names in groups.items())
    return [f"{said}."] * bool(said) + [f"Reduced ({', '.join(names)}): {cut}" for cut, names in cuts.items()]


def setting(name: str, tables: Tables) -> str:
    """Of one experiment."""
    found = tables.config.settings(name, tables.scale)
    d, n, training = found.task.inputs, found.task.context, found.training
    sizes = f"d = N = {d}" if d == n else f"d = {d}, N = {n}"
    sizes = f"excerpts of {n} bytes" if found.task.family == "text" else sizes
    fixed = f"of {training.fixed_tasks} fixed " if training.fixed_tasks else ""
    tasks = f"at {len(found.points)} settings" if found.points else f"on {training.batch} {fixed}tasks each"
    states = Counter(tables.seeds(name).values())
    seeds = f"{states.total() or found.seeds} seeds"
    seeds += "".join(f", {states[state]} {state}" for state in ("unconverged", "diverged") if states[state])
    return f"{sizes}, {training.steps} steps {tasks}, {seeds}"
