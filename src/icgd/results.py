"""RESULTS.md and the README's answer and table: topics written by hand, every number from the verdicts."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from icgd import paths
from icgd.audit import explain
from icgd.claims import registry
from icgd.claims.words import asked, group, is_finding, number, ours, unlike
from icgd.errors import IcgdError
from icgd.files import between, read_json, read_yaml, rendered, write_text

RESULTS, README = Path("RESULTS.md"), Path("README.md")
BEGIN, END = "<!-- results: written by python -m icgd results -->\n", "<!-- end of results -->"
HOLE = re.compile(r"\{([a-z0-9-]+)(?:\.(\d+))?:([a-z_ ]+)\}")
STANDS = {True: "yes", False: "no", None: "no interval"}
WORDS = ("supported", "partly", "refuted", "undecided")
UNLIKE = " †"  # after a published number that cannot be held against ours


class Verdicts:
    """All verdicts, what stands when they count together, and the registry's claims without one."""

    def __init__(self, verdicts: dict[str, dict]):
        self.all = verdicts
        claims = [claim for claim in registry.claims().values() if not claim.finding]
        self.count = Counter(
            verdicts[one.id]["verdict"] if one.id in verdicts else "pending" if one.decided else one.kind
            for one in claims
        )
        errors = next(topic["claims"] for topic in topics() if topic["id"] == "findings")
        held = [id_ for id_, one in verdicts.items() if is_finding(one) and one["verdict"] == "supported"]
        self.count |= Counter(claims=len(claims), findings=len(set(errors) & set(held)), held=len(held))
        self.places = {id_: entry.link for id_, entry in explain.entries().items()}

    def of(self, id_: str) -> dict:
        """A verdict.

        Raises:
            IcgdError: the topics name a claim that has none.
        """
        if id_ not in self.all:
            raise IcgdError(f"{paths.TOPICS} names {id_!r}, which has no verdict.")
        return self.all[id_]

    def together(self, ids: Iterable[str]) -> tuple[int, int]:
        """Of claims that intervals decided: how many hold when all of their source count, and of how many."""
        stand = [self.of(id_)["together"] for id_ in ids]
        return stand.count(True), len(stand) - stand.count(None)

    def fill(self, text: str) -> str:
        """A text with the numbers in their places."""
        return HOLE.sub(self._hole, " ".join(text.split()))

    def _hole(self, found: re.Match) -> str:
        id_, part, form = found.groups()
        if id_ == "count":
            return str(self.count[form])
        parts, number_ = self.of(id_)["parts"], int(part or 0)
        if number_ >= len(parts):
            last = f"its last is part {len(parts) - 1}"
            raise IcgdError(f"{paths.TOPICS} names part {number_} of {id_}; {last}.")
        return formed(parts[number_], form)

    def rows(self, topic: dict) -> Iterator[list[str]]:
        """The rows of a topic's table: a claim, and under it its parts where there are several."""
        for id_ in topic["claims"]:
            claim = self.of(id_)
            verdict, parts = claim["verdict"], claim["parts"]
            stands = "–" if is_finding(claim) or group(verdict) != "decided" else STANDS[claim["together"]]
            last = [f"**{verdict}**{' (reduced)' if claim['reduced'] else ''}", stands]
            said = f"[**{id_}**]({self.places[id_]}) {_cell(claim['says'])} ({_cell(claim['where'])})"
            if len(parts) == 1:
                yield [said, *_numbers(parts[0]), *last]
                continue
            yield [said, f"{len(parts)} parts", "", "", *last]
            for part in parts:
                yield ["", *_numbers(part), part["verdict"], ""]


def formed(part: dict, form: str) -> str:
    """A number of a part in the form that a text asks for."""
    spread = part["high"] - part["low"]
    if form == "interval":
        value, *ends = (_round(part[key], spread) for key in ("value", "low", "high"))
        return f"{value} [{', '.join(ends)}]"
    if form in ("value", "low", "high"):
        return _round(part[form], spread)
    if form in ("n", "published"):
        return number(part[form])
    share = {"percent": part["value"], "more": part["value"] - 1, "less": 1 - part["value"]}
    if form not in share:
        raise IcgdError(f"{paths.TOPICS}: a number has no form {form!r}; known are value, more, less.")
    return f"{100 * share[form]:.{0 if abs(share[form]) >= 0.1 else 1}f} %"


def _round(value: float, spread: float) -> str:
    """A number with as many decimals as half its interval deserves; an exact one with three digits."""
    if not spread:
        return f"{value:.3g}".replace("e-0", "e-")
    least = 2 if abs(value) < 1 else 1 if abs(value) < 10 else 0
    return f"{value:.{max(math.ceil(-math.log10(spread / 2)), least)}f}"


def _numbers(part: dict) -> list[str]:
    """What is measured, in words; ours; published."""
    words = f"*{part['name']}*: {asked(part)}" if part["name"] else asked(part)
    published = number(part["published"])
    if part["published"] is None and part["released"] is not None:
        published = f"{number(part['released'])} (code)"
    elif part["published"] is not None and unlike(part):
        published += UNLIKE
    return [_cell(words), ours(part), published]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def topics() -> list[dict]:
    """The topics, in the paper's order."""
    return read_yaml(paths.TOPICS)["topics"]


