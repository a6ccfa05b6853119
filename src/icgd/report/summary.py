"""The head of the page: counts, what chance could have done, what the verdicts mean."""

from collections import Counter

from icgd.report.findings import SAID
from icgd.report.markup import count_table
from icgd.report.multiplicity import LEVEL, decided_parts, p_values, standing
from icgd.report.words import GROUPS, VERDICTS, badge, group, is_finding, text

COLUMNS = ("Source", "Claims", "Supported", "Refuted", "Partly", "Other", "By intervals", "Together")


def counts(verdicts: list[dict]) -> dict[str, Counter]:
    """How many claims have each verdict, apart for each group of verdicts."""
    found = {name: Counter() for name in GROUPS}
    for claim in verdicts:
        found[group(claim.get("verdict"))][str(claim.get("verdict"))] += 1
    return found


def summary(verdicts: list[dict], sources: dict[str, dict]) -> str:
    """The counts by verdict, by source, and the line about chance."""
    claims = [claim for claim in verdicts if not is_finding(claim)]
    boxes = [
        _box(f"{name.capitalize()}: {sum(found.values())}", found) for name, found in counts(claims).items()
    ]
    found = Counter(str(claim.get("verdict")) for claim in verdicts if is_finding(claim))
    if found:
        boxes.append(_box(f"Findings: {sum(found.values())}", found, SAID))
    tests = decided_parts(claims)
    return f"""<section id="counts" aria-labelledby="counts-title" tabindex="-1">
<h2 id="counts-title">Counts</h2>
<div class="counts">{"".join(boxes)}</div>
<p id="multiplicity">{tests} decided verdicts (parts counted one by one) rest on an interval over
seeds, tasks or restarts, at 95 % each. If each interval misses its true value 5 % of the time, up
to about {LEVEL * tests:.2g} of them are wrong by chance.</p>
{_by_source(claims, {name: source.get("title") for name, source in sources.items()})}
</section>"""


def _box(title: str, found: Counter, said: dict[str, str] | None = None) -> str:
    """One group of verdicts with its counts."""
    listed = "".join(
        f'<li data-count="{text(word)}">{badge(word, (said or {}).get(word))} <b>{found[word]}</b></li>'
        for word in [*VERDICTS, *sorted(set(found) - set(VERDICTS))]
        if found[word]
    )
    return f"<div><h3>{title}</h3><ul>{listed or '<li>none</li>'}</ul></div>"


def _by_source(claims: list[dict], titles: dict[str, str]) -> str:
    """The headline counts of each source, and which verdicts stand when all of them count together."""
    kept, named = standing(claims), []
    for source in dict.fromkeys(str(claim.get("source")) for claim in claims):
        of_source = [claim for claim in claims if str(claim.get("source")) == source]
        words = Counter(str(claim.get("verdict")) for claim in of_source)
        found = [claim["id"] for claim in of_source if _by_interval(claim)]
        cells = [len(of_source), *(words[word] for word in ("supported", "refuted", "partly"))]
        cells += [len(of_source) - sum(cells[1:]), len(found), len(kept & set(found))]
        named.append((f'<span title="{text(titles.get(source))}">{text(source)}</span>', cells))
    fallen = [claim["id"] for claim in claims if _by_interval(claim) and claim["id"] not in kept]
    links = ", ".join(f'<a href="#{text(name)}">{text(name)}</a>' for name in fallen) or "none"
    return f"""<p>By source. The last two columns are about decided claims that rest on intervals, not on
exact statements; the last one counts those that stand when all such claims of a source may together be
wrong 5 % of the time at most (Holm's correction; a claim needs all its parts).</p>
{count_table("Counts by source", COLUMNS, named)}
<p id="fallen">Decided at 95 %, but not together with the rest of their source: {links}.</p>"""


def _by_interval(claim: dict) -> bool:
    """Is it decided, and by intervals over units?"""
    return group(claim.get("verdict")) == "decided" and bool(p_values([claim]))


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
or support; a rule that fails on them has no power.</p>
<dl class="legend">{words}</dl>
</section>"""
