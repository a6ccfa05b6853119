"""`icgd claims`: claims by verdict or by words, a few lines each. Standard library only."""

import re
import textwrap

from icgd import paths
from icgd.audit import explain
from icgd.errors import IcgdError, nearest
from icgd.files import read_json

SAYS = re.compile(r"^  says: (?:>-\n)?(.*(?:\n    .*)*)", re.M)


def listed(scale: str, verdict: str | None = None, words: str = "") -> list[tuple[str, str, str]]:
    """(id, verdict, what is claimed) of every claim with a verdict and certain words in its entry.

    Raises:
        IcgdError: no claim has such a verdict.
    """
    decided, found = read_json(paths.verdicts(scale)), []
    for id_, entry in explain.entries().items():
        word = explain.waits(entry) or "pending"
        one = decided.get(id_) or {"verdict": word, "says": SAYS.search(entry.text)[1]}
        text = f"{entry.text} {one.get('note') or ''}"
        found.append((id_, one["verdict"], *(" ".join(each.split()) for each in (one["says"], text))))
    known = {word for _, word, *_ in found}
    if verdict is not None and verdict.lower() not in known:
        raise IcgdError(f"no claim has the verdict {verdict!r}; {nearest(verdict, known)}")
    return [
        (id_, word, says)
        for id_, word, says, text in found
        if (verdict is None or word == verdict.lower()) and words.lower() in text.lower()
    ]


def show(scale: str, verdict: str | None, words: str) -> None:
    """Print them, and how to see one."""
    found = listed(scale, verdict, words)
    for id_, word, says in found:
        print(textwrap.fill(f"{id_:9} {word:12} {says}", explain.WIDTH, subsequent_indent=" " * 23))
    counted, first = f"{len(found)} claim{'s' * (len(found) != 1)}", found[0][0] if found else "vo22-17"
    print(f"{counted}; `icgd audit {first}` explains one.")
