"""Sets of sequences that causal networks and references predict in (second paper), and the words for them.

``fresh [<setting>=<value> ...] [at <t> | from <t>]``: sequences of the seed's own evaluation stream, drawn
with other settings if asked, at one position (from 0; t + 1 states are seen) or from one on.
``pairs <count> [<count> ...] [at <i> | from <i>]``: few-shot streams x_1, y_1, x_2, ... of one teacher after
another, each with so many pairs; positions are those of pairs, and what is predicted at x_i is y_i.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from icgd.config import Task, checked
from icgd.errors import IcgdError
from icgd.measures.network import Network
from icgd.models.transformer import Weights
from icgd.references import sequences as references
from icgd.references.sequences import Seen
from icgd.tasks import dynamics, streams
from icgd.tasks.streams import Pairs

AT_A_TIME = 500  # sequences whose bases of windows are held


@dataclass(frozen=True, eq=False)
class Set:
    """Sequences, and what is seen in them."""

    states: np.ndarray  # (B, T + 1, n)
    teachers: np.ndarray  # (B, m, m)

    @property
    def inputs(self) -> np.ndarray:
        """States that are seen: (B, T, n)."""
        return self.states[:, :-1]

    @property
    def targets(self) -> np.ndarray:
        """States that are to be predicted: (B, T, n)."""
        return self.states[:, 1:]

    @cached_property
    def seen(self) -> Seen:
        """What references see at every position."""
        return references.seen(self.inputs)

    @cached_property
    def seen_before(self) -> Seen:
        """The same without the newest pair."""
        return references.seen(self.inputs, newest=False)

    def seen_in_windows(self, size: int) -> Seen:
        """What is seen by who takes windows of states for states; without the bases, which are large."""
        if size not in self._in_windows:
            starts = range(0, len(self.states), AT_A_TIME)
            parts = [self._windows_of(slice(at, at + AT_A_TIME), size) for at in starts]
            self._in_windows[size] = Seen(*map(np.concatenate, zip(*parts, strict=True)))
        return self._in_windows[size]

    def _windows_of(self, some: slice, size: int) -> Seen:
        found = references.seen(self.inputs[some], window=size)
        return found._replace(basis=found.basis[..., :0].copy())

    @cached_property
    def _in_windows(self) -> dict[int, Seen]:
        return {}

    @cached_property
    def seen_features(self) -> Seen:
        """What is seen of the nonlinear teacher's features u / |u| by who knows them."""
        found = np.asarray(dynamics.features(self.inputs), float)
        return references.seen_pairs(found / np.linalg.norm(found, axis=-1, keepdims=True), self.targets)

    def tokens(self, weights: Weights) -> np.ndarray:
        """What a network is given."""
        return self.inputs

    def read(self, found: np.ndarray, weights: Weights) -> np.ndarray:
        """Of its predictions at every token those that count."""
        return found


@dataclass(frozen=True, eq=False)
class Streams:
    """Streams of pairs; takes the place of a `Set`, with pairs for positions."""

    pairs: Pairs  # (B, P, n) each

    @property
    def inputs(self) -> np.ndarray:
        """x_i (B, P, n)."""
        return np.asarray(self.pairs.inputs)

    @property
    def targets(self) -> np.ndarray:
        """y_i (B, P, n)."""
        return np.asarray(self.pairs.targets)

    @cached_property
    def _plain(self) -> np.ndarray:
        """The stream without tuned tokens (B, 2 P, n)."""
        return np.asarray(streams.stream(self.pairs))

    @cached_property
    def seen(self) -> Seen:
        """What references see at x_i, who take the stream for a sequence: (y_{i-1}, x_i) are pairs, too."""
        return self._at_inputs(references.seen(self._plain))

    @cached_property
    def seen_before(self) -> Seen:
        """The same without the newest pair."""
        return self._at_inputs(references.seen(self._plain, newest=False))

    @cached_property
    def seen_pairs(self) -> Seen:
        """What is seen at x_i by who knows which tokens are pairs."""
        return references.seen_pairs(self.inputs, self.targets)

    def tokens(self, weights: Weights) -> np.ndarray:
        """What a network is given: the stream, with the tokens that were tuned for it."""
        return np.asarray(streams.stream(self.pairs, *_tuned(weights)))

    def read(self, found: np.ndarray, weights: Weights) -> np.ndarray:
        """Of its predictions at every token those at x_i."""
        return streams.answers(found, *_tuned(weights))

    @staticmethod
    def _at_inputs(seen: Seen) -> Seen:
        return Seen(*map(streams.answers, seen))


Known = Set | Streams


def _tuned(weights: Weights) -> tuple:
    return weights.get("tokens/end"), weights.get("tokens/prefix")


def drawn(
    network: Network, words: tuple[str, ...], count: int, stream: str = "evaluation data"
) -> Set | Streams:
    """``count`` sequences or streams by their words, from a named stream of the network's seed.

    Raises:
        IcgdError: the task has no such setting, or is one of streams.
    """
    task = network.settings.task
    if words[0] == "pairs":
        key, lengths = network.key(stream), tuple(map(int, words[1:]))
        return Streams(streams.sample(key, count, task.inputs, lengths, task.state_noise, task.start_range))
    if task.family == "streams":
        raise IcgdError(f"{network.experiment}: its tasks are streams of pairs; right is, say, 'pairs 60'.")
    changes = dict(_setting(word) for word in words[1:])
    checked(Task, {**task.model_dump(), **changes}, f"tasks {' '.join(words)!r}")
    found = network.draw(stream, count, **changes)
    return Set(np.asarray(found.states), np.asarray(found.teacher))


def known_to(name: str, few: Known) -> Seen:
    """What a method sees: released baselines do without the newest pair, "ridge pairs" without false ones,
    methods on features have the nonlinear teacher's."""
    if name.endswith(" pairs"):
        if not isinstance(few, Streams):
            raise IcgdError(f"{name!r} is of streams of pairs, such as 'pairs 60'.")
        return few.seen_pairs
    if name.endswith(" features"):
        return states_for(name, few).seen_features
    return few.seen_before if name.endswith(" released") else few.seen


def states_for(name: str, few: Known) -> Set:
    """Sequences of states, which a method needs.

    Raises:
        IcgdError: these are streams of pairs.
    """
    if not isinstance(few, Set):
        raise IcgdError(f"{name!r} is of sequences of states.")
    return few


def _setting(word: str) -> tuple[str, object]:
    """A setting of the task and its value, a number if it is one."""
    key, _, value = word.partition("=")
    try:
        return key, float(value)
    except ValueError:
        return key, value


def placed(text: str) -> tuple[tuple[str, ...], slice]:
    """Words of a set of sequences, and its positions."""
    words, cut = tuple(text.split()), slice(None)
    if len(words) > 2 and words[-2] in ("at", "from") and words[-1].isdigit():
        first = int(words[-1])
        words, cut = words[:-2], slice(first, first + 1 if words[-2] == "at" else None)
    if words[:1] == ("pairs",):
        right = len(words) > 1 and all(word.isdigit() and int(word) for word in words[1:])
    else:
        right = words[:1] == ("fresh",) and all("=" in word for word in words[1:])
    if not right:
        examples = "'fresh start_range=2 at 49' or 'pairs 60 from 50'"
        raise IcgdError(f"there are no sequences {text!r}; right is, say, {examples}.")
    return words, cut
