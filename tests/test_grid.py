"""The grid answers what is asked and no more, or says in one sentence why not; the data dictionary."""

import ast

import numpy as np
import pytest
from conftest import ROOT
from networks import TASK, TWO, ended, gd_plus_plus, made

from icgd import dictionary, paths, plan
from icgd.config import Evaluation, Model, Settings, Training
from icgd.errors import IcgdError
from icgd.files import read_table, write_table
from icgd.measures import grid, tables
from icgd.measures.naming import FAULTS, MEASURES, PREDICTORS, STAND_INS
from icgd.measures.request import BY_NAME, HISTORY, STATUS, Request
from icgd.training import checkpoint
from icgd.training.points import Point, save

SETTINGS = Settings(task=TASK, evaluation=Evaluation(tasks=100, shifted_tasks=100))
TABLE, CURVES = (f"results/full/made/{name}.csv" for name in ("measures", "curves"))
LOSS = Request("loss", "network", "", "fresh")


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "published").symlink_to(ROOT / "published")
    monkeypatch.chdir(tmp_path)


def measured(settings, asked):
    """{unit: {request: value}} of the table that is written."""
    tables.write("made", {"made": settings}, "full", asked)
    found = {}
    for row in read_table(TABLE):
        of_unit = found.setdefault(row["unit"], {})
        request = Request.of(row)
        assert request not in of_unit
        of_unit[request] = float(row["value"])
    return found


def test_a_table_has_a_row_for_each_request_and_seed_and_says_how_runs_ended(here):
    for seed, (diverged, loss) in enumerate([(None, 0.2), (700, 0.3), (None, 0.4)]):
        weights, rows = gd_plus_plus((0.5 + 0.1 * seed,), (0.0,)), ended(loss)
        checkpoint.save(paths.weights("full", "made", seed), weights, diverged_at=diverged)
        write_table(paths.history("full", "made", seed), rows[0], rows)
    faulty = Request("step", "network rate 1.37")
    asked = [Request("loss_ratio", "network", "networks of made", "fresh"), faulty, LOSS]
    found = measured(SETTINGS.model_copy(update={"seeds": 3}), [*asked, LOSS._replace(along="inputs")])
    status = {Request(name, "network"): value for name, value in zip(STATUS, (0.4, 0.0), strict=False)}
    assert found["seed 1"] == {Request("diverged_at", "network"): 700.0}
    assert set(found["seed 0"]) == set(found["seed 2"]) == {*asked, *status}
    assert (
        found["seed 2"] | status == found["seed 2"] and found["seed 0"][Request("converged", "network")] == 1
    )
    assert found["seed 2"][faulty] == pytest.approx(0.7 * 1.37, rel=1e-6)
    assert [found[unit][asked[0]] for unit in ("seed 0", "seed 2")][0] == 1  # seed 0 is all that converged
    lines = read_table(CURVES)
    assert {(row["unit"], row["along"]) for row in lines} == {("seed 0", "inputs"), ("seed 2", "inputs")}


def history(*losses):
    names = ("evaluation_loss", "training_loss", "largest_loss")
    return {"step": 100.0 * np.arange(len(losses)), **dict.fromkeys(names, np.array(losses))}


def test_runs_of_an_experiment_with_axes(here):
    weights = gd_plus_plus((0.606,), (0.0,))
    lost = Point({name: np.nan * a for name, a in weights.items()}, history(0.4, 0.3, 0.3), 300)
    save(paths.sweep("full", "made", 0), [Point(weights, history(0.4, 0.3, 0.25, 0.2), None), lost], {})
    course = Request("evaluation_loss", "network", "", "history", "training")
    agrees, by_hand = (Request("agrees", subject, "gd", "fresh") for subject in ("network", "hand_set gd"))
    spiking = Request("spikes_without", "curve spikes 3")
    grokking = Request("seeds_that_grok", "curve published")
    ending, gone = Request("diverges_with", "network"), Request("diverged_at", "network")
    asked = [agrees, by_hand, LOSS, LOSS._replace(along="inputs"), course, spiking, grokking, ending]
    found = measured(SETTINGS.model_copy(update={"points": ({}, {}), "training": Training(steps=300)}), asked)
    last = Request("final_training_loss", "network")
    assert set(found["point 0 seed 0"]) == {agrees, by_hand, LOSS, last}
    assert found["point 0 seed 0"][agrees] == 1
    assert found["point 1 seed 0"] == {gone: 300, last: pytest.approx(1 / 3), agrees: 0, by_hand: 1}
    assert found["seed 0"] == {spiking: 3, ending: 1}
    assert found["point 0"][grokking] == found["point 1"][grokking] == 1
    lines = [(row["unit"], row["along"], float(row["value"])) for row in read_table(CURVES)]
    assert [value for *place, value in lines if place == ["point 1 seed 0", "training"]] == [0.4, 0.3, 0.3]
    assert {unit for unit, along, _ in lines if along == "inputs"} == {"point 0 seed 0"}


