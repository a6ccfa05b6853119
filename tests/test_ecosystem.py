"""Files for other people's tools: citation, workflow registry, GitHub, containers, model cards."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from conftest import ROOT

import icgd
from icgd import cards, config, crate
from icgd.audit import verify

CFF = json.loads(
    (ROOT / "tests/cff-1.2.0.schema.json").read_text("utf-8")
)  # of citation-file-format, CC BY 4.0


def plain(path):
    """YAML whose dates are text, as the schema of citations has them."""
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.yaml_implicit_resolvers = {
        first: [one for one in known if "timestamp" not in one[0]]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load((ROOT / path).read_text("utf-8"), loader)


def test_the_citation_is_valid_and_of_this_version():
    cited = plain("CITATION.cff")
    jsonschema.validate(cited, CFF)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**cited, "date-released": "22 November"}, CFF)
    assert cited["version"] == icgd.__version__


def test_the_crate_is_up_to_date_and_names_what_there_is():
    committed = (ROOT / crate.PATH).read_text("utf-8")
    assert committed == crate.metadata(), "run `python -m icgd document`"
    known = {one["@id"]: one for one in json.loads(committed)["@graph"]}
    assert known[known["./"]["mainEntity"]["@id"]]["programmingLanguage"]["@id"].endswith("#snakemake")
    assert all((ROOT / one["@id"]).exists() for one in known["./"]["hasPart"])


def test_the_cards_are_up_to_date_and_beside_their_weights():
    found = cards.cards(config.load())
    assert {path for path in Path("results/full").rglob("README.md")} == set(found)
    for path, text in found.items():
        assert path.read_text("utf-8") == text, f"{path}: run `python -m icgd document`"
        assert next(path.parent.glob("**/*.npz"), None)
        for link in re.findall(r"\]\(([^)]+)\)", text):
            assert (path.parent / link).exists(), (path, link)


def test_a_card_is_no_file_that_lacks_a_record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("README.md", "other.md"):
        path = Path("results/full/one_layer") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("...")
    found = list(verify.verify("full", verify.Known(None, {}, None)))
    assert [(one.path.name, one.state) for one in found] == [("other.md", "no record names it")]


def test_a_cards_three_lines_run():
    code = re.search(r"```python\n(.*?)```", Path("results/full/sine/README.md").read_text("utf-8"), re.S)[1]
    exec(code, names := {})
    assert names["net"].experiment == "sine"


def test_actions_are_pinned_and_call_what_there_is():
    text = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert used and all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name) and "# v" in tag for name, tag in used)
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
    for call in re.findall(r"run: (.*)", text):
        assert (ROOT / call).exists() or call.removeprefix("make ") in targets
