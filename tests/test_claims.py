"""The registry and how claims are decided."""

import copy
import json
import math
import random
import sys

import pytest
import yaml
from conftest import run
from scipy import stats

from icgd import paths
from icgd.claims import evidence, history, intervals, registry, verdict
from icgd.claims.registry import Claim, Headline
from icgd.claims.rules import Published, rule
from icgd.config import load
from icgd.errors import IcgdError
from icgd.files import read_json, read_yaml, write_table
from icgd.measures.request import Request


def made(**changes):
    """A rule on one-layer networks, with other values at dotted places (a__b); None takes a key away."""
    values = yaml.safe_load(
        """
        evidence: {of: one_layer, measure: loss_ratio, reference: gd, tasks: fresh}
        per: training seed
        supported: {within: [0.99, 1.01]}
        why: a rate 15 % off costs 2 %
        set: ours
        controls:
          refutes: [{subject: network rate 1.15, size: 15 %}]
          supports: [{subject: hand_set gd}]
        """
    )
    return changed(values, changes)


def changed(values, changes):
    values = copy.deepcopy(values)
    for path, value in changes.items():
        at = values
        *steps, last = path.split("__")
        for step in steps:
            at = at[step]
        at[last] = value
        if value is None:
            del at[last]
    return values


def entry(**changes):
    """An entry of the registry with that rule."""
    about = {"id": "vo22-01", "where": "somewhere", "says": "something", "kind": "measurement"}
    return changed({**about, **made()}, changes)


def of(**changes):
    return rule(made(**changes), "here")


COUNT = {
    "estimand": "count",
    "out_of": 9,
    "each": {"above": 0.5},
    "supported": {"above": 8},
    "refuted": {"below": 1},
}


def drawn(n):
    rng = random.Random(n)
    return [rng.gauss(0, 1) for _ in range(n)]


@pytest.mark.parametrize("n", [2, 5, 10, 30])
def test_the_t_interval_equals_scipys(n):
    values = drawn(n)
    right = stats.t.interval(0.95, n - 1, stats.tmean(values), stats.sem(values))
    assert intervals.mean(values)[1:] == pytest.approx(right, rel=1e-9)
    half = stats.t.ppf(0.975, n - 1) * stats.tstd(values) * math.sqrt(1 + 1 / n)
    middle = stats.tmean(values)
    assert intervals.prediction(values) == pytest.approx((middle - half, middle + half), rel=1e-9)


@pytest.mark.parametrize(("k", "n"), [(0, 10), (5, 5), (9, 10), (10, 10), (3, 7)])
def test_the_interval_of_a_share_equals_scipys(k, n):
    right = stats.binomtest(k, n).proportion_ci(0.95, "exact")
    assert intervals.fraction(k, n) == pytest.approx((k / n, right.low, right.high), abs=1e-9)


@pytest.mark.parametrize("n", [5, 6, 10, 37])
def test_the_interval_of_a_median_equals_scipys(n):
    values = sorted(drawn(n))
    middle, low, high = intervals.median(values)
    rank = int(stats.binom.ppf(0.025, n, 0.5))  # order statistics k and n + 1 - k with 2 P(Bin < k) <= 5 %
    assert middle == pytest.approx(stats.scoreatpercentile(values, 50))
    assert (low, high) == ((values[rank - 1], values[n - rank]) if rank else (-math.inf, math.inf))


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
    assert verdict.decide(values, of()).verdict == word


def test_a_gap_between_the_regions_is_borderline():
    values = [1.03, 1.031, 1.029, 1.03, 1.032]
    assert verdict.decide(values, of(refuted={"above": 1.05})).verdict == "borderline"


