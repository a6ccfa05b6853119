"""Published curves, what figures ask and read, and that they are drawn."""

import csv
import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, environment

from icgd import paths
from icgd.claims import registry
from icgd.config import load
from icgd.errors import IcgdError
from icgd.figures import captions, draw, plan, queries, specs_one_layer, style
from icgd.figures.looks import MEASURES
from icgd.figures.queries import Curve, Points, Runs, Statements, Variants
from icgd.figures.specs import FIGURES
from icgd.figures.tables import Tables
from icgd.files import read_json, read_table, write_table
from icgd.measures.request import Request
from icgd.training import checkpoint

OURS = {"which", "vo23_fig26"}  # figures that no published numbers can be drawn in


def published():
    return read_table(ROOT / paths.CURVES)


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
    rows = [r for r in published() if (r["figure"], r["panel"], r["series"]) == ("fig2", "loss", "trained")]
    last = max(float(row["x"]) for row in rows)
    ends = [float(r["y"]) / 0.20469 for r in rows if r["kind"] == "seed" and float(r["x"]) == last]
    registered = registry.claim("vo22-17").parts[0].published.seeds
    assert sorted(registered) == pytest.approx(sorted(ends), abs=2e-4)


def test_every_figure_names_its_files():
    config = load()
    for name in FIGURES:
        files = [str(path) for path in plan.files(name, config, "full")]
        assert len(set(files)) == len(files)
        assert any(path.startswith("published/") for path in files) == (name not in OURS)


def test_only_a_place_at_the_end_of_training_reads_histories():
    asked = Request("loss", "network")
    for query in (Curve("few_shot_end", asked, "end"), Points("few_shot_end", asked, "ends", 3.0)):
        assert query.reads() == [(kind, "few_shot_end") for kind in query.kinds]
    assert ("history", "one_layer") in Points("one_layer", asked, "trained", queries.END).reads()


def test_planning_needs_neither_jax_nor_matplotlib():
    code = "import sys; from icgd.figures import plan; plan.requests(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True)
    assert not {"jax", "matplotlib", "pandas", "numpy"} & set(done.stdout.split()), done.stderr


def test_an_unknown_figure_is_named_with_its_neighbour():
    with pytest.raises(IcgdError, match="no figure 'fig6'; did you mean"):
        plan.named("fig6")


def test_cells_of_a_figure_have_names_of_their_own_and_labels_mean_one_thing():
    for name, figure in FIGURES.items():
        names = [panel.name for panel in figure.cells() if panel.name != "heads"]  # one row of strips
        assert len(set(names)) == len(names)
        looks = {look for panel in figure.panels() for look in panel.looks.values() if look and look.label}
        measures = {words for words, _ in MEASURES.values()}  # in the colour of what is compared with
        colours = {}
        for look in looks:
            colours.setdefault(look.label, set()).add(look.color)
        assert all(len(of) == 1 for label, of in colours.items() if label not in measures), name


def test_every_figure_has_words_and_the_words_a_figure():
    assert set(captions.written()) == set(FIGURES)
    assert all(set(one) == {"paper", "title", "text", "seen"} for one in captions.written().values())


def test_the_numbers_in_the_words_are_drawn_ones():
    committed = {path.stem: path for path in (ROOT / paths.FIGURES / "full").glob("*.csv")}
    assert len(committed) >= 19
    for name in committed:
        words, drawn = captions.written()[name], read_table(committed[name])
        known = {(row["panel"], row["series"], row["source"]) for row in drawn}
        for hole in captions.HOLE.findall(" ".join(words.values())):
            where, *place = hole.split("/")
            assert hole == "median" or (where in ("first", "last") and (*place, "ours")[:3] in known), hole


ALONG = {"roll_out": (1, 4, 7), "training": (0, 10), "wave": (-5, 0, 5), "offset": (-1, 0, 1)}
ALONG["lags"] = (0, 1, 2)
HISTORY = ("step", "training_loss", "evaluation_loss", "model_cos", "model_diff", "preds_diff")
TOKENS = ("own", "next", "other")
LABELS = ("unit", *Request._fields)


