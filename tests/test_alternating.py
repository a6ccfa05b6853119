"""Networks on alternating tokens: what the measures say of hand-set ones, and of planted courses."""

from collections import Counter
from itertools import combinations

import jax
import numpy as np
import pytest
import yaml

from icgd.analysis import learnt, merging, precedence, stand_ins
from icgd.analysis.measuring import Measures
from icgd.analysis.networks import Trained
from icgd.claims import registry, statistics
from icgd.cli import copying as command
from icgd.config import AnalysisSettings, Evaluation, Model, Task
from icgd.models import transformer
from icgd.references import alternating, gradient_descent
from icgd.tasks import linear, sequences
from icgd.training import engine

MODEL = Model(layers=2, softmax_layers=1, alternating=True, position_size=10, init_variance=0.02)
RATE = stand_ins.rate(10, 10)


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
    codes = sequences.positions(21, size)
    assert np.abs(codes[:-1] @ alternating.shift(size) - codes[1:]).max() < 1e-12


def test_the_hand_set_network_copies_and_descends(built, tasks):
    shares = merging.attention(np.asarray(merging.shares(MODEL, built, tasks)))
    assert shares["attention_next"] > 0.9999 and shares["attention_own"] < 1e-6
    after = np.asarray(merging.hidden(MODEL, built, tasks))
    assert np.abs(after[:, :-1:2, :10] - tasks.inputs).max() < 1e-5
    assert np.abs(after[:, :-1:2, -2] - tasks.targets).max() < 2e-3  # up to the code's slow change
    steps = np.diag(built["1/query"][0])[:10]
    y, x = np.asarray(tasks.targets), np.asarray(tasks.inputs)
    own = np.einsum("tn,tnd,d,td->t", y, x, steps, tasks.query)
    joined = steps[-1] * np.asarray(tasks.query)[:, -1] * np.sum(y[:, :-1] * x[:, 1:, -1], axis=1)
    rest = np.asarray(engine.predict(MODEL, built, tasks)) - own - joined
    last = np.abs(np.asarray(tasks.query)[:, -1] * y[:, -1])  # the last target has no next token
    assert np.all(np.abs(rest) < 0.6 * last + 0.02)


def test_measures_tell_the_hand_set_network_from_an_untrained_one(built, untrained, tasks):
    descent, found = learnt.by_descent(tasks, RATE), {}
    for name, weights in {"built": built, "untrained": untrained}.items():
        own = learnt.by_network(MODEL, weights, tasks)
        few = command._sensitivities(MODEL, weights, jax.tree.map(lambda x: x[:32], tasks))
        found[name] = {
            "pair": merging.attention(np.asarray(merging.shares(MODEL, weights, tasks)))["attention_pair"],
            "patched": merging.patched(MODEL, weights, tasks, RATE)["patched_correlation"],
            "merged": merging.merged_cosine(MODEL, weights, tasks),
            "cosine": float(learnt.agreement(own, descent)["model_cos"]),
            "next": float(few["next_each"] / few["other_each"]),
        }
    assert all(found["built"][name] > 0.96 for name in ("pair", "patched", "merged", "cosine"))
    assert all(abs(found["untrained"][name]) < 0.5 for name in ("pair", "patched", "merged", "cosine"))
    assert found["built"]["next"] > 1000 and found["untrained"]["next"] == pytest.approx(1, abs=0.1)


def test_both_halves_make_the_whole_network(built, tasks):
    halves = merging.from_hidden(MODEL, built, merging.hidden(MODEL, built, tasks))
    assert np.abs(np.asarray(halves) - np.asarray(engine.predict(MODEL, built, tasks))).max() < 1e-4


def test_a_patch_moves_nothing_that_was_not_copied(built, tasks):
    even = merging.without_attention(built)
    assert np.allclose(merging.shares(MODEL, even, tasks), 1 / 20)
    assert merging.patched(MODEL, even, tasks, RATE)["patched_correlation"] == pytest.approx(0, abs=0.15)
    moved = merging.moved_on(tasks)
    assert np.array_equal(np.asarray(moved.targets)[:, 1:], np.asarray(tasks.targets)[:, :-1])


def test_merged_pairs_are_found_in_the_tokens(built, tasks):
    maps = merging.merged(MODEL, built, tasks)
    right = np.eye(10, 20)
    assert np.abs(maps.inputs - right).max() < 1e-3 and np.abs(maps.target - np.eye(20)[-2]).max() < 1e-3
    assert np.abs(maps.query[:, :10] - np.eye(10)).max() < 1e-3
    vectors = np.asarray(merging.merged_weights(built, maps, tasks))
    expected = np.asarray(gradient_descent.one_step_weights(tasks, 10.0)) * np.diag(built["1/query"][0])[:10]
    assert np.abs(vectors - expected).max() < 1e-2


def test_a_planted_tilt_has_its_size(built):
    turned = stand_ins.tilted(built, 10, 0.4, jax.random.key(0))
    change = np.asarray(turned["1/query"] - built["1/query"])[0, :10, :10]
    assert np.linalg.norm(change) / np.linalg.norm(built["1/query"][0]) == pytest.approx(0.4, rel=0.25)


def test_two_steps_are_two_steps(tasks):
    found = np.einsum("td,td->t", stand_ins.two_steps(tasks, RATE), tasks.query)
    assert np.abs(found - np.asarray(gradient_descent.roll_out(tasks, RATE, 2)[-1])).max() < 1e-5