@pytest.mark.parametrize(("hits", "word"), [(10, "supported"), (0, "refuted"), (6, "inconclusive")])
def test_a_fraction_is_decided_by_clopper_pearson(hits, word):
    part = of(estimand="fraction", each={"above": 0.5}, supported={"above": 0.5})
    assert verdict.decide([1.0] * hits + [0.0] * (10 - hits), part).verdict == word
    assert verdict.decide([1.0] * 5, part).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("hits", "word"), [(9, "supported"), (8, "supported"), (5, "inconclusive"), (1, "refuted")]
)
def test_a_count_is_decided_by_the_number_of_units_and_shows_their_share(hits, word):
    rule_ = of(**COUNT)
    found = verdict.decide([1.0] * hits + [0.0] * (9 - hits), rule_)
    assert found.verdict == word and (found.value, found.low, found.high) == intervals.fraction(hits, 9)
    assert verdict.decide([1.0] * 8, rule_).reason == "the rule counts 9 units, here are 8"


def test_what_is_not_found_refutes_no_count_that_says_that_some_exist():
    some = of(**{**COUNT, "supported": {"above": 1}, "refuted": None})
    for hits, word in [(1, "supported"), (9, "supported"), (0, "inconclusive")]:
        assert verdict.decide([1.0] * hits + [0.0] * (9 - hits), some).verdict == word


def test_units_that_a_rule_was_made_from_are_left_out(monkeypatch):
    rows = {"seed 0": 1.0, "seed 1": 2.0}
    monkeypatch.setattr(evidence, "_values", lambda path, asked: rows)
    part = of(per="set", without=["seed 1"])
    found = evidence.units(part, part.evidence, load(), "full")
    assert found == ({"seed 0": 1.0}, {"seed 1": "left out by the rule"})
    wrong = of(per="set", without=["seed 2"])
    with pytest.raises(IcgdError, match="without names 'seed 2'; did you mean seed"):
        evidence.units(wrong, wrong.evidence, load(), "full")


def test_small_distances_from_one_are_judged_on_their_own_scale():
    part = of(transform="log(1 - x)", supported={"above": 0.999})
    assert verdict.decide([0.9995, 0.9994, 0.9996, 0.9993, 0.9995], part).verdict == "supported"
    assert verdict.decide([0.9950, 0.9940, 0.9960, 0.9950, 0.9950], part).verdict == "refuted"


def test_exact_zeros_do_not_spoil_a_logarithmic_scale():
    gap = of(transform="log", supported={"below": 0.05})
    assert verdict.decide([0.0, 1e-7, 0.0, 2e-7, 1e-7], gap).verdict == "supported"
    cosine = of(transform="log(1 - x)", supported={"above": 0.999})
    assert verdict.decide([1.0, 1.0, 0.9999999, 1.0, 1.0], cosine).verdict == "supported"


@pytest.mark.parametrize(
    ("how", "words", "whole"),
    [
        (None, "supported supported", "supported"),
        (None, "supported refuted", "partly"),
        (None, "refuted refuted", "refuted"),
        (None, "supported inconclusive", "inconclusive"),
        (None, "refuted inconclusive", "inconclusive"),
        (None, "refuted borderline", "borderline"),
        (None, "supported power", "no power"),
        (None, "refuted error", "error"),
        ("all", "supported supported refuted", "refuted"),
        ("all", "refuted inconclusive", "refuted"),
        ("all", "supported borderline", "borderline"),
        ("all", "refuted power", "no power"),
        ("any", "supported refuted refuted", "supported"),
        ("any", "refuted inconclusive", "inconclusive"),
        ("any", "refuted refuted", "refuted"),
        ("any", "supported error", "error"),
        (Headline(headline="0"), "supported refuted", "supported"),
        (Headline(headline="1"), "supported refuted", "refuted"),
        (Headline(headline="0"), "supported error", "error"),
    ],
)
def test_parts_combine(how, words, whole):
    named = {"power": "no power"}
    parts = [
        {"name": str(k), "verdict": named.get(word, word), "reason": ""}
        for k, word in enumerate(words.split())
    ]
    assert verdict.combine(parts, how)[0] == whole


