"""Methods of several steps: their polynomial form against explicit steps, their optima, their recipe."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icgd import tuning
from icgd.analysis import conditioning, families
from icgd.analysis.searched import PublishedTasks
from icgd.config import Model, load
from icgd.errors import IcgdError
from icgd.files import read_table
from icgd.models import transformer
from icgd.randomness import stream
from icgd.references import gradient_descent, multistep, optima, recipes, released, residuals, spectra
from icgd.references.multistep import Recipe
from icgd.references.optima import Draws
from icgd.references.recipes import Key
from icgd.references.residuals import FAMILIES
from icgd.tasks import linear
from icgd.training import engine

S2 = 1 / 12
PLUS_PLUS = ("gd_plus_plus", "separate")


def fresh(count, n=10, seed=0):
    return linear.sample(stream(seed, "solvers", "threefry2x32"), count, 10, n)


def double(count, n=10):
    """Fresh tasks as float64 arrays (drawn in float32, as everywhere)."""
    return linear.Tasks(*(np.asarray(part, np.float64) for part in fresh(count, n)))


@pytest.fixture(scope="module")
def draws():
    return Draws(*(spectra.eigenvalues(fresh(1500, seed=seed)) for seed in (1, 2)))


def by_eigenvalues(method, parameters, layers, tasks):
    """Predictions through the residual polynomial: sum_i (1 - R(l_i)) / l_i overlaps_i."""
    found = spectra.spectrum(tasks)
    kept = 1 - FAMILIES[method].residual(parameters, layers, found.values)
    return np.sum(kept / found.values * found.overlaps, axis=-1)


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_three_forms_of_gd_plus_plus_agree(layers):
    rng = np.random.default_rng(layers)
    recipe = Recipe(rng.uniform(0.1, 0.6, layers), rng.uniform(0.02, 0.2, layers))
    tasks = double(20)
    with jax.enable_x64(True):
        prediction, weights = multistep.learnt(tasks, recipe)
        hand_set = multistep.hand_set(recipe, 10)
        by_network = transformer.predict_each(Model(layers=layers), hand_set, tasks)
        np.testing.assert_allclose(prediction, by_network, atol=1e-8)
        np.testing.assert_allclose(prediction, np.sum(weights * tasks.query, axis=-1), atol=1e-8)
        right = by_eigenvalues(PLUS_PLUS, {"step": recipe.steps, "gamma": recipe.gammas}, layers, tasks)
        np.testing.assert_allclose(prediction, right, atol=1e-8)


def test_gradient_descent_with_a_rate_for_each_step_is_the_recursion_on_w():
    steps = (0.2, 0.9, 0.4)
    tasks = double(20)
    with jax.enable_x64(True):
        weights = np.zeros((20, 10))
        for step in steps:
            residual = tasks.targets - np.einsum("tnd,td->tn", tasks.inputs, weights)
            weights = weights + step * np.einsum("tnd,tn->td", tasks.inputs, residual)
        found = multistep.learnt(tasks, multistep.gradient_descent(steps))[1]
        np.testing.assert_allclose(found, weights, atol=1e-10)


def test_a_token_clip_is_that_of_the_network():
    recipe = Recipe(np.array([3.0, 2.0, 1.0]), np.array([0.2, 0.3, 0.1]))
    tasks = double(50)
    with jax.enable_x64(True):
        model = Model(layers=3, token_clip=0.6)
        right = transformer.predict_each(model, multistep.hand_set(recipe, 10), tasks)
        found = multistep.predict(tasks, recipe, clip=0.6)
        np.testing.assert_allclose(found, right, atol=1e-10)
        assert np.max(np.abs(found - multistep.predict(tasks, recipe))) > 0.1


def test_blocks_do_not_change_predictions():
    tasks, recipe = fresh(2 * multistep.BLOCK), Recipe(np.full(2, 1.3), np.full(2, 0.17))
    whole = multistep._predict(tasks, recipe, None)
    np.testing.assert_allclose(multistep.predict(tasks, recipe), whole, atol=1e-6)


def test_momentum_and_newton_schulz_are_their_polynomials():
    tasks = double(20)
    with jax.enable_x64(True):
        ball = {"step": np.array([0.4]), "momentum": np.array([0.5])}
        scale = {"scale": np.array([0.05])}
        for name, weights, parameters in (
            ("heavy_ball", multistep.heavy_ball(tasks, 0.4, 0.5, 4), ball),
            ("newton_schulz", multistep.newton_schulz(tasks, 0.05, 4), scale),
        ):
            right = by_eigenvalues((name, "shared"), parameters, 4, tasks)
            np.testing.assert_allclose(np.sum(weights * tasks.query, axis=-1), right, atol=1e-8)


def test_newton_schulz_finds_the_inverse():
    tasks = double(10, n=50)
    with jax.enable_x64(True):
        weights = multistep.newton_schulz(tasks, 1 / spectra.eigenvalues(tasks).max() ** 2, 20)
        least_squares = np.einsum("tdn,tn->td", np.linalg.pinv(tasks.inputs), tasks.targets)
        np.testing.assert_allclose(weights, least_squares, atol=1e-8)


def test_losses_are_those_of_the_first_implementation(draws):
    steps, gammas = [0.5, 1.5, 2.0], [0.2, 0.3, 0.0]
    parameters = {"step": np.array(steps), "gamma": np.array(gammas)}
    found = optima.population_loss(PLUS_PLUS, parameters, 3, draws.first, S2)
    assert found == pytest.approx(gradient_descent.eigenvalue_loss(draws.first, S2, steps, gammas), rel=1e-12)


def test_the_loss_on_tasks_is_that_of_the_predictions():
    tasks, recipe = PublishedTasks(2000), Recipe(np.full(2, 1.346), np.full(2, 0.1755))
    found = tasks.loss(("gd_plus_plus", "shared"), {"step": recipe.steps, "gamma": recipe.gammas}, 2)
    prediction = multistep.predict(tasks.tasks, recipe)
    assert found == pytest.approx(float(linear.half_mean_square(prediction, tasks.tasks.target)), rel=1e-5)


@pytest.mark.parametrize("method", FAMILIES)
@pytest.mark.parametrize("layers", [1, 2, 5])
def test_slopes_are_finite_differences(method, layers, draws):
    family, where = FAMILIES[method], spectra.nodes(draws.first[:50])
    rng = np.random.default_rng(3)
    at = np.log(family.start(layers, 6.0)) + 0.1 * rng.normal(size=len(family.start(layers, 6.0)))
    slope = optima.loss(family, layers, at, where, S2)[1]
    for index in range(len(at)):
        move = 1e-5 * np.eye(len(at))[index]
        ends = [optima.loss(family, layers, at + sign * move, where, S2)[0] for sign in (1, -1)]
        assert slope[index] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("method", FAMILIES)
@pytest.mark.parametrize("layers", [2, 3])
def test_nothing_near_an_optimum_is_better_and_it_is_found_again(method, layers, draws):
    draws = Draws(draws.first, draws.first)
    found = optima.search(method, layers, draws, 3, S2)
    rng = np.random.default_rng(4)
    for _ in range(20):
        changed = {key: value * np.exp(0.01 * rng.normal()) for key, value in found.parameters.items()}
        if "step" in changed and len(changed["step"]) == layers:
            changed["step"] = found.parameters["step"] * np.exp(0.01 * rng.normal(size=1))
        assert optima.population_loss(method, changed, layers, draws.first, S2) >= found.searched * (1 - 1e-6)
    again = optima.search(method, layers, draws, 3, S2)
    assert all(np.array_equal(again.parameters[key], value) for key, value in found.parameters.items())


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_rates_of_their_own_have_a_known_optimum(layers, draws):
    nodes = spectra.nodes(draws.first)
    rates, loss = spectra.best_polynomial(nodes, layers, S2)
    found = optima.search(("gd", "separate"), layers, draws, 3, S2)
    np.testing.assert_allclose(found.parameters["step"], np.sort(rates), rtol=2e-3)
    assert found.searched == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize(("layers", "room"), [(2, 0.02), (3, 0.06)])
def test_gd_plus_plus_is_above_the_best_polynomial_of_its_degree_and_close_to_it(layers, room, draws):
    bound = spectra.best_polynomial(spectra.nodes(draws.first), (3**layers - 1) // 2, S2)[1]
    found = optima.search(PLUS_PLUS, layers, draws, 6, S2)
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
        assert optima.search((name, sharing), layers, draws, 2, S2).searched == pytest.approx(value, rel=0.04)


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
        few = spectra.nodes(draws.first, groups=2000, ends=300)
        squares = residuals.gd_plus_plus(parameters, layers, few.values) ** 2
        found = S2 / 2 * np.sum(few.weights * squares)
        right = optima.population_loss(PLUS_PLUS, parameters, layers, draws.first, S2)
        assert np.sum(few.weights) == pytest.approx(10) and found == pytest.approx(right, rel=1e-3)


def test_the_released_gradient_is_the_mean_over_the_whole_block():
    settings = dataclasses.replace(
        tuning.released(load(), "full", 2, "separate"), token_clip=None, clip_norm=1e9
    )
    entries, tasks = released.start(settings, 8.0), fresh(256)
    slope = released.modified(jax.grad(released.loss, argnums=1)(settings, entries, tasks), 1e9)
    found = {"value": slope[:2], "projection": slope[2:]}
    recipe = released.recipe(settings, entries)
    weights = multistep.hand_set(Recipe(*map(np.asarray, recipe)), 10)
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
    settings = dataclasses.replace(tuning.released(load(), "smoke", 2, "shared"), steps=100, search_tasks=200)
    rate = released.line_search(settings)
    (found, losses), (again, _) = (released.train(settings, rate) for _ in range(2))
    assert np.array_equal(found.steps, again.steps) and len(losses) == 1
    tasks, start = fresh(2000), released.recipe(settings, released.start(settings, rate))
    before, after = (
        linear.half_mean_square(multistep.predict(tasks, recipe), tasks.target) for recipe in (start, found)
    )
    assert after < before


def test_a_table_of_recipes_is_read_as_written(tmp_path):
    rows, key = recipes.Rows(), Key("gd_plus_plus", 2, "separate")
    rows.put(key, "step", [0.4, 3.6])
    rows.put(key, "gamma", [0.39, 0.0])
    rows.put(key, "loss_population", 0.0923)
    found = recipes.recipe(rows, key)
    assert found.steps.tolist() == [0.4, 3.6] and found.gammas.tolist() == [0.39, 0.0]
    assert recipes.values(rows, key, "loss_population").tolist() == [0.0923]
    with pytest.raises(IcgdError, match="no released of separate gd_plus_plus, 2 layers"):
        recipes.recipe(rows, key._replace(recipe="released"))


def test_the_gamma_of_the_extremes_is_the_least():
    for least, largest in ((0.097, 7.712), (0.666, 10.845), (2.87, 17.196)):
        grid = np.linspace(1e-3, 0.9999, 20_001) / largest
        best = grid[np.argmin(conditioning.of_extremes(grid, least, largest))]
        assert conditioning.best_of_extremes(least, largest) == pytest.approx(best, rel=1e-3)


def test_condition_numbers_of_known_eigenvalues():
    values = np.array([[1.0, 4.0], [0.0, 1.0]])
    assert conditioning.condition(values).tolist() == [4.0, np.inf]
    np.testing.assert_allclose(conditioning.moved(values[0], 0.1), [0.81, 1.44])
    assert conditioning.of_extremes(0.0, 1.0, 4.0) == 4.0
    around = 10 ** np.random.default_rng(5).normal(0.7, 0.15, 20_000)
    assert conditioning.mode(np.append(around, np.inf)) == pytest.approx(0.7, abs=0.03)
    shift = conditioning.mode(0.92 * around) - conditioning.mode(around)
    assert shift == pytest.approx(np.log10(0.92), abs=0.006)


def test_published_losses_are_read_at_the_last_step():
    curves = read_table("published/von-oswald-2022-curves.csv")
    ends = {figure: families.final_losses(curves, figure) for figure in families.FIGURE.values()}
    assert all(len(losses) == 5 for losses in ends.values())
    assert 0.113 < min(ends["fig3a"]) and max(ends["fig3a"]) < 0.1146
    assert max(ends["fig3b"]) == pytest.approx(0.0213, rel=0.02)
    assert 0.0526 < min(ends["fig7"]) and max(ends["fig7"]) < 0.0548


def test_a_power_of_the_depth_does_not_steepen():
    assert families.steepening([depth**-0.7 for depth in families.STEEPENING]) == pytest.approx(1)
    assert families.steepening([0.4**depth for depth in families.STEEPENING]) == pytest.approx(
        1.5875, rel=1e-3
    )
