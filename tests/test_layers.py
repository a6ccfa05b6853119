"""Networks of several layers: readings, planted faults, and what the measures say of networks known."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest

from icgd.analysis import contest, depth, opponents, stacks, sweeps, trajectory, updates
from icgd.analysis.learnt import Learnt, loss
from icgd.analysis.measuring import Measures
from icgd.analysis.pieces import in_pieces
from icgd.config import Model
from icgd.references import multistep
from icgd.tasks import linear
from icgd.training import engine

STEPS, GAMMAS = (1.2, 0.8), (0.15, 0.1)


@pytest.fixture(scope="module")
def tasks():
    return linear.sample(jax.random.key(1), 300, 10, 10)


def predict(stack, tasks, **settings):
    return np.asarray(engine.predict(Model(layers=stack.layers, **settings), stack.weights, tasks))


def agreement(stack, tasks, recipe, **settings):
    theirs = np.asarray(multistep.predict(tasks, multistep.Recipe(*recipe)))
    return np.abs(predict(stack, tasks, **settings) - theirs).max()


def test_a_hand_set_stack_is_gd_plus_plus_and_says_so(tasks):
    stack = stacks.hand_set(STEPS, GAMMAS, 10)
    assert agreement(stack, tasks, (STEPS, GAMMAS)) < 1e-5
    assert stacks.rates(stack) == pytest.approx(STEPS) and stacks.gammas(stack) == pytest.approx(GAMMAS)
    assert stacks.shape(stack)["input_spread"] == pytest.approx(0, abs=1e-12)


def test_shared_layers_become_a_stack_of_equal_ones(tasks):
    shared = stacks.hand_set(STEPS[:1], GAMMAS[:1], 10).weights
    model = Model(layers=3, recurrent=True)
    stack = stacks.of(model, shared)
    ours = np.asarray(engine.predict(model, shared, tasks))
    assert stack.layers == 3 and np.abs(ours - predict(stack, tasks)).max() < 1e-5


def test_the_scalar_correction_changes_no_prediction(tasks):
    stack = stacks.hand_set(STEPS, GAMMAS, 10)
    scaled = stacks.Stack(3.0 * stack.kq, stack.pv / 3.0)
    assert np.allclose(stacks.corrected(scaled).kq, stack.kq)
    assert np.abs(predict(stacks.corrected(scaled), tasks) - predict(stack, tasks)).max() < 1e-5
    assert np.abs(predict(stacks.corrected(scaled, by=2.0), tasks) - predict(stack, tasks)).max() > 1e-2


@pytest.mark.parametrize(
    ("fault", "steps", "gammas"),
    [(stacks.faster, (1.38, 0.92), GAMMAS), (stacks.stronger, STEPS, (0.1725, 0.115))],
)
def test_a_planted_fault_has_its_size(tasks, fault, steps, gammas):
    assert agreement(fault(stacks.hand_set(STEPS, GAMMAS, 10), 1.15), tasks, (steps, gammas)) < 1e-5


def test_faults_of_form_are_read_off_the_weights():
    stack = stacks.hand_set(STEPS, GAMMAS, 10)
    assert stacks.shape(stacks.uneven(stack, 0.1))["input_spread"] == pytest.approx(0.1054, abs=1e-4)
    assert stacks.shape(stacks.leaking(stack, 0.1))["input_offdiagonal"] == pytest.approx(0.1)
    tilted = stacks.shape(stacks.tilted(stack, 0.25, jax.random.key(0)))["kq_offdiagonal"]
    assert tilted == pytest.approx(0.25 / np.sqrt(10), rel=0.3)


def test_the_change_of_inputs_is_recognised(tasks):
    stack = stacks.hand_set((*STEPS, 0.5), (*GAMMAS, 0.0), 10)
    fits = updates.fits(stack, tasks)
    assert [gamma for gamma, _ in fits] == pytest.approx(GAMMAS, rel=1e-4)
    assert all(r2 == pytest.approx(1, abs=1e-5) for _, r2 in fits)
    assert min(r2 for _, r2 in updates.fits(stacks.tilted(stack, 0.25, jax.random.key(0)), tasks)) < 0.99


def test_pieces_give_what_the_whole_gives(tasks):
    recipe = multistep.Recipe(np.array(STEPS), np.array(GAMMAS))
    whole = multistep.learnt(tasks, recipe)
    for places in (np.arange(len(tasks.target)), np.arange(3), np.arange(5, 300, 2)):
        parts = in_pieces(lambda piece: multistep.learnt(piece, recipe), tasks, 128, places)
        assert all(np.allclose(a[places], b, atol=1e-5) for a, b in zip(whole, parts, strict=True))


def test_the_planted_way_passes_gd_where_its_loss_does(tasks):
    gd, best = (np.full(2, 0.6), np.zeros(2)), (np.full(2, 1.35), np.full(2, 0.176))
    steps = np.arange(200, 5001, 200)
    networks = trajectory.planted(steps, gd, best, 10)
    reference = Learnt(*multistep.learnt(tasks, multistep.Recipe(*gd)))

    def learn(stack):
        recipe = multistep.Recipe(stacks.rates(stack), stacks.gammas(stack))
        return Learnt(*multistep.learnt(tasks, recipe))

    way = trajectory.follow(steps, networks, learn, {"gd": reference}, tasks)
    top = way.steps[trajectory.peak(way, "gd")]
    crossing = trajectory.crossing(way, loss(reference, tasks))
    assert top == 1600 and crossing == pytest.approx(top, abs=5)
    assert trajectory.crossing(way, 0.0) == np.inf


def test_gaps_of_curves():
    ours = {0.5: 1.0, 1.1: 1.1, 1.25: 2.0, 2.0: 8.0}
    gaps = sweeps.gaps(ours, dict.fromkeys(ours, 1.0))
    assert gaps["inputs_near"] == pytest.approx(np.log(1.1) / 2)
    assert gaps["inputs_far_gap"] == pytest.approx(np.log(8)) and gaps["inputs_far"] == pytest.approx(
        np.log(4)
    )


OPTIMA = """family,layers,context,sharing,recipe,parameter,index,value
gd,2,10,shared,optimum,step,1,0.6
gd,2,10,shared,optimum,step,2,0.6
gd_plus_plus,2,10,separate,optimum,step,1,0.4
gd_plus_plus,2,10,separate,optimum,step,2,3.6
gd_plus_plus,2,10,separate,optimum,gamma,1,0.4
gd_plus_plus,2,10,separate,optimum,gamma,2,0
heavy_ball,2,10,shared,optimum,step,1,0.68
heavy_ball,2,10,shared,optimum,momentum,1,0.29
"""


def test_opponents_come_from_the_table_with_their_free_parameters(tasks, tmp_path):
    path = tmp_path / "optima.csv"
    path.write_text(OPTIMA)
    found = opponents.read(path, 2, 10)
    assert {name: one.free for name, one in found.items()} == {
        "gd_shared": 1,
        "gd_plus_plus_separate": 3,
        "heavy_ball": 2,
    }
    prediction, weights = found["heavy_ball"].learn(tasks)
    assert np.allclose(np.einsum("td,td->t", weights, tasks.query), prediction, atol=1e-5)
    separate = found["gd_plus_plus_separate"]
    assert np.abs(predict(separate.hand_set(10), tasks) - separate.learn(tasks)[0]).max() < 1e-5
    clipped = separate.predict(linear.scaled(tasks, inputs=3.0), 10.0)
    networks = predict(separate.hand_set(10), linear.scaled(tasks, inputs=3.0), token_clip=10.0)
    assert np.abs(clipped).max() <= 10 and np.abs(clipped - networks).max() < 1e-2


def test_gd_plus_plus_of_a_network_whose_clip_cuts_the_best_is_the_best_under_it():
    looped = SimpleNamespace(settings=SimpleNamespace(model=Model(layers=10, recurrent=True)))
    free = {"gd_plus_plus_shared": None}
    assert depth.Case(looped, free).own == "gd_plus_plus_shared"
    under_clip = depth.Case(looped, {**free, depth.CLIPPED: None})
    assert (under_clip.own, under_clip.kind) == (depth.CLIPPED, "gd_plus_plus_shared")


def test_a_method_that_overflowed_is_no_rival(tasks):
    found = {
        name: opponents.Opponent("descent", 1, (np.array([step]), np.zeros(1)), 1, np.nan)
        for name, step in (("newton_schulz", np.nan), ("gd_shared", 0.1), ("gd_plus_plus_shared", 0.2))
    }
    settings = SimpleNamespace(model=Model(recurrent=True))
    case, rows = depth.Case(SimpleNamespace(settings=settings), found), Measures()
    theirs = depth.learn_by(found, tasks, None)
    contest.against(rows, case, {"none": stacks.hand_set([0.3], [0.0], 10)}, theirs, tasks, "fresh")
    values = {row["measure"]: row["value"] for row in rows}
    assert np.isfinite(values["rival_loss_gap"]) and np.isfinite(values["rival_turn"])
