"""The small plots of the audit page: dots, controls, axis."""

import re

import pytest
from pages import make_part

from icgd.report.axis import Axis
from icgd.report.interval import plot


def test_the_plot_has_one_dot_per_unit():
    drawn = plot(make_part())
    assert drawn.count('class="unit"') == 9
    assert drawn.count("diamond") == 1 and drawn.count('class="seed"') == 2
    assert "<title>value 1.0004 [1.0002, 1.0006], n = 9" in drawn


def test_units_stand_at_1_or_0_where_their_share_is_decided_on():
    units = [{"unit": f"seed {k}", "value": value} for k, value in enumerate((-4000, 30, 300))]
    share = {"value": 2 / 3, "low": 0.1, "high": 0.99, "supported": {"above": 0.5}, "units": units}
    drawn = plot(
        make_part(**share, each={"above": 25}, transform=None, published=None, published_values=None)
    )
    places = re.findall(r'class="unit" cx="([\d.]+)%"', drawn)
    assert len(places) == 3 and places[1] == places[2] and float(places[0]) < float(places[1])
    assert "seed 0: -4000" in drawn and ">-5000<" not in drawn


def test_a_far_control_is_an_arrow_at_the_edge_and_a_near_one_is_not():
    far = make_part()["controls"][0] | {"value": 40.0, "low": 39.0, "high": 41.0}
    assert "arrow control" in plot(make_part(controls=[far]))
    assert "arrow" not in plot(make_part())


def test_without_numbers_there_is_no_plot():
    empty = make_part(value=None, low=None, high=None, units=[], published=None, published_values=None)
    assert plot(empty) == ""
    assert plot(make_part(value=float("nan"), low=None, high=None, units=[])) == ""


@pytest.mark.parametrize(
    "values, log",
    [
        ([1.0, 1.0], True),
        ([0.0, 0.0], False),
        ([1e-12, 3.0], True),
        ([-2.0, 5.0], True),
        ([0.9, 1.1], True),
        ([0.011, 0.04], True),
        ([3.0, 3.0 + 1e-12], False),
        ([1e6, 2e9], True),
    ],
)
def test_the_axis_encloses_its_values(values, log):
    axis = Axis(values, log)
    assert axis.low <= min(values) and max(values) <= axis.high
    assert axis.ticks == sorted(set(axis.ticks)) and len(axis.labelled()) >= 2
    assert axis.log == (log and min(values) > 0)
    assert [axis.side(v) for v in (axis.low - 9, *values, axis.high * 2 + 9)] == [-1, 0, 0, 1]
