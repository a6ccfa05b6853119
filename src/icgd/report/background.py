"""What the audit page needs besides the verdicts."""

from typing import NamedTuple

from icgd.claims.coverage import Document
from icgd.record import Artefact


class Background(NamedTuple):
    """Sources, documents, artefacts and the verdicts' history."""

    sources: list[dict]  # entries of claims/sources.yaml
    figures_url: str  # folder of the figures, seen from the page
    documents: tuple[Document, ...] = ()  # the source documents, passage by passage
    lineage: dict[str, Artefact] = {}  # every file behind the verdicts, by path
    history: list[dict] = []  # lines of the verdict history, oldest first
    known: frozenset[str] = frozenset()  # ids that the page has a section for

    @property
    def by_id(self) -> dict[str, dict]:
        """The sources by their ids."""
        return {source["id"]: source for source in self.sources}