def lines(drop, jump):
    step = np.arange(0, 40_001, 50.0)
    loss = np.where(step < drop, 0.41, 0.21)
    loss[0] = 0.92
    return precedence.Lines(step, loss, dict.fromkeys(precedence.KINDS, 0.9 * (step >= jump) + 0.01))


@pytest.mark.parametrize(("drop", "jump"), [(20_000, 18_000), (20_000, 20_000), (20_000, 21_000)])
def test_the_lead_of_a_planted_course_is_found(drop, jump):
    found = lines(drop, jump)
    assert precedence.dropped_at(found, 0.4099) == drop
    assert precedence.copied_at(found.step, found.following["released"]) == jump
    planted = precedence.planted(found, drop)
    times = {name: precedence.copied_at(found.step, one) for name, one in planted.items()}
    assert times == {"together": 20_000, "lead_0.03": 19_400, "lead_0.1": 18_000}


def test_a_course_without_a_drop_counts_with_its_end():
    found = lines(np.inf, 10_000)
    assert precedence.dropped_at(found, 0.4099) == 40_001


def test_the_spread_is_that_of_groups_of_five():
    times = [1, 1.2, 1.7, 2.2, 3, 3.1, 4]
    ranges = [np.log(max(group) / min(group)) for group in combinations(times, 5)]
    values = precedence.spreads(times)
    assert np.mean(values) == pytest.approx(np.mean(ranges)) and len(values) == len(times)
    assert precedence.spreads([5.0] * 10) == pytest.approx([0.0] * 10) and precedence.spreads([3.0]) == [0.0]


def test_controls_of_the_spread_are_decided():
    limit = registry.claim("vo22-77").parts[0]["supported"]["above"]
    low, high = (
        statistics.mean_interval(precedence.spreads(precedence.even(10, factor)))
        for factor in command.EVEN.values()
    )
    assert low[2] < limit < high[1]


def settings(model):
    return AnalysisSettings(
        task=Task(inputs=10, context=10),
        model=model,
        evaluation=Evaluation(tasks=500),
        seeds=1,
        key_implementation="threefry2x32",
    )


def history():
    names = ("next", "next_each")
    return [
        {"step": step, "evaluation_loss": loss, **dict.fromkeys(names, following)}
        for step, loss, following in ((0, 0.9, 0.0), (50, 0.41, 0.5), (100, 0.21, 0.9))
    ]


def test_the_data_dictionary_is_what_the_analysis_writes(built, monkeypatch):
    monkeypatch.setattr(stand_ins, "TUNING_TASKS", 500)
    monkeypatch.setattr(command, "FEWEST", 32)
    trained = Trained(built, settings(MODEL), 0, history=history())
    rows = Measures()
    curves = command.of_network(command.Seeds([100.0], [50.0]), trained, rows)
    with open("claims/tables.yaml") as handle:
        table = yaml.safe_load(handle)["copying"]
    shared = {"final_training_loss", "converged", "diverged_at"}  # of all analyses
    assert {row["measure"] for row in rows} == set(table["measures"]) - shared
    for label in ("plant", "tasks", "reference"):
        assert {row[label] for row in rows} <= set(table["labels"][label])
    assert {row["plant"] for row in rows} == set(table["labels"]["plant"])
    assert max(Counter(tuple(row.values())[:4] for row in rows).values()) == 1
    assert set(curves[0]) == set(command.CURVES)
    of = {tuple(row.values())[:4]: row["value"] for row in rows}
    assert of["lead_steps", "none", "published", "released"] == 50
    assert of["reached_over_one_layer", "none", "published", ""] == 2


def test_linear_layers_are_measured_without_shares():
    model = Model(layers=2, alternating=True, position_size=10, init_variance=0.02)
    weights = transformer.initialise(model, 10, jax.random.key(0))
    rows = Measures()
    trained = Trained(weights, settings(model), 0, history=history())
    assert command.of_network(command.Seeds([100.0], [50.0]), trained, rows) == []
    measures = {row["measure"] for row in rows}
    assert "loss_over_zero" in measures and "attention_pair" not in measures
    assert np.isfinite([row["value"] for row in rows]).all()


def test_published_leads_are_those_of_the_curves():
    from icgd.analysis.panels import readings

    drops = []
    for curve in readings.seeds("fig5", "loss", "trained").values():
        plateau = np.median([y for x, y in curve.items() if 2000 <= x <= 9000])
        drops.append(readings.crossing(curve, 0.9 * plateau))
    jumps = [
        1.25 * readings.crossing(curve, 0.4 * list(curve.values())[-1])
        for curve in readings.seeds("fig5", "sensitivity", "next_token").values()
    ]
    leads = [1 - jump / min(drops, key=lambda drop: abs(drop - jump)) for jump in jumps]
    registered = registry.claim("vo22-78").parts[1]["published"]["seeds"]
    assert sorted(leads) == pytest.approx(registered, abs=1e-4)
    spread = np.log(max(drops) / min(drops))
    assert registry.claim("vo22-77").parts[0]["published"]["value"] == pytest.approx(spread, abs=1e-3)


def test_published_drops_are_those_of_the_curves():
    from icgd.analysis.panels import readings

    drops = [readings.crossing(curve, 0.40) for curve in readings.seeds("fig5", "loss", "trained").values()]
    (part,) = registry.claim("vo22-f23").parts
    assert sorted(drops) == pytest.approx(part["published"]["seeds"], abs=1)
    assert part["published"]["value"] == pytest.approx(np.exp(np.mean(np.log(drops))), rel=1e-4)
    assert part["supported"]["below"] == pytest.approx(min(drops) / 2, abs=1)
