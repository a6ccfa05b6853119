"""Verdicts, rules and numbers in words."""

import pytest
from pages import make_claim, make_part

from icgd.claims.multiplicity import decided_parts, p_value
from icgd.claims.words import (
    asked,
    counted,
    distance,
    extreme,
    far,
    in_words,
    inside,
    number,
    origin,
    ours,
    ratio,
    rule,
    unit,
)


def test_a_verdict_tells_how_many_parts_bear_it_out():
    claim = make_claim(
        "vo22-1", verdict="refuted", counts={"supported": 2, "refuted": 12, "other": 0, "of": 14}
    )
    assert in_words(claim) == "refuted: 12 of 14 parts fail"
    assert in_words({**claim, "verdict": "partly"}) == "partly: 2 of 14 parts hold"
    assert in_words({**claim, "verdict": "inconclusive"}) == "inconclusive"
    both = {"supported": 2, "refuted": 0, "other": 0, "of": 2}
    assert in_words(make_claim("vo22-1", counts=both)) == "supported"


def test_rules_in_words():
    assert rule(make_part()) == (
        "Supported when the 95 % interval of the mean over training seeds (log scale) lies "
        "within 0.99 to 1.01; refuted when outside it."
    )
    exact = make_part(
        per="none", estimand="max", transform=None, supported={"below": 1e-6}, refuted={"above": 1e-3}
    )
    assert rule(exact) == "Supported when the max lies below 1e-6; refuted when it lies above 0.001."
    share = make_part(estimand="fraction", transform="linear", each={"above": 2}, supported={"above": 0.5})
    assert rule(share).startswith(
        "Supported when the 95 % interval of the share of training seeds with a value of at least 2 lies "
        "above 0.5;"
    )


def test_a_rule_tells_where_its_bound_comes_from_and_how_far_the_interval_is():
    assert origin(make_part()) == "a rate 15 % off costs 2 % (set by us)"
    assert distance(make_part()) == "47 half-widths from the interval"
    linear = {"transform": "linear", "supported": {"below": 2.0}}
    assert distance(make_part(low=1.0, high=1.5, **linear)) == "2 half-widths from the interval"
    assert distance(make_part(low=1.0, high=2.5, **linear)) == "0.67 half-widths inside the interval"
    assert distance(make_part(low=1.0, high=1.0155, **linear)) == "130 half-widths from the interval"
    assert distance(make_part(per="none")) == "" == distance(make_part(low=1.0, high=1.0))


def test_a_counting_rule():
    units = [{"unit": f"seed {k}", "value": float(k < 8)} for k in range(9)]
    part = make_part(
        estimand="count", out_of=9, each={"above": 1}, transform="linear", units=units, value=8 / 9
    )
    part |= {"supported": {"above": 8}, "refuted": {"below": 1}, "low": 0.52, "high": 0.997}
    assert rule(part) == (
        "Supported when at least 8 of 9 training seeds have a value of at least 1; "
        "refuted when at most 1 of 9 do."
    )
    assert "refuted by nothing" in rule({**part, "refuted": None})
    assert ours(part) == "8 of 9" == counted({"value": 8 / 9, "n": 9}, part) and extreme(part) == ""
    assert inside(part) == "not comparable: training seeds that pass are counted here"
    assert counted(part, make_part()) == "" and ratio(part) is None
    assert p_value(part) == 0 and decided_parts([make_claim("vo22-1", parts=[part])]) == 0


def test_what_is_measured_is_said_with_its_reference_its_estimand_and_its_unit():
    assert asked(make_part()).startswith("loss over that of one step of gradient descent at its best rate")
    steps = make_part(evidence={"of": "alternating", "measure": "dropped_at"})
    assert unit(steps) == "steps" and unit(make_part()) == ""
    share = {**steps, "each": {"above": 25}}
    assert unit(share) == "" and unit(share, of_each=True) == "steps"
    for of, measure in (("alternating", "reached_over_one_layer"), ("identities", "stacked_steps")):
        assert unit(make_part(evidence={"of": of, "measure": measure})) == ""  # a ratio, an error
    exact = make_part(per="none", estimand="max", n=18, units=[{"unit": "d=10 N=45 #17", "value": 2.0}])
    assert extreme(exact) == ", the max of 18 rows, at d=10 N=45" and extreme({**exact, "n": 1}) == ""


def test_is_the_published_number_inside_our_interval():
    assert inside(make_part(published=1.0005)) == "yes" and inside(make_part(published=1.0007)) == "no"
    assert inside(make_part(published=1.001, published_rounding=0.0005)) == "yes"
    assert inside(make_part(published=1.0012, published_rounding=0.00005)) == "no"
    unlike = make_part(published=1.0005, published_unlike="read by eye")
    assert inside(unlike) == "not comparable: read by eye"
    assert inside(make_part(published=2, low=None)) == "not comparable: no interval here"
    assert inside(make_part(published=2, low=1, high=1)).startswith("not comparable: exact here")
    assert inside(make_part(published=None)) == ""
    assert far(make_part(value=13.6, published=51)) and not far(make_part())
    assert ratio(make_part(value=3, published=2)) == 1.5
    assert ratio(unlike) is None and not far({**unlike, "value": 13.6})
    signs = ((-1, 2), (1, -2), (0, 2), (1, 0))
    assert [ratio(make_part(value=a, published=b)) for a, b in signs] == [None] * 4


@pytest.mark.parametrize(
    "value, spread, words",
    [
        (1.00041, 0.0004, "1.00041"),
        (0.389, None, "0.389"),
        (1e-17, None, "1e-17"),
        (None, None, "–"),
        (0, 0.1, "0"),
        (True, None, "True"),
        (123456.0, 2000.0, "123456"),
    ],
)
def test_numbers(value, spread, words):
    assert number(value, spread) == words
