"""The Python API: trained networks, claims with their verdicts, tables; from a checkout, or from anywhere.

The data (config.yaml, claims/, results/) are those of the checkout that is the working directory or one of
its parents, or else of the one that the environment variable ICGD_ROOT names.
"""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from icgd import paths
from icgd.environment import prepare_jax
from icgd.errors import IcgdError, nearest
from icgd.files import read_json, read_table
from icgd.paths import checkout, root

if TYPE_CHECKING:
    import pandas as pd

    from icgd.config import Experiment, Settings
    from icgd.measures.fit import Predictor
    from icgd.measures.network import Network
    from icgd.measures.products import Products
    from icgd.tasks.dynamics import Sequences
    from icgd.tasks.linear import Tasks
    from icgd.tasks.streams import Pairs

COMPARED = ("loss_ratio", "model_cos", "model_diff", "preds_diff")
COMPARED_ON_SEQUENCES = ("loss_ratio", "prediction_cos", "prediction_distance")


@dataclass(frozen=True, eq=False)
class Loaded:
    """What every trained network has.

    Attributes:
        experiment, seed, scale: which one it is.
        settings: task, model, optimiser, training: all that it was trained with.
        weights: every matrix by name, "0/query" -> (heads, t, key size), t entries of a token.
        origin: the file it was read from.
    """

    experiment: str
    seed: int
    scale: str
    settings: "Settings"
    origin: Path
    weights: dict[str, np.ndarray] = field(repr=False)
    network: "Network" = field(repr=False)

    def compare(self, reference: str, tasks: str = "fresh") -> dict[str, float]:
        """Loss over that of a reference on the seed's own fresh tasks, cosine, distances to it.

        Args:
            reference: as the data dictionary has it: "gd", "gd_plus_plus shared", "ridge"; for causal
                networks "ridge", "gd shared K=3", "conjugate_gradients". With "zero" there is a loss only.
            tasks: a set of tasks: "fresh", "published"; for causal networks "fresh", "fresh start_range=2".

        Raises:
            IcgdError: no such reference or tasks for this network, or a K-step method that blows up on them.
        """
        from icgd.measures.grid import Grid, answer
        from icgd.measures.request import METHODS, Request, parsed

        with checkout():
            grid, tasks = Grid(self.network), str(tasks)
            asked = COMPARED_ON_SEQUENCES if self.settings.causal else COMPARED
            if (of := parsed(reference).name) in METHODS:
                theirs, none = (answer(grid, Request("loss", one, "", tasks)) for one in (reference, "zero"))
                if not theirs <= none:
                    known = () if self.settings.causal else self.network.methods
                    better = [name for name in known if name.endswith((" clipped", " released"))]
                    instead = f"; right is, say, {' or '.join(map(repr, better))}." if better else "."
                    blows_up = f"{reference!r} blows up on these tasks of {self.experiment}: its loss is"
                    raise IcgdError(f"{blows_up} {theirs:.3g}, that of predicting zero {none:.3g}{instead}")
            asked = asked[:1] if of == "zero" else asked
            return {name: answer(grid, Request(name, "network", reference, tasks)) for name in asked}

    @property
    def layers(self) -> list[SimpleNamespace]:
        """The matrices of each of the K layers, ``net.layers[0].query``: query, key, value, projection."""
        model, causal = self.settings.model, self.settings.causal
        own = (
            range(len(causal.layers))
            if causal
            else [0 if model.recurrent else k for k in range(model.layers)]
        )
        split = {tuple(name.split("/")): matrix for name, matrix in self.weights.items()}
        return [SimpleNamespace(**{name: m for (at, name), m in split.items() if at == str(k)}) for k in own]


