"""The coverage of the source documents: whole, and every planted fault is told in one sentence."""

import copy
import re

import pytest

from icgd.claims import coverage, registry
from icgd.claims.coverage import compare, document, documents
from icgd.errors import IcgdError

TEXT = "Attention descends. Good morning. Depth helps."
CLAIMS = ("as-1", "as-2")
NAMES = (
    "lesswrong-thread.txt",
    "lesswrong-linkpost.txt",
    "activation-space-critique.txt",
    "llm-regression-post.txt",
    "mesa-optimization-summary.txt",
)


def values():
    """A coverage of TEXT, as its file would hold it."""
    ends = (0, 20, 34, len(TEXT))
    passages = [
        {"from": start, "to": end, "sha256": coverage._sha256(TEXT[start:end])[:16], "says": "Something."}
        for start, end in zip(ends, ends[1:], strict=False)
    ]
    passages[0]["claims"], passages[1]["reason"], passages[2]["claims"] = ["as-1"], "greeting", ["as-2"]
    whole = {"source": "as", "characters": len(TEXT), "sha256": coverage._sha256(TEXT)}
    return {**whole, "passages": passages}


def made(entry):
    return document(entry, "post.txt", "as", CLAIMS)


def faulty(number=None, **changes):
    """The same with a planted fault in the whole or in one passage; None takes a key away."""
    entry = copy.deepcopy(values())
    target = entry if number is None else entry["passages"][number - 1]
    target.update(changes)
    for key in [key for key, value in changes.items() if value is None]:
        del target[key]
    return entry


def test_the_committed_documents_are_covered_from_end_to_end():
    assert tuple(each.name for each in documents()) == NAMES
    for each in documents():
        ends = [0, *(part.end for part in each.passages)]
        assert [part.start for part in each.passages] == ends[:-1] and ends[-1] == each.characters
        assert all(bool(part.claims) != bool(part.reason) for part in each.passages)


@pytest.fixture(params=NAMES)
def at_hand(request):
    """A document's coverage and its text, where the documents are."""
    path = coverage.DOCUMENTS / request.param
    if not path.exists():
        pytest.skip("the source documents are not at hand")
    found = next(each for each in documents() if each.name == request.param)
    return found, path.read_bytes().decode("utf-8")


def test_the_hashes_are_those_of_the_documents(at_hand):
    compare(*at_hand)


def test_no_paraphrase_is_a_copy(at_hand):
    found, original = at_hand
    text = f" {' '.join(_words(original))} "
    for part in found.passages:
        said = _words(part.says)
        runs = [" ".join(said[k : k + 6]) for k in range(len(said) - 5)]
        assert not [run for run in runs if f" {run} " in text], (part.number, part.says)


def _words(text):
    return re.findall(r"[a-z0-9']+", text.lower())


def test_a_good_coverage_passes():
    compare(made(values()), TEXT)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (faulty(2, **{"from": 22}), "passage 2: a gap, characters 20 to 22 are in no passage"),
        (faulty(2, **{"from": 18}), "passage 2: an overlap, characters 18 to 20 are in two passages"),
        (faulty(1, **{"from": 3}), "passage 1: a gap, characters 0 to 3"),
        (faulty(1, to=0), "passage 1 ends at 0 and starts at 0"),
        (faulty(characters=50), "the last passage ends at 46, but the document has 50 characters"),
        (faulty(1, claims=["as-3"]), "passage 1: there is no claim 'as-3'; did you mean as-"),
        (faulty(1, claims=["as-1", "as-1"]), "passage 1 names a claim twice"),
        (faulty(1, reason="greeting"), "passage 1 needs claims or a reason why there are none, one of the"),
        (faulty(1, claims=None), "passage 1 needs claims or a reason why there are none, one of the two"),
        (faulty(1, claims=[]), "passage 1 needs claims or a reason"),
        (faulty(2, reason="out of scope"), "'out of scope' is no reason; register what it says as a claim"),
        (faulty(2, reason="not yet built"), "'not yet built' is no reason"),
        (faulty(2, says=" "), "passage 2: says String should match pattern"),
        (faulty(2, says=None), "passage 2 lacks 'says'"),
        (faulty(2, sha256="12"), "passage 2: sha256 String should match pattern '^[0-9a-f]{16}$', not '12'"),
        (faulty(2, to="34"), "passage 2: to must be a valid integer, not '34'"),
        (faulty(2, saiz="x"), "has unknown key 'saiz'; did you mean says"),
        (faulty(source="lw"), "source is 'lw', but by claims/sources.yaml it is 'as'"),
        (faulty(sha256=None), "post.yaml lacks 'sha256'"),
        (faulty(passages=[]), "post.yaml: passages Tuple should have at least 1 item"),
        ([], "must be a mapping"),
    ],
)
def test_a_planted_fault_is_told(entry, says):
    with pytest.raises(IcgdError, match=re.escape(says)):
        made(entry)


def test_a_claim_that_no_passage_names_is_told():
    claims = {id_: claim for id_, claim in registry.claims().items() if id_ in CLAIMS}
    coverage.check_named([made(values())], claims)
    with pytest.raises(IcgdError, match="no passage in claims/coverage/post.yaml names claim as-2."):
        coverage.check_named([made(faulty(3, claims=["as-1"]))], claims)


@pytest.mark.parametrize(
    ("entry", "text", "says"),
    [
        (faulty(2, sha256="0" * 16), TEXT, "passage 2: the hash of characters 20 to 34 is "),
        (values(), TEXT[:-1], "covers 46 characters, but the document has 45; another version of it?"),
        (values(), TEXT.replace("Depth", "Width"), "passage 3: the hash of characters 34 to 46 is "),
        (faulty(sha256="0" * 64), TEXT, "the document's sha256 is "),
    ],
)
def test_another_document_is_told(entry, text, says):
    with pytest.raises(IcgdError, match=re.escape(says)):
        compare(made(entry), text)


def test_a_file_of_no_document_is_told(tmp_path, monkeypatch):
    for path in coverage.FOLDER.iterdir():
        (tmp_path / path.name).write_text(path.read_text())
    monkeypatch.setattr(coverage, "FOLDER", tmp_path)
    assert len(documents.__wrapped__()) == 5
    (tmp_path / "sixth.yaml").write_text("source: as")
    with pytest.raises(IcgdError, match="sixth.yaml is of no document that claims/sources.yaml names"):
        documents.__wrapped__()
    (tmp_path / "sixth.yaml").unlink()
    (tmp_path / "lesswrong-thread.yaml").unlink()
    with pytest.raises(IcgdError, match="lesswrong-thread.yaml is missing"):
        documents.__wrapped__()


def test_the_pages_hash_follows_the_coverage(tmp_path, monkeypatch):
    before = registry.registry_hash()
    monkeypatch.setattr(registry, "COVERAGE", tmp_path)
    assert registry.registry_hash() != before
