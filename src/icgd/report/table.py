"""The table of all claims, with its filters."""

from icgd.report.words import VERDICTS, badge_of, fallen, finite, number, scale_of, text

COLUMNS = ("Claim", "Verdict", "What is claimed", "Value", "Published", "Kind", "Source")
NUMBERS = ("Value", "Published")
KEYS = ("source", "verdict", "kind", "scale")  # what the table can be filtered by, besides text


def _keys(claim: dict) -> dict[str, str]:
    """A claim's value of each filter."""
    return {**{key: str(claim.get(key)) for key in KEYS}, "scale": scale_of(claim)}


def _select(name: str, options: dict[str, str]) -> str:
    """A labelled list to choose one value from."""
    listed = "".join(f'<option value="{text(o)}">{text(w)}</option>' for o, w in options.items())
    return (
        f'<div><label for="filter-{name}">{name.capitalize()}</label>'
        f'<select id="filter-{name}" data-filter="{name}">'
        f'<option value="">all</option>{listed}</select></div>'
    )


def filters(verdicts: list[dict], sources: dict[str, dict]) -> str:
    """The filters; hidden until the script, which they need, shows them."""
    used = {key: list(dict.fromkeys(_keys(claim)[key] for claim in verdicts)) for key in KEYS}
    titles = {name: sources.get(name, {}).get("title") for name in used["source"]}
    named = {name: f"{name}: {title}" if title else name for name, title in titles.items()}
    order = [word for word in VERDICTS if word in used["verdict"]]
    order += [word for word in used["verdict"] if word not in VERDICTS]
    return f"""<form id="filters" role="search" aria-label="Filter the claims" hidden>
<div><label for="filter-text">Text</label><input id="filter-text" type="search"></div>
{_select("source", named)}
{_select("verdict", {word: word for word in order})}
{_select("kind", {word: word for word in sorted(used["kind"])})}
{_select("scale", {word: word for word in sorted(used["scale"])})}
<div><button type="reset">Show all</button></div>
</form>
<p id="count" role="status">{len(verdicts)} of {len(verdicts)} claims</p>"""


def table(verdicts: list[dict], sources: dict[str, dict]) -> str:
    """The table of all claims."""
    head = "".join(
        f'<th scope="col" aria-sort="none"{" class=number" if name in NUMBERS else ""}>'
        f'<button type="button">{name}</button></th>'
        for name in COLUMNS
    )
    rows = "\n".join(_row(claim, sources) for claim in verdicts)
    return f"""<div class="scroll" role="region" aria-labelledby="claims-title" tabindex="0">
<table id="table">
<caption>Each claim leads to its section; a heading sorts by its column.
A claim of several parts shows the value of its first.</caption>
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>"""


def _row(claim: dict, sources: dict[str, dict]) -> str:
    """One claim in the table."""
    name, verdict = text(claim.get("id")), claim.get("verdict")
    keys = " ".join(f'data-{key}="{text(value)}"' for key, value in _keys(claim).items())
    place = list(VERDICTS).index(verdict) if verdict in VERDICTS else len(VERDICTS)
    title = text(sources.get(claim.get("source"), {}).get("title"))
    return (
        f'<tr id="row-{name}" {keys}><th scope="row"><a href="#{name}">{name}</a></th>'
        f'<td data-sort="{place}">{badge_of(claim)}{_fallen(claim)}</td>'
        f'<td class="words">{text(claim.get("says"))}</td>{_numbers(claim)}'
        f"<td>{text(claim.get('kind'))}</td>"
        f'<td><span title="{title}">{text(claim.get("source"))}</span></td></tr>'
    )


def _fallen(claim: dict) -> str:
    """A mark where a claim rests on one that fell."""
    names = ", ".join(fallen(claim))
    return f'<br><span class="where">rests on {text(names)}</span>' if names else ""


def _numbers(claim: dict) -> str:
    """The value and the published number of the first part, and how many parts there are."""
    parts = claim.get("parts") or [{}]
    part = parts[0]
    ends = part.get("low"), part.get("high")
    spread = ends[1] - ends[0] if all(map(finite, ends)) else None
    more = f'<br><span class="where">1 of {len(parts)} parts</span>' if len(parts) > 1 else ""
    cells = []
    for value, width, below in ((part.get("value"), spread, more), (part.get("published"), None, "")):
        key = text(value) if finite(value) else ""
        cells.append(f'<td class="number" data-sort="{key}">{text(number(value, width))}{below}</td>')
    return "".join(cells)
