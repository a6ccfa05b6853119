"""Gradient steps by hand-set causal layers: one (Proposition 1), and several stacked (claims 1 and 3)."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize_scalar

from icgd.models.transformer import Weights
from icgd.references import sequences
from icgd.statements.identities.cases import Errors, largest
from icgd.statements.sequences import data
from icgd.statements.table import statement

STEP = 0.03
SIZES = ((1, 2), (3, 5), (10, 5), (10, 50))  # n and T
DEPTHS = range(1, 7)


def step_layer(rate: float, start: np.ndarray) -> Weights:
    """One head on tokens (Phi_0 s_t, s_t, s_{t-1}) that adds -rate dL_t(Phi_0) s_t to the first channel."""
    zero, one = np.zeros_like(start), np.eye(len(start))
    matrices = {
        "query": np.vstack([zero, one, zero]),
        "key": np.vstack([zero, zero, one]),
        "value": np.vstack([zero, one, -start.T]),
        "projection": rate * np.hstack([one, zero, zero]),
    }
    return {f"0/{name}": matrix[None] for name, matrix in matrices.items()}


@statement
def one_step(rows: Errors) -> None:
    """Largest error of hand-set weights against the gradient step at every position, from random Phi_0.

    (Phi_0 - eta dL_t(Phi_0)) s_t with L_t(Phi) = 1/2 sum_{i<t} |s_{i+1} - Phi s_i|^2, by autodiff.
    """
    rng = np.random.default_rng(1)
    for n, length in SIZES[:1] if rows.few else SIZES:
        states, start = rng.normal(size=(length, n)), rng.normal(size=(n, n))
        before, case = sequences.previous(states), f"n={n} T={length}"
        tokens = jnp.asarray(np.concatenate([states @ start.T, states, before], axis=1))
        slopes = gradients(states, before, start)
        outer = (states - before @ start.T)[:, :, None] * before[:, None, :]
        exact = slopes(np.tri(length))
        changes = {
            "statement": -exact,
            "rate 1e-8: reference with a learning rate off by 1e-8 of itself": -(1 + 1e-8) * exact,
            "newest_dropped: reference without the newest pair": -slopes(np.tri(length, k=-1)),
            "outer_products: reference as a sum of outer products": np.cumsum(outer, axis=0),
        }
        right = {k: np.einsum("tab,tb->ta", start + STEP * change, states) for k, change in changes.items()}
        layer = step_layer(STEP, start)
        found = data.network(layer, n).layers[0](tokens)[:, :n]
        rows.compare(found, right, case)
        layer["0/value"] = step_layer(STEP, -start)["0/value"]
        found = data.network(layer, n).layers[0](tokens)[:, :n]
        wrong = largest(found, right["statement"])
        rows.put({"sign_flipped: weights in which the block of Phi_0 has the other sign": wrong}, case)


def gradients(states: np.ndarray, before: np.ndarray, start: np.ndarray) -> Callable:
    """From the pairs that each position sees (T, T) to dL_t(Phi_0) of each (T, n, n)."""

    def objective(model: jax.Array, seen: jax.Array) -> jax.Array:
        return 0.5 * jnp.sum(seen[:, None] * (states - before @ model.T) ** 2)

    slopes = jax.vmap(jax.grad(objective), (None, 0))
    return lambda seen: np.asarray(slopes(jnp.asarray(start), seen))


class Stack:
    """Layers of Proposition 1 from Phi_0 = 0 whose errors are kept in the tokens.

    Token i has its own error s_i - p_i, so that each layer adds rate sum_{i<=t} (s_i - p_i) s_{i-1}^T to
    the model that it applies to s_t and, for p_t, to s_{t-1}. p_i has seen the pairs up to i only.
    """

    def __init__(self, states: np.ndarray):
        self.seen = states[:, :-1]
        before, past = sequences.previous(self.seen), np.tri(self.seen.shape[1])
        self.ahead, self.own = (x @ before.swapaxes(1, 2) * past for x in (self.seen, before))

    def __call__(self, rate: float, layers: int) -> np.ndarray:
        """Predictions at every position."""
        errors, total = self.seen, 0.0
        for _ in range(layers - 1):
            total, errors = total + errors, errors - rate * self.own @ errors
        return sequences.bounded(rate * self.ahead @ (total + errors))

    def limit(self) -> np.ndarray:
        """Predictions of endlessly many layers: every token's own error is 0."""
        past = np.linalg.solve(self.own[:, 1:, 1:], self.seen[:, 1:])
        return sequences.bounded(self.ahead[:, :, 1:] @ past)


