"""Published curves, what the figures say they read, and that they are drawn."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from icgd.__main__ import main
from icgd.config import FIGURES, load
from icgd.figures import fig5
from icgd.figures.inputs import (
    ALTERNATING,
    BASE,
    BLOCKS,
    FIGURE_INPUTS,
    FIVE,
    FIXED,
    GROKKING,
    LAYER_NORM,
    SINE,
    SINE_GD,
    SOFTMAX,
    SWEEP,
    TEN,
    THREE,
    TWO,
)
from icgd.paths import references, runs, seed_folder, spectra, table


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


HISTORY = "step,training_loss,evaluation_loss,model_cos,model_diff,preds_diff,own,next,other"
ALIGNMENT = [
    ("converged", "", "", 1.0),
    ("rate_over_optimal", "", "", 1.01),
    ("kq_offdiagonal", "", "", 0.01),
    ("kq_label", "", "", 0.001),
    ("pv_rest", "", "", 0.005),
    ("gd_loss", "published", "gd_published", 0.2047),
    ("population_over_optimum", "fresh", "", 1.002),
    ("interpolated_over_optimum", "fresh", "", 1.001),
]
MODELS = {"none": 0.21, "interpolated": 0.205, "gd_published": 0.2, "gd_optimal": 0.201}


NONLINEAR = [
    ("offdiagonal_correlation", "", "", -0.99),
    ("offdiagonal_sum", "", "", 0.1),
    ("value_balance", "", "", 0.05),
    *(
        (measure, "published", reference, 0.3)
        for reference in ("gd_published", "debiased_gd", "one_head", "two_steps", "gd_plus_plus_separate")
        for measure in ("reference_loss", "model_cos", "model_diff", "preds_diff")
    ),
]
NONLINEAR_MODELS = ("none", "gd_published", "debiased_gd", "two_steps", "gd_plus_plus_separate", "zero")


def write(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")


def fake_seed(seed, scale, converged):
    """Rows of one seed by table, in the columns that the analyses write."""
    alignment = [("converged", "", "", converged), *ALIGNMENT[1:]]
    sweeps = [
        (panel, "published", 10, model, point, loss * point**2 * scale)
        for panel in ("inputs", "targets", "inputs_other", "targets_other")
        for model, loss in MODELS.items()
        for point in (0.5, 1.0, 2.0)
    ]
    steps = [
        ("published", damping, model, step, loss / step * scale)
        for damping in (1, 0.875, 0.75)
        for model, loss in MODELS.items()
        if model != "interpolated"
        for step in (1, 4, 7)
    ]
    nonlinear = [
        (panel, "published", clip, model, point, point**2 * scale)
        for panel in ("inputs", "targets")
        for clip in (0, 10)
        for model in NONLINEAR_MODELS
        for point in (0.5, 1.0, 2.0)
    ]
    rows = {
        "alignment": [(name, "none", *others) for name, *others in alignment],
        "nonlinear": [(name, "none", *others) for name, *others in [alignment[0], *NONLINEAR]],
        "shift-curves": sweeps,
        "rollout-curves": steps,
        "nonlinear-curves": nonlinear,
    }
    return {name: [(seed, *row) for row in found] for name, found in rows.items()}


COURSES = [("none", 0, 0.41), ("none", 10, 0.3), ("gd", 0, 0.2), ("gd", 10, 0.2), ("rank_one", 0, 0.39)]
PHASES = [
    ("final_training_loss", "", "", 0.2),
    ("reached_gd", "published", "", 1200),
    ("loss", "published", "", 0.21),
    ("loss_over_zero", "published", "", 0.5),
    ("gd_loss", "published", "gd_published", 0.2),
    *((name, "published", "gd_published", 0.5) for name in ("model_cos", "model_diff", "preds_diff")),
]


def fake_phases(folder, converged):
    """Tables of the course of training of an experiment with two seeds."""
    measures = [
        (seed, name, "none", *others)
        for seed, ok in enumerate(converged)
        for name, *others in (("converged", "", "", ok), *PHASES)
    ]
    write(folder / "phases.csv", HEADERS["alignment"], measures)
    lines = [(seed, *line) for seed in range(len(converged)) for line in COURSES]
    write(folder / "phases-curves.csv", "seed,series,step,loss", lines)


def fake_search(scale, seeds):
    """Tables of the search for grokking, two settings."""
    measures = [(f"point {point}", "seeds_that_grok", "none", "", "", point * seeds) for point in (0, 1)]
    write(runs(scale, GROKKING), "unit,measure,plant,tasks,reference,value", measures)
    lines = [(point, s, step, 0.4, 0.3) for point in (0, 1) for s in range(seeds) for step in (0, 10)]
    write(runs(scale, GROKKING, "runs-curves"), "point,seed,step,evaluation_loss,training_loss", lines)


def fake_depth(seed, scale, converged):
    """Rows of one seed of several layers."""
    references = ("gd_shared", "gd_plus_plus_shared", "gd_plus_plus_separate")
    layers = [("converged", "none", "", "", converged)]
    layers += [("reference_loss", "none", "published", name, 0.15) for name in references]
    layers += [
        (measure, plant, "", "", value * scale)
        for plant in ("none", "gd_plus_plus")
        for measure, value in (("step", 1.3), ("gamma", 0.17))
    ]
    curves = [
        (panel, "published", clip, model, "", "loss", point, 0.1 * point * scale)
        for panel in ("inputs", "targets", "inputs_other", "targets_other")
        for clip in (0, 10)
        for model in ("none", "interpolated", *references)
        for point in (0.5, 1.0, 2.0)
    ]
    curves += [
        ("training", "published", 0, "none", name, measure, step, 0.5 * scale)
        for name in references
        for measure in ("model_cos", "model_diff", "preds_diff")
        for step in (10, 20)
    ]
    rows = {"layers": layers, "layers-curves": curves}
    return {name: [(seed, *row) for row in found] for name, found in rows.items()}


def fake_sine(seed, scale, converged):
    """Rows of one seed of an arm of the sine task."""
    measures = [("converged", "none", "", "", converged)]
    ends = [
        (name, "none", "fresh", "", value * scale)
        for name, value in (("partial_cos", 0.93), ("partial_diff", 0.026), ("preds_diff", 0.023))
    ]
    curves = [
        (panel, series, point, value * point * scale)
        for panel in ("inputs", "amplitude", "frequency", "phase")
        for series, value in (("loss", 0.001), ("zero", 0.026))
        for point in (1.0, 1.5, 2.0)
    ]
    curves += [
        ("wave", name, x, 0.3 * np.sin(x + scale))
        for name in ("truth", "before", "after")
        for x in np.linspace(-5, 5, 21)
    ]
    rows = {"sine": measures, "comparison": [*measures, *ends], "sine-curves": curves}
    return {name: [(seed, *row) for row in found] for name, found in rows.items()}


def fake_blocks(seed, scale, converged):
    """Rows of one seed of blocks with MLPs."""
    references = ("gd_shared", "gd_plus_plus_separate_released")
    curves = [(name, "", "loss", 0, 0.05) for name in references]
    curves += [
        ("none", name, measure, step, 0.4 * scale)
        for name in references
        for measure in ("model_cos", "model_diff", "preds_diff")
        for step in (10, 20)
    ]
    rows = {"blocks": [("converged", "none", "", "", converged)], "blocks-curves": curves}
    return {name: [(seed, *row) for row in found] for name, found in rows.items()}


def fake_copying(seed, scale, converged):
    """Rows of one seed on alternating tokens."""
    measures = [("converged", "", "", converged), ("dropped_at", "published", "", 10)]
    measures += [("loss", "published", "", 0.2), ("loss_over_zero", "published", "", 0.5)]
    measures += [("gd_loss", "published", name, 0.2) for name in ("gd_published", "gd_optimal")]
    curves = [
        ("attention", model, series, offset, scale * value)
        for model in ("none", "construction")
        for series in ("inputs", "targets")
        for offset, value in ((-1, 0.1), (0, 0.2), (1, 0.7))
    ]
    rows = {"copying": [(name, "none", *others) for name, *others in measures], "copying-curves": curves}
    return {name: [(seed, *row) for row in found] for name, found in rows.items()}


HEADERS = {
    "sine": "seed,measure,plant,tasks,reference,value",
    "comparison": "seed,measure,plant,tasks,reference,value",
    "sine-curves": "seed,panel,series,point,value",
    "blocks": "seed,measure,plant,tasks,reference,value",
    "blocks-curves": "seed,model,reference,measure,point,value",
    "copying": "seed,measure,plant,tasks,reference,value",
    "copying-curves": "seed,panel,model,series,point,value",
    "layers": "seed,measure,plant,tasks,reference,value",
    "layers-curves": "seed,panel,tasks,clip,model,reference,measure,point,value",
    "alignment": "seed,measure,plant,tasks,reference,value",
    "nonlinear": "seed,measure,plant,tasks,reference,value",
    "shift-curves": "seed,panel,tasks,clip,model,point,loss",
    "nonlinear-curves": "seed,panel,tasks,clip,model,point,loss",
    "rollout-curves": "seed,tasks,damping,model,step,loss",
}


def fake_training(folder):
    """What training leaves of one seed."""
    lines = [(0, "nan", 0.4, 0.1, 2, 0.5, 3, 0, 0), (10, 0.4, 0.3, 0.9, 1, 0.2, 3.1, 0.8, 0.1)]
    write(folder / "history.csv", HISTORY, lines)
    heads = np.stack([np.eye(11) + 0.01, np.eye(11)])
    parts = {f"0/{name}": heads for name in ("query", "key", "value", "projection")}
    np.savez(folder / "weights.npz", **parts)


def fake_references(scale):
    """Tables of the references, in the columns that their commands write."""
    gammas = {10: 0.176, 25: 0.1, 50: 0.056, 100: 0.03}
    rows = [
        ("gd_plus_plus", 2, context, "shared", "optimum", "gamma", index, gamma)
        for context, gamma in gammas.items()
        for index in (0, 1)
    ]
    header = "family,layers,context,sharing,recipe,parameter,index,value"
    write(references(scale, "optima"), header, rows)
    ends = [
        (0, "extremes", name, context, factor * context**0.5)
        for context in gammas
        for name, factor in (("least", 0.1), ("largest", 1.5))
    ]
    bars = [(0, "histogram", f"gamma_{gamma}", x, 0.1) for gamma in (0, 0.05, 0.1) for x in (1, 10, 100)]
    write(spectra(scale, "curves"), "unit,panel,series,x,y", [*ends, *bars])


@pytest.fixture(params=[(1, 1), (1, 0), (0, 0)], ids=["converged", "one unconverged", "none converged"])
def fake_results(request, tmp_path, monkeypatch):
    """A folder with settings, published numbers and two seeds of each experiment."""
    shutil.copy("config.yaml", tmp_path)
    shutil.copytree("published", tmp_path / "published")
    makers = dict.fromkeys((*SWEEP.values(), *SOFTMAX, *LAYER_NORM), fake_seed)
    makers |= dict.fromkeys((TWO, THREE, FIVE, TEN), fake_depth)
    makers |= dict.fromkeys((SINE, SINE_GD), fake_sine) | {BLOCKS: fake_blocks, ALTERNATING: fake_copying}
    for experiment, fake in makers.items():
        seeds = [fake(seed, 1 + 0.01 * seed, ok) for seed, ok in enumerate(request.param)]
        for name in seeds[0]:
            path = tmp_path / table("smoke", experiment, name)
            write(path, HEADERS[name], [row for found in seeds for row in found[name]])
        for seed in range(len(seeds)):
            fake_training(tmp_path / seed_folder("smoke", experiment, seed))
    for experiment in (BASE, "two_heads", *FIXED.values()):
        fake_phases((tmp_path / table("smoke", experiment, "phases")).parent, request.param)
    monkeypatch.chdir(tmp_path)
    fake_references("smoke")
    fake_search("smoke", len(request.param))
    return tmp_path


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_with_its_data(name, fake_results):
    assert main(["figure", name, "--scale", "smoke"]) == 0
    written = {path.name: path for path in Path("figures/smoke").iterdir()}
    assert set(written) == {f"{name}.{end}" for end in ("png", "svg", "csv", "png.provenance.json")}
    assert written[f"{name}.png"].read_bytes().startswith(b"\x89PNG")
    with written[f"{name}.csv"].open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert list(rows[0]) == ["panel", "series", "source", "unit", "x", "y"]
    assert {row["source"] for row in rows} == {"ours", "published"}


def test_both_panels_of_figure_5_are_on_the_axis_of_their_losses(fake_results):
    frame = fig5.draw("smoke", load())[1]
    theirs = frame[(frame.panel == "sensitivity") & (frame.source == "published")]
    moved, drawn = (theirs[theirs.series == name].x.max() for name in ("next", "next_as_drawn"))
    losses = frame[(frame.panel == "loss") & (frame.source == "published")].x.max()
    assert moved == pytest.approx(1.25 * drawn) and moved > losses > 0.98 * drawn


def test_every_figure_says_what_it_reads():
    assert set(FIGURES) == set(FIGURE_INPUTS)


def test_the_same_data_give_the_same_files(fake_results):
    written = []
    for _ in range(2):
        assert main(["figure", "fig1", "--scale", "smoke"]) == 0
        written.append([Path(f"figures/smoke/fig1.{end}").read_bytes() for end in ("png", "svg", "csv")])
    assert written[0] == written[1]


def test_a_figure_without_its_tables_says_what_is_missing(tmp_path, monkeypatch, capsys):
    shutil.copy("config.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["figure", "fig2", "--scale", "smoke"]) == 2
    assert "alignment.csv is missing" in capsys.readouterr().err
    assert not Path("figures").exists()
