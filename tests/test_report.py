"""The audit page: complete, escaped, self-contained, with the right counts."""

import re
from html.parser import HTMLParser

import pytest
from pages import BACKGROUND, NASTY, TABLE, make_artefact, make_claim, make_claims, make_document, make_part

from icgd import dictionary
from icgd.claims import history as history_lines
from icgd.claims.multiplicity import decided_parts, p_value
from icgd.record import lineage
from icgd.report import ledger
from icgd.report.background import Background
from icgd.report.findings import findings
from icgd.report.interval import plot
from icgd.report.ledger import inside
from icgd.report.page import PARTS, render
from icgd.report.words import distance, extreme, in_words, number, rule, text

VOID = {"meta", "link", "input", "img", "br", "hr"}


class Balance(HTMLParser):
    """Collects the elements of a page and checks that each is closed in order."""

    def __init__(self, page):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def having(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="module")
def page():
    return render(make_claims(), "full", BACKGROUND)


def test_every_claim_has_a_section_and_a_row_that_links_to_it(page):
    found = Balance(page)
    ids = [attrs.get("id") for attrs in found.having("section")]
    links = [attrs.get("href") for attrs in found.having("a")]
    rows = [attrs.get("id") for attrs in found.having("tr")]
    rows += [attrs.get("id") for attrs in found.having("li")]
    for claim in make_claims():
        assert ids.count(claim["id"]) == 1
        assert rows.count(f"row-{claim['id']}") == 1
        assert f"#{claim['id']}" in links and f"#row-{claim['id']}" in links


