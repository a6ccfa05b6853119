"""The axis of an interval plot: round ticks, linear or log, places in per cent."""

import math

LEFT, RIGHT = 3.0, 97.0  # where the axis begins and ends, per cent of the width
APART = 19.0  # per cent between two tick labels, so that they fit on a phone
STEPS = (1, 2, 5, 10)


class Axis:
    """Maps values to per cent of the width, linearly or on a log scale."""

    def __init__(self, values: list[float], log: bool):
        low, high = min(values), max(values)
        self.log = log and low > 0
        if high - low <= 1e-8 * max(abs(low), abs(high)):
            pad = abs(low) * 0.05 or 1.0
            low, high = low - pad, high + pad
        wide = self.log and high / low > 4
        self.ticks = log_ticks(low, high) if wide else linear_ticks(low, high, self.log)
        self.low, self.high = self.ticks[0], self.ticks[-1]

    def at(self, value: float) -> float:
        """The place of a value; what is beyond the axis sits at its end."""
        ends = self.low, min(max(value, self.low), self.high), self.high
        low, here, high = (math.log(end) for end in ends) if self.log else ends
        return round(LEFT + (RIGHT - LEFT) * (here - low) / (high - low), 2)

    def side(self, value: float) -> int:
        """-1 left of the axis, 1 right of it, 0 on it."""
        slack = 1e-6 * (self.high - self.low)
        if self.log:
            slack = min(slack, self.low * 1e-6)
        return (value > self.high + slack) - (value < self.low - slack)

    def labelled(self) -> list[float]:
        """The ticks with a label: the first, the last and those between that fit."""
        first, *middle, last = self.ticks
        kept = [first]
        for tick in middle:
            place = self.at(tick)
            if place - self.at(kept[-1]) > APART and self.at(last) - place > APART:
                kept.append(tick)
        return [*kept, last]


def linear_ticks(low: float, high: float, positive: bool = False) -> list[float]:
    """Round ticks that enclose the values, all above 0 when `positive`."""
    power = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = next(s * power for s in STEPS if s * power * 4.0001 >= high - low)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    digits = 2 - math.floor(math.log10(step))
    ticks = [round(k * step, digits) for k in range(first, last + 1)]
    if positive and ticks[0] <= 0:
        unit = 10.0 ** math.floor(math.log10(low))
        ticks = [math.floor(low / unit) * unit, *(tick for tick in ticks if tick > low)]
    return ticks


def log_ticks(low: float, high: float) -> list[float]:
    """Ticks at 1, 2 and 5 times powers of ten that enclose the values."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [float(f"{s}e{p}") for p in powers for s in STEPS[:3]]
    first = max(k for k, tick in enumerate(ticks) if tick <= low * 1.0001)
    last = min(k for k, tick in enumerate(ticks) if tick >= high * 0.9999)
    inner = ticks[first + 1 : last]
    decades = [tick for tick in inner if f"{tick:e}".startswith("1")]
    return [ticks[first], *(decades if len(decades) > 2 else inner), ticks[last]]