def test_the_parts_are_counted_and_how_they_combine_is_part_of_the_rule():
    words = ("supported", "refuted", "refuted", "no power")
    assert verdict.counts([{"verdict": word} for word in words]) == dict(
        supported=1, refuted=2, other=1, of=4
    )
    parts = [{"name": name, **made()} for name in ("one", "other")]
    about = {"id": "vo22-01", "where": "somewhere", "says": "something", "kind": "measurement"}
    hows = (None, "all", "any", {"headline": "other"})
    made_ = [registry.entry({**about, "parts": parts, "combine": how}, "vo22", "here") for how in hows]
    assert len({claim.rule_hash for claim in made_}) == len(hows)
    with pytest.raises(IcgdError, match="has no part 'three' for its headline"):
        registry.entry({**about, "parts": parts, "combine": {"headline": "three"}}, "vo22", "here")
    with pytest.raises(IcgdError, match="combine"):
        registry.entry({**about, "parts": parts, "combine": "most"}, "vo22", "here")
    with pytest.raises(IcgdError, match="for claims of several parts"):
        registry.entry(entry(combine="all"), "vo22", "here")


def test_a_control_that_goes_wrong_takes_the_verdict_away():
    decision = verdict.decide([1.0] * 5, of())
    control = {"subject": "network rate 1.15", "must": "refute", "verdict": "supported", "ok": False}
    assert verdict.at_scale(decision, [control], of(), "full")[0] == "no power"
    assert verdict.at_scale(decision, [], of(), "quick")[0] == "indicative"
    assert verdict.at_scale(decision, [], of(), "smoke")[0] == "not decided at this scale"


def test_a_passage_leads_to_its_sentence_and_quotes_no_more_than_its_ends():
    found = registry.claim("vo22-94").passage
    assert (found.first, found.last) == ("Thus we show", "their forward pass")
    ends = {"section": "3", "first": "a b c", "last": "d e f", "quoted": "the paper"}
    with pytest.raises(IcgdError, match="passage"):
        registry.entry(entry(passage={**ends, "first": "four words are many"}), "vo22", "x")
    with pytest.raises(IcgdError, match="one of the two"):
        registry.entry(entry(passage=ends, unsaid="ours"), "vo22", "x")


def test_every_claim_of_the_papers_has_its_sentence_or_says_why_it_has_none():
    papers = [each for each in registry.claims().values() if each.source in ("vo22", "vo23")]
    without = [each.id for each in papers if not (each.passage or each.unsaid or each.finding)]
    assert not without


def test_the_registry_is_whole():
    claims = registry.claims()
    numbers = {source: [] for source in ("vo22", "lw", "as", "lr", "ms", "vo23", "lm")}
    for id_ in claims:
        source, number = id_.rsplit("-", 1)
        if not claims[id_].finding:
            numbers[source].append(int(number))
    for source, last in {"vo22": 97, "lw": 20, "as": 32, "lr": 10, "ms": 12, "vo23": 62, "lm": 37}.items():
        assert numbers[source] == list(range(1, last + 1)), source
    findings = [claim for claim in claims.values() if claim.finding]
    assert all(claim.decided and claim.kind == "documentary" for claim in findings)
    for source, last in {"vo22": 24, "vo23": 6}.items():
        own = [claim.id for claim in findings if claim.source == source]
        assert own == [f"{source}-f{k:02}" for k in range(1, last + 1)]
    assert len(findings) == 30
    assert set(history.last()) <= set(claims)  # ids are permanent


# 46: one of the paper's five seeds ends twice as high as the others; the bound was kept when this was
# noticed. 78 and lw-8: Fig. 5 shows three seeds that copy, and a mean is decided on five or more.
OPEN_BY_THEIR_OWN_SEEDS = {"vo22-46", "vo22-78", "lw-8"}


def test_the_papers_own_seeds_can_be_decided():
    for claim in registry.claims().values():
        for part in claim.parts:
            if part.published.seeds:
                open_ = verdict.decide(part.published.seeds, part).verdict not in ("supported", "refuted")
                assert open_ == (claim.id in OPEN_BY_THEIR_OWN_SEEDS), claim.id


def test_a_good_entry_passes():
    assert isinstance(registry.entry(entry(), "vo22", "here"), Claim)


