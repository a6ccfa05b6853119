"""Queries of single figures: times around a drop, weights, a head's products, eigenvalues.

References are imported where they are used: planning reads the figures, and shall not wait for JAX.
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

from icgd.figures.queries import Query, Row, of_seeds
from icgd.figures.tables import Point, Tables, number
from icgd.measures.request import Request

AROUND, LAST = (0.8, 1.2), 10  # of a seed's drop; lines whose median is the last sensitivity
FINE = [k / 399 for k in range(400)]  # points of a curve
TINY = 1e-12  # least eigenvalue drawn: that of a square context may be 0 to rounding


@dataclass(frozen=True)
class AroundDrop(Query):
    """By step over that of the seed's drop: loss over that of zero, or sensitivity over its last value."""

    kinds = ("measures", "history")
    of: str
    drop: Request
    zero: Request
    part: str  # loss_share | next_share

    def rows(self, tables: Tables) -> list[Row]:
        drops, zeros = (tables.measure(self.of, request) for request in (self.drop, self.zero))
        points: list[Point] = []
        for unit, drop in drops.items():
            one = tables.history(self.of)[unit]
            last = max(median(one["next"][-LAST:]), TINY)
            of_loss = self.part == "loss_share"
            column, unity = ("evaluation_loss", zeros[unit]) if of_loss else ("next", last)
            for step, value in zip(one["step"], one[column], strict=True):
                if AROUND[0] * drop <= step <= AROUND[1] * drop:
                    points.append((unit, step / drop, value / unity))
        return of_seeds(tables, self.of, self.part, "shown", points)


@dataclass(frozen=True)
class Matrix(Query):
    """A product of the weights of the median seed."""

    kinds = ("measures", "weights")
    of: str
    median: Request  # the seed with the median of this
    part: str  # of `product`

    def rows(self, tables: Tables) -> list[Row]:
        seed = tables.median(self.of, self.median)
        return matrix_rows(product(tables.weights(self.of, seed), self.part), seed)


def matrix_rows(found: Any, seed: str) -> list[Row]:
    """A matrix as rows: series is its row, x its column, both from 1."""
    return [
        Row(f"row_{i}", "ours", seed, float(j), float(value))
        for i, line in enumerate(found, start=1)
        for j, value in enumerate(line, start=1)
    ]


def product(weights: dict, part: str) -> Any:
    """A matrix of the first layer, transposed: the paper multiplies columns, we multiply rows.

    kq, pv: the products of a linear layer, with that of the two signs which makes W_KQ positive.
    head_1, head_2, sum: eta_h W_h,KQ of softmax heads on the inputs.
    """
    from icgd.measures import heads
    from icgd.references import constructions

    if part in ("kq", "pv"):
        kq, pv = constructions.products(weights)
        return {"kq": kq, "pv": pv}[part].T * (-1.0 if kq.trace() < 0 else 1.0)
    found = heads.of(weights).weighted.swapaxes(1, 2)
    return found.sum(axis=0) if part == "sum" else found[int(part[-1]) - 1]


@dataclass(frozen=True)
class HeadProduct(Query):
    """A product of a head's weights in a linear layer on states, of the median seed, where it acts.

    kq: W_Q W_K^T, rows are s_t and s_{t-1} of the query, columns of the key. pv: W_V P, from both to the
    prediction.
    """

    kinds = ("measures", "weights")
    of: str
    median: Request  # the seed with the median of this
    part: str
    head: int  # from 1

    def rows(self, tables: Tables) -> list[Row]:
        from icgd.measures.blocks import BEFORE, CHANNELS, NOW, UPDATED

        seed = tables.median(self.of, self.median)
        weights = tables.weights(self.of, seed)
        query, key, value, projection = (
            weights[f"0/{name}"][self.head - 1] for name in ("query", "key", "value", "projection")
        )
        size = len(query) // CHANNELS
        seen, written = (slice(a * size, (b + 1) * size) for a, b in ((NOW, BEFORE), (UPDATED, UPDATED)))
        found = (query @ key.T)[seen, seen] if self.part == "kq" else (value @ projection)[seen, written]
        return matrix_rows(found, seed)


@dataclass(frozen=True)
class ConditionNumbers(Query):
    """Shares of tasks by condition number, with the published gammas."""

    kinds = ("spectra",)

    def rows(self, tables: Tables) -> list[Row]:
        found = [row for row in tables.read("spectra") if row["panel"] == "histogram"]
        return [Row(row["series"], "ours", "", number(row["x"]), number(row["y"])) for row in found]


@dataclass(frozen=True)
class Eigenvalues(Query):
    """What GD++ does to the eigenvalues at one N, with our gamma and extremes and with the published ones.

    transformed: f(l). ratio: condition number of the extremes over all tasks by gamma. gamma: of least
    loss in two looped layers. star: condition number of the extremes without GD++.
    """

    kinds = ("spectra", "optima", "numbers")
    context: int
    part: str

    def rows(self, tables: Tables) -> list[Row]:
        theirs = [
            tables.published(f"fig13_{name}", str(self.context))
            for name in ("least", "largest", "gamma", "condition")
        ]
        return [
            Row(f"context_{self.context}", source, "", x, y)
            for source, known in (("published", theirs), ("ours", self.extremes(tables)))
            for x, y in self.points(*known)
        ]

    def extremes(self, tables: Tables) -> tuple[float, ...]:
        """Least and largest eigenvalue in the first set of tasks, gamma of least loss, condition number."""
        from icgd.references import methods

        rows = [row for row in tables.read("spectra") if row["panel"] == "extremes"]
        here = [row for row in rows if row["unit"] == rows[0]["unit"] and float(row["x"]) == self.context]
        ends = {row["series"]: number(row["y"]) for row in here}
        least = max(ends["least"], TINY)
        key = methods.Key("gd_plus_plus", 2, "shared", context=self.context)
        gamma = methods.values(tables.read("optima"), key, "gamma")[0]
        return least, ends["largest"], float(gamma), ends["largest"] / least

    def points(
        self, least: float, largest: float, gamma: float, condition: float
    ) -> list[tuple[float, float]]:
        """The part's (x, y)."""
        from icgd.references.eigenbasis import moved

        if self.part == "star":
            return [(0.0, condition)]
        if self.part == "gamma":
            return [(gamma, float("nan"))]
        if self.part == "transformed":
            return [(x, moved(x, gamma)) for x in (1.25 / gamma * share for share in FINE)]
        gammas = [(0.02 + 0.979 * share) / largest for share in FINE]  # f is greatest at l = 1 / (3 g)
        return [(g, moved(1 / (3 * g), g) / min(moved(least, g), moved(largest, g))) for g in gammas]
