"""What is asked of an experiment, known before anything runs; light, since planning imports it."""

import hashlib
import json
from functools import cache
from pathlib import Path

from icgd import dictionary, paths
from icgd.claims import evidence, registry
from icgd.config import Config
from icgd.errors import IcgdError, nearest
from icgd.figures import plan as figures
from icgd.measures.request import BESIDE, HISTORY, STATUS, Request, method_of, parsed


@cache
def requests() -> dict[str, list[Request]]:
    """Requests of all decided claims and all figures, by experiment.

    Raises:
        IcgdError: a measure, predictor or fault that there is none of.
    """
    asked: dict[str, set[Request]] = {}
    for source in (evidence.requests(registry.claims().values()), figures.requests()):
        for experiment, found in source.items():
            measured = {request for request in found if request.measure not in STATUS}
            asked.setdefault(experiment, set()).update(measured)
    for experiment, found in asked.items():
        for request in found:
            check(request, experiment)
    return {experiment: sorted(found) for experiment, found in sorted(asked.items())}


def check(request: Request, experiment: str) -> None:
    """A request whose every word is known."""
    history = HISTORY if (request.tasks, request.along) == ("history", "training") else ()
    known = (*dictionary.measures(), *history)
    if request.measure not in known:
        raise IcgdError(
            f"{experiment}: there is no measure {request.measure!r}; {nearest(request.measure, known)}"
        )
    for text in filter(None, (request.subject, request.reference)):
        parsed(text)


def digest(experiment: str) -> str:
    """Hash of everything that is asked of an experiment."""
    text = json.dumps(requests().get(experiment, []))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def others(experiment: str) -> list[str]:
    """Other experiments whose networks this one's are compared with."""
    return sorted({name for request in requests().get(experiment, []) for name in named(request)})


def named(request: Request) -> set[str]:
    """Other experiments that a request names."""
    words = {parsed(text).of for text in (request.subject, request.reference) if text}
    return (words | {BESIDE.get(request.measure, "")}) - {""}


def needs_methods(experiment: str) -> bool:
    """Does a request rest on a K-step method?"""
    asked = requests().get(experiment, [])
    along = [request.along.removeprefix("path ") for request in asked if request.along.startswith("path ")]
    return any(method_of(text) for request in asked for text in (request.subject, request.reference, *along))


def inputs(experiment: str, config: Config, scale: str) -> list[Path]:
    """Files that measuring an experiment reads."""
    found: list[Path] = []
    for name in (experiment, *others(experiment)):
        for seed in config.seeds(name, scale):
            if config.named(name).axes:
                found.append(paths.sweep(scale, name, seed))
            else:
                found += [paths.weights(scale, name, seed), paths.history(scale, name, seed)]
    if needs_methods(experiment) and not config.named(experiment).causal:
        layers = config.settings(experiment, scale).model.layers
        released = paths.released(scale, layers, "separate")
        found += [paths.references(scale, "optima"), *([released] if layers == 12 else [])]
    if any(request.subject == "curve published" for request in requests().get(experiment, [])):
        found.append(paths.NUMBERS)
    return found
