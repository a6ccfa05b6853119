"""The audit page in headless Chromium: filters, links, pictures, keyboard, phone, print, accessibility."""

import json
from urllib.parse import unquote, urlsplit

import pytest
from browser import Browser, axe_source, program
from conftest import ROOT

from icgd import paths
from icgd.claims import coverage, history, registry
from icgd.claims.verdict import undecided
from icgd.files import read_json
from icgd.record import lineage
from icgd.report.background import Background
from icgd.report.page import render

pytestmark = pytest.mark.skipif(program() is None, reason="no Chromium on this machine")

# One claim or finding of every kind and every verdict there is, and those with most parts and figures.
SAMPLE = ["vo22-01", "vo22-06", "vo22-17", "vo22-25", "vo22-33", "vo22-64", "vo22-74", "vo22-93", "as-9"]
SAMPLE += ["lr-2", "lw-4", "vo22-f01", "vo22-f08", "vo22-f22"]
OPENED = "for (const box of document.querySelectorAll('details')) box.open = true;"
CLAIMS = 48  # the full page is too large for axe at once: first all without claims, then so many at a time
PIECE = f"""document.querySelectorAll('main > section:not(:has(.claim))').forEach((view) => view.remove());
  [...document.querySelectorAll('.claim')].filter((claim, k) => k < %d || k >= %d)
  .forEach((claim) => claim.remove()); {OPENED}"""
AXE = """axe.run(%s, {resultTypes: ['violations']}).then((found) => JSON.stringify(found.violations
  .filter((rule) => ['serious', 'critical'].includes(rule.impact))
  .map((rule) => [rule.id, rule.impact, rule.nodes.length, rule.nodes.slice(0, 3).map((n) => n.html)])))"""


def shown(names=None):
    """Verdicts of the registry as the page has them: all, or those named and one of each without a rule."""
    verdicts, found, kinds = read_json(ROOT / paths.verdicts("full")), [], set()
    for claim in registry.claims().values():
        if claim.decided and (names is None or claim.id in names):
            found.append(verdicts[claim.id])
        elif not claim.decided and (names is None or claim.kind not in kinds):
            found.append(undecided(claim, "full"))
            kinds.add(claim.kind)
    return found


def write(path, claims, short):
    """The page of some claims beside the committed figures."""
    used = sorted({given["path"] for claim in claims for given in claim["inputs"]})
    documents = coverage.documents()
    if short:
        documents = tuple(each.model_copy(update={"passages": each.passages[:6]}) for each in documents)
    lines = [line for line in history.lines() if line["claim"] in {claim["id"] for claim in claims}]
    figures = "../../../figures/full"
    background = Background(list(registry.sources()), figures, documents, lineage(used), lines)
    path.parent.mkdir(parents=True)
    path.write_text(render(claims, "full", background), "utf-8")
    return path