@dataclass(frozen=True, eq=False)
class Trained(Loaded):
    """A network that regresses in context: d inputs, K layers, tokens of t = d + 1 entries."""

    def predict(
        self,
        x: "np.ndarray | Tasks",
        y: np.ndarray | None = None,
        query: np.ndarray | None = None,
        by: str = "network",
    ) -> np.ndarray | float:
        """What the network answers to a query after a context, minus the label entry of its last token.

        Args:
            x: context inputs (N, d), or (T, N, d) for T contexts; or Tasks, and nothing else.
            y: context targets (N,), or (T, N), in the units of the task.
            query: query input (d,) -> a number; (Q, d) with one context -> (Q,); (T, d) -> (T,).
            by: who answers: the network, or a reference of as many steps, such as "gd", "ridge" or
                "gd_plus_plus shared", with the parameters that are best on the experiment's own tasks.

        Raises:
            IcgdError: wrong shapes, an empty context, NaN or infinity, or no such reference.
        """
        tasks, alone = self._tasks(x, y, query), np.ndim(query) < 2 and not hasattr(x, "query")
        found = np.asarray(self._predictor(by).predict(tasks, self.settings.model.token_clip))
        return float(found[0]) if alone and np.ndim(x) == 2 else found

    def fit(self, tasks: "Tasks") -> SimpleNamespace:
        """The models that it fits in context, f(x) = w.x near the query: w = df/dx_q.

        Returns:
            ``prediction`` (T,) and ``weights`` (T, d), the gradient of the prediction by the query.
        """
        found = self._predictor("network").fit(self._tasks(tasks))
        return SimpleNamespace(prediction=np.asarray(found.prediction), weights=np.asarray(found.weights))

    def products(self) -> "Products":
        """W_KQ = W_Q W_K^T as ``kq`` and W_PV = W_V P as ``pv``, each (K, t, t).

        Raises:
            IcgdError: the network is more than one head of linear attention a layer.
        """
        from icgd.measures import products

        if not self.network.is_linear:
            raise IcgdError(f"{self.experiment}: only layers of one linear head are said by two products.")
        return products.of(self.settings.model, self.network.weights)

    def _predictor(self, by: str) -> "Predictor":
        from icgd.measures import fit, predictors

        if by == "network":
            return fit.of_network(self.settings.model, self.network.weights)
        with checkout():
            found, *others = predictors.named(by, self.network)
        if others:
            raise IcgdError(f"{by!r} names several networks; load each and ask it.")
        return found

    def _tasks(self, x: object, y: object = None, query: object = None) -> "Tasks":
        """One context and its queries, several contexts with a query each, or Tasks, as Tasks."""
        from icgd.tasks.linear import Tasks

        x, y, query, target = x if isinstance(x, Tasks) else (x, y, query, None)
        if y is None or query is None:
            which = " and ".join(name for name, one in (("y", y), ("query", query)) if one is None)
            raise IcgdError(f"{self.experiment} takes x, y and query, or Tasks alone; there is no {which}.")
        x, y, query = _numbers("x, y and query must be arrays of numbers.", x, y, query)
        d, got = self.settings.task.inputs, f"{x.shape}, {y.shape}, {query.shape}"
        if x.ndim == 2:
            query = query.reshape(1, -1) if query.ndim < 2 else query
            x, y = (np.broadcast_to(value, (len(query), *value.shape)) for value in (x, y))
        if x.ndim != 3 or x.shape[-1] != d or y.shape != x.shape[:2] or query.shape != (len(x), d):
            right = f"x (N, {d}), y (N,), query ({d},), or of several contexts (T, N, {d}), (T, N), (T, {d})"
            raise IcgdError(f"{self.experiment} takes {right}; the shapes are {got}.")
        if not x.shape[0] or not x.shape[1]:
            what = "context without pairs" if x.shape[0] else "query"
            raise IcgdError(f"there is {'a' if x.shape[0] else 'no'} {what}; the shapes are {got}.")
        if not all(np.isfinite(value).all() for value in (x, y, query)):
            raise IcgdError("x, y or query holds NaN or infinity.")
        n = self.settings.task.context
        if self.settings.model.alternating and x.shape[1] != n:
            raise IcgdError(f"{self.experiment} has position codes for {n} pairs, not {x.shape[1]}.")
        return Tasks(x, y, query, np.full(len(x), np.nan, np.float32) if target is None else target)


