"""The site: built once, then read: its links, its words, its plots; and looked at in headless Chromium."""

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from conftest import ROOT, environment
from pages import NASTY, make_claim, make_part

from icgd import config, paths
from icgd.claims import coverage, history, registry, words
from icgd.files import read_json
from icgd.site import build, content
from icgd.site.plot import LEFT, WIDTH, Axis, plot

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
KEPT = {".git", ".cache", ".snakemake", ".check", "site", "logs"}
BUILD = """import sys; from icgd.__main__ import main
main(['site', '--scale', 'full']); print('jax' in sys.modules)"""
PLANTED = '<img src="x.png"><p style="color: #bbb">Pale</p>'
SINGLE = [f"{name}.html" for name in (*build.SINGLE, "results", "search")]
LISTS = [f"{name}.html" for name in (*build.LISTS, "docs/index")]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The site of the committed results, built in a folder that holds links to the checkout's."""
    folder = tmp_path_factory.mktemp("site")
    for path in ROOT.iterdir():
        if path.name not in KEPT:
            (folder / path.name).symlink_to(path)
    command = [sys.executable, "-c", BUILD]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=900)
    assert done.returncode == 0 and (folder / "site/full/index.html").exists(), done.stdout + done.stderr
    assert done.stdout.split()[-1] == "False", "JAX was imported"
    return folder / "site/full"


