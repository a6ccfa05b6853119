"""Statements about sequences: the hand-set layers, methods and controls that claims 1 to 7 and 32 rest on."""

import jax
import numpy as np
import pytest

from icgd import dictionary
from icgd.config import load
from icgd.references import sequences as references
from icgd.statements import sequences
from icgd.statements.sequences import backward, data, kernel, mesa, preconditioning, steps, windows
from icgd.tasks import dynamics

FEW = data.draw(data.TASK, np.random.default_rng(3), 4)


@pytest.fixture(scope="module")
def rows():
    return sequences.run(load(), "smoke")


def test_every_measure_and_subject_is_described_and_units_are_unique(rows):
    found, units = {}, set()
    for row in rows:
        found.setdefault(row["measure"], {"statement"}).add(row["subject"])
        units.add(tuple(value for name, value in row.items() if name != "value"))
    told = {one.name: one for one in dictionary.statements().values() if one.kind == "sequences"}
    assert set(found) == set(told) and len(units) == len(rows)
    assert all(subjects <= {"statement", *told[measure].subjects} for measure, subjects in found.items())
    assert set().union(*found.values()) == {"statement"}.union(*(one.subjects for one in told.values()))


def test_sequences_have_the_law_of_those_that_networks_see():
    ours = data.draw(data.TASK, np.random.default_rng(0), 2000)
    theirs = np.asarray(dynamics.sample(data.TASK, jax.random.key(0), 2000).states)
    for moment in (lambda x: np.mean(x**2), lambda x: np.mean(x[:, 1:] * x[:, :-1])):
        assert moment(ours) == pytest.approx(moment(theirs), abs=0.01)
    partly = data.draw(windows.PARTLY, np.random.default_rng(0), 2000)
    theirs = np.asarray(dynamics.sample(windows.PARTLY, jax.random.key(0), 2000).states)
    assert np.mean(partly**2) == pytest.approx(np.mean(theirs**2), rel=0.05)


def test_one_layer_of_the_stack_is_one_step_and_two_are_not():
    stack, known = steps.Stack(FEW), references.seen(FEW[:, :-1])
    one, two = (references.predictions(known, references.descended(known.values, 0.03, k)) for k in (1, 2))
    np.testing.assert_allclose(stack(0.03, 1), one, atol=1e-12)
    assert np.abs(stack(0.03, 2) - two).max() > 0.1


def test_endless_layers_are_one_pass_and_endless_steps_least_squares():
    seen = FEW[:, :-1]
    passed, known = references.bounded(steps.one_pass(seen)), references.seen(seen)
    np.testing.assert_allclose(steps.Stack(FEW).limit(), passed, atol=1e-8)
    model = np.linalg.lstsq(seen[0, :-1], seen[0, 1:])[0].T
    found = references.predictions(known, steps.inverted(known))
    np.testing.assert_allclose(found[0, -1], model @ seen[0, -1], atol=1e-8)


def test_the_chebyshev_polynomial_is_that_of_its_recursion():
    method, x = preconditioning.Chebyshev(0.5, 20.0, 7), np.linspace(0.5, 20.0, 50)
    found = preconditioning.richardson(method, x[:, None, None], np.ones((50, 1)))
    np.testing.assert_allclose(found[:, 0], method(x), rtol=1e-10)
    rest = 1 - x * method(x)
    assert np.abs(rest).max() == pytest.approx(np.abs(rest[0]), rel=1e-10)  # equal ripples


def test_ridge_on_windows_is_the_mesa_layer():
    seen = FEW[:, :-1]
    queries, states = references.windows(seen, 2), seen
    right = mesa.direct(queries, references.previous(queries), states, np.full(len(seen), 7.0))
    np.testing.assert_allclose(windows.ridge(queries, states, 7.0), right, atol=1e-9)


def test_the_released_derivative_is_exact_but_for_rounding():
    arrays = mesa.random("norm 2", 20)
    slope = np.random.default_rng(0).normal(size=arrays[2].shape)
    with jax.enable_x64(True):
        layers = backward.BY_AUTODIFF, backward.BY_REVERSE
        right, found = (backward.slopes(layer)(slope, *arrays) for layer in layers)
        assert max(map(mesa.share, found, right)) < 1e-12


def test_a_kernel_sees_earlier_pairs_only():
    states = FEW[:1, :4]
    found = references.attended(states, 2.0 * kernel.products(states)[0])[0]
    s = states[0]
    weights = np.exp(2.0 * np.array([s[0] @ s[2], s[1] @ s[2]]))
    np.testing.assert_allclose(found[0], 0, atol=0)
    np.testing.assert_allclose(found[1], s[1], atol=1e-12)
    np.testing.assert_allclose(found[2], weights @ s[1:3] / weights.sum(), atol=1e-12)
