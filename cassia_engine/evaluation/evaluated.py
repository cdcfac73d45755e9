"""Everything that is found of a tool's labels, as one record."""

from __future__ import annotations

from cassia_engine.evaluation.curves import Curves
from cassia_engine.evaluation.figures import Figures, Group
from cassia_engine.evaluation.judging import Judged, Status
from cassia_engine.records.record import Record
from cassia_engine.records.terms import NEAR_ONLY


class Evaluation(Record, frozen=True):
    """A tool's labels against an expert's.

    Attributes:
        name: of the labels.
        format: of the labels: the tool, or "table".
        ontology: the release of the Cell Ontology.
        by_words: whether ids that the tool gives were set aside.
        figures: of all clusters.
        by_tissue, by_dataset: of each; () where the gold has no such column.
        curves: None where no answer has a score.
        clusters: the gold's in their order, then those that only the labels have.
    """

    name: str
    format: str
    ontology: str
    by_words: bool
    figures: Figures
    by_tissue: tuple[Group, ...]
    by_dataset: tuple[Group, ...]
    curves: Curves | None
    clusters: tuple[Judged, ...]

    def of_status(self, status: Status) -> tuple[Judged, ...]:
        """The clusters that this came of."""
        return tuple(one for one in self.clusters if one.status is status)

    @property
    def near_answers(self) -> tuple[Judged, ...]:
        """Clusters whose label has a broader term only."""
        return tuple(one for one in self.clusters if one.answer and one.answer.mapping in NEAR_ONLY)

    @property
    def near_experts(self) -> tuple[Judged, ...]:
        """Clusters an accepted label of which has a broader term only."""
        return tuple(one for one in self.clusters if one.expert and NEAR_ONLY & {*one.expert.how})

    @property
    def partly_placed(self) -> tuple[Judged, ...]:
        """Clusters of whose accepted labels only some have a term."""
        return tuple(one for one in self.clusters if one.expert and one.expert.accepted and one.expert.unplaced)
