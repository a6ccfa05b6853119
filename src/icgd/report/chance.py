"""What chance could have done: how many verdicts could be wrong, and which stand all together."""

from collections import Counter

from icgd.claims.multiplicity import LEVEL, decided_parts, together
from icgd.report.markup import count_table
from icgd.report.words import is_finding, text

COLUMNS = ("Source", "Claims", "Supported", "Refuted", "Partly", "Other", "By intervals", "Together")


def chance(verdicts: list[dict], sources: dict[str, dict]) -> str:
    """The section about multiplicity: all claims together, then source by source."""
    claims = [claim for claim in verdicts if not is_finding(claim)]
    tests = decided_parts(claims)
    return f"""<section id="multiplicity" aria-labelledby="multiplicity-title" tabindex="-1">
<h2 id="multiplicity-title">Multiplicity</h2>
<p>{tests} decided verdicts (parts counted one by one) rest on an interval over
seeds, tasks or restarts, at 95 % each. If each interval misses its true value 5 % of the time, up
to about {LEVEL * tests:.2g} of them are wrong by chance.</p>
{_by_source(claims, {name: source.get("title") for name, source in sources.items()})}
</section>"""


def _by_source(claims: list[dict], titles: dict[str, str]) -> str:
    """The headline counts of each source, and which verdicts stand when all of them count together."""
    stands, named = together(claims), []
    for source in dict.fromkeys(str(claim.get("source")) for claim in claims):
        of_source = [claim for claim in claims if str(claim.get("source")) == source]
        words = Counter(str(claim.get("verdict")) for claim in of_source)
        found = [stands[claim["id"]] for claim in of_source if claim["id"] in stands]
        cells = [len(of_source), *(words[word] for word in ("supported", "refuted", "partly"))]
        cells += [len(of_source) - sum(cells[1:]), len(found), sum(found)]
        named.append((f'<span title="{text(titles.get(source))}">{text(source)}</span>', cells))
    fallen = [name for name, kept in stands.items() if not kept]
    links = ", ".join(f'<a href="#{text(name)}">{text(name)}</a>' for name in fallen) or "none"
    return f"""<p>By source. The last two columns are about decided claims that rest on intervals, not on
exact statements; the last one counts those that stand when all such claims of a source may together be
wrong 5 % of the time at most (Holm's correction; a claim needs all its parts, and one of m that refutes it
counts m times).</p>
{count_table("Counts by source", COLUMNS, named)}
<p id="fallen">Decided at 95 %, but not together with the rest of their source: {links}.</p>"""