@statement(tolerance={"stack_over_descent": 1e-3})
def stacking(rows: Errors) -> None:
    """One rate for all layers or steps of a depth, tuned on sequences of their own; predictions bounded."""
    sets = data.sets(data.TASK, data.SEQUENCES, rows.few)
    tuning, depths = sets[data.TUNING], (*DEPTHS, DEPTHS[-1] + 1)
    stack, known, targets = Stack(tuning), sequences.seen(tuning[:, :-1]), tuning[:, 1:]
    rates = [best(stack, depth, targets) for depth in DEPTHS]
    descents = [sequences.tuned("gd shared", steps, known, targets) for steps in depths]
    for name, states in list(sets.items())[1:]:
        stack, known, targets = Stack(states), sequences.seen(states[:, :-1]), states[:, 1:]
        losses = [data.loss(descent(known), targets) for descent in descents]
        for index, (depth, rate) in enumerate(zip(DEPTHS, rates, strict=True)):
            found = {
                "statement": data.loss(stack(rate, depth), targets),
                "one_step_more: one step more, in place of the stack": losses[index + 1],
            }
            if index:
                found |= {"one_step_less: one step less, in place of the stack": losses[index - 1]}
            ratios = {subject: one / losses[index] for subject, one in found.items()}
            what = "stack_over_descent: Loss of a stack of one-step layers over that of as many steps."
            rows.put(ratios, name, what, reference=f"K = {depth}")


def best(stack: Stack, depth: int, targets: np.ndarray) -> float:
    """The rate of the least loss."""

    def loss(log: float) -> float:
        return data.loss(stack(np.exp(log), depth), targets)

    found = minimize_scalar(loss, bounds=np.log((5e-3, 0.1)), method="bounded", options={"xatol": 0.01})
    return float(np.exp(found.x))


@statement
def stack_limit_over_descent_limit(rows: Errors) -> None:
    """Loss of the stack of endless depth over that of endless steps, which is least squares."""
    for name, states in list(data.sets(data.TASK, data.SEQUENCES, rows.few).items())[1:]:
        known, targets = sequences.seen(states[:, :-1]), states[:, 1:]
        passed = sequences.bounded(one_pass(states[:, :-1]))
        penalised = sequences.predictions(known, sequences.ridge(known.values, 1e-3))
        found = {
            "statement": Stack(states).limit(),
            "ridge 1e-3: ridge regression in place of the stack": penalised,
            "one_pass: one pass of normalised least mean squares, token by token": passed,
        }
        losses = {subject: data.loss(one, targets) for subject, one in found.items()}
        least = data.loss(sequences.predictions(known, inverted(known)), targets)
        rows.put({key: one / least for key, one in losses.items()}, name)


def inverted(known: sequences.Seen) -> np.ndarray:
    """Least squares of minimum norm: 1 over every eigenvalue that is not 0."""
    whole = known.values > 1e-9 * known.largest
    return np.where(whole, 1 / np.where(whole, known.values, 1.0), 0.0)


def one_pass(seen: np.ndarray) -> np.ndarray:
    """Predictions of a model that each new pair makes exact for itself, with the least change."""
    model, found = np.zeros((*seen.shape[::2], seen.shape[2])), np.zeros_like(seen)
    for t in range(1, seen.shape[1]):
        before = seen[:, t - 1]
        error = seen[:, t] - np.squeeze(model @ before[..., None], -1)
        model += error[:, :, None] * (before / np.sum(before**2, axis=1, keepdims=True))[:, None, :]
        found[:, t] = np.squeeze(model @ seen[:, t, :, None], -1)
    return found
