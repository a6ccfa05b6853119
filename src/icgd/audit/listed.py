"""`icgd claims`: claims by verdict or by words, a few lines each. Standard library only."""

import re
import textwrap

from icgd import paths
from icgd.audit import explain
from icgd.errors import IcgdError, nearest
from icgd.files import read_json

KIND = re.compile(r"^  kind: (\S+)$", re.M)
SAYS = re.compile(r"^  says: (?:>-\n)?(.*(?:\n    .*)*)", re.M)
WAITING = {"pending": "pending", "not-testable": "not testable"}


def listed(scale: str, verdict: str | None = None, words: str = "") -> list[tuple[str, str, str]]:
    """(id, verdict, what is claimed) of every claim with a verdict and certain words in its entry.

    Raises:
        IcgdError: no claim has such a verdict.
    """
    decided, found = read_json(paths.verdicts(scale)), []
    for id_, (entry, _) in explain.entries().items():
        if id_ in decided:
            word, says = decided[id_]["verdict"], decided[id_]["says"]
        else:
            kind = KIND.search(entry)
            word = WAITING.get(kind[1] if kind else "", "pending")
            says = " ".join(SAYS.search(entry)[1].split())
        found.append((id_, word, says, " ".join(f"{entry} {decided.get(id_, {}).get('note')}".split())))
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
