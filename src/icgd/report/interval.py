"""Small SVG plots of an interval: units, supported region, published value, controls."""

from icgd.claims.scales import passes
from icgd.report.axis import LEFT, RIGHT, Axis
from icgd.report.meaning import in_short
from icgd.report.words import bound_of, finite, measured, number, text

TOP, ROW, BOTTOM = 22, 38, 24  # pixels: the label of the region, one row, the axis
DIAMOND = "M0-6L6 0L0 6L-6 0Z"
ARROWS = {-1: "M7-5L0 0L7 5M0 0H18", 1: "M-7-5L0 0L-7 5M0 0H-18"}


def plot(part: dict) -> str:
    """The plot of one part, or nothing when there is no interval and no unit to draw."""
    part = _in_shares(part)
    units = [unit for unit in part.get("units") or [] if finite(unit.get("value"))]
    has_interval = finite(part.get("low")) and finite(part.get("high"))
    places = [_place(part, unit["value"]) for unit in units]
    axis = _axis(part, places)
    if axis is None or not (units or has_interval):
        return ""
    rows = [("measured here", "here", part)]
    if _published(part):
        rows.append(("published", "published", part))
    for control in part.get("controls") or []:
        rows.append((f"control {text(in_short(control))}", "control", control))
    height = TOP + ROW * len(rows) + BOTTOM
    drawn = _background(axis, part, height)
    for k, (label, kind, item) in enumerate(rows):
        y = TOP + ROW * k + 28
        drawn.append(f'<text x="{LEFT}%" y="{y - 15}">{label}</text>')
        drawn += _published_marks(axis, item, y) if kind == "published" else []
        drawn += _unit_dots(axis, units, places, y) if kind == "here" else []
        drawn += _bar(axis, item, y, kind) if kind != "published" else []
    title = _title(part, len(units))
    return (
        f'<svg class="plot" role="img" aria-label="{title}" width="100%" height="{height}">'
        f"<title>{title}</title>{''.join(drawn)}</svg>"
    )


def _in_shares(part: dict) -> dict:
    """Numbers of units as shares of them, which is what is drawn of a counting rule; its words stay."""
    kinds = ("supported", "refuted")
    words = {f"{kind} words": bound_of(part, kind) for kind in kinds}
    if part.get("estimand") != "count":
        return part | words
    scaled = {
        kind: {key: end / part["out_of"] for key, end in part[kind].items()} for kind in kinds if part[kind]
    }
    return part | words | scaled


def _place(part: dict, value: float) -> float:
    """Where a unit stands: at its value, or at 1 or 0 where the share of units that pass is decided on."""
    return float(passes(value, part["each"])) if part.get("each") else value


def _title(part: dict, units: int) -> str:
    """The plot in one sentence."""
    name = text(part.get("name")) or "value"
    words = f"{name} {measured(part)}; {units} units"
    if part.get("supported"):
        words += f"; supported {text(part['supported words'])}"
    if finite(part.get("published")):
        words += f"; published {number(part['published'])}"
    return words


def _published(part: dict) -> list[float]:
    """The numbers that come from the paper and can be drawn."""
    found = [part.get("published"), *(part.get("published_values") or [])]
    return [value for value in found if finite(value)]


def _axis(part: dict, units: list[float]) -> Axis | None:
    """The axis that holds the part, its regions and every control that is near."""
    known = [part.get(key) for key in ("value", "low", "high")]
    data = [value for value in [*units, *known, *_published(part)] if finite(value)]
    if not data:
        return None
    log = part.get("transform") == "log" and min(data) > 0
    for bound in (b for key in ("supported", "refuted") for b in (part.get(key) or {}).values()):
        ends = bound if isinstance(bound, list | tuple) else [bound]
        data += [end for end in ends if finite(end) and (end > 0 or not log)]
    low, high = min(data), max(data)
    span = high - low or abs(low) * 0.1
    controls = [c.get(k) for c in part.get("controls") or [] for k in ("value", "low", "high")]
    near = [v for v in controls if finite(v) and low - span <= v <= high + span]
    return Axis(data + [v for v in near if v > 0 or not log], log)


