"""Measures against independent computations in float64."""

import math
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from networks import TWO, ask, ended, gd_plus_plus, made, refactored

from icgd.config import Model
from icgd.measures import courses, curves, path, points, states, tables  # noqa: F401 (all names)
from icgd.measures.courses import Followed
from icgd.measures.fit import Fit
from icgd.measures.fits import Compared
from icgd.measures.heads import Heads
from icgd.measures.naming import FAULTS, MEASURES, STAND_INS
from icgd.references import closed_form, constructions


def value(measure, looked_at):
    return MEASURES[measure].function(looked_at)


def of_kind(kind):
    return {name for name, one in MEASURES.items() if one.kind == kind}


# Fits

ANGLES = {  # free parameters, angle: the rival is Chebyshev's method
    "newton_schulz": (1, np.nan),
    "gd_plus_plus shared": (2, 0.1),
    "gd shared": (1, 0.4),
    "chebyshev": (2, 0.3),
    "gd separate": (5, 0.05),
    "gd_plus_plus separate": (2, 0.2),
}


def cosine(a, b):
    return np.mean(np.sum(a * b, axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1))


def test_measures_of_fits_are_their_formulas():
    network, rng = made(TWO), np.random.default_rng(0)
    x, y, _, target = (np.asarray(part, np.float64) for part in network.fresh)
    g, h, gd = rng.normal(size=(3, 100, 10))
    h, gd = h + g, gd + 2 * g
    p, q = target + 0.3 * rng.normal(size=(2, 100))
    loss, other = np.mean((p - target) ** 2) / 2, np.mean((q - target) ** 2) / 2
    scale = np.sum(g * h) / np.sum(h * h)
    exact = np.array([np.linalg.lstsq(a, b)[0] for a, b in zip(x, y, strict=True)])
    optimum = closed_form.optimal_loss(10, 10, 1 / 12)
    name = "gd_plus_plus shared"
    right = {
        "loss": loss,
        "loss_ratio": loss / other,
        "loss_difference": loss - other,
        "model_cos": cosine(g, h),
        "model_diff": np.mean(np.linalg.norm(g - h, axis=1)),
        "preds_diff": np.mean(abs(p - q)),
        "fitted_scale": scale,
        "agrees": 0.0,
        "loss_over_optimum": loss / optimum,
        "population_over_optimum": (optimum + loss - other) / optimum,
        "population_loss": network.methods[name].population + loss - other,
        "cosine_gain": cosine(g, h) - cosine(g, gd),
        "cosine_with_gd_above": cosine(g, gd) - cosine(h, gd),
        "least_squares_gain": cosine(g, exact) - cosine(h, exact),
    }
    squares = np.sort((p - target) ** 2)  # a thousandth of 100 tasks is none
    right |= {
        "trimmed_loss": loss,
        "trimmed_loss_ratio": loss / other,
        "worst_share": squares[-1] / sum(squares),
    }
    assert {*right, "rival_turn", "rival_loss_gap"} == of_kind("fits")
    ours, theirs = Fit(p, g), Fit(q, h)
    both = Compared(ours, (theirs,), network.fresh, network, name, lambda _: Fit(q, gd))
    assert {measure: value(measure, both) for measure in right} == pytest.approx(right, rel=1e-4)
    assert value("agrees", Compared(ours, (ours,), network.fresh, network, name, None)) == 1.0
    several = Compared(ours, (theirs, ours), network.fresh, network, name, None)
    assert value("loss_ratio", several) == pytest.approx(loss / ((loss + other) / 2), rel=1e-4)


def test_rivals_have_no_more_free_parameters_and_have_not_overflowed():
    tasks, first = made().fresh, np.eye(10)[:1].repeat(100, 0)

    def fit(name):
        angle = ANGLES[name][1]  # between weights; and how far off predictions are
        return Fit(tasks.target + angle, math.cos(angle) * first + math.sin(angle) * np.roll(first, 1, 1))

    methods = {name: SimpleNamespace(free=free) for name, (free, _) in ANGLES.items()}
    network = SimpleNamespace(methods=methods, method=methods.get)
    name, own = "gd_plus_plus shared", Fit(tasks.target + 0.1 * math.sqrt(1.1), first)
    both = Compared(own, (fit(name),), tasks, network, name, fit)
    right = (1 - math.cos(0.3)) / (1 - math.cos(0.1))
    assert value("rival_turn", both) == pytest.approx(right, rel=1e-3)
    right = (math.log(9) - math.log(1.1)) / math.log(1.1)
    assert value("rival_loss_gap", both) == pytest.approx(right, rel=1e-3)


