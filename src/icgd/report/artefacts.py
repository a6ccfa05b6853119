"""How the tables behind the verdicts were made: command, code, settings, versions, time, inputs."""

import json
import re
from pathlib import Path

from icgd.record import Artefact
from icgd.report.markup import grid, pairs
from icgd.report.words import text

SEED = re.compile(r"(.*)/seed-(\d+)[./]")  # weights and histories of one seed stand in one row
SHORT = 12  # digits of a hash in a table


def artefacts(found: dict[str, Artefact]) -> str:
    """The section with every table, and the trained seeds of each experiment."""
    tables = [artefact for path, artefact in found.items() if not SEED.match(path)]
    trained: dict[str, list[Artefact]] = {}
    for path, artefact in found.items():
        if match := SEED.match(path):
            trained.setdefault(match[1], []).append(artefact)
    shown = [_table(artefact, found) for artefact in tables]
    shown += [_seeds(folder, files) for folder, files in trained.items()]
    return f"""<section id="artefacts" aria-labelledby="artefacts-title" tabindex="-1">
<h2 id="artefacts-title">Artefacts</h2>
<p>Every file that a verdict rests on, as its record tells: {len(tables)} tables and published files, and
the weights and histories of {len(trained)} experiments. Each was made by the command shown, at the code and
revision shown; <code>make verify</code> compares all of them with these hashes.</p>
{chr(10).join(shown)}
</section>"""


def place(path: Path | str, found: dict[str, Artefact]) -> str:
    """A path as a link to where the page says how it was made."""
    match = SEED.match(str(path))
    name = match[1] if match else str(path)
    code = f"<code>{text(name)}</code>" + (", all seeds" if match else "")
    return f'<a href="#{_id(name)}">{code}</a>' if str(path) in found else code


def _id(path: str) -> str:
    return "made-" + re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")


def _table(artefact: Artefact, found: dict[str, Artefact]) -> str:
    """One table: its hash, how it was made, and from what."""
    record, name = artefact.record, str(artefact.path)
    rows = [("sha256", f'<code class="hash">{artefact.sha256}</code>')]
    if record:
        rows += [*_made(record), ("From", _inputs(record, found))]
    else:
        rows.append(("Made by", "nobody: it is part of the repository"))
    return _closed(name, f"<code>{text(name)}</code>", pairs(rows))


def _seeds(folder: str, files: list[Artefact]) -> str:
    """The trained seeds of one experiment: settings once, hashes and time of each."""
    records = [artefact.record for artefact in files if artefact.record]
    heads = ("File", "sha256", "Revision", "CPU s", "Wall s")
    table = grid(f"Seeds of {text(folder)}", heads, map(_seed, files))
    first = pairs(_made(records[0])[:-1]) if records else ""
    count = len({SEED.match(str(artefact.path))[2] for artefact in files})
    title = f"<code>{text(folder)}</code>, {count} trained {'seed' if count == 1 else 'seeds'}"
    return _closed(folder, title, f"<p>Of the first seed:</p>{first}{table}")


def _seed(artefact: Artefact) -> tuple[str, ...]:
    """The cells of one file of a seed."""
    record = artefact.record or {}
    return (
        f"<code>{text(artefact.path.relative_to(SEED.match(str(artefact.path))[1]))}</code>",
        f'<code class="hash">{artefact.sha256[:SHORT]}</code>',
        text(record.get("revision")),
        text(record.get("cpu_s")),
        text(record.get("wall_s")),
    )


def _made(record: dict) -> list[tuple[str, str]]:
    """Command, code, settings, versions and time, the last one last."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    settings, command = json.dumps(record["settings"], sort_keys=True), " ".join(record["command"])
    return [
        ("Made by", f"<code>{text(command)}</code>"),
        ("Code", _code(record)),
        ("Settings", f'<code class="settings">{text(settings)}</code>'),
        ("Versions", text(f"{versions}; {record['device']}")),
        ("Time", text(f"{record['cpu_s']} s CPU, {record['wall_s']} s wall")),
    ]


def _code(record: dict) -> str:
    """What made it: the hash of its code or, of training, of its compiled program, and the revision."""
    kind = "program" if record.get("program") else "code"
    return f"{kind} <code>{text(record.get(kind))}</code> at revision <code>{text(record['revision'])}</code>"


def _inputs(record: dict, found: dict[str, Artefact]) -> str:
    """Links to what it was made from, an experiment's seeds as one."""
    names: dict[str, str] = {}
    for path in record.get("inputs", {}):
        match = SEED.match(path)
        names.setdefault(match[1] if match else path, path)
    if not names:
        return "nothing: tasks are drawn from the seed"
    return ", ".join(place(path, found) for path in names.values())


def _closed(path: str, title: str, inner: str) -> str:
    return f'<details id="{_id(path)}"><summary>{title}</summary>{inner}</details>'
