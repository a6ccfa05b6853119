"""In-context regression of sine waves: y = a sin(x + p), x ~ U(-5, 5); and waves unlike them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from icgd.tasks.linear import Tasks

AMPLITUDE = (0.1, 0.5)  # released code; the paper's text says U(0.1, 5)
HALF_RANGE = 5.0


class Shift(NamedTuple):
    """How waves differ from those of training, y = A a sin(f x + p + s); the defaults change nothing.

    Source: "out of distribution" in the link post (lw-5).
    """

    inputs: float = 1.0  # R, factor on the range of x
    amplitude: float = 1.0  # A
    frequency: float = 1.0  # f
    phase: float = 0.0  # s


AS_TRAINED = Shift()


def sample(
    key: jax.Array, count: int, context: int, released_phase: bool, shift: Shift = AS_TRAINED
) -> Tasks:
    """Draw waves: a ~ U(0.1, 0.5), p ~ U(0, pi); one input dimension, ``context`` pairs.

    Source: released code of von Oswald et al. 2022 (their Fig. 4). There amplitude and phase are
    drawn from one key, so that p = pi (a - 0.1) / 0.4 and the family has one parameter, not two.

    Args:
        key: typed key, used up here; the same waves whatever the shift.
        count: number of tasks T.
        context: number N of context pairs.
        released_phase: tie the phase to the amplitude as the released code does.
        shift: how they differ from those of training.
    """
    amplitude_key, phase_key, input_key, query_key = jax.random.split(key, 4)
    share = jax.random.uniform(amplitude_key, (count,))
    phase = jnp.pi * (share if released_phase else jax.random.uniform(phase_key, (count,)))
    amplitude = AMPLITUDE[0] + (AMPLITUDE[1] - AMPLITUDE[0]) * share
    inputs = jax.random.uniform(input_key, (context, count), minval=-HALF_RANGE, maxval=HALF_RANGE)
    query = jax.random.uniform(query_key, (count,), minval=-HALF_RANGE, maxval=HALF_RANGE)
    if shift is not AS_TRAINED:  # so that the program of training has no operation more
        amplitude = shift.amplitude * amplitude
        inputs, query = shift.inputs * inputs, shift.inputs * query

    def wave(x: jax.Array) -> jax.Array:
        if shift is AS_TRAINED:
            return amplitude * jnp.sin(x + phase)
        return amplitude * jnp.sin(shift.frequency * x + phase + shift.phase)

    return Tasks(inputs.T[..., None], wave(inputs).T, query[:, None], wave(query))
