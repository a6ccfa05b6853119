"""Exact statements: the constructions by hand, and each rule on a few small cases with its controls."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icgd import paths
from icgd.claims import registry, verdict
from icgd.config import Model, load
from icgd.files import write_table
from icgd.models import transformer
from icgd.references.constructions import gd_plus_plus_layer, one_head
from icgd.references.copying import Layout, copy_head
from icgd.statements.identities import algebra, copying, gd_plus_plus, kernels, rewriting
from icgd.statements.identities.cases import Errors, Problem
from icgd.statements.table import COLUMNS, statements


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def judged(monkeypatch, tmp_path):
    """The verdict of a claim at full scale on rows made here."""

    def judge(claim: str, rows: Errors) -> dict:
        monkeypatch.setattr(paths, "RESULTS", tmp_path)
        write_table(tmp_path / "full" / "statements" / "identities.csv", COLUMNS, rows.numbered())
        return verdict.judge(registry.claim(claim), load(), "full")

    return judge


X = np.array([[1.0, 2.0], [3.0, 4.0]])
Y = np.array([[5.0], [6.0]])
QUERY = np.array([7.0, 8.0])


def after_copy(layout, head, softmax=False):
    model = Model(softmax_layers=int(softmax))
    tokens = jnp.asarray(layout.tokens(X, Y, QUERY))
    return np.asarray(transformer.forward(model, one_head(head), tokens))


def test_the_copy_layer_by_hand():
    layout = Layout(2, 1, 2)
    found = after_copy(layout, copy_head(layout))
    code = np.eye(5)
    right = [
        [1, 2, *np.zeros(5), 0, 5],
        [0, 5, *np.zeros(5), 3, 4],
        [3, 4, *np.zeros(5), 0, 6],
        [0, 6, *code[3], 0, 0],  # the token after it is the query, which is not among the keys
        [7, 8, *code[4], 0, 0],
    ]
    np.testing.assert_allclose(found, right, atol=1e-14)


def test_the_printed_shift_copies_the_token_before():
    layout = Layout(2, 1, 2)
    found = after_copy(layout, copy_head(layout, printed=True))
    np.testing.assert_allclose(found[2], [3, 4, *np.zeros(5), 0, 5], atol=1e-14)
    np.testing.assert_allclose(found[1], [0, 5, *np.zeros(5), 1, 2], atol=1e-14)


def test_softmax_with_unit_logits_mixes_all_tokens():
    layout = Layout(2, 1, 2)
    head = copy_head(layout)
    head["query"] *= math.sqrt(layout.size)
    found = after_copy(layout, head, softmax=True)
    weights = np.array([1, math.e, 1, 1]) / (math.e + 3)
    np.testing.assert_allclose(found[0, -2:], weights @ [[1, 2], [0, 5], [3, 4], [0, 6]], atol=1e-14)
    np.testing.assert_allclose(found[-1, -2:], [1, 17 / 4], atol=1e-14)


def test_uncleared_targets_add_pairs_to_the_step():
    rng, layout = np.random.default_rng(0), Layout(10, 1, 10)
    x, query = rng.normal(size=(3, 10, 10)), rng.normal(size=(3, 10))
    y = rng.normal(size=(3, 10))
    data = (x, y[..., None], query)
    found = copying.two_layers(layout, 0.1, data, [copy_head(layout)])
    step = 0.1 * np.einsum("tnd,tn,td->t", x, y, query)
    pairs = 0.1 * np.einsum("tn,tn,t->t", x[:, 1:, -1], y[:, :-1], query[:, -1])
    np.testing.assert_allclose(found, step + pairs, atol=1e-12)


def test_a_gd_plus_plus_layer_by_hand():
    problem = Problem(np.random.default_rng(1), 1, 1, 1)
    x, y, w, q = problem.x[0, 0], problem.y[0, 0], problem.start[0, 0], problem.query[0]
    layer = one_head(gd_plus_plus_layer(0.3, 0.2, 1, 1, problem.start))
    found = transformer.forward(Model(), layer, jnp.asarray(problem.tokens(problem.start)))
    change = -0.3 * (w * x - y) * x
    right = [[x - 0.2 * x**3, y - change * x], [q - 0.2 * x**2 * q, -w * q - change * q]]
    np.testing.assert_allclose(found, right, atol=1e-14)


def test_the_features_are_those_of_the_model():
    weights = kernels.mlp(np.random.default_rng(2), 2, 1)
    tokens = np.c_[X, Y]
    layer = {f"0/{name}": jnp.zeros((1, 3, 3)) for name in ("query", "key", "value", "projection")}
    found = transformer.forward(Model(embedding=3), {**weights, **layer}, jnp.asarray(tokens))
    np.testing.assert_allclose(found, np.c_[kernels.features(weights, X), Y], atol=1e-14)


SMALL = {  # claim -> its module, fewer cases than it takes, its verdict
    "vo22-08": (gd_plus_plus, {}, "supported"),
    "vo22-11": (kernels, {"FEW_SIZES": ((3, 3, 5),), "WELL_POSED": ((3, 1, 15),)}, "partly"),
    "vo22-12": (copying, {"FITTING": ((3, 1, 5), (3, 3, 1)), "CASES": 1, "TASKS": 500}, "supported"),
    "vo22-13": (copying, {"FITTING": ((3, 1, 5),), "CASES": 2, "TASKS": 500}, "refuted"),
    "vo22-14": (copying, {"FITTING": ((3, 1, 5),), "CASES": 1, "TASKS": 2000}, "supported"),
    "vo22-15": (algebra, {}, "supported"),
    "as-19": (rewriting, {"FEW_SIZES": ((3, 1, 5),)}, "supported"),
    "as-28": (rewriting, {"FEW_SIZES": ((3, 1, 5),)}, "supported"),
}


@pytest.mark.parametrize("claim", SMALL)
def test_a_rule_decides_and_its_controls_go_as_they_must(claim, judged, monkeypatch):
    module, sizes, word = SMALL[claim]
    for name, value in sizes.items():
        monkeypatch.setattr(module, name, value)
    rows = Errors(few=module is gd_plus_plus)
    for check in statements(module):
        rows.add(check, rows)
    found = judged(claim, rows)
    assert found["verdict"] == word, found["reason"]
    assert all(control["ok"] for part in found["parts"] for control in part["controls"])