def test_controls_are_measured_on_fewer_tasks_and_a_match_is_to_each_subject():
    network = made(weights=gd_plus_plus((0.6,), (0.0,)), tasks=200, control_tasks=100)
    x, y, query, target = (np.asarray(part, np.float64) for part in network.fresh)
    losses = (network.best_rate / 10 * np.einsum("tnd,tn,td->t", x, y, query) - target) ** 2 / 2
    one = grid.Grid(network)
    for subject, right in (("gd", losses.mean()), ("hand_set gd", losses[:100].mean())):
        assert grid.answer(one, Request("loss", subject, "", "fresh")) == pytest.approx(right, rel=1e-4)
    for subject in ("network rate 2", "network rate 3"):
        matched = Request("fitted_scale", subject, "gd matched", "fresh")
        assert grid.answer(one, matched) == pytest.approx(1, rel=1e-5)


WIDE, NOISY = (TASK.model_copy(update=change) for change in ({"input_range": 2.0}, {"label_noise": 0.5}))
SOFTMAX = Model(softmax_layers=1)


@pytest.mark.parametrize(
    ("network", "asked", "says"),
    [
        ({"task": WIDE}, ("loss", "network", "", "published"), "published tasks have d = N = 10"),
        ({"task": WIDE}, ("loss", "gd published", "", "fresh"), "the published rate is of d = N = 10"),
        ({"task": WIDE}, ("loss", "gd shared", "", "fresh"), "optima of K-step methods are of d = 10"),
        ({"task": NOISY}, ("loss", "hand_set gd shared", "", "fresh"), "without noise; ask for other"),
        ({"model": SOFTMAX}, ("step", "network"), "network has no weight products; linear networks"),
        ({}, ("step", "gd"), "gd has no weight products"),
        ({}, ("step", "network offset 0.1"), "the fault 'offset' is none of weights"),
        ({}, ("loss", "network", "", "fesh"), "no tasks 'fesh'; there are fresh, published"),
        ({}, ("loss", "network", "", "fresh", "inptus"), "nothing along 'inptus'; did you mean inputs"),
        (
            {},
            ("barrier", "network tilted 0.1", "", "", "path gd"),
            "a path has the faults uncorrected and beta",
        ),
        ({}, ("model_cos", "network", "gd", "fresh", "inputs"), "only the loss, not 'model_cos'"),
        ({}, ("loss", "zero", "", "fresh", "roll_out 1"), "'zero' cannot be applied again and again"),
        ({}, ("loss_ratio", "network", "", "fresh"), "name one, such as gd"),
        ({}, ("model_cos", "network", "", "fresh"), "name one, such as gd"),
        ({"model": TWO}, ("gamma_over_optimal", "network", "gd"), "no gd of 2 steps; there are gd shared"),
        ({}, ("seeds_that_grok", "network"), "made: seeds_that_grok is of experiments with axes"),
        (
            {},
            ("cosine_peak", "network", "gd", "fresh"),
            "made kept no states on the way; set training.snapshots",
        ),
    ],
)
def test_what_cannot_be_answered_is_told_in_one_sentence(network, asked, says):
    with pytest.raises(IcgdError, match=says) as told:
        grid.answer(grid.Grid(made(**network)), Request(*asked))
    assert "\n" not in str(told.value)


def test_requests_are_checked_before_anything_runs():
    for asked, says in (
        (
            Request("loss_ration", "network"),
            "one_layer: there is no measure 'loss_ration'; did you mean loss_ratio",
        ),
        (Request("loss", "one_layr"), "no predictor 'one_layr'; did you mean one_layer"),
        (Request("evaluation_loss", "network", "", "fresh"), "no measure 'evaluation_loss'"),
    ):
        with pytest.raises(IcgdError, match=says):
            plan.check(asked, "one_layer")
    plan.check(Request("evaluation_loss", "network", "", "history", "training"), "grokking")


def test_the_dictionary_is_what_there_is_at_runtime():
    found = {name: one.kind for name, one in dictionary.measures().items()}
    assert found == {name: one.kind for name, one in MEASURES.items()}
    assert set(dictionary.predictors()) == {*PREDICTORS, *STAND_INS}
    assert not set(BY_NAME) & set(dictionary.predictors())
    codes = [build.__code__ for build in PREDICTORS.values()]
    own = {word for code in codes for word in code.co_varnames[1 : code.co_argcount]} - {"of"}
    assert set(dictionary.faults()) == {name for name, _ in FAULTS} | own
    assert not {*STATUS, *HISTORY} & set(MEASURES)


def test_names_of_measures_are_unique_and_every_first_line_reads_alone():
    kinds = ("measure", "predictor", "stand_in", "fault")
    decorated = {one: list(dictionary._decorated("measures", one)) for one in kinds}
    names = [function.name for _, function, _ in decorated["measure"]]
    assert len(names) == len(set(names)) == len(MEASURES)
    for path, function, _ in sum(decorated.values(), []):
        first = (ast.get_docstring(function) or "").partition("\n")[0]
        assert len(first) > 10 and first.count("(") == first.count(")"), (path, function.name)
        assert first.split()[-1] not in ("the", "a", "of", "to", "and", "or") and first[-1] not in ",:;.-"