@dataclass(frozen=True, eq=False)
class TrainedCausal(Loaded):
    """A network of the second paper: it reads states s_1 ... s_T of d entries and predicts the next of each.

    Source: von Oswald et al. 2023, "Uncovering mesa-optimization algorithms in Transformers".
    """

    def predict(self, states: "np.ndarray | Sequences") -> np.ndarray:
        """The state expected after each one, from it and those before it.

        Args:
            states: one sequence (T, d), or several (B, T, d), in the units of the task; or Sequences, whose
                last states are to be predicted and not seen. A network with codes of positions takes at
                most the T that it was trained with, ``settings.task.context``.

        Returns:
            (T, d) or (B, T, d): entry t is the prediction of state t + 1.

        Raises:
            IcgdError: wrong shape, too long, NaN or infinity.
        """
        return self._run(states)[1]

    def hidden(self, states: "np.ndarray | Sequences") -> np.ndarray:
        """The tokens before and after every layer, (K + 1, T, width), or (B, K + 1, T, width)."""
        return self._run(states)[0]

    def __getattr__(self, name: str) -> object:
        if name in ("fit", "products"):
            which = f"{self.experiment} predicts the next state of a sequence"
            raise IcgdError(f"{which}; {name} is for networks that regress in context, such as one_layer.")
        raise AttributeError(name)

    def _run(self, states: object) -> tuple[np.ndarray, np.ndarray]:
        """(tokens, predictions)."""
        import jax

        from icgd.models import causal
        from icgd.tasks.dynamics import Sequences

        seen = states.states[:, :-1] if isinstance(states, Sequences) else states
        (states,) = _numbers("states must be an array of numbers, or sequences of states.", seen)
        d, longest = self.settings.task.inputs, self.settings.task.context
        if states.ndim not in (2, 3) or states.shape[-1] != d or not states.size:
            right = f"states (T, {d}), or of several sequences (B, T, {d})"
            raise IcgdError(f"{self.experiment} takes {right}; the shape is {states.shape}.")
        if states.shape[-2] > longest and self.settings.causal.position != "none":
            raise IcgdError(f"{self.experiment} has codes of {longest} positions, not of {states.shape[-2]}.")
        if not np.isfinite(states).all():
            raise IcgdError("states hold NaN or infinity.")
        network = causal.build(self.settings.causal, d, self.weights)
        tokens = jax.vmap(network)(states.reshape(-1, *states.shape[-2:]))
        found = np.asarray(tokens), np.asarray(jax.vmap(network.predictions)(tokens[:, -1]))
        return tuple(one[0] for one in found) if states.ndim == 2 else found


def _numbers(wrong: str, *values: object) -> list[np.ndarray]:
    """Arrays of real numbers; refuse what is none."""
    try:
        return [np.asarray(value).astype(np.float32, casting="same_kind") for value in values]
    except (TypeError, ValueError) as error:
        raise IcgdError(wrong) from error


def load(name: str, seed: int = 0, scale: str = "full") -> Trained | TrainedCausal:
    """A trained network of an experiment: weights, settings, where it is from.

    Raises:
        IcgdError: no such experiment or seed, it is not trained yet, or the run diverged.
    """
    prepare_jax()
    from icgd import config
    from icgd.measures.network import Loader

    with checkout():
        every = config.load()
        known = {one: every.settings(one, scale) for one in (name, *every.experiments)}
        settings = known[name]
        if settings.points:
            raise IcgdError(f"{name} trains at {len(settings.points)} settings: icgd.training.points.load.")
        if seed not in range(settings.seeds):
            raise IcgdError(f"{name} has seeds 0 to {settings.seeds - 1}, not {seed}.")
        if settings.causal and settings.causal.tuned != "all":
            beside = f"what was trained beside the weights of {settings.start!r} ({settings.causal.tuned})"
            raise IcgdError(f"{name} holds {beside}; load that one.")
        if not (origin := paths.weights(scale, name, seed)).exists():
            rest = {"quick": ", or all with `make reproduce`", "full": ", or all with `make full`"}
            alone = f"`icgd train {name} --seed {seed} --scale {scale}`"
            raise IcgdError(f"{origin} is missing; train it with {alone}{rest.get(scale, '')}.")
        network = Loader(scale, known).load(name, seed)
    weights = {key: np.asarray(matrix) for key, matrix in network.weights.items()}
    kind = TrainedCausal if settings.causal else Trained
    return kind(name, seed, scale, settings, root() / origin, weights, network)


def experiment(name: str) -> "Experiment":
    """An experiment as config.yaml has it: what it is for, task, model, training, seeds."""
    from icgd import config

    with checkout():
        return config.load().named(name)


def sample_tasks(name: str = "one_layer", count: int = 1000, seed: int = 0) -> "Tasks | Sequences | Pairs":
    """Fresh tasks of an experiment's kind, ``count`` of them, drawn from ``seed``.

    Returns:
        Contexts: inputs (count, N, d), targets (count, N), query (count, d), target (count,). For causal
        networks sequences: states (count, T + 1, d), teacher (count, m, m), observation (count, d, m) or
        None; or streams of pairs: inputs and targets (count, N, d).

    Raises:
        IcgdError: no such experiment, or ``count`` is no whole number of 1 or more.
    """
    _whole(count, "count (how many tasks)", 1)
    _whole(seed, "seed", 0)
    prepare_jax()
    from icgd import config
    from icgd.random import stream
    from icgd.tasks import sample

    with checkout():
        settings = config.load().settings(name, "full")
    key = stream(seed, "tasks of the API", settings.key_implementation)
    drawn = sample.draw(settings.task, key, count)
    return type(drawn)(*(part if part is None else np.asarray(part) for part in drawn))


