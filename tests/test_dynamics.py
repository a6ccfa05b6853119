"""Sequences of states: moments, orthogonality, noise floor, what is fixed."""

import jax
import numpy as np
import pytest

from icgd.config import Task
from icgd.random import stream
from icgd.tasks import dynamics

PLAIN = Task(family="dynamics", inputs=10, context=50)
COUNT = 3000


def drawn(count=COUNT, seed=0, **changes):
    task = PLAIN.model_copy(update=changes)
    found = dynamics.sample(task, stream(seed, "sequences", "threefry2x32"), count)
    return [None if part is None else np.asarray(part, np.float64) for part in found]


def steps_of(states, teacher):
    """What the noise has added to each state."""
    return states[:, 1:] - np.einsum("bij,btj->bti", teacher, states[:, :-1])


@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_teachers_are_orthogonal_and_uniform(size):
    found = np.asarray(dynamics.orthogonal(stream(1, "teachers", "threefry2x32"), size, 4000), np.float64)
    products = np.einsum("ijb,ikb->jkb", found, found)
    assert np.abs(products - np.eye(size)[..., None]).max() < 5e-6
    assert np.abs(found.mean(-1)).max() < 5 / np.sqrt(4000 * size)
    np.testing.assert_allclose((found**2).mean(-1), 1 / size, atol=0.12 / size)
    assert (found**4).mean() == pytest.approx(3 / (size * (size + 2)), rel=0.02)  # of a uniform direction
    assert np.linalg.det(np.moveaxis(found, -1, 0)).mean() == pytest.approx(0, abs=0.08)  # half reflect
    traces = np.trace(found)
    assert (traces.mean(), traces.var()) == (pytest.approx(0, abs=0.08), pytest.approx(1, rel=0.1))


def test_observed_states_have_the_stated_moments():
    states, teacher, observation = drawn()
    assert states.shape == (COUNT, 51, 10) and observation is None
    assert np.abs(states[:, 0]).max() <= 1 and states[:, 0].var() == pytest.approx(1 / 3, rel=0.02)
    noise = steps_of(states, teacher)
    assert noise.std() == pytest.approx(0.01, rel=0.005) and abs(noise.mean()) < 1e-4
    floor = float(dynamics.half_mean_square(states[:, 1:] - noise, states[:, 1:]))
    assert floor == pytest.approx(0.0005, rel=0.01)
    zero = float(dynamics.half_mean_square(np.zeros_like(noise), states[:, 1:]))
    assert zero == pytest.approx(10 / 6, rel=0.02)


def test_every_sequence_has_its_own_teacher_and_every_key_its_own_sequences():
    states, teacher, _ = drawn(count=8)
    assert np.abs(teacher[0] - teacher[1]).max() > 0.1
    assert np.abs(drawn(count=8, seed=1)[0] - states).max() > 0.1
    np.testing.assert_array_equal(drawn(count=8)[0], states)


def test_hidden_states_are_seen_through_a_matrix():
    states, teacher, observation = drawn(inputs=5, hidden=15, observation_noise=0.01)
    assert (teacher.shape[1:], observation.shape[1:], states.shape[1:]) == ((15, 15), (5, 15), (51, 5))
    assert observation.std() == pytest.approx(0.5, rel=0.01)
    assert 0.5 * (states**2).sum(-1).mean() == pytest.approx(0.5 * 5 * 15 * 0.25 / 3, rel=0.03)


def test_what_is_seen_is_the_observation_of_states_that_the_teacher_moves():
    states, teacher, observation = drawn(
        8, inputs=3, hidden=3, state_noise=0.0, observation_noise=0.0, context=6
    )
    hidden = np.einsum("bnm,btm->btn", np.linalg.inv(observation), states)
    assert np.abs(steps_of(hidden, teacher)).max() < 1e-3


def test_contracting_teachers_have_the_stated_eigenvalues():
    states, teacher, _ = drawn(500, teacher="contracting", state_clip=2.0)
    values = np.sort(np.linalg.eigvals(teacher).real, axis=-1)
    assert np.quantile(np.abs(values[:, -1] - 0.9), 0.95) < 1e-3  # some bases are nearly singular
    assert 0.299 < np.quantile(values[:, 0], 0.02) < 0.32 and np.abs(states).max() <= 2
    inside = np.abs(states).max((1, 2)) < 2
    assert steps_of(states, teacher)[inside].std() == pytest.approx(0.01, rel=0.02)


def test_evaluated_sequences_are_those_where_rounding_errors_stay_small():
    task = PLAIN.model_copy(update={"teacher": "contracting", "state_clip": 2.0})
    few = dynamics.reproducible(task, stream(1, "sequences", "threefry2x32"), COUNT)
    assert few.states.shape == (COUNT, 51, 10) and few.states.dtype == np.float32
    assert (dynamics.error_growth(few, 2.0) < 1.01 * dynamics.GROWTH).all()
    with jax.enable_x64(True):
        every = dynamics.sample(task, stream(1, "sequences", "threefry2x32"), COUNT)
    share = (dynamics.error_growth(every, 2.0) > dynamics.GROWTH).mean()
    assert 0.001 < share < 0.008


def test_an_error_grows_as_much_as_the_bound_and_no_more():
    teacher = np.array([[0.5, 100.0], [0.0, 0.5]])
    states = np.full((1, 6, 2), 0.1)
    error, errors = np.zeros(2), np.array([1.0, 1.0])
    for _ in range(5):
        error = teacher @ error + errors
    found = dynamics.error_growth(dynamics.Sequences(states, teacher[None], None), 1.0)[0]
    assert found / 2 < np.linalg.norm(error) < found * np.sqrt(2)
    clipped = dynamics.Sequences(np.ones((1, 6, 2)), teacher[None], None)
    assert dynamics.error_growth(clipped, 1.0)[0] == pytest.approx(np.sqrt(2))


def test_the_fixed_teacher_is_one():
    _, teacher, _ = drawn(4, teacher="fixed")
    _, other, _ = drawn(4, seed=1, teacher="fixed")
    assert np.ptp(teacher, axis=0).max() == 0 and np.array_equal(teacher, other)


def test_nonlinear_states_stay_near_the_unit_sphere():
    states, teacher, _ = drawn(teacher="mlp", start_range=0.25)
    assert np.abs(states[:, 0]).max() <= 0.25
    turned = np.einsum("bji,btj->bti", teacher, states[:, 1:])  # W^T s_{t+1} = u / |u| + noise
    assert np.linalg.norm(turned, axis=-1).mean() == pytest.approx(1, abs=0.01)
    inner, outer = (np.asarray(matrix, np.float64) for matrix in dynamics.nonlinearity(10))
    assert inner.shape == (10, 40) and inner.std() == pytest.approx(1.1, rel=0.1)
    u = np.asarray(jax.nn.gelu(states[:, :-1] @ inner) @ outer, np.float64)
    u /= np.linalg.norm(u, axis=-1, keepdims=True)
    assert (turned - u).std() == pytest.approx(0.01, rel=0.02)