# Curves

OURS = {0.5: 0.3, 1.0: 1.0, 1.1: 1.21, 1.25: 2.0, 2.0: 8.0}
LINE = dict(enumerate((0.5, 0.4, 0.3, 0.25, 0.25, 0.28, 0.27, 0.26, 0.25, 0.24, 0.22)))


def test_measures_of_curves_are_their_formulas():
    flat, network = dict.fromkeys(OURS, 1.0), SimpleNamespace(optimal_loss=0.2)
    right = {
        "largest_log_gap": math.log(8),
        "largest_log_gap_far": math.log(8),
        "median_log_gap": math.log(2),
        "median_log_gap_near": math.log(1.21),
        "ratio_at_2": 8.0,
        "homogeneity": 1.0,
        "largest_relative_gap": 7.0,
        "minimum_at": 0.5,
        "leaves_earlier": 0.0,
        "decreasing": 0.0,
    }
    of_path = {
        "barrier": 1.0,
        "interpolated_over_optimum": (0.2 + 0.28 - 0.22) / 0.2,
        "interpolated_over_ends": 0.56,
    }
    assert {*right, *of_path} == of_kind("curves")
    pair, line = curves.Pair(OURS, flat, network), curves.Pair(LINE, {}, network)
    assert {name: value(name, pair) for name in right} == pytest.approx(right)
    assert {name: value(name, line) for name in of_path} == pytest.approx(of_path)
    low = curves.Pair({1.0: 0.2, 2.0: 0.1}, {1.0: 0.2, 2.0: math.inf}, network)
    ends = {"largest_relative_gap": math.inf, "decreasing": 1.0}
    assert {name: value(name, low) for name in ends} == ends
    assert value("leaves_earlier", pair._replace(theirs=low.ours)) == 1.0
    overflowed = low._replace(ours={1.0: 0.2, 2.0: math.nan}, theirs=dict.fromkeys((1.0, 2.0), 0.2))
    assert value("leaves_earlier", overflowed) == 1.0


@pytest.mark.parametrize(("subject", "factor"), [("gd", 1.0), ("hand_set gd", 1.0), ("gd rate 0.9", 0.9)])
def test_a_layer_applied_again_and_again_is_so_many_steps_of_gd(subject, factor):
    network = made(weights=gd_plus_plus((0.7,), (0.0,)))
    found = ask(network, "loss", subject, along="roll_out 0.75")
    x, y, query, target = (np.asarray(part, np.float64) for part in network.draw("roll-out data", 100))
    step, w, right = 0.75 * factor * network.best_rate / 10, np.zeros((100, 10)), []
    for _ in range(50):
        w = w + step * np.einsum("tnd,tn->td", x, y - np.einsum("tnd,td->tn", x, w))
        right.append(np.mean((np.sum(w * query, axis=1) - target) ** 2) / 2)
    assert list(found) == list(range(1, 51)) and list(found.values()) == pytest.approx(right, rel=1e-4)


def test_the_straight_line_to_the_construction():
    network = made(weights=refactored(gd_plus_plus((1.2,), (0.0,))))
    step, shares = network.best_rate / 10, path.SHARES

    def on(steps):
        return [ask(network, "loss", f"gd rate {one / step}") for one in steps]

    def along(subject):
        return list(ask(network, "loss", subject, along="path gd").values())

    pv = (1 - shares) * 1.2 + shares * step
    right = on(pv)
    assert along("network") == pytest.approx(right, rel=1e-4)
    assert ask(network, "barrier", along="path gd") == pytest.approx(1.0)
    assert ask(network, "loss", "interpolated") == pytest.approx(right[path.MIDDLE], rel=1e-4)
    assert along("hand_set gd") == pytest.approx([right[-1]] * 11, rel=1e-4)
    apart = ((1 - shares) * 4 + shares) * ((1 - shares) / 4 + shares)
    assert along("network uncorrected") == pytest.approx(on(apart * pv), rel=1e-4)
    wrong = on(((1 - shares) / 2 + shares) * pv)
    assert along("network beta 2") == pytest.approx([right[0], *wrong], rel=1e-4)


