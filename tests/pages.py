"""A claim and a part made up for tests of words, plots and pages."""

NASTY = '<script>alert("x")</script>&" ~~~~ [a](b) {c} `d`'


def make_part(**changes):
    units = [{"unit": f"seed {k}", "value": 1.0 + k * 1e-4} for k in range(9)]
    control = {
        "must": "refute",
        "subject": "network rate 1.15",
        "size": "learning rate 15 % too large",
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
        "each": None,
        "out_of": None,
        "transform": "log",
        "supported": {"within": [0.99, 1.01]},
        "refuted": None,
        "why": "a rate 15 % off costs 2 %",
        "set": "ours",
        "verdict": "supported",
        "reason": "",
        "value": 1.0004,
        "low": 1.0002,
        "high": 1.0006,
        "n": 9,
        "units": units,
        "published": 1.002,
        "published_unlike": None,
        "published_rounding": 0.0,
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
        "combine": None,
        "counts": {"supported": 1, "refuted": 0, "other": 0, "of": 1},
        "reduced": None,
        "test": None,
        "parts": [make_part()],
        "figures": ["fig2"],
        "rule_hash": "ab12",
        "inputs": [],
        "rebuild": f"make audit CLAIM={name} SCALE=full",
        **changes,
    }
