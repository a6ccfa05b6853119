"""The grid: answers what rules and figures ask of an experiment's networks; the only loop over requests.

A kind of measure (its module) gives ``look(grid, request)``, what its measures take, and where its
measures can be followed along something, ``trace(grid, request)``: {x: value}.
"""

from collections.abc import Callable, Iterable

from icgd.errors import IcgdError
from icgd.measures import (
    attention,
    blocks,
    courses,
    curves,
    fits,
    heads,
    inside,
    linearity,
    precedence,
    predictors,
    probes,
    readout,
    response,
    sequences,
    states,
    waves,
    weights,
)
from icgd.measures.fit import Fit, Predictor, first
from icgd.measures.naming import FAULTS, MEASURES
from icgd.measures.network import Network
from icgd.measures.request import Request, parsed
from icgd.references.clipping import in_chunks
from icgd.tasks.linear import Tasks

Row = dict[str, object]


class Grid:
    """One network, with what was computed for it so far."""

    def __init__(self, network: Network):
        self.network = network
        self._fits: dict[tuple, tuple[Fit, ...]] = {}
        self._kept: dict[object, object] = {}
        self.sequences = sequences.Sequences(network)
        self.probes = readout.Probes(network)

    def tasks(self, name: str) -> Tasks:
        """A set of tasks by name.

        Raises:
            IcgdError: there is none of that name.
        """
        if name not in ("fresh", "published", "one_more_pair"):
            raise IcgdError(f"there are no tasks {name!r}; there are fresh, published and one_more_pair.")
        found = getattr(self.network, name)
        if name == "one_more_pair":  # what the usual predictors see of them
            return found._replace(inputs=found.inputs[:, :-1], targets=found.targets[:, :-1])
        return found

    def predictors(self, text: str, subject: str = "") -> list[Predictor]:
        """One predictor, or those of several networks; ``subject`` is what "gd matched" is matched to."""
        return predictors.named(text, self.network, subject)

    def fits(self, text: str, tasks: str, count: int | None, subject: str = "") -> tuple[Fit, ...]:
        """What a predictor fits to the first ``count`` of the tasks; networks as one each.

        Raises:
            IcgdError: it sees one more pair, and not of these tasks.
        """
        if parsed(text).name == "gd_one_more_pair" and tasks != "one_more_pair":
            raise IcgdError(f"{text!r} sees a pair more of the tasks 'one_more_pair', and none of {tasks!r}.")
        place = text, tasks, predictors.matched(text, subject)
        whole, part = self._fits.get((*place, None)), self._fits.get((*place, count))
        if whole is None and part is None:
            part = tuple(
                Fit(*in_chunks(one.fit, first(count, self.tasks(tasks))))
                for one in self.predictors(text, subject)
            )
            self._fits[*place, count] = part
        return part if part is not None else tuple(first(count, one) for one in whole)

    def count(self, *names: str) -> int | None:
        """How many tasks are used where one of these is a network that stands in as a control; None: all."""
        if any(is_control(name) for name in names if name):
            return self.network.settings.evaluation.control_tasks
        return None

    def first_control_tasks(self, name: str) -> Tasks:
        """The tasks that networks which stand in as controls are measured on."""
        return first(self.network.settings.evaluation.control_tasks, self.tasks(name))

    def kept(self, key: object, make: Callable[[], object]) -> object:
        """What several measures share, made once."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def forget(self) -> None:
        """Drop what was computed, before other tasks have their turn."""
        self._fits.clear()


def is_control(text: str) -> bool:
    """Does it name a network other than the trained one?"""
    words = parsed(text)
    return words.hand_set or words.name == "untrained" or (words.name == "network" and bool(words.fault))


def look_at_fits(grid: Grid, request: Request) -> fits.Compared | sequences.Compared:
    """What `fits` takes."""
    if grid.network.settings.causal:
        return sequences.look(grid, request)
    count = grid.count(request.subject, request.reference)
    fit = lambda name: grid.fits(name, request.tasks, count, request.subject)  # noqa: E731
    tasks = first(count, grid.tasks(request.tasks))
    theirs = fit(request.reference) if request.reference else ()
    ours = fit(request.subject)[0]
    return fits.Compared(ours, theirs, tasks, grid.network, request.reference, lambda name: fit(name)[0])


def look_at_weights(grid: Grid, request: Request) -> weights.Weighed:
    """What `weights` takes."""
    found = predictors.weight_products(request.subject, grid.network)
    return weights.Weighed(found, grid.network, request.reference)


def look_at_heads(grid: Grid, request: Request) -> heads.Heads:
    """What `heads` takes."""
    words = parsed(request.subject)
    found = heads.of(predictors.weights_of(words, grid.network))
    if not words.fault:
        return found
    size = words.number if words.size else 0.0
    return FAULTS[words.fault, "heads"](found, size, grid.network.key("planted heads"))


LOOKS: dict[str, Callable] = {
    "fits": look_at_fits,
    "weights": look_at_weights,
    "heads": look_at_heads,
    "curves": curves.look,
    "states": states.look,
    "courses": courses.look,
    "attention": attention.look,
    "precedence": precedence.look,
    "waves": waves.look,
    "sequences": sequences.look,
    "response": response.look,
    "blocks": blocks.look,
    "probes": probes.look,
    "inside": inside.look,
    "linearity": linearity.look,
}
TRACES: dict[str, Callable] = {
    "fits": lambda grid, request: (sequences if grid.network.settings.causal else curves).trace(
        grid, request
    ),
    "sequences": sequences.trace,
    "probes": probes.trace,
    "inside": inside.trace,
    "linearity": linearity.trace,
    "weights": lambda grid, request: weights.along_layers(look_at_weights(grid, request), request.measure),
    "attention": attention.trace,
    "waves": waves.trace,
    "response": response.trace,
    "blocks": blocks.trace,
}


def answer(grid: Grid, request: Request) -> float | dict[float, float]:
    """The number, or the curve {x: value}, that is asked for."""
    one = MEASURES[request.measure]
    if one.kind not in LOOKS:
        raise IcgdError(f"{grid.network.experiment}: {request.measure} is of experiments with axes only.")
    if request.along and one.kind in TRACES:
        return TRACES[one.kind](grid, request)
    return float(one.function(LOOKS[one.kind](grid, request)))


def answers(network: Network, requests: Iterable[Request], unit: str = "") -> tuple[list[Row], list[Row]]:
    """Rows of measures and of curves of one network, whose unit is its seed unless another is given."""
    grid, before, rows, lines = Grid(network), None, [], []
    for request in sorted(requests, key=lambda request: (request.tasks, request.along, request)):
        if (request.tasks, request.along) != before and request.along:
            grid.forget()
        before = request.tasks, request.along
        found, place = answer(grid, request), {"unit": unit or f"seed {network.seed}", **request._asdict()}
        if isinstance(found, dict):
            lines += [{**place, "x": x, "value": value} for x, value in found.items()]
        else:
            rows.append({**place, "value": found})
    return rows, lines


def status(found: dict[str, float], unit: str) -> list[Row]:
    """Rows on how training ended."""
    return [
        {"unit": unit, **Request(name, "network")._asdict(), "value": value} for name, value in found.items()
    ]
