"""What is not trained on sequences equals independent computations; the grid measures causal networks."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from networks import ask, ended

from icgd.config import Causal, Evaluation, Settings, Task
from icgd.errors import IcgdError
from icgd.measures import sets
from icgd.measures.network import Network
from icgd.measures.sequences import Sequences, slopes_of
from icgd.measures.sets import drawn, placed
from icgd.models import causal
from icgd.references import sequences
from icgd.statements.sequences import windows
from icgd.tasks import dynamics

TASK = Task(family="dynamics", inputs=3, context=12)
LINEAR = Causal(
    layers=("linear", "linear"), heads=2, key_size=3, width=12, tokens="constructed", init_std=0.12
)


@pytest.fixture(scope="module")
def states():
    return np.asarray(dynamics.sample(TASK, jax.random.key(5), 40).states, np.float64)


@pytest.fixture(scope="module")
def network():
    settings = Settings(task=TASK, causal=LINEAR, evaluation=Evaluation(tasks=100, control_tasks=100))
    weights = causal.initialise(LINEAR, 3, jax.random.key(1))
    one = Network(settings, 0, weights, ended(0.2), {}, "full", "made")
    return replace(one, others=lambda name: [one, one])


def pairs(states, t):
    """All pairs of one sequence that are seen at position t, as rows."""
    return states[:t], states[1 : t + 1]


def at_every_position(states, method):
    """A method that fits Phi to pairs, position by position and sequence by sequence."""
    inputs = states[:, :-1]
    found = np.zeros_like(inputs)
    for b, t in np.ndindex(inputs.shape[:2]):
        found[b, t] = method(*pairs(states[b], t)) @ inputs[b, t]
    return found


def descend(x, y, rate, steps):
    """K steps of gradient descent on 1/2 |y - x Phi^T|^2."""
    phi = np.zeros((3, 3))
    for _ in range(steps):
        phi = phi + rate * (y - x @ phi.T).T @ x
    return phi


def iterate(x, y, scale, steps):
    """Newton-Schulz from scale A / l^2, with l the largest eigenvalue."""
    gram = x.T @ x
    inverse = scale * gram / max(np.linalg.eigvalsh(gram)[-1], 1e-9) ** 2
    for _ in range(steps):
        inverse = inverse @ (2 * np.eye(3) - gram @ inverse)
    return y.T @ x @ inverse


def test_ridge_is_the_solution_at_every_position(states):
    known = sequences.seen(states[:, :-1])
    found = sequences.predictions(known, sequences.ridge(known.values, 0.1))
    exact = at_every_position(states, lambda x, y: y.T @ x @ np.linalg.inv(x.T @ x + 0.1 * np.eye(3)))
    np.testing.assert_allclose(found, exact, atol=1e-10)


@pytest.mark.parametrize("steps", [1, 3])
def test_gradient_descent_and_newton_are_their_iterations(states, steps):
    known = sequences.seen(states[:, :-1])
    found = sequences.predictions(known, sequences.descended(known.values, 0.07, steps))
    np.testing.assert_allclose(
        found, at_every_position(states, lambda x, y: descend(x, y, 0.07, steps)), atol=1e-10
    )
    found = sequences.predictions(known, sequences.newton_schulz(known.values, 0.9 / known.largest**2, steps))
    np.testing.assert_allclose(
        found, at_every_position(states, lambda x, y: iterate(x, y, 0.9, steps)), atol=1e-9
    )


def test_conjugate_gradients_solve_in_as_many_steps_as_there_are_dimensions(states):
    known = sequences.seen(states[:, :-1])
    exact = at_every_position(states, lambda x, y: y.T @ np.linalg.pinv(x.T))
    np.testing.assert_allclose(sequences.conjugate_gradients(known, 3)[:, 4:], exact[:, 4:], atol=1e-6)
    one, two = (np.mean((sequences.conjugate_gradients(known, k) - exact) ** 2) for k in (1, 2))
    assert one > two > 1e-6


def test_the_best_methods_are_no_worse_than_others_of_their_family(states):
    known, targets = sequences.seen(states[:, :-1]), states[:, 1:]
    loss = lambda found: np.mean((found - targets) ** 2)  # noqa: E731
    best = sequences.tuned("gd shared", 2, known, targets)
    losses = [
        loss(sequences.predictions(known, sequences.descended(known.values, rate, 2)))
        for rate in (0.03, 0.1, 0.2)
    ]
    assert loss(best(known)) <= min(losses)
    by_terms = [loss(sequences.tuned("polynomial", k, known, targets)(known)) for k in (1, 2, 3)]
    assert by_terms[0] > by_terms[1] > by_terms[2]
    assert by_terms[0] == pytest.approx(
        loss(sequences.tuned("gd shared", 1, known, targets)(known)), rel=1e-4
    )
    assert by_terms[1] <= loss(best(known))  # two steps of gradient descent are two terms


def test_responses_tell_a_step_from_the_solution():
    drawn = dynamics.sample(TASK.model_copy(update={"state_noise": 0.0}), jax.random.key(2), 20)
    states, teachers = (np.asarray(part, np.float64) for part in (drawn.states, drawn.teacher))
    known = sequences.seen(states[:, :-1])
    values = known.values[:, 6:]
    for method in (sequences.ridge, lambda x: sequences.descended(x, 0.1, 1)):
        response = sequences.response(known, teachers, sequences.predictions(known, method(known.values)))
        np.testing.assert_allclose(response[:, 6:], values * method(values), atol=2e-4)


def test_windows_hold_the_last_states(states):
    found = sequences.windows(states, 3)
    np.testing.assert_array_equal(
        found[:, 5], np.concatenate([states[:, 5], states[:, 4], states[:, 3]], axis=-1)
    )
    assert not found[:, 0, 3:].any()


def test_sets_have_their_words():
    assert placed("fresh start_range=2 at 7") == (("fresh", "start_range=2"), slice(7, 8))
    assert placed("fresh from 3") == (("fresh",), slice(3, None))
    with pytest.raises(IcgdError, match="there are no sequences 'fresh at'"):
        placed("fresh at")


def test_shifted_sets_keep_their_teachers_and_refuse_unknown_settings(network):
    known = Sequences(network)
    plain, wide = (known.set(words, 10) for words in (("fresh",), ("fresh", "start_range=2")))
    np.testing.assert_array_equal(plain.teachers, wide.teachers)
    np.testing.assert_allclose(wide.states[:, 0], 2 * plain.states[:, 0], rtol=1e-6)
    with pytest.raises(IcgdError, match="start_rang"):
        known.set(("fresh", "start_rang=2"), 10)


def test_losses_of_networks_and_rivals_are_measured_by_position(network):
    states = Sequences(network).set(("fresh",), 100).states
    exact = causal.predict(LINEAR, network.weights, states[:, :-1])
    assert ask(network, "loss") == pytest.approx(
        float(dynamics.half_mean_square(exact, states[:, 1:])), rel=1e-5
    )
    curve = ask(network, "loss", along="positions")
    assert list(curve) == list(range(12)) and np.mean(list(curve.values())) == pytest.approx(
        ask(network, "loss")
    )
    assert ask(network, "loss", tasks="fresh at 4") == pytest.approx(curve[4.0])
    assert ask(network, "loss_ratio", reference="networks of other") == pytest.approx(1)
    assert ask(network, "loss_ratio", "ridge scaled 0.5", "ridge") > 1
    assert ask(network, "shift_factor", "ridge", tasks="fresh start_range=2 state_noise=0.02 at 9") < 1.1
    assert ask(network, "late_rise", "ridge") == pytest.approx(1) and ask(network, "rises", "ridge") == 0


def test_sensitivities_of_a_formula_and_of_a_network_are_derivatives(network):
    known = Sequences(network)
    few = known.set(("fresh",), 6)
    by_difference = slopes_of(known, "network scaled 1", few, 7)
    np.testing.assert_allclose(slopes_of(known, "network", few, 7), by_difference, atol=2e-2)
    assert np.abs(by_difference).max() > 0.05


def test_who_knows_the_features_of_a_nonlinear_teacher_solves_for_it(network):
    task = Task(family="dynamics", inputs=3, context=12, teacher="mlp", start_range=0.25)
    other = replace(network, settings=network.settings.model_copy(update={"task": task}))
    states = np.asarray(other.draw("evaluation data", 100).states, np.float64)
    inner, outer = (np.asarray(matrix, np.float64) for matrix in dynamics.nonlinearity(3))
    u = np.asarray(jax.nn.gelu(states @ inner), np.float64) @ outer
    u /= np.linalg.norm(u, axis=-1, keepdims=True)
    losses = np.zeros((100, 12))
    for b, t in np.ndindex(100, 12):
        x, y = u[b, :t], states[b, 1 : t + 1]
        phi = np.linalg.solve(x.T @ x + 1e-3 * np.eye(3), x.T @ y)
        losses[b, t] = 0.5 * np.sum((u[b, t] @ phi - states[b, t + 1]) ** 2)
    found = ask(other, "loss", "ridge features", along="positions")
    assert list(found.values()) == pytest.approx(losses.mean(axis=0), rel=1e-3)
    late = {one: ask(other, "loss", one, tasks="fresh at 11") for one in ("ridge features", "ridge")}
    assert late["ridge features"] < 0.1 * late["ridge"]
    many, one = (ask(other, "loss", f"polynomial scaled features K={steps}") for steps in (6, 1))
    assert losses.mean() < many < one


def test_windows_help_where_states_are_seen_in_part_and_are_tuned_on_other_sequences(network, monkeypatch):
    task = Task(family="dynamics", inputs=2, context=30, hidden=4, observation_noise=0.01)
    other = replace(network, settings=network.settings.model_copy(update={"task": task}))
    plain, wide = (ask(other, "loss", f"ridge{suffix}", tasks="fresh at 29") for suffix in ("", " windows"))
    assert wide < 0.5 * plain
    one, many = (ask(other, "loss", f"polynomial scaled windows K={steps}") for steps in (1, 6))
    assert many < one
    few = drawn(other, ("fresh",), 20)
    monkeypatch.setattr(sets, "AT_A_TIME", 7)
    found, whole = few.seen_in_windows(3), sequences.seen(few.inputs, window=3)
    for name in ("values", "moments", "query"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))


def test_ridge_regression_on_windows_is_recursive_least_squares():
    states = np.random.default_rng(3).normal(size=(3, 9, 2))
    known = sequences.seen(states, window=3)
    found = sequences.predictions(known, sequences.ridge(known.values, 1 / 7.0))
    right = windows.ridge(sequences.windows(states, 3), states, 7.0)
    np.testing.assert_allclose(found, right, atol=1e-10)


@pytest.mark.parametrize(
    "subject",
    ["gd_plus_plus shared", "network label_key 0.1", "hand_set ridge", "gd published", "ridge features"],
)
def test_what_predicts_no_states_is_refused(network, subject):
    with pytest.raises(IcgdError):
        ask(network, "loss", subject)
