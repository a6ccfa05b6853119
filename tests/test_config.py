"""Settings: good ones pass, bad ones are refused in one sentence that says what would be right."""

import copy

import pytest
import yaml

from icgd import config
from icgd.cli.schema import OUTPUT, text
from icgd.errors import IcgdError


def values():
    with open("config.yaml") as handle:
        return copy.deepcopy(yaml.safe_load(handle))


def test_the_repositorys_own_settings_pass():
    loaded = config.load()
    assert loaded.experiment("one_layer", "full").training.steps == 5000
    assert loaded.experiment("one_layer", "full").seeds == 10
    assert (
        loaded.sweep(config.RunsSettings, "token_clip", "full").seeds
        == loaded.sweeps["token_clip"].seeds
        == 9
    )
    assert loaded.experiment("one_layer", "smoke").training.steps == 20
    assert not loaded.trains("full") and loaded.trains("quick")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("scal",), "quick", "unknown key 'scal'; did you mean scale"),
        (("scale",), "fulll", "did you mean full"),
        (("experiments", "one_layer", "task", "inputs"), "ten", "must be a whole number"),
        (("experiments", "one_layer", "task", "inputs"), 0, "at least 1"),
        (("experiments", "one_layer", "task", "inputs"), True, "must be a whole number"),
        (("experiments", "one_layer", "optimiser"), {"b2": 1.5}, "at most 1.0"),
        (("experiments", "one_layer", "optimiser"), {"learning_rat": 1}, "did you mean learning_rate"),
        (("experiments", "one_layer", "analyses"), ["alin"], "did you mean align"),
        (("experiments", "one_layer", "model"), {"recurrent": True}, "recurrent with 1 layer"),
        (("experiments", "one_layer"), {"about": "x"}, "lacks 'task'"),
        (("scales", "full"), None, "must be a mapping"),
        (("figures",), "fig2", "must be a list"),
    ],
)
def test_bad_settings_are_refused(path, value, says):
    broken = values()
    at = broken
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(IcgdError, match=says):
        config.from_mapping(broken)


def test_a_number_without_a_dot_is_a_number():
    changed = values()
    changed["experiments"]["one_layer"]["optimiser"] = {"learning_rate": "1e-3"}
    assert config.from_mapping(changed).experiments["one_layer"].optimiser.learning_rate == 1e-3


def test_unknown_experiment_and_scale_are_named():
    with pytest.raises(IcgdError, match="did you mean one_layer"):
        config.load().experiment("one_laye")
    with pytest.raises(IcgdError, match="there is no scale"):
        config.load().experiment("one_layer", "huge")


def test_settings_survive_being_recorded():
    settings = config.load().step_settings(config.TrainSettings, "one_layer", "full")
    assert config.build(config.TrainSettings, config.plain(settings), "record") == settings


def test_the_schema_is_generated():
    assert OUTPUT.read_text() == text(), "run `python -m icgd schema`"


def test_the_catalogs_settings_are_the_repositorys():
    with open(".test/config.yaml") as handle:
        assert yaml.safe_load(handle) == {**values(), "scale": "smoke"}