@pytest.mark.parametrize("axis", ["inputs", "targets_other", "distractors"])
def test_along_a_shift_is_the_loss_on_the_shifted_tasks(axis):
    network = made(weights=gd_plus_plus((0.7,), (0.0,)))
    for along, clip in ((axis, np.inf), (f"{axis} clipped 10", 10.0)):
        found = ask(network, "loss", "gd", along=along)
        for point, tasks in curves.shifts(network, "fresh", axis).items():
            x, y, query, target = (np.asarray(part, np.float64) for part in tasks)
            p = np.clip(network.best_rate / 10 * np.einsum("tnd,tn,td->t", x, y, query), -clip, clip)
            assert found[point] == pytest.approx(np.mean((p - target) ** 2) / 2, rel=1e-4)


def test_published_tasks_are_what_published_curves_are_on():
    network = made(weights=gd_plus_plus((0.7,), (0.0,)))
    published = ask(network, "loss", "gd", tasks="published")
    assert published != pytest.approx(ask(network, "loss", "gd"), rel=1e-3)
    assert ask(network, "loss", "gd", "", "published", "roll_out 1")[1] == pytest.approx(published, rel=1e-4)
    teacher = ask(network, "loss", "gd", "", "published", "targets")
    assert teacher[1.0] == pytest.approx(published, rel=1e-4) and max(teacher) > 3
    assert ask(network, "homogeneity", "gd", "", "published", "targets") < 1e-4


# Weights, heads


def explained(kq, pv, tokens):
    """Tokens after a layer of every task, and the share of the inputs' change that is -gamma S x."""
    update = tokens @ kq @ tokens.mT @ tokens @ pv
    x, change = tokens[..., :-1], update[..., :-1]
    simple = x @ x.mT @ x
    gamma = np.sum(change * simple) / np.sum(simple**2)
    return tokens + update, 1 - np.sum((change - gamma * simple) ** 2) / np.sum(change**2)


def test_the_change_of_inputs_is_recognised_layer_by_layer():
    network = made(Model(layers=3), gd_plus_plus((1.2, 0.8, 0.5), (0.15, 0.1, 0.0)))
    assert ask(network, "input_update_r2", tasks="") == pytest.approx(1, abs=1e-4)
    rng = np.random.default_rng(0)  # least in the second layer but for the last, which does not count
    noise = {f"{k}/query": size * rng.normal(size=(11, 11)) for k, size in enumerate((0.1, 0.3, 1.0))}
    weights = {name: np.asarray(matrix) + noise.get(name, 0) for name, matrix in network.weights.items()}
    weights["2/projection"] = rng.normal(size=(1, 11, 11))
    tokens = np.concatenate([network.fresh.inputs, network.fresh.targets[..., None]], axis=2).astype(float)
    right = []
    for kq, pv in (constructions.products(weights, layer) for layer in range(2)):
        tokens, share = explained(kq, pv, tokens)
        right.append(share)
    found = ask(made(Model(layers=3), weights), "input_update_r2", tasks="")
    assert found == pytest.approx(min(right), rel=1e-4) and right[1] < right[0] < 0.99
    assert ask(network, "step", tasks="", along="layers") == pytest.approx({1: 1.2, 2: 0.8, 3: 0.5})
    assert ask(network, "gamma", tasks="", along="layers") == pytest.approx({1: 0.15, 2: 0.1, 3: 0.0})
    optimum = network.methods["gd_plus_plus shared"].values
    ratio = ask(network, "gamma_over_optimal", "network", "gd_plus_plus shared", "")
    assert ratio == pytest.approx(0.15 / optimum[1][0], rel=1e-6)


