"""Exact statements about spectra, updates and linearity (claims 10, 15, 16; as-2, as-12, as-15)."""

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Model
from icgd.identities.table import Errors, Problem, largest
from icgd.models import attention, transformer
from icgd.references.constructions import gd_plus_plus_layer, gradient_descent_layer, one_head

STEP = 0.04


def spectrum(rows: Errors) -> None:
    """The Hessian after a GD++ layer: f(l) = l - 2 g l^2 + g^2 l^3, roots 0 and 1/g, top at 1/(3g)."""
    rng = np.random.default_rng(11)
    for gamma in (0.02, 0.1, 0.3):
        for _ in range(10):
            x = rng.uniform(-0.5, 0.5, (25, 10))
            hessian = x.T @ x
            moved = x - gamma * x @ hessian
            found = np.sort(np.linalg.eigvalsh(moved.T @ moved))
            for plant, g in (("none", gamma), ("gamma_1e-6", gamma * (1 + 1e-6)), ("by_product", None)):
                if g is None:
                    factor = np.eye(10) - gamma * hessian
                    right = np.linalg.eigvalsh(factor @ hessian @ factor)
                else:
                    right = curve(np.linalg.eigvalsh(hessian), g)
                rows.put("plus_plus_spectrum", f"gamma={gamma}", largest(found, np.sort(right)), plant)
        for plant, top in (("none", 1 / (3 * gamma)), ("top_1e-6", (1 + 1e-6) / (3 * gamma))):
            slope = 1 - 4 * gamma * top + 3 * gamma**2 * top**2
            error = max(abs(curve(0.0, gamma)), abs(curve(1 / gamma, gamma)), abs(slope))
            rows.put("plus_plus_turning_points", f"gamma={gamma}", error, plant)
        bends_down = -4 * gamma + 6 * gamma**2 / (3 * gamma) < 0
        rows.put("plus_plus_turning_points", f"gamma={gamma}", 0.0 if bends_down else 1.0, "bends_down")


def curve(values: np.ndarray | float, gamma: float) -> np.ndarray | float:
    """f(l) = l (1 - g l)^2, expanded."""
    return values - 2 * gamma * values**2 + gamma**2 * values**3


def update_of_data(rows: Errors) -> None:
    """A weight update and the same update of the targets give one loss, for linear models only."""
    for problem in rows.problems(12):
        weights, start = problem.descent(STEP, 1, problem.start), problem.start
        after = half(problem.x @ weights.T - problem.y)
        moved = problem.y - problem.x @ (weights - start).T
        for plant, slip in (("none", 1.0), ("update_1e-8", 1 + 1e-8)):
            target = problem.y - slip * (problem.y - moved)
            error = abs(after - half(problem.x @ start.T - target))
            rows.put("data_update", problem.case, error, plant)
        direct = half(problem.x @ (start + (weights - start)).T - problem.y)
        rows.put("data_update", problem.case, abs(after - direct), "weight_update")
    nonlinear = {
        "none": jnp.tanh,
        "nearly_linear": lambda z: jnp.tanh(1e-3 * z) / 1e-3,
        "linear": lambda z: z,
        "sine": jnp.sin,
    }
    for problem in rows.problems(13, ((3, 1, 10), (10, 1, 10), (10, 3, 45))):
        for plant, shape in nonlinear.items():
            rows.put("data_update_nonlinear", problem.case, nonlinear_gap(problem, shape), plant)


def half(residual: np.ndarray) -> float:
    """Half a sum of squares."""
    return 0.5 * float(np.sum(residual**2))


def nonlinear_gap(problem: Problem, shape) -> float:
    """Relative gap between the loss after a weight update of shape(W x) and after its data update.

    The data update moves the targets by the first-order change J dW of the outputs.
    """

    def model(weights: jax.Array) -> jax.Array:
        return shape(problem.x @ weights.T)

    start = jnp.asarray(problem.start)
    gradient = jax.grad(lambda w: 0.5 * jnp.sum((model(w) - problem.y) ** 2))(start)
    outputs, change = jax.jvp(model, (start,), (-STEP * gradient,))
    after = half(np.asarray(model(start - STEP * gradient) - problem.y))
    return abs(after - half(np.asarray(outputs - (problem.y - change)))) / after


def gamma_at_one_layer(rows: Errors) -> None:
    """d loss / d gamma of a GD++ stack: at one layer the x update cannot reach the prediction."""
    rng = np.random.default_rng(14)

    def slope(layers: int, last_step: float) -> float:
        problem = Problem(rng, 10, 1, 10)
        sequence, target = jnp.asarray(problem.tokens()), 1.0

        def loss(gamma: jax.Array) -> jax.Array:
            stack = [_layer_with(gamma, STEP if k + 1 < layers else last_step) for k in range(layers)]
            prediction = -transformer.forward(Model(layers=layers), one_head(*stack), sequence)[-1, -1]
            return 0.5 * (prediction - target) ** 2

        return abs(float(jax.grad(loss)(0.02)))

    for case in rows.cases(20):
        rows.put("gamma_slope", case, slope(1, STEP))
        rows.put("gamma_slope", case, slope(2, STEP / 100), "second_layer_1_percent")
        rows.put("gamma_slope", case, slope(1, STEP / 2), "half_rate")


