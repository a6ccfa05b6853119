"""The documentation: its examples run, its generated pages are up to date, every page is reached."""

import re
import shutil

import pytest
import yaml
from conftest import ROOT, run

from icgd import documents
from icgd.config import from_mapping
from icgd.files import read_json

PAGES = sorted((ROOT / "docs").glob("*.md"))


def block(page):
    """The first block of YAML on a page."""
    return re.search(r"```yaml\n(.*?)```", (ROOT / "docs" / page).read_text("utf-8"), re.S)[1]


@pytest.fixture
def registry_copy(tmp_path):
    """The registry, the settings, and what one table needs to be decided on; no other result."""
    for name in ("claims", "published"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy2(ROOT / "config.yaml", tmp_path)
    (tmp_path / "results/full").mkdir(parents=True)
    shutil.copytree(ROOT / "results/full/one_layer_n20", tmp_path / "results/full/one_layer_n20")
    return tmp_path


def icgd(folder, *words):
    """A command of the package in another folder."""
    return run("python", "-m", "icgd", *words, folder=folder)


def test_the_example_of_a_claim_is_accepted_decided_and_explained(registry_copy):
    entry = block("add-a-claim.md")
    name = yaml.safe_load(entry)[0]["id"]
    path = registry_copy / "claims" / "von-oswald-2022.yaml"
    assert f"- id: {name}" not in path.read_text("utf-8")
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" + entry)
    icgd(registry_copy, "validate")
    icgd(registry_copy, "decide", name, "--scale", "full")
    found = read_json(registry_copy / f"results/full/claims/{name}.json")
    assert found["verdict"] == "supported" and found["parts"][0]["n"] == 8
    assert round(found["parts"][0]["value"], 3) == 0.998  # as the page says
    assert all(control["ok"] for control in found["parts"][0]["controls"])
    assert "VERDICT (full scale): SUPPORTED" in icgd(registry_copy, "audit", name).stdout


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_example_of_the_python_api_runs(page):
    code = re.search(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.S)[1]
    names = {}
    exec(code, names)
    assert names["net"].compare("gd_plus_plus shared")["loss_ratio"] < 1.05


def test_the_example_of_an_experiment_is_accepted():
    settings = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
    added = yaml.safe_load(block("add-an-experiment.md"))
    assert not set(added) & set(settings["experiments"])
    config = from_mapping({**settings, "experiments": {**settings["experiments"], **added}})
    for name, values in added.items():
        assert len(config.seeds(name, "full")) == values["seeds"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (documents.DICTIONARY, documents.data_dictionary),
        (documents.SCHEMA, documents.schema),
        (documents.BUDGET, lambda: documents.budget((ROOT / documents.BUDGET).read_text("utf-8"))),
    ],
)
def test_generated_pages_are_up_to_date(path, text):
    assert (ROOT / path).read_text("utf-8") == text(), "run `python -m icgd document`"


def test_the_settings_page_names_every_key():
    page = (ROOT / "config/README.md").read_text("utf-8")
    schema = yaml.safe_load(documents.schema())
    for block in (schema, *schema["$defs"].values()):
        assert [key for key in block["properties"] if not re.search(rf"[`.]{key}\b", page)] == []


def test_every_page_is_reached_from_the_readme_and_every_link_leads_to_a_file():
    readme = ROOT / "README.md"
    others = [ROOT / name for name in ("config/README.md", "benchmarks/README.md", "RESULTS.md")]
    for page in (readme, *others, *PAGES):
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
            assert re.match(r"https?:", link) or (page.parent / link).exists(), (page.name, link)
    linked = set(re.findall(r"\]\(docs/([^)#]+)\)", readme.read_text("utf-8")))
    assert linked == {page.name for page in PAGES}
