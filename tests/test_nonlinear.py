"""Softmax references, heads, and what stands in for networks with softmax or LayerNorm as a control."""

import jax
import numpy as np
import pytest

from icgd.analysis import alignment, heads, nonlinear
from icgd.config import Model
from icgd.randomness import stream
from icgd.references import gradient_descent, softmax
from icgd.tasks import linear, published
from icgd.tasks.linear import half_mean_square

S2 = 1 / 12
PAIR = softmax.Heads((2.0, -3.0), (0.9, -1.1))


def fresh(count=20_000, d=10, n=10, seed=0):
    return linear.sample(stream(seed, "test", "threefry2x32"), count, d, n)


def loss(tasks, learnt):
    return float(half_mean_square(learnt[0], tasks.target))


def test_debiased_descent_has_the_loss_of_the_inventory_on_the_published_tasks():
    tasks = published.tasks()
    assert loss(tasks, softmax.debiased(tasks, 0.6225)) == pytest.approx(0.21783, abs=1e-5)


@pytest.mark.parametrize(("d", "n"), [(10, 10), (5, 10), (10, 25)])
def test_debiased_optimum_matches_a_sample(d, n):
    tasks, rate = fresh(d=d, n=n), softmax.debiased_rate(d, n, S2)
    squares = 0.5 * np.asarray(softmax.debiased(tasks, rate)[0] - tasks.target) ** 2
    error = np.std(squares) / np.sqrt(len(squares))
    assert abs(np.mean(squares) - softmax.debiased_loss(d, n, S2)) < 4 * error
    unit = np.asarray(softmax.debiased(tasks, 1.0)[0], np.float64)
    best = np.mean(unit * np.asarray(tasks.target)) / np.mean(unit**2)
    assert best == pytest.approx(rate, rel=0.03)


def test_without_its_share_of_the_mean_debiased_descent_is_descent():
    tasks = fresh(50)
    np.testing.assert_allclose(
        softmax.debiased(tasks, 0.6, 0.0)[0], gradient_descent.one_step(tasks, 6.0), rtol=1e-4, atol=1e-6
    )


ONE, TWO = (1,), (1, -1)  # signs of the heads


@pytest.mark.parametrize(
    ("signs", "sharpness", "value"),
    [(ONE, 0.2, 0.409), (ONE, 4.0, 0.3048), (ONE, 7.3, 0.2901), (TWO, 0.2, 0.2178), (TWO, 3.6, 0.2146)],
)
def test_heads_have_the_losses_of_the_inventory_on_the_published_tasks(signs, sharpness, value):
    tasks = published.tasks()
    found = softmax.fitted(tasks, sharpness, signs)
    assert loss(tasks, softmax.predict(tasks, found)) == pytest.approx(value, abs=4e-4)


def test_a_turned_head_is_as_good_but_for_the_draw():
    head = softmax.Heads((7.2,), (0.8,))
    errors = {}
    for name, tasks in (("published", published.tasks()), ("fresh", fresh(50_000))):
        both = [softmax.predict(tasks, found)[0] for found in (head, nonlinear.turned(head))]
        errors[name] = 0.5 * (np.asarray(both) - np.asarray(tasks.target)) ** 2
    np.testing.assert_allclose(np.mean(errors["published"], axis=1), [0.2902, 0.2862], atol=2e-4)
    gap = errors["fresh"][0] - errors["fresh"][1]
    assert abs(np.mean(gap)) < 4 * np.std(gap) / np.sqrt(len(gap))


@pytest.mark.parametrize(("signs", "sharpness", "value"), [(ONE, 7.3, 0.2901), (TWO, 3.6, 0.2146)])
def test_the_search_finds_the_best_heads(signs, sharpness, value):
    found = softmax.sharpest(fresh(5000), signs)
    assert found.sharpness[0] == pytest.approx(sharpness, rel=0.1)
    tasks = published.tasks()
    assert loss(tasks, softmax.predict(tasks, found)) == pytest.approx(value, abs=1e-3)


def test_hand_set_heads_predict_and_depend_on_the_query_as_the_formula_says():
    tasks = fresh(64)
    model = Model(softmax_layers=1, heads=2)
    theirs = alignment.sensitivities(model, softmax.hand_set(PAIR, 10), tasks)
    for mine, right in zip(softmax.predict(tasks, PAIR), theirs, strict=True):
        np.testing.assert_allclose(mine, right, atol=1e-5)


def test_small_opposite_heads_are_debiased_descent():
    tasks = fresh(2000)
    found = softmax.fitted(tasks, 0.1, (1, -1))
    step = 2 * 0.1 * found.scale[0] / 10
    agreement = alignment.agreement(softmax.predict(tasks, found), softmax.debiased(tasks, step))
    assert agreement["model_cos"] > 0.9999 and float(agreement["fitted_scale"]) == pytest.approx(1, abs=0.01)


def two_heads():
    rng = np.random.default_rng(0)
    common = rng.normal(size=(10, 10))
    return heads.Heads(np.array([-0.9, 1.0]), np.stack([3 * np.eye(10) + common, -3 * np.eye(10) + common]))


def test_weights_give_the_heads_that_were_set():
    found = heads.hand_set(PAIR, 10)
    np.testing.assert_allclose(found.values, [-0.9, 1.1], rtol=1e-6)
    np.testing.assert_allclose(found.logits, np.array([2.0, -3.0])[:, None, None] * np.eye(10), atol=1e-5)


def test_planted_heads_are_of_the_stated_size():
    planted = heads.planted(two_heads(), heads.hand_set(PAIR, 10), jax.random.key(0))
    signs = {name: heads.value_measures(found)["opposite_signs"] for name, found in planted.items()}
    assert [name for name, sign in signs.items() if not sign] == ["same_sign"]
    found = {name: heads.product_measures(planted[name]) for name in ("none", "mirrored", "unlike_0.6")}
    assert found["none"]["offdiagonal_correlation"] == pytest.approx(-1)
    assert found["mirrored"]["offdiagonal_sum"] == pytest.approx(0, abs=1e-12)
    assert found["unlike_0.6"]["offdiagonal_correlation"] == pytest.approx(-0.8, abs=0.1)
    assert heads.value_measures(planted["unbalanced_1.5"])["value_balance"] > 0.25


def test_a_nudge_of_2_5_percent_takes_5_percent_of_the_loss():
    tasks, descent = fresh(1000), nonlinear.descent(6.0, 10)
    share = loss(tasks, nonlinear.nudged(descent).learn(tasks)) / loss(tasks, descent.learn(tasks))
    assert share == pytest.approx(0.975**2, rel=1e-3)


@pytest.mark.parametrize("size", nonlinear.TILTS)
def test_a_tilt_is_of_the_stated_size(size):
    tasks, noise = fresh(1000), jax.random.normal(jax.random.key(1), (10, 10))
    gd = nonlinear.descent(6.0, 10).learn(tasks)
    tilted = nonlinear.tilted(6.0, 10, size, noise).learn(tasks)
    cosine = float(alignment.agreement(tilted, gd)["model_cos"])
    assert cosine == pytest.approx((1 + size**2) ** -0.5, abs=0.03)
