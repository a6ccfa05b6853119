"""Published curves and what the figures say they read."""

import csv

import pytest

from icgd.config import FIGURES, load
from icgd.figures.inputs import FIGURE_INPUTS


def published():
    with open("published/von-oswald-2022-curves.csv", newline="") as handle:
        return list(csv.DictReader(handle))


def test_all_panels_are_there():
    assert len({(row["figure"], row["panel"]) for row in published()}) >= 40


def test_gradient_descent_of_figure_2_is_the_published_loss():
    rows = [r for r in published() if (r["figure"], r["panel"], r["series"]) == ("fig2", "loss", "gd")]
    assert rows and all(float(row["y"]) == pytest.approx(0.2047, abs=1e-4) for row in rows)


def test_no_legend_marker_is_left():
    sweep = {round(0.5 + 0.15 * k, 2) for k in range(11)}
    rows = [r for r in published() if (r["figure"], r["panel"]) in (("fig2", "inputs"), ("fig6a", "inputs"))]
    assert {round(float(row["x"]), 2) for row in rows} == sweep


def test_the_papers_seeds_in_the_registry_are_the_digitised_ones():
    from icgd.claims import registry

    rows = [r for r in published() if (r["figure"], r["panel"], r["series"]) == ("fig2", "loss", "trained")]
    last = max(float(row["x"]) for row in rows)
    ends = [float(r["y"]) / 0.20469 for r in rows if r["kind"] == "seed" and float(r["x"]) == last]
    registered = registry.claim("vo22-17").parts[0]["published"]["seeds"]
    assert sorted(registered) == pytest.approx(sorted(ends), abs=2e-4)


def test_every_figure_names_its_inputs():
    config = load()
    assert set(FIGURE_INPUTS) == set(FIGURES)
    for name in FIGURES:
        paths = [str(path) for path in FIGURE_INPUTS[name]("full", config)]
        assert any(path.startswith("published/") for path in paths) and len(set(paths)) == len(paths)