def test_ids_are_unique_and_labels_name_what_exists(page):
    found = Balance(page)
    ids = [attrs["id"] for _, attrs in found.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for attrs in found.having("label"):
        assert attrs["for"] in ids
    assert len(found.having("h1")) == len(found.having("main")) == 1


def test_every_string_is_escaped():
    control = {"must": NASTY, "subject": NASTY, "along": NASTY, "size": NASTY, "verdict": NASTY, "ok": False}
    part = make_part(
        name=NASTY,
        says=NASTY,
        per=NASTY,
        estimand=NASTY,
        on=NASTY,
        verdict=NASTY,
        units=[{"unit": NASTY, "value": 1.0}],
        controls=[control],
        published_verdict=NASTY,
        released=NASTY,
        released_from=NASTY,
        excluded=[{"unit": NASTY, "why": NASTY}],
        evidence=dict.fromkeys(("of", "measure", "subject", "reference", "tasks", "along"), NASTY),
    )
    words = dict.fromkeys(
        (
            "where",
            "says",
            "kind",
            "scale",
            "verdict",
            "reason",
            "note",
            "reduced",
            "test",
            "rule_hash",
            "rebuild",
            "source",
        ),
        NASTY,
    )
    files = [{"path": NASTY, "sha256": NASTY}]
    claim = make_claim(NASTY, **words, parts=[part], figures=[NASTY], inputs=files)
    sources = [{"id": NASTY, "title": NASTY, "kind": NASTY}]
    documents = (make_document(NASTY, NASTY, NASTY, (NASTY, NASTY + "2")),)
    made = {NASTY: make_artefact(NASTY, [NASTY], NASTY)}
    history = [dict.fromkeys(history_lines.COLUMNS, NASTY)]
    page = render([claim], NASTY, Background(sources, NASTY, documents, made, history))
    assert NASTY not in page and "<script>alert" not in page
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&quot;" in page
    assert len(Balance(page).having("script")) == 1


def test_the_page_loads_nothing_from_the_network(page):
    found = Balance(page)
    sources = [attrs["src"] for _, attrs in found.elements if "src" in attrs]
    links = [attrs["href"] for attrs in found.having("link")]
    assert "../../../figures/full/fig2.png" in sources
    assert not [url for url in sources + links if re.match(r"(https?:)?//", url)]
    assert "@import" not in page and not re.search(r"url\(", page)


def test_figures_are_linked_lazy_and_described(page):
    found = Balance(page)
    assert all(img["loading"] == "lazy" and img["alt"] for img in found.having("img"))
    assert "../../../figures/full/fig2.svg" in [attrs.get("href") for attrs in found.having("a")]


def test_counts_keep_decided_undecided_and_pending_apart(page):
    for words in ("Decided: 3", "Undecided: 1", "Not testable: 0", "Pending: 1", "Findings: 2"):
        assert f"<h3>{words}</h3>" in page
    found = re.findall(r'<li data-count="([^"]+)">.*?<b>(\d+)</b></li>', page)
    claims = [("supported", "2"), ("refuted", "1"), ("inconclusive", "1"), ("pending", "1")]
    assert found == [*claims, ("supported", "1"), ("refuted", "1")]
    assert "5 of 5 claims" in page and "5 claims from 1 sources, 2 findings" in page


def test_findings_have_the_words_of_claims_and_their_numbers_and_links(page):
    section = page.split('<section id="findings"')[1].split("</section>")[0]
    assert "confirmed" not in page and "overturned" not in page
    assert section.split("<h3>")[0].count("refuted</span>") == 2
    assert "ratio: <b>0.82</b>, supported if within 0.99 to 1.01" in section
    assert '<a href="#vo22-5">vo22-5</a>' in section and "#vo22-99" not in section
    assert "Claims that did not hold" in section and '<a href="#vo22-2">' in section
    assert "Claims that did not hold" not in findings(make_claims()[:1])


def test_the_ledger_has_a_row_for_each_published_or_released_number(page):
    claims = make_claims()
    unpublished = make_claim(
        "vo22-6", parts=[make_part(published=None), make_part(published=None, released=2)]
    )
    assert len(ledger.rows([*claims, unpublished])) == 8
    table = page.split('<section id="ledger"')[1].split("</section>")[0]
    assert table.count("<tr>") == 1 + len(ledger.rows(claims)) == 8
    cells = re.search(r'href="#vo22-f01">.*?<td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>', table)
    assert cells[1] == "1.002" and cells[2].startswith("0.9<br>") and cells[3] == "0.82"
    assert "1.0004 [1.0002, 1.0006], n = 9" in table


def test_the_ledger_says_whether_the_published_number_is_inside_our_interval():
    assert inside(make_part(published=1.0005)) == "yes" and inside(make_part(published=1.0007)) == "no"
    unlike = make_part(published=1.0005, published_unlike="read by eye")
    assert inside(unlike) == "not comparable: read by eye"
    assert inside(make_part(published=2, low=None)) == "not comparable: no interval here"
    assert inside(make_part(published=2, low=1, high=1)).startswith("not comparable: exact here")
    assert inside(make_part(published=None)) == ""
    far = make_part(value=13.6, low=12.9, high=14.4, published=51)
    page = render([make_claim("vo22-76", parts=[far]), make_claim("vo22-1")], "full", BACKGROUND)
    section = page.split('<section id="ledger"')[1].split("</section>")[0]
    assert "<td>no</td><td><b>0.267</b></td>" in section and "<td>no</td><td>0.998</td>" in section
    told = "of 2 published numbers 0 lie inside our interval, 2 do not, and 0 cannot be compared"
    assert told in " ".join(section.split()) and "1 differ from ours by more than a factor of 1.5" in section


def test_the_coverage_shows_each_passage_with_its_verdicts_or_its_reason(page):
    section = page.split('<section id="coverage"')[1].split("</section>")[0]
    assert "1 of the 5 claims registered for them are named" in section and "1 entries of other" in section
    first, second = re.findall(r'<li id="document-post-\d">(.*?)</li>', section)
    assert "It agrees." in first and "characters 0 to 10" in first
    assert re.search(r'<a href="#vo22-1">vo22-1</a> <span class="badge good">.*supported</span>', first)
    assert "lw-9" in first and "#lw-9" not in first
    assert "No claim: a greeting." in second and "characters 10 to 25" in second
    cells = re.findall(r'<td class="number">(\d+)</td>', section)
    assert cells == ["25", "2", "1", "1", "2"] * 2


def test_a_claim_leads_to_the_passages_that_state_it(page):
    sections = {name: page.split(f'<section id="{name}"')[1] for name in ("vo22-1", "vo22-2")}
    stated, other = (section.split("</section>")[0] for section in sections.values())
    assert "Where the documents state it (1 passage)" in stated
    assert '<a href="#document-post-1">post, characters 0 to 10</a>: It agrees.' in stated
    assert "Where the documents state it" not in other


def test_a_number_tells_what_its_measure_and_its_controls_are():
    controls = [{**make_part()["controls"][0], "size": None}]
    page = render([make_claim("vo22-1", parts=[make_part(controls=controls)])], "full", BACKGROUND)
    measure, rate = dictionary.measures()["loss_ratio"].text, dictionary.faults()["rate"].text
    assert f"<dt>Measure</dt><dd>{text(measure)}</dd>" in page
    network = dictionary.predictors()["network"].text
    assert f"<code>network rate 1.15</code></td><td>{text(network)}; {text(rate)}: 1.15</td>" in page


def test_an_exact_value_tells_which_row_it_is():
    part = make_part(per="none", estimand="max", n=18, units=[{"unit": "d=10 N=45 #17", "value": 2.0}])
    assert extreme(part) == ", the max of 18 rows, at d=10 N=45"
    assert extreme(make_part()) == "" == extreme({**part, "n": 1})


def test_a_claim_that_waits_shows_its_rule_and_links_the_claims_that_it_names():
    rule = {
        **make_part(),
        "controls": {"refutes": [{"subject": "network rate 1.15"}], "supports": [{"subject": "zero"}]},
    }
    waits = make_claim("vo22-5", verdict="pending", parts=[], planned=[rule], test="As vo22-1, not vo22-99.")
    page = render([make_claim("vo22-1"), waits], "full", BACKGROUND)
    section = page.split('<section id="vo22-5"')[1].split("</section>")[0]
    assert "Its rule, fixed already (1 part)" in section and "within 0.99 to 1.01" in section
    assert '<a href="#vo22-1">vo22-1</a>' in section and "#vo22-99" not in section
    assert f"<code>zero</code> {dictionary.predictors()['zero'].text}" in section


def test_multiplicity_counts_decided_parts_that_rest_on_units(page):
    assert decided_parts(make_claims()) == 3
    section = page.split('<section id="multiplicity"')[1].split("</section>")[0]
    assert "<p>3 decided" in section and "about 0.15 of" in section


def test_holm_stands_beside_each_claim_and_in_the_counts():
    claims = [make_claim("vo22-1", together=True), make_claim("vo22-2", together=False)]
    page = render(claims, "full", BACKGROUND)
    stands, falls = (page.split(f'<section id="vo22-{k}"')[1].split("</section>")[0] for k in (1, 2))
    assert "With the others:</strong> stands when all" in stands
    assert "With the others:</strong> does not stand when all" in falls
    assert "2 of the decided claims rest on intervals; 2 of these" in page


def test_a_claim_that_rests_on_one_that_fell_is_marked():
    below = {"vo22-2": "refuted", "vo22-3": "supported", "vo22-4": "pending"}
    page = render([make_claim("vo22-1", rests_on=below), make_claim("vo22-2")], "full", BACKGROUND)
    section = page.split('<section id="vo22-1"')[1].split("</section>")[0]
    assert '<a href="#vo22-2">vo22-2</a> (refuted), vo22-3 (supported), vo22-4 (pending)' in section
    assert 'not supported: <a href="#vo22-2">vo22-2</a></p>' in section
    assert page.count("rests on vo22-2</span>") == 1


def test_every_view_is_reached_from_the_head_of_the_page(page):
    ids = {attrs.get("id") for attrs in Balance(page).having("section")}
    assert set(PARTS) <= ids
    assert all(f'<a href="#{name}">' in page.split("</nav>")[0] for name in PARTS)


def test_counts_lead_to_the_filtered_table(page):
    counts = page.split('<section id="counts"')[1].split("</section>")[0]
    assert '<a href="?verdict=inconclusive#claims">' in counts and '<a href="#findings">' in counts


def test_claims_can_be_filtered_by_the_scale_they_were_decided_at():
    claims = [*make_claims()[:5], make_claim("vo22-6", reduced="Five seeds.")]
    page = render(claims, "full", BACKGROUND)
    scales = re.findall(r'<tr id="row-vo22-\d" .*?data-scale="([^"]*)"', page)
    assert scales == ["full"] * 4 + ["not run", "full, reduced"]
    assert all(f'<option value="{scale}">' in page for scale in set(scales))


def test_every_unit_is_written_out_under_its_plot(page):
    section = page.split('<section id="vo22-1"')[1].split("</section>")[0]
    assert "<summary>All 9 training seeds</summary>" in section
    assert section.count("<li>seed ") == 9 + 1 and "<li>seed 8: 1.0008</li>" in section


def test_the_figures_show_their_files_and_their_claims(page):
    section = page.split('<section id="figures"')[1].split("</section>")[0]
    assert all(f"figures/full/fig2.{kind}" in section for kind in ("png", "svg", "csv"))
    assert '<a href="#vo22-2">vo22-2</a>' in section and "-- figures/full/fig2.png" in section


def test_what_is_not_registered_has_its_reason():
    untested = make_claim("vo22-8", verdict="not testable", parts=[], reason="A wish.")
    page = render([*make_claims(), untested], "full", BACKGROUND)
    section = page.split('<section id="unregistered"')[1].split("</section>")[0]
    assert "<li>Hello. <b>a greeting</b>" in section and '<a href="#document-post-2">' in section
    assert '<a href="#vo22-8">vo22-8</a>' in section and "<b>A wish.</b>" in section
    assert "It agrees." not in section


def test_a_claim_tells_its_chain_of_rules_with_time_versions_and_commands():
    claim = make_claim("vo22-1", inputs=[{"path": TABLE, "sha256": "3" * 64}])
    section = render([claim], "full", BACKGROUND).split('<section id="vo22-1"')[1].split("</section>")[0]
    chain = "<code>decide</code> ← <code>measure</code> ← <code>train</code>"
    assert f"<dt>Chain of rules</dt><dd>{chain}</dd>" in section
    assert "25 s CPU and 40 s wall in 2 jobs" in section and "jax measure and train" in section
    assert '<a href="#made-results-full-one-layer">' in section
    assert "python -m icgd decide vo22-1 --scale full" in section and "SCALE=full" not in section


def test_a_verdict_tells_how_many_parts_bear_it_out():
    counts = {"supported": 2, "refuted": 12, "other": 0, "of": 14}
    claim = make_claim("vo22-1", verdict="refuted", counts=counts)
    assert in_words(claim) == "refuted: 12 of 14 parts fail"
    assert in_words({**claim, "verdict": "partly"}) == "partly: 2 of 14 parts hold"
    assert in_words({**claim, "verdict": "inconclusive"}) == "inconclusive"
    assert (
        in_words(make_claim("vo22-1", counts={"supported": 2, "refuted": 0, "other": 0, "of": 2}))
        == "supported"
    )
    page = render([claim], "full", BACKGROUND)
    assert page.count("refuted: 12 of 14 parts fail</span>") == 3 and 'data-verdict="refuted"' in page


def test_rules_in_words():
    assert rule(make_part()) == (
        "Supported when the 95 % interval of the mean over training seeds (log scale) lies "
        "within 0.99 to 1.01; refuted when outside it."
    )
    exact = make_part(
        per="none", estimand="max", transform=None, supported={"below": 1e-6}, refuted={"above": 1e-3}
    )
    assert rule(exact) == ("Supported when the max lies below 1e-6; refuted when it lies above 0.001.")
    share = make_part(estimand="fraction", transform="linear", each={"above": 2}, supported={"above": 0.5})
    assert rule(share).startswith(
        "Supported when the 95 % interval of the share of training seeds with a value of at least 2 lies "
        "above 0.5;"
    )


def test_a_rule_tells_where_its_bound_comes_from_and_how_far_the_interval_is(page):
    section = page.split('<section id="vo22-1"')[1].split("</section>")[0]
    assert "a rate 15 % off costs 2 % (set by us)" in section
    assert "<dt>Nearest bound</dt><dd>47 half-widths from the interval</dd>" in section
    linear = {"transform": "linear", "supported": {"below": 2.0}}
    assert distance(make_part(low=1.0, high=1.5, **linear)) == "2 half-widths from the interval"
    assert distance(make_part(low=1.0, high=2.5, **linear)) == "0.67 half-widths inside the interval"
    assert distance(make_part(low=2.5, high=3.5, **linear)) == "1 half-widths from the interval"
    assert distance(make_part(per="none")) == "" == distance(make_part(low=1.0, high=1.0))


def test_a_counting_rule_is_told_and_drawn_as_one():
    units = [{"unit": f"seed {k}", "value": float(k < 8)} for k in range(9)]
    part = make_part(estimand="count", out_of=9, each={"above": 1}, transform="linear", units=units)
    part |= {"supported": {"above": 8}, "refuted": {"below": 1}, "published": None}
    part |= {"value": 8 / 9, "low": 0.52, "high": 0.997}
    assert rule(part) == (
        "Supported when at least 8 of 9 training seeds have a value of at least 1; "
        "refuted when at most 1 of 9 do."
    )
    assert extreme(part) == ", 8 of 9"
    drawing = plot({**part, "controls": []})
    assert "supported at least 8 of 9" in drawing and 'class="refuted" x="3.0%"' in drawing
    assert p_value(part) == 0 and decided_parts([make_claim("vo22-1", parts=[part])]) == 0


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


def test_a_claim_leads_to_how_its_tables_were_made_and_to_its_past(page):
    section = page.split('<section id="vo22-1"')[1].split("</section>")[0]
    assert "first run" in section and "2026-11-22" in section and "abc123" in section
    made = page.split('<section id="artefacts"')[1]
    assert 'id="made-results-full-one-layer-measures-csv"' in made
    assert "python -m icgd measure one_layer --scale full" in made and "12.5 s CPU, 20.25 s wall" in made
    assert "1 trained seed</summary>" in made and '<a href="#made-results-full-one-layer">' in made


def test_the_lineage_of_the_committed_verdicts_ends_at_weights_and_published_numbers():
    tables = ["results/full/one_layer/measures.csv", "results/full/statements/published_figures.csv"]
    found = lineage(tables)
    assert "results/full/one_layer/seed-3/weights.npz" in found
    assert found["results/full/one_layer/seed-3/history.csv"].record["step"] == "train"
    assert found["published/numbers.csv"].record is None
    for path, artefact in found.items():
        for name, recorded in (artefact.record or {}).get("inputs", {}).items():
            assert found[name].sha256 == recorded, (path, name)
