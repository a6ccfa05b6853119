"""Tables that need no trained network: what is in them is what is said of them, and their formulas."""

import numpy as np
import pytest

from icgd import dictionary, paths, statements
from icgd.config import load
from icgd.errors import IcgdError
from icgd.files import read_table
from icgd.statements import families, spectra
from icgd.statements.table import COLUMNS, Rows


def test_a_value_is_the_statement_s_own_and_several_are_of_subjects():
    rows = Rows("set 3")
    rows.put(1.5, measure="ratio: of two losses", tasks="published")
    rows.put({"statement": 2.0, "rate 1.15: too fast": 3}, "set 4", "ratio", reference="gd")

    def gap():
        return {"statement": {"fig2": 4.0, "fig3a": 5.0}}

    rows.add(gap)
    assert [list(row.values()) for row in rows] == [
        ["set 3", "ratio", "statement", "", "published", "", 1.5],
        ["set 4", "ratio", "statement", "gd", "", "", 2.0],
        ["set 4", "ratio", "rate 1.15", "gd", "", "", 3.0],
        ["fig2", "gap", "statement", "", "", "", 4.0],
        ["fig3a", "gap", "statement", "", "", "", 5.0],
    ]
    assert tuple(rows[0]) == COLUMNS


def test_cases_of_the_same_name_become_units_of_their_own():
    rows = Rows()
    for value in (1.0, 2.0):
        rows.put({"statement": value, "rate 1e-8": value}, "N=1", "error")
    rows.put(1.0, measure="other")
    units = [row["unit"] for row in rows.numbered()]
    assert units == ["N=1 #0", "N=1 #0", "N=1 #1", "N=1 #1", "#0"]


def test_a_statement_that_is_not_there_is_named():
    with pytest.raises(IcgdError, match="no statement 'spectrum'; did you mean spectra"):
        statements.write("spectrum", load(), "smoke")


@pytest.mark.parametrize("name", ["identities", "contrasts", "spectra", "anchors"])
def test_every_measure_and_subject_is_described_and_no_other_and_units_are_unique(
    name, monkeypatch, tmp_path
):
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    table = next(path for path in statements.write(name, load(), "smoke")[0] if path.stem == name)
    found, units = {}, []
    for row in read_table(table, COLUMNS):
        found.setdefault(row["measure"], {"statement"}).add(row["subject"])
        units.append(tuple(row[column] for column in COLUMNS[:-1]))
    told = {one.name: one for one in dictionary.statements().values() if one.kind == name}
    assert set(found) == set(told)
    assert all(subjects <= {"statement", *told[measure].subjects} for measure, subjects in found.items())
    assert set().union(*found.values()) == {"statement"}.union(*(one.subjects for one in told.values()))
    assert len(set(units)) == len(units)


def test_the_gamma_of_the_extremes_is_the_least():
    for least, largest in ((0.097, 7.712), (0.666, 10.845), (2.87, 17.196)):
        grid = np.linspace(1e-3, 0.9999, 20_001) / largest
        best = grid[np.argmin(spectra.of_extremes(grid, least, largest))]
        assert spectra.best_of_extremes(least, largest) == pytest.approx(best, rel=1e-3)


def test_condition_numbers_of_known_eigenvalues():
    assert spectra.condition(np.array([[1.0, 4.0], [0.0, 1.0]])).tolist() == [4.0, np.inf]
    assert spectra.of_extremes(0.0, 1.0, 4.0) == 4.0
    around = 10 ** np.random.default_rng(5).normal(0.7, 0.15, 20_000)
    assert spectra.mode(np.append(around, np.inf)) == pytest.approx(0.7, abs=0.03)
    shift = spectra.mode(0.92 * around) - spectra.mode(around)
    assert shift == pytest.approx(np.log10(0.92), abs=0.006)


def test_published_losses_are_read_at_the_last_step():
    ends = {figure: list(families.final_losses(figure).values()) for figure, _ in families.PUBLISHED.values()}
    assert all(len(losses) == 5 for losses in ends.values())
    assert 0.113 < min(ends["fig3a"]) and max(ends["fig3a"]) < 0.1146
    assert max(ends["fig3b"]) == pytest.approx(0.0213, rel=0.02)
    assert 0.0526 < min(ends["fig7"]) and max(ends["fig7"]) < 0.0548


def test_a_power_of_the_depth_does_not_steepen():
    assert families.steepening([depth**-0.7 for depth in families.STEEPENING]) == pytest.approx(1)
    assert families.steepening([0.4**depth for depth in families.STEEPENING]) == pytest.approx(
        1.5875, rel=1e-3
    )
