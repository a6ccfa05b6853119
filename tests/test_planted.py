"""Guards that a second round of planted faults asked for: whose tasks, which window; data as published."""

import math

import jax
import numpy as np
import pytest
from conftest import ROOT
from networks import ask, gd_plus_plus, made

from icgd import paths
from icgd.audit import verify
from icgd.config import load
from icgd.files import read_table
from icgd.measures import arms, path, precedence, products
from icgd.measures.curves import Pair
from icgd.measures.fit import of_network
from icgd.random import stream
from icgd.references import descent
from icgd.tasks.linear import half_mean_square
from icgd.tasks.published import ZERO_PREDICTOR_LOSS
from icgd.training import checkpoint, problem


def test_a_reference_is_evaluated_on_the_tasks_of_its_seed():
    network = made(weights=gd_plus_plus((1.0,), (0.0,)), seed=3)
    theirs = descent.one_step(network.fresh, network.best_rate)
    right = [
        float(half_mean_square(found, network.fresh.target))
        for found in (of_network(network.settings.model, network.weights).fit(network.fresh)[0], theirs)
    ]
    assert ask(network, "loss_ratio", "network", "gd") == pytest.approx(right[0] / right[1], rel=1e-4)
    assert ask(network, "loss_ratio", "hand_set gd", "gd") == pytest.approx(1, abs=1e-5)


def test_half_way_is_half_way():
    network = made(weights=gd_plus_plus((1.0,), (0.0,)))
    ends = path.to("gd", "network", network)
    middle = products.blend(ends[0], ends[-1], 0.5)
    for found, right in zip(ends[path.MIDDLE], middle, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-12)
    assert path.SHARES[path.MIDDLE] == 0.5
    longer = path.to("gd", "network beta 2", network)  # begins with the network itself
    np.testing.assert_allclose(
        longer[path.MIDDLE].kq, (longer[1].kq + longer[-1].kq) / 2, rtol=1e-12, atol=1e-15
    )


def test_the_tail_is_the_last_tenth_of_training():
    history = [{"step": step, "evaluation_loss": float(step)} for step in range(0, 1001, 50)]
    assert arms.tail(made(history=history)) == pytest.approx((950 + 1000) / 2)


def test_a_gap_has_no_sign():
    pair = Pair({0.5: 1.0, 2.0: 1.0}, {0.5: 2.0, 2.0: 0.5}, None)
    assert pair.log_gaps == pytest.approx({0.5: math.log(2), 2.0: math.log(2)})


def test_copying_begins_at_a_share_of_the_median_of_the_last_lines():
    following = np.array([0.0, 0.3, 0.5, *[1.0] * 9, 9.0])  # a single spike at the end is no new level
    assert precedence.copied_at(np.arange(13.0), following) == 2.0


HISTORIES = sorted(path.relative_to(ROOT) for path in ROOT.glob("results/full/*/seed-*/history.csv"))


def test_every_history_goes_from_the_first_step_to_the_last():
    assert len(HISTORIES) > 100
    for file in HISTORIES:
        rows = read_table(file)
        taken = [float(row["step"]) for row in rows]
        assert taken[0] == 0 and taken == sorted(set(taken)), file
        for column in ("training_loss", "largest_loss"):  # before the first step nothing was trained
            assert [row[column] == "nan" for row in rows][:2] == [True, False], file


@pytest.mark.parametrize("name", ["one_layer", "two_recurrent", "layer_norm", "sine"])
def test_a_history_begins_and_ends_with_the_networks_own_losses(name):
    settings = load().settings(name, "full")
    tasks = problem.history_tasks(settings, stream(0, "history data", settings.key_implementation))
    last, _ = checkpoint.parted(checkpoint.load(paths.weights("full", name, 0))[0])
    first = problem.initialise(settings, stream(0, "initialisation", settings.key_implementation))
    lines = read_table(paths.history("full", name, 0))
    for line, weights in ((lines[0], first), (lines[-1], last)):
        found = float(jax.jit(lambda w: problem.measures(settings, w, tasks))(weights)["evaluation_loss"])
        assert found == pytest.approx(float(line["evaluation_loss"]), rel=1e-4)


