"""The audit page: one HTML file with every claim, its verdict and how it was decided."""

from collections import Counter
from pathlib import Path

from icgd.report.claim import section
from icgd.report.words import GROUPS, VERDICTS, badge, finite, group, number, statistical, text

HERE = Path(__file__).parent
COLUMNS = ("Claim", "Verdict", "What is claimed", "Value", "Published", "Kind", "Source")
NUMBERS = ("Value", "Published")


def render(verdicts: list[dict], sources: list[dict], scale: str, figures_url: str) -> str:
    """The whole page as one self-contained HTML document."""
    by_id = {source["id"]: source for source in sources}
    sections = "\n".join(
        section(claim, by_id.get(claim.get("source"), {}), figures_url) for claim in verdicts
    )
    main = f"""{_summary(verdicts)}
{_legend()}
<section id="claims" aria-labelledby="claims-title" tabindex="-1">
<h2 id="claims-title">All claims</h2>
{_filters(verdicts, by_id)}
{_table(verdicts, by_id)}
</section>
<section aria-labelledby="each-title">
<h2 id="each-title">Claim by claim</h2>
{sections}
</section>"""
    footer = f"{len(verdicts)} claims from {len(by_id)} sources."
    return _document(text(scale), main, footer)


def _document(scale: str, main: str, footer: str) -> str:
    """The frame of the page, with its style and its script."""
    style, script = ((HERE / name).read_text("utf-8") for name in ("style.css", "page.js"))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>icgd audit ({scale})</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<a class="skip" href="#claims">Skip to the table of claims</a>
<header>
<h1>icgd audit</h1>
<p>Every registered claim about transformers that learn in context by gradient descent, with
its verdict at scale <strong>{scale}</strong>, the numbers, and the rule that decided.</p>
</header>
<main>
{main}
</main>
<footer><p>{footer} This page loads nothing from the network.</p></footer>
<script>
{script}</script>
</body>
</html>
"""


def counts(verdicts: list[dict]) -> dict[str, Counter]:
    """How many claims have each verdict, apart for each group of verdicts."""
    found = {name: Counter() for name in GROUPS}
    for claim in verdicts:
        found[group(claim.get("verdict"))][str(claim.get("verdict"))] += 1
    return found


def multiplicity(verdicts: list[dict]) -> int:
    """How many decided verdicts rest on an interval over units; parts count one by one."""
    parts = [
        part
        for claim in verdicts
        for part in claim.get("parts") or []
        if group(claim.get("verdict")) == "decided"
    ]
    return sum(statistical(part) and group(part.get("verdict")) == "decided" for part in parts)


def _summary(verdicts: list[dict]) -> str:
    """The counts by verdict and the line about chance."""
    rows = []
    for name, found in counts(verdicts).items():
        listed = "".join(
            f'<li data-count="{text(word)}">{badge(word)} <b>{found[word]}</b></li>'
            for word in [*VERDICTS, *sorted(set(found) - set(VERDICTS))]
            if found[word]
        )
        total = f"<h3>{name.capitalize()}: {sum(found.values())}</h3>"
        rows.append(f"<div>{total}<ul>{listed or '<li>none</li>'}</ul></div>")
    tests = multiplicity(verdicts)
    return f"""<section aria-labelledby="counts-title">
<h2 id="counts-title">Counts</h2>
<div class="counts">{"".join(rows)}</div>
<p id="multiplicity">{tests} decided verdicts (parts counted one by one) rest on an interval over
seeds, tasks or restarts, at 95 % each. If each interval misses its true value 5 % of the time, up
to about {0.05 * tests:.2g} of them are wrong by chance.</p>
</section>"""


def _legend() -> str:
    """What the verdict words mean."""
    words = "".join(
        f"<div><dt>{badge(word)}</dt><dd>{meaning}</dd></div>"
        for word, (_, _, _, meaning) in VERDICTS.items()
    )
    return f"""<section aria-labelledby="legend-title">
