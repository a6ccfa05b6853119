"""Proposition 3: inputs and targets in separate tokens, merged by one layer (claims 12-14)."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Model
from icgd.models import transformer
from icgd.references.closed_form import optimal_rate, variance
from icgd.references.constructions import gradient_descent_layer, one_head
from icgd.references.copying import Layout, Matrices, copy_head, descent_head, zeroing_head
from icgd.statements.identities.cases import SIZES, Errors, Problem, largest
from icgd.statements.table import statement
from icgd.tasks import published

FITTING = tuple(size for size in SIZES if size[1] <= size[0])  # targets no longer than inputs
CASES = 10  # random problems with softmax
TASKS = published.COUNT
CHUNK = 500  # tasks at a time


@statement(
    subjects={
        "codes 1e-8": "position codes longer than 1 by 1e-8",
        "shift_as_printed": "the shift lower diagonal and vectors columns, so the previous token is copied",
        "orthonormal_codes": "arbitrary orthonormal position codes",
    }
)
def copied(rows: Errors) -> None:
    """Error of the inputs' tokens after the copy layer, which makes (x_j, 0, y_j) of each."""
    rng = np.random.default_rng(12)
    for problem in rows.problems(12, FITTING):
        layout = Layout(problem.inputs, problem.outputs, problem.context)
        sequence, code = layout.tokens(problem.x, problem.y, problem.query), layout.blocks[1]
        longer, turn = np.eye(layout.size), np.eye(layout.size)
        longer[code, code] *= 1 + 1e-8
        turn[code, code] = np.linalg.qr(rng.normal(size=(layout.length, layout.length)))[0]
        head, right = copy_head(layout), layout.merged(problem.x, problem.y)
        cases = {
            "statement": (head, sequence),
            "codes 1e-8": (head, sequence @ longer),
            "shift_as_printed": (copy_head(layout, printed=True), sequence),
            "orthonormal_codes": ({n: turn.T @ m @ turn for n, m in head.items()}, sequence @ turn),
        }
        errors = {}
        for subject, (matrices, tokens) in cases.items():
            found = transformer.forward(Model(), one_head(matrices), jnp.asarray(tokens))
            errors[subject] = largest(found[layout.roles[0][:-1]], right)
        rows.put("copied", errors, problem.case)


@statement(
    measures={
        "copied_softmax": "Error of the inputs' tokens after a copy layer with softmax and logits of 1.",
        "copied_softmax_scaled": "Error of the inputs' tokens after a copy layer with softmax and logits of "
        "20, 30 and 50.",
        "copied_softmax_query": "Size of the query's label after a copy layer with softmax (must stay 0).",
    },
    subjects={
        "no_softmax": "the linear layer",
        "logits 15": "logits of 15",
        "null_token 15": "an empty token for the query to attend to, logits of 15",
        "null_token 20": "an empty token for the query to attend to, logits of 20",
    },
)
def softmax_copy(rows: Errors) -> None:
    """The same with softmax over twenty keys, with logits of 1 (as printed) and of 20 and more."""
    rng = np.random.default_rng(13)
    for case in rows.cases(CASES):
        problem = Problem(rng, 10, 1, 10)
        controls = {"no_softmax": copy_errors(problem)[0], "logits 15": copy_errors(problem, 15.0)[0]}
        rows.put("copied_softmax", {"statement": copy_errors(problem, 1.0)[0], **controls}, case)
        rows.put("copied_softmax_scaled", controls, case)
        for logit in (20.0, 30.0, 50.0):
            error, of_query = copy_errors(problem, logit)
            rows.put("copied_softmax_scaled", error, f"{case} logits {logit:.0f}")
            rows.put("copied_softmax_query", of_query, f"{case} logits {logit:.0f}")
        null = {f"null_token {logit}": copy_errors(problem, logit, null=True)[1] for logit in (15, 20)}
        rows.put("copied_softmax_query", null, case)


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


@statement(
    measures={
        "copied_step": "Largest error of the prediction of copy layer and gradient step layer.",
        "copied_step_loss_gap": "Relative difference of the loss of copy and gradient step layers from that "
        "of one gradient step.",
    },
    subjects={
        "rate 1e-8": "reference with a learning rate off by 1e-8 of itself",
        "joint_tokens": "inputs and targets in one token from the start",
        "targets_copy_a_quarter": "targets' tokens copy with a quarter of the strength",
        "targets_do_not_copy": "targets' tokens do not copy",
        "targets_apart": "targets in a coordinate of their own",
        "rate 1.15": "a gradient step with a rate 15 % too large",
    },
)
def published_step(rows: Errors) -> None:
    """Copy layer and gradient step layer against one step, on the published tasks.

    The targets' tokens copy too and become ((0, y_j), 0, x_(j+1)): pairs that are not in the data.
    """
    count = CHUNK if rows.few else TASKS
    case = f"{count} tasks"
    with jax.enable_x64(False):  # they were sampled in float32
        tasks = published.tasks(count)
    x, y, query, target = (np.asarray(part, np.float64) for part in tasks)
    step = optimal_rate(published.INPUTS, published.CONTEXT, variance(1.0)) / published.CONTEXT
    right = step * np.einsum("tnd,tn,td->t", x, y, query)
    layout = Layout(published.INPUTS, 1, published.CONTEXT)
    apart = Layout(published.INPUTS, 1, published.CONTEXT, apart=True)
    data = (x, y[..., None], query)

    zeroed = two_layers(layout, step, data, [copy_head(layout, targets=0.0), zeroing_head(layout)])
    rows.compare("copied_step", zeroed, {"statement": right, "rate 1e-8": (1 + 1e-8) * right}, case)
    rows.compare("copied_step", joint_tokens(step, data), {"joint_tokens": right}, case)

    base = np.mean((right - target) ** 2)
    predictions = {
        "statement": two_layers(layout, step, data, [copy_head(layout)]),
        "targets_copy_a_quarter": two_layers(layout, step, data, [copy_head(layout, targets=0.25)]),
        "targets_do_not_copy": two_layers(layout, step, data, [copy_head(layout, targets=0.0)]),
        "targets_apart": two_layers(apart, step, data, [copy_head(apart)]),
        "rate 1.15": 1.15 * right,
    }
    gaps = {name: abs(np.mean((p - target) ** 2) / base - 1) for name, p in predictions.items()}
    rows.put("copied_step_loss_gap", gaps, case)


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

    def each(tokens: jax.Array) -> jax.Array:
        return transformer.predict(model, weights, tokens)

    return np.asarray(jax.jit(lambda all_: jax.lax.map(each, all_, batch_size=CHUNK))(sequences))
