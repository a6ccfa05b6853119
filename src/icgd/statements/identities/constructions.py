"""Hand-set attention layers against explicit gradient descent (claims 1-6 of the paper)."""

import jax.numpy as jnp
import numpy as np

from icgd.config import Model
from icgd.models import transformer
from icgd.references.constructions import gradient_descent_layer, one_head
from icgd.statements.identities.cases import Errors, Problem, gradient, largest
from icgd.statements.table import statement

STEP = 0.04  # eta / N
NUDGED = 1 + 1e-8  # planted: what the reference's learning rate is multiplied by
RATE = "rate 1e-8: reference with a learning rate off by 1e-8 of itself"


def forward(problem: Problem, layers: int, start: np.ndarray | None = None, **options) -> np.ndarray:
    """Tokens after hand-set GD layers from W_0 = ``start``; options: step, tokens, and those of `Model`."""
    step, tokens = options.pop("step", STEP), options.pop("tokens", problem.tokens(start))
    model = Model(layers=layers, **options)
    layer = gradient_descent_layer(step, problem.inputs, problem.outputs, start)
    weights = one_head(*[layer] * transformer.distinct_layers(model))
    weights = transformer.checked(model, problem.inputs + problem.outputs - 1, weights, "the construction")
    return np.asarray(transformer.forward(model, weights, jnp.asarray(tokens)))


@statement
def one_layer(rows: Errors) -> None:
    """Proposition 1: every token becomes (x, y - dW x); and the read-out is (W_0 + dW) x_q."""
    for problem in rows.problems(1):
        start, tokens, d = problem.start, problem.tokens(problem.start), problem.inputs
        found = forward(problem, 1, start)
        references = {
            "statement": problem.descent(STEP, 1, start),
            RATE: problem.descent(STEP * NUDGED, 1, start),
            "autodiff: reference by automatic differentiation": (
                start - STEP * gradient(problem.x, problem.y, start)
            ),
        }
        right = {
            name: np.c_[tokens[:, :d], tokens[:, d:] - tokens[:, :d] @ (weights - start).T]
            for name, weights in references.items()
        }
        context = {name: moved[:-1] for name, moved in right.items()}
        what = "context_update: Error of the context tokens after one layer."
        rows.compare(found[:-1], context, problem.case, what)
        predictions = {name: weights @ problem.query for name, weights in references.items()}
        what = "read_out: Error of the prediction of one layer."
        rows.compare(-found[-1, d:], predictions, problem.case, what)
        left_out = np.r_[right["statement"][:-1], tokens[-1:]]
        right |= {"query_left_out: reference that does not update the query token": left_out}
        what = "joint_update: Larger error of context and query, both updated by one head."
        rows.compare(found, right, problem.case, what)


@statement
def stacked_steps(rows: Errors) -> None:
    """Error of the prediction of K layers with the same hand-set weights against K steps from W_0 = 0."""
    for steps in (2, 5, 10):
        for problem in rows.problems(2):
            recurrent = -forward(problem, steps, recurrent=True)[-1, problem.inputs :]
            references = {
                "statement": problem.descent(STEP, steps) @ problem.query,
                RATE: problem.descent(STEP * NUDGED, steps) @ problem.query,
                "recurrent: one layer applied K times instead of K layers": recurrent,
            }
            found = -forward(problem, steps)[-1, problem.inputs :]
            rows.compare(found, references, f"{problem.case} K={steps}")


@statement
def hundred_layers_float32(rows: Errors) -> None:
    """Error of 100 recurrent layers in float32 against 100 steps.

    The authors' own check in their notebook: d 12, 8 outputs, N 45, rate 1.
    """
    rng = np.random.default_rng(3)
    for _ in rows.cases(3):
        problem = Problem(rng, 12, 8, 45)
        step, start = 1 / problem.context, problem.start
        weights = one_head(gradient_descent_layer(step, 12, 8, start))
        single = {name: matrix.astype(jnp.float32) for name, matrix in weights.items()}
        tokens = jnp.asarray(problem.tokens(start), jnp.float32)
        found = transformer.forward(Model(layers=100, recurrent=True), single, tokens)[-1, 12:]
        exact = forward(problem, 100, start, step=step, recurrent=True)[-1, 12:]
        right, near = (-problem.descent(step, steps, start) @ problem.query for steps in (100, 99))
        errors = {
            "statement": largest(found, right),
            "ninety_nine_steps: reference with one step fewer": largest(found, near),
            "float64: the layers in float64": largest(exact, right),
        }
        rows.put(errors, problem.case)


@statement
def refactored(rows: Errors) -> None:
    """Relative change of the tokens under other matrices with the products s W_PV and W_KQ / s.

    Only P W_V and W_K^T W_Q matter, and (s P W_V, W_K^T W_Q / s) is the same function.
    """
    rng = np.random.default_rng(4)
    for problem in rows.problems(4):
        layer = gradient_descent_layer(STEP, problem.inputs, problem.outputs, problem.start)
        tokens = jnp.asarray(problem.tokens(problem.start))
        before = np.asarray(transformer.forward(Model(), one_head(layer), tokens))
        for scale in (-3.0, 0.1, 10.0):
            changed = {
                "statement": _refactor(layer, scale, 1.0, rng),
                "scale 1e-8: products off by 1e-8 of themselves": _refactor(layer, scale, NUDGED, rng),
                "same_matrices: nothing changed": layer,
            }
            after = {name: transformer.forward(Model(), one_head(m), tokens) for name, m in changed.items()}
            errors = {name: largest(a, before) / np.max(np.abs(before)) for name, a in after.items()}
            rows.put(errors, f"{problem.case} s={scale}")


def _refactor(layer: dict, scale: float, slip: float, rng: np.random.Generator) -> dict:
    """Other matrices with the products s W_PV and W_KQ / s; ``slip`` spoils the first."""
    size = len(layer["query"])
    left, right = (
        np.linalg.qr(rng.normal(size=(size, size)))[0] @ np.diag(rng.uniform(0.5, 2, size)) for _ in range(2)
    )
    return {
        "query": layer["query"] @ left / scale,
        "key": layer["key"] @ np.linalg.inv(left).T,
        "value": scale * slip * layer["value"] @ right,
        "projection": np.linalg.inv(right) @ layer["projection"],
    }


@statement
def query_as_key(rows: Errors) -> None:
    """Does it matter whether the query token is among the keys, with W_0 = 0?"""
    for problem in rows.problems(5):

        def change(layers: int, included: bool = True, problem: Problem = problem, **options) -> float:
            return largest(*(forward(problem, layers, include_query=q, **options) for q in (False, included)))

        tiny = {"start": 1e-6 * problem.start, "tokens": problem.tokens()}
        one = {
            "statement": change(1),
            "start 1e-6: W_0 of size 1e-6 instead of 0, the query's label slot still 0": change(1, **tiny),
            "both_left_out: the query left out both times": change(1, False),
        }
        what = "query_as_key: Change of the tokens when the query is among the keys, one layer, W_0 = 0."
        rows.put(one, f"{problem.case} K=1", what)
        what = (
            "query_as_key_deep: Change of the tokens when the query is among the keys, two layers, W_0 = 0."
        )
        rows.put({"statement": change(2), "start 1e-6": change(2, **tiny)}, f"{problem.case} K=2", what)
        rows.put({"one_layer: one layer instead of several": change(1)}, problem.case, what)
