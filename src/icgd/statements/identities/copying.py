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


@statement
def copied(rows: Errors) -> None:
    """Error of the inputs' tokens after the copy layer, which makes (x_j, 0, y_j) of each."""
    rng = np.random.default_rng(12)
    for problem in rows.problems(12, FITTING):
        layout = Layout(problem.inputs, problem.outputs, problem.context)
        sequence, code = layout.tokens(problem.x, problem.y, problem.query), layout.blocks[1]
        longer, turn = np.eye(layout.size), np.eye(layout.size)
        longer[code, code] *= 1 + 1e-8
        turn[code, code] = np.linalg.qr(rng.normal(size=(layout.length, layout.length)))[0]
        head, printed = copy_head(layout), copy_head(layout, printed=True)
        turned = {name: turn.T @ matrix @ turn for name, matrix in head.items()}
        layers = {
            "statement": (head, sequence),
            "codes 1e-8: position codes longer than 1 by 1e-8": (head, sequence @ longer),
            "shift_as_printed: the shift lower diagonal, vectors columns, so the token before is copied": (
                printed,
                sequence,
            ),
            "orthonormal_codes: arbitrary orthonormal position codes": (turned, sequence @ turn),
        }
        right, errors = layout.merged(problem.x, problem.y), {}
        for subject, (matrices, tokens) in layers.items():
            found = transformer.forward(Model(), one_head(matrices), jnp.asarray(tokens))
            errors[subject] = largest(found[layout.roles[0][:-1]], right)
        rows.put(errors, problem.case)


@statement
def softmax_copy(rows: Errors) -> None:
    """The same with softmax over twenty keys, with logits of 1 (as printed) and of 20 and more."""
    rng = np.random.default_rng(13)
    for case in rows.cases(CASES):
        problem = Problem(rng, 10, 1, 10)
        controls = {
            "no_softmax: the linear layer": copy_errors(problem)[0],
            "logits 15: logits of 15": copy_errors(problem, 15.0)[0],
        }
        what = "copied_softmax: Error of the inputs' tokens after a copy layer with softmax and logits of 1."
        rows.put({"statement": copy_errors(problem, 1.0)[0]} | controls, case, what)
        scaled = "copied_softmax_scaled: Error of the inputs' tokens, softmax and logits of 20, 30 and 50."
        of_query = "copied_softmax_query: Size of the query's label, softmax (must stay 0)."
        rows.put(controls, case, scaled)
        for logit in (20.0, 30.0, 50.0):
            errors = copy_errors(problem, logit)
            for measure, error in zip((scaled, of_query), errors, strict=True):
                rows.put(error, f"{case} logits {logit:.0f}", measure)
        with_null = {
            "null_token 15: an empty token for the query to attend to, logits of 15": 15,
            "null_token 20: an empty token for the query to attend to, logits of 20": 20,
        }
        null = {name: copy_errors(problem, logit, null=True)[1] for name, logit in with_null.items()}
        rows.put(null, case, of_query)


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


@statement
def published_step(rows: Errors) -> None:
    """Copy layer and gradient step layer against one step, on the published tasks.

    The targets' tokens copy too and become ((0, y_j), 0, x_(j+1)): pairs that are not in the data.
    """
    count = CHUNK if rows.few else TASKS
    with jax.enable_x64(False):  # they were sampled in float32
        tasks = published.tasks(count)
    x, y, query, target = (np.asarray(part, np.float64) for part in tasks)
    data, case = (x, y[..., None], query), f"{count} tasks"
    step = optimal_rate(published.INPUTS, published.CONTEXT, variance(1.0)) / published.CONTEXT
    right = step * np.einsum("tnd,tn,td->t", x, y, query)
    layout, apart = (Layout(published.INPUTS, 1, published.CONTEXT, apart=own) for own in (False, True))
    silent, quarter = (copy_head(layout, targets=strength) for strength in (0.0, 0.25))
    what = "copied_step: Largest error of the prediction of copy layer and gradient step layer."
    references = {
        "statement": right,
        "rate 1e-8: reference with a learning rate off by 1e-8 of itself": (1 + 1e-8) * right,
    }
    rows.compare(two_layers(layout, step, data, [silent, zeroing_head(layout)]), references, case, what)
    joint = {"joint_tokens: inputs and targets in one token from the start": right}
    rows.compare(joint_tokens(step, data), joint, case, what)
    predictions = {
        "statement": two_layers(layout, step, data, [copy_head(layout)]),
        "targets_copy_a_quarter: targets' tokens copy with a quarter of the strength": (
            two_layers(layout, step, data, [quarter])
        ),
        "targets_do_not_copy: targets' tokens do not copy": two_layers(layout, step, data, [silent]),
        "targets_apart: targets in a coordinate of their own": two_layers(
            apart, step, data, [copy_head(apart)]
        ),
        "rate 1.15: a gradient step with a rate 15 % too large": 1.15 * right,
    }
    base = np.mean((right - target) ** 2)
    gaps = {name: abs(np.mean((p - target) ** 2) / base - 1) for name, p in predictions.items()}
    what = (
        "copied_step_loss_gap: Relative difference of the loss of both layers from that of one gradient step."
    )
    rows.put(gaps, case, what)


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
    pairs, blank = np.concatenate([x, y], axis=2), np.concatenate([query, np.zeros((len(query), 1))], axis=1)
    sequences = np.concatenate([pairs, blank[:, None]], axis=1)
    return predict(Model(), one_head(gradient_descent_layer(step, x.shape[2])), sequences)


def predict(model: Model, weights: transformer.Weights, sequences: np.ndarray) -> np.ndarray:
    """The model's predictions for many sequences, a chunk at a time."""

    def each(tokens: jax.Array) -> jax.Array:
        return transformer.predict(model, weights, tokens)

    return np.asarray(jax.jit(lambda all_: jax.lax.map(each, all_, batch_size=CHUNK))(sequences))
