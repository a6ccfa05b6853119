"""What the pages show: claims with their verdicts, figures, experiments, sources, and what links them."""

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import yaml

from icgd import dictionary, paths, record, results
from icgd.audit import explain
from icgd.claims import coverage, history, multiplicity, registry, words
from icgd.claims.verdict import resting, undecided
from icgd.config import Config
from icgd.figures import plan as drawing
from icgd.files import read_json, read_table, read_yaml

HERE = Path(__file__).parent
BLANK = {"planned": [], "combine": None, "together": None, "rests_on": {}}  # what not every verdict says


class Content:
    """Everything at one scale."""

    def __init__(self, config: Config, scale: str):
        self.config, self.scale = config, scale
        self.verdicts = read_json(paths.verdicts(scale))
        self.all = {
            claim.id: {
                **BLANK,
                **(self.verdicts.get(claim.id) or resting(undecided(claim, scale), self.verdicts)),
            }
            for claim in registry.claims().values()
        }
        self.claims = [one for one in self.all.values() if not words.is_finding(one)]
        self.findings = [one for one in self.all.values() if words.is_finding(one)]
        self.sources = {source["id"]: {"url": None, **source} for source in registry.sources()}
        self.documents = coverage.documents()
        self.glossary = read_yaml(HERE / "glossary.yaml")
        self.history = history.lines() if scale == "full" else []
        self.decided_at = (record.of(paths.verdicts(scale)) or {}).get("revision")

    @cached_property
    def counts(self) -> dict[str, Counter]:
        """Claims by verdict, group by group of verdicts; findings apart."""
        found: dict[str, Counter] = {name: Counter() for name in words.GROUPS}
        for claim in self.claims:
            found[words.group(claim["verdict"])][claim["verdict"]] += 1
        return {**found, "findings": Counter(claim["verdict"] for claim in self.findings)}

    @cached_property
    def figures(self) -> dict[str, list[dict]]:
        """Figures that are drawn, each with the claims that it shows."""
        drawn = [name for name in drawing.FIGURES if paths.figure(self.scale, name).exists()]
        return {name: [one for one in self.all.values() if name in one["figures"]] for name in drawn}

    def told(self, name: str) -> dict[str, str]:
        """A figure's title, caption and alternative text."""
        return results.told(name, self.scale)

    def drawn_in(self, name: str) -> list[str]:
        """Experiments that a figure draws."""
        return [one for one in drawing.requests([name]) if one in self.config.experiments]

    @cached_property
    def asked_of(self) -> dict[str, list[dict]]:
        """Experiments, each with the claims that are decided on it."""
        found: dict[str, list[dict]] = {name: [] for name in self.config.experiments}
        for claim in self.all.values():
            for name in experiments(claim) & set(found):
                found[name].append(claim)
        return found

    @cached_property
    def passages(self) -> dict[str, list]:
        """Claims, each with the passages that state it."""
        found: dict[str, list] = {id_: [] for id_ in self.all}
        for document in self.documents:
            for passage in document.passages:
                for id_ in passage.claims:
                    found[id_].append(passage)
        return found

    @cached_property
    def source_of(self) -> dict[str, str]:
        """Documents, each with the source that it is of."""
        return {document.name: document.source for document in self.documents}

    def url(self, passage: coverage.Passage) -> str:
        """The passage in its document: a link that lands on its words, where both are known."""
        url = self.sources[self.source_of[passage.document]]["url"]
        return words.text_fragment(url, self._ends.get((passage.document, passage.start), ()))

    def sentence(self, id_: str) -> dict[str, str] | None:
        """Of a claim from a paper: section of its sentence, how that begins and ends, a link to it."""
        claim = registry.claims()[id_]
        if not claim.passage:
            return None
        ends = (claim.passage.first, claim.passage.last)
        url = words.text_fragment(self.sources[claim.source].get("text"), ends)
        return {"section": claim.passage.section, "ends": " … ".join(ends), "url": url}

    def unsaid(self, id_: str) -> str:
        """Why no sentence of the paper says a claim, if none does."""
        return registry.claims()[id_].unsaid or ""

    @cached_property
    def _ends(self) -> dict[tuple[str, int], list[str]]:
        """First and last words of every passage."""
        rows = read_table(coverage.WORDS)
        return {(row["document"], int(row["from"])): [row["first"], row["last"]] for row in rows}

    @cached_property
    def places(self) -> dict[str, str]:
        """Claim -> file and line of its entry in the registry."""
        return {id_: entry.link for id_, entry in explain.entries().items()}

    @cached_property
    def standing(self) -> dict[str, bool]:
        """Decided claims by intervals: does each stand together with the others of its source?"""
        said = {claim["id"]: claim["together"] for claim in self.claims}
        return {id_: stands for id_, stands in said.items() if stands is not None}

    def by_source(self) -> Iterator[tuple[dict, Counter, int, int]]:
        """A source, its claims by verdict, how many rest on intervals, and how many of these stand."""
        for id_, source in self.sources.items():
            own = [claim for claim in self.claims if claim["source"] == id_]
            stand = [self.standing[claim["id"]] for claim in own if claim["id"] in self.standing]
            yield source, Counter(claim["verdict"] for claim in own), len(stand), sum(stand)

    @cached_property
    def tests(self) -> int:
        """Verdicts of parts that rest on an interval."""
        return multiplicity.decided_parts(self.claims)

    def ledger(self) -> list[tuple[dict, dict]]:
        """(claim, part) of every published or released number."""
        return [(claim, part) for claim in self.all.values() for part in printed(claim)]

    def reproduced(self) -> Counter:
        """Distinct pairs of a published number and ours by whether they agree; `far`: a factor FAR apart."""
        parts = [part for _, part in self.ledger() if words.finite(part["published"])]
        pairs = {(part["published"], part["value"], words.inside(part)): part for part in parts}.values()
        found = Counter(words.inside(part).partition(":")[0] for part in pairs)
        return found + Counter(all=len(pairs), far=sum(map(words.far, pairs)))

    def terms(self, claim: dict) -> list[dict]:
        """Entries of the glossary that a claim's words need."""
        of_parts = (f"{one['name']} {words.asked(one)} {words.SET[one['set']]}" for one in claim["parts"])
        said = " ".join([claim["says"], *of_parts])
        said = said.lower()
        return [term for term in self.glossary if any(word in said for word in term.get("when", ()))]

    def files(self, name: str) -> list[tuple[str, dict]]:
        """What was made of an experiment, with its record: tables, weights, histories."""
        folder, sweeps = paths.RESULTS / self.scale / name, paths.RESULTS / self.scale / "sweeps" / name
        found = [
            *folder.glob("*.csv"), *folder.glob("seed-*/weights.npz"), *sweeps.glob("seed-*.npz")
        ]  # fmt: skip
        return [(str(path), record.of(path) or {}) for path in sorted(found, key=_in_order)]

    def settings(self, name: str) -> str:
        """An experiment as config.yaml has it."""
        found = self.config.experiments[name].model_dump(mode="json", exclude_unset=True, exclude={"about"})
        return yaml.safe_dump(found, sort_keys=False, width=90)

    def cost(self, claim: dict) -> float:
        """CPU minutes of everything that a verdict rests on."""
        made = record.behind(given["path"] for given in claim["inputs"]).values()
        return sum({one["record"]: one["cpu_s"] for one in made if one}.values()) / 60