class Links(HTMLParser):
    """What a page links to and loads, and its anchors."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.ids = [], [], set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids |= {found["id"]} if "id" in found else set()
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        self.loads += [found[key] for key in ("src", "href") if key in found and tag not in ("a", "base")]


read = cache(Links)


def decided():
    return read_json(ROOT / paths.verdicts("full"))


def test_every_claim_figure_experiment_and_source_has_a_page(site):
    wanted = [f"claims/{id_}" for id_ in registry.claims()]
    wanted += [f"experiments/{name}" for name in config.load().experiments]
    wanted += [f"sources/{source['id']}" for source in registry.sources()]
    wanted += [f"figures/{path.stem}" for path in (ROOT / "figures/full").glob("*.png")]
    assert [name for name in wanted if not (site / f"{name}.html").exists()] == []


def test_every_link_leads_to_a_page_a_place_on_it_or_a_file_of_the_repository(site):
    broken = []
    for page in site.rglob("*.html"):
        for link in read(page).links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            of_page = target.suffix == ".html" and parts.fragment
            if not target.exists() or (of_page and unquote(parts.fragment) not in read(target).ids):
                broken.append((page.relative_to(site).as_posix(), link))
    assert broken == []


def test_pages_load_nothing_from_the_network(site):
    loaded = {url for page in site.rglob("*.html") for url in read(page).loads}
    assert loaded and not [url for url in loaded if re.match(r"(https?:)?//", url)]
    styles = [path.read_text("utf-8") for path in site.rglob("*.css")]
    assert not [text for text in styles if re.search(r"(@import|url\()\s*['\"]?(https?:)?//", text)]


def test_a_claims_page_says_what_it_must(site):
    known = history.last()
    for id_, claim in decided().items():
        page = (site / f"claims/{id_}.html").read_text("utf-8")
        titles = re.findall(r"<h2>(.*?)<a", page)
        wanted = ["The rule", "Where it is said", "Controls", "Data and code", "Rebuild it"]
        wanted += ["History"] * (id_ in known)
        wanted += ["Published against ours"] * bool(content.printed(claim))
        assert set(wanted) <= set(titles), id_
        assert page.count('class="drawing"') == len(claim["parts"])
        assert f"make audit CLAIM={id_}" in re.sub("<[^>]*>", "", page) and "#L" in page
        assert all(f'_images/{figure}.png"' in page for figure in claim["figures"])


def test_links_land_on_the_words_of_a_passage(site):
    page = (site / "sources/as.html").read_text("utf-8")
    assert page.count("#:~:text=") > 50
    link = words.text_fragment("https://a.b/c", ["well-known, or", ""])
    assert link == "https://a.b/c#:~:text=well%2Dknown%2C%20or"
    assert "2212.07677#:~:text=" in (site / "claims/vo22-17.html").read_text("utf-8")
    assert words.text_fragment(None, ["a"]) == "" and words.text_fragment("u", []) == "u"


def test_the_words_for_links_are_those_of_the_documents():
    if not coverage.DOCUMENTS.exists():
        pytest.skip("the documents are not part of the repository")
    before = coverage.WORDS.read_text("utf-8")
    try:
        coverage.write_ends()
        assert coverage.WORDS.read_text("utf-8") == before, "python -m icgd document writes it"
    finally:
        coverage.WORDS.write_text(before, "utf-8")


def test_the_index_of_the_search_has_the_words_of_claims_passages_notes_and_parts(site):
    text = (site / "searchindex.js").read_text("utf-8")
    found = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    assert {"l2", "loss", "condit", "number", "figur", "grokk", "curvatur", "ridg"} <= set(found["terms"])
    titles = " ".join(found["alltitles"])
    assert "Figure 2" in titles and "L2 loss" in titles and "Condition number" in titles


def test_what_people_wrote_is_shown_and_never_run():
    claim = make_claim(
        "vo22-01", says=NASTY, note=NASTY, where=NASTY, reason=NASTY, test=NASTY, reduced=NASTY
    )
    claim |= {"parts": [make_part(name=NASTY, why=NASTY, units=[{"unit": NASTY, "value": 1.0}] * 2)]}
    shown = content.Content(config.load(), "full")
    shown.all["vo22-01"] = {**content.BLANK, **claim}
    pages = build.Pages(shown)
    text = pages._render("claims/vo22-01", "claim", {"claim": shown.all["vo22-01"]})
    assert "<script>" not in text and text.count("alert") > 5
    fences = re.findall("^~~~~.*", text, flags=re.M)
    assert fences[::2] == ["~~~~{raw} html"] * (len(fences) // 2) and set(fences[1::2]) == {"~~~~"}


# The plots


def place(kind, drawing):
    return [float(x) for x in re.findall(rf'class="{kind}" x1="([\d.]+)%"', drawing)]


def test_every_bound_is_inside_its_plot_and_a_share_ends_at_1():
    for id_, claim in decided().items():
        for part in claim["parts"]:
            drawing = plot(part, "x")
            assert not drawing or place("bound supported", drawing), id_
            share = part["estimand"] in ("fraction", "count")
            edge = 0 if share else 1
            assert all(
                LEFT + edge < x < LEFT + WIDTH - edge or share for x in place("bound supported", drawing)
            )
    axis = Axis([0.2, 0.9], share=True)
    assert axis.at(1) == LEFT + WIDTH and axis.at(0) == LEFT and max(axis.ticks()) == 1


def test_a_plot_has_units_interval_published_numbers_and_near_controls():
    drawing = plot(make_part(), "loss ratio")
    assert drawing.count('class="unit"') == 9 and drawing.count('class="published"') == 3
    assert drawing.count("<rect") == 2 and ">loss ratio</text>" in drawing and "control" not in drawing
    near = plot(make_part(controls=[{**make_part()["controls"][0], "value": 1.005}]))
    assert 'class="control refute"' in near and "learning rate" not in near
    assert plot(make_part(value=None, low=None, high=None, units=[])) == ""
    assert "<text" not in plot(make_part(), small=True)


def test_a_count_is_drawn_as_a_count_and_a_number_of_something_else_not_at_all():
    count = {
        "estimand": "count",
        "out_of": 2,
        "n": 2,
        "value": 0.5,
        "each": {"below": 0.6},
        "published": 0.453,
    }
    part = make_part(**count, supported={"above": 2}, refuted={"below": 0}, controls=[])
    drawing, title = plot(part, build.axis_title(part)), "training seeds that pass, of 2"
    assert 'aria-label="ours 1 of 2; supported at least 2 of 2"' in drawing and f">{title}</text>" in drawing
    assert re.findall(r'end">(.*?)<|middle">(\d)<', drawing)[:2] == [("", "1"), ("2", "")]
    assert not re.search('class="(bar|unit|published)"', drawing) and 'class="value"' in drawing
    assert "published" not in plot(make_part(published_unlike="against another reference"))


@pytest.mark.parametrize(
    "values", [[1.0, 1.0], [0.0, 0.0], [1e-12, 3.0], [-2.0, 5.0], [0.011, 0.04], [1e6, 2e9]]
)
def test_an_axis_encloses_its_values_and_has_round_ticks(values):
    axis = Axis(values, share=False)
    assert all(LEFT < axis.at(value) < LEFT + WIDTH for value in values)
    assert 2 <= len(axis.ticks()) <= 6 and axis.ticks() == sorted(set(axis.ticks()))


# In a browser


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="the package playwright is missing")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_api.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def view(browser):
    """Opens a page of the site, and afterwards nothing was asked of the network and nothing complained."""
    opened, asked, complaints = [], [], []

    def show(path, width=1280, scheme="light", query=""):
        frame = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = frame.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri() + query)
        opened.append(frame)
        return page

    yield show
    for frame in opened:
        frame.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == [] == complaints


def kinds():
    """One page of each kind, and a claim of every verdict, of most parts and of most figures."""
    verdicts = decided()
    chosen = {one["verdict"]: id_ for id_, one in verdicts.items()}
    chosen |= {claim.kind: id_ for id_, claim in registry.claims().items() if not claim.decided}
    chosen["parts"] = max(verdicts, key=lambda id_: len(verdicts[id_]["parts"]))
    claims = [f"claims/{id_}.html" for id_ in dict.fromkeys(chosen.values())]
    others = ["figures/fig2", "experiments/one_layer", "sources/as", "docs/commands"]
    return [*claims, *(f"{name}.html" for name in others), *SINGLE, *LISTS]


@pytest.mark.parametrize(("width", "scheme", "every"), [(1280, "light", 1), (390, "dark", 3)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(site, view, width, scheme, every):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = []
    for name in kinds()[::every]:
        page = view(site / name, width, scheme)
        result = axe.run(page, options={"preload": False, "resultTypes": ["violations"]})
        found += [(name, one["id"], one["nodes"][0]["html"]) for one in result.response["violations"]]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append((name, "wider than the window", width))
        page.close()
    assert found == []


def test_axe_finds_what_is_planted(site, view):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = view(site / "dispute.html")
    page.evaluate(f"document.querySelector('article').innerHTML += `{PLANTED}`")
    result = axe.run(page, options={"preload": False})
    assert {"image-alt", "color-contrast"} <= {one["id"] for one in result.response["violations"]}


def rows(page):
    return page.locator("#claims tbody tr:visible").count()


def test_filters_stand_in_the_address_and_an_empty_table_says_so(site, view):
    page = view(site / "claims/index.html", query="?verdict=refuted")
    refuted = sum(one["verdict"] == "refuted" for one in decided().values())
    assert rows(page) == refuted and page.locator("#count").inner_text().startswith(f"{refuted} of ")
    page.get_by_label("Words").fill("condition number")
    assert "text=condition+number" in page.evaluate("location.search") and rows(page) < refuted
    page.get_by_label("Words").fill("nobody wrote this")
    assert rows(page) == 0 and page.locator("#none").is_visible()
    page.locator("#none button").click()
    page.wait_for_function("document.getElementById('none').hidden")
    assert rows(page) == len(decided()) and page.evaluate("location.search") == ""
    page.get_by_label("Figure").select_option("fig2")
    assert 0 < rows(page) < len(decided())


def test_the_table_sorts_by_keyboard(site, view):
    page = view(site / "claims/index.html")
    button = page.locator("#claims thead button", has_text="Verdict")
    button.focus()
    assert button.evaluate("(one) => getComputedStyle(one).outlineStyle") != "none"
    page.keyboard.press("Enter")
    words = page.locator("#claims tbody tr").evaluate_all("(all) => all.map((row) => row.dataset.verdict)")
    places = [build.order(word) for word in words]
    assert places == sorted(places) and len(set(places)) > 2
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Measure and value"


@pytest.mark.parametrize("words", ["Figure 2", "L2 loss", "condition number", "grokking", "induction head"])
def test_the_search_finds(site, view, words):
    page = view(site / "search.html", query=f"?q={words.replace(' ', '+')}")
    title = "Figure 2:" if words == "Figure 2" else words.split()[0]
    page.wait_for_selector(f'#search-results li a:has-text("{title}")', timeout=20_000)


def test_a_claim_prints_on_two_pages_at_most(site, view):
    verdicts = decided()
    largest = sorted(verdicts, key=lambda id_: -len(verdicts[id_]["parts"]))[:5]
    for id_ in [*list(verdicts)[::12], *largest]:
        page = view(site / f"claims/{id_}.html")
        assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) <= 2, id_
        page.close()
