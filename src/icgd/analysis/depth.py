"""One seed's network of K layers with its opponents and its controls."""

import dataclasses
from dataclasses import dataclass
from functools import cached_property, partial

import jax
import numpy as np

from icgd.analysis import learnt, stacks
from icgd.analysis.learnt import Learnt
from icgd.analysis.networks import Trained
from icgd.analysis.opponents import Opponent
from icgd.analysis.pieces import in_pieces
from icgd.analysis.stacks import Stack
from icgd.config import Model
from icgd.models import transformer
from icgd.models.transformer import Weights
from icgd.randomness import stream
from icgd.references import constructions
from icgd.tasks.linear import Tasks

POINTS = np.linspace(0, 1, 11)  # shares of GD++ on the path to it
MIDDLE = -6  # the half-half network that the paper draws

CLIPPED = "gd_plus_plus_shared_clipped"  # the best looped GD++ under a token clip
TEN, FIVE = f"{CLIPPED}_10", "gd_plus_plus_separate_5"  # each the other depth's GD++
PIECE = 10_000  # tasks computed at a time, so that one shape is compiled; also of what is measured often


def learn_by(opponents: dict[str, Opponent], tasks: Tasks, clip: float | None) -> dict[str, Learnt]:
    """Predictions and implicit weights of every opponent, under the network's token clip."""
    return {name: in_pieces(partial(one.learn, clip=clip), tasks, PIECE) for name, one in opponents.items()}


@dataclass(frozen=True)
class Case:
    """A network as a stack of products, and what it is compared with."""

    trained: Trained
    opponents: dict[str, Opponent]

    @property
    def model(self) -> Model:
        """The model of which every stack here gives the weights."""
        return stacks.unrolled(self.trained.settings.model)

    @property
    def looped(self) -> bool:
        """Do all layers share their weights?"""
        return self.trained.settings.model.recurrent

    @property
    def kind(self) -> str:
        """GD++ with as much sharing between layers as the network has."""
        return "gd_plus_plus_shared" if self.looped else "gd_plus_plus_separate"

    @property
    def own(self) -> str:
        """The best of that kind, under the network's token clip where the best without runs into it."""
        clipped = f"{self.kind}_clipped"
        return clipped if clipped in self.opponents else self.kind

    @cached_property
    def network(self) -> Stack:
        """The trained network."""
        return stacks.of(self.trained.settings.model, self.trained.weights)

    @cached_property
    def noise(self) -> jax.Array:
        """Key of the random tilt."""
        return stream(self.trained.seed, "planted faults", self.trained.settings.key_implementation)

    def hand_set(self, name: str) -> Stack:
        """The network that is one of the opponents."""
        return self.opponents[name].hand_set(self.trained.settings.task.inputs)

    def learn(self, stack: Stack, tasks: Tasks) -> Learnt:
        """Predictions and query gradients of a network, with the model's own token clip."""
        return in_pieces(partial(learnt.by_network, self.model, stack.weights), tasks, PIECE)

    def predict(self, stack: Stack, tasks: Tasks, clip: float | None) -> np.ndarray:
        """Predictions only, under a token clip."""
        model = dataclasses.replace(self.model, token_clip=clip)
        return in_pieces(partial(learnt.predict, model, stack.weights), tasks, PIECE)

    def untrained(self) -> Stack:
        """The network before training."""
        settings, key = self.trained.settings, self.trained.settings.key_implementation
        start = stream(self.trained.seed, "initialisation", key)
        return stacks.of(settings.model, transformer.initialise(settings.model, settings.task.inputs, start))

    def on_the_way(self) -> list[Stack]:
        """The network at each step that was kept."""
        kept = {name: array for name, array in self.trained.snapshots.items() if name != "step"}
        model, count = self.trained.settings.model, len(self.trained.snapshots["step"])
        return [
            stacks.of(model, {name: array[index] for name, array in kept.items()}) for index in range(count)
        ]

    def planted(self) -> dict[str, Stack]:
        """The network ("none"), near misses of stated size, and networks that are what is claimed."""
        found, gd, best = self.network, self.hand_set("gd_shared"), self.hand_set(self.own)
        others = {name: name for name in ("gd_separate", "gd_plus_plus_shared", FIVE)}
        others[f"{self.kind}_released"] = "gd_plus_plus_released"
        tilted = partial(stacks.tilted, found, key=self.noise)
        return {
            "none": found,
            "rate_1.06": stacks.faster(found, 1.06),
            "rate_1.15": stacks.faster(found, 1.15),
            "rate_1.3": stacks.faster(found, 1.3),
            "gamma_1.06": stacks.stronger(found, 1.06),
            "gamma_1.15": stacks.stronger(found, 1.15),
            "tilted_0.1": tilted(0.1),
            "tilted_0.25": tilted(0.25),
            "tilted_0.5": tilted(0.5),
            "uneven_0.1": stacks.uneven(found, 0.1),
            "leak_0.1": stacks.leaking(found, 0.1),
            "gd": gd,
            "gd_rate_1.15": stacks.faster(gd, 1.15),
            "gd_plus_plus": best,
            "untrained": self.untrained(),
            **{plant: self.hand_set(name) for name, plant in others.items() if name in self.opponents},
        }

    def paths(self, end: str) -> dict[str, list[Stack]]:
        """Straight lines to a GD++; the first network of each is an end that counts.

        none: after the correction by beta in every layer. raw_average: between the four matrices
        themselves. beta_2: corrected by a beta twice too large, the trained network being the end
        that counts. gd_plus_plus: from that GD++, refactored, to itself.
        """
        goal, found = self.hand_set(end), self.network
        double = Stack(2.0 * goal.kq, goal.pv / 2.0)
        starts = {
            "none": [stacks.corrected(found)],
            "beta_2": [found, stacks.corrected(found, by=2.0)],
            "gd_plus_plus": [stacks.corrected(double)],
        }
        lines = {
            name: [*start[:-1], *(stacks.blend(start[-1], goal, share) for share in POINTS)]
            for name, start in starts.items()
        }
        return {**lines, "raw_average": self._raw(end)}

    def _raw(self, end: str) -> list[Stack]:
        """Averages of the matrices with the construction's, without any correction."""
        steps, gammas = self.opponents[end].values
        pairs = zip(steps, gammas, strict=True)
        inputs = self.trained.settings.task.inputs
        goal = constructions.one_head(
            *(constructions.gd_plus_plus_layer(step, gamma, inputs) for step, gamma in pairs)
        )
        start = unrolled_weights(self.trained.settings.model, self.trained.weights)
        points = [{name: (1 - share) * start[name] + share * goal[name] for name in goal} for share in POINTS]
        return [stacks.of(self.model, weights) for weights in points]


def unrolled_weights(model: Model, weights: Weights) -> Weights:
    """The weights of shared layers repeated for every layer."""
    if not model.recurrent:
        return dict(weights)
    names = [name.removeprefix("0/") for name in weights]
    return {f"{k}/{name}": weights[f"0/{name}"] for k in range(model.layers) for name in names}
