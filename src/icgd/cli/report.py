"""`icgd report`: results/{scale}/audit/index.html, every claim on one page."""

import argparse

from icgd import paths
from icgd.claims import coverage, registry, verdict
from icgd.cli.common import scale_arguments
from icgd.config import load
from icgd.files import read_json, write_text
from icgd.provenance import Recorder
from icgd.report.page import render


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
            shown.append(verdict.undecided(claim, scale))
    output = paths.RESULTS / scale / "audit" / "index.html"
    figures = f"../../../figures/{scale}"
    write_text(output, render(shown, list(registry.sources()), scale, figures, coverage.documents()))
    recorder.write([output], inputs)
    print(f"wrote {output}")
