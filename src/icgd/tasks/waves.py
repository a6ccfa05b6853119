"""Sine waves off the training distribution: y = A a sin(f x + p + s), with x in a range R times as wide."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from icgd.tasks.linear import Tasks
from icgd.tasks.sine import AMPLITUDE, HALF_RANGE


class Shift(NamedTuple):
    """How waves differ from those of training; the defaults change nothing."""

    inputs: float = 1.0  # R, factor on the range of x
    amplitude: float = 1.0  # A
    frequency: float = 1.0  # f
    phase: float = 0.0  # s


def sample(key: jax.Array, count: int, context: int, released_phase: bool, shift: Shift) -> Tasks:
    """Draw waves as `sine.sample` does, from the same key the same ones, and shift them.

    Source of the shifts: the link post's "out of distribution" (lw-5). Arguments as there.
    """
    amplitude_key, phase_key, input_key, query_key = jax.random.split(key, 4)
    share = jax.random.uniform(amplitude_key, (count,))
    phase = jnp.pi * (share if released_phase else jax.random.uniform(phase_key, (count,)))
    amplitude = shift.amplitude * (AMPLITUDE[0] + (AMPLITUDE[1] - AMPLITUDE[0]) * share)
    edge = HALF_RANGE
    inputs = shift.inputs * jax.random.uniform(input_key, (context, count), minval=-edge, maxval=edge)
    query = shift.inputs * jax.random.uniform(query_key, (count,), minval=-edge, maxval=edge)

    def wave(x: jax.Array) -> jax.Array:
        return amplitude * jnp.sin(shift.frequency * x + phase + shift.phase)

    return Tasks(inputs.T[..., None], wave(inputs).T, query[:, None], wave(query))
