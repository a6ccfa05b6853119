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
from icgd.measures import language
from icgd.measures.request import Request
from icgd.models import causal as readable
from icgd.random import stream
from icgd.tasks import text
from icgd.training import causal, loop, points, steps

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
    assert float(causal.loss(SMALL, blank, pieces)) == pytest.approx(np.log(config.BYTES), rel=1e-5)


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


def made(**losses):
    """Variants with these losses at every byte."""
    return language.Variants({name: np.full(256, value) for name, value in losses.items()}, {}, 3.0)


def test_differences_of_variants_have_the_sign_that_they_say():
    found = made(linear=2.0, mesa=1.9, softmax=1.85)
    assert language.mesa_gain(found) == pytest.approx(0.1)
    assert language.mesa_behind_softmax(found) == pytest.approx(0.05)
    assert language.context_gain(found) == pytest.approx(0)
    found.losses["mesa"][200:] -= 0.3
    assert language.context_gain(found) == pytest.approx(0.3)
    assert language.break_with_norm(found) == 0
    assert np.isnan(language.break_without_norm(found)) and np.isnan(language.forgetting_gain(found))
    found.losses["linear"][:] = np.nan  # diverged
    assert language.break_with_norm(found) == 1


def test_features_help_only_where_each_order_does():
    orders = {"mesa": 1.9, "mesa features=0": 2.0, "mesa features=3": 1.85}
    assert language.features_help_mesa(made(**orders)) == pytest.approx(0.05)
    assert language.features_help_mesa(made(**{**orders, "mesa features=3": 1.95})) == pytest.approx(-0.05)


@pytest.mark.parametrize(
    ("fault", "size", "measure", "value"),
    [
        ("below_linear", 0.01, "mesa_gain", 0.01),
        ("above_softmax", 0.02, "mesa_behind_softmax", 0.02),
        ("late", 0.006, "context_gain", 0.006),
        ("falls_by", 0.003, "features_help_linear", 0.003),
        ("below_mesa", 0.004, "forgetting_gain", 0.004),
        ("times_frequencies", 1.01, "break_with_norm", 2),
        ("times_frequencies", 0.99, "break_with_norm", 0),
    ],
)
def test_controls_are_of_the_size_that_they_say(fault, size, measure, value):
    found = made(
        **{"linear": 2.0, "mesa": 1.7, "softmax": 1.85, "linear features=0": 2.2, "mesa features=0": 2.1}
    )
    planted = language.FAULTS[fault, "language"](found, size)
    assert language.MEASURES[measure].function(planted) == pytest.approx(value)


def test_variants_are_named_by_their_last_layer_and_what_is_unusual():
    assert language.name(SMALL, SMALL) == "mesa"
    assert language.name(SMALL.model_copy(update={"features": 3}), SMALL) == "mesa features=3"
    assert language.name(SMALL.model_copy(update={"unit_keys": False}), SMALL) == "mesa unit_keys=0"
    plain = {"layers": ("softmax", "softmax"), "features": 0, "unit_keys": False}
    assert language.name(SMALL.model_copy(update=plain), SMALL) == "softmax"


def test_a_seed_is_read_on_what_is_held_out_and_attention_of_untrained_heads_is_even():
    changes = [{"layers": ["softmax", "linear"]}, {"layers": ["softmax", "mesa"]}]
    settings = SETTINGS.model_copy(update={"points": tuple({"causal": one} for one in changes)})
    runs = [loop.train(settings.at(point), [0])[0] for point in settings.points]
    done = [points.of_run(run.weights, run.history, run.diverged_at) for run in runs]
    small = settings.model_copy(update={"evaluation": config.Evaluation(tasks=200)})
    asked = [
        Request("byte_loss", "network", "", "held_out"),
        Request("byte_loss", "network", "", "held_out", "positions"),
        Request("looks_back", "untrained", "", "held_out"),
        Request("looks_back", "network evenly 8", "", "held_out"),
    ]
    rows, lines = language.answers(small, 0, done, asked)
    values = {(row["unit"], row["measure"], row["subject"]): row["value"] for row in rows}
    found = language.variants(small, 0, done)
    pieces = text.held_out(200, 20)
    direct = float(causal.loss(settings.at(settings.points[1]).causal, runs[1].weights, pieces))
    assert values["mesa seed 0", "byte_loss", "network"] == pytest.approx(direct, rel=1e-5)
    assert {line["unit"] for line in lines} == {"linear seed 0", "mesa seed 0"}
    assert values["seed 0", "looks_back", "network evenly 8"] == 0.5
    even = np.mean([4 / (t + 1) for t in range(4, 20)])  # of attention on all tokens alike
    assert set(found.attention) == {"linear", "mesa"}
    assert values["seed 0", "looks_back", "untrained"] == pytest.approx(even, abs=0.1)
    counts = np.bincount(text.learnt_from()) / len(text.learnt_from())
    following = np.asarray(pieces.symbols[:, 1:]).ravel()
    assert found.frequencies == pytest.approx(-np.mean(np.log(counts[following])), rel=1e-4)
    with pytest.raises(IcgdError, match="on 'held_out'"):
        language.answers(small, 0, done, [Request("mesa_gain", "network", "", "fresh")])
    with pytest.raises(IcgdError, match="no fault of language models"):
        language.answers(small, 0, done, [Request("mesa_gain", "network scaled 2", "", "held_out")])
