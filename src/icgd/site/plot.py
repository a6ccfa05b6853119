"""Interval plots as inline SVG: units, interval, the bound, the published number, controls; or a count."""

import math
from collections.abc import Iterator
from html import escape

from matplotlib.ticker import LogLocator, MaxNLocator

from icgd.claims.scales import bounds, passes
from icgd.claims.words import bound_of, counted, finite, in_short, measured, number, ours, unlike

LEFT, WIDTH = 4.0, 92.0  # where the axis begins and how long it is, per cent of the plot
AIR = 0.12  # of the axis, on either side of what is drawn, so that a bound never lies on the edge
WIDE = 20  # a ratio of largest to least from which a positive axis is logarithmic
DIAMOND, TRIANGLE = "M0-6L6 0L0 6L-6 0Z", "M0-4L4 3H-4Z"


class Axis:
    """Maps values to per cent of the width, linearly or on a log scale."""

    def __init__(self, values: list[float], share: bool, of: int = 1):
        low, high = (0.0, 1.0) if share else (min(values), max(values))
        self.log = low > 0 and high / low > WIDE
        forth = math.log if self.log else float
        air = AIR * (forth(high) - forth(low)) or AIR * (abs(low) if not self.log else 1.0) or 1.0
        air = 0.0 if share else air
        self.low, self.high = forth(low) - air, forth(high) + air
        self.forth, self.of = forth, of  # what ticks count, of a share

    def at(self, value: float) -> float:
        """The place of a value; what is beyond the axis sits at its end."""
        here = -math.inf if self.log and value <= 0 else self.forth(value)
        part = (min(max(here, self.low), self.high) - self.low) / (self.high - self.low)
        return round(LEFT + WIDTH * part, 2)

    def holds(self, value: object) -> bool:
        """Is it a number on the axis?"""
        return finite(value) and (value > 0 or not self.log) and self.low <= self.forth(value) <= self.high

    def ticks(self) -> list[float]:
        """Round numbers on it, at most five."""
        if self.log:
            ends = math.exp(self.low), math.exp(self.high)
            decades = math.log10(ends[1] / ends[0])
            found = LogLocator(subs=(1, 2, 5) if decades < 2 else (1,), numticks=6).tick_values(*ends)
        else:
            nice = MaxNLocator(nbins=4, steps=[1, 2, 5, 10], integer=self.of > 1)
            found = nice.tick_values(self.low * self.of, self.high * self.of) / self.of
        kept = [float(tick) for tick in found if self.holds(float(tick))]
        return kept[:: math.ceil(len(kept) / 5) or 1]


def plot(part: dict, title: str = "", small: bool = False) -> str:
    """The plot of one part, or nothing where there is no number to draw; a small one has no ticks.

    Args:
        title: of the axis.
    """
    said, part = escape(_said(part)), _in_shares(part)
    drawn = [value for value in _values(part) if finite(value)]
    if not drawn or not finite(part["value"]):
        return ""
    axis = Axis(drawn, bool(part["each"]), part["out_of"] if part["estimand"] == "count" else 1)
    row = 13 if small else 16
    controls = [] if small else list(_controls(axis, part, row + 18))
    floor = row + 12 + (16 if controls else 0)
    marks = [*_regions(axis, part, floor), *_units(axis, part, row), *_interval(axis, part, row)]
    marks += [*_published(axis, part, row), *controls, *([] if small else _scale(axis, floor, title))]
    height = floor + (1 if small else 34 if title else 20)
    kind = "plot small" if small else "plot"
    return f'<svg class="{kind}" role="img" aria-label="{said}" height="{height}">{" ".join(marks)}</svg>'


def _in_shares(part: dict) -> dict:
    """Of a counting rule what is drawn: its bounds and how many pass, as shares of all that it counts."""
    if part["estimand"] != "count" or not finite(part["value"]):
        return part
    scaled = {
        kind: {key: end / part["out_of"] for key, end in part[kind].items()}
        for kind in ("supported", "refuted")
        if part[kind]
    }
    many = part["value"] * part["n"] / part["out_of"]
    return {**part, **scaled, "value": many, "low": None, "high": None, "units": []}


def _ends(part: dict, kind: str) -> list[float]:
    return [end for end in bounds(part[kind]) if math.isfinite(end)] if part[kind] else []