def _layer_with(gamma: jax.Array, step: float) -> dict[str, jax.Array]:
    """A GD++ layer whose gamma is traced."""
    layer = gd_plus_plus_layer(step, 0.0, 10)
    block = jnp.diag(jnp.concatenate([jnp.ones(10), jnp.zeros(1)]))
    return {**layer, "projection": jnp.asarray(layer["projection"]) - gamma * block}


def linearity(rows: Errors) -> None:
    """In what is a linear self-attention layer linear: in the query yes, in the tokens no."""
    rng = np.random.default_rng(15)
    for case in rows.cases(10):
        problem = Problem(rng, 10, 1, 10)
        random = {f"0/{name}": jnp.asarray(rng.normal(size=(1, 11, 11)) / 4) for name in attention.MATRICES}
        hand_set = one_head(gradient_descent_layer(STEP, 10))
        tokens, other = problem.tokens(), rng.uniform(-1, 1, 10)
        options = {
            "none": (random, Model()),
            "query_as_key": (random, Model(include_query=True)),
            "hand_set": (hand_set, Model()),
        }
        for plant, (weights, model) in options.items():
            rows.put("query_linearity", case, _additivity(model, weights, tokens, other), plant)
        for plant, update in _updates(random).items():
            rows.put("token_degree", case, _degree(update, tokens), plant)


def _additivity(model: Model, weights: transformer.Weights, tokens: np.ndarray, other: np.ndarray) -> float:
    """Relative |f(q + r) - f(q) - f(r)| of the prediction as a function of the query input."""

    def f(query: np.ndarray) -> float:
        sequence = np.array(tokens)
        sequence[-1] = np.r_[query, 0.0]
        return float(transformer.predict(model, weights, jnp.asarray(sequence)))

    query = tokens[-1, :-1]
    return abs(f(query + other) - f(query) - f(other)) / (abs(f(query)) + abs(f(other)))


def _updates(weights: transformer.Weights) -> dict:
    """The layer's update of its tokens, and two maps of other degrees."""
    matrix = np.asarray(weights["0/value"][0])

    def layer(tokens: np.ndarray) -> np.ndarray:
        return np.asarray(transformer.forward(Model(), weights, jnp.asarray(tokens))) - tokens

    def fixed_probe(tokens: np.ndarray) -> np.ndarray:
        return (tokens @ matrix[0])[:, None] * (tokens @ matrix)

    return {"none": layer, "fixed_probe": fixed_probe, "one_matrix": lambda tokens: tokens @ matrix}


def _degree(update, tokens: np.ndarray) -> float:
    """Slope of log |update(s E)| over log s."""
    scales = np.array([0.5, 1.0, 2.0, 4.0])
    sizes = [np.linalg.norm(update(s * tokens)) for s in scales]
    return float(np.polyfit(np.log(scales), np.log(sizes), 1)[0])


def softmax(rows: Errors) -> None:
    """Softmax attention near zero logits: (1 + z) / sum, to second order; two opposite heads, third."""
    rng = np.random.default_rng(16)
    shares = np.logspace(-3, -1, 9)
    for case in rows.cases(20):
        logits, values = rng.normal(size=10), rng.normal(size=10)
        one = [abs(weights(e * logits) @ values - first_order(e * logits) @ values) for e in shares]
        no_first = [abs(weights(e * logits) @ values - np.mean(values)) for e in shares]
        square = [e**2 for e in shares]
        for plant, errors in (("none", one), ("constant_only", no_first), ("exact_square", square)):
            rows.put("one_head_order", case, _slope(shares, errors), plant)
        two = [_odd_error(e * logits, e * logits, values) for e in shares]
        unequal = [_odd_error(e * logits, 1.05 * e * logits, values) for e in shares]
        cube = [e**3 for e in shares]
        for plant, errors in (("none", two), ("heads_5_percent_apart", unequal), ("exact_cube", cube)):
            rows.put("two_head_order", case, _slope(shares, errors), plant)


def weights(logits: np.ndarray) -> np.ndarray:
    """Softmax."""
    return np.exp(logits) / np.sum(np.exp(logits))


def first_order(logits: np.ndarray) -> np.ndarray:
    """(1 + z_i) / sum_j (1 + z_j), their eq. 15."""
    return (1 + logits) / np.sum(1 + logits)


def _odd_error(first: np.ndarray, second: np.ndarray, values: np.ndarray) -> float:
    """|head(z) - head(-z') - 2/N sum_i (z_i - mean z) v_i|: what opposite heads leave."""
    linear = 2 / len(first) * (first - np.mean(first)) @ values
    return abs((weights(first) - weights(-second)) @ values - linear)


def _slope(scales: np.ndarray, errors: list[float]) -> float:
    return float(np.polyfit(np.log(scales), np.log(errors), 1)[0])


def run(rows: Errors) -> None:
    """All of this file."""
    for check in (spectrum, update_of_data, gamma_at_one_layer, linearity, softmax):
        check(rows)