def fake_tables(config, states, curves):
    """Answers to all that figures ask, of seeds that converged (1), did not (0) or diverged (None)."""
    drawn = [
        query
        for figure in FIGURES.values()
        for panel in figure.panels()
        for query in (*panel.queries, *(more for q in panel.queries for more in getattr(q, "queries", ())))
    ]
    traced = {(query.of, query.request) for query in drawn if isinstance(query, Curve | Runs)}
    variants = {}
    for query in (one for one in drawn if isinstance(one, Variants)):
        variants.setdefault((query.of, query.request), {}).update(query.names)
        traced |= {(query.of, query.request)} if query.request.along else set()
    for experiment, asked in plan.requests().items():
        runs = [f"point {k} seed {seed}" for k in range(2) for seed in range(len(states))]
        swept = bool(config.named(experiment).axes)
        units = runs if swept else [f"seed {n}" for n, state in enumerate(states) if state is not None]
        place = {unit: 1 + 0.01 * k for k, unit in enumerate(units)}
        status = {
            f"seed {n}": ("diverged_at", 5) if s is None else ("converged", s) for n, s in enumerate(states)
        }
        rows = [] if swept else [
            {"unit": unit, **Request(name, "network")._asdict(), "value": value}
            for unit, (name, value) in status.items()
        ]  # fmt: skip
        lines = []
        for request in sorted(asked - {Request("converged", "network")}):
            points = ALONG.get(request.along.split(" ")[0], (0.5, 1, 2))
            names = variants.get((experiment, request), ())
            of_names = [f"{name} seed {seed}" for name in names for seed in range(len(states))]
            for k, unit in enumerate(of_names or units):
                place[unit] = 1 + 0.01 * k
                row = {"unit": unit, **request._asdict()}
                if (experiment, request) in traced:
                    lines += [
                        {**row, "x": x, "value": 0.1 * (2 + x**2) * place[unit]} for x in points if curves
                    ]
                else:
                    rows.append({**row, "value": 0.3 * place[unit]})
        write_table(paths.table("smoke", experiment, "measures"), (*LABELS, "value"), rows)
        write_table(paths.table("smoke", experiment, "curves"), (*LABELS, "x", "value"), lines)


def fake_training(experiment, seed):
    """What training leaves of a seed."""
    rows = [
        {**dict.fromkeys((*HISTORY, *TOKENS), 0.5), "training_loss": math.nan, "step": step}
        for step in (0, 10)
    ]
    write_table(paths.history("smoke", experiment, seed), (*HISTORY, *TOKENS), rows)
    heads = np.stack([np.eye(11) + 0.01, np.eye(11)])
    weights = {f"0/{name}": heads for name in ("query", "key", "value", "projection")}
    checkpoint.save(paths.weights("smoke", experiment, seed), weights)


