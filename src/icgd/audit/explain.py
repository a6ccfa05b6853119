"""`icgd audit CLAIM ...`: what is claimed, the verdict, the numbers, the rule, its controls, the figure.

Standard library only: it answers in a fresh clone, from committed results, without any package.
"""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from icgd import paths, record
from icgd.audit import stale
from icgd.claims import history
from icgd.claims.words import (
    LABELS,
    bound_of,
    counted,
    distance,
    extreme,
    has_units,
    in_short,
    in_words,
    inside,
    number,
    of_measure,
    origin,
    plural,
    rests_on,
    rule,
    together,
    unit,
    written,
)
from icgd.errors import IcgdError, nearest
from icgd.files import read_json

WIDTH = 110
UNITS, FILES, PASSAGES = 20, 4, 4  # values, files and passages that are printed; the files have all
ENTRY = re.compile(r"^- id: (\S+)$(.*?)(?=^- |^#|\Z)", re.M | re.S)
FIGURES = re.compile(r"^  figures: \[(.*)\]$", re.M)
SENTENCE = re.compile(r'^  passage: {section: "(.*?)", first: "(.*?)", last: "(.*?)"', re.M)
PASSAGE = re.compile(r"^  - from: (\d+)\n    to: (\d+)$(.*?)(?=^  - |\Z)", re.M | re.S)


class Entry(NamedTuple):
    """A claim as the registry has it: its text, and where that stands."""

    text: str
    place: str

    @property
    def figures(self) -> list[str]:
        """The figures that it names."""
        return [name for listed in FIGURES.findall(self.text) for name in listed.split(", ")]

    @property
    def link(self) -> str:
        """Its place as a git host opens it."""
        return self.place.replace(":", "#L")


def show(asked: Iterable[str], scale: str, as_json: bool = False) -> None:
    """Print the explanations of committed or rebuilt verdicts; of a figure its claims.

    Raises:
        IcgdError: no such claim or figure, or no verdict on it yet.
    """
    known, found = entries(), {}
    for word in (written(one, known) for one in asked):
        if word in known:
            found[word] = verdict(word, scale)
            if found[word] is None and not waits(known[word]):
                at, built = f"results/{scale} has no verdict on {word}", "quick" if scale == "full" else scale
                raise IcgdError(f"{at}; `make audit CLAIM={word} SCALE={built}` builds it.")
        elif of_figure := drawn(word, scale):
            found |= {} if not as_json else {one["id"]: one for one in of_figure}
            printed([] if as_json else [f"{one['id']}  {in_words(one)}  {one['says']}" for one in of_figure])
        else:
            raise unknown(word, known, scale)
    if as_json:
        print(json.dumps(found, indent=2, sort_keys=True))
        return
    for at, (id_, one) in enumerate(found.items()):
        printed([*[""] * min(at, 1), *(lines(one, known[id_]) if one else waiting(id_, known[id_]))])


def unknown(word: str, known: Mapping[str, Entry], scale: str) -> IcgdError:
    """That there is no such claim or figure, with the nearest; or that no verdict rests on the figure."""
    naming = {figure: [] for figure in paths.drawn()}
    for id_, entry in known.items():
        for figure in entry.figures:
            naming.setdefault(figure, []).append(id_)
    if word in naming:
        ids = ", ".join(naming[word]) or "no claim"
        return IcgdError(f"no verdict of results/{scale} rests on figure {word!r}, named by {ids}.")
    listed = "`python -m icgd claims` lists all"
    return IcgdError(f"there is no claim or figure {word!r} ({listed}); {nearest(word, [*known, *naming])}")


def targets(asked: Iterable[str], scale: str) -> Iterator[Path]:
    """What a run has to make of claims and figures; nothing of a claim that waits.

    Raises:
        IcgdError: no such claim.
    """
    known = entries()
    for word in (written(one, known) for one in asked):
        if paths.figure("full", word, "json").exists():
            yield paths.figure(scale, word)
        elif word not in known:
            raise unknown(word, known, scale)
        elif not waits(known[word]):
            yield paths.verdict(scale, word)


def printed(told: Iterable[str]) -> None:
    """Lines, wrapped; those that a bar begins are rows of a table."""
    for line in told:
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        kept = line.lstrip().startswith("|")
        print(line if kept else textwrap.fill(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False))


