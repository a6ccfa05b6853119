"""What a rule or a figure asks of the grid, and the words that name a predictor. Light, for planning."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from icgd import dictionary
from icgd.errors import IcgdError, nearest

if TYPE_CHECKING:
    from icgd.config import Model

METHODS = {  # K-step methods; those with parameters for each step are "separate", with one set "shared"
    "gd shared": "K steps of GD, one rate for all, the best",
    "gd separate": "K steps of GD, a rate for each, the best",
    "gd_plus_plus shared": "K steps of GD++, one rate and gamma for all, the best",
    "gd_plus_plus separate": "K steps of GD++, a rate and gamma for each, the best",
    "gd_plus_plus shared clipped": "the best shared GD++ where tokens are clipped at 10",
    "gd_plus_plus shared released": "shared GD++ as the released recipe trains it",
    "gd_plus_plus separate released": "GD++ with parameters for each step as the released recipe trains it",
    "heavy_ball": "K steps of GD with momentum, the best step and momentum",
    "chebyshev": "K steps of Chebyshev's method on the best interval",
    "newton_schulz": "K Newton-Schulz iterations from the best scale",
}
ON_SEQUENCES = {  # the same at every position of sequences, tuned where they are used
    "gd shared": "K steps of GD, one rate for all, the best",
    "gd shared scaled": "K steps of GD at the best rate over the position's largest eigenvalue",
    "polynomial": "the best of all methods that apply the Gram matrix K - 1 times",
    "polynomial scaled": "K steps of Prop. 2 with the best coefficients",
    "polynomial scaled released": "K steps of Prop. 2 without the newest pair, as released",
    "polynomial scaled features": "K steps of Prop. 2 that know a nonlinear teacher's features",
    "polynomial scaled windows": "K steps of Prop. 2 on windows of 3 to 6 states, the best number",
    "conjugate_gradients": "K steps of conjugate gradients on every row",
    "newton_schulz": "K Newton-Schulz iterations from the best scale",
}
BY_NAME = {  # what has no function of its own: whoever measures it knows what it is
    "network": "the trained network",
    "untrained": "the network with its weights before training",
    "gd matched": "one step of gradient descent at the rate that is read off the subject's weights",
    "rank_one": (
        "the saddle at which a layer with separate W_Q and W_K has learnt one direction (histories only)"
    ),
    "published_drop": (
        "step 4500, the end of the jump in the stored output of the released notebook (histories only)"
    ),
    "one_layer": "a network with x_j and y_j in one token (histories only)",
    "drops": "drops of the loss, one a seed (histories only)",
    "curve": "sensitivities that stand in for the network's own (histories only)",
    "curve path": "a training that is what is claimed: from nothing to GD, which it passes, and on to GD++",
    "labels": "values of attention that are the labels and something else (`value_r2` only)",
    "ridge released": (
        "ridge regression on sequences without the newest pair, as the released baseline has it"
    ),
    "ridge pairs": "ridge regression on a stream by who knows which tokens are pairs",
    "ridge features": "ridge regression on the features of a nonlinear teacher by who knows them",
    "ridge windows": "ridge regression on windows of states; how many, 3 to 6, and the penalty are the best",
}
BESIDE = {"reached_over_one_layer": "one_layer"}  # measures that look at networks which no word names
STATUS = ("final_training_loss", "converged", "diverged_at")  # every table has rows of these
HISTORY = ("evaluation_loss", "training_loss", "largest_loss")  # by step, of runs of an experiment with axes


class Request(NamedTuple):
    """One number of each seed, or one curve; a text that does not apply is empty."""

    measure: str
    subject: str = ""
    reference: str = ""
    tasks: str = ""
    along: str = ""

    @classmethod
    def of(cls, row: Mapping[str, str]) -> "Request":
        """What a row of a table answers."""
        return cls(*(row[name] for name in cls._fields))


COLUMNS = ("unit", *Request._fields, "value")  # of every table of numbers


class Words(NamedTuple):
    """A predictor's words: ``[hand_set] <name> [of <experiment>] [K=<steps>] [[<fault>] <size>]``."""

    hand_set: bool
    name: str
    of: str
    layers: int | None
    fault: str
    size: tuple[str, ...]

    @property
    def has_weights(self) -> bool:
        """Is it a network, rather than a formula?"""
        return self.hand_set or self.name in ("network", "untrained")

    @property
    def faultless(self) -> "Words":
        """The same without its fault."""
        return self._replace(fault="", size=())

    @property
    def number(self) -> float:
        """The size of its fault.

        Raises:
            IcgdError: it has none, or several.
        """
        try:
            (size,) = map(float, self.size)
        except ValueError as error:
            raise IcgdError(f"{self.sound} {self.fault} needs one number, its size, after it.") from error
        return size

    @property
    def sound(self) -> str:
        """The text without its fault."""
        parts = ["hand_set"] * self.hand_set + [self.name]
        parts += [f"of {self.of}"] * bool(self.of) + [f"K={self.layers}"] * (self.layers is not None)
        return " ".join(parts)


def parsed(text: str) -> Words:
    """Take a subject or reference apart.

    Raises:
        IcgdError: a word that is no predictor or no fault; names the nearest.
    """
    if not isinstance(text, str):
        raise IcgdError(f"a predictor is named in words, such as 'gd', not by {text!r}.")
    words = text.split()
    hand_set = words[:1] == ["hand_set"]
    rest = words[hand_set:]
    known = predictors()
    length = next((n for n in range(len(rest), 0, -1) if " ".join(rest[:n]) in known), 0)
    if not length:
        raise IcgdError(f"there is no predictor {text!r}; {nearest(' '.join(rest), known)}")
    name, rest = " ".join(rest[:length]), rest[length:]
    of, layers = "", None
    if rest[:1] == ["of"]:
        of, rest = " ".join(rest[1:2]), rest[2:]
    if name in {*METHODS, *ON_SEQUENCES} and rest and rest[0].startswith("K=") and rest[0][2:].isdigit():
        layers, rest = int(rest[0][2:]), rest[1:]
    own_size = name.startswith("curve ") and rest and rest[0].isdigit()  # "curve spikes 3 of 4"
    fault, size = ("", tuple(rest)) if own_size or not rest else (rest[0], tuple(rest[1:]))
    if fault and fault not in dictionary.faults():
        raise IcgdError(f"{text!r}: there is no fault {fault!r}; {nearest(fault, dictionary.faults())}")
    return Words(hand_set, name, of, layers, fault, size)


@cache
def predictors() -> dict[str, str]:
    """Every predictor that a rule may name, and what it is."""
    functions = {name: entry.text for name, entry in dictionary.predictors().items()}
    return {**BY_NAME, **functions, **ON_SEQUENCES, **METHODS}


def is_linear(model: "Model") -> bool:
    """One head of linear attention a layer and nothing else: weight products say all."""
    others = model.softmax_layers or model.embedding or model.mlp or model.alternating or model.include_query
    return model.heads == 1 and model.layer_norm == "none" and not others


def texts(request: Request) -> list[str]:
    """All predictors that a request names: its subject, its reference, and where a path leads."""
    axis, _, goal = request.along.partition(" ")
    return [text for text in (request.subject, request.reference, goal * (axis == "path")) if text]


def named(request: Request) -> set[str]:
    """Other experiments that a request names."""
    return ({parsed(text).of for text in texts(request)} | {BESIDE.get(request.measure, "")}) - {""}