def counted(verdicts: Verdicts) -> str:
    """The counts, pending said at once."""
    counts = verdicts.count
    own = [id_ for id_, found in verdicts.all.items() if not is_finding(found)]
    stand, tested = verdicts.together(own)
    decided = [id_ for id_ in own if verdicts.all[id_]["verdict"] in ("supported", "partly", "refuted")]
    short = sum(bool(verdicts.all[id_]["reduced"]) for id_ in decided)
    return (
        f"Of {counts['claims']} registered claims {len(own)} were tested: {counts['supported']} supported, "
        f"{counts['partly']} partly, {counts['refuted']} refuted, {counts['inconclusive']} inconclusive, "
        f"{counts['no power']} without power. Of the {len(decided)} decided ones {short} have networks whose "
        f"training was reduced, as each says; {tested} rest on intervals "
        f"over seeds or tasks, and {stand} of these stand after Holm, when all claims of a source count "
        f"together. "
        f"{counts['pending']} are pending, as their experiment is not built or its runs are not in yet, and "
        f"{counts['not-testable']} cannot be tested. Our own findings are not in these counts; in the topics "
        f"they are. {counts['held']} of them are supported: {errors_among(counts)}. {rests(verdicts)}"
    )


def errors_among(counts: Counter) -> str:
    """What the supported findings are, with how many of each."""
    errors, others = counts["findings"], counts["held"] - counts["findings"]
    return f"{errors} errors and discrepancies in the papers and {others} results of our own"


def rests(verdicts: Verdicts) -> str:
    """On how much the verdicts rest, and how many bounds were set after data had been seen."""
    parts = [(found, part) for found in verdicts.all.values() for part in found["parts"]]
    measured = {json.dumps(part["evidence"], sort_keys=True) for _, part in parts}
    late = [is_finding(found) for found, part in parts if part["set"] == "after seeing data"]
    return (
        f"Claims and findings have {len(parts)} parts, which rest on {len(measured)} distinct measurements; "
        f"the bounds of {len(late)} parts, {sum(late)} of them of findings, were set after data had been "
        "seen, and each says so."
    )


def documents(verdicts: Verdicts) -> str:
    """What is audited: every source, with how many of its claims were tested and are pending."""
    found = []
    for source in registry.sources():
        own = [one for one in registry.claims().values() if one.source == source["id"] and not one.finding]
        tested = sum(one.id in verdicts.all for one in own)
        waits = sum(one.id not in verdicts.all and one.kind != "not-testable" for one in own)
        title = " ".join(source["title"].split())
        found.append(f"*{title}* ({tested or 'none'} of {len(own)}; {waits or 'none'} pending)")
    return f"Audited, with how many of their claims were tested: {'; '.join(found)}."


def results(verdicts: Verdicts) -> str:
    """RESULTS.md."""
    page = rendered(
        "results.md.j2",
        **read_yaml(paths.TOPICS),
        fill=verdicts.fill,
        rows=verdicts.rows,
        counts=counted(verdicts),
        documents=documents(verdicts),
        figure=told,
    )
    return re.sub(r"\n{3,}", "\n\n", page).rstrip("\n") + "\n"


def told(figure: str, scale: str = "full") -> dict[str, str]:
    """A figure's title, caption and alternative text, as they were written where it was drawn."""
    return read_json(paths.figure(scale, figure, "json"))


def summary(verdicts: Verdicts) -> tuple[str, str]:
    """The README's answer and its table with the counts."""
    lines = [
        "| topic | supported | partly | refuted | undecided | after Holm |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for topic in topics():
        words = Counter(verdicts.of(id_)["verdict"] for id_ in topic["claims"])
        words["undecided"] = words.total() - sum(words[word] for word in WORDS[:3])
        stand, tested = verdicts.together(topic["claims"])
        cells = [f"[{topic['title']}](RESULTS.md#{topic['id']})", *(str(words[word] or "") for word in WORDS)]
        lines.append(f"| {' | '.join([*cells, f'{stand} of {tested}' if tested else '–'])} |")
    answer = "\n".join(verdicts.fill(sentence) for sentence in read_yaml(paths.TOPICS)["answer"])
    return answer, f"{counted(verdicts)}\n\n" + "\n".join(lines)


def readme(text: str, verdicts: Verdicts) -> str:
    """The README with its two blocks, answer and table, as they are now."""
    return between(text, BEGIN, END, *(f"{block}\n" for block in summary(verdicts)), path=README)


def write() -> None:
    """Write RESULTS.md and the README's blocks from the verdicts at full scale."""
    verdicts = Verdicts(read_json(paths.verdicts("full")))
    write_text(RESULTS, results(verdicts))
    write_text(README, readme(README.read_text(encoding="utf-8"), verdicts))
