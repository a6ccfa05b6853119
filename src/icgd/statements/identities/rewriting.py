"""Attention rewritten: as a gradient step of a linear model, as a minimiser (as-19 and as-28)."""

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Model
from icgd.models import transformer
from icgd.references.constructions import one_head
from icgd.statements.identities.cases import FEW_SIZES, Errors
from icgd.statements.table import statement

STEP = 0.04
NUDGED = 1 + 1e-8  # planted: what a learning rate is multiplied by
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


@statement
def dual_form(rows: Errors) -> None:
    """Error of the prediction of an updated linear model as linear attention.

    (W_0 + dW) x = W_0 x + sum_i e_i (x_i.x), e_i the step's error signals, for two losses.
    Source: the first equation that the critique takes from Dai et al. 2022 (and Irie et al. 2022).
    """
    for problem in rows.problems(19, FEW_SIZES):
        x, y, start, query = problem.x, problem.y, problem.start, problem.query
        for name, loss in LOSSES.items():

            def total(outputs: jax.Array, loss=loss, y=y) -> jax.Array:
                return jnp.sum(loss(outputs, y))

            signals = -STEP * np.asarray(jax.grad(total)(jnp.asarray(x @ start.T)))
            found = start @ query + attend(signals, x, query, False)
            of_weights = jax.grad(lambda weights, total=total, x=x: total(x @ weights.T))
            change = -STEP * np.asarray(of_weights(jnp.asarray(start)))
            outer = sum(np.outer(e, x) for e, x in zip(signals, x, strict=True))
            updates = {
                "statement": change,
                "rate 1e-8: reference with a learning rate off by 1e-8 of itself": NUDGED * change,
                "outer_products: the update as a sum of outer products": outer,
            }
            references = {subject: (start + update) @ query for subject, update in updates.items()}
            rows.compare(found, references, f"{problem.case} {name}")


@statement
def local_constant(rows: Errors) -> None:
    """Error of softmax attention as the minimiser of a weighted squared distance.

    F(c) = 1/2 sum_i exp(k_i.q) |v_i - c|^2, reached by one step at rate 1 / sum exp.
    """
    rng = np.random.default_rng(28)
    for problem in rows.problems(28, FEW_SIZES):
        kernel = np.exp(problem.x @ problem.query)

        def objective(c: jax.Array, kernel=kernel, problem=problem) -> jax.Array:
            return 0.5 * jnp.sum(kernel[:, None] * (problem.y - c) ** 2)

        many = start = rng.normal(size=problem.outputs)
        step = np.asarray(jax.grad(objective)(jnp.asarray(start))) / np.sum(kernel)
        for _ in range(60):  # the error halves each time
            many = many - 0.5 * np.sum(kernel[:, None] * (many - problem.y), axis=0) / np.sum(kernel)
        ends = {
            "statement": start - step,
            "rate 1e-8: a step with a learning rate off by 1e-8 of itself": start - NUDGED * step,
            "half_rate_often: many steps at half the rate": many,
        }
        rows.compare(attend(problem.y, problem.x, problem.query, True), ends, problem.case)
