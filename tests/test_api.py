"""The Python API and the list of claims: from a checkout and from elsewhere, right and wrong use."""

import shutil
import sys

import numpy as np
import pytest
from conftest import ROOT, run

import icgd
from icgd import paths
from icgd.__main__ import main
from icgd.audit import listed, verify
from icgd.errors import IcgdError
from icgd.files import read_json


@pytest.fixture(scope="module")
def net():
    """Two looped layers."""
    return icgd.load("two_recurrent", seed=0)


def test_importing_is_light():
    run("python", "-c", "import icgd, sys; assert not {'jax', 'pandas', 'numpy'} & set(sys.modules)")


def test_the_package_of_claims_is_called_whatever_was_imported_before():
    from icgd.claims import registry

    assert callable(icgd.claims) and icgd.claims.registry is registry


def test_a_network_and_where_it_is_from(net):
    assert net.origin == ROOT / paths.weights("full", "two_recurrent", 0)
    assert net.settings.model.recurrent and net.settings.task.context == 10
    assert net.weights["0/query"].shape == (1, 11, 11)
    assert len(net.layers) == 2 and net.layers[1].query is net.layers[0].query
    products = net.products()
    assert products.kq.shape == products.pv.shape == (2, 11, 11)


def test_it_predicts_a_context_of_ones_own(net):
    tasks = icgd.sample_tasks("two_recurrent", 50, seed=3)
    found = net.predict(tasks)
    assert found.shape == (50,) and np.mean((found - tasks.target) ** 2) < 0.5 * np.mean(tasks.target**2)
    np.testing.assert_allclose(net.predict(*tasks[:3]), found, rtol=1e-6)
    x, y, query = (part[0] for part in tasks[:3])
    assert net.predict(x, y, query) == pytest.approx(found[0], rel=1e-5)
    assert net.predict(x, y, tasks.query).shape == (50,)
    best = net.predict(tasks, by="gd_plus_plus shared")  # which this network is
    assert np.mean((best - found) ** 2) < 0.05 * np.mean(found**2)
    with pytest.raises(IcgdError, match="did you mean"):
        net.predict(tasks, by="gdd")
    fit = net.fit(tasks)  # linear in the query: what it predicts is w.x
    np.testing.assert_allclose(np.sum(fit.weights * tasks.query, 1), found, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (((10, 9), (10,), (10,)), r"takes x \(N, 10\)"),
        (((10, 10), (9,), (10,)), "the shapes are"),
        (((10, 10), (10,), (9,)), "the shapes are"),
        (((10,), (10,), (10,)), "the shapes are"),
        (((0, 10), (0,), (10,)), "a context without pairs; the shapes are"),
        (((0, 5, 10), (0, 5), (0, 10)), "there is no query"),
        (((10, 10), (10,)), "there is no query.$"),
    ],
)
def test_wrong_shapes_are_one_sentence(net, given, says):
    with pytest.raises(IcgdError, match=says):
        net.predict(*map(np.zeros, given))


def test_a_causal_network_predicts_the_next_states():
    net, drawn = icgd.load("linear_one"), icgd.sample_tasks("linear_one", 20)
    seen, following = drawn.states[:, :-1], drawn.states[:, 1:]
    found = net.predict(seen)
    assert found.shape == following.shape
    late = slice(30, None)  # it has learnt the teacher of each sequence from what came before
    assert np.mean((found - following)[:, late] ** 2) < 0.7 * np.mean(following[:, late] ** 2)
    np.testing.assert_allclose(net.predict(seen[3]), found[3], rtol=1e-4, atol=1e-5)
    shorter = net.predict(seen[3, :20])  # causal: nothing later matters
    np.testing.assert_allclose(shorter, found[3, :20], rtol=1e-4, atol=1e-5)
    assert 0.9 < net.compare("gd shared K=1")["loss_ratio"] < 1.1
    np.testing.assert_array_equal(net.predict(drawn), found)  # of sequences what is seen
    assert net.hidden(seen[3]).shape == (2, 50, 40) and net.layers[0].query.ndim == 3


