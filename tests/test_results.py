"""RESULTS.md and the README: every decided claim stands in them, every number is the verdict's."""

import json
import re
from collections import Counter

import pytest
from conftest import ROOT

from icgd import paths, results
from icgd.claims import multiplicity, registry
from icgd.claims.words import is_finding, unlike
from icgd.errors import IcgdError
from icgd.figures.specs import FIGURES
from icgd.files import read_json, read_yaml

TEXTS = ("says", "finds", "why")


@pytest.fixture(scope="module")
def verdicts():
    """Those that are committed."""
    return results.Verdicts(read_json(ROOT / paths.verdicts("full")))


@pytest.fixture
def topics():
    """As a person wrote them."""
    return results.topics()


def test_both_pages_are_up_to_date(verdicts):
    hint = "run `python -m icgd results`"
    assert results.RESULTS.read_text("utf-8") == results.results(verdicts), hint
    text = results.README.read_text("utf-8")
    assert results.readme(text, verdicts) == text, hint


def test_every_decided_claim_stands_in_one_topic(verdicts, topics):
    found = Counter(id_ for topic in topics for id_ in topic["claims"])
    assert set(found) == {claim.id for claim in registry.claims().values() if claim.decided}
    assert set(found.values()) == {1} and set(found) == set(verdicts.all)


def test_a_topic_has_its_words_and_its_figure_is_drawn(topics):
    for topic in topics:
        assert {"id", "title", "says", "finds", "why", "claims"} <= set(topic), topic["id"]
        assert topic.get("figure") is None or topic["figure"] in FIGURES


def test_numbers_in_the_texts_come_from_the_verdicts(verdicts, topics):
    for topic in [*topics, {"claims": [], "says": " ".join(read_yaml(paths.TOPICS)["answer"])}]:
        known = json.dumps([verdicts.of(id_) for id_ in topic["claims"]])
        for text in (results.HOLE.sub("", topic.get(key, "")) for key in TEXTS):
            assert not re.search(r"\d\.\d|\d %|[{}]", text), text
            text = re.sub(r"[Ff]igures? \d+\w*( and \d+)?|\b[a-z]+\d*-f?\d+\b", "", text)
            for number in re.findall(r"\d+", text):
                assert re.search(rf"\b{number}\b", known), (number, text)
        for id_, *_ in results.HOLE.findall(" ".join(topic.get(key, "") for key in TEXTS)):
            assert id_ in verdicts.all or id_ == "count", id_


def test_the_table_has_ours_published_verdict_and_holm(verdicts):
    first, second, *_ = verdicts.rows({"claims": ["vo22-17"]})
    assert re.match(r"\[\*\*vo22-17\*\*\]\(claims/von-oswald-2022.yaml#L\d+\) One trained", first[0])
    assert first[-2:] == ["**supported**", "yes"]
    part = verdicts.of("vo22-17")["parts"][0]
    assert second[2].startswith("1.0015") and second[3] == str(part["published"])
    assert "one step of gradient descent at its best rate" in second[1]
    (undecided, *_) = verdicts.rows({"claims": ["vo22-21"]})
    assert undecided[-2:] == ["**inconclusive**", "–"]


def test_a_published_number_of_something_else_is_marked(verdicts):
    rows = [row for topic in results.topics() for row in verdicts.rows(topic)]
    marked = [row for row in rows if row[3].endswith(results.UNLIKE)]
    parts = [part for found in verdicts.all.values() for part in found["parts"]]
    assert len(marked) == sum(part["published"] is not None and bool(unlike(part)) for part in parts) > 0
    assert "†" in results.results(verdicts).partition("| claim |")[0]


def test_only_intervals_are_counted_together(verdicts):
    ids = [id_ for id_, found in verdicts.all.items() if not is_finding(found)]
    stand, tested = verdicts.together(ids)
    assert (stand, tested) == (sum(multiplicity.together(map(verdicts.of, ids)).values()), tested)
    assert f"{tested} rest on intervals over seeds or tasks, and {stand} of these stand" in results.counted(
        verdicts
    )
    assert verdicts.together(["vo22-01"]) == (0, 0) and verdicts.together(["vo22-17", "vo22-01"]) == (1, 1)
    errors = [
        found for found in verdicts.all.values() if is_finding(found) and found["verdict"] == "supported"
    ]
    # What networks do, and no error of anybody's:
    results_of_ours = {"vo23-f01", "vo23-f02", "vo23-f05", "vo23-f06"}
    assert verdicts.count["findings"] == len({found["id"] for found in errors} - results_of_ours)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ("interval", "1.0015 [1.0011, 1.0019]"),
        ("value", "1.0015"),
        ("more", "0.2 %"),
        ("less", "-0.2 %"),
        ("percent", "100 %"),
        ("n", "10"),
        ("published", "1.002"),
    ],
)
def test_forms_of_a_number(form, says):
    part = {"value": 1.00151, "low": 1.00111, "high": 1.00192, "n": 10, "published": 1.002}
    assert results.formed(part, form) == says


def test_misuse_is_told(verdicts):
    with pytest.raises(IcgdError, match="names 'vo22-999'"):
        verdicts.fill("{vo22-999:value}")
    with pytest.raises(IcgdError, match="names part 9 of vo22-17; its last is part"):
        verdicts.fill("{vo22-17.9:value}")
    with pytest.raises(IcgdError, match="no form 'valeu'"):
        verdicts.fill("{vo22-17:valeu}")
    with pytest.raises(IcgdError, match="README.md lacks the mark .*results.*put both back"):
        results.readme("nothing", verdicts)


def test_the_readme_is_short_and_says_what_is_pending(verdicts):
    text = results.README.read_text("utf-8")
    assert len(text.splitlines()) <= 90
    assert f"{verdicts.count['pending']} are pending" in text
    answer = text.partition(results.BEGIN)[2].partition(results.END)[0]
    assert len(answer.strip().splitlines()) == 4
