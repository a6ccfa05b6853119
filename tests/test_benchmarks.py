"""The engine stays fast: ratios to the textbook form measured here, never seconds."""

import csv

import numpy as np
import pytest
from conftest import ROOT

from icgd.benchmarks import comparison, growth, table, timing
from icgd.benchmarks.columns import COLUMNS


def table_of(name):
    return list(csv.DictReader((ROOT / "benchmarks/results" / name).read_text().splitlines()))


COMMITTED = {row["column"]: row for row in table_of("steps.csv")}


@pytest.mark.parametrize("name", COLUMNS)
def test_the_engine_keeps_half_of_its_committed_ratio(name):
    settings = COLUMNS[name].settings()
    times = timing.interleaved(comparison.forms(settings), rounds=3)
    ratio = np.median(times["textbook"].cpu / times["engine"].cpu)
    assert ratio >= float(COMMITTED[name]["ratio"]) / 2
    assert comparison.loss_difference(settings) < 1e-5


@pytest.mark.parametrize("name", COLUMNS)
def test_the_committed_ratio_is_what_was_asked_for(name):
    row = COMMITTED[name]
    assert float(row["ratio"]) >= COLUMNS[name].least and int(row["rounds"]) >= 5


def test_linear_attention_grows_linearly_in_the_context():
    rows = table_of("growth.csv")
    for study in ("context N, one layer", "context N, two layers"):
        points = [row for row in rows if row["study"] == study and row["form"] == "engine"]
        x, ms = (np.array([float(row[name]) for row in points]) for name in ("x", "cpu_ms"))
        assert growth.exponent(x, ms) < 1.3


def test_an_exponent_is_a_slope_on_logarithmic_axes():
    x = np.array([1, 10, 100, 1000])
    assert growth.exponent(x, 5 + 3.0 * x**2) == pytest.approx(2, abs=0.02)


def test_the_readme_shows_the_committed_table():
    block = (ROOT / "README.md").read_text().partition(table.BEGIN)[2].partition(table.END)[0]
    assert block.strip() == (ROOT / "benchmarks/results/steps.md").read_text().strip()
