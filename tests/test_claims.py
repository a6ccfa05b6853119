"""The registry and how claims are decided."""

import copy
import dataclasses
import math
import random
from collections import Counter
from pathlib import Path

import pytest
import yaml
from scipy import stats

from icgd import paths
from icgd.claims import evidence, history, registry, statistics, verdict
from icgd.claims.registry import Claim
from icgd.config import load
from icgd.errors import IcgdError
from icgd.files import read_json

PART = {
    "name": "",
    "says": "",
    "estimand": "mean",
    "transform": "linear",
    "units": "converged",
    "per": "training seed",
    "supported": {"within": [0.99, 1.01]},
}


@pytest.mark.parametrize("n", [2, 5, 10, 30])
def test_t_quantile_equals_scipy(n):
    assert statistics.t_quantile(0.975, n - 1) == pytest.approx(stats.t.ppf(0.975, n - 1), rel=1e-9)


@pytest.mark.parametrize(("k", "n"), [(0, 10), (5, 5), (9, 10), (10, 10), (3, 7)])
def test_clopper_pearson_equals_scipy(k, n):
    right = stats.binomtest(k, n).proportion_ci(0.95, "exact")
    assert statistics.fraction_interval(k, n)[1:] == pytest.approx((right.low, right.high), abs=1e-9)


def test_median_interval_covers_as_often_as_it_says():
    rng = random.Random(0)
    hits = 0
    for _ in range(2000):
        _, low, high = statistics.median_interval([rng.gauss(0, 1) for _ in range(10)])
        hits += low <= 0 <= high
    assert 0.95 - 4 * math.sqrt(0.05 * 0.95 / 2000) < hits / 2000


def test_prediction_interval_equals_scipy():
    values = [1.0, 2.0, 2.5, 3.0, 4.5]
    half = stats.t.ppf(0.975, 4) * stats.tstd(values) * math.sqrt(1.2)
    assert statistics.prediction_interval(values) == pytest.approx((2.6 - half, 2.6 + half))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([1.0, 1.001, 0.999, 1.0, 1.002], "supported"),
        ([1.05, 1.051, 1.049, 1.05, 1.052], "refuted"),
        ([1.0, 1.02, 0.98, 1.03, 0.97], "inconclusive"),
        ([1.0, 1.0, 1.0, 1.0], "inconclusive"),
        ([], "inconclusive"),
        ([1.0, math.nan, 1.0, 1.0, 1.0], "error"),
    ],
)
def test_a_mean_is_decided_by_its_interval(values, word):
    assert verdict.decide(values, PART).verdict == word


def test_a_gap_between_the_regions_is_borderline():
    part = {**PART, "refuted": {"above": 1.05}}
    assert verdict.decide([1.03, 1.031, 1.029, 1.03, 1.032], part).verdict == "borderline"


@pytest.mark.parametrize(("hits", "word"), [(10, "supported"), (0, "refuted"), (6, "inconclusive")])
def test_a_fraction_is_decided_by_clopper_pearson(hits, word):
    part = {**PART, "estimand": "fraction", "each": {"above": 0.5}, "supported": {"above": 0.5}}
    assert verdict.decide([1.0] * hits + [0.0] * (10 - hits), part).verdict == word
    assert verdict.decide([1.0] * 5, part).verdict == "inconclusive"


def test_small_distances_from_one_are_judged_on_their_own_scale():
    part = {**PART, "transform": "log(1 - x)", "supported": {"above": 0.999}}
    assert verdict.decide([0.9995, 0.9994, 0.9996, 0.9993, 0.9995], part).verdict == "supported"
    assert verdict.decide([0.9950, 0.9940, 0.9960, 0.9950, 0.9950], part).verdict == "refuted"


def test_exact_zeros_do_not_spoil_a_logarithmic_scale():
    gap = {**PART, "transform": "log", "supported": {"below": 0.05}}
    assert verdict.decide([0.0, 1e-7, 0.0, 2e-7, 1e-7], gap).verdict == "supported"
    cosine = {**PART, "transform": "log(1 - x)", "supported": {"above": 0.999}}
    assert verdict.decide([1.0, 1.0, 0.9999999, 1.0, 1.0], cosine).verdict == "supported"


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        (["supported", "supported"], "supported"),
        (["supported", "refuted"], "partly"),
        (["refuted", "refuted"], "refuted"),
        (["supported", "inconclusive"], "inconclusive"),
        (["supported", "no power"], "no power"),
        (["refuted", "error"], "error"),
    ],
)
def test_parts_combine(words, whole):
    parts = [{"name": word, "verdict": word, "reason": ""} for word in words]
    assert verdict.combine(parts)[0] == whole


def test_a_control_that_goes_wrong_takes_the_verdict_away():
    decision = verdict.decide([1.0] * 5, PART)
    control = {"plant": "rate_1.15", "must": "refute", "verdict": "supported", "ok": False}
    assert verdict.at_scale(decision, [control], PART, "full")[0] == "no power"
    assert verdict.at_scale(decision, [], PART, "quick")[0] == "indicative"
    assert verdict.at_scale(decision, [], PART, "smoke")[0] == "not decided at this scale"


