"""Networks on alternating tokens: what measures say of hand-set ones, and of histories that are known."""

from itertools import combinations

import jax
import numpy as np
import pytest

from icgd.claims import intervals, registry
from icgd.config import Evaluation, Model, Settings, Task
from icgd.errors import IcgdError
from icgd.measures import attention, precedence
from icgd.measures.attention import Inside
from icgd.measures.grid import Grid, answer
from icgd.measures.network import Network
from icgd.measures.request import Request
from icgd.models import transformer
from icgd.references import alternating, descent
from icgd.statements.published_figures import readings
from icgd.tasks import linear, tokens
from icgd.training import engine

MODEL = Model(layers=2, softmax_layers=1, alternating=True, position_size=10, init_variance=0.02)


def network(weights, model=MODEL, drop=20_000, jump=18_000, seed=0):
    """A network whose history is known: the loss drops, the sensitivity jumps."""
    evaluation = Evaluation(tasks=500, control_tasks=200, published_tasks=500)
    settings = Settings(task=Task(inputs=10, context=10), model=model, evaluation=evaluation)
    names = ("training_loss", "largest_loss")
    history = [
        {
            "step": step,
            "evaluation_loss": 0.92 if step == 0 else 0.45 if step < drop else 0.21,
            **dict.fromkeys(names, 0.4),
            **dict.fromkeys(("next", "next_each"), 0.9 * (step >= jump) + 0.01),
        }
        for step in range(0, 40_001, 50)
    ]
    own = Network(settings, seed, weights, history, experiment="alternating")
    others = {"alternating": [own], "one_layer": [Network(settings, 0, weights, history)]}
    return Network(settings, seed, weights, history, experiment="alternating", others=others.__getitem__)


def ask(one, measure, subject="network", tasks="fresh", **words):
    return answer(Grid(one), Request(measure, subject, tasks=tasks, **words))


@pytest.fixture(scope="module")
def tasks():
    return linear.sample(jax.random.key(1), 500, 10, 10)


@pytest.fixture(scope="module")
def built():
    return alternating.construction(MODEL, linear.sample(jax.random.key(0), 500, 10, 10))


@pytest.fixture(scope="module")
def untrained():
    return transformer.initialise(MODEL, 10, jax.random.key(2))


@pytest.mark.parametrize("size", [4, 10, 20])
def test_the_shift_takes_each_code_to_the_next(size):
    codes = tokens.positions(21, size)
    assert np.abs(codes[:-1] @ alternating.shift(size) - codes[1:]).max() < 1e-12


def test_the_hand_set_network_copies_and_descends(built, tasks):
    after = np.asarray(attention.hidden(Inside(MODEL, built, tasks)))
    assert np.abs(after[:, :-1:2, :10] - tasks.inputs).max() < 1e-5
    assert np.abs(after[:, :-1:2, -2] - tasks.targets).max() < 2e-3  # up to the code's slow change
    steps = np.diag(built["1/query"][0])[:10]
    y, x = np.asarray(tasks.targets), np.asarray(tasks.inputs)
    own = np.einsum("tn,tnd,d,td->t", y, x, steps, tasks.query)
    joined = steps[-1] * np.asarray(tasks.query)[:, -1] * np.sum(y[:, :-1] * x[:, 1:, -1], axis=1)
    rest = np.asarray(engine.predict(MODEL, built, tasks)) - own - joined
    last = np.abs(np.asarray(tasks.query)[:, -1] * y[:, -1])  # the last target has no next token
    assert np.all(np.abs(rest) < 0.6 * last + 0.02)


def test_measures_tell_the_hand_set_network_from_an_untrained_one(built, untrained):
    right, start = network(built), network(untrained)
    for name in ("attention_pair", "patched_correlation", "merged_cosine"):
        assert ask(right, name) > 0.96 and abs(ask(start, name)) < 0.5
    assert ask(right, "model_cos", reference="gd") > 0.96 > 0.5 > ask(start, "model_cos", reference="gd")
    assert ask(right, "next_over_other") > 1000
    assert ask(start, "next_over_other") == pytest.approx(1, abs=0.1)
    curve = ask(right, "attention_of_inputs", along="offset")
    assert curve[1.0] > 0.9999 and set(curve) == set(range(-18, 20))


def test_both_halves_make_the_whole_network(built, tasks):
    inside = Inside(MODEL, built, tasks)
    halves = np.asarray(attention.from_hidden(inside, attention.hidden(inside)))
    assert np.abs(halves - np.asarray(engine.predict(MODEL, built, tasks))).max() < 1e-4


def test_a_patch_moves_nothing_that_was_not_copied(built, tasks):
    even = Inside(MODEL, attention.without_attention(built), tasks)
    assert np.allclose(attention.shares(even), 1 / 20)
    assert attention.patched_correlation(even) == pytest.approx(0, abs=0.15)
    moved = attention.moved_on(tasks)
    assert np.array_equal(np.asarray(moved.targets)[:, 1:], np.asarray(tasks.targets)[:, :-1])


