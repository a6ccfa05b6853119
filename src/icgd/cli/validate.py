"""`icgd validate`: check config.yaml, the whole registry and its coverage before anything runs."""

import argparse
from collections import Counter

from icgd.claims import coverage, evidence, registry
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
    sweeps = [f"sweeps/{name}" for name in config.sweeps]
    for claim in claims.values():
        for part in claim.parts:
            for key in ("experiment", "over"):
                name, known = part["evidence"].get(key), [*config.experiments, *sweeps, *shared]
                if name is not None and name not in known:
                    raise IcgdError(f"{claim.id}: there is no experiment {name!r}; {nearest(name, known)}")
    kinds = Counter(claim.kind for claim in claims.values())
    print(f"{len(claims)} claims: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    print(_covered())


def _covered() -> str:
    """Check the coverage; one line on what there is."""
    passages = [passage for document in coverage.documents() for passage in document.passages]
    stated = sum(bool(passage.claims) for passage in passages)
    at_hand = coverage.compare_all()
    hashes = f"the hashes of {at_hand} agree" if at_hand else "none is at hand to compare hashes with"
    return (
        f"{len(coverage.documents())} documents: {len(passages)} passages, {stated} with claims, "
        f"{len(passages) - stated} with a reason; {hashes}"
    )
