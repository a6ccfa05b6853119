"""Settings: good ones pass, bad ones are refused in one sentence that says what would be right."""

import copy
import json

import pytest
import yaml
from conftest import ROOT

from icgd import config
from icgd.errors import IcgdError

ONE = ("experiments", "one_layer")


def values():
    return copy.deepcopy(yaml.safe_load((ROOT / "config.yaml").read_text("utf-8")))


def changed(path, value):
    """The repository's settings with one value replaced."""
    found = at = values()
    for step in path[:-1]:
        at = at.setdefault(step, {})
    at[path[-1]] = value
    return found


def test_the_repositorys_own_settings_pass():
    loaded = config.load()
    assert loaded.settings("one_layer", "full").training.steps == 5000
    assert len(loaded.seeds("one_layer", "full")) == 10 and len(loaded.seeds("token_clip", "full")) == 9
    assert loaded.settings("one_layer", "smoke").training.steps == 20
    assert not loaded.trains("full") and loaded.trains("quick")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("scal",), "quick", "unknown key 'scal'; did you mean scale"),
        (("scale",), "fulll", "did you mean full"),
        (("weights",), "comited", "did you mean committed"),
        (("scales", "full"), None, "scales.full must be a mapping"),
        (("scales", "huge"), {}, "scales has unknown 'huge'"),
        (("figures",), "fig2", "figures must be"),
        (("experiments",), [1], "experiments must be"),
        (ONE, {"about": "x"}, "one_layer lacks 'task'"),
        ((*ONE, "analyses"), ["align"], "unknown key 'analyses'"),
        ((*ONE, "seeds"), 0, "seeds must be greater than or equal to 1"),
        ((*ONE, "task", "inputs"), "ten", "task.inputs must be a valid integer, not 'ten'"),
        ((*ONE, "task", "inputs"), 0, "must be greater than or equal to 1, not 0"),
        ((*ONE, "task", "inputs"), True, "must be a valid integer, not True"),
        ((*ONE, "task", "input_scales"), [1, 2], "has 2 entries; it needs 10"),
        ((*ONE, "model"), {"recurrent": True}, "recurrent with 1 layer"),
        ((*ONE, "model"), {"softmax_layers": 2}, "softmax_layers is 2, but there are 1 layers"),
        ((*ONE, "task", "family"), "sine", "inputs is 10, but a sine wave has 1"),
        ((*ONE, "model"), {"recurrent": "yes"}, "must be a valid boolean"),
        ((*ONE, "model"), {"layer_norm": "evry"}, "did you mean every"),
        ((*ONE, "optimiser"), {"b2": 1.5}, "must be less than or equal to 1"),
        ((*ONE, "optimiser"), {"learning_rat": 1}, "did you mean learning_rate"),
        ((*ONE, "optimiser"), {"learning_rate": True}, "must be a number, not True"),
        ((*ONE, "optimiser"), {"learning_rate": float("nan")}, "must be a finite number"),
        ((*ONE, "training", "fixed_tasks"), 5, "fixed_tasks is 5, less than the batch of 2048"),
        ((*ONE, "axes"), {"optimiser.learning_rat": [1]}, "axes: optimiser has unknown key 'learning_rat'"),
        ((*ONE, "axes"), {"optimiser.learning_rate": ["x"]}, "axes: optimiser: learning_rate must be"),
        ((*ONE, "axes"), {"optimiser.learning_rate": []}, "learning_rate needs a list of values"),
        ((*ONE, "axes"), {"rate": [1]}, "no setting 'rate'; write it as optimiser.learning_rate"),
        ((*ONE, "axes"), {"model.recurrent": [True]}, "at {'model.recurrent': True}: model is recurrent"),
    ],
)
def test_bad_settings_are_refused(path, value, says):
    with pytest.raises(IcgdError, match=says):
        config.from_mapping(changed(path, value))


@pytest.mark.parametrize("value", [None, [], "x", 3])
def test_what_is_no_mapping_at_all_is_refused(value):
    with pytest.raises(IcgdError, match="config.yaml"):
        config.from_mapping(value)


def test_a_number_without_a_dot_is_a_number():
    loaded = config.from_mapping(changed((*ONE, "optimiser"), {"learning_rate": "1e-3"}))
    assert loaded.settings("one_layer", "full").optimiser.learning_rate == 1e-3


def test_unknown_experiment_and_scale_are_named():
    with pytest.raises(IcgdError, match="did you mean one_layer"):
        config.load().settings("one_laye")
    with pytest.raises(IcgdError, match="there is no scale"):
        config.load().settings("one_layer", "huge")


def test_scales_bound_every_setting_that_they_name():
    for scale, bound in values()["scales"].items():
        for name in values()["experiments"]:
            found = config.load().settings(name, scale)
            assert found.seeds <= bound.get("seeds", found.seeds)
            for key in ("steps", "batch", "every"):
                assert getattr(found.training, key) <= bound.get(key, getattr(found.training, key))
            for key in ("tasks", "shifted_tasks"):
                assert getattr(found.evaluation, key) <= bound.get("tasks", getattr(found.evaluation, key))


def test_axes_give_a_point_for_every_combination_and_each_is_set():
    axes = {"optimiser.learning_rate": [0.1, 0.2], "training.batch": [8, 16, 4096]}
    loaded = config.from_mapping(changed((*ONE, "axes"), axes))
    found = loaded.settings("one_layer", "full")
    assert len(found.points) == 6 and found.points[1] == {
        "optimiser.learning_rate": 0.1,
        "training.batch": 16,
    }
    assert found.at(found.points[1]).optimiser.learning_rate == 0.1
    assert found.at(found.points[1]).training.batch == 16
    assert loaded.settings("one_layer", "quick").points[2]["training.batch"] == 256  # the scale's bound
    assert len(loaded.settings("one_layer", "smoke").points) == 2


@pytest.mark.parametrize("name", ["one_layer", "token_clip", "anisotropic"])
def test_settings_survive_being_written_and_read(name):
    found = config.load().settings(name, "full")
    assert config.Settings.model_validate_json(found.model_dump_json()) == found
    of_training = config.Settings.model_validate(found.of_training).of_training
    assert of_training == found.of_training and "evaluation" not in of_training


def test_a_whole_configuration_survives_it_too():
    loaded = config.load()
    assert config.from_mapping(json.loads(loaded.model_dump_json())) == loaded
