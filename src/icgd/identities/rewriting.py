"""Attention rewritten: as a gradient step of a linear model, as a minimiser (as-19 and as-28)."""

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Model
from icgd.identities.table import FEW_SIZES, Errors, largest
from icgd.models import transformer
from icgd.references.constructions import one_head

STEP = 0.04
LOSSES = {
    "squared": lambda outputs, targets: 0.5 * (outputs - targets) ** 2,
    "logistic": lambda outputs, targets: jnp.logaddexp(0.0, outputs) - outputs * (targets > 0),
}


def attend(values: np.ndarray, keys: np.ndarray, query: np.ndarray, softmax: bool) -> np.ndarray:
    """What one attention layer adds to a query: sum_i s_i v_i, s_i = k_i.q or its softmax."""
    d, token = keys.shape[1], keys.shape[1] + values.shape[1]
    select, value = np.zeros((token, token)), np.zeros((token, token))
    select[:d, :d], value[d:, d:] = np.eye(d), np.eye(token - d)
    scale = np.sqrt(token) if softmax else 1.0  # the model divides softmax logits by it
    layer = {"query": scale * select, "key": select, "value": value, "projection": np.eye(token)}
    sequence = np.concatenate([np.c_[keys, values], np.r_[query, np.zeros(token - d)][None]])
    model = Model(softmax_layers=int(softmax))
    return np.asarray(transformer.forward(model, one_head(layer), jnp.asarray(sequence)))[-1, d:]


def dual_form(rows: Errors) -> None:
    """(W_0 + dW) x = W_0 x + sum_i e_i (x_i.x), e_i the step's error signals, for two losses.

    Source: the first equation that the critique takes from Dai et al. 2022 (and Irie et al. 2022).
    """
    for problem in rows.problems(19, FEW_SIZES):
        for name, loss in LOSSES.items():

            def total(weights: jax.Array, loss=loss, problem=problem) -> jax.Array:
                return jnp.sum(loss(problem.x @ weights.T, problem.y))

            outputs = jnp.asarray(problem.x @ problem.start.T)
            slopes = jax.grad(lambda f, loss=loss, y=problem.y: jnp.sum(loss(f, y)))(outputs)
            signals = -STEP * np.asarray(slopes)
            found = problem.start @ problem.query + attend(signals, problem.x, problem.query, False)
            change = -STEP * np.asarray(jax.grad(total)(jnp.asarray(problem.start)))
            references = {
                "none": change,
                "rate_1e-8": (1 + 1e-8) * change,
                "outer_products": sum(np.outer(e, x) for e, x in zip(signals, problem.x, strict=True)),
            }
            for plant, update in references.items():
                right = (problem.start + update) @ problem.query
                rows.put("dual_form", f"{problem.case} {name}", largest(found, right), plant)


def local_constant(rows: Errors) -> None:
    """Softmax attention minimises F(c) = 1/2 sum_i exp(k_i.q) |v_i - c|^2: one step at rate 1 / sum exp."""
    rng = np.random.default_rng(28)
    for problem in rows.problems(28, FEW_SIZES):
        found = attend(problem.y, problem.x, problem.query, True)
        kernel = np.exp(problem.x @ problem.query)

        def objective(c: jax.Array, kernel=kernel, problem=problem) -> jax.Array:
            return 0.5 * jnp.sum(kernel[:, None] * (problem.y - c) ** 2)

        start = rng.normal(size=problem.outputs)
        step = np.asarray(jax.grad(objective)(jnp.asarray(start))) / np.sum(kernel)
        many = start
        for _ in range(60):  # the error halves each time
            many = many - 0.5 * np.sum(kernel[:, None] * (many - problem.y), axis=0) / np.sum(kernel)
        references = {"none": start - step, "rate_1e-8": start - (1 + 1e-8) * step, "half_rate_often": many}
        for plant, right in references.items():
            rows.put("local_constant", problem.case, largest(found, right), plant)


def run(rows: Errors) -> None:
    """All of this file."""
    for check in (dual_form, local_constant):
        check(rows)