def fake_references():
    """Tables of the references."""
    contexts = {10: 0.176, 25: 0.1, 50: 0.056, 100: 0.03}
    columns = ("family", "layers", "context", "sharing", "recipe", "parameter", "index", "value")
    found = [
        dict(zip(columns, ("gd_plus_plus", 2, n, "shared", "optimum", "gamma", k, gamma), strict=True))
        for n, gamma in contexts.items()
        for k in (0, 1)
    ]
    write_table(paths.references("smoke", "optima"), columns, found)
    ends = [
        ("extremes", name, n, factor * n**0.5)
        for n in contexts
        for name, factor in (("least", 0.1), ("largest", 1.5))
    ]
    bars = [("histogram", f"gamma_{gamma}", x, 0.1) for gamma in (0, 0.05, 0.1) for x in (1, 10, 100)]
    columns = ("unit", "panel", "series", "x", "y")
    rows = [dict(zip(columns, ("set 0", *row), strict=True)) for row in (*ends, *bars)]
    write_table(paths.table("smoke", "statements", "spectra-curves"), columns, rows)
    rows = [
        {"unit": unit, **Request(query.measure, query.subject, f"n = {size}")._asdict(), "value": 0.01 * size}
        for query in (
            query for figure in FIGURES.values() for one in figure.panels() for query in one.queries
        )
        if isinstance(query, Statements)
        for unit in ("set 0", "set 1")
        for size in (4, 6)
    ]
    write_table(paths.table("smoke", "statements", "sequences"), (*LABELS, "value"), rows)


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Make a folder with settings, published numbers and seeds of all experiments, and go there."""

    def made(states=(1, 0, None), curves=True):
        shutil.copytree("published", tmp_path / "published")
        for name, figure in FIGURES.items():
            monkeypatch.setitem(FIGURES, name, figure)
        config = load()
        bounds = config.scales["smoke"].model_copy(update={"seeds": len(states)})
        experiments = {
            name: one.model_copy(update={"seeds": len(states)}) for name, one in config.experiments.items()
        }
        config = config.model_copy(
            update={"scales": {**config.scales, "smoke": bounds}, "experiments": experiments}
        )
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(style, "DOTS", 40)
        fake_tables(config, states, curves)
        fake_references()
        for experiment in plan.requests():
            for seed in range(len(states)):
                fake_training(experiment, seed)
        return config

    return made


def rows_of(name):
    with Path(f"figures/smoke/{name}.csv").open(newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_with_its_data(name, fake):
    outputs = draw.save(name, fake(), "smoke")
    assert outputs == [Path(f"figures/smoke/{name}.{end}") for end in ("png", "svg", "csv", "json")]
    assert set(Path("figures/smoke").iterdir()) == set(outputs)
    assert outputs[0].read_bytes().startswith(b"\x89PNG")
    svg, words = outputs[1].read_text(), read_json(outputs[3])
    assert f"<title>{words['title']}</title>" in svg and "<text" in svg
    assert words["name"] == name and words["alt"].startswith(words["title"])
    assert captions.written()[name]["paper"].replace("neither", "either paper") in words["caption"]
    assert "{" not in words["caption"] + words["alt"]
    rows = rows_of(name)
    assert list(rows[0]) == ["panel", "series", "source", "unit", "x", "y"]
    assert {row["source"] for row in rows} == {"ours", *([] if name in OURS else ["published"])}


@pytest.mark.parametrize("states", [(0,), (None,)], ids=["not converged", "diverged"])
def test_one_seed_is_drawn_even_if_nothing_converged_and_no_states_were_kept(states, fake):
    tables = Tables(fake(states, curves=False), "smoke")
    for name in (
        FIGURES if states == (0,) else FIGURES.keys() - {"fig9", "fig11", "vo23_fig3b"}
    ):  # whose weights would it be
        with style.theme():
            assert draw.Drawing(FIGURES[name], tables).canvas().axes


def test_seeds_stand_in_series_of_their_state_and_the_mean_is_of_the_converged(fake):
    tables = Tables(fake((1, 1, 0, None)), "smoke")
    points = [("0", 1.0, 2.0), ("1", 1.0, 4.0), ("2", 1.0, 9.0), ("0", 2.0, math.nan), ("1", 2.0, 1.0)]
    rows = queries.of_seeds(tables, "one_layer", "trained", "mean", points)
    assert [row.series for row in rows[:3]] == ["trained", "trained", "trained_unconverged"]
    assert [(row.series, row.x) for row in rows[-2:]] == [("trained_mean", 1.0), ("trained_mean", 2.0)]
    assert rows[-2].y == 3.0 and math.isnan(rows[-1].y)
    assert [row.unit for row in queries.of_seeds(tables, "one_layer", "a", "shown", points)] == [
        "0",
        "1",
        "0",
        "1",
    ]
    assert [row.unit for row in queries.of_seeds(tables, "one_layer", "a", "once", points)] == ["", ""]
    assert captions.setting("one_layer", tables).endswith(", 4 seeds, 1 unconverged, 1 diverged")
    rows = queries.together(
        [queries.Row("a", "ours", str(k), 1.0, y) for k, y in enumerate((1.0, 2.0, 9.0))], "a", "median"
    )
    assert [(row.series, row.y) for row in rows] == [
        ("a_mean", 4.0),
        ("a_median", 2.0),
        ("a_band", 1.5),
        ("a_band", 5.5),
    ]


def test_the_excess_is_in_percent_of_gd(fake):
    draw.save("fig6a", fake(), "smoke")
    rows = [row for row in rows_of("fig6a") if row["source"] == "ours" and row["unit"] in ("", "0")]
    loss = {(row["series"], row["x"]): float(row["y"]) for row in rows if row["panel"] == "targets"}
    excess = {(row["series"], row["x"]): float(row["y"]) for row in rows if row["panel"] == "targets_over_gd"}
    assert {series for series, _ in excess} == {"trained", "interpolated", "gd_optimal"}
    for (series, x), percent in excess.items():
        assert percent == pytest.approx(100 * (loss[series, x] / loss["gd_published", x] - 1), abs=1e-6)


def test_both_panels_of_figure_5_are_on_the_axis_of_their_losses(fake):
    draw.save("fig5", fake(), "smoke")
    theirs = [row for row in rows_of("fig5") if row["source"] == "published"]
    ends = {
        row["series"]: max(float(r["x"]) for r in theirs if r["series"] == row["series"]) for row in theirs
    }
    assert ends["next"] == pytest.approx(1.25 * ends["next_as_drawn"])
    assert ends["next"] > ends["trained"] > 0.98 * ends["next_as_drawn"]


def test_seeds_of_one_place_stand_side_by_side():
    panel = specs_one_layer.LEARNT
    rows = [queries.Row("rate_over_optimal", "ours", str(k), 0.0, 0.6) for k in range(3)]
    other = queries.Row("rate_over_optimal", "published", "", 0.0, 0.6)
    assert [row.x for row in draw.moved(panel, [*rows, other])] == [-0.25, 0.0, 0.25, 0.42]


def test_the_same_data_give_the_same_files_whatever_matplotlib_was_told(fake):
    fake((1,))
    shutil.copy(ROOT / "config.yaml", "config.yaml")
    Path("matplotlibrc").write_text("lines.linewidth: 9\nfont.size: 30\nsavefig.bbox: tight\n")
    told = {"MATPLOTLIBRC": "matplotlibrc", "MPLBACKEND": "nonsense"}
    code = "from icgd.config import load; from icgd.figures import draw; draw.save('fig1', load(), 'smoke')"
    written = []
    for variables in ({"MPLCONFIGDIR": "."}, {"MPLCONFIGDIR": "other"}, told):
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env={**environment(), **variables}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        written.append([Path(f"figures/smoke/fig1.{end}").read_bytes() for end in ("png", "svg", "csv")])
    assert written[0] == written[1] == written[2]


def test_a_figure_without_its_tables_says_what_is_missing(tmp_path, monkeypatch):
    config = load()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IcgdError, match="csv is missing"):
        draw.save("fig16", config, "smoke")
    assert not Path("figures").exists()


def test_a_number_that_was_not_measured_is_an_error(fake):
    tables = Tables(fake(), "smoke")
    asked = Points("one_layer", Request("loss", "ridge", "", "fresh"), "ridge")
    with pytest.raises(IcgdError, match="one_layer/measures.csv has no loss | ridge | fresh"):
        asked.rows(tables)


def test_a_figure_is_written_whole_or_not_at_all(fake, monkeypatch):
    config = fake()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(style, "write_table", full)
    with pytest.raises(IcgdError, match="No space left"):
        draw.save("fig1", config, "smoke")
    assert list(Path("figures/smoke").iterdir()) == []
