"""`icgd decide CLAIM`: results/{scale}/claims/{id}.json from the committed or rebuilt tables."""

import argparse

from icgd import paths
from icgd.claims import evidence, registry, verdict
from icgd.cli.common import scale_arguments
from icgd.config import load
from icgd.errors import IcgdError
from icgd.files import sha256, write_json
from icgd.provenance import Recorder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which claim."""
    parser.add_argument("claim", help="id of a claim, such as vo22-17")
    scale_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Decide one claim."""
    config = load(parsed.config)
    scale = parsed.scale or config.scale
    claim = registry.claim(parsed.claim)
    if not claim.decided:
        raise IcgdError(f"{claim.id} is {claim.kind}: it has no rule to decide by.")
    settings = {"claim": claim.id, "rule_hash": claim.rule_hash, "entry": claim.entry_hash, "scale": scale}
    recorder = Recorder("decide", settings)
    result = verdict.judge(claim, config, scale)
    inputs = sorted({path for part in claim.parts for path in evidence.files(part, config, scale)})
    result["inputs"] = [{"path": str(path), "sha256": sha256(path)} for path in inputs]
    output = paths.verdict(scale, claim.id)
    write_json(output, result)
    recorder.write([output], inputs)
