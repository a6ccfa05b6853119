"""Multiplicity: the p-values behind the intervals, and Holm's procedure."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from pages import make_claim, make_part
from scipy import stats

from icgd.claims.multiplicity import holm, p_of, p_value, together
from icgd.claims.verdict import decide


def units_of(values):
    return [{"unit": str(k), "value": value} for k, value in enumerate(values)]


def test_p_values_are_those_of_the_tests_behind_the_intervals():
    values = [1.001, 1.004, 1.0, 0.998, 1.003]
    mean = make_part(units=units_of(values), supported={"below": 1.01}, transform="linear")
    right = stats.ttest_1samp(values, 1.01).pvalue
    assert p_value(mean) == pytest.approx(right, rel=1e-9)
    share = {"estimand": "fraction", "each": {"above": 0.5}, "supported": {"above": 0.5}}
    fraction = make_part(units=units_of([1] * 9 + [0]), transform="linear", **share)
    assert p_value(fraction) == pytest.approx(2 * stats.binom.sf(8, 10, 0.5), rel=1e-9)
    median = make_part(units=units_of([0.1] * 9 + [None]), estimand="median", supported={"below": 0.5})
    assert p_value(median) == pytest.approx(2 * stats.binom.cdf(1, 10, 0.5), rel=1e-9)
    assert p_value(make_part(per="none")) == 0 and p_value(make_part(verdict="inconclusive")) == 1


@pytest.mark.parametrize("estimand", ["mean", "median", "fraction"])
def test_a_verdict_at_95_percent_has_a_p_value_below_5_percent_and_only_then(estimand):
    rng = np.random.default_rng(0)
    words = set()
    for _ in range(150):
        values = rng.normal(0.5 + rng.normal(0, 0.8), 1, 10).tolist()
        rule = {"estimand": estimand, "transform": "linear", "supported": {"above": 0.6}, "refuted": None}
        rule |= {"each": {"above": 0.5}} if estimand == "fraction" else {"each": None}
        decision = decide(values, SimpleNamespace(**rule))
        words.add(decision.verdict)
        guess = decision.verdict if decision.verdict != "inconclusive" else "supported"
        part = make_part(units=units_of(values), value=decision.value, verdict=guess, **rule)
        assert (p_value(part) <= 0.05) == (decision.verdict == guess)
    assert words == {"supported", "refuted", "inconclusive"}


def test_holm_steps_down_until_one_fails():
    assert holm({"a": 0.01, "b": 0.02, "c": 0.04}) == {"a", "b", "c"}
    assert holm({"a": 0.001, "b": 0.03, "c": 0.03}) == {"a"}
    assert holm({"a": 0.02, "b": 0.2, "c": 0.001}) == {"a", "c"}
    assert holm({"a": 0.06}) == set() == holm({})


def test_a_claim_is_as_weak_as_its_parts_combine():
    share = {
        "estimand": "fraction",
        "transform": "linear",
        "each": {"above": 0.5},
        "supported": {"above": 0.5},
    }
    strong = make_part(name="strong", units=units_of([1.0] * 10), **share)
    weak = make_part(name="weak", units=units_of([1.0] * 9 + [0.0]), **share)
    bad = make_part(name="bad", units=units_of([0.0] * 10), value=0.0, **{**share, "verdict": "refuted"})
    open_ = {**weak, "name": "open", "verdict": "inconclusive"}
    least = 2 / 2**10
    assert p_of(make_claim("a", parts=[strong, weak], combine="all")) == pytest.approx(22 * least / 2)
    refuted = make_claim("a", parts=[strong, bad, open_], combine="all", verdict="refuted")
    assert p_of(refuted) == pytest.approx(3 * least)
    assert p_of({**refuted, "combine": "any", "verdict": "supported"}) == pytest.approx(3 * least)
    assert p_of({**refuted, "combine": {"headline": "bad"}}) == pytest.approx(least)
    assert p_of({**refuted, "combine": None, "verdict": "partly"}) == 1
    exact = make_claim("b", parts=[make_part(per="none")])
    assert together([refuted, exact, {**refuted, "id": "c", "verdict": "inconclusive"}]) == {"a": True}


def test_a_claim_that_counts_or_exact_numbers_decide_has_no_part_in_it():
    share = {"estimand": "fraction", "transform": "linear", "each": {"above": 0.5}}
    share |= {"supported": {"above": 0.5}}
    strong = make_part(name="strong", units=units_of([1.0] * 10), **share)
    count = make_part(name="count", units=units_of([0.0] * 3), **{**share, "estimand": "count"})
    count |= {"verdict": "refuted", "value": 0.0}
    refuted = make_claim("a", parts=[strong, count], combine="all", verdict="refuted")
    assert together([refuted]) == {}
    weak = {**strong, "name": "weak", "units": units_of([1.0] * 9 + [0.0]), "verdict": "refuted"}
    both = {**refuted, "parts": [strong, count, weak]}
    assert p_of(both) == pytest.approx(3 * p_value(weak))


def test_an_undecided_claim_counts_in_its_family_and_another_source_does_not():
    weak = make_part(units=units_of([1.0] * 9 + [0.0]), estimand="fraction", transform="linear")
    weak |= {"each": {"above": 0.5}, "supported": {"above": 0.5}}
    open_part = {**weak, "verdict": "inconclusive"}
    claims = [
        make_claim("vo22-1", parts=[weak]),
        make_claim("vo22-2", parts=[open_part], verdict="inconclusive"),
    ]
    assert math.isclose(p_of(claims[0]), 0.021484375) and p_of(claims[1]) == 1
    assert together(claims) == {"vo22-1": True}
    third = make_claim("vo22-3", parts=[open_part], verdict="inconclusive")
    assert together([*claims, third]) == {"vo22-1": False}
    assert together([*claims, {**third, "source": "as"}]) == {"vo22-1": True}
