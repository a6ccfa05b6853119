"""Would a rerun agree? Committed tables, figures' data and verdicts against ones that were rebuilt."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from icgd import paths
from icgd.agreement import NAMES, QUOTED, agree, of_measure, of_table
from icgd.claims import history, registry
from icgd.errors import IcgdError
from icgd.files import read_json, read_table

SHARED = ("claims", "published", "requirements.lock", "config.yaml")
LABELS = ("measure", "plant", "tasks", "reference", "file", "array")
NOT_REPEATED = 0.1  # largest share of rows that differ at all where a rebuild computes as the committed one
COMPUTED = ("value", "low", "high")  # numbers of a verdict; the others are quoted from the registry
Pair = tuple[Path, list[dict], list[dict]]  # a table: where, as committed, as rebuilt


@dataclass(frozen=True)
class Difference:
    """One number or verdict that did not come out as committed."""

    where: str
    was: str
    now: str


def prepare(folder: Path, scale: str = "full") -> None:
    """A scratch folder that holds the committed weights and histories, and nothing made from them.

    Raises:
        IcgdError: there are no committed weights.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in SHARED:
        (folder / name).symlink_to(Path(name).resolve())
    given = paths.given(scale)
    if not any(path.name == "weights.npz" for path in given):
        raise IcgdError(f"there are no weights in results/{scale}; `make full` trains them.")
    for path in given:
        (folder / path.parent).mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / path)


def differences(folder: Path, scale: str = "full") -> list[Difference]:
    """Everything committed that the rebuild in ``folder`` does not bear out."""
    found, pairs = [], []
    if not paths.sizes(scale).exists():
        found.append(Difference(str(paths.sizes(scale)), "not committed", "made by `python -m icgd sizes`"))
    for path in compared_tables(scale):
        if (folder / path).exists():
            pairs.append((path, read_table(path), read_table(folder / path)))
        else:
            found.append(Difference(str(path), "committed", "not rebuilt by the pipeline"))
    alike = repeats(pairs)
    for path, was, now in pairs:
        found += compare(path, was, now, alike and repeats([(path, was, now)]))
    return found + verdicts(folder, scale, alike)


def compared_tables(scale: str) -> list[Path]:
    """Committed tables that are rebuilt, and the data of the figures."""
    tables = [*(paths.RESULTS / scale).rglob("*.csv"), *(paths.FIGURES / scale).glob("*.csv")]
    given = {*paths.given(scale), paths.HISTORY}
    return sorted(path for path in tables if path not in given)


def repeats(pairs: list[Pair]) -> bool:
    """Did the rebuild come out the same to the last digit, as it does on the same kind of processor?

    Then no rounding excuses a number that is off, however ill-conditioned it is.
    """
    rows = sum(len(was) for _, was, _ in pairs)
    return few(sum(old != new for _, was, now in pairs for old, new in zip(was, now, strict=False)), rows)


def few(differing: int, count: int) -> bool:
    """One, or a small share."""
    return differing <= max(1, NOT_REPEATED * count)


def compare(path: Path, was: list[dict], now: list[dict], alike: bool = False) -> Iterator[Difference]:
    """Differences of two tables, row by row; ``alike``: the rebuild repeats nearly everything exactly."""
    if len(was) != len(now):
        yield Difference(str(path), f"{len(was)} rows", f"{len(now)} rows")
        return
    for index, (old, new) in enumerate(zip(was, now, strict=True), start=2):
        if old == new:
            continue
        tolerance = of_table(path, old.get("measure"), alike)
        for name in old:
            if not agree(old[name], new.get(name, ""), tolerance):
                label = " ".join(old[key] for key in LABELS if old.get(key))
                yield Difference(f"{path} line {index} {name} ({label})", old[name], new.get(name, ""))


def verdicts(folder: Path, scale: str = "full", alike: bool = False) -> list[Difference]:
    """Verdicts that moved, claims whose rule changed silently, and verdicts without a history."""
    found, last = [], history.last()
    for claim in registry.claims().values():
        path = paths.verdict(scale, claim.id)
        if not claim.decided:
            continue
        if not path.exists():
            found.append(Difference(claim.id, "no committed verdict", "has a rule"))
            continue
        old, new = read_json(path), read_json(folder / path)
        if old["verdict"] != new["verdict"]:
            found.append(Difference(claim.id, summary(old), summary(new)))
        if old["rule_hash"] != claim.rule_hash:
            found.append(Difference(claim.id, f"rule {old['rule_hash']}", f"rule {claim.rule_hash}"))
        found += past(claim, old, last.get(claim.id))
        found += numbers(claim.id, old, new, alike)
    return found


def past(claim: registry.Claim, verdict: dict, line: dict[str, str] | None) -> Iterator[Difference]:
    """Is the newest line of the history of this rule, verdict and value?"""
    value = verdict["parts"][0]["value"]
    text = "" if value is None else f"{value:.6g}"
    if line is None or (line["rule_hash"], line["verdict"]) != (claim.rule_hash, verdict["verdict"]):
        yield Difference(claim.id, "history has no line for this rule and verdict", summary(verdict))
    elif line["value"] != text:
        yield Difference(claim.id, f"{line['value']} in the newest line of the history", text)


def numbers(claim: str, was: dict, now: dict, alike: bool) -> Iterator[Difference]:
    """What a verdict says and its rebuild does not; a reason may quote numbers that are rounded otherwise."""
    old, new = dict(leaves(was)), dict(leaves(now))
    places = [place for place in dict.fromkeys([*old, *new]) if place[0] not in ("inputs", "verdict")]
    pairs = {place: (str(old.get(place, "nothing")), str(new.get(place, "nothing"))) for place in places}
    alike = alike and few(sum(a != b for a, b in pairs.values()), len(pairs))
    for place, pair in pairs.items():
        if place[-1] == "reason" and not alike:
            continue
        part = was["parts"][place[1]] if place[0] == "parts" and place[1] < len(was["parts"]) else {}
        loose = part.get("evidence", {}).get("measure") in NAMES
        tolerance = of_measure(loose, alike, factor=10) if place[-1] in COMPUTED else QUOTED
        if not agree(*pair, tolerance):
            yield Difference(f"{claim} {' '.join(map(str, place))} ({part.get('name', '')})", *pair)


def leaves(value: object, place: tuple = ()) -> Iterator[tuple[tuple, object]]:
    """(keys and indices, value) of everything in a JSON object that is no list or object."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*place, key))
    else:
        yield place, value


def summary(verdict: dict) -> str:
    """Verdict, value, interval and published value in one line."""
    part = verdict["parts"][0]
    numbers = f"{part['value']} [{part['low']}, {part['high']}], published {part['published']}"
    return f"{verdict['verdict']} at {numbers}"