def pending(**changes):
    later = entry(**changes)
    about = {key: later.pop(key) for key in ("id", "where", "says")}
    return {**about, "kind": "pending", "test": "when the runs have ended", "planned": later}


def test_a_pending_claim_may_carry_the_rule_that_will_decide_it():
    claim = registry.entry(pending(), "vo22", "here")
    assert not claim.decided
    assert claim.planned.rule_hash == registry.entry(entry(), "vo22", "here").rule_hash
    assert registry.entry(pending(why=None, set=None), "vo22", "here").planned.parts  # said later
    with pytest.raises(IcgdError, match="planned, vo22-01: there is no measure 'loss_rato'"):
        registry.entry(pending(evidence__measure="loss_rato"), "vo22", "here")
    with pytest.raises(IcgdError, match="rule of a pending claim"):
        registry.entry({**entry(), "planned": entry()}, "vo22", "here")
    waits = verdict.undecided(claim, "full")
    assert waits["planned"][0]["controls"]["refutes"] == [{"subject": "network rate 1.15", "size": "15 %"}]
    assert waits["verdict"] == "pending" and "runs at full scale are not in" in waits["reason"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"evidence__measure": "loss_rato"}, "did you mean loss_ratio"),
        ({"evidence__measure": None}, "evidence lacks 'measure'"),
        ({"evidence__of": None}, "evidence lacks 'of'"),
        ({"evidence__refrence": "gd"}, "did you mean reference"),
        ({"evidence__reference": "gb"}, "did you mean gd"),
        ({"evidence__tasks": "frehs"}, "did you mean fresh"),
        ({"evidence__along": "input"}, "did you mean inputs"),
        ({"evidence": {"of": "identities", "measure": "contxt_update"}}, "did you mean context_update"),
        ({"evidence": {"of": "published", "measure": "fig9_rte"}}, "did you mean fig9_rate"),
        ({"controls__refutes": [{"subject": "network rat 2", "size": "x"}]}, "no fault .rat.; did you mean"),
        ({"controls__refutes": [{"subject": "network rate 1.15"}]}, "near miss"),
        ({"controls__refutes": []}, "controls.refutes"),
        ({"controls__supports": None}, "lacks 'supports'"),
        ({"supported": {"within": [2, 1]}}, "must be one of within"),
        ({"kind": "mesurement"}, "did you mean measurement"),
        ({"per": "sed"}, "per cannot be 'sed'"),
        ({"units": "convergd"}, "did you mean converged"),
        ({"estimand": "max"}, "estimand per training seed cannot be 'max'"),
        ({"kind": "pending", "test": "later"}, "but has a rule"),
        ({"why": None}, "does not say why the bound"),
        ({"set": None}, "does not say why the bound"),
        ({"set": "us"}, "did you mean ours"),
        ({"estimand": "fraction"}, "each is what a unit"),
        ({"refuted": {"above": 1.005}}, "supported and refuted overlap"),
        ({"refuted": {"above": 1.01}}, "supported and refuted overlap"),
        ({"out_of": 9}, "out_of and estimand: count go together"),
        ({**COUNT, "out_of": None}, "out_of and estimand: count go together"),
        ({**COUNT, "supported": {"above": 8.5}}, "whole numbers from 0 to 9"),
        ({**COUNT, "refuted": {"below": 10}, "supported": {"above": 11}}, "whole numbers from 0 to 9"),
        ({"without": ["seed 1", "seed 1"]}, "without names a unit twice"),
        ({"id": "as-1"}, "must start with 'vo22'"),
        ({"trasform": "log"}, "did you mean transform"),
        ({"published": 1.002}, "published"),
        ({"published": {"vlaue": 1.002}}, "did you mean value"),
        ({"published": {"value": "about 1"}}, "published.value must be a valid number"),
        ({"published": {"seeds": 1.0}}, "published.seeds must be a valid tuple"),
        ({"published": {"value": 1.0, "released": 2.0}}, "released and from go together"),
        ({"published": {"value": 1.0, "from": "its notebook"}}, "released and from go together"),
        ({"published": {"released": 2.0, "from": " "}}, "published.from"),
        ({"published": {"released": math.inf, "from": "its notebook"}}, "must be a finite number"),
        ({"evidence__over": "restarts", "per": "none", "estimand": "max"}, "per is training seed"),
    ],
)
def test_a_bad_entry_is_refused_with_what_would_be_right(changes, says):
    with pytest.raises(IcgdError, match=says):
        registry.entry(entry(**changes), "vo22", "here")


