"""`icgd record --reason TEXT`: append new and changed full-scale verdicts to the history."""

import argparse

from icgd import paths
from icgd.claims import history, registry
from icgd.errors import IcgdError
from icgd.files import read_json


def arguments(parser: argparse.ArgumentParser) -> None:
    """Why the verdicts are new or have moved."""
    parser.add_argument("--reason", required=True, help="one sentence that stays in the history")


def run(parsed: argparse.Namespace) -> None:
    """Add a line for each verdict whose rule, word or value is new."""
    if not parsed.reason.strip():
        raise IcgdError("--reason must say why, in one sentence.")
    decided = [claim.id for claim in registry.claims().values() if claim.decided]
    found = [read_json(path) for id_ in decided if (path := paths.verdict("full", id_)).exists()]
    for line in history.append(found, parsed.reason.strip()):
        print(f"{line['claim']}: {line['verdict']} ({line['value']})")