# What the paper says of its own curves: the losses that GD has on its tasks (recomputed from its key)
GD_LOSSES = {
    **dict.fromkeys(("fig2", "fig12a", "fig12b"), 0.204689),
    **{"fig3a": 0.15487, "fig3b": 0.10918, "fig7": 0.08264},
}
TWICE = [  # drawn in two figures
    (("fig1", "damping_0.75"), ("fig10", "damping_0.75"), ("gd", "trained")),
    (("fig2", "inputs"), ("fig6a", "inputs"), ("gd", "trained", "interpolated")),
    (("fig3b", "inputs"), ("fig6c", "inputs"), ("gd",)),
    (("fig12a", "inputs"), ("fig12b", "inputs"), ("gd",)),
    *(
        (("fig7", panel), ("fig6b", panel), ("gd", "trained"))
        for panel in ("inputs", "targets", "inputs_other")
    ),
]


@pytest.fixture(scope="module")
def drawn():
    """Published curves: {(figure, panel, series): {kind: {unit: {x: y}}}}."""
    found = {}
    for row in read_table(ROOT / paths.CURVES):
        kinds = found.setdefault((row["figure"], row["panel"], row["series"]), {})
        curve = kinds.setdefault(row["kind"], {}).setdefault(row["unit"], {})
        curve[float(row["x"])] = float(row["y"])
    return found


def one(kinds):
    """The mean curve, or the markers where only these are drawn."""
    (curve,) = kinds.get("mean", kinds.get("marker")).values()
    return curve


def agree(ours, theirs, rel):
    """Two curves at all places that they share."""
    both = sorted(set(ours) & set(theirs))
    assert len(both) > 1
    np.testing.assert_allclose([ours[x] for x in both], [theirs[x] for x in both], rtol=rel)


def test_published_numbers_are_those_whose_digests_are_committed():
    found = list(verify.of_published())
    assert {finding.path for finding in found} >= {paths.CURVES, paths.NUMBERS}
    assert [finding for finding in found if not finding.good] == []


def test_published_means_are_those_of_their_seeds_and_their_markers(drawn):
    for place, kinds in drawn.items():
        seeds, mean = [*kinds.get("seed", {}).values()], kinds.get("mean") and one(kinds)
        if mean and seeds and place[1] != "sensitivity":
            shared = [x for x in mean if all(x in seed for seed in seeds)]
            agree(mean, {x: float(np.mean([seed[x] for seed in seeds])) for x in shared}, 2e-3)
        if mean and "marker" in kinds:
            agree(mean, *kinds["marker"].values(), 1e-3)


def test_published_losses_are_those_of_the_published_tasks(drawn):
    for figure, loss in GD_LOSSES.items():
        assert list(one(drawn[figure, "loss", "gd"]).values()) == pytest.approx(
            [loss] * len(one(drawn[figure, "loss", "gd"])), rel=1e-3
        )
        assert one(drawn[figure, "loss", "trained"])[0.0] == pytest.approx(ZERO_PREDICTOR_LOSS, rel=1e-3)
    for figure in (
        "fig2",
        "fig12a",
        "fig12b",
    ):  # before training a network predicts 0, and GD at rate 5.91 this
        assert one(drawn[figure, "align", "model_diff"])[0.0] == pytest.approx(2.047, rel=1e-3)
        assert one(drawn[figure, "align", "preds_diff"])[0.0] == pytest.approx(0.4767, rel=1e-3)


def test_curves_that_two_figures_draw_agree(drawn):
    for first, second, series in TWICE:
        for name in series:
            agree(one(drawn[*first, name]), one(drawn[*second, name]), 2e-3)
