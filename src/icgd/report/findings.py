"""The findings: errors and discrepancies in text, figures and released code, put to the test like claims."""

from icgd.report.words import badge, badge_of, bound_of, is_finding, linked, measured, text


def listed(verdicts: list[dict]) -> list[dict]:
    """Documentary entries: the findings first, then claims about what a source shows or says."""
    found = [claim for claim in verdicts if claim.get("kind") == "documentary"]
    return sorted(found, key=lambda claim: not is_finding(claim))


def contradicted(verdicts: list[dict]) -> list[dict]:
    """Claims of the sources that came out refuted or partly."""
    return [
        claim
        for claim in verdicts
        if claim.get("kind") != "documentary" and claim.get("verdict") in ("refuted", "partly")
    ]


def findings(verdicts: list[dict]) -> str:
    """The section with both lists."""
    known = {str(claim.get("id")) for claim in verdicts}
    items = "\n".join(_finding(claim, known) for claim in listed(verdicts))
    others = "\n".join(_contradicted(claim) for claim in contradicted(verdicts))
    more = (
        f'<h3>Claims that did not hold as stated</h3>\n<ul class="entries">\n{others}\n</ul>'
        if others
        else ""
    )
    return f"""<section id="findings" aria-labelledby="findings-title" tabindex="-1">
<h2 id="findings-title">Findings</h2>
<p>Errors and discrepancies in the papers' text, figures and released code, and other statements about what
they show. Each was put to the test by a run or by the published numbers alone, with a rule and controls
like any claim.</p>
<ul class="entries">
{items}
</ul>
{more}
</section>"""


def _finding(claim: dict, known: set[str]) -> str:
    """One finding with the numbers that show it."""
    name = text(claim.get("id"))
    place = f' id="row-{name}"' if is_finding(claim) else ""
    numbers = "".join(f"<li>{_number(part)}</li>" for part in claim.get("parts") or [])
    note = f'<p class="where">{linked(claim["note"], known)}</p>' if claim.get("note") else ""
    return (
        f'<li{place}><p><a href="#{name}">{name}</a> {badge_of(claim)} '
        f'<span class="where">{text(claim.get("where"))}</span></p>'
        f"<p>{text(claim.get('says'))}</p><ul>{numbers}</ul>{note}</li>"
    )


def _number(part: dict) -> str:
    """A measured value beside the bound that it is held against."""
    name = f"{text(part['name'])}: " if part.get("name") else ""
    word = part.get("verdict")
    said = "" if word == "supported" else f" {badge(word)}"
    bound = text(bound_of(part, "supported"))
    return f"{name}<b>{measured({**part, 'n': None})}</b>, supported if {bound}{said}"


def _contradicted(claim: dict) -> str:
    """One claim that came out refuted or partly, and why."""
    name = text(claim.get("id"))
    return (
        f'<li><p><a href="#{name}">{name}</a> {badge_of(claim)} {text(claim.get("says"))}</p>'
        f'<p class="where">{text(claim.get("reason"))}</p></li>'
    )
