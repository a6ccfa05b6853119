"""The head of the page: counts, and what the verdicts mean."""

from collections import Counter
from urllib.parse import urlencode

from icgd.claims.multiplicity import together
from icgd.report.words import GROUPS, VERDICTS, badge, group, is_finding, text


def counts(verdicts: list[dict]) -> dict[str, Counter]:
    """How many claims have each verdict, apart for each group of verdicts."""
    found = {name: Counter() for name in GROUPS}
    for claim in verdicts:
        found[group(claim.get("verdict"))][str(claim.get("verdict"))] += 1
    return found


def summary(verdicts: list[dict]) -> str:
    """The counts by verdict; each leads to its claims."""
    claims = [claim for claim in verdicts if not is_finding(claim)]
    boxes = [
        _box(f"{name.capitalize()}: {sum(found.values())}", found) for name, found in counts(claims).items()
    ]
    found = Counter(str(claim.get("verdict")) for claim in verdicts if is_finding(claim))
    if found:
        boxes.append(_box(f"Findings: {sum(found.values())}", found, findings=True))
    stands = together(claims).values()
    return f"""<section id="counts" aria-labelledby="counts-title" tabindex="-1">
<h2 id="counts-title">Counts</h2>
<div class="counts">{"".join(boxes)}</div>
<p>{len(stands)} of the decided claims rest on intervals; {sum(stands)} of these
<a href="#multiplicity">stand together</a> with the rest of their source.</p>
</section>"""


def _box(title: str, found: Counter, findings: bool = False) -> str:
    """One group of verdicts with its counts; each leads to the table of these, or to the findings."""
    listed = "".join(
        f'<li data-count="{text(word)}"><a href="{_place(word, findings)}">{badge(word)}</a> '
        f"<b>{found[word]}</b></li>"
        for word in [*VERDICTS, *sorted(set(found) - set(VERDICTS))]
        if found[word]
    )
    return f"<div><h3>{title}</h3><ul>{listed or '<li>none</li>'}</ul></div>"


def _place(word: str, findings: bool) -> str:
    """Where a count leads; the script reads the query and filters the table by it."""
    return "#findings" if findings else text(f"?{urlencode({'verdict': word})}#claims")


def legend() -> str:
    """What the verdict words mean."""
    words = "".join(
        f"<div><dt>{badge(word)}</dt><dd>{meaning}</dd></div>"
        for word, (_, _, _, meaning) in VERDICTS.items()
    )
    return f"""<section aria-labelledby="legend-title">
<h2 id="legend-title">What the verdicts mean</h2>
<p>Each claim has a decision rule, fixed before the run (the exceptions are in docs/decisions.md): a supported
region for a measured value, and a refuted one (everything else, unless stated). A 95 % interval over
independent units, mostly training seeds, decides. Each rule is also applied to controls that it must refute
or support; a rule that fails on them has no power. Where a bound comes from is said with its rule: set by the
inventory, the notes on the sources from before any run; by us; or after some of the data had been seen.</p>
<dl class="legend">{words}</dl>
</section>"""
