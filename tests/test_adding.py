"""What adding costs: a measure is one function, a claim one entry, a figure one spec, and that is all."""

import shutil
import subprocess
import sys

import pytest
from conftest import ROOT, environment

from icgd.files import read_json, read_table

OF, CLAIM, FIGURE = "one_layer_n5", "vo22-999", "fig99"
ADDED = {
    "src/icgd/measures/fits.py": '''

@measure
def relative_miss(both: Compared) -> float:
    """RMS difference of the predictions to those of the reference, over the RMS of the reference's"""
    ours, theirs = both.ours.prediction, both.theirs[0].prediction
    return float(np.sqrt(np.mean((ours - theirs) ** 2) / np.mean(theirs**2)))
''',
    "claims/von-oswald-2022.yaml": f"""
- id: {CLAIM}
  where: nowhere, it is added by a test
  says: One layer on five inputs predicts what a gradient step predicts.
  kind: measurement
  figures: [{FIGURE}]
  parts:
    - evidence: {{of: {OF}, measure: relative_miss, reference: gd, tasks: fresh}}
      per: training seed
      supported: {{below: 0.05}}
      why: predictions 7 % too small must not do
      set: ours
      controls:
        refutes:
          - {{subject: network rate 1.37, size: learning rate 37 % too large}}
          - {{subject: gd scaled 0.93, size: predictions 7 % too small}}
        supports: [{{subject: hand_set gd}}]
""",
    "src/icgd/figures/specs.py": f"""
from icgd.figures import looks
from icgd.figures.panels import Panel
from icgd.figures.queries import Points
from icgd.measures.request import Request

MISS = Request("relative_miss", "network", "gd", "fresh")
LOOKS = looks.family("trained", "one layer", looks.BLUE, looks.DOT)
FIGURES["{FIGURE}"] = Figure(
    ((Panel("miss", "miss", "", "share", (Points("{OF}", MISS, "trained"),), LOOKS),),), 2.5, "{OF}"
)
""",
    "src/icgd/figures/captions.yaml": f"""
{FIGURE}: {{paper: nothing, title: Misses, text: How far predictions miss., seen: A point a seed.}}
""",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the code, the registry and the settings, with the committed weights of one experiment."""
    folder = tmp_path_factory.mktemp("adding")
    for name in ("src", "claims", "published"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    text = (ROOT / "config.yaml").read_text()
    before, about, after = text.partition(f"  {OF}:\n")
    changed = after.replace("    seeds: 8\n", "    evaluation: {tasks: 2000}\n    seeds: 5\n", 1)
    assert about and changed != after
    (folder / "config.yaml").write_text(before + about + changed)
    (folder / "results/full" / OF).mkdir(parents=True)
    for path in (ROOT / "results/full" / OF).glob("seed-*"):
        (folder / "results/full" / OF / path.name).symlink_to(path)
    for name, text in ADDED.items():
        with (folder / name).open("a") as handle:
            handle.write(text)
    return folder


def test_a_measure_a_claim_and_a_figure_are_added_and_decided(tree):
    def icgd(*words):
        command = (sys.executable, "-m", "icgd", *words, "--scale", "full")
        environ = {**environment(), "PYTHONPATH": str(tree / "src")}
        done = subprocess.run(command, cwd=tree, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]

    icgd("measure", OF)
    icgd("decide", CLAIM)
    icgd("figure", FIGURE)
    found = read_json(tree / f"results/full/claims/{CLAIM}.json")
    (part,) = found["parts"]
    assert found["verdict"] == "supported" and part["n"] == 5 and 0 < part["value"] < 0.05
    assert all(control["ok"] for control in part["controls"])
    values = {control["subject"]: control["value"] for control in part["controls"]}
    assert values["gd scaled 0.93"] == pytest.approx(0.07, abs=1e-5)
    assert values["network rate 1.37"] == pytest.approx(0.37, abs=0.03)
    drawn = read_table(tree / f"figures/full/{FIGURE}.csv")
    assert {row["unit"] for row in drawn} == {"0", "1", "2", "3", "4"}
    assert sum(float(row["y"]) for row in drawn) / 5 == pytest.approx(part["value"])
    assert (tree / f"figures/full/{FIGURE}.png").stat().st_size > 5000