@pytest.fixture(scope="module")
def at_module_root():
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where pages lie as in the repository, with the figures where they look for them."""
    found = tmp_path_factory.mktemp("pages")
    (found / "figures").symlink_to(ROOT / "figures")
    return found


@pytest.fixture(scope="module")
def sample(folder, at_module_root):
    return write(folder / "results" / "sample" / "audit" / "index.html", shown(SAMPLE), short=True)


@pytest.fixture(scope="module")
def full(folder, at_module_root):
    return write(folder / "results" / "full" / "audit" / "index.html", shown(), short=False)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = Browser(tmp_path_factory.mktemp("browser"))
    yield found
    found.close()


def visible(browser):
    """Ids of the rows that the filters leave."""
    script = "JSON.stringify([...document.querySelectorAll('#table tbody tr:not([hidden])')].map(r => r.id))"
    return [name.removeprefix("row-") for name in json.loads(browser.value(script))]


def choose(browser, name, value):
    """Fill in one filter."""
    field = f"document.getElementById('filter-{name}')"
    browser.value(
        f"{field}.value = {json.dumps(value)}; {field}.dispatchEvent(new Event('input', {{bubbles: true}}))"
    )


def violations(browser, root="document"):
    """Serious and critical violations that axe-core finds in a part of the page."""
    if not browser.value("'axe' in window"):
        browser.value(axe_source() + "; 0")
    return json.loads(browser.value(AXE % root))


def test_filters_keep_what_fits_and_stand_in_the_address(browser, sample):
    browser.open(sample)
    all_ids = visible(browser)
    assert "vo22-17" in all_ids and "vo22-f01" not in all_ids
    for name, value in (
        ("verdict", "partly"),
        ("kind", "comparison"),
        ("source", "vo22"),
        ("text", "fixed set"),
    ):
        choose(browser, name, value)
    assert visible(browser) == ["vo22-33"]
    assert browser.value("document.getElementById('count').textContent") == f"1 of {len(all_ids)} claims"
    assert "verdict=partly" in browser.value("location.search")
    browser.value("document.querySelector('#filters button').click()")
    browser.value("new Promise((done) => setTimeout(done, 50))")
    assert visible(browser) == all_ids and browser.value("location.search") == ""
    choose(browser, "scale", "not run")
    assert set(visible(browser)) == {c["id"] for c in shown(SAMPLE) if not c["parts"]}


def test_a_link_to_a_filtered_table_and_one_to_a_hidden_row(browser, sample):
    browser.open(sample, "?verdict=refuted#claims")
    refuted = {c["id"] for c in shown(SAMPLE) if c["verdict"] == "refuted" and "-f" not in c["id"]}
    assert set(visible(browser)) == refuted and "vo22-74" in refuted
    browser.value("location.hash = '#row-vo22-17'")
    browser.value("new Promise((done) => setTimeout(done, 50))")
    assert "vo22-17" in visible(browser)
    browser.open(sample, "#document-activation-space-critique-2")
    script = "document.getElementById('document-activation-space-critique-2').closest('details').open"
    assert browser.value(script)


def test_a_heading_sorts_by_the_keyboard_and_the_first_stop_is_the_way_to_the_table(browser, sample):
    browser.open(sample)
    browser.press("Tab", 9)
    assert browser.value("document.activeElement.className") == "skip"
    browser.value("document.querySelector('#table thead button').focus()")
    browser.press("Enter", 13)
    up = visible(browser)
    browser.press("Enter", 13)
    assert visible(browser) == up[::-1] and up[0] == "as-9"
    assert browser.value("document.querySelector('#table th').getAttribute('aria-sort')") == "descending"


def test_every_link_and_picture_of_the_full_page_resolves_and_nothing_comes_from_a_network(browser, full):
    browser.size(1280)
    browser.open(full)
    script = "JSON.stringify([...document.links].map((link) => link.getAttribute('href')))"
    for link in set(json.loads(browser.value(script))):
        parts = urlsplit(link)
        assert not parts.scheme and not parts.netloc, link
        target = (full.parent / unquote(parts.path)) if parts.path else full
        assert target.exists(), link
        anchor = f"document.getElementById({json.dumps(unquote(parts.fragment))}) !== null"
        assert not parts.fragment or browser.value(anchor), link
    script = """Promise.all([...document.images].map((image) => { image.loading = 'eager';
      return image.decode().then(() => image.naturalWidth > 100); })).then((wide) => wide.every(Boolean))"""
    assert browser.value(script)
    assert browser.requests and not [
        u for u in browser.requests if u.split(":")[0] not in ("file", "data", "about")
    ]
    assert browser.errors == []


def test_nothing_is_wider_than_a_phone(browser, full):
    browser.size(380, 800)
    browser.open(full)
    browser.value(OPENED)
    width = browser.value("document.documentElement.scrollWidth")
    browser.size(1280)
    assert width <= 380


def test_nothing_is_wider_than_printed_paper(browser, full):
    browser.size(718, 1017)  # A4 less 1 cm all around, at 96 dots an inch
    browser.medium("print")
    browser.open(full)
    browser.value(OPENED)
    width = browser.value("document.documentElement.scrollWidth")
    browser.medium("")
    browser.size(1280)
    assert width <= 718


def test_printing_opens_what_is_closed(browser, sample):
    browser.open(sample)
    browser.value("window.dispatchEvent(new Event('beforeprint'))")
    assert browser.value("document.querySelectorAll('details:not([open])').length") == 0
    browser.value("window.dispatchEvent(new Event('afterprint'))")
    assert browser.value("document.querySelectorAll('details:not([open])').length") > 0
    assert browser.pdf().startswith(b"%PDF")


@pytest.mark.parametrize(("width", "colours"), [(1280, "light"), (380, "dark")])
def test_axe_finds_no_serious_violation_in_a_page_of_every_kind(browser, sample, width, colours):
    browser.size(width)
    browser.scheme(colours)
    browser.open(sample)
    browser.value(OPENED)
    found = violations(browser)
    browser.size(1280)
    browser.scheme("light")
    assert found == []


def test_axe_finds_no_serious_violation_in_any_piece_of_the_full_page(browser, full):
    browser.size(1280)
    browser.open(full)
    count = browser.value("document.querySelectorAll('.claim').length")
    browser.value("document.querySelectorAll('.claim').forEach((claim) => claim.remove());" + OPENED)
    assert violations(browser) == []
    for first in range(0, count, CLAIMS):
        browser.open(full)
        browser.value(PIECE % (first, first + CLAIMS))
        assert violations(browser) == [], f"claims from {first} on"


@pytest.mark.parametrize(
    "planted, rule",
    [
        ('<img src="../../../figures/full/fig2.png">', "image-alt"),
        ('<p style="color: #999; background: #fff">Hard to read.</p>', "color-contrast"),
        ("<select><option>one</option></select>", "select-name"),
    ],
)
def test_axe_finds_what_is_planted(browser, sample, tmp_path, planted, rule):
    page = tmp_path / "a" / "b" / "c.html"
    page.parent.mkdir(parents=True)
    page.write_text(sample.read_text("utf-8").replace("<main>", f'<main><div id="planted">{planted}</div>'))
    browser.open(page)
    assert [found[0] for found in violations(browser, "'#planted'")] == [rule]
