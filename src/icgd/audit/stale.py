"""What of a verdict is stale, and why: an input, the rule or a program that is another one today.

Standard library only, except that rule and settings are compared where PyYAML and pydantic are at hand.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from icgd import record
from icgd.audit import programs

SHOWN = 5  # reasons that are told


def reasons(found: dict) -> list[str]:
    """Why a verdict, or what it was decided on, would come out anew; empty where nothing changed."""
    here = record.lineage(entry["path"] for entry in found["inputs"])
    told = list(
        dict.fromkeys([*_inputs(found, here), *_rule(found), *_settings(found, here), *_chain(found, here)])
    )
    return told[:SHOWN] + ([f"and {len(told) - SHOWN} more reasons"] if len(told) > SHOWN else [])


def _inputs(found: dict, here: dict[str, record.Artefact]) -> Iterator[str]:
    """Tables that are not those that the verdict was decided on."""
    for entry in found["inputs"]:
        now = here.get(entry["path"])
        if now is None:
            yield f"{entry['path']} is missing"
        elif now.sha256 != entry["sha256"]:
            yield f"{entry['path']} is another file than it was decided on"


def _rule(found: dict) -> Iterator[str]:
    """A rule that was changed since."""
    try:
        from icgd.claims import registry
    except ModuleNotFoundError:
        return
    claim = registry.claims().get(found["id"])
    if claim and found["rule_hash"] != claim.rule_hash:
        yield f"its rule is {claim.rule_hash} now and was {found['rule_hash']}"


def _settings(found: dict, here: dict[str, record.Artefact]) -> Iterator[str]:
    """Files behind the tables that were made with other settings than today's, if these can be read."""
    same = same_settings()
    for path, artefact in here.items() if same else ():
        if artefact.record and not same(artefact.record, artefact.path, found["scale"]):
            yield f"{path} was made with other settings than today's"


def same_settings() -> Callable[[dict, Path, str], bool] | None:
    """What compares the settings of a record with today's; None without PyYAML and pydantic."""
    try:
        from icgd.audit.today import same
    except ModuleNotFoundError:
        return None
    return same


def _chain(found: dict, here: dict[str, record.Artefact]) -> Iterator[str]:
    """Files behind the tables that were made from other ones, or by a program that is another today."""
    attested = programs.attested() if found["scale"] == "full" else {}
    for path, artefact in here.items():
        made = artefact.record or {}
        for name, digest in made.get("inputs", {}).items():
            if name in here and here[name].sha256 != digest:
                yield f"{path} was made from another {name}"
        if made.get("step") in programs.TRAINING and attested:
            name = programs.name_of(artefact.path)
            if not programs.counts(made.get("program"), name, attested):
                yield f"{name} was trained by another program than today's"
