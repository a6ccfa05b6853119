"""Linear models read off networks and methods, against differentiation of what predicts."""

import jax
import numpy as np
import pytest

from icgd.analysis import alignment, learnt, opponents, stacks
from icgd.analysis.opponents import Opponent
from icgd.config import Model
from icgd.models import transformer
from icgd.references import multistep
from icgd.tasks import linear
from icgd.training import engine

sensitivities = jax.jit(alignment.sensitivities, static_argnums=0)
STEPS, GAMMAS = np.array([1.2, 0.8, 0.9]), np.array([0.15, 0.1, 0.0])


@pytest.fixture(scope="module")
def tasks():
    return linear.sample(jax.random.key(1), 600, 10, 10)


def double(tasks):
    return linear.Tasks(*(np.asarray(part, np.float64) for part in tasks))


def agree(ours, theirs, atol):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=atol)


@pytest.mark.parametrize(
    "model",
    [Model(), Model(heads=2), Model(layers=3, recurrent=True), Model(layers=2, heads=2)],
    ids=repr,
)
def test_a_networks_models_are_its_gradients_in_the_query(model, tasks):
    with jax.enable_x64(True):
        weights = transformer.initialise(model, 10, jax.random.key(2))
        weights = {name: 4 * np.asarray(matrix, np.float64) for name, matrix in weights.items()}
        assert engine.is_linear_in_query(model)
        found = jax.jit(engine.linear_models, static_argnums=0)(model, weights, double(tasks))
        agree(found[:2], sensitivities(model, weights, double(tasks)), 1e-10)
        tokens = np.abs(transformer.sequence(model, double(tasks))).max(axis=(0, 1))
        assert model.layers == 1 or np.all(found[2] > 0.1 * tokens)


@pytest.mark.parametrize(
    "settings",
    [
        {"softmax_layers": 1},
        {"layer_norm": "every"},
        {"mlp": True},
        {"include_query": True},
        {"alternating": True, "position_size": 10},
    ],
    ids=repr,
)
def test_other_networks_are_differentiated(settings):
    assert not engine.is_linear_in_query(Model(layers=2, **settings))


@pytest.mark.parametrize("clip", [2.0, 10.0])
def test_tasks_that_reach_the_clip_are_computed_under_it(clip, tasks):
    stack, model = stacks.hand_set(STEPS, GAMMAS, 10), Model(layers=3, token_clip=clip)
    exact = sensitivities(model, stack.weights, tasks)
    agree(learnt.by_network(model, stack.weights, tasks), exact, 1e-5)
    method = Opponent("descent", 3, (STEPS, GAMMAS), 5, np.nan)
    agree(method.learn(tasks, clip), opponents._clipped(clip, tasks, (STEPS, GAMMAS)), 1e-5)
    unclipped = learnt.by_network(Model(layers=3), stack.weights, tasks)
    assert (np.abs(unclipped.prediction - exact[0]).max() > 1e-3) == (clip < 10)


def test_the_bounds_are_no_smaller_than_any_token(tasks):
    """Where the bound is below the clip, clipping there changes nothing; just below the bound it may."""
    _, largest = opponents._weights("descent", 3, tasks, STEPS, GAMMAS)
    recipe = multistep.Recipe(STEPS, GAMMAS)
    free = np.asarray(multistep.predict(tasks, recipe))
    for clip in np.quantile(largest, [0.1, 0.5, 0.9]):
        changed = np.abs(np.asarray(multistep.predict(tasks, recipe, float(clip))) - free) > 1e-5
        assert changed.any() and not np.any(changed & (np.asarray(largest) < learnt.MARGIN * clip))


def test_weights_of_gd_plus_plus_are_its_gradients(tasks):
    recipe = multistep.Recipe(STEPS, GAMMAS)
    with jax.enable_x64(True):
        prediction, gradient = jax.jit(multistep.learnt)(double(tasks), recipe)
        weights, _ = jax.jit(multistep.weights)(double(tasks), recipe)
        np.testing.assert_allclose(weights, gradient, atol=1e-10)
        np.testing.assert_allclose(np.sum(weights * tasks.query, axis=-1), prediction, atol=1e-10)


def test_several_networks_at_once_are_each_alone(tasks):
    model = Model()
    networks = [transformer.initialise(model, 10, jax.random.key(seed)) for seed in range(3)]
    for one, weights in zip(learnt.by_networks(model, networks, tasks), networks, strict=True):
        agree(one, learnt.by_network(model, weights, tasks), 1e-6)
    losses = [learnt.loss(one, tasks) for one in learnt.by_networks(model, networks, tasks)]
    assert learnt.losses(model, networks, tasks) == pytest.approx(losses, rel=1e-6)
