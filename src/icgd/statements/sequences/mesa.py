"""The mesa layer against a direct solution at every position, and its limit (claims 4 and 5)."""

from collections.abc import Callable, Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from icgd.models import causal
from icgd.references.sequences import previous
from icgd.statements.identities.cases import Errors
from icgd.statements.sequences import data
from icgd.statements.table import statement
from icgd.training.mesa import mesa, past

HEADS, SIZE = 2, 10
LENGTHS = 50, 224
RANDOM = {"norm 2": (2.0, 1.0), "norm 9": (9.0, 3.0)}  # root mean square length of keys, lambda
STATES = 1e3  # lambda of the paper's ridge regressions, for keys that are states
SMALL = 1e-6
KINDS = {"float64": jnp.float64, "float32": jnp.float32}

OFF = {  # what is wrong with lambda in a reference of each precision, and by how much of itself
    "float64": {"lambda 1e-6: reference with lambda off by one part in a million": 1e-6},
    "float32": {"lambda 1: reference with lambda twice as large": 1.0},
}

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # queries, keys, values, lambda of each head


def random(kind: str, length: int, small: float | None = None) -> Arrays:
    """Normal queries, keys and values of two heads."""
    rng, (norm, ridge) = np.random.default_rng(length), RANDOM[kind]
    q, k, v = rng.normal(size=(3, HEADS, length, SIZE))
    return norm / SIZE**0.5 * q, norm / SIZE**0.5 * k, v, np.full(HEADS, small or ridge)


def of_states(length: int, few: bool) -> Arrays:
    """Each state is the query, the one before it the key, for two sequences of the paper's task."""
    task = data.TASK.model_copy(update={"context": length})
    states = data.sets(task, HEADS, few)[data.TUNING][:HEADS, :-1]
    return states, previous(states), states, np.full(HEADS, STATES)


def cases(few: bool) -> Iterator[tuple[str, str, Arrays]]:
    """Unit, kind and arrays of every case."""
    for length in LENGTHS[:1] if few else LENGTHS:
        yield from ((f"{kind} T = {length}", "random keys", random(kind, length)) for kind in RANDOM)
        yield f"T = {length}", "states", of_states(length, few)


def direct(q: np.ndarray, k: np.ndarray, v: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    """sum_{i<=t} v_i k_i^T A_t^-1 q_t with A_t = sum_{i<=t} k_i k_i^T + I / lambda, solved at every t."""
    matrices = np.cumsum(k[..., :, None] * k[..., None, :], axis=1)
    matrices = matrices + np.eye(k.shape[-1]) / ridge[:, None, None, None]
    solved = np.linalg.solve(matrices, q[..., None])[..., 0]
    return (np.tri(k.shape[1]) * (solved @ k.swapaxes(1, 2))) @ v


def by_recursion(solve: Callable, q: jax.Array, k: jax.Array, v: jax.Array, ridge: jax.Array) -> jax.Array:
    """The layer, with R_t q_t by a function of one head."""
    return past(jax.vmap(solve)(q, k, ridge), k, v)


def share(found: np.ndarray, right: np.ndarray) -> float:
    """Largest difference over the largest value."""
    found, right = np.asarray(found, np.float64), np.asarray(right, np.float64)
    return float(np.max(np.abs(found - right)) / np.max(np.abs(right)))


def cast(arrays: Arrays, kind: str) -> Iterator[jax.Array]:
    """Arrays of a precision."""
    return (jnp.asarray(array, KINDS[kind]) for array in arrays)


@statement(tolerance={"mesa_output_float32": 0.9})
def output(rows: Errors) -> None:
    """Ridge regression of all values up to t on their keys, at every t, by the recursion of the paper."""
    layers = {
        "statement": jax.jit(partial(by_recursion, causal.preconditioned)),
        "engine: the form that networks are trained with here": jax.jit(mesa),
    }
    for unit, kind, arrays in cases(rows.few):
        q, k, v, ridge = arrays
        right, older = direct(*arrays), direct(q, previous(k), previous(v), ridge)
        for bits, faults in OFF.items():
            found = {name: layer(*cast(arrays, bits)) for name, layer in layers.items()}
            errors = {name: share(one, right) for name, one in found.items()}
            errors |= {"newest_dropped: reference without the newest pair": share(found["statement"], older)}
            for fault, size in faults.items():
                errors[fault] = share(found["statement"], direct(q, k, v, ridge * (1 + size)))
            what = "mesa_output: Relative error of the recursion in float64 against a solution at every t."
            if bits == "float32":
                what = "mesa_output_float32: The same in float32."
            rows.put(errors, unit, what, tasks=kind if bits == "float32" else "")


@statement
def linear_limit(rows: Errors) -> None:
    """Relative difference of the mesa layer's output over lambda, at lambda = 1e-6, from linear attention."""
    layer = jax.jit(mesa)
    for length in LENGTHS[:1] if rows.few else LENGTHS:
        q, k, v, ridge = random("norm 2", length, small=SMALL)
        right = past(*cast((q, k, v), "float64"))
        found = {
            "statement": 1.0,
            "lambda 1e-5: lambda of 1e-5 instead of 1e-6": 10.0,
            "lambda 1e-7: lambda of 1e-7 instead of 1e-6": 0.1,
        }
        found = {name: layer(q, k, v, size * ridge) / (SMALL * size) for name, size in found.items()}
        found |= {"not_divided: the output not divided by lambda": layer(q, k, v, ridge)}
        rows.put({name: share(one, right) for name, one in found.items()}, f"T = {length}")