def test_measures_and_faults_of_heads():
    common = np.random.default_rng(0).normal(size=(10, 10))
    found = Heads(np.array([-0.9, 1.0]), np.stack([3 * np.eye(10) + common, -3 * np.eye(10) + common]))
    sound = {name: value(name, found) for name in of_kind("heads")}
    right = {"opposite_signs": 1, "value_balance": 0.1 / 0.95, "offdiagonal_correlation": -1,
             "offdiagonal_sum": 0.1 / 0.95}  # fmt: skip
    assert sound == pytest.approx(right)

    def faulty(name, number=0.0):
        return FAULTS[name, "heads"](found, number, jax.random.key(0))

    assert value("opposite_signs", faulty("same_sign")) == 0
    assert value("value_balance", faulty("unbalanced", 1.5)) == pytest.approx(0.6 / 1.2)
    assert value("offdiagonal_sum", faulty("mirrored")) == pytest.approx(0, abs=1e-12)
    unlike = [FAULTS["unlike", "heads"](found, 0.6, jax.random.key(seed)) for seed in range(30)]
    mean = np.mean([value("offdiagonal_correlation", one) for one in unlike])
    assert mean == pytest.approx(-0.8, abs=0.03)
    assert {name for name, of in FAULTS if of == "heads"} == {"same_sign", "unbalanced", "mirrored", "unlike"}


# Courses of training

LEVELS = {"zero": 0.41, "gd": 0.2047, "rank_one": 0.3895}


def followed(*corners):
    return Followed(points.of_corners(corners), LEVELS)


def test_plateaus_and_first_steps_below():
    late = followed((0, 0.41), (300, 0.39), (5000, 0.389), (5300, 0.205), (20_000, 0.205))
    found = {name: value(name, late) for name in of_kind("courses")}
    steps, _ = courses.plateau(late.course, LEVELS["gd"])
    assert steps == pytest.approx(4700, abs=200) and found["has_plateau"] == 1
    assert found["plateau_over_rank_one"] == pytest.approx(1, rel=0.002)
    assert found["reached_gd"] == pytest.approx(5300, abs=100)
    assert found["level"] == pytest.approx(0.41)
    early = followed((0, 0.41), (400, 0.205), (20_000, 0.205))
    assert value("has_plateau", early) == 0
    assert math.isnan(value("plateau_over_rank_one", early))
    assert value("reached_gd", followed((0, 0.41), (20_000, 0.3))) == 20_001


def test_courses_of_subjects():
    losses = np.linspace(0.41, 0.01, 21).clip(0.2)
    rows = [{**row, "evaluation_loss": loss} for row, loss in zip(ended(0.3, 2000), losses, strict=True)]
    network = made(weights=gd_plus_plus((0.6,), (0.0,)), history=rows)

    def asked(measure, subject="network"):
        return ask(network, measure, subject, tasks="history")

    zero, gd, rank_one = (asked("level", name) for name in ("zero", "gd", "rank_one"))
    tasks = network.published
    assert zero == pytest.approx(float(np.mean(np.square(tasks.target)) / 2), rel=1e-5)
    assert gd == pytest.approx(ask(network, "loss", "gd", tasks="published"), rel=1e-5)
    assert rank_one == pytest.approx(zero - (zero - gd) / 10) and asked("level", "hand_set gd") == gd
    levels = [asked("level", f"gd directions {count}") for count in (9, 5, 2, 1)]
    assert [gd, *levels, zero] == sorted({gd, *levels, zero})
    assert asked("reached_gd", "network delayed 1000") == asked("reached_gd") + 1000
    level = asked("plateau_over_rank_one", "rank_one")
    assert level == 1 and asked("reached_gd", "zero") == 2001 and asked("has_plateau") == 0
    fault = FAULTS["level", "course"](followed((0, 0.41), (300, 0.39), (19_000, 0.389), (20_000, 0.2)), 1.02)
    assert value("plateau_over_rank_one", fault) == pytest.approx(1.02, rel=0.003)


