"""The two arms of the sine task on the same tasks: a trained attention layer, and a given GD step.

A network is held against that of the other arm with its own seed, which began with the same embedding
and saw the same batches; how far two networks of the other arm are apart says what a seed does.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from icgd.analysis import alignment, embedded, learnt
from icgd.analysis.embedded import Embedded, Functions
from icgd.analysis.learnt import Learnt
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.randomness import stream
from icgd.tasks import waves
from icgd.tasks.linear import Tasks
from icgd.tasks.sine import HALF_RANGE
from icgd.tasks.waves import Shift

CONTEXTS, QUERIES = 1000, 100  # of the functions that are compared (vo22-70)
SHIFTS = {
    "fresh": Shift(),
    "inputs 1.5": Shift(inputs=1.5),
    "amplitude 2": Shift(amplitude=2.0),
    "frequency 1.5": Shift(frequency=1.5),
    "phase pi": Shift(phase=np.pi),
}
RAISED = (0.02, 0.1, 0.2, 0.4, 0.6)  # planted constants, in standard deviations of the labels
TURNED = (0.01, 0.05)  # planted shares of gradients with the wrong sign
MOVED = 0.4  # planted shift along x
APART = (0.8, 1.5)  # planted distances, in those of two seeds
TAIL = 0.1  # last share of training
TINY = 1e-12

_sample = jax.jit(waves.sample, static_argnums=(1, 2, 3))


def compare(rows: Measures, trained: Trained, base: Sequence[Trained]) -> None:
    """One network, and controls in its place, against the other arm's network of the same seed."""
    own = {row["measure"]: row["value"] for row in rows}["converged"]
    same = next((network for network in base if network.seed == trained.seed), None)
    rows.put("both_converged", bool(own) and same is not None)
    if same is None:
        return
    following = next((network for network in base if network.seed > same.seed), base[0])
    arms = trained, same, following
    tasks = trained.fresh("evaluation data", trained.settings.evaluation.tasks)
    tails(rows, arms, float(np.std(tasks.target)))
    on_tasks(rows, arms, tasks)
    for name, shift in SHIFTS.items():
        on_grid(rows, arms, name, shift)


def tails(rows: Measures, arms: Sequence[Trained], deviation: float) -> None:
    """Mean evaluation loss over the last tenth of training, over that of the other arm."""
    own, same, following = (tail(arm) for arm in arms)
    rows.put("tail_ratio", own / same)
    rows.put("tail_ratio", following / same, "other_seed")
    for size in RAISED:  # what a constant adds to the mean square of errors that are 0 on average
        rows.put("tail_ratio", 1 + (size * deviation) ** 2 / (2 * same), f"raised_{size}")


def tail(trained: Trained) -> float:
    """Mean evaluation loss of the last tenth of training, as one step's is noisy at a constant rate."""
    steps = np.array([float(row["step"]) for row in trained.history])
    losses = np.array([float(row["evaluation_loss"]) for row in trained.history])
    return float(np.mean(losses[steps > (1 - TAIL) * steps[-1]]))


def on_tasks(rows: Measures, arms: Sequence[Trained], tasks: Tasks) -> None:
    """Losses, and the published measures of alignment, which see one query a task."""
    own, same, following = (learnt.by_network(arm.settings.model, arm.weights, tasks) for arm in arms)
    deviation = np.std(tasks.target)
    raised = {f"raised_{size}": Learnt(same.prediction + size * deviation, same.weights) for size in RAISED}
    for plant, one in {"none": own, "other_seed": following, **raised}.items():
        rows.put("loss_ratio", learnt.loss(one, tasks) / learnt.loss(same, tasks), plant, "fresh")
    turned = {f"signs_{share}": signs_turned(same, share) for share in TURNED}
    for plant, one in {"none": own, "other_seed": following, **turned}.items():
        values = learnt.agreement(one, same)
        for measure, name in (("partial_cos", "model_cos"), ("partial_diff", "model_diff")):
            rows.put(measure, values[name], plant, "fresh")
        rows.put("preds_diff", values["preds_diff"], plant, "fresh")
        agree = np.mean(np.sign(one.weights) == np.sign(same.weights))
        rows.put("cos_by_signs", values["model_cos"] - (2 * agree - 1), plant, "fresh")


def signs_turned(model: Learnt, share: float) -> Learnt:
    """The same with a share of its gradients negated."""
    every = jnp.arange(len(model.weights)) % round(1 / share) == 0
    return Learnt(model.prediction, jnp.where(every[:, None], -model.weights, model.weights))


def on_grid(rows: Measures, arms: Sequence[Trained], name: str, shift: Shift) -> None:
    """Agreement of the functions, over tasks and queries."""
    tasks = contexts(arms[0], shift)
    x = jnp.linspace(-HALF_RANGE, HALF_RANGE, QUERIES) * shift.inputs
    networks = [embedded.of(arm.weights) for arm in arms]
    own, same, following = (embedded.functions(network, tasks, x) for network in networks)
    deviation = float(np.std(tasks.targets))
    seeds = apart(following.after, same.after)
    for plant, one in {
        "none": own,
        "other_seed": following,
        **planted(networks[1], tasks, x, same, following, deviation),
    }.items():
        distance = apart(one.after, same.after)
        rows.put("rmse", distance / deviation, plant, name)
        rows.put("rmse_over_seeds", distance / max(seeds, TINY), plant, name)
        rows.put("slope_correlation", correlation(one.slopes, same.slopes), plant, name)
        if shift == Shift():
            rows.put("start_rmse", apart(one.before, same.before) / deviation, plant, name)
    if shift == Shift():
        to_other = apart(own.after, following.after)
        rows.put("same_over_other_start", apart(own.after, same.after) / max(to_other, TINY), tasks=name)


def contexts(trained: Trained, shift: Shift) -> Tasks:
    """Contexts of one seed; the same draws at every shift."""
    task, settings = trained.settings.task, trained.settings
    key = stream(trained.seed, "function data", settings.key_implementation)
    return _sample(key, min(CONTEXTS, settings.evaluation.tasks), task.context, task.released_phase, shift)


def planted(
    network: Embedded, tasks: Tasks, x: jax.Array, same: Functions, following: Functions, deviation: float
) -> dict[str, Functions]:
    """Functions at a stated distance from those of the other arm's network."""
    moved = embedded.functions(network, tasks, x + MOVED)
    raised = {f"raised_{size}": lifted(same, size * deviation) for size in RAISED}
    further = {f"apart_{k}": jax.tree.map(lambda a, b, k=k: a + k * (b - a), same, following) for k in APART}
    return {f"moved_{MOVED}": moved, **raised, **further}


def lifted(found: Functions, by: float) -> Functions:
    """The same functions and a constant."""
    return Functions(found.before + by, found.after + by, found.slopes)


def apart(one: jax.Array, other: jax.Array) -> float:
    """Root mean square of the difference."""
    return float(jnp.sqrt(jnp.mean((one - other) ** 2)))


def correlation(one: jax.Array, other: jax.Array) -> float:
    """Correlation over the queries, mean over the tasks: (T, Q), (T, Q)."""
    centred = [part - jnp.mean(part, axis=-1, keepdims=True) for part in (one, other)]
    return float(jnp.mean(alignment.cosine(*centred)))
