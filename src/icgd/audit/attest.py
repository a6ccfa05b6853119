"""`icgd attest`: would today's code train what is committed?

Programs are compared; where one is another than was attested, a sample of what it trains is trained again.
"""

import datetime
from collections import defaultdict

import jax

from icgd import record
from icgd.audit import programs
from icgd.audit.rerun import Sample, recipe, sample
from icgd.config import Config
from icgd.files import write_json, write_table
from icgd.progress import say
from icgd.training import program

Programs = dict[str, dict[str, str]]  # by experiment


def run(config: Config, write: bool = True) -> int:
    """Compare the programs of everything; exit code 1 if there is something that must be trained anew.

    Without ``write`` nothing is trained and nothing written: another program is a failure.
    """
    before, today = programs.attested(), compiled(config)
    made = defaultdict(list)
    for path, name in programs.trained().items():
        made[name].append(record.of(path)["program"])
    was = {name: ones[0] for name, ones in made.items()} | before.get("programs", {})
    others = [  # what was trained anew since has the program of its records, whatever was attested before
        name
        for name, now in today.items()
        if was.get(name, now) != now and any(one != now for one in made[name])
    ]
    unclean = unvouched() if write else {}
    current = before and programs.outdated(before) is None and not unclean
    if not others and (not write or current):
        print(f"attest: all {len(today)} programs are those that were attested")
        return 0
    if not write:
        print(f"attest: other programs than were attested: {', '.join(others)}; run `make attest`")
        return 1
    samples = {name: sample(name, config) for name in others}
    for name, one in samples.items():
        print(f"attest: {name}: {one.result} ({one.compared}; largest difference {one.difference:.2g})")
    if differ := [name for name, one in samples.items() if one.result == "differs"]:
        print(f"attest: undo the change of training, or train anew: {', '.join(differ)}; nothing was written")
        return 1
    lines = [line(name, one, was[name], today[name]) for name, one in samples.items()]
    for name, count in unclean.items():  # this revision compiles to the program of weights made elsewhere
        one = same(f"of {count} seeds trained with uncommitted changes or at another revision")
        lines.append(line(name, one, today[name], today[name]))
    save(before, today, lines)
    return 0


def unvouched() -> dict[str, int]:
    """How many seeds of each experiment were trained at a revision that is not in the history, unattested."""
    found, ancestors = {}, record.ancestors()
    if ancestors is None or record.revision() not in ancestors:
        print("attest: only a clean revision of the history vouches for weights of another one; commit first")
        return {}
    for path, name in programs.trained().items():
        made = record.of(path)
        if record.is_clean(made["revision"], ancestors) or programs.vouched(made["program"], name, ancestors):
            continue
        found[name] = found.get(name, 0) + 1
    return found


def same(compared: str) -> Sample:
    """That programs are the same, so that nothing was trained again."""
    return Sample("program", compared, True, 0.0)


def compiled(config: Config) -> Programs:
    """Programs of every experiment, and of the recipes that were trained."""
    recipes = sorted({name for name in programs.trained().values() if name.startswith("released ")})
    found, names = {}, [*config.experiments, *recipes]
    for count, name in enumerate(names, start=1):
        say(f"attest: program {count} of {len(names)}, {name}")
        if name in recipes:
            found[name] = program.of_released(recipe(name, config))
        else:
            found[name] = program.programs(config.settings(name, "full"))
    return found


def line(name: str, one: Sample, was: dict | None = None, now: dict | None = None) -> dict[str, str]:
    """The attestation of one experiment, or of several whose programs it does not name."""
    return {
        "experiment": name,
        "evidence": one.evidence,
        "compared": one.compared,
        "result": one.result,
        "largest_difference": f"{one.difference:.3g}",
        "was": programs.word(was),
        "now": programs.word(now),
    }


def save(before: dict, today: Programs, lines: list[dict[str, str]]) -> None:
    """Write programs.json, and add a line for each rerun and one for all programs that needed none."""
    if count := len(today) - sum(one["was"] != one["now"] for one in lines):
        one = same(f"{count} of {len(today)} programs")
        lines = [line("all others" if lines else "all", one), *lines]
    when = {
        "date": datetime.date.today().isoformat(),
        "revision": record.revision(),
        "device": record.device(),
    }
    known = programs.lines() + [{**when, **one} for one in lines]
    write_table(programs.ATTESTATIONS, programs.COLUMNS, known)
    found = {"source": programs.source(), "jax": jax.__version__, "programs": today}
    write_json(programs.PROGRAMS, {**before, **found})
    print(f"attest: wrote {programs.PROGRAMS}; lines added to {programs.ATTESTATIONS}: {len(lines)}")
