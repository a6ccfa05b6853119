"""Benchmarks work and say what they measured; what they find is asserted by themselves (`make bench`)."""

import sys

import numpy as np
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import arms
import gpu
import released
import steps

from icgd import config
from icgd.errors import IcgdError
from icgd.files import read_table, write_table
from icgd.measures.request import Request

FOUND = config.load(ROOT / "config.yaml")
TRAIN = """
import jax
import jax.numpy as jnp
from src.config import config

creator = "linear"
data_creator = jax.vmap(lambda key, *shape: jax.random.normal(key, shape[:1]), (0, *[None] * 5))

def change_dataloader():
    global creator
    creator = "sine" if config.non_linear_reg_task else creator

def init():
    def optimiser(): pass
    return optimiser, jnp.zeros(config.input_size), None, jax.random.PRNGKey(config.seed)

def update(state: jnp.DeviceArray, data, optimiser):
    assert data.shape == (config.bs, config.input_size)
    return state + 1, {"train_loss": state[0] + 1}
"""
CONFIG = """
class Config(dict):
    __getattr__ = dict.__getitem__

config = Config(size_distract=0, weight_scale=1)
"""


def small(name):
    return FOUND.settings(name, "full").at({"training.batch": 512})


@pytest.mark.parametrize("name", ["one_layer", "softmax_two_heads"])
def test_engine_and_textbook_take_the_same_steps(name):
    rows = steps.compared(name, small(name), 2, None)
    assert [row["form"] for row in rows] == ["engine", "textbook"]
    assert rows[0]["loss"] == pytest.approx(rows[1]["loss"], rel=1e-5)
    assert all(0 < row["cpu_ms_least"] <= row["cpu_ms"] for row in rows)


def test_each_seed_side_by_side_has_its_own_loss():
    both, second = (np.asarray(arms.engine(small("one_layer"), 2, seeds).run()) for seeds in ([0, 1], [1]))
    assert both.shape == (2,) and both[0] != both[1]
    assert both[1] == pytest.approx(second[0], rel=1e-5)


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/train.py").write_text(TRAIN)
    (tmp_path / "src/config.py").write_text(CONFIG)
    return tmp_path


def test_the_released_code_is_run_from_its_checkout(checkout):
    assert released.arm(checkout, small("one_layer"), 3).run() == 3
    assert released.imported(checkout).creator == "linear"
    released.arm(checkout, small("sine"), 1)
    assert sys.modules["src.train"].creator == "sine" and str(checkout) not in sys.path


def test_what_the_released_code_lacks_is_told(checkout):
    with pytest.raises(IcgdError, match="has no src/train.py; name the folder"):
        released.imported(checkout / "src")
    (checkout / "src/train.py").write_text("import haikuu\n")
    with pytest.raises(IcgdError, match="needs the package 'haikuu', .*not among the locked ones"):
        released.imported(checkout)


def test_settings_in_the_words_of_the_released_code():
    alternating, sine = (released.described(small(name)) for name in ("alternating", "sine"))
    assert (alternating["key_size"], alternating["first_layer_sm"], alternating["deq"]) == (20, True, False)
    assert (sine["key_size"], sine["input_mlp"], sine["input_range"]) == (40, True, 10.0)
    ten = released.described(small("ten_recurrent"))
    assert (ten["deq"], ten["clip"], ten["lr"], ten["grad_clip_value"]) == (True, 10.0, 5e-4, 10.0)


def rows(engine=1.0, textbook=10.0, loss=0.4, exponent=1.0):
    made = []
    for form, cost, found in (("engine", engine, loss), ("textbook", textbook, 0.4)):
        times = arms.Times(np.array([cost, 2 * cost]), np.ones(2), np.array([found]))
        made.append(steps.row("column", "one_layer", form, times))
    for size in (10, 100, 1000, 10_000):
        times = arms.Times(np.array([3.0 * size**exponent]), np.ones(1), np.zeros(1))
        made.append(steps.row("context N, one layer", size, "engine", times))
    return made


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, []),
        ({"textbook": 4.0}, ["one_layer: the engine is 4.0 times cheaper, not 5"]),
        ({"loss": 0.41}, ["one_layer: the losses of engine and textbook differ: 0.41 and 0.4"]),
        ({"exponent": 2.0}, ["context N, one layer: the cost grows with exponent 2.00, not 1.3 at most"]),
    ],
)
def test_what_falls_short_is_told(changes, says):
    assert list(steps.shortfalls(rows(**changes))) == says


def test_tables_and_picture_are_written(tmp_path):
    page = tmp_path / "README.md"
    page.write_text(f"before\n{steps.BEGIN}old\n{steps.END}\nafter\n")
    outputs = steps.write(rows(), 2048, tmp_path, page)
    assert {path.name for path in outputs} == {
        f"steps.{kind}" for kind in ("png", "svg", "csv", "json", "md")
    }
    table = (tmp_path / "steps.md").read_text()
    assert "| one layer | 10 (15) | 1 (1.5) | 10.0 |" in table and "context N, one layer 1.00" in table
    assert page.read_text() == f"before\n{steps.BEGIN}{table}{steps.END}\nafter\n"
    assert len(read_table(tmp_path / "steps.csv", steps.ROW)) == 6


def test_the_page_shows_the_committed_table():
    block = (ROOT / "benchmarks/README.md").read_text().partition(steps.BEGIN)[2].partition(steps.END)[0]
    assert block == (ROOT / "benchmarks/results/steps.md").read_text()


def test_the_gpu_benchmark_in_quick(tmp_path, monkeypatch):
    asked = [Request(measure, "network", "gd", "fresh") for measure in gpu.MEASURES]
    units = [{"unit": f"seed {seed}", "value": 1.0} for seed in range(2)]
    lines = [{**unit, **request._asdict()} for unit in units for request in asked]
    write_table(tmp_path / "measures.csv", lines[0], lines)
    monkeypatch.setattr(gpu.paths, "table", lambda *words: tmp_path / "measures.csv")
    gpu.main(["--quick", "--folder", str(tmp_path)])
    found = read_table(tmp_path / "gpu.csv", gpu.ROW)
    near = [float(row["here"]) for row in found if row["weights"] == "committed"]
    assert near == pytest.approx([1.0] * 4, abs=0.02)  # the committed networks are one step of GD
    assert [row["unit"] for row in found if row["number"] == gpu.SPEED] == ["1 seed", "2 seeds"]
    assert "| one layer |" in (tmp_path / "gpu.md").read_text()
