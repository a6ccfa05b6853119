"""Pieces of HTML that several views share; what they are given is escaped already."""

from collections.abc import Iterable, Sequence


def grid(label: str, heads: Sequence[str], rows: Iterable[Iterable[str]], caption: str = "") -> str:
    """A table in a group that scrolls, named ``label``."""
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    above = f"<caption>{caption}</caption>" if caption else ""
    return _scrolling(label, f"<table>{above}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def count_table(label: str, heads: Sequence[str], rows: Iterable[tuple[str, Iterable[int]]]) -> str:
    """A table of numbers: each row a name and its counts."""
    first, *others = heads
    numbers = "".join(f'<th scope="col" class="number">{name}</th>' for name in others)
    body = "".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(f'<td class="number">{cell}</td>' for cell in cells)
        + "</tr>"
        for name, cells in rows
    )
    head = f'<th scope="col">{first}</th>{numbers}'
    return _scrolling(
        label, f'<table class="sources"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Terms, each with its words."""
    listed = "".join(f"<div><dt>{term}</dt><dd>{words}</dd></div>" for term, words in rows)
    return f'<dl class="numbers">{listed}</dl>'


def _scrolling(label: str, table: str) -> str:
    """A group that scrolls by itself where the page is narrow, also with the keyboard."""
    return f'<div class="scroll" role="group" aria-label="{label}" tabindex="0">{table}</div>'
