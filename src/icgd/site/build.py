"""`icgd site`: the pages from their templates, then HTML by Sphinx; nothing of it needs JAX or a network."""

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from markupsafe import Markup

import icgd
from icgd import paths, record, results
from icgd.claims import coverage, words
from icgd.config import Config
from icgd.errors import IcgdError
from icgd.files import read_yaml, write_text
from icgd.site import content
from icgd.site.plot import plot

HERE = Path(__file__).parent
ROOT = Path("site")  # of the built pages, a folder a scale
SOURCE = Path(".cache") / "site"
REPOSITORY = "ICGD_REPOSITORY"  # variable: where files of the repository can be read, if not beside the site
ID = re.compile(r"\b[a-z]+\d*-f?\d+\b")
MARKS = re.compile(r"([\\`*_{}\[\]<>()#+!|~$^-])")
LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\(([^)\s]+)\)")  # of Markdown
SHORT = {r"\bFigs?\. ?(?=\d)": "Figure ", r"\bSec\. ?(?=\d)": "Section ", r"\beqs?\. ?(?=\d)": "equation "}
SINGLE = ("index", "coverage", "findings", "ledger", "multiplicity", "glossary", "dispute", "api")
LISTS = {"claims/index": "claims", "figures/index": "figures", "experiments/index": "experiments"}
SETTINGS = {
    "project": "icgd",
    "html_title": "icgd",
    "copyright": "the icgd authors, MIT licence",
    "extensions": ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"],
    "myst_enable_extensions": ["dollarmath"],
    "myst_heading_anchors": 3,
    "html_theme": "furo",
    "templates_path": [str(HERE / "theme")],
    "html_static_path": [str(HERE / "static")],
    "html_css_files": ["site.css"],
    "html_js_files": [("site.js", {"defer": "defer"})],
    "html_sidebars": {"**": ["sidebar/brand.html", "sidebar/search.html", "contents.html"]},
    "html_theme_options": {"sidebar_hide_name": False},
    "html_copy_source": False,
    "html_use_index": False,
    "html_domain_indices": False,
    "html_show_search_summary": False,  # a summary is fetched, and a page on a disk cannot fetch
    "html_last_updated_fmt": None,
    "pygments_style": "a11y-light",
    "suppress_warnings": ["misc.highlighting_failure", "toc.not_included"],
}


def write(config: Config, scale: str) -> Path:
    """site/{scale}: built elsewhere, then put in its place as a whole.

    Raises:
        IcgdError: a page has a broken link, or Sphinx complains of anything else.
    """
    source, built, target = SOURCE / scale / "source", SOURCE / scale / "html", ROOT / scale
    shutil.rmtree(SOURCE / scale, ignore_errors=True)
    for name, text in Pages(content.Content(config, scale)).all():
        write_text(source / f"{name}.md", text)
    (source / "pictures").mkdir(parents=True)
    for picture in (paths.FIGURES / scale).glob("*.png"):
        shutil.copy(picture, source / "pictures")
    _sphinx(source, built)
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(exist_ok=True)
    shutil.move(built, target)
    return target / "index.html"


def _sphinx(source: Path, built: Path) -> None:
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError

    folders = {"srcdir": source, "outdir": built, "doctreedir": source.parent / "doctrees"}
    try:
        app = Sphinx(
            confdir=None,
            buildername="html",
            confoverrides=SETTINGS,
            warningiserror=True,
            status=None,
            **folders,
        )
        app.build()
    except SphinxError as error:
        raise IcgdError(f"the site was not built: {error}") from error
    if app.statuscode:
        raise IcgdError("the site was not built: Sphinx warned, as told above.")