@pytest.mark.parametrize(
    ("text", "half"), [("1.50", 0.005), ("1.5", 0.05), ("-0.993", 0.0005), ("2.59e-6", 5e-9), ("51", 0.0)]
)
def test_a_published_number_is_rounded_to_the_digits_that_are_written(tmp_path, text, half):
    path = tmp_path / "one.yaml"
    path.write_text(f"published: {{value: {text}}}\n")
    found = Published.model_validate(read_yaml(path, written=True)["published"])
    assert (found.value, found.rounding) == (float(text), half)
    assert "rounding" not in found.model_dump()


def test_the_released_codes_value_reaches_the_verdict():
    published = {"value": 1.002, "released": 1.01, "from": "its notebook"}
    controls = {must: [{"subject": "statement", "size": "x"}] for must in ("refutes", "supports")}
    read_off = {"of": "published", "measure": "fig15_two_heads_step"}
    part = of(published=published, evidence=read_off, per="none", controls=controls)
    found = verdict.judge_part(part, load(), "full")
    assert (found["published"], found["released"], found["released_from"]) == (1.002, 1.01, "its notebook")
    assert found["value"] == 400 and found["units"] == [{"unit": "all seeds #0", "value": 400}]
    assert [control["ok"] for control in found["controls"]] == [True, False]


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
    monkeypatch.setattr(registry.paths, "CLAIMS", tmp_path)
    registry.sources.cache_clear()
    try:
        with pytest.raises(IcgdError, match=says):
            registry._findings.__wrapped__()
    finally:
        registry.sources.cache_clear()


def test_an_entrys_words_count_in_its_hash_and_not_in_its_rules():
    for key in ("says", "why"):
        made_ = (entry(**{key: words}) for words in ("something", "else"))
        one, other = (registry.entry(values, "vo22", "here") for values in made_)
        assert one.rule_hash == other.rule_hash and one.entry_hash != other.entry_hash


def write(name, values, flags=()):
    """A table of three seeds; a seed without a value has not converged."""
    rows = []
    for seed, value in enumerate(values):
        status = {"converged": int(value is not None), "final_training_loss": 0.4, "loss": value or 9}
        rows += [
            {
                "unit": f"seed {seed}",
                "measure": m,
                "subject": "network",
                "value": v,
                "tasks": "fresh" if m == "loss" else "",
            }
            for m, v in status.items()
        ]
        rows += [{"unit": f"seed {seed}", "measure": "loss", "subject": "zero", "tasks": "fresh", "value": 8}]
    rows += [
        {
            "unit": f"seed {seed}",
            "measure": "has_plateau",
            "subject": "network",
            "tasks": "history",
            "value": flag,
        }
        for seed, flag in enumerate(flags)
    ]
    write_table(paths.RESULTS / "smoke" / name / "measures.csv", evidence.COLUMNS, rows)


@pytest.fixture
def three_seeds(tmp_path, monkeypatch):
    """Settings of two experiments with three seeds, and an empty folder of results."""
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    config = load()
    one = config.experiments["layer_norm"]
    scales = {**config.scales, "smoke": config.scales["smoke"].model_copy(update={"seeds": 3})}
    return config.model_copy(update={"experiments": {"four": one, "one": one}, "scales": scales})