def entries() -> dict[str, Entry]:
    """Every claim's entry in the registry."""
    files = [path for path in sorted(paths.CLAIMS.glob("*.yaml")) if path != paths.MARK]
    return {
        one[1]: Entry(one[2], f"{path}:{text.count(chr(10), 0, one.start()) + 1}")
        for path in files
        for text in [path.read_text("utf-8")]
        for one in ENTRY.finditer(text)
    }


def waits(entry: Entry) -> str:
    """What a claim is that has no rule, or none yet: "pending" or "not testable"; else nothing."""
    kind = re.search(r"^  kind: (pending|not-testable)$", entry.text, re.M)
    return kind[1].replace("-", " ") if kind else ""


def drawn(figure: str, scale: str) -> list[dict]:
    """The verdicts that rest on a figure, "fig2"."""
    decided = read_json(paths.verdicts(scale)) if paths.verdicts(scale).exists() else {}
    return [one for one in decided.values() if figure in one["figures"]]


def passages(claim: str) -> list[str]:
    """Where the sources say it: document, characters, in our words."""
    found = []
    for path in sorted((paths.CLAIMS / "coverage").glob("*.yaml")):
        for start, end, entry in PASSAGE.findall(path.read_text("utf-8")):
            if claim in re.findall(r"[a-z]+\d*-f?\d+", entry.rpartition("claims:")[2]):
                says = " ".join(re.search(r"says: (?:>-)?(.*?)(?=\n    \w+:)", entry, re.S)[1].split())
                found.append(f"stated in: {path.stem}, characters {start} to {end}: {says.strip(chr(34))}")
    more = len(found) - PASSAGES
    return found[:PASSAGES] + ([f"  and in {more} more, claims/coverage"] if more > 0 else [])


def sentence(entry: Entry) -> list[str]:
    """Where a paper says it: the section, and how the sentence begins and ends."""
    return [f'stated in: {where}, "{first} … {last}"' for where, first, last in SENTENCE.findall(entry.text)]


def verdict(claim: str, scale: str) -> dict | None:
    """The newest verdict on a claim: decided with all others, or alone and since."""
    alone, everything = paths.verdict(scale, claim), paths.verdicts(scale)
    newest = max((path for path in (everything, alone) if path.exists()), key=_written, default=None)
    if newest is None or newest == alone:
        return read_json(alone) if newest else None
    return read_json(everything).get(claim)


def _written(path: Path) -> float:
    return path.stat().st_mtime


def alone(found: dict) -> str:
    """Where a verdict is that was decided alone since, and what it is with all others; else nothing."""
    everything = paths.verdicts(found["scale"])
    other = read_json(everything).get(found["id"], found) if everything.exists() else found
    if other == found:
        return ""
    own = f"decided alone since, {paths.verdict(found['scale'], found['id'])} (delete it to go back)"
    return f"{own}; in {everything}: {in_words(other)}"


def waiting(claim: str, entry: Entry) -> list[str]:
    """A claim that has no rule, or none yet, as the registry has it."""
    told = [f"{claim}  {entry.place}", f"VERDICT: {waits(entry).upper()}, as the registry says:"]
    return [*told, *entry.text.strip("\n").rstrip().split("\n"), *passages(claim), *sentence(entry)]


def lines(found: dict, entry: Entry) -> list[str]:
    """The explanation, line by line."""
    scale, name, changed = found["scale"], found["id"], stale.reasons(found)
    out = [f"{name}  [{found['kind']}]  {found['where']}", f"  {found['says']}", ""]
    word, _, count = in_words(found).partition(":")
    out.append(f"VERDICT ({scale} scale): {word.upper()}" + (count and f":{count}"))
    out += [f"  {words}"] if (words := alone(found)) else []
    out += [f"STALE: {changed[0]}"] if changed else []
    out += [f"  {key}: {found[key]}" for key in ("reason", "note", "reduced", "test") if found.get(key)]
    out += [f"  with the others: {words}"] if (words := together(found)) else []
    out += [f"  rests on: {words}"] if (words := rests_on(found)) else []
    out += table(found["parts"])
    for part in found["parts"]:
        out += part_of(part)
    out += [
        "",
        *passages(name),
        *sentence(entry),
        f"rule: {entry.place}",
        *(f"figure: figures/{scale}/{figure}.png" for figure in found["figures"]),
    ]
    out += made(found["inputs"])
    out += [f"stale: {why}" for why in changed] or ["nothing it rests on has changed since"]
    out += [
        f"history: {row['date']}  {row['verdict']}  (rule {row['rule_hash']})  {row['reason']}"
        for row in history.lines()
        if row["claim"] == name
    ]
    out.append(f"decide again: python -m icgd decide {name} --scale {scale}")
    out.append(
        f"rebuild: make audit CLAIM={name} SCALE=quick (short runs); make check (all committed weights)"
    )
    return [*out, f"page: site/{scale}/claims/{name}.html (made by `make site`)"]