<h2 id="legend-title">What the verdicts mean</h2>
<p>Each claim has a decision rule, fixed before the run (the exceptions are in docs/decisions.md): a
supported region for a measured
value, and a refuted one (everything else, unless stated). A 95 % interval over independent units,
mostly training seeds, decides. Each rule is also applied to controls that it must refute or
support; a rule that fails on them has no power.</p>
<dl class="legend">{words}</dl>
</section>"""


def _select(name: str, options: dict[str, str]) -> str:
    """A labelled list to choose one value from."""
    listed = "".join(f'<option value="{text(o)}">{text(w)}</option>' for o, w in options.items())
    return (
        f'<div><label for="filter-{name}">{name.capitalize()}</label>'
        f'<select id="filter-{name}" data-filter="{name}">'
        f'<option value="">all</option>{listed}</select></div>'
    )


def _filters(verdicts: list[dict], sources: dict[str, dict]) -> str:
    """The filters; hidden until the script, which they need, shows them."""
    used = {
        key: list(dict.fromkeys(str(claim.get(key)) for claim in verdicts))
        for key in ("source", "verdict", "kind")
    }
    titles = {name: sources.get(name, {}).get("title") for name in used["source"]}
    named = {name: f"{name}: {title}" if title else name for name, title in titles.items()}
    order = [word for word in VERDICTS if word in used["verdict"]]
    order += [word for word in used["verdict"] if word not in VERDICTS]
    return f"""<form id="filters" role="search" aria-label="Filter the claims" hidden>
<div><label for="filter-text">Text</label><input id="filter-text" type="search"></div>
{_select("source", named)}
{_select("verdict", {word: word for word in order})}
{_select("kind", {word: word for word in sorted(used["kind"])})}
<div><button type="reset">Show all</button></div>
</form>
<p id="count" role="status">{len(verdicts)} of {len(verdicts)} claims</p>"""


def _table(verdicts: list[dict], sources: dict[str, dict]) -> str:
    """The table of all claims."""
    head = "".join(
        f'<th scope="col" aria-sort="none"{" class=number" if name in NUMBERS else ""}>'
        f'<button type="button">{name}</button></th>'
        for name in COLUMNS
    )
    rows = "\n".join(_row(claim, sources) for claim in verdicts)
    return f"""<div class="scroll" role="region" aria-labelledby="claims-title" tabindex="0">
<table id="table">
<caption>Each claim leads to its section; a heading sorts by its column.</caption>
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>"""


def _row(claim: dict, sources: dict[str, dict]) -> str:
    """One claim in the table."""
    name, verdict = text(claim.get("id")), claim.get("verdict")
    keys = " ".join(f'data-{k}="{text(str(claim.get(k)))}"' for k in ("source", "verdict", "kind"))
    place = list(VERDICTS).index(verdict) if verdict in VERDICTS else len(VERDICTS)
    part = (claim.get("parts") or [{}])[0]
    ends = part.get("low"), part.get("high")
    spread = ends[1] - ends[0] if all(map(finite, ends)) else None
    shown = [
        (number(part.get("value"), spread), part.get("value")),
        (number(part.get("published")), part.get("published")),
    ]
    numbers = "".join(
        f'<td class="number" data-sort="{text(value) if finite(value) else ""}">{text(words)}</td>'
        for words, value in shown
    )
    title = text(sources.get(claim.get("source"), {}).get("title"))
    return (
        f'<tr id="row-{name}" {keys}><th scope="row"><a href="#{name}">{name}</a></th>'
        f'<td data-sort="{place}">{badge(verdict)}</td>'
        f'<td class="words">{text(claim.get("says"))}</td>{numbers}'
        f"<td>{text(claim.get('kind'))}</td>"
        f'<td><span title="{title}">{text(claim.get("source"))}</span></td></tr>'
    )