@pytest.mark.parametrize(
    ("use", "says"),
    [
        (lambda net: net.predict(np.zeros((50, 9))), r"takes states \(T, 10\)"),
        (lambda net: net.predict(np.full((5, 10), np.nan)), "NaN or infinity"),
        (lambda net: net.predict("x"), "array of numbers"),
        (lambda net: net.predict(np.zeros((5, 10), complex)), "array of numbers"),
        (lambda net: net.predict(icgd.sample_tasks("one_layer", 2)), "array of numbers"),
        (lambda net: net.compare("gd"), "predicts no states of a sequence; right is"),
        (lambda net: net.compare("networks"), "named as in 'networks of one_layer'"),
        (lambda net: net.compare("networks of one_layer"), "of tasks of other shapes"),
        (lambda net: net.compare("ridge", 3), "there are no sequences '3'"),
        (lambda net: net.products(), "linear_one predicts the next state of a sequence; products is for"),
        (lambda net: icgd.load("few_shot_end"), "beside the weights of 'few_shot'"),
        (lambda net: icgd.load("linear_one", seed=9), "has seeds 0 to"),
    ],
)
def test_what_has_no_meaning_for_it_is_said(use, says):
    with pytest.raises(IcgdError, match=says):
        use(icgd.load("linear_one"))


def test_numbers_that_are_none_are_refused(net):
    with pytest.raises(IcgdError, match="NaN or infinity"):
        net.predict(np.full((10, 10), np.nan), np.zeros(10), np.zeros(10))
    with pytest.raises(IcgdError, match="arrays of numbers"):
        net.predict("x", np.zeros(10), np.zeros(10))


def test_nothing_is_near_to_predicting_zero(net):
    for one in (net, icgd.load("linear_one")):
        assert set(one.compare("zero")) == {"loss_ratio"}


@pytest.mark.parametrize(
    ("use", "says"),
    [
        (lambda net: net.predict(icgd.sample_tasks("one_layer_n5", 2)), "the shapes are"),
        (lambda net: net.fit(icgd.sample_tasks("one_layer_n5", 2)), "the shapes are"),
        (lambda net: net.compare("copying"), "copying is of softmax layers on alternating tokens"),
        (lambda net: net.compare("planted"), "fits no model to a context"),
        (lambda net: net.compare("networks of one_layer_n5"), "of tasks of other shapes"),
        (lambda net: net.compare("networks of two_layer"), "did you mean two_layers"),
        (lambda net: net.compare(3), "named in words"),
        (lambda net: icgd.load("one_layer").compare("chebyshev"), "of 1 step;"),
        (
            lambda net: icgd.load("ten_recurrent").compare("gd_plus_plus shared"),
            "blows up on these tasks of ten_recurrent: .*; right is, say, 'gd_plus_plus shared clipped'",
        ),
    ],
)
def test_what_a_network_cannot_be_given_or_compared_with_is_said(net, use, says):
    with pytest.raises(IcgdError, match=says):
        use(net)


@pytest.mark.parametrize(
    ("use", "says"),
    [
        (lambda: icgd.load("two_recurent"), "did you mean two_recurrent"),
        (lambda: icgd.load("two_recurrent", seed=99), "has seeds 0 to 9, not 99"),
        (lambda: icgd.load("two_recurrent", seed=0.5), "has seeds 0 to 9, not 0.5"),
        (
            lambda: icgd.load("one_layer", scale="smoke"),
            "missing; train it with `icgd train one_layer --seed 0 --",
        ),
        (lambda: icgd.load("zzzz"), "known are .* and [0-9]+ more"),
        (lambda: icgd.load("one_layer").compare("gd++"), "did you mean gd_plus_plus"),
        (
            lambda: icgd.sample_tasks(count=0),
            "count .how many tasks. must be a whole number of 1 or more, not 0",
        ),
        (lambda: icgd.sample_tasks(count=-3), "must be a whole number"),
        (lambda: icgd.sample_tasks(count=2.5), "must be a whole number"),
        (lambda: icgd.sample_tasks(seed=-1), "seed must be a whole number of 0 or more"),
        (lambda: icgd.load("robustness"), "trains at"),
        (lambda: icgd.claim("vo22-1x"), "there is no claim"),
        (lambda: icgd.claims(verdict="refutd"), "did you mean refuted"),
        (lambda: icgd.table("one_leyer"), "has no table"),
        (lambda: icgd.figure("fig20"), "did you mean"),
        (lambda: icgd.figure("fig2", scale="smoke"), "draw it: snakemake"),
        (lambda: icgd.load("softmax_two_heads").products(), "one linear head"),
        (lambda: listed.listed("full", "refutd"), "did you mean refuted"),
    ],
)
def test_misuse_is_one_sentence(use, says):
    with pytest.raises(IcgdError, match=says):
        use()