def table(parts: list[dict]) -> list[str]:
    """All parts at a glance, where there are several."""
    if len(parts) < 2:
        return []
    rows = [["part", "value", "supported", "verdict"]]
    for one in parts:
        rows.append([one["name"], value(one, one, False), bound_of(one, "supported"), one["verdict"]])
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    told = ["  | " + " | ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return ["", told[0], "  |" + "|".join("-" * (width + 2) for width in widths), *told[1:]]


def part_of(part: dict) -> list[str]:
    """One rule with its numbers."""
    out = ["", f"part: {part['name'] or 'the claim'}  ->  {part['verdict']}"]
    out += [f"  {part['says']}"] if part["says"] else []
    asked = ", ".join(f"{key} {part['evidence'][key]}" for key in LABELS if part["evidence"].get(key))
    out += [
        f"  rule: {rule(part)}",
        *([f"  why this bound: {origin(part)}"] if origin(part) else []),
        *([f"  measure: {of_measure(part['evidence'])}"] if of_measure(part["evidence"]) else []),
        f"  measured: {value(part, part)}{extreme(part)}",
        *([f"  nearest bound: {distance(part)}"] if distance(part) else []),
        f"  evidence: {asked}",
    ]
    if part["published"] is not None:
        own = part["published_verdict"]
        also = f"; the paper's own seeds would be {own}" if own else ""
        out.append(f"  published: {number(part['published'])}{also}")
        out.append(f"  published inside our interval: {inside(part)}")
    if part["released"] is not None:
        out.append(f"  released code: {number(part['released'])} ({part['released_from']})")
    if len(units := part["units"]) > 1:
        of_each = unit(part, of_each=True)
        shown = ", ".join(f"{one['unit']} {number(one['value'])} {of_each}".rstrip() for one in units[:UNITS])
        more = f", and {len(units) - UNITS} more" if len(units) > UNITS else ""
        out.append(f"  each {part['per'] if has_units(part) else 'row'}: {shown}{more}")
    out += [f"  left out: {entry['unit']}, {entry['why']}" for entry in part["excluded"]]
    return out + [control_of(control, part) for control in part["controls"]]


def control_of(control: dict, part: dict) -> str:
    """A planted case and what became of it."""
    size = f" ({control['size']})" if control["size"] else ""
    came_out = f"came out {control['verdict']} at {value(control, part)}"
    mark = "as it must" if control["ok"] else "WRONG"
    return f"  control {in_short(control)}{size}: must {control['must']}, {came_out}: {mark}"


def value(item: dict, part: dict, units: bool = True) -> str:
    """A value, with its interval and, if asked for, the number of units where it has one; or a count."""
    if hits := counted(item, part):
        return f"{hits} {plural(part['per'])}"
    if not has_units(part):
        return f"{number(item['value'])} {unit(part)}".rstrip()
    if item["value"] is None:
        return "no value"
    found, low, high = (number(item[key]) for key in ("value", "low", "high"))
    per = plural(part["per"]) if item["n"] != 1 else part["per"]
    found = f"{found} {unit(part)}".rstrip()
    return f"{found} [{low}, {high}]" + (f", {item['n']} {per}" if units else "")


def made(inputs: list[dict]) -> list[str]:
    """The tables that it was decided on, and how each was made."""
    out = []
    for entry in inputs[:FILES]:
        out.append(f"evidence: {entry['path']}  sha256 {entry['sha256'][:12]}")
        if found := record.of(entry["path"]):
            out.append(f"  made by: {' '.join(found['command'])} at revision {found['revision']}")
            out += weights(found["inputs"])
    return out + ([f"  and {len(inputs) - FILES} more, listed in the verdict"] if len(inputs) > FILES else [])


def weights(inputs: Iterable[str]) -> list[str]:
    """The networks that a table was measured on, an experiment a line."""
    seeds: dict[str, list[str]] = {}
    for path in inputs:
        if (found := re.fullmatch(r"(.*/seed-)(\d+)(/weights\.npz|\.npz)", path)) is not None:
            seeds.setdefault(f"{found[1]}*{found[3]}", []).append(found[2])
    return [f"  weights: {files} ({len(held)} seeds)" for files, held in seeds.items()]
