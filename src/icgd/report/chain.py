"""The chain behind a verdict: its rules, back to what nobody made, with time, versions and commands."""

from collections.abc import Iterable

from icgd.record import Artefact
from icgd.report.artefacts import SEED, place
from icgd.report.words import text

Jobs = dict[tuple[str, ...], dict]  # command -> record; a job that wrote several files counts once


def chain(claim: dict, found: dict[str, Artefact]) -> list[tuple[str, str]]:
    """Terms and words: the rules in order, what was trained, time and versions of it all, the commands."""
    levels = _levels([str(given.get("path")) for given in claim.get("inputs") or []], found)
    records = [record for level in levels for record in level.values()]
    rows = []
    if records:
        steps = [_steps(level.values()) for level in levels]
        rows.append(("Chain of rules", " ← ".join(["<code>decide</code>", *steps])))
    if trained := _trained(records, found):
        rows.append(("Trained for it", trained))
    if records:
        rows.append(("Time behind it", _time(records)))
        rows.append(("Versions", _versions(records)))
        rows.append(("Reduced", text(claim.get("reduced")) or "nothing against the source's settings"))
    return [*rows, *_commands(claim)]


def _levels(paths: list[str], found: dict[str, Artefact]) -> list[Jobs]:
    """The jobs, those nearest to the verdict first; each stands where it is reached first."""
    levels, seen = [], set()
    while paths:
        records = [found[path].record for path in paths if path in found and found[path].record]
        level = {tuple(map(str, record["command"])): record for record in records}
        level = {command: record for command, record in level.items() if command not in seen}
        seen |= set(level)
        if level:
            levels.append(level)
        paths = [path for record in level.values() for path in record.get("inputs", {})]
    return levels


def _steps(records: Iterable[dict]) -> str:
    """The rules of one level, each with its number of jobs."""
    counts: dict[str, int] = {}
    for record in records:
        step = str(record.get("step") or (list(record["command"]) + ["?"] * 4)[3])
        counts[step] = counts.get(step, 0) + 1
    return ", ".join(
        f"<code>{text(step)}</code>" + (f" ({count} jobs)" if count > 1 else "")
        for step, count in sorted(counts.items())
    )


def _trained(records: list[dict], found: dict[str, Artefact]) -> str:
    """Links to the experiments whose seeds were trained for it."""
    names: dict[str, str] = {}
    for record in records:
        for path in record.get("inputs", {}):
            if match := SEED.match(path):
                names.setdefault(match[1], path)
    return ", ".join(place(path, found) for path in names.values())


def _time(records: list[dict]) -> str:
    """Time of all jobs together."""
    cpu, wall = (sum(float(record.get(key) or 0) for record in records) for key in ("cpu_s", "wall_s"))
    return f"{cpu:.0f} s CPU and {wall:.0f} s wall in {len(records)} {'job' if len(records) == 1 else 'jobs'}"


def _versions(records: list[dict]) -> str:
    """The versions of what computed; several where jobs differ."""
    known: dict[str, list[str]] = {}
    for record in records:
        for name, number in record.get("versions", {}).items():
            known.setdefault(name, [])
            known[name] += [number] * (number not in known[name])
    return text(", ".join(f"{name} {' and '.join(numbers)}" for name, numbers in known.items()))


def _commands(claim: dict) -> list[tuple[str, str]]:
    """How to decide it again, from the tables and from nothing."""
    if not claim.get("rebuild"):
        return []
    name, scale = text(claim.get("id")), text(claim.get("scale"))
    again = f"<code>python -m icgd decide {name} --scale {scale}</code> decides it again from its tables"
    small = f"<code>make audit CLAIM={name} SCALE=quick</code> rebuilds it in a short form"
    every = "<code>make check</code> rebuilds all of it from the weights"
    return [("Rebuild it", "; ".join([again, small, every] if scale == "full" else [again, small]) + ".")]
