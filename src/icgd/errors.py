"""The one exception that reaches a person: a sentence that says what, where, and what would be right."""

import difflib
from collections.abc import Iterable

SHOWN = 10  # names that a sentence lists


class IcgdError(Exception):
    """Bad input or a failed run, told in one sentence; the command line prints it and exits with 2."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Hint for a misspelt name: the closest known ones, or some of them when none is close."""
    known = sorted(str(name) for name in known)
    close = difflib.get_close_matches(str(word).replace("++", "_plus_plus"), known, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f"known are {', '.join(known[:SHOWN])}{more}." if known else "none is known."
