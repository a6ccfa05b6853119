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


def forward(problem: Problem, layers: int, start: np.ndarray | None = None, **options) -> np.ndarray:
    """Tokens after hand-set GD layers from W_0 = ``start``; options: step, tokens, and those of `Model`."""
    step, tokens = options.pop("step", STEP), options.pop("tokens", problem.tokens(start))
    model = Model(layers=layers, **options)
    layer = gradient_descent_layer(step, problem.inputs, problem.outputs, start)
    weights = one_head(*[layer] * transformer.distinct_layers(model))
    weights = transformer.checked(model, problem.inputs + problem.outputs - 1, weights, "the construction")
    return np.asarray(transformer.forward(model, weights, jnp.asarray(tokens)))


@statement(
    measures={
        "context_update": "Error of the context tokens after one layer.",
        "read_out": "Error of the prediction of one layer.",
        "joint_update": "Larger error of context and query, both updated by one head.",
    },
    subjects={
        "rate 1e-8": "reference with a learning rate off by 1e-8 of itself",
        "autodiff": "reference by automatic differentiation",
        "query_left_out": "reference that does not update the query token",
    },
)
def one_layer(rows: Errors) -> None:
    """Proposition 1: every token becomes (x, y - dW x); and the read-out is (W_0 + dW) x_q."""
    for problem in rows.problems(1):
        start, tokens, d = problem.start, problem.tokens(problem.start), problem.inputs
        found = forward(problem, 1, start)
        references = {
            "statement": problem.descent(STEP, 1, start),
            "rate 1e-8": problem.descent(STEP * NUDGED, 1, start),
            "autodiff": start - STEP * gradient(problem.x, problem.y, start),
        }
        right = {name: np.array(tokens) for name in references}
        for name, weights in references.items():
            right[name][:, d:] -= tokens[:, :d] @ (weights - start).T
        context = {name: moved[:-1] for name, moved in right.items()}
        rows.compare("context_update", found[:-1], context, problem.case)
        predictions = {name: weights @ problem.query for name, weights in references.items()}
        rows.compare("read_out", -found[-1, d:], predictions, problem.case)
        right["query_left_out"] = np.r_[right["statement"][:-1], tokens[-1:]]
        rows.compare("joint_update", found, right, problem.case)


@statement(
    subjects={
        "rate 1e-8": "reference with a learning rate off by 1e-8 of itself",
        "recurrent": "one layer applied K times instead of K layers",
    }
)
def stacked_steps(rows: Errors) -> None:
    """Error of the prediction of K layers with the same hand-set weights against K steps from W_0 = 0."""
    for steps in (2, 5, 10):
        for problem in rows.problems(2):
            found = -forward(problem, steps)[-1, problem.inputs :]
            references = {
                "statement": problem.descent(STEP, steps) @ problem.query,
                "rate 1e-8": problem.descent(STEP * NUDGED, steps) @ problem.query,
                "recurrent": -forward(problem, steps, recurrent=True)[-1, problem.inputs :],
            }
            rows.compare("stacked_steps", found, references, f"{problem.case} K={steps}")


@statement(
    subjects={
        "ninety_nine_steps": "reference with one step fewer",
        "float64": "the layers in float64",
    }
)
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
        right = -problem.descent(step, 100, start) @ problem.query
        near = -problem.descent(step, 99, start) @ problem.query
        errors = {"statement": largest(found, right), "ninety_nine_steps": largest(found, near)}
        rows.put("hundred_layers_float32", {**errors, "float64": largest(exact, right)}, problem.case)


@statement(subjects={"scale 1e-8": "products off by 1e-8 of themselves", "same_matrices": "nothing changed"})
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
                "scale 1e-8": _refactor(layer, scale, NUDGED, rng),
                "same_matrices": layer,
            }
            after = {name: transformer.forward(Model(), one_head(m), tokens) for name, m in changed.items()}
            errors = {name: largest(a, before) / np.max(np.abs(before)) for name, a in after.items()}
            rows.put("refactored", errors, f"{problem.case} s={scale}")


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


@statement(
    measures={
        "query_as_key": "Change of the tokens when the query is among the keys, one layer, W_0 = 0.",
        "query_as_key_deep": "Change of the tokens when the query is among the keys, two layers, W_0 = 0.",
    },
    subjects={
        "start 1e-6": "W_0 of size 1e-6 instead of 0, the query's label slot still 0",
        "both_left_out": "the query left out both times",
        "one_layer": "one layer instead of several",
    },
)
def query_as_key(rows: Errors) -> None:
    """Does it matter whether the query token is among the keys, with W_0 = 0?"""
    for problem in rows.problems(5):

        def change(layers: int, included: bool = True, problem: Problem = problem, **options) -> float:
            return largest(*(forward(problem, layers, include_query=q, **options) for q in (False, included)))

        tiny = {"start": 1e-6 * problem.start, "tokens": problem.tokens()}
        for measure, layers in (("query_as_key", 1), ("query_as_key_deep", 2)):
            found = {"statement": change(layers), "start 1e-6": change(layers, **tiny)}
            rows.put(measure, {**found, "both_left_out": change(layers, False)}, f"{problem.case} K={layers}")
        rows.put("query_as_key_deep", {"one_layer": change(1)}, problem.case)