def test_a_measure_may_be_divided_by_that_of_another_experiment(three_seeds):
    write("four", (2.0, 3.0, None))
    write("one", (4.0, None, 1.0))
    part = of(
        evidence={"of": "four", "measure": "loss", "tasks": "fresh", "over": "one"},
        controls__refutes=[{"subject": "zero", "size": "x"}],
    )
    found = evidence.units(part, part.evidence, three_seeds, "smoke")
    assert found.values == {"seed 0": 0.5} and set(found.excluded) == {"seed 1", "seed 2"}
    control = part.of(part.controls.refutes[0])
    assert evidence.units(part, control, three_seeds, "smoke").values == {"seed 0": 2.0}
    claim = registry.entry({**entry(), "evidence": part.evidence.model_dump()}, "vo22", "here")
    assert [path.parent.name for path in evidence.files(claim, "smoke")] == ["four", "one"]
    assert evidence.requests([claim])["one"] == [Request("loss", "network", "", "fresh", "")]


def test_a_flag_says_which_seeds_count(three_seeds):
    write("four", (2.0, 3.0, None), flags=(1, 0, 1))
    part = of(evidence={"of": "four", "measure": "loss", "tasks": "fresh"}, units="has_plateau")
    found = evidence.units(part, part.evidence, three_seeds, "smoke")
    assert found == ({"seed 0": 2.0, "seed 2": 9.0}, {"seed 1": "its loss has no plateau"})
    values = {**entry(), "evidence": part.evidence.model_dump(), "units": "has_plateau"}
    claim = registry.entry(values, "vo22", "here")
    assert Request("has_plateau", "network", "", "history", "") in evidence.requests([claim])["four"]
    lacking = part.evidence.model_copy(update={"tasks": "published"})
    with pytest.raises(IcgdError, match="no row with measure 'loss', subject 'network', tasks 'published'"):
        evidence.units(part, lacking, three_seeds, "smoke")


def test_planning_needs_no_arrays():
    heavy = "{'numpy', 'jax', 'pandas'} & set(sys.modules)"
    run(sys.executable, "-c", f"import sys; from icgd.claims import evidence; assert not {heavy}")


def test_the_committed_verdicts_are_those_of_the_committed_tables():
    found = verdict.decide_all(load(), "full")
    assert json.loads(json.dumps(found)) == read_json(paths.verdicts("full"))


def test_experiments_and_figures_of_claims_are_there():
    config, figures = load(), {name for claim in registry.claims().values() for name in claim.figures}
    registry.check(config, figures)
    with pytest.raises(IcgdError, match="there is no figure 'fig2'; did you mean"):
        registry.check(config, figures - {"fig2"})
    without = {name: one for name, one in config.experiments.items() if name != "one_layer"}
    with pytest.raises(IcgdError, match="there is no experiment 'one_layer'; did you mean"):
        registry.check(config.model_copy(update={"experiments": without}), figures)


def test_a_claim_rests_on_claims_that_exist_and_not_on_itself():
    def claim(id_, *below):
        return registry.entry(entry(id=id_, rests_on=list(below)), "vo22", "here")

    known = {one.id: one for one in (claim("vo22-1", "vo22-2"), claim("vo22-2", "vo22-3"), claim("vo22-3"))}
    assert registry.foundations("vo22-1", known) == ("vo22-2", "vo22-3")
    assert not any(wrong for wrong, _ in registry._unfounded(known["vo22-1"], known))
    ring = {**known, "vo22-3": claim("vo22-3", "vo22-1")}
    assert any(wrong and "itself" in says for wrong, says in registry._unfounded(ring["vo22-1"], ring))
    wild = {"vo22-1": claim("vo22-1", "vo22-9")}
    assert next(registry._unfounded(wild["vo22-1"], wild))[0]
    words = {"vo22-17": {"verdict": "refuted"}}  # a decided one that is not among them is of another chapter
    assert verdict.resting({"id": "vo22-88"}, words)["rests_on"] == {"vo22-17": "refuted"}


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
    assert all(history.is_said(one, history.last()) for one in verdicts)
    for other in (
        {"rule_hash": "cd"},
        {"verdict": "refuted"},
        {"parts": [{"value": 1.6}]},
        {"id": "vo22-04"},
    ):
        assert not history.is_said({**verdicts[0], **other}, history.last())
    text = history.paths.HISTORY.read_text()
    history.paths.HISTORY.write_text(text.replace("1.5", "1.6", 1))
    assert history.broken_line() == 2