def _whole(value: object, name: str, least: int) -> None:
    """Refuse what is no whole number of at least ``least``."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least:
        raise IcgdError(f"{name} must be a whole number of {least} or more, not {value!r}.")


def claim(id_: str, scale: str = "full") -> dict:
    """One claim with its verdict: rule, measured values of every unit, interval, controls, as committed.

    Raises:
        IcgdError: no such claim; names the nearest.
    """
    from icgd.claims import registry, verdict
    from icgd.claims.words import written

    with checkout():
        known = registry.claim(written(id_, registry.claims()))
        decided = read_json(paths.verdicts(scale))
        return decided.get(known.id) or verdict.undecided(known, scale)


def claims(verdict: str | None = None, source: str | None = None, scale: str = "full") -> "pd.DataFrame":
    """All claims, a row each, with the numbers of the first part; ``stands``: under Holm, in its source.

    Args:
        verdict: only these: supported, partly, refuted, inconclusive, no power, pending, not testable.
        source: only those of one source, "vo22".

    Raises:
        IcgdError: no such verdict or source.
    """
    import pandas as pd

    from icgd.claims import registry
    from icgd.claims.verdict import undecided

    with checkout():
        decided, known = read_json(paths.verdicts(scale)), registry.claims()
    rows = []
    for each in known.values():
        found = decided.get(each.id) or undecided(each, scale)
        part = (found["parts"] or [{}])[0]
        row = {key: found[key] for key in ("id", "verdict", "where", "says", "kind", "source")}
        row |= {"measure": (part.get("evidence") or {}).get("measure"), "parts": len(found["parts"])}
        row |= {key: part.get(key) for key in ("value", "low", "high", "n", "published")}
        rows.append({**row, "stands": found.get("together")})
    frame = pd.DataFrame(rows).set_index("id")
    for column, wanted in (("verdict", verdict), ("source", source)):
        if wanted is None:
            continue
        if (lower := str(wanted).lower()) not in set(frame[column]):
            raise IcgdError(f"no claim has {column} {wanted!r}; {nearest(lower, set(frame[column]))}")
        frame = frame[frame[column] == lower]
    return frame


@dataclass(frozen=True)
class Picture:
    """A figure as it was drawn; a notebook shows it.

    Attributes:
        name, title, caption, alt: its words; ``alt`` says what is seen, for those who do not see it.
        png, svg: the files.
        data: every drawn point: panel, series, source (ours or published), unit (training seed), x, y.
    """

    name: str
    title: str
    caption: str
    alt: str
    png: Path
    svg: Path
    data: "pd.DataFrame" = field(repr=False)

    def _repr_mimebundle_(self, **_: object) -> tuple[dict, dict]:
        return {"image/png": self.png.read_bytes(), "text/plain": f"{self.title}. {self.caption}"}, {}


def figure(name: str, scale: str = "full") -> Picture:
    """A figure with its words and data: ``icgd.figure("fig2")``, as committed or as drawn by you at a scale.

    Raises:
        IcgdError: no such figure, or it has not been drawn at that scale.
    """
    import pandas as pd

    from icgd.figures import plan

    plan.named(name)
    png, svg, data, words = (
        root() / paths.figure(scale, name, kind) for kind in ("png", "svg", "csv", "json")
    )
    if not words.exists():
        target = paths.figure(scale, name)
        raise IcgdError(
            f"{target} is not there; draw it: snakemake --cores 1 --config scale={scale} -- {target}"
        )
    frame = pd.read_csv(data, dtype={"unit": str}, keep_default_na=False, na_values={"y": [""]})
    return Picture(**read_json(words), png=png, svg=svg, data=frame)


def table(name: str, scale: str = "full", kind: str = "measures") -> "pd.DataFrame":
    """What was measured of an experiment, or a statement table: unit, measure, subject, reference, value.

    Raises:
        IcgdError: no such table.
    """
    import pandas as pd

    folder = root() / paths.RESULTS / scale
    tables = {path.parent.name: path for path in folder.glob(f"*/{kind}.csv")}
    tables |= {path.stem: path for path in folder.glob("statements/*.csv")} if kind == "measures" else {}
    if name not in tables:
        raise IcgdError(f"results/{scale} has no table {name!r}; {nearest(name, tables)}")
    frame = pd.DataFrame(read_table(tables[name]))
    return frame.astype({column: float for column in ("x", "value") if column in frame})
