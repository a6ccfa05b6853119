"""Hand-set attention layers against explicit gradient descent (claims 1-6 of the paper)."""

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Model
from icgd.identities.table import Errors, Problem, largest
from icgd.models import transformer
from icgd.references.constructions import gradient_descent_layer, one_head

STEP = 0.04  # eta / N
NUDGE = 1e-8  # planted: relative error of the reference's learning rate


def forward(problem: Problem, layers: int, recurrent: bool, **options) -> np.ndarray:
    """Tokens after hand-set GD layers; options: start, step, include_query, weights."""
    start = options.get("start")
    layer = gradient_descent_layer(options.get("step", STEP), problem.inputs, problem.outputs, start)
    weights = one_head(*[layer] * (1 if recurrent else layers))
    model = Model(layers=layers, recurrent=recurrent, include_query=options.get("include_query", False))
    weights = transformer.checked(model, problem.inputs + problem.outputs - 1, weights, "the construction")
    return np.asarray(transformer.forward(model, weights, jnp.asarray(problem.tokens(start))))


def autodiff_step(problem: Problem, start: np.ndarray) -> np.ndarray:
    """One GD step with the gradient by automatic differentiation: an independent reference."""

    def loss(weights: jax.Array) -> jax.Array:
        return 0.5 * jnp.sum((problem.x @ weights.T - problem.y) ** 2)

    return np.asarray(start - STEP * jax.grad(loss)(jnp.asarray(start)))


def one_layer(rows: Errors) -> None:
    """Proposition 1: every token becomes (x, y - dW x); and the read-out is (W_0 + dW) x_q."""
    for problem in rows.problems(1):
        start = problem.start
        found = forward(problem, 1, False, start=start)
        references = {
            "none": problem.descent(STEP, 1, start),
            "rate_1e-8": problem.descent(STEP * (1 + NUDGE), 1, start),
            "autodiff": autodiff_step(problem, start),
            "query_left_out": problem.descent(STEP, 1, start),
        }
        for plant, weights in references.items():
            delta = weights - start
            right = problem.tokens(start)
            right[:, problem.inputs :] -= right[:, : problem.inputs] @ delta.T
            if plant == "query_left_out":
                right[-1] = problem.tokens(start)[-1]
            prediction = weights @ problem.query
            context, query = largest(found[:-1], right[:-1]), largest(found[-1], right[-1])
            rows.put("context_update", problem.case, context, plant)
            rows.put("read_out", problem.case, largest(-found[-1, problem.inputs :], prediction), plant)
            rows.put("joint_update", problem.case, max(context, query), plant)


def stacked(rows: Errors) -> None:
    """K layers with the same hand-set weights are K steps of gradient descent from W_0 = 0."""
    for steps in (2, 5, 10):
        for problem in rows.problems(2):
            found = -forward(problem, steps, False)[-1, problem.inputs :]
            for plant, step in (("none", STEP), ("rate_1e-8", STEP * (1 + NUDGE))):
                right = problem.descent(step, steps) @ problem.query
                rows.put("stacked_steps", f"{problem.case} K={steps}", largest(found, right), plant)
            recurrent = -forward(problem, steps, True)[-1, problem.inputs :]
            rows.put("stacked_steps", f"{problem.case} K={steps}", largest(found, recurrent), "recurrent")


def notebook_cell(rows: Errors) -> None:
    """The authors' own check: 100 recurrent layers in float32 (d 12, 8 outputs, N 45, rate 1)."""
    rng = np.random.default_rng(3)
    for _ in rows.cases(3):
        problem = Problem(rng, 12, 8, 45)
        step = 1 / problem.context
        layer = gradient_descent_layer(step, 12, 8, problem.start)
        weights = {name: m.astype(jnp.float32) for name, m in one_head(layer).items()}
        model = Model(layers=100, recurrent=True)
        sequence = jnp.asarray(problem.tokens(problem.start), jnp.float32)
        found = -np.asarray(transformer.forward(model, weights, sequence))[-1, 12:]
        exact = -forward(problem, 100, True, start=problem.start, step=step)[-1, 12:]
        right = problem.descent(step, 100, problem.start) @ problem.query
        near = problem.descent(step, 99, problem.start) @ problem.query
        rows.put("hundred_layers_float32", problem.case, largest(found, right))
        rows.put("hundred_layers_float32", problem.case, largest(found, near), "ninety_nine_steps")
        rows.put("hundred_layers_float32", problem.case, largest(exact, right), "float64")


def refactored(rows: Errors) -> None:
    """Only P W_V and W_K^T W_Q matter, and (s P W_V, W_K^T W_Q / s) is the same function."""
    rng = np.random.default_rng(4)
    for problem in rows.problems(4):
        layer = gradient_descent_layer(STEP, problem.inputs, problem.outputs, problem.start)
        size = problem.inputs + problem.outputs
        sequence = jnp.asarray(problem.tokens(problem.start))
        before = np.asarray(transformer.forward(Model(), one_head(layer), sequence))
        for scale in (-3.0, 0.1, 10.0):
            for plant, slip in (("none", 1.0), ("scale_1e-8", 1 + NUDGE), ("same_matrices", None)):
                changed = layer if slip is None else _refactor(layer, scale, slip, size, rng)
                after = np.asarray(transformer.forward(Model(), one_head(changed), sequence))
                change = largest(after, before) / np.max(np.abs(before))
                rows.put("refactored", f"{problem.case} s={scale}", change, plant)


def _refactor(layer: dict, scale: float, slip: float, size: int, rng: np.random.Generator) -> dict:
    """Other matrices with the products s W_PV and W_KQ / s; ``slip`` spoils the first."""
    left, right = (
        np.linalg.qr(rng.normal(size=(size, size)))[0] @ np.diag(rng.uniform(0.5, 2, size)) for _ in "ab"
    )
    return {
        "query": layer["query"] @ left / scale,
        "key": layer["key"] @ np.linalg.inv(left).T,
        "value": scale * slip * layer["value"] @ right,
        "projection": np.linalg.inv(right) @ layer["projection"],
    }


def query_as_key(rows: Errors) -> None:
    """Does it matter whether the query token is among the keys, with W_0 = 0?"""
    for problem in rows.problems(5):
        tiny = 1e-6 * problem.start
        for layers in (1, 2):
            outputs = [forward(problem, layers, False, include_query=flag) for flag in (False, True)]
            measure = "query_as_key" if layers == 1 else "query_as_key_deep"
            rows.put(measure, f"{problem.case} K={layers}", largest(*outputs))
            if layers == 1:
                rows.put("query_as_key_deep", problem.case, largest(*outputs), "one_layer")
            zero_slot = [_from_zero_slot(problem, layers, tiny, flag) for flag in (False, True)]
            rows.put(measure, f"{problem.case} K={layers}", largest(*zero_slot), "start_1e-6")
            twice = [forward(problem, layers, False, include_query=False) for _ in range(2)]
            rows.put(measure, f"{problem.case} K={layers}", largest(*twice), "both_left_out")


def _from_zero_slot(problem: Problem, layers: int, start: np.ndarray, include: bool) -> np.ndarray:
    """As `forward`, but the query's label slot stays 0 although W_0 is not."""
    layer = gradient_descent_layer(STEP, problem.inputs, problem.outputs, start)
    model = Model(layers=layers, include_query=include)
    return np.asarray(transformer.forward(model, one_head(*[layer] * layers), jnp.asarray(problem.tokens())))


def run(rows: Errors) -> None:
    """All of this file."""
    for check in (one_layer, stacked, notebook_cell, refactored, query_as_key):
        check(rows)
