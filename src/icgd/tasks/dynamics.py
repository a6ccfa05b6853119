"""Sequences of states of a dynamical system, each with a teacher of its own (von Oswald et al. 2023)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from icgd.config import Task
from icgd.random import stream

EIGENVALUES = 0.3, 0.9  # of a contracting teacher; the largest is always there (released code)
GROWTH = 1e6  # of rounding errors, at most, in sequences that are evaluated
WIDENING, SPREAD = 4, 1.1  # hidden units over states, and standard deviation, of the fixed nonlinearity
OBSERVATION = 0.5  # standard deviation of the entries of C
FIXED = {"teacher": 42, "in": 421, "out": 422}  # seeds of what is the same in every sequence, as released


class Sequences(NamedTuple):
    """B sequences of T + 1 states: the first T are seen, the last T are to be predicted."""

    states: jax.Array  # (B, T + 1, n) what is seen: s = C h + noise, or h itself
    teacher: jax.Array  # (B, m, m) W
    observation: jax.Array | None  # (B, n, m) C


def sample(task: Task, key: jax.Array, count: int) -> Sequences:
    """h_1 ~ U(-r, r), h_{t+1} = clip(W h_t + noise); the states h themselves or s_t = C h_t + noise.

    With teacher mlp, h_{t+1} = W u / |u| + noise with u = B gelu(A h_t). Source: released code, whose
    settings (start, clip, noise, |u|) made the published figures; its text differs.
    """
    keys = jax.random.split(key, 5)
    size, length = task.hidden or task.inputs, task.context + 1
    teacher = _teachers(task, keys[0], size, count)
    start = jax.random.uniform(keys[1], (size, count), minval=-task.start_range, maxval=task.start_range)
    noise = task.state_noise * jax.random.normal(keys[2], (length - 1, size, count))
    hidden = _run(task, teacher, start, noise)
    if task.hidden is None:
        return Sequences(hidden.transpose(2, 0, 1), teacher.transpose(2, 0, 1), None)
    observation = OBSERVATION * jax.random.normal(keys[3], (count, task.inputs, size))
    states = jnp.einsum("bnm,tmb->btn", observation, hidden)
    states += task.observation_noise * jax.random.normal(keys[4], states.shape)
    return Sequences(states, teacher.transpose(2, 0, 1), observation)


def reproducible(task: Task, key: jax.Array, count: int) -> Sequences:
    """``count`` sequences that every processor draws alike, up to rounding, for evaluation.

    Teachers far from normal let states grow before they contract, and the clip then makes a few sequences
    chaotic: in float32 another order of sums gives other states in one sequence of 200. So these are drawn
    in float64, and the one in 250 where an error grows more than a millionfold is left out.
    """
    with jax.enable_x64(True):
        drawn = jax.jit(sample, static_argnums=(0, 2))(task, key, count + count // 20 + 8)
    kept = np.flatnonzero(error_growth(drawn, task.state_clip) <= GROWTH)[:count]
    return Sequences(*(None if of is None else np.asarray(of)[kept].astype(np.float32) for of in drawn))


def error_growth(drawn: Sequences, clip: float) -> np.ndarray:
    """How much errors made at every step grow, (B,): max_t |S_t|, S_t = D_t W S_{t-1} + 1, S_0 = 0.

    D_t is zero where a state is clipped, since errors end there, and one elsewhere; |.|: Frobenius norm.
    """
    teacher, states = (np.asarray(of, float) for of in (drawn.teacher, drawn.states))
    grown, largest = np.zeros_like(teacher), np.zeros(len(teacher))
    for state in states[:, 1:].swapaxes(0, 1):
        grown = (np.abs(state) < clip)[..., None] * (teacher @ grown) + np.eye(state.shape[-1])
        largest = np.maximum(largest, np.linalg.norm(grown, axis=(1, 2)))
    return largest


def half_mean_square(predictions: jax.Array, targets: jax.Array) -> jax.Array:
    """Loss 1/2 |s_{t+1} - f_t|^2, mean over positions and sequences (eq. 1, released code)."""
    return 0.5 * jnp.mean(jnp.sum((predictions - targets) ** 2, axis=-1))


def orthogonal(key: jax.Array, size: int, count: int) -> jax.Array:
    """Haar-distributed orthogonal matrices (size, size, count), as products of reflections (Stewart 1980).

    Reflection k, of the last k axes, takes the first of them to a random direction x or to -x; the signs
    that the product starts from undo that choice.
    """
    axis = jnp.arange(size)
    kept = axis[:, None] + axis >= size - 1  # row k - 1: the last k axes
    directions = jnp.where(kept[..., None], jax.random.normal(key, (size, size, count)), 0.0)
    firsts = jnp.sign(directions[axis, axis[::-1]])  # (k, T), of the first axis of each
    lengths = firsts * jnp.sqrt(jnp.sum(directions**2, axis=1))
    vectors = directions.at[axis, axis[::-1]].add(lengths)

    def reflect(product: jax.Array, vector: jax.Array) -> tuple[jax.Array, None]:
        along = sum(row * entry for row, entry in zip(product, vector, strict=True))
        size = sum(entry**2 for entry in vector)
        return product - vector[:, None] * (2 * along / size), None

    return jax.lax.scan(reflect, -jnp.eye(size)[..., None] * firsts[::-1], vectors)[0]


def _teachers(task: Task, key: jax.Array, size: int, count: int) -> jax.Array:
    """W (m, m, B): orthogonal; or U diag(l) U^-1 with U normal, l ~ U(.3, .9) but one, which is .9."""
    if task.teacher == "fixed":
        one = orthogonal(stream(FIXED["teacher"], "teacher", "threefry2x32"), size, 1)
        return jnp.broadcast_to(one, (size, size, count))
    if task.teacher != "contracting":
        return orthogonal(key, size, count)
    basis_key, value_key = jax.random.split(key)
    basis = jax.random.normal(basis_key, (count, size, size))
    low, high = EIGENVALUES
    values = jax.random.uniform(value_key, (count, 1, size), minval=low, maxval=high).at[..., -1].set(high)
    return jnp.linalg.solve(basis.swapaxes(1, 2), (basis * values).swapaxes(1, 2)).transpose(2, 1, 0)


def nonlinearity(size: int) -> tuple[jax.Array, jax.Array]:
    """The matrices A (m, 4 m) and B (4 m, m) of u = gelu(h A) B."""
    keys = [stream(FIXED[name], "nonlinearity", "threefry2x32") for name in ("in", "out")]
    shapes = (size, WIDENING * size), (WIDENING * size, size)
    first, second = (SPREAD * jax.random.normal(*one) for one in zip(keys, shapes, strict=True))
    return first, second


def features(states: jax.Array) -> jax.Array:
    """u = B gelu(A h) of states (..., m), which teachers act on after u / |u|: (..., m)."""
    inner, outer = nonlinearity(states.shape[-1])
    return jax.nn.gelu(states @ inner) @ outer


def _run(task: Task, teacher: jax.Array, start: jax.Array, noise: jax.Array) -> jax.Array:
    """All states (T + 1, m, B). The sum is unrolled: XLA has no fast one over an axis in the middle."""
    columns = jnp.swapaxes(teacher, 0, 1)
    inner, outer = nonlinearity(len(start))

    def step(state: jax.Array, noise: jax.Array) -> tuple[jax.Array, jax.Array]:
        seen = state
        if task.teacher == "mlp":
            seen = outer.T @ jax.nn.gelu(inner.T @ state)
            seen = seen / (jnp.linalg.norm(seen, axis=0) + 1e-16)
        moved = sum(column * entry for column, entry in zip(columns, seen, strict=True)) + noise
        moved = jnp.clip(moved, -task.state_clip, task.state_clip)
        return moved, moved

    return jnp.concatenate([start[None], jax.lax.scan(step, start, noise)[1]])
