"""`icgd verify`: is every committed file as recorded, and made by this code and these settings?"""

import argparse
from collections import Counter

from icgd.cli.common import scale_arguments
from icgd.config import load
from icgd.errors import IcgdError
from icgd.verification import settle, verify


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which scale; the committed one is full."""
    scale_arguments(parser)


def run(parsed: argparse.Namespace) -> int:
    """List every file that is not as recorded; exit code 1 if there is one, else Snakemake is told."""
    scale = parsed.scale or "full"
    findings = verify(load(parsed.config), scale)
    if not findings:
        raise IcgdError(
            f"there is nothing to verify in results/{scale}; `make reproduce` or `make full` fills it."
        )
    for finding in findings:
        if not finding.good:
            print(f"{finding.path}: {finding.state}")
    for state, count in Counter("as recorded" if f.good else "not as recorded" for f in findings).items():
        print(f"{count} files {state}")
    if not all(finding.good for finding in findings):
        return 1
    settle(findings)
    return 0
