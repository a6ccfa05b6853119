"""`icgd report`: results/{scale}/audit/index.html, every claim on one page."""

import argparse

from icgd import paths
from icgd.claims import coverage, history, registry
from icgd.cli.common import scale_arguments
from icgd.config import load
from icgd.files import read_json, write_text
from icgd.provenance import Recorder
from icgd.report.background import Background
from icgd.report.page import render
from icgd.report.planned import waiting
from icgd.trail import records, trail


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which scale."""
    scale_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Write the page from the verdict files and the registry."""
    scale = parsed.scale or load(parsed.config).scale
    recorder = Recorder("report", {"scale": scale, "registry": registry.registry_hash()})
    shown, inputs = [], []
    for claim in registry.claims().values():
        if claim.decided:
            inputs.append(paths.verdict(scale, claim.id))
            shown.append(read_json(inputs[-1]))
        else:
            shown.append(waiting(claim, scale))
    output = paths.RESULTS / scale / "audit" / "index.html"
    used = sorted({given["path"] for claim in shown for given in claim.get("inputs") or []})
    background = Background(
        sources=list(registry.sources()),
        figures_url=f"../../../figures/{scale}",
        documents=coverage.documents(),
        trail=trail(used),
        history=history.lines() if scale == "full" else [],
        tables=registry.tables(),
    )
    write_text(output, render(shown, scale, background))
    inputs += records(background.trail)  # their times and versions are shown too
    inputs += [paths.HISTORY] if background.history else []
    recorder.write([output], inputs)
    print(f"wrote {output}")
