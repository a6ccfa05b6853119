"""What is asked of an experiment, known before anything runs; light, since planning imports it."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from icgd import dictionary, paths, record
from icgd.claims import evidence, registry
from icgd.config import Config, Settings, Task
from icgd.errors import IcgdError, nearest
from icgd.figures import plan as figures
from icgd.measures.request import HISTORY, METHODS, STATUS, Request, is_linear, named, parsed, texts
from icgd.references import DEPTHS

NOT_OPTIMAL = "the optima of K-step methods are of d = 10 inputs on (-1/2, 1/2), without noise."


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
    for text in texts(request):
        parsed(text)


def check_possible(config: Config) -> None:
    """Can everything that is asked be answered for the task and the model of its experiment?

    Raises:
        IcgdError: a reference or measure of another problem; said before anything is trained.
    """
    known = ((name, found) for name, found in requests().items() if name in config.experiments)
    for experiment, found in known:  # figures that are not drawn here may ask for others
        settings = config.settings(experiment, "full")
        for request in found:
            for wrong, words in _impossible(request, settings):
                if wrong:
                    raise IcgdError(
                        f"{experiment}: {request.measure} of {request.subject} cannot be: {words}"
                    )


def _impossible(request: Request, settings: Settings) -> Iterator[tuple[bool, str]]:
    """What a request needs of a task and a model, and whether it is not so."""
    task, model = settings.task, settings.model
    if task.family not in ("linear", "sine"):  # sequences have references of their own
        return
    published = task == Task(inputs=10, context=10)
    words = [parsed(text) for text in texts(request)]
    stepped = any(one.name in METHODS for one in words)
    kind = dictionary.measures()[request.measure].kind if request.measure not in HISTORY else ""
    yield stepped and task != Task(inputs=10, context=task.context), NOT_OPTIMAL
    yield stepped and task.context != 10 and model.layers != 2, "optima of other contexts are of 2 layers."
    yield stepped and model.layers not in DEPTHS, f"optima are of {', '.join(map(str, DEPTHS))} layers."
    at_published = request.tasks == "published" or any(one.name == "gd published" for one in words)
    yield (
        at_published and not published,
        "the published tasks and rate are of d = N = 10, inputs on (-1/2, 1/2).",
    )
    yield kind == "waves" and task.family != "sine", "it is of networks on sine waves."
    weighed = kind == "weights" or request.along.startswith(("path ", "roll_out"))
    of_network = parsed(request.subject).name in ("network", "untrained")
    yield (
        weighed and of_network and not is_linear(model),
        "only linear layers of one head have weight products.",
    )


def digest(experiment: str) -> str:
    """Hash of everything that is asked of an experiment."""
    return record.digest(json.dumps(requests().get(experiment, [])).encode())


def others(experiment: str) -> list[str]:
    """Other experiments whose networks this one's are compared with."""
    return sorted({name for request in requests().get(experiment, []) for name in named(request)})


def needs_methods(experiment: str) -> bool:
    """Does a request rest on a K-step method?"""
    asked = requests().get(experiment, [])
    return any(parsed(text).name in METHODS for request in asked for text in texts(request))


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
