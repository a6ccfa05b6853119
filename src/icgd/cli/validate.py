"""`icgd validate`: check config.yaml and the whole registry before anything runs."""

import argparse
from collections import Counter

from icgd.claims import evidence, registry
from icgd.cli.common import scale_arguments
from icgd.config import load
from icgd.errors import IcgdError, nearest


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which settings."""
    scale_arguments(parser)


def run(parsed: argparse.Namespace) -> None:
    """Raise on the first thing that is wrong; else say what there is."""
    config = load(parsed.config)
    claims = registry.claims()
    shared = (*evidence.SINGLE, "published")
    for claim in claims.values():
        for part in claim.parts:
            name = part["evidence"]["experiment"]
            if name not in config.experiments and name not in shared:
                known = [*config.experiments, *shared]
                raise IcgdError(f"{claim.id}: there is no experiment {name!r}; {nearest(name, known)}")
    kinds = Counter(claim.kind for claim in claims.values())
    print(f"{len(claims)} claims: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
