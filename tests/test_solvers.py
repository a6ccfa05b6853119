"""Methods of several steps: their polynomial form against explicit steps, their optima, their table."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icgd.config import Model, load
from icgd.errors import IcgdError
from icgd.files import read_json, read_table, write_table
from icgd.models import transformer
from icgd.random import stream
from icgd.references import descent, eigenbasis, methods, optima, released, residuals, tables, tuned
from icgd.references.descent import Steps
from icgd.references.methods import Key
from icgd.references.optima import Draws
from icgd.references.residuals import FAMILIES
from icgd.tasks import linear
from icgd.training import engine

PLUS_PLUS = ("gd_plus_plus", "separate")
OPTIMA = Path("results/full/references/optima.csv")


def fresh(count, n=10, seed=0):
    return linear.sample(stream(seed, "solvers", "threefry2x32"), count, 10, n)


def double(count, n=10):
    """Fresh tasks as float64 arrays (drawn in float32, as everywhere)."""
    return linear.Tasks(*(np.asarray(part, np.float64) for part in fresh(count, n)))


@pytest.fixture(scope="module")
def draws():
    return Draws(*(eigenbasis.eigenvalues(fresh(1500, seed=seed)) for seed in (1, 2)))


def by_eigenvalues(method, parameters, layers, tasks):
    """Predictions through the residual polynomial: sum_i (1 - R(l_i)) / l_i (V^T X^T y)_i (V^T x_q)_i."""
    found = eigenbasis.spectrum(tasks)
    return eigenbasis.predictions(found, FAMILIES[method].residual(parameters, layers, found.values))


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_three_forms_of_gd_plus_plus_agree(layers):
    rng = np.random.default_rng(layers)
    steps = Steps(rng.uniform(0.1, 0.6, layers), rng.uniform(0.02, 0.2, layers))
    tasks = double(20)
    with jax.enable_x64(True):
        prediction, weights = descent.sensitivities(tasks, steps)
        hand_set = descent.hand_set(steps, 10)
        by_network = transformer.predict_each(Model(layers=layers), hand_set, tasks)
        np.testing.assert_allclose(prediction, by_network, atol=1e-8)
        np.testing.assert_allclose(prediction, np.sum(weights * tasks.query, axis=-1), atol=1e-8)
        right = by_eigenvalues(PLUS_PLUS, {"step": steps.steps, "gamma": steps.gammas}, layers, tasks)
        np.testing.assert_allclose(prediction, right, atol=1e-8)


def test_gradient_descent_with_a_rate_for_each_step_is_the_recursion_on_w():
    steps = (0.2, 0.9, 0.4)
    tasks = double(20)
    with jax.enable_x64(True):
        weights = np.zeros((20, 10))
        for step in steps:
            residual = tasks.targets - np.einsum("tnd,td->tn", tasks.inputs, weights)
            weights = weights + step * np.einsum("tnd,tn->td", tasks.inputs, residual)
        found = descent.sensitivities(tasks, descent.gradient_descent(steps))[1]
        np.testing.assert_allclose(found, weights, atol=1e-10)


def test_a_token_clip_is_that_of_the_network():
    steps = Steps(np.array([3.0, 2.0, 1.0]), np.array([0.2, 0.3, 0.1]))
    tasks = double(50)
    with jax.enable_x64(True):
        model = Model(layers=3, token_clip=0.6)
        right = transformer.predict_each(model, descent.hand_set(steps, 10), tasks)
        found = descent.predict(tasks, steps, clip=0.6)
        np.testing.assert_allclose(found, right, atol=1e-10)
        assert np.max(np.abs(found - descent.predict(tasks, steps))) > 0.1


def test_blocks_do_not_change_predictions():
    tasks, steps = fresh(2 * descent.BLOCK), Steps(np.full(2, 1.3), np.full(2, 0.17))
    whole = descent._predict(tasks, steps, None)
    np.testing.assert_allclose(descent.predict(tasks, steps), whole, atol=1e-6)


def test_momentum_and_newton_schulz_are_their_polynomials():
    tasks = double(20)
    with jax.enable_x64(True):
        ball = {"step": np.array([0.4]), "momentum": np.array([0.5])}
        scale = {"scale": np.array([0.05])}
        for name, weights, parameters in (
            ("heavy_ball", descent.heavy_ball(tasks, 0.4, 0.5, 4), ball),
            ("newton_schulz", descent.newton_schulz(tasks, 0.05, 4), scale),
        ):
            right = by_eigenvalues((name, "shared"), parameters, 4, tasks)
            np.testing.assert_allclose(np.sum(weights * tasks.query, axis=-1), right, atol=1e-8)


def test_newton_schulz_finds_the_inverse():
    tasks = double(10, n=50)
    with jax.enable_x64(True):
        weights = descent.newton_schulz(tasks, 1 / eigenbasis.eigenvalues(tasks).max() ** 2, 20)
        least_squares = np.einsum("tdn,tn->td", np.linalg.pinv(tasks.inputs), tasks.targets)
        np.testing.assert_allclose(weights, least_squares, atol=1e-8)


def test_the_loss_on_tasks_is_that_of_the_predictions():
    tasks, steps = fresh(2000), Steps(np.full(2, 1.346), np.full(2, 0.1755))
    parameters = {"step": steps.steps, "gamma": steps.gammas}
    found = FAMILIES["gd_plus_plus", "shared"].task_loss(parameters, 2, eigenbasis.spectrum(tasks))
    right = float(linear.half_mean_square(descent.predict(tasks, steps), tasks.target))
    assert found == pytest.approx(right, rel=1e-5)


@pytest.mark.parametrize("method", FAMILIES)
@pytest.mark.parametrize("layers", [1, 2, 5])
def test_slopes_are_finite_differences(method, layers, draws):
    family, where = FAMILIES[method], eigenbasis.nodes(draws.first[:50])
    rng = np.random.default_rng(3)
    at = np.log(family.start(layers, 6.0)) + 0.1 * rng.normal(size=len(family.start(layers, 6.0)))
    slope = optima.loss(family, layers, at, where)[1]
    for index in range(len(at)):
        move = 1e-5 * np.eye(len(at))[index]
        ends = [optima.loss(family, layers, at + sign * move, where)[0] for sign in (1, -1)]
        assert slope[index] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("method", FAMILIES)
@pytest.mark.parametrize("layers", [2, 3])
def test_nothing_near_an_optimum_is_better_and_it_is_found_again(method, layers, draws):
    draws = Draws(draws.first, draws.first)
    found = optima.search(method, layers, draws, 3)
    rng = np.random.default_rng(4)
    for _ in range(20):
        changed = {key: value * np.exp(0.01 * rng.normal()) for key, value in found.parameters.items()}
        if "step" in changed and len(changed["step"]) == layers:
            changed["step"] = found.parameters["step"] * np.exp(0.01 * rng.normal(size=1))
        assert FAMILIES[method].population_loss(changed, layers, draws.first) >= found.searched * (1 - 1e-6)
    again = optima.search(method, layers, draws, 3)
    assert all(np.array_equal(again.parameters[key], value) for key, value in found.parameters.items())


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_rates_of_their_own_have_a_known_optimum(layers, draws):
    nodes = eigenbasis.nodes(draws.first)
    rates, loss = eigenbasis.best_polynomial(nodes, layers)
    found = optima.search(("gd", "separate"), layers, draws, 3)
    np.testing.assert_allclose(found.parameters["step"], np.sort(rates), rtol=2e-3)
    assert found.searched == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize(("layers", "room"), [(2, 0.02), (3, 0.06)])
def test_gd_plus_plus_is_above_the_best_polynomial_of_its_degree_and_close_to_it(layers, room, draws):
    bound = eigenbasis.best_polynomial(eigenbasis.nodes(draws.first), (3**layers - 1) // 2)[1]
    found = optima.search(PLUS_PLUS, layers, draws, 6)
    assert bound * (1 - 1e-3) <= found.searched <= bound * (1 + room)


def test_optima_of_the_inventory(draws):
    known = {
        ("gd", "shared", 2): 0.1566,
        ("gd", "separate", 2): 0.1413,
        ("gd_plus_plus", "shared", 2): 0.1108,
        ("gd_plus_plus", "shared", 5): 0.0519,
        ("gd", "separate", 5): 0.0793,
    }
    for (name, sharing, layers), value in known.items():
        assert optima.search((name, sharing), layers, draws, 2).searched == pytest.approx(value, rel=0.04)


def test_the_closed_form_is_a_chebyshev_polynomial():
    angles, top = np.linspace(0.01, np.pi / 2, 50), 5.0
    for layers in (1, 2, 4):
        parameters = FAMILIES[PLUS_PLUS].expand(residuals.tripling(layers, top), layers)
        found = residuals.gd_plus_plus(parameters, layers, top * np.sin(angles) ** 2)
        right = np.sin(3**layers * angles) / (3**layers * np.sin(angles))
        np.testing.assert_allclose(found, right, atol=1e-9)


def test_a_few_nodes_stand_for_all_eigenvalues(draws):
    for layers in (2, 5):
        parameters = FAMILIES[PLUS_PLUS].expand(residuals.tripling(layers, 6.0), layers)
        few = eigenbasis.nodes(draws.first, groups=2000, ends=300)
        squares = residuals.gd_plus_plus(parameters, layers, few.values) ** 2
        found = 1 / 24 * np.sum(few.weights * squares)
        right = FAMILIES[PLUS_PLUS].population_loss(parameters, layers, draws.first)
        assert np.sum(few.weights) == pytest.approx(10) and found == pytest.approx(right, rel=1e-3)


def test_the_released_gradient_is_the_mean_over_the_whole_block():
    settings = tuned.released(load(), "full", 2, "separate")
    entries, tasks = released.start(settings, 8.0), fresh(256)
    slope = released.modified(jax.grad(released.loss, argnums=1)(settings, entries, tasks), 1e9)
    found = {"value": slope[:2], "projection": slope[2:]}
    steps = released.steps_of(settings, entries)
    weights = descent.hand_set(Steps(*map(np.asarray, steps)), 10)
    matrices = engine.loss_and_gradient(Model(layers=2), weights, tasks)[1]
    for layer in range(2):
        for name, (x, y) in found.items():
            matrix = np.asarray(matrices[f"{layer}/{name}"][0])
            assert float(x[layer]) == pytest.approx(np.trace(matrix[:10, :10]) / 100, rel=1e-3, abs=1e-6)
            assert float(y[layer]) == pytest.approx(matrix[10, 10], rel=1e-3)


def test_a_clipped_gradient_has_the_norm_of_the_matrices():
    entries = released.Entries(*(jnp.array([value]) for value in (100.0, 2.0, 300.0, 4.0)))
    found = released.modified(entries, 0.001)
    norm = np.sqrt(10 * found.value_x[0] ** 2 + found.value_y[0] ** 2 + 10 * found.projection_x[0] ** 2)
    assert np.sqrt(norm**2 + found.projection_y[0] ** 2) == pytest.approx(0.001, rel=1e-5)
    assert float(found.value_x[0] / found.value_y[0]) == pytest.approx(1.0 / 2.0, rel=1e-5)


def test_the_released_recipe_improves_on_its_start_and_repeats():
    settings = tuned.released(load(), "smoke", 2, "shared").model_copy(
        update={"steps": 100, "search_tasks": 200}
    )
    rate = released.line_search(settings)
    (found, losses), (again, _) = (released.train(settings, rate) for _ in range(2))
    assert np.array_equal(found.steps, again.steps) and len(losses) == 1
    tasks, start = fresh(2000), released.steps_of(settings, released.start(settings, rate))
    before, after = (
        linear.half_mean_square(descent.predict(tasks, steps), tasks.target) for steps in (start, found)
    )
    assert after < before


@pytest.fixture(scope="module")
def table():
    """Rows of optima.csv from few tasks, GD++ as trained taken as given."""
    trained = methods.Rows()
    for layers, sharing in tuned.RELEASED:
        key = Key("gd_plus_plus", layers, sharing, "released")
        for name, value in (("step", 0.5), ("gamma", 0.1), ("training_loss", 0.2)):
            trained.put(key, name, [value] * layers)
        trained.put(key, "start_rate", 5.0)
    searched = optima.Searched(300, 1, "threefry2x32")
    with pytest.raises(IcgdError, match="lack gd_plus_plus shared released of 2 layers"):
        tables.of_optima(searched, [])
    return tables.of_optima(searched, trained)


def test_a_table_of_methods_is_read_as_written(table, tmp_path):
    write_table(tmp_path / "optima.csv", methods.COLUMNS, table)
    found = methods.read(tmp_path / "optima.csv", 10, 10)
    assert set(found) == {
        *(f"{family} {sharing}" for family in methods.SEVERAL for sharing in ("shared", "separate")),
        *("heavy_ball", "chebyshev", "newton_schulz"),
        *("gd_plus_plus shared clipped", "gd_plus_plus shared released"),
    }
    free = {name: one.free for name, one in found.items()}
    assert (free["gd separate"], free["gd_plus_plus shared"], free["gd_plus_plus separate"]) == (10, 2, 19)
    assert free["heavy_ball"] == free["chebyshev"] == 2 and free["newton_schulz"] == 1
    key = Key("gd", 10, "separate")
    np.testing.assert_allclose(found["gd separate"].values[0], methods.values(table, key, "step"), rtol=1e-9)
    rows = read_table(tmp_path / "optima.csv")
    assert found["heavy_ball"].population == methods.values(
        rows, Key("heavy_ball", 10, "shared"), "loss_population"
    )
    with pytest.raises(IcgdError, match="no method of 4 layers and 10 context pairs"):
        methods.read(tmp_path / "optima.csv", 4, 10)


def test_methods_learn_what_their_networks_do():
    method, tasks = methods.read(OPTIMA, 3, 10)["gd_plus_plus shared"], fresh(600)
    bounded = (
        np.asarray(descent.weights(tasks, method.steps)[1]) < 4.0
    )  # tasks no token of which reaches the clip
    assert 0.5 < np.mean(bounded) < 0.7
    right = engine.predict(Model(layers=3, token_clip=4.0), method.hand_set(10), tasks)
    clipped, plain = method.fit(tasks, 4.0), method.fit(tasks)
    np.testing.assert_allclose(clipped[0], right, atol=1e-4)
    np.testing.assert_allclose(method.predict(tasks, 4.0), right, atol=1e-4)
    np.testing.assert_allclose(np.sum(plain[1] * tasks.query, axis=-1), plain[0], atol=1e-4)
    for ours, theirs in zip(clipped, plain, strict=True):
        np.testing.assert_allclose(ours[bounded], theirs[bounded], atol=1e-3)
        assert np.max(np.abs(ours - theirs)) > 0.1


def test_momentum_has_no_network():
    with pytest.raises(IcgdError, match="heavy_ball has no steps"):
        methods.read(OPTIMA, 2, 10)["heavy_ball"].hand_set(10)


def test_settings_that_are_recorded_are_those_of_today():
    for layers, sharing in tuned.RELEASED:
        record = read_json(f"results/full/references/released-{layers}-{sharing}.csv.provenance.json")
        assert record["settings"] == tuned.released(load(), "full", layers, sharing).model_dump(mode="json")
