"""`icgd check prepare|compare|retrain`: would a rerun agree with what is committed?"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from icgd import paths
from icgd.audit.agreement import QUOTED, Difference, agree, allowed, compare_tables, few, of_measure, repeats
from icgd.audit.programs import ATTESTATIONS
from icgd.claims import history, registry
from icgd.config import Config
from icgd.errors import IcgdError
from icgd.files import read_json, read_table

SHARED = ("claims", "published", "requirements.lock", "config.yaml")
MARK = ".icgd-check"  # in a folder that a check has made and may clear
COMPUTED = ("value", "low", "high")  # numbers of a verdict; the others are quoted from the registry


def prepare(folder: Path, config: Config) -> None:
    """A scratch folder that holds the committed weights and histories, and nothing made from them.

    Raises:
        IcgdError: there are no committed weights, or the folder holds something else.
    """
    given = paths.given("full")
    if not any(path.name == "weights.npz" for path in given):
        raise IcgdError("there are no weights in results/full; `make full` trains them.")
    clear(folder)
    for name in SHARED:
        (folder / name).symlink_to(Path(name).resolve())
    for path in given:
        (folder / path.parent).mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / path)


def clear(folder: Path) -> None:
    """An empty folder with the mark of a check; what an earlier check left in it is removed.

    Raises:
        IcgdError: it holds something that no check has made.
    """
    ours = (folder / MARK).exists() or folder.resolve() == paths.CHECK.resolve()
    if folder.exists() and not ours and any(folder.iterdir()):
        raise IcgdError(f"{folder} is not empty and no check has made it; name a new folder with --folder.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def compare(folder: Path, config: Config) -> int:
    """Everything committed that the rebuild in ``folder`` does not bear out; exit code 1 if there is any."""
    found = differences(folder)
    for one in found:
        print(f"{one.where}: was {one.was}; is {one.now}")
    print(f"check: {len(found)} differences between committed results and their rebuild")
    return 1 if found else 0


def differences(folder: Path) -> list[Difference]:
    """Tables, data of figures, and verdicts that are other ones."""
    kept = {*paths.given("full"), paths.HISTORY, ATTESTATIONS}
    tables = [*(paths.RESULTS / "full").rglob("*.csv"), *(paths.FIGURES / "full").glob("*.csv")]
    found, pairs = [], {}
    for path in sorted(set(tables) - kept):
        if (folder / path).exists():
            pairs[path] = read_table(path), read_table(folder / path)
        else:
            found.append(Difference(str(path), "committed", "not rebuilt by the pipeline"))
    alike = repeats(list(pairs.values()))
    for path, (was, now) in pairs.items():
        found += compare_tables(path, was, now, alike and repeats([(was, now)]))
    was, now = (read_json(at / paths.verdicts("full")) for at in (Path(), folder))
    return found + list(verdicts(was, now, alike))


def verdicts(was: dict, now: dict, alike: bool) -> Iterator[Difference]:
    """Verdicts that moved, claims whose rule changed silently, and verdicts without a history."""
    last = history.last()
    for claim in registry.claims().values():
        if not claim.decided:
            continue
        if claim.id not in was:
            yield Difference(claim.id, "no committed verdict", "has a rule")
            continue
        old, new = was[claim.id], now[claim.id]
        if old["verdict"] != new["verdict"]:
            yield Difference(claim.id, summary(old), summary(new))
        if old["rule_hash"] != claim.rule_hash:
            yield Difference(claim.id, f"rule {old['rule_hash']}", f"rule {claim.rule_hash}")
        if not history.is_said(old, last):
            words, line = history.words(old), last.get(claim.id, {})
            found = " ".join(line.get(key, "") for key in words)
            yield Difference(claim.id, f"newest line of the history: {found}", " ".join(words.values()))
        yield from numbers(claim.id, old, new, alike)


def numbers(claim: str, was: dict, now: dict, alike: bool) -> Iterator[Difference]:
    """What a verdict says and its rebuild does not.

    On another kind of processor a reason may quote numbers that are rounded otherwise, and the most extreme
    of several cases that agree to rounding may be another one.
    """
    old, new = dict(leaves(was)), dict(leaves(now))
    places = [place for place in dict.fromkeys([*old, *new]) if place[0] not in ("inputs", "verdict")]
    pairs = {place: (str(old.get(place, "nothing")), str(new.get(place, "nothing"))) for place in places}
    alike = alike and few(sum(a != b for a, b in pairs.values()), len(pairs))
    for place, pair in pairs.items():
        if place[-1] in ("reason", "unit") and not alike:
            continue
        part = was["parts"][place[1]] if place[0] == "parts" and place[1] < len(was["parts"]) else {}
        evidence = part.get("evidence", {"of": "", "measure": ""})
        loose = of_measure(evidence["of"], evidence["measure"])
        tolerance = allowed(loose, alike, factor=10) if place[-1] in COMPUTED else QUOTED
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
    found = f"{part['value']} [{part['low']}, {part['high']}], published {part['published']}"
    return f"{verdict['verdict']} at {found}"


def retrain(folder: Path, config: Config) -> int:
    """Train one committed seed again and one new seed; exit code 1 if either disagrees with the rest."""
    from icgd.audit import retrain

    problems = [*retrain.committed_seed(config), *retrain.new_seed(config)]
    for problem in problems:
        print(problem)
    print(f"check: {len(problems)} problems with retrained seeds")
    return 1 if problems else 0