def test_the_registry_is_whole():
    claims = registry.claims()
    numbers = {source: [] for source in ("vo22", "lw", "as", "lr", "ms", "vo23", "lm")}
    for id_ in claims:
        source, number = id_.rsplit("-", 1)
        if not claims[id_].finding:
            numbers[source].append(int(number))
    for source, last in {"vo22": 97, "lw": 18, "as": 31, "lr": 10, "ms": 12, "vo23": 62, "lm": 37}.items():
        assert numbers[source] == list(range(1, last + 1)), source
    findings = [claim for claim in claims.values() if claim.finding]
    assert all(claim.decided and claim.kind == "documentary" for claim in findings)
    assert [claim.id for claim in findings] == [f"vo22-f{k:02}" for k in range(1, len(findings) + 1)]
    assert len(findings) == 23


# 46: one of the paper's five seeds ends twice as high as the others; the bound was kept when this was
# noticed. 78 and lw-8: Fig. 5 shows three seeds that copy, and a mean is decided on five or more.
OPEN_BY_THEIR_OWN_SEEDS = {"vo22-46", "vo22-78", "lw-8"}


def test_the_papers_own_seeds_can_be_decided():
    for claim in registry.claims().values():
        for part in claim.parts:
            seeds = (part.get("published") or {}).get("seeds")
            if seeds:
                open_ = verdict.decide(seeds, part).verdict not in ("supported", "refuted")
                assert open_ == (claim.id in OPEN_BY_THEIR_OWN_SEEDS), claim.id


def entry(**changes):
    values = yaml.safe_load(
        """
        id: vo22-01
        where: somewhere
        says: something
        kind: measurement
        evidence: {experiment: one_layer, table: alignment, measure: loss_over_gd,
                   filter: {tasks: fresh, reference: gd_optimal}}
        per: training seed
        supported: {within: [0.99, 1.01]}
        controls:
          refutes: [{plant: rate_1.15, size: 15 %}]
          supports: [{plant: hand_set}]
        """
    )
    values = copy.deepcopy(values)
    for path, value in changes.items():
        at = values
        *steps, last = path.split("__")
        for step in steps:
            at = at[step]
        if value is None:
            del at[last]
        else:
            at[last] = value
    return values


def test_a_good_entry_passes():
    assert isinstance(registry._claim(entry(), "vo22", "here"), Claim)


def pending(**changes):
    rule = entry(**changes)
    about = {key: rule.pop(key) for key in ("id", "where", "says")}
    return {**about, "kind": "pending", "test": "when the runs have ended", "planned": rule}


def test_a_pending_claim_may_carry_the_rule_that_will_decide_it():
    claim = registry._claim(pending(), "vo22", "here")
    assert not claim.decided
    assert claim.planned.rule_hash == registry._claim(entry(), "vo22", "here").rule_hash
    with pytest.raises(IcgdError, match="planned, vo22-01: table alignment has no measure"):
        registry._claim(pending(evidence__measure="loss_over_gb"), "vo22", "here")
    with pytest.raises(IcgdError, match="of a pending claim"):
        registry._claim({**entry(), "planned": {}}, "vo22", "here")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"evidence__measure": "loss_over_gb"}, "did you mean loss_over_gd"),
        ({"evidence__table": "alinment"}, "did you mean alignment"),
        ({"evidence__filter": {"tasks": "frehs"}}, "did you mean fresh"),
        ({"controls__refutes": [{"plant": "rate_2", "size": "x"}]}, "there is no plant 'rate_2'"),
        ({"controls__refutes": [{"plant": "rate_1.15"}]}, "near miss"),
        ({"controls__supports": None}, "lacks 'supports'"),
        ({"figures": ["fig22"]}, "did you mean fig2"),
        ({"supported": {"within": [2, 1]}}, "must be one of within"),
        ({"kind": "mesurement"}, "did you mean measurement"),
        ({"per": "sed"}, "per cannot be 'sed'"),
        ({"kind": "pending", "test": "later"}, "but has a rule"),
        ({"estimand": "fraction"}, "each says what a unit"),
        ({"id": "as-1"}, "must start with 'vo22'"),
        ({"trasform": "log"}, "did you mean transform"),
        ({"published": 1.002}, "must be a mapping"),
        ({"published": {"vlaue": 1.002}}, "did you mean value"),
        ({"published": {"value": "about 1"}}, "value must be a number"),
        ({"published": {"seeds": 1.0}}, "seeds must be a list of numbers"),
        ({"published": {"value": 1.0, "released": 2.0}}, "released and from go together"),
        ({"published": {"value": 1.0, "from": "its notebook"}}, "released and from go together"),
        ({"published": {"released": 2.0, "from": " "}}, "released and from go together"),
        ({"published": {"released": math.inf, "from": "its notebook"}}, "released must be a number"),
        ({"evidence__over": "restarts", "per": "none", "estimand": "max"}, "per is training seed"),
    ],
)
def test_a_bad_entry_is_refused_with_what_would_be_right(changes, says):
    with pytest.raises(IcgdError, match=says):
        registry._claim(entry(**changes), "vo22", "here")


