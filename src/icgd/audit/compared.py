"""`icgd decide`: what a verdict is now, beside what it was when all were decided. Standard library only."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from icgd.claims.words import in_words


def told(found: Mapping[str, dict], before: Mapping[str, dict], output: Path) -> Iterator[str]:
    """A line for a claim that was decided alone; else one for each that changed, and their number."""
    alone = output.stem in found
    back = " (delete it to go back)" if alone and output.stem in before else ""
    changed = [id_ for id_, one in found.items() if alone or change(before.get(id_), one)]
    for id_ in changed:
        words = change(before.get(id_), found[id_]) or f"{in_words(found[id_])}, as before"
        yield f"{id_}: {words}" + (f"; {output}{back}" if alone else "")
    if not alone:
        yield f"{len(found)} verdicts, {len(changed)} of them new or changed; {output}"


def change(was: dict | None, now: dict) -> str:
    """The words of a verdict that is new, or another than it was; else nothing."""
    before, word = was and in_words(was), in_words(now)
    if before is None:
        return f"{word}, not decided before"
    return f"{before} before, {word} now" if before != word else ""
