"""Text in place of the Pile: what is read, what is held out, the loss, and layers made for it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from icgd import config
from icgd.config import Causal, Optimiser, Settings, Task, Training
from icgd.errors import IcgdError
from icgd.models import causal as readable
from icgd.random import stream
from icgd.tasks import text
from icgd.training import causal, loop, steps

TASK = Task(family="text", inputs=config.BYTES, context=20)
SMALL = Causal(
    layers=("softmax", "mesa"),
    position="beside",
    layer_norm=True,
    final_norm=True,
    features=1,
    unit_keys=True,
    heads=2,
    key_size=4,
    width=16,
    init_std=0.3,
)
SETTINGS = Settings(
    task=TASK,
    causal=SMALL,
    optimiser=Optimiser(learning_rate=3e-3, clip_norm=1.0),
    training=Training(steps=30, batch=8, every=15, history_tasks=10),
)


def test_the_text_is_the_pinned_one_and_its_end_is_held_out():
    whole, seen = text.symbols(), text.learnt_from()
    assert whole.max() + 1 == config.BYTES and len(np.unique(whole)) == config.BYTES
    assert 0.94 < len(seen) / len(whole) < 0.96
    pieces = np.asarray(text.held_out(50, 20).symbols)
    assert pieces.shape == (50, 21)
    end = whole[len(seen) :]
    np.testing.assert_array_equal(pieces[0], end[:21])
    np.testing.assert_array_equal(pieces[-1], end[-21:])


def test_another_text_is_refused(monkeypatch):
    monkeypatch.setattr(text, "SHA256", "0" * 64)
    text.symbols.cache_clear()
    with pytest.raises(IcgdError, match="another text"):
        text.symbols()
    monkeypatch.undo()
    text.symbols.cache_clear()
    text.symbols()


def test_excerpts_are_pieces_of_the_text_from_everywhere():
    line = jnp.arange(200)
    found = text.excerpts(stream(0, "text", "threefry2x32"), line, 500, 20).symbols
    assert jnp.all(jnp.diff(found, axis=1) == 1)
    assert found.min() == 0 and found.max() == 199
    assert abs(float(jnp.mean(found[:, 0])) - 89.5) < 4 * 180 / np.sqrt(12 * 500)


def test_the_loss_is_cross_entropy_in_nats_and_has_its_gradient():
    weights = readable.initialise(SMALL, config.BYTES, stream(0, "weights", "threefry2x32"))
    pieces = text.held_out(6, 20)

    def textbook(weights):
        seen, following = pieces.symbols[:, :-1], pieces.symbols[:, 1:]
        scores = readable.predict(SMALL, weights, jax.nn.one_hot(seen, config.BYTES))
        found = optax.softmax_cross_entropy_with_integer_labels(scores, following.astype(int))
        return jnp.mean(found)

    ours = causal.loss_and_gradient(SMALL, weights, pieces)
    theirs = jax.value_and_grad(textbook)(weights)
    assert float(ours[0]) == pytest.approx(float(theirs[0]), rel=1e-5)
    for name, slope in theirs[1].items():
        np.testing.assert_allclose(ours[1][name], slope, rtol=0, atol=1e-4 * float(jnp.max(jnp.abs(slope))))
    blank = {name: 0 * matrix for name, matrix in weights.items()}
    assert float(causal.loss(SMALL, blank, pieces)) == pytest.approx(np.log(config.BYTES), rel=1e-6)


def test_nothing_is_known_of_what_follows():
    weights = readable.initialise(SMALL, config.BYTES, stream(0, "weights", "threefry2x32"))
    piece = text.held_out(1, 20).symbols[:, :-1]
    other = piece.at[0, 12:].set(0)
    both = [causal.predict(SMALL, weights, text.states(one, config.BYTES)) for one in (piece, other)]
    np.testing.assert_array_equal(both[0][0, :12], both[1][0, :12])
    assert not np.array_equal(both[0][0, 12:], both[1][0, 12:])


def test_features_are_products_of_neighbours_and_keys_are_shifted():
    settings = SMALL.model_copy(update={"features": 2, "unit_keys": False, "key_shift": True})
    x = jnp.array([[[[1.0, -2.0, 3.0, 0.5], [1.0, 1.0, 1.0, 1.0]]]])
    q, k = readable.featured(settings, 1, x, x)
    r = np.array([1, 0, 3, 0.5, 0, 2, 0, 0])
    np.testing.assert_allclose(q[0, 0, 0], np.concatenate([r * np.roll(r, -1), r * np.roll(r, -2)]))
    np.testing.assert_array_equal(k[0, 0, 0], 0)
    np.testing.assert_allclose(k[0, 0, 1], q[0, 0, 0])
    same = readable.featured(settings.model_copy(update={"key_shift": False}), 0, x, x)  # a softmax layer
    np.testing.assert_array_equal(same[0], x)


def test_forgetting_weighs_the_past_and_leaves_its_solution_finite():
    keys = jax.random.normal(jax.random.key(0), (3, 200, 4))
    q, k, v = (readable.unit(one) for one in keys)
    gamma = 0.97
    found = readable.forgetful(q, k, v, 1.0, gamma)
    t = 150
    weight = gamma ** np.arange(t, -1, -1.0)
    gram = np.asarray(k[: t + 1]).T @ (weight[:, None] * np.asarray(k[: t + 1])) + gamma ** (t + 1) * np.eye(
        4
    )
    pairs = np.asarray(v[: t + 1]).T @ (weight[:, None] * np.asarray(k[: t + 1]))
    np.testing.assert_allclose(found[t], pairs @ np.linalg.solve(gram, np.asarray(q[t])), atol=2e-5)


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_a_network_learns_from_text_alone_or_beside_another_seed(seeds):
    runs = loop.train(SETTINGS, seeds)
    for run in runs:
        assert run.history[-1]["evaluation_loss"] < run.history[0]["evaluation_loss"] - 0.2
    sets = steps.training_sets(SETTINGS, seeds)
    assert sets.shape == (len(seeds), len(text.learnt_from()))
    held = partial(steps.history_sets, SETTINGS)
    np.testing.assert_array_equal(held((0,)).symbols, held((7,)).symbols)  # the same pieces for every seed