class Pages:
    """Every page's text from its template."""

    def __init__(self, site: content.Content):
        self.site = site
        loader = FileSystemLoader(HERE / "templates")
        self.environment = Environment(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            keep_trailing_newline=True,
        )
        self.environment.filters |= {"md": markdown, "slug": slug, "ids": self._ids, "number": words.number}
        self.environment.filters |= {"code": content.code_of, "section": section}
        self.environment.globals |= {
            "site": site, "words": words, "verdict_words": words.VERDICTS, "version": icgd.__version__,
            "plot": lambda *given: Markup(plot(*given)), "axis_title": axis_title, "where": where,
            "rules": content.rules, "controls": content.controls, "printed": content.printed,
            "weights_of": content.weights_of, "figure_title": content.figure_title,
            "passage_id": passage_id, "in_group": in_group, "chief": chief,
            "neighbours": self._neighbours, "drawn_from": self._drawn_from,
            "history": lambda id_: [line for line in site.history if line["claim"] == id_],
        }  # fmt: skip

    def all(self) -> Iterator[tuple[str, str]]:
        """(name, text) of every page."""
        site = self.site
        kinds = {
            **{f"claims/{id_}": ("claim", {"claim": one}) for id_, one in site.all.items()},
            **{f"figures/{name}": ("figure", {"name": name}) for name in site.figures},
            **{
                f"experiments/{name}": ("experiment", {"name": name, "one": one})
                for name, one in site.config.experiments.items()
            },
            **{f"sources/{id_}": ("source", self._source(one)) for id_, one in site.sources.items()},
            **{name: (template, self._table()) for name, template in LISTS.items()},
            **{name: (name, self._overview() if name == "index" else {}) for name in SINGLE},
        }
        documents = dict(_documents())
        titles = [(name, text.partition("\n")[0].removeprefix("# ")) for name, text in documents.items()]
        kinds["docs/index"] = ("docs", {"documents": titles})
        for name, (template, given) in kinds.items():
            yield name, self._render(name, template, given)
        for name, text in documents.items():
            yield f"docs/{name.removesuffix('.md')}", self._inside(text, "../docs")
        if site.scale == "full":
            yield "results", self._results()

    def _render(self, name: str, template: str, given: dict) -> str:
        depth = name.count("/")
        found = self.environment.get_template(f"{template}.md.j2").render(
            root="../" * depth,
            repository=lambda path: repository(path, depth),
            **given,
        )
        found = re.sub(r"(?<=[^\n])~~~~$", "\n~~~~", found.lstrip(), flags=re.M)  # a fence has its own line
        return re.sub(r"\n{3,}", "\n\n", found)

    def _drawn_from(self, experiment: str) -> list[str]:
        return [figure for figure in self.site.figures if experiment in self.site.drawn_in(figure)]

    @pass_context
    def _ids(self, context: dict, text: str) -> Markup:
        """Ids of claims as links."""

        def link(found: re.Match) -> str:
            known = found[0] in self.site.all
            return f'<a href="{context["root"]}claims/{found[0]}.html">{found[0]}</a>' if known else found[0]

        return Markup(ID.sub(link, str(Markup.escape(text))))

    def _neighbours(self, id_: str) -> list[tuple[str, str]]:
        ids = list(self.site.all)
        at = ids.index(id_)
        found = [("Previous", ids[at - 1])] if at else []
        return found + [("Next", one) for one in ids[at + 1 : at + 2]]

    def _source(self, source: dict) -> dict:
        own = [one for one in self.site.all.values() if one["source"] == source["id"]]
        documents = [one for one in self.site.documents if one.source == source["id"]]
        return {"source": source, "claims": own, "documents": documents}

    def _table(self) -> dict:
        """What the table of claims needs besides the claims."""
        site = self.site
        decided = [one for one in site.all.values() if one["parts"]]
        used = {
            key: list(dict.fromkeys(one[key] for one in decided)) for key in ("verdict", "source", "kind")
        }
        figures = [(name, content.figure_title(name)) for name in site.figures if site.figures[name]]
        filters = [
            ("verdict", [(word, word) for word in sorted(used["verdict"], key=order)]),
            ("source", [(id_, site.sources[id_]["title"].partition(" (")[0]) for id_ in used["source"]]),
            ("kind", [(kind, kind) for kind in used["kind"]]),
            ("figure", figures),
            (
                "together",
                [("stands", "stands"), ("falls", "does not stand"), ("no interval", "no interval")],
            ),
        ]
        waiting = [one for one in site.all.values() if not one["parts"]]
        return {
            "decided": decided, "waiting": waiting, "filters": filters, "order": order,
            "search_words": self._search_words,
        }  # fmt: skip

    def _search_words(self, claim: dict) -> str:
        """What the table's text filter searches besides the row's own words."""
        said = [
            where(claim["where"]),
            claim["note"] or "",
            *(passage.says for passage in self.site.passages.get(claim["id"], ())),
        ]
        said += [f"{part['name']} {words.asked(part)}" for part in claim["parts"]]
        said += [
            *sorted(content.experiments(claim)),
            *map(content.figure_title, claim["figures"]),
            *claim["figures"],
        ]
        said += [term["term"] for term in self.site.terms(claim)]
        return " ".join(dict.fromkeys(said)).lower()

    def _overview(self) -> dict:
        site, topics, answer, held = self.site, [], [], ""
        if site.scale == "full":
            verdicts = results.Verdicts(site.verdicts)
            topics, answer = results.topics(), map(verdicts.fill, read_yaml(paths.TOPICS)["answer"])
            held = results.errors_among(verdicts.count)
        drawn = (topic["figure"] for topic in topics if topic.get("figure") in site.figures)
        pages = [*(["Results <results>"] if topics else []), *LISTS, *SINGLE[1:], "docs/index"]
        figure = next(drawn, None)
        return {"topics": topics, "picture": figure, "answer": list(answer), "held": held, "pages": pages}

    def _results(self) -> str:
        """RESULTS.md with the site's own links."""
        text = results.results(results.Verdicts(self.site.verdicts))
        text = re.sub(r"<!--.*?-->\n|<a id=.*?></a>\n", "", text)
        text = re.sub(r"^# .*", "# Results, topic by topic", text)
        text = text.replace("](figures/full/", "](pictures/")
        text = re.sub(r"\]\(#([a-z0-9-]+)\)", lambda found: f"](#{self._topic(found[1])})", text)
        text = re.sub(r"\[(\*\*\S+\*\*)\]\(claims/\S+\)", r"\1", text)  # lead to pages, not to rules
        return re.sub(r"\*\*([a-z]+\d*-f?\d+)\*\*", r"[**\1**](claims/\1.md)", self._inside(text, ""))

    def _topic(self, id_: str) -> str:
        return next((slug(topic["title"]) for topic in results.topics() if topic["id"] == id_), id_)

    def _inside(self, text: str, folder: str) -> str:
        """A page of the repository: its links to files outside the site lead to the repository."""
        depth = folder.count("..")

        def link(found: re.Match) -> str:
            path, _, mark = found[2].partition("#")
            place = os.path.normpath(Path(folder.removeprefix("../")) / path)
            of_site = re.match(r"[a-z]+:|#|pictures/", found[2]) or re.fullmatch(r"docs/[\w-]+\.md", place)
            target = repository(place + ("#" + mark if mark else ""), depth)
            return found[0] if of_site else f'<a href="{target}">{found[1]}</a>'

        return LINK.sub(link, text)


