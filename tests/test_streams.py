"""Few-shot streams: who stands where, and that targets are a teacher's."""

import jax.numpy as jnp
import numpy as np
import pytest

from icgd.random import stream as key
from icgd.tasks import streams

END, PREFIX = jnp.full(4, 7.0), jnp.arange(8.0).reshape(2, 4)


def drawn(lengths, **changes):
    return streams.sample(key(0, "streams", "threefry2x32"), 200, 4, lengths, **changes)


@pytest.mark.parametrize(("end", "prefix"), [(None, None), (END, None), (None, PREFIX), (END, PREFIX)])
def test_answers_are_read_where_the_inputs_stand(end, prefix):
    pairs = drawn((5,))
    tokens = streams.stream(pairs, end, prefix)
    assert tokens.shape == (200, 5 * (2 + (end is not None)) + (2 if prefix is not None else 0), 4)
    np.testing.assert_array_equal(streams.answers(tokens, end, prefix), pairs.inputs)
    np.testing.assert_array_equal(streams.answers(tokens[:, 1:], end, prefix), pairs.targets)
    if prefix is not None:
        np.testing.assert_array_equal(tokens[3, :2], prefix)
    if end is not None:
        np.testing.assert_array_equal(streams.answers(tokens[:, 2:], end, prefix)[0, 0], end)


def test_every_teacher_is_orthogonal_and_has_its_pairs():
    pairs = drawn((6, 8), noise=0.0)
    inputs, targets = (np.asarray(part, np.float64) for part in pairs)
    assert np.abs(inputs).max() <= 1 and inputs.var() == pytest.approx(1 / 3, rel=0.03)
    for part in (slice(0, 6), slice(6, 14)):
        solution = np.stack(
            [
                np.linalg.lstsq(x, y, rcond=None)[0]
                for x, y in zip(inputs[:, part], targets[:, part], strict=True)
            ]
        )
        assert np.abs(solution @ solution.swapaxes(1, 2) - np.eye(4)).max() < 1e-4
        assert np.abs(inputs[:, part] @ solution - targets[:, part]).max() < 1e-4
    noise = np.asarray(drawn((6, 8)).targets) - targets
    assert noise.std() == pytest.approx(0.01, rel=0.05)
