"""Which algorithm is it? What a subject makes of each eigenvalue of the Gram matrix it sees, both papers.

A method that is a function of the Gram matrix multiplies each coordinate of the truth, in its eigenbasis,
by r(l) of the eigenvalue l: a step of gradient descent by a straight line, exact least squares by 1. First
paper: weights fitted over true ones, in the eigenbasis of X^T X. Second: W^-1 f_t over s_t in that of A_t, on
sequences without noise at one position, such as ``fresh state_noise=0 at 20``. As medians over tasks: deep
networks blow up on a few.
"""

from functools import cached_property

import numpy as np

from icgd.errors import IcgdError
from icgd.measures import sequences, sets
from icgd.measures.fit import first
from icgd.measures.naming import measure
from icgd.measures.request import METHODS, ON_SEQUENCES, Request
from icgd.references import eigenbasis
from icgd.references import sequences as references

COUNT = 2000  # tasks or sequences
A_DECADE, LEAST = 12, 50  # bins of eigenvalues, and how many a bin must have
TRIMMED = 0.05  # share of the tasks, those that are explained worst, that shares of energy leave out
TWINS = 0.01  # families whose curves lie nearer to each other are one algorithm
CLEAR = 0.5  # of the distance to the next family: what is farther is not identified
TINY = 1e-9
AROUND = 3  # steps more or fewer than layers that are tried
VARIANTS = "released", "clipped", "features", "windows"  # of families, which are no families of their own
EXACT = {False: "least_squares", True: "ridge"}  # by: on sequences?


class Binned:
    """Eigenvalues (T, n) in bins of equal width of their logarithms; the same edges for everyone."""

    def __init__(self, values: np.ndarray):
        place = np.floor(A_DECADE * np.log10(np.maximum(values, TINY))).astype(int)
        known, counts = np.unique(place, return_counts=True)
        self.log = np.log10(np.maximum(values, TINY))
        self.members = [place == one for one in known[counts >= LEAST]]
        self.counts = counts[counts >= LEAST]
        self.centres = (known[counts >= LEAST] + 0.5) / A_DECADE  # decadic logarithms

    def medians(self, ratios: np.ndarray) -> np.ndarray:
        """The median ratio in every bin."""
        return np.array([np.median(ratios[member]) for member in self.members])

    def at(self, curve: np.ndarray) -> np.ndarray:
        """A curve at every eigenvalue, between the bins' centres on straight lines: (T, n)."""
        return np.interp(self.log, self.centres, curve)


class Coordinates:
    """The truth in the eigenbases of one set of tasks, and what predictors make of it; kept in the grid."""

    def __init__(self, grid, tasks: str):
        self.grid, self.tasks = grid, tasks
        self.causal = grid.network.settings.causal is not None
        self.count = min(COUNT, grid.network.settings.evaluation.tasks)
        self._found: dict[str, np.ndarray] = {}
        if self.causal:
            self._set_sequences()
        else:
            self.few = first(self.count, grid.tasks(tasks))
            of = eigenbasis.spectrum(self.few)
            self.values, self.truth = of.values, of.moments / np.maximum(of.values, TINY**2)
        self.binned = Binned(self.values)

    def _set_sequences(self) -> None:
        self.words, self.cut = sets.placed(self.tasks)
        network = self.grid.network
        if self.cut.stop is None or network.settings.task.hidden:
            raise IcgdError(
                f"{network.experiment}: r(l) is of states at one position: 'fresh state_noise=0 at 20'."
            )
        self.few = self.grid.sequences.set(self.words, self.count)
        self.seen = references.Seen(*(part[:, self.cut] for part in self.few.seen))
        self.values, self.truth = self.seen.values[:, 0], self.seen.query[:, 0]

    def of(self, text: str) -> np.ndarray:
        """Coordinates (T, n) of what a predictor makes of the truth."""
        if text not in self._found:
            self._found[text] = self._of_sequences(text) if self.causal else self._of_fits(text)
        return self._found[text]

    def _of_sequences(self, text: str) -> np.ndarray:
        found = self.grid.sequences.found(text, self.words, self.count)[0][:, self.cut]
        return references.response(self.seen, self.few.teachers, found)[:, 0] * self.truth

    def _of_fits(self, text: str) -> np.ndarray:
        fit = self.grid.fits(text, self.tasks, self.count)[0]
        return eigenbasis.spectrum(self.few._replace(query=fit.weights)).query

    def curve(self, text: str) -> np.ndarray:
        """Median r in every bin of eigenvalues."""
        return self.binned.medians(self.of(text) / self.truth)

    def distance(self, one: str, other: str) -> float:
        """Root mean square difference of two curves over the eigenvalues."""
        gap = self.curve(one) - self.curve(other)
        return float(np.sqrt(np.average(gap**2, weights=self.binned.counts)))

    @cached_property
    def families(self) -> list[str]:
        """Methods of as many steps as the network has layers, and exact least squares."""
        if self.causal:
            names = list(ON_SEQUENCES)
        else:
            names = [name for name in METHODS if name in self.grid.network.methods]
        return [*(name for name in names if not name.endswith(VARIANTS)), EXACT[self.causal]]

    @cached_property
    def seeds_differ(self) -> float:
        """Distance between the network and another training seed's."""
        another = "other_seed" if self.causal else "next_seed"
        return self.distance("network", f"{another} of {self.grid.network.experiment}")


