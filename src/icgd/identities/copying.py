"""Proposition 3: inputs and targets in separate tokens, merged by one layer (claims 12-14)."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Model
from icgd.identities.table import SIZES, Errors, Problem, largest
from icgd.models import transformer
from icgd.references.closed_form import optimal_rate, variance
from icgd.references.constructions import gradient_descent_layer, one_head
from icgd.references.copying import Layout, Matrices, copy_head, descent_head, zeroing_head
from icgd.tasks import published

FITTING = tuple(size for size in SIZES if size[1] <= size[0])  # targets no longer than inputs
CASES = 10  # random problems with softmax
TASKS = published.COUNT
CHUNK = 500  # tasks at a time


def linear_copy(rows: Errors) -> None:
    """One linear layer makes (x_j, 0, y_j) of every input's token, for any orthonormal codes."""
    rng = np.random.default_rng(12)
    for problem in rows.problems(12, FITTING):
        layout = Layout(problem.inputs, problem.outputs, problem.context)
        sequence, code = layout.tokens(problem.x, problem.y, problem.query), layout.blocks[1]
        longer, turn = np.eye(layout.size), np.eye(layout.size)
        longer[code, code] *= 1 + 1e-8
        turn[code, code] = np.linalg.qr(rng.normal(size=(layout.length, layout.length)))[0]
        head = copy_head(layout)
        cases = {
            "none": (head, sequence),
            "codes_1e-8": (head, sequence @ longer),
            "shift_as_printed": (copy_head(layout, printed=True), sequence),
            "orthonormal_codes": ({n: turn.T @ m @ turn for n, m in head.items()}, sequence @ turn),
        }
        for plant, (matrices, tokens) in cases.items():
            found = transformer.forward(Model(), one_head(matrices), jnp.asarray(tokens))
            error = largest(found[layout.roles[0][:-1]], layout.merged(problem.x, problem.y))
            rows.put("copied", problem.case, error, plant)


def softmax_copy(rows: Errors) -> None:
    """The same with softmax over twenty keys, with logits of 1 (as printed) and of 20 and more."""
    rng = np.random.default_rng(13)
    for case in rows.cases(CASES):
        problem = Problem(rng, 10, 1, 10)
        plants = {"no_softmax": copy_errors(problem)[0], "logits_15": copy_errors(problem, 15.0)[0]}
        for plant, error in plants.items():
            rows.put("copied_softmax", case, error, plant)
            rows.put("copied_softmax_scaled", case, error, plant)
        rows.put("copied_softmax", case, copy_errors(problem, 1.0)[0])
        for logit in (20.0, 30.0, 50.0):
            error, of_query = copy_errors(problem, logit)
            rows.put("copied_softmax_scaled", f"{case} logits {logit:.0f}", error)
            rows.put("copied_softmax_query", f"{case} logits {logit:.0f}", of_query)
        for logit in (15.0, 20.0):
            error = copy_errors(problem, logit, null=True)[1]
            rows.put("copied_softmax_query", case, error, f"null_token_{logit:.0f}")


def copy_errors(problem: Problem, logit: float | None = None, null: bool = False) -> tuple[float, float]:
    """Errors of the merged tokens and of the query's label, which must stay 0; no logit: linear."""
    layout = Layout(problem.inputs, problem.outputs, problem.context, null)
    head = copy_head(layout, logit or 1.0)
    if logit is not None:
        head["query"] *= math.sqrt(layout.size)  # the model divides by it, the paper does not
    model = Model(softmax_layers=0 if logit is None else 1)
    sequence = jnp.asarray(layout.tokens(problem.x, problem.y, problem.query))
    found = np.asarray(transformer.forward(model, one_head(head), sequence))
    right = layout.merged(problem.x, problem.y)
    return largest(found[layout.roles[0][:-1]], right), largest(found[-1, -layout.outputs :], 0.0)


def published_step(rows: Errors) -> None:
    """Copy layer and gradient step layer against one step, on the published tasks.

    The targets' tokens copy too and become ((0, y_j), 0, x_(j+1)): pairs that are not in the data.
    """
    count = CHUNK if rows.few else TASKS
    with jax.enable_x64(False):  # they were sampled in float32
        tasks = published.tasks(count)
    x, y, query, target = (np.asarray(part, np.float64) for part in tasks)
    step = optimal_rate(published.INPUTS, published.CONTEXT, variance(1.0)) / published.CONTEXT
    right = step * np.einsum("tnd,tn,td->t", x, y, query)

    layout = Layout(published.INPUTS, 1, published.CONTEXT)
    apart = Layout(published.INPUTS, 1, published.CONTEXT, apart=True)
    data = (x, y[..., None], query)
    zeroed = two_layers(layout, step, data, [copy_head(layout, targets=0.0), zeroing_head(layout)])
    for plant, error in {
        "none": largest(zeroed, right),
        "rate_1e-8": largest(zeroed, (1 + 1e-8) * right),
        "joint_tokens": largest(joint_tokens(step, data), right),
    }.items():
        rows.put("copied_step", f"{count} tasks", error, plant)

    base = np.mean((right - target) ** 2)
    for plant, predictions in {
        "none": two_layers(layout, step, data, [copy_head(layout)]),
        "targets_copy_a_quarter": two_layers(layout, step, data, [copy_head(layout, targets=0.25)]),
        "targets_do_not_copy": two_layers(layout, step, data, [copy_head(layout, targets=0.0)]),
        "targets_apart": two_layers(apart, step, data, [copy_head(apart)]),
        "rate_1.15": 1.15 * right,
    }.items():
        gap = abs(np.mean((predictions - target) ** 2) / base - 1)
        rows.put("copied_step_loss_gap", f"{count} tasks", gap, plant)


def two_layers(layout: Layout, step: float, data: tuple, heads: list[Matrices]) -> np.ndarray:
    """Predictions after a layer of copying ``heads`` and the gradient step layer."""
    descent = descent_head(layout, step)
    silent = {name: np.zeros_like(matrix) for name, matrix in descent.items()}
    layers = (heads, [descent, *[silent] * (len(heads) - 1)])
    weights = {
        f"{index}/{name}": jnp.stack([head[name] for head in layer])
        for index, layer in enumerate(layers)
        for name in descent
    }
    model = Model(layers=2, heads=len(heads))
    weights = transformer.checked(model, layout.size - 1, weights, "the construction")
    return predict(model, weights, layout.tokens(*data))


def joint_tokens(step: float, data: tuple) -> np.ndarray:
    """Predictions of the gradient step layer on tokens that hold x_j and y_j from the start."""
    x, y, query = data
    blank = np.concatenate([query, np.zeros((len(query), 1))], axis=1)
    sequences = np.concatenate([np.concatenate([x, y], axis=2), blank[:, None]], axis=1)
    return predict(Model(), one_head(gradient_descent_layer(step, x.shape[2])), sequences)


def predict(model: Model, weights: transformer.Weights, sequences: np.ndarray) -> np.ndarray:
    """The model's predictions for many sequences, a chunk at a time."""
    each = jax.jit(jax.vmap(lambda tokens: transformer.predict(model, weights, tokens)))
    starts = range(0, len(sequences), CHUNK)
    return np.concatenate([each(sequences[start : start + CHUNK]) for start in starts])


def run(rows: Errors) -> None:
    """All of this file."""
    for check in (linear_copy, softmax_copy, published_step):
        check(rows)