def _span(axis: Axis, bounds: dict | None) -> tuple[float, float] | None:
    """Where a region begins and ends on the axis."""
    if not bounds:
        return None
    low, high = axis.low, axis.high
    for key, bound in bounds.items():
        if key == "within":
            low, high = max(low, bound[0]), min(high, bound[1])
        elif key == "above":
            low = max(low, bound)
        elif key == "below":
            high = min(high, bound)
    return (axis.at(low), axis.at(high)) if low <= high else None


def _label(x: float, y: float, words: str, edge: float) -> str:
    """A label that stays inside the plot."""
    anchor = "start" if x < edge else "end" if x > 100 - edge else "middle"
    return f'<text x="{x}%" y="{y}" text-anchor="{anchor}">{text(words)}</text>'


def _mark(x: float, y: float, path: str, kind: str, name: str) -> str:
    """A small path at a place on the axis."""
    title = f"<title>{text(name)}</title>"
    return f'<svg x="{x}%" y="{y}" class="at"><path class="{kind}" d="{path}">{title}</path></svg>'


def _bar(axis: Axis, item: dict, y: float, kind: str) -> list[str]:
    """An interval as a bar, its value as a stroke; an arrow where it leaves the axis."""
    drawn, value = [], item.get("value")
    low, high = item.get("low"), item.get("high")
    if finite(low) and finite(high):
        x, width = axis.at(low), max(axis.at(high) - axis.at(low), 0.3)
        drawn.append(
            f'<rect class="bar {kind}" x="{x}%" y="{y - 4}" width="{width:.2f}%" height="8" rx="2"/>'
        )
    if finite(value):
        side = axis.side(value)
        path, shape = (ARROWS[side], "arrow") if side else ("M0-8V8", "value")
        drawn.append(_mark(axis.at(value), y, path, f"{shape} {kind}", number(value)))
    return drawn


def _unit_dots(axis: Axis, units: list[dict], places: list[float], y: float) -> list[str]:
    """One dot per unit, spread a little so that equal values show."""
    drawn = []
    for k, (unit, at) in enumerate(zip(units, places, strict=True)):
        name = text(f"{unit.get('unit')}: {number(unit['value'])}")
        place = f'cx="{axis.at(at)}%" cy="{y + (k % 5 - 2) * 2.5}"'
        drawn.append(f'<circle class="unit" {place} r="3.5"><title>{name}</title></circle>')
    return drawn


def _published_marks(axis: Axis, part: dict, y: float) -> list[str]:
    """The published value as a diamond, the paper's own seeds as small ones."""
    drawn = []
    for value in part.get("published_values") or []:
        if finite(value):
            path = "M0-4L4 0L0 4L-4 0Z"
            drawn.append(_mark(axis.at(value), y, path, "seed", f"paper's seed: {number(value)}"))
    if finite(part.get("published")):
        value = part["published"]
        drawn.append(_mark(axis.at(value), y, DIAMOND, "diamond", f"published: {number(value)}"))
    return drawn


def _background(axis: Axis, part: dict, height: float) -> list[str]:
    """The two regions, the line of the axis and its ticks."""
    drawn, bottom = [], height - BOTTOM
    for kind in ("refuted", "supported"):
        span = _span(axis, part.get(kind))
        if not span:
            continue
        width = max(span[1] - span[0], 0.3)
        drawn.append(f'<rect class="{kind}" x="{span[0]}%" y="0" width="{width:.2f}%" height="{bottom}"/>')
        if kind == "supported":
            middle = sum(span) / 2
            edge = span[0] if middle < 40 else span[1] if middle > 60 else middle
            drawn.append(_label(edge, 14, f"supported {part['supported words']}", 28))
    drawn.append(f'<line x1="{LEFT}%" x2="{RIGHT}%" y1="{bottom}" y2="{bottom}"/>')
    for tick in axis.labelled():
        x = axis.at(tick)
        drawn.append(f'<line x1="{x}%" x2="{x}%" y1="{bottom}" y2="{bottom + 4}"/>')
        drawn.append(_label(x, height - 6, f"{tick:.10g}", 10))
    return drawn