def _in_order(path: Path) -> tuple:
    digits = "".join(filter(str.isdigit, path.parent.name if path.name == "weights.npz" else path.stem))
    return path.suffix == ".npz", int(digits or 0), path.name


def experiments(claim: dict) -> set[str]:
    """Names that a claim's evidence is of, in its planned rule too."""
    parts = [*claim["parts"], *(claim.get("planned") or [])]
    return {part["evidence"].get(key) for part in parts for key in ("of", "over")} - {None, ""}


def printed(claim: dict) -> list[dict]:
    """Parts with a published number or one of the released code."""
    return [part for part in claim["parts"] if (part["published"], part["released"]) != (None, None)]


def figure_title(name: str) -> str:
    """fig6a -> Figure 6a; vo23_fig4 -> Figure 4 of vo23; a figure of no paper has its name."""
    source, _, number = name.rpartition("fig")
    if not number[:1].isdigit():
        return f"Figure “{name}”"
    return f"Figure {number}" + (f" of {source.rstrip('_')}" if source else "")


def rules(parts: list[dict]) -> list[tuple[tuple, list[dict]]]:
    """Parts with the same rule and reason together, in the order of the first of each: (rule, why), parts."""
    found: dict[tuple, list[dict]] = {}
    for part in parts:
        found.setdefault((words.rule(part), words.origin(part)), []).append(part)
    return list(found.items())


def controls(parts: list[dict]) -> list[dict]:
    """Every control once, in words, with what it had to be and what it came out as in each part."""
    found: dict[tuple, dict] = {}
    for part in parts:
        for one in part["controls"]:
            what = one["size"] or words.of_subject(str(one["subject"]), part["evidence"])
            exists = part["estimand"] == "count" and not part["refuted"]  # which nothing refutes
            must = {"support": "supported", "refute": "not supported" if exists else "refuted"}[one["must"]]
            row = found.setdefault(
                (words.in_short(one), must, what),
                {"name": words.in_short(one), "what": what, "must": must, "got": Counter(),
                 "ok": True, "values": []},
            )  # fmt: skip
            row["got"][one["verdict"]] += 1
            row["ok"] &= one["ok"]
            row["values"].append(words.counted(one, part) or words.measured({**one, "n": None}))
    return list(found.values())


def code_of(part: dict) -> str:
    """File and line of the function that measures."""
    entry = dictionary.entry(part["evidence"]["of"], part["evidence"]["measure"])
    return entry.place if entry else ""


def weights_of(claim: dict, scale: str) -> list[str]:
    """Folders of the trained networks behind a claim."""
    folders = [
        paths.RESULTS / scale / at for name in sorted(experiments(claim)) for at in (name, f"sweeps/{name}")
    ]
    return [str(folder) for folder in folders if any(folder.glob("seed-*"))]