class Response:
    """One subject's response, beside a reference's and those of all families."""

    def __init__(self, grid, request: Request):
        self.grid, self.request = grid, request
        self.subject, self.reference = request.subject, request.reference

    @cached_property
    def known(self) -> Coordinates:
        """Of the tasks that are asked for."""
        tasks = self.request.tasks
        return self.grid.kept(f"response {tasks}", lambda: Coordinates(self.grid, tasks))

    @cached_property
    def ranking(self) -> list[tuple[float, str]]:
        """Distances to all families, the nearest first."""
        return sorted((self.known.distance(self.subject, name), name) for name in self.known.families)

    @property
    def nearest(self) -> float:
        """Distance to the nearest family."""
        return self.ranking[0][0]

    @property
    def following(self) -> float:
        """Distance to the nearest family that is another algorithm than the nearest one."""
        best = self.ranking[0][1]
        return next((d for d, name in self.ranking if self.known.distance(best, name) > TWINS), np.inf)

    def unexplained(self, values: np.ndarray) -> float:
        """Share of the output's energy that no curve in ``values`` explains, without the worst tasks."""
        found, binned = self.known.of(self.subject), Binned(values)
        curve = binned.at(binned.medians(found / self.known.truth))
        left = np.sum((found - curve * self.known.truth) ** 2, axis=1)
        energy = np.sum(found**2, axis=1)
        kept = left / energy <= np.quantile(left / energy, 1 - TRIMMED)
        return float(np.sum(left[kept]) / np.sum(energy[kept]))


def look(grid, request: Request) -> Response:
    """What measures of responses take."""
    return Response(grid, request)


def trace(grid, request: Request) -> dict[float, float]:
    """r of a subject at every eigenvalue."""
    if (request.measure, request.along) != ("response", "eigenvalues"):
        raise IcgdError(
            f"along eigenvalues there is response, not {request.measure!r} along {request.along!r}."
        )
    known = look(grid, request).known
    points = zip(known.binned.centres, known.curve(request.subject), strict=True)
    return {float(f"{10**centre:.6g}"): float(r) for centre, r in points}


@measure(tolerance=1e-3)
def response(of: Response) -> float:
    """r(l), what is found of the truth along an eigenvector of the Gram matrix over all of it: median"""
    return float(np.median(of.known.of(of.subject) / of.known.truth))


@measure(tolerance=1e-2)
def unexplained(of: Response) -> float:
    """share of the output's energy that no curve r(l) explains, the worst 5 % of tasks left out"""
    return of.unexplained(of.known.values)


@measure(tolerance=1e-2)
def unexplained_scaled(of: Response) -> float:
    """share of the output's energy that no curve in the eigenvalue over the task's largest explains"""
    return of.unexplained(of.known.values / of.known.values.max(axis=1, keepdims=True))


@measure(tolerance=1e-3)
def response_distance(of: Response) -> float:
    """root mean square difference of r(l) to that of the reference, over the eigenvalues"""
    return of.known.distance(of.subject, of.reference)


@measure(tolerance=1e-3)
def nearest_distance(of: Response) -> float:
    """response_distance to the nearest family of as many steps as there are layers"""
    return of.nearest


@measure(tolerance=1e-3)
def nearest_over_next(of: Response) -> float:
    """response_distance to the nearest family over that to the next that differs from it by over 0.01"""
    return of.nearest / of.following


@measure(tolerance=1e-2)
def nearest_over_seeds(of: Response) -> float:
    """response_distance to the nearest family over that between the network and another training seed's"""
    return of.nearest / max(of.known.seeds_differ, TINY)


@measure
def identified(of: Response) -> float:
    """1 if a family, the reference if any, is half as far as the next, by more than two seeds differ"""
    apart = of.following - of.nearest > of.known.seeds_differ and of.nearest <= CLEAR * of.following
    best = of.ranking[0][1]
    named = not of.reference or of.known.distance(best, of.reference) <= TWINS
    return float(apart and named)


@measure(unit="steps")
def best_steps(of: Response) -> float:
    """steps of the reference's family, within 3 of the layers, whose predictions have the highest cosine"""
    layers = len(of.grid.network.settings.causal.layers)

    def near(steps: int) -> float:
        asked = of.request._replace(reference=f"{of.reference} K={steps}")
        return sequences.prediction_cos(sequences.look(of.grid, asked))

    return float(max(range(max(1, layers - AROUND), layers + AROUND + 1), key=near))
