"""The notebook: it runs from its first cell to its last, and is committed with what it printed."""

import nbformat
from conftest import ROOT
from nbclient import NotebookClient

NOTEBOOK = ROOT / "notebooks" / "one-context.ipynb"


def printed(notebook):
    """What every cell of code wrote, without the pictures."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return ["".join(out.text for out in cell.outputs if out.output_type == "stream") for cell in cells]


def test_it_runs_and_says_what_it_said(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    committed = nbformat.read(NOTEBOOK, as_version=4)
    pictures = [out for cell in committed.cells for out in cell.get("outputs", ()) if "data" in out]
    assert sum("image/png" in out.data for out in pictures) == 2
    again = nbformat.from_dict(committed)
    place = {"metadata": {"path": str(NOTEBOOK.parent)}}
    NotebookClient(again, timeout=300, coalesce_streams=True, resources=place).execute()
    was, now = printed(committed), printed(again)
    assert [text.count("\n") for text in was] == [text.count("\n") for text in now], "run `make notebook`"
    told = [[text for text in texts if "\nverdict:" in text] for texts in (was, now)]
    assert told[0] == told[1] and len(told[0]) == 1, "run `make notebook`"