def repository(path: str, depth: int) -> str:
    """Link to a file of the repository, from a page so many folders down."""
    base = os.environ.get(REPOSITORY) or "../" * (depth + len(ROOT.parts) + 1)
    return f"{base.rstrip('/')}/{path}"


def _documents() -> Iterator[tuple[str, str]]:
    for path in sorted((record.ROOT / "docs").glob("*.md")):
        yield path.name, re.sub(r"<!--.*?-->\n?", "", path.read_text("utf-8"), flags=re.S)


def markdown(text: object) -> Markup:
    """Plain words as Markdown that shows them."""
    return Markup(MARKS.sub(r"\\\1", str(text)))


def slug(text: str) -> str:
    """A heading's anchor, as MyST and docutils make it."""
    from docutils.nodes import make_id

    return make_id(text)


def where(text: str) -> str:
    """A place in a source with its words written out, as readers search for them."""
    for short, long in SHORT.items():
        text = re.sub(short, long, text)
    return text


def section(name: str) -> str:
    """A part of a source: by its number as it is, by its title quoted."""
    return name if re.search(r"\d|^Abstract|^Appendix", name) else f"“{name}”"


def axis_title(part: dict) -> str:
    """A short name of what is on the axis."""
    if part["estimand"] == "count":
        return f"{words.plural(part['per'])} that pass, of {part['out_of']}"
    if part["each"]:
        return f"share of {words.plural(part['per'])}"
    unit = words.unit(part)
    return part["evidence"]["measure"].replace("_", " ") + (f" ({unit})" if unit else "")


def order(verdict: str) -> int:
    """Place of a verdict among all."""
    return list(words.VERDICTS).index(verdict) if verdict in words.VERDICTS else len(words.VERDICTS)


def chief(claim: dict) -> dict:
    """The part that a row shows: the headline, else the first with the claim's verdict, else the first."""
    how, parts = claim["combine"], claim["parts"]
    key, wanted = ("name", how["headline"]) if isinstance(how, dict) else ("verdict", claim["verdict"])
    return next((part for part in parts if part[key] == wanted), parts[0])


def passage_id(passage: coverage.Passage) -> str:
    """Anchor of a passage."""
    return f"{Path(passage.document).stem}-{passage.number}"


def in_group(counts: Counter, group: str) -> int:
    """Claims whose verdict is of a group."""
    return sum(count for word, count in counts.items() if words.group(word) == group)
