"""Blocks of a page that a command writes, between two marks."""

from icgd.errors import IcgdError


def placed(page: str, begin: str, end: str, block: str, where: object) -> str:
    """The page with what stands between the marks replaced.

    Raises:
        IcgdError: the page, named ``where``, has lost a mark.
    """
    before, first, rest = page.partition(begin)
    _, last, after = rest.partition(end)
    if not (first and last):
        raise IcgdError(f"{where} lacks the line {begin.strip()} or {end.strip()}; put both back.")
    return before + begin + block + end + after