def test_spikes_grokking_and_ends_are_told_from_near_misses():
    assert [courses.count_spikes(points.with_spikes(count)) for count in (0, 1, 4)] == [0, 1, 4]
    names = ("curve published", "curve rise_of_5_percent", "curve drop_in_6000", "curve smooth")
    assert [courses.groks(STAND_INS[name](())[0]) for name in names] == [True, False, False, False]
    ends = ("curve line_missing", "curve thousandfold_spike")
    assert [courses.breaks_off(STAND_INS[name](())[0], 20_000) for name in ends] == [True, False]
    falling = points.of_corners(((0, 0.41), (500, 0.2), (20_000, 0.2)))
    spiked = falling.evaluation.copy()
    spiked[3] = 0.9  # one line alone is no rise
    assert not courses.groks(falling._replace(evaluation=spiked))
    low = points.of_corners(((0, 0.5), (5000, 0.3), (9000, 0.4), (11_000, 0.2), (20_000, 0.2)))
    assert courses.groks(low)  # a rise over the least loss before, not over the first
    hidden, mean = points.with_spikes(1), points.with_spikes(1).training.copy()
    mean[19] *= 10  # one high line before a spike does not hide it
    assert courses.count_spikes(hidden._replace(training=mean)) == 1


def test_measures_of_several_runs():
    one, four = points.with_spikes(1), points.with_spikes(4)
    runs = points.Runs([four, one], 20_000, [True, False])  # without and with the token clip
    shorter = runs._replace(courses=[STAND_INS["curve line_missing"](())[0], one])
    right = {"spikes_without": 5, "spikes_with_over_without": 0.2, "diverges_without": 0, "diverges_with": 0}
    assert {*right, "seeds_that_grok"} == of_kind("points")
    assert {name: value(name, runs) for name in right} == right
    assert (value("diverges_without", shorter), value("diverges_with", shorter)) == (1, 0)
    assert value("seeds_that_grok", runs._replace(courses=STAND_INS["curve published"](()) * 2)) == 2


# States of training


def test_peaks_and_crossings_of_what_was_constructed():
    steps = np.arange(0, 500, 100)
    cosines = np.array([np.nan, 0.2, 0.5, 0.9, 0.8])
    seen = states.Followed(steps, np.exp(-steps / 100.0), cosines, math.exp(-2.5))
    assert value("cosine_peak", seen) == 0.9
    assert value("peak_after_crossing", seen) == pytest.approx(300 - 250)
    assert value("peak_after_crossing", FAULTS["delayed", "training"](seen, 40.0)) == pytest.approx(10)
    assert value("peak_after_crossing", seen._replace(reference_loss=0.0)) == -math.inf
    assert value("peak_after_crossing", seen._replace(reference_loss=2.0)) == 300


def test_states_on_the_way_to_gd():
    rates = np.linspace(0.1, 1.5, 15)  # of the best shared rate: the cosine is highest where it is 1
    first = made(TWO).methods["gd shared"].values[0][0]
    kept = [gd_plus_plus((rate * first,) * 2, (0, 0)) for rate in rates]
    arrays = {name: np.stack([np.asarray(one[name]) for one in kept]) for name in kept[0]}
    network = made(TWO, kept[-1], snapshots={**arrays, "step": np.arange(1, 16) * 10})
    cosines = ask(network, "model_cos", "network", "gd shared", along="training")
    assert max(cosines, key=cosines.get) == 100 and cosines[100.0] == pytest.approx(1, abs=1e-5)
    assert ask(network, "cosine_peak", "network", "gd shared") == pytest.approx(1, abs=1e-5)
    assert ask(network, "cosine_peak", "network tilted 0.25", "gd shared") < 0.99
    assert ask(network, "peak_after_crossing", "network", "gd shared") == pytest.approx(0, abs=10)
    gain = ask(network, "cosine_gain", "network", "gd shared", along="training")
    assert gain[100.0] == pytest.approx(1 - ask(network, "model_cos", "gd", "gd shared"), abs=1e-4)
    subjects = ("curve path", "curve path delayed 40")
    gaps = [ask(network, "peak_after_crossing", subject, "gd shared") for subject in subjects]
    assert gaps[0] == pytest.approx(0, abs=10) and gaps[0] - gaps[1] == pytest.approx(40)
