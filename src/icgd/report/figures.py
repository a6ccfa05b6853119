"""The gallery: every figure with its files, its command and the claims that it shows."""

from urllib.parse import quote

from icgd.report.words import badge, text


def of_claims(verdicts: list[dict]) -> dict[str, list[dict]]:
    """Figure -> claims that name it, in the order of their numbers."""
    found: dict[str, list[dict]] = {}
    for claim in verdicts:
        for name in claim.get("figures") or []:
            found.setdefault(str(name), []).append(claim)
    return dict(sorted(found.items(), key=lambda item: (len(item[0].rstrip("abc")), item[0])))


def figures(verdicts: list[dict], url: str, scale: str) -> str:
    """The section with all of them."""
    found = of_claims(verdicts)
    shown = "\n".join(_figure(name, claims, url, scale) for name, claims in found.items())
    return f"""<section id="figures" aria-labelledby="figures-title" tabindex="-1">
<h2 id="figures-title">Figures</h2>
<p>The {len(found)} figures that claims name: every training seed is drawn, with the published curves behind.
Each leads to its vector form and to the plotted numbers.</p>
<div class="gallery">
{shown}
</div>
</section>"""


def picture(name: str, url: str, alt: str) -> str:
    """A figure that leads to its own file, and links to its vector form and its numbers."""
    place = text(f"{url.rstrip('/')}/{quote(name)}")
    return (
        f'<a href="{place}.png"><img loading="lazy" src="{place}.png" alt="{text(alt)}"></a>'
        f'<figcaption>{text(name)} (<a href="{place}.svg">{text(name)}.svg</a>, '
        f'<a href="{place}.csv">{text(name)}.csv</a>)</figcaption>'
    )


def _figure(name: str, claims: list[dict], url: str, scale: str) -> str:
    """One figure."""
    listed = "".join(_claim(claim) for claim in claims)
    target = f"figures/{scale}/{name}.png"
    return (
        f'<div class="drawn" id="figure-{text(name)}"><h3>{text(name)}</h3>'
        f"<figure>{picture(name, url, f'Figure {name}, as drawn here')}</figure>"
        f"<p>{listed}</p>"
        f"<p>Drawn by <code>snakemake --config scale={text(scale)} -- {text(target)}</code></p></div>"
    )


def _claim(claim: dict) -> str:
    """A claim that the figure shows, with its verdict."""
    name = text(claim.get("id"))
    return f'<span class="named"><a href="#{name}">{name}</a> {badge(claim.get("verdict"))}</span> '