def test_claims_are_a_table_with_their_verdicts():
    decided, frame = read_json(paths.verdicts("full")), icgd.claims()
    assert set(decided) < set(frame.index) and {"pending", "not testable"} < set(frame["verdict"])
    refuted = [id_ for id_, found in decided.items() if found["verdict"] == "refuted"]
    assert set(icgd.claims(verdict="Refuted").index) == set(refuted)
    assert set(icgd.claims(source="vo22")["source"]) == {"vo22"}
    assert icgd.claim("VO22-17") == decided["vo22-17"] and icgd.claim("vo22-1")["id"] == "vo22-01"
    assert icgd.claim("lw-12")["verdict"] == "pending"


def test_a_figure_is_a_picture_with_words_and_data():
    found = icgd.figure("fig2")
    assert found.png.read_bytes().startswith(b"\x89PNG") and found.svg.exists()
    assert found.alt.startswith(found.title) and "von Oswald" in found.caption
    assert set(found.data["source"]) == {"ours", "published"} and found.data["y"].dtype == float
    assert found._repr_mimebundle_()[0]["image/png"] == found.png.read_bytes()


def test_tables_and_experiments():
    table = icgd.table("contrasts")
    assert {"unit", "measure", "value"} <= set(table) and table["value"].dtype == float
    assert icgd.experiment("one_layer").seeds == 10


def test_the_list_of_claims_finds_words_and_verdicts():
    refuted = listed.listed("full", "refuted")
    assert {id_ for id_, *_ in refuted} == set(icgd.claims(verdict="refuted").index)
    assert "vo22-17" in [id_ for id_, *_ in listed.listed("full", words="fig. 2 left")]
    frame = icgd.claims()["verdict"]
    assert {id_: word for id_, word, _ in listed.listed("full")} == frame.to_dict()


def test_the_list_needs_nothing_but_python():
    code = "import sys; from icgd.__main__ import main; sys.exit(main(['claims', '--verdict', 'refuted']))"
    done = run(sys.executable, "-S", "-c", code)
    assert "vo22-69" in done.stdout


def test_it_can_be_installed_and_has_a_command(tmp_path):
    for name in ("pyproject.toml", "README.md", "src"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy2)(ROOT / name, tmp_path / name)
    into = (
        "--offline",
        "--no-build-isolation",
        "--no-deps",
        "--python",
        sys.executable,
        "--target",
        "lib",
        ".",
    )
    run("uv", "pip", "install", *into, folder=tmp_path)
    command = (sys.executable, "-S", str(tmp_path / "lib/bin/icgd"), "audit", "vo22-17")
    done = run(*command, folder=ROOT / "docs", PYTHONPATH=str(tmp_path / "lib"))
    assert "VERDICT (full scale)" in done.stdout
    assert {path.name for path in (tmp_path / "lib/icgd").glob("*.j2")} >= {"results.md.j2", "card.md.j2"}


def test_it_works_elsewhere_with_the_checkout_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IcgdError, match="set ICGD_ROOT"):
        icgd.claims()
    monkeypatch.setenv("ICGD_ROOT", str(tmp_path))
    with pytest.raises(IcgdError, match="is no checkout"):
        paths.root()
    monkeypatch.setenv("ICGD_ROOT", str(ROOT))
    assert icgd.load("one_layer").origin.is_relative_to(ROOT) and not icgd.claims().empty
    assert main(["audit", "VO22-17"]) == 0 and main(["claims", "grokking"]) == 0
    assert "VERDICT (full scale): SUPPORTED" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", ["results --scale quick", "check prepare --scale quick", "audit vo22-17 --config x"]
)
def test_a_command_refuses_what_it_would_ignore(words, capsys):
    with pytest.raises(SystemExit):
        main(words.split())
    assert "unrecognized arguments: --" in capsys.readouterr().err


def test_a_checkout_is_verified_from_any_folder_of_it(monkeypatch, capsys):
    monkeypatch.chdir(ROOT / "docs")
    monkeypatch.setattr(verify, "verify", lambda scale, known: [])
    assert main(["verify", "--scale", "smoke"]) == 2
    assert "there is nothing in results/smoke" in capsys.readouterr().err
    monkeypatch.setattr(verify, "verify", lambda scale, known: verify.of_published())
    assert main(["verify", "--scale", "smoke"]) == 0