def test_merged_pairs_are_found_in_the_tokens(built, tasks):
    inside = Inside(MODEL, built, tasks)
    maps, right = attention.merged(inside), np.eye(10, 20)
    assert np.abs(maps.inputs - right).max() < 1e-3 and np.abs(maps.target - np.eye(20)[-2]).max() < 1e-3
    assert np.abs(maps.query[:, :10] - np.eye(10)).max() < 1e-3
    expected = np.asarray(descent.one_step_weights(tasks, 10.0)) * np.diag(built["1/query"][0])[:10]
    assert np.abs(np.asarray(attention.merged_weights(inside, maps)) - expected).max() < 1e-2


def test_faults_of_the_construction_reach_it_by_name(built, untrained):
    one = network(untrained)
    turned = attention.tilted(built, 0.4, one)
    change = np.asarray(turned["1/query"] - built["1/query"])[0, :10, :10]
    assert np.linalg.norm(change) / np.linalg.norm(built["1/query"][0]) == pytest.approx(0.4, rel=0.25)
    known = [ask(one, "attention_pair", f"hand_set copying{fault}") for fault in ("", " sharpness 4")]
    assert known[0] > 0.9999 and known[1] == pytest.approx(0.73, abs=0.01)
    whole, tilt = (
        ask(one, "model_cos", f"hand_set copying{fault}", reference="gd") for fault in ("", " tilted 0.4")
    )
    assert tilt < whole - 0.02
    with pytest.raises(IcgdError, match="cannot have the fault 'rate 1.1'"):
        ask(one, "attention_pair", "hand_set copying rate 1.1")


def test_linear_layers_have_no_shares():
    model = Model(layers=2, alternating=True, position_size=10, init_variance=0.02)
    one = network(transformer.initialise(model, 10, jax.random.key(0)), model)
    assert 0 < ask(one, "loss_ratio", reference="zero") < 10
    with pytest.raises(IcgdError, match="of a softmax layer and a linear one"):
        ask(one, "attention_pair")


@pytest.mark.parametrize(("drop", "jump"), [(20_000, 18_000), (20_000, 20_000), (20_000, 21_000)])
def test_the_lead_of_a_known_history_is_found(untrained, drop, jump):
    one = network(untrained, drop=drop, jump=jump)
    assert ask(one, "dropped_at", tasks="history") == drop
    for kind in ("released", "corrected"):
        assert ask(one, "lead_steps", tasks="history", reference=kind) == drop - jump
    leads = [
        ask(one, "lead_steps", f"curve lead {lead}", "history", reference="released")
        for lead in (0, 0.03, 0.1)
    ]
    assert leads == [0, 600, 2000]
    assert ask(one, "lead_over_drop", tasks="history", reference="released") == (drop - jump) / drop


def test_controls_of_histories_have_their_size(untrained):
    one = network(untrained)
    assert ask(one, "dropped_at", "network drop 1.5", "history") == 30_000
    assert ask(one, "dropped_at", "published_drop", "history") == 4500
    assert ask(one, "reached_over_one_layer", tasks="history") == 1
    assert ask(one, "reached_over_one_layer", "one_layer slower 3", "history") == 3
    with pytest.raises(IcgdError, match="cannot have the fault"):
        ask(one, "dropped_at", "drops even 5", "history")


def test_a_history_without_a_drop_counts_with_its_end(untrained):
    assert ask(network(untrained, drop=np.inf), "dropped_at", tasks="history") == 40_001


def test_the_spread_is_that_of_groups_of_five():
    times = [1, 1.2, 1.7, 2.2, 3, 3.1, 4]
    ranges = [np.log(max(group) / min(group)) for group in combinations(times, 5)]
    values = precedence.spreads(times)
    assert np.mean(values) == pytest.approx(np.mean(ranges)) and len(values) == len(times)
    assert precedence.spreads([5.0] * 10) == pytest.approx([0.0] * 10) and precedence.spreads([3.0]) == [0.0]


def test_controls_of_the_spread_are_decided():
    limit = registry.claim("vo22-77").parts[0].supported["above"]
    low, high = (intervals.mean(precedence.spreads(np.geomspace(1, factor, 10))) for factor in (1.8, 5))
    assert low[2] < limit < high[1]


def test_published_leads_and_drops_are_those_of_the_curves():
    losses = readings.seeds("fig5", "loss", "trained").values()
    drops = [
        readings.crossing(curve, 0.9 * np.median([y for x, y in curve.items() if 2000 <= x <= 9000]))
        for curve in losses
    ]
    jumps = [
        1.25 * readings.crossing(curve, 0.4 * list(curve.values())[-1])
        for curve in readings.seeds("fig5", "sensitivity", "next_token").values()
    ]
    leads = [1 - jump / min(drops, key=lambda drop: abs(drop - jump)) for jump in jumps]
    assert sorted(leads) == pytest.approx(registry.claim("vo22-78").parts[1].published.seeds, abs=1e-4)
    spread = np.log(max(drops) / min(drops))
    assert registry.claim("vo22-77").parts[0].published.value == pytest.approx(spread, abs=1e-3)
    earlier = [readings.crossing(curve, 0.40) for curve in losses]
    (part,) = registry.claim("vo22-f23").parts
    assert sorted(earlier) == pytest.approx(part.published.seeds, abs=1)
    assert part.published.value == pytest.approx(np.exp(np.mean(np.log(earlier))), rel=1e-4)
    assert part.supported["below"] == pytest.approx(min(earlier) / 2, abs=1)
