"""What a tool says of each cluster, whichever tool it is."""

from __future__ import annotations

from cassia_engine.evaluation.grading import Grade
from cassia_engine.evaluation.words import names_type
from cassia_engine.records.record import Record


class Prediction(Record, frozen=True):
    """A tool's answer for a cluster.

    Attributes:
        labels: the answer, then what is said more generally of the same cluster, for where the ontology has no place
            for the answer itself; texts that name no cell type are among them.
        term: the Cell Ontology's id that the tool itself gives; "" for none.
        score: higher is surer; None for none.
        n_cells: of how many cells this is the most frequent label; None for a table of clusters.
    """

    cluster: str
    labels: tuple[str, ...]
    term: str = ""
    score: float | None = None
    dataset: str = ""
    n_cells: int | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """The labels that name a cell type; none where the tool abstains."""
        return tuple(filter(names_type, self.labels))

    @property
    def label(self) -> str:
        """The label that it is shown by."""
        return (self.named or self.labels or ("",))[0]


class Predictions(Record, frozen=True):
    """A tool's answers.

    Attributes:
        place: what messages call the table.
        format: the tool, or "table".
        score_name: of the scores; "" where there are none.
        score_max: the score that stands for certainty, where it is a probability or a part of 100; None where scores
            only have an order.
        score_of: what the score is of being right by: most tools' of their very label.
    """

    name: str
    place: str
    format: str
    clusters: tuple[Prediction, ...]
    score_name: str = ""
    score_max: float | None = None
    score_of: Grade = Grade.EXACT