def _values(part: dict) -> list:
    """Everything that the axis must hold."""
    units = [] if part["each"] else [unit["value"] for unit in part["units"]]
    own = [part[key] for key in ("value", "low", "high", *([] if unlike(part) else ["published"]))]
    return [*units, *own, *_ends(part, "supported"), *_ends(part, "refuted")]


def _said(part: dict) -> str:
    """The plot in one sentence."""
    alike = finite(part["published"]) and not unlike(part)
    words = f"ours {ours(part)}; supported {bound_of(part, 'supported')}"
    return words + (f"; published {number(part['published'])}" if alike else "")


def _regions(axis: Axis, part: dict, floor: int) -> Iterator[str]:
    """The supported and a stated refuted region, with a line at each bound."""
    for kind in ("refuted", "supported"):
        if part[kind]:
            low, high = (axis.at(end) if math.isfinite(end) else None for end in bounds(part[kind]))
            low, high = LEFT if low is None else low, LEFT + WIDTH if high is None else high
            width = max(high - low, 0.4)
            yield f'<rect class="{kind}" x="{low}%" y="0" width="{width:.2f}%" height="{floor}"/>'
        for end in _ends(part, kind):
            x = axis.at(end)
            yield f'<line class="bound {kind}" x1="{x}%" x2="{x}%" y1="0" y2="{floor}"/>'
    yield f'<line x1="{LEFT}%" x2="{LEFT + WIDTH}%" y1="{floor}" y2="{floor}"/>'


def _units(axis: Axis, part: dict, y: int) -> Iterator[str]:
    """A dot for each unit, spread a little; at 1 or 0 where the share of units that pass is decided on."""
    for k, unit in enumerate(part["units"]):
        if finite(unit["value"]) and len(part["units"]) > 1:
            at = float(passes(unit["value"], part["each"])) if part["each"] else unit["value"]
            yield f'<circle class="unit" cx="{axis.at(at)}%" cy="{y + (k % 3 - 1) * 3}" r="2.5"/>'


def _interval(axis: Axis, part: dict, y: int) -> Iterator[str]:
    """The 95 % interval as a bar and the value as a stroke."""
    low, high = part["low"], part["high"]
    if finite(low) and finite(high) and low < high:
        x, end = axis.at(low), axis.at(high)
        yield f'<rect class="bar" x="{x}%" y="{y - 4}" width="{max(end - x, 0.4):.2f}%" height="8" rx="2"/>'
    yield _mark(axis.at(part["value"]), y, "M0-8V8", "value")


def _published(axis: Axis, part: dict, y: int) -> Iterator[str]:
    """The published number as a diamond, the paper's own seeds as small ones; none that is not comparable."""
    if unlike(part):
        return
    for value in part["published_values"] or []:
        if axis.holds(value):
            yield _mark(axis.at(value), y, "M0-3L3 0L0 3L-3 0Z", "published")
    if finite(part["published"]):
        yield _mark(axis.at(part["published"]), y, DIAMOND, "published")


def _controls(axis: Axis, part: dict, y: int) -> Iterator[str]:
    """Controls that are near enough, a row below."""
    for control in part["controls"]:
        if axis.holds(control["value"]):
            name = escape(f"control {in_short(control)}: {counted(control, part) or measured(control)}")
            yield _mark(axis.at(control["value"]), y, TRIANGLE, f"control {control['must']}", name)


def _mark(x: float, y: float, path: str, kind: str, name: str = "") -> str:
    """A small path at a place on the axis."""
    title = f"<title>{name}</title>" if name else ""
    return f'<svg x="{x}%" y="{y}" class="at"><path class="{kind}" d="{path}">{title}</path></svg>'


def _scale(axis: Axis, floor: int, title: str) -> Iterator[str]:
    """Ticks with their numbers, and the axis' title."""
    for tick in axis.ticks():
        x = axis.at(tick)
        anchor = "start" if x < 10 else "end" if x > 90 else "middle"
        yield f'<line x1="{x}%" x2="{x}%" y1="{floor}" y2="{floor + 4}"/>'
        yield f'<text x="{x}%" y="{floor + 15}" text-anchor="{anchor}">{number(tick * axis.of)}</text>'
    if title:
        yield f'<text class="title" x="50%" y="{floor + 30}" text-anchor="middle">{escape(title)}</text>'
