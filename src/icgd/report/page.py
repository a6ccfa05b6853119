"""The audit page: one HTML file with every claim, its verdict and how it was decided."""

from pathlib import Path

from icgd import paths, record
from icgd.claims import history, registry
from icgd.claims.coverage import documents
from icgd.claims.verdict import resting, undecided
from icgd.files import read_json, write_text
from icgd.report.artefacts import artefacts
from icgd.report.background import Background
from icgd.report.chance import chance
from icgd.report.claim import section
from icgd.report.coverage import coverage
from icgd.report.figures import figures
from icgd.report.findings import findings
from icgd.report.ledger import ledger
from icgd.report.summary import legend, summary
from icgd.report.table import filters, table
from icgd.report.unregistered import unregistered
from icgd.report.words import is_finding, text

HERE = Path(__file__).parent
PARTS = {
    "counts": "Counts",
    "claims": "All claims",
    "multiplicity": "Multiplicity",
    "findings": "Findings",
    "ledger": "Ledger",
    "figures": "Figures",
    "coverage": "Coverage",
    "unregistered": "Not registered",
    "artefacts": "Artefacts",
}


def write(scale: str) -> tuple[list[Path], list[Path]]:
    """results/{scale}/audit/index.html, every claim on one page: (what was written, what was read)."""
    read, output = [paths.verdicts(scale)], paths.RESULTS / scale / "audit" / "index.html"
    verdicts = read_json(read[0])
    shown = [
        verdicts.get(claim.id) or resting(undecided(claim, scale), verdicts)
        for claim in registry.claims().values()
    ]
    used = {given["path"] for claim in shown for given in claim["inputs"]}
    background = Background(
        sources=list(registry.sources()),
        figures_url=f"../../../figures/{scale}",
        documents=documents(),
        lineage=record.lineage(used),
        history=history.lines() if scale == "full" else [],
    )
    write_text(output, render(shown, scale, background))
    read += sorted({one for path in background.lineage if (one := record.beside(Path(path)))})
    return [output], [*read, *([paths.HISTORY] if background.history else [])]


def render(verdicts: list[dict], scale: str, background: Background) -> str:
    """The whole page as one self-contained HTML document."""
    by_id = background.by_id
    background = background._replace(known=frozenset(str(claim.get("id")) for claim in verdicts))
    claims = [claim for claim in verdicts if not is_finding(claim)]
    sections = "\n".join(section(claim, background) for claim in verdicts)
    main = f"""{summary(verdicts)}
{legend()}
<section id="claims" aria-labelledby="claims-title" tabindex="-1">
<h2 id="claims-title">All claims</h2>
{filters(claims, by_id)}
{table(claims, by_id)}
</section>
{chance(verdicts, by_id)}
{findings(verdicts)}
{ledger(verdicts)}
{figures(verdicts, background.figures_url, scale)}
{coverage(background.documents, verdicts, by_id)}
{unregistered(background.documents, verdicts)}
<section aria-labelledby="each-title">
<h2 id="each-title">Claim by claim</h2>
{sections}
</section>
{artefacts(background.lineage)}"""
    footer = f"{len(claims)} claims from {len(by_id)} sources, {len(verdicts) - len(claims)} findings."
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
<nav aria-label="Parts of this page">{" ".join(f'<a href="#{k}">{v}</a>' for k, v in PARTS.items())}</nav>
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
