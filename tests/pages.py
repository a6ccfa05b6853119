"""Claims, findings and documents made up for tests of the audit page."""

from pathlib import Path

from icgd.claims.coverage import Document, Passage
from icgd.record import Artefact
from icgd.report.background import Background

NASTY = '<script>alert("x")</script>&"'
SOURCES = [{"id": "vo22", "title": "Transformers learn in context", "kind": "paper"}]


def make_document(says="It agrees.", reason="a greeting", name="post.txt", claims=("vo22-1", "lw-9")):
    first = {"from": 0, "to": 10, "sha256": "0" * 16, "says": says, "claims": claims}
    second = {"from": 10, "to": 25, "sha256": "1" * 16, "says": "Hello.", "reason": reason}
    passages = [Passage(document=name, number=k, **each) for k, each in ((1, first), (2, second))]
    return Document(name=name, source="vo22", characters=25, sha256="2" * 64, passages=passages)


DOCUMENTS = (make_document(),)
TABLE, WEIGHTS = "results/full/one_layer/measures.csv", "results/full/one_layer/seed-0/weights.npz"


def make_artefact(path, inputs=(), word="measure"):
    """A file with its record, some of whose words are given."""
    record = {
        "step": word,
        "command": ["python", "-m", "icgd", word, "one_layer", "--scale", "full"],
        "code": word,
        "revision": word,
        "settings": {"tasks": word},
        "versions": {"jax": word},
        "device": word,
        "cpu_s": 12.5,
        "wall_s": 20.25,
        "inputs": dict.fromkeys(inputs, "0" * 64),
    }
    return Artefact(Path(path), "3" * 64, record)


BACKGROUND = Background(
    sources=SOURCES,
    figures_url="../../../figures/full",
    documents=DOCUMENTS,
    lineage={TABLE: make_artefact(TABLE, [WEIGHTS]), WEIGHTS: make_artefact(WEIGHTS, word="train")},
    history=[
        {
            "date": "2026-11-22",
            "claim": "vo22-1",
            "rule_hash": "abc123",
            "verdict": "inconclusive",
            "value": "1.02",
            "reason": "first run",
            "chain": "0",
        }
    ],
)


def make_part(**changes):
    units = [{"unit": f"seed {k}", "value": 1.0 + k * 1e-4} for k in range(9)]
    control = {
        "must": "refute",
        "subject": "network rate 1.15",
        "size": "near miss: rate 15 % too large",
        "verdict": "refuted",
        "value": 1.023,
        "low": 1.02,
        "high": 1.026,
        "n": 9,
        "ok": True,
    }
    return {
        "name": "",
        "says": "",
        "per": "training seed",
        "estimand": "mean",
        "transform": "log",
        "supported": {"within": [0.99, 1.01]},
        "refuted": None,
        "why": "a rate 15 % off costs 2 %",
        "set": "ours",
        "verdict": "supported",
        "value": 1.0004,
        "low": 1.0002,
        "high": 1.0006,
        "n": 9,
        "units": units,
        "published": 1.002,
        "released": None,
        "released_from": None,
        "excluded": [{"unit": "seed 12", "why": "did not converge"}],
        "published_verdict": "supported",
        "published_values": [1.001, 1.003],
        "evidence": {"of": "one_layer", "measure": "loss_ratio", "reference": "gd", "tasks": "fresh"},
        "controls": [control],
        **changes,
    }


def make_claim(name, **changes):
    return {
        "id": name,
        "source": "vo22",
        "where": "Fig. 2 left",
        "says": "The losses agree.",
        "kind": "measurement",
        "scale": "full",
        "verdict": "supported",
        "reason": "Inside.",
        "note": None,
        "reduced": None,
        "test": None,
        "parts": [make_part()],
        "figures": ["fig2"],
        "rule_hash": "ab12",
        "inputs": [{"path": "results/a.csv", "sha256": "00ff"}],
        "rebuild": f"make audit CLAIM={name} SCALE=full",
        **changes,
    }


def make_claims():
    pending = {"kind": "pending", "verdict": "pending", "parts": [], "test": "By a probe."}
    exact = make_part(per="none", low=None, high=None, units=[], controls=[])
    shown = {**exact, "name": "ratio", "value": 0.82, "released": 0.9, "released_from": NASTY}
    finding = {"kind": "documentary", "note": "Our own training is vo22-5's, not vo22-99's."}
    return [
        make_claim("vo22-1"),
        make_claim("vo22-2", verdict="refuted", parts=[make_part(verdict="refuted")] * 2),
        make_claim("vo22-3", verdict="inconclusive", parts=[make_part(verdict="inconclusive")]),
        make_claim("vo22-4", kind="identity", parts=[exact]),
        make_claim("vo22-5", **pending),
        make_claim("vo22-f01", parts=[shown], **finding),
        make_claim("vo22-f02", parts=[{**shown, "verdict": "refuted"}], verdict="refuted", **finding),
    ]
