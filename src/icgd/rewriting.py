"""Is the audit page what the committed verdicts, tables and records make of it?"""

import argparse
from collections.abc import Iterator
from contextlib import chdir
from itertools import zip_longest
from pathlib import Path

from icgd import paths
from icgd.checking import Difference
from icgd.cli import report

BESIDE = ("claims", "published", "config.yaml", "figures")
SHOWN = 160  # characters of a line that differs
MOST = 20


def page(folder: Path, scale: str = "full") -> list[Difference]:
    """Lines of the committed page that differ from one written now, in ``folder``, from what it shows."""
    written = paths.RESULTS / scale / "audit" / "index.html"
    if not written.exists():
        return [Difference(str(written), "not committed", "made by `make report`")]
    if not (folder / written).exists():
        lay(folder, scale, written.parent)
        with chdir(folder):
            report.run(argparse.Namespace(scale=scale, config=None))
    return list(lines(written, folder / written))[:MOST]


def lay(folder: Path, scale: str, without: Path) -> None:
    """A folder with links to everything that the page is made of, but not to the page."""
    (folder / without).mkdir(parents=True)
    for path in [Path(name) for name in BESIDE] + sorted((paths.RESULTS / scale).iterdir()):
        if path != without:
            (folder / path).symlink_to(path.resolve())


def lines(was: Path, now: Path) -> Iterator[Difference]:
    """Lines that differ."""
    pairs = zip_longest(was.read_text("utf-8").split("\n"), now.read_text("utf-8").split("\n"), fillvalue="")
    for index, (old, new) in enumerate(pairs, start=1):
        if old != new:
            at = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
            start = max(0, at - SHOWN // 2)
            yield Difference(f"{was} line {index}", old[start : start + SHOWN], new[start : start + SHOWN])