def test_every_word_of_the_data_dictionary_stands_alone():
    """The page shows them one by one, beside no neighbour that they could lean on."""
    for name, table in registry.tables().items():
        for key, words in {**table["measures"], **table["labels"].get("plant", {})}.items():
            assert not words.startswith(("the same", "that ", "those ", "such ")), (name, key)


def test_the_readme_counts_the_committed_verdicts():
    found = Counter(
        read_json(paths.verdict("full", claim.id))["verdict"] if claim.decided else claim.kind
        for claim in registry.claims().values()
        if not claim.finding
    )
    text = Path("README.md").read_text()
    for word in ("supported", "partly", "inconclusive", "refuted", "no power"):
        assert f"{found[word]} {word}" in text
    assert f"other {found['pending']} are `pending`" in text and sum(found.values()) == 267
    decided = sum(claim.decided and not claim.finding for claim in registry.claims().values())
    findings = sum(claim.finding for claim in registry.claims().values())
    assert f"{decided} of 267 registered claims" in text and f"{findings} findings" in text


def test_the_released_codes_value_reaches_the_verdict():
    published = {"value": 1.002, "released": 1.01, "from": "its notebook"}
    part = registry._claim(entry(published=published), "vo22", "here").parts[0]
    found = verdict.judge_part(part, load(), "full")
    assert (found["published"], found["released"], found["released_from"]) == (1.002, 1.01, "its notebook")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {id: vo22-1, kind: documentary}", "no id of a finding"),
        ("- {id: vo99-f01, kind: documentary}", "no id of a finding"),
        ("- {id: vo22-f01, kind: measurement}", "of kind 'documentary'"),
        ("- nonsense", "no id of a finding"),
    ],
)
def test_a_bad_finding_is_refused(tmp_path, monkeypatch, text, says):
    (tmp_path / "findings.yaml").write_text(text)
    (tmp_path / "sources.yaml").write_text("- {id: vo22, claims: none.yaml}")
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    registry.sources.cache_clear()
    try:
        with pytest.raises(IcgdError, match=says):
            registry._findings.__wrapped__()
    finally:
        registry.sources.cache_clear()


def test_an_entrys_words_count_in_its_hash_and_not_in_its_rules():
    one, other = (registry._claim(entry(says=says), "vo22", "here") for says in ("something", "else"))
    assert one.rule_hash == other.rule_hash and one.entry_hash != other.entry_hash


def test_a_measure_may_be_divided_by_that_of_another_experiment(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence.paths, "RESULTS", tmp_path)
    for name, values in (("four", (2.0, 3.0, None)), ("one", (4.0, None, 1.0))):
        path = paths.table("smoke", name, "nonlinear")
        path.parent.mkdir(parents=True)
        lines = ["seed,measure,plant,tasks,value"]
        for seed, value in enumerate(values):
            lines += [f"{seed},converged,none,,{int(value is not None)}"]
            lines += [f"{seed},final_training_loss,none,,0.4", f"{seed},loss,none,fresh,{value or 9}"]
            lines += [f"{seed},loss,zero,fresh,8"]
        path.write_text("\n".join(lines) + "\n")
    experiment = load().experiments["layer_norm"]
    config = dataclasses.replace(load(), experiments={"four": experiment, "one": experiment})
    config = dataclasses.replace(
        config, scales={**config.scales, "smoke": dataclasses.replace(config.scales["smoke"], seeds=3)}
    )
    part = {
        **PART,
        "evidence": {"experiment": "four", "table": "nonlinear", "measure": "loss", "over": "one"},
    }
    found = evidence.units(part, config, "smoke")
    assert found.values == {"seed 0": 0.5} and set(found.excluded) == {"seed 1", "seed 2"}
    assert evidence.units(part, config, "smoke", "zero").values == {"seed 0": 2.0}
    assert len(evidence.files(part, config, "smoke")) == 2


def test_an_unknown_claim_names_its_neighbour():
    with pytest.raises(IcgdError, match="vo22-17|vo22-1"):
        registry.claim("vo22-177")


def test_the_history_notices_a_changed_line(tmp_path, monkeypatch):
    monkeypatch.setattr(history.paths, "HISTORY", tmp_path / "history.csv")
    verdicts = [
        {"id": f"vo22-0{i}", "rule_hash": "ab", "verdict": "supported", "parts": [{"value": 1.5}]}
        for i in (1, 2, 3)
    ]
    assert len(history.append(verdicts, "first run")) == 3
    assert history.append(verdicts, "nothing new") == []
    assert history.broken_line() is None
    text = history.paths.HISTORY.read_text()
    history.paths.HISTORY.write_text(text.replace("1.5", "1.6", 1))
    assert history.broken_line() == 2
