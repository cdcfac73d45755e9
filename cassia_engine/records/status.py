"""How a sample ended, in numbers and one-line texts: what is handed on to the page of all samples and to the check."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import field

from cassia_engine.records.controls import ControlCounts
from cassia_engine.records.record import Number, Record

# Of a cluster's markers, those that are compared between samples.
MOST_GENES = 20


class StatusCluster(Record, frozen=True, omit_defaults=True, forbid_unknown_fields=False):
    """A cluster of a sample, as far as it is compared with those of other samples.

    Attributes:
        label: its cell type, by whomever; "" where it has none.
        cl_id: the Cell Ontology term of that, "" where none is placed.
        confidence: that of the answer; "" where a person's label has replaced it, or there is none.
        n_cells: how many cells it has; None for a table.
        genes: its first markers, at most MOST_GENES.
    """

    id: str
    label: str = ""
    cl_id: str = ""
    confidence: str = ""
    n_cells: int | None = None
    genes: tuple[str, ...] = ()


class Status(Record, frozen=True, forbid_unknown_fields=False):
    """How a sample ended.

    Attributes:
        counts: clusters by outcome.
        failed: the failed clusters as (id, outcome, reason).
        typed: clusters with a cell type.
        parts: clusters by part of the outcome bar, which the report draws (`report.parts`).
        review: the clusters that need review as (id, worst reason in a few words), worst first (`report.review`).
        summary: one line for the end of a run, of cell types and of what needs review (`report.summary`).
        warnings: what a person must know of the sample as a whole (`Selection.warnings`, and of controls
            `report.control_warnings`), a sentence each.
        calls, cost_usd, tokens: what all clusters and controls cost together, tokens of prompts and replies; None is
            unknown.
        provider, model: who was asked.
        notice, run_warnings: what must be said of who annotated, and what they did not understand (`RunInfo`).
        species: as given.
        clusters: all of them, in the marker table's order.
        controls: what was answered of the lists that are no clusters.
    """

    name: str
    counts: Mapping[str, int]
    failed: tuple[tuple[str, str, str], ...]
    typed: int = 0
    parts: Mapping[str, int] = field(default_factory=dict)
    review: tuple[tuple[str, str], ...] = ()
    summary: str = ""
    warnings: tuple[str, ...] = ()
    calls: int = 0
    cost_usd: Number | None = 0.0
    tokens: int | None = 0
    provider: str = ""
    model: str = ""
    notice: str = ""
    run_warnings: tuple[str, ...] = ()
    species: str = ""
    clusters: tuple[StatusCluster, ...] = ()
    controls: ControlCounts = ControlCounts()

    @property
    def total(self) -> int:
        """Clusters of the sample."""
        return sum(self.counts.values())

    @property
    def n_warnings(self) -> int:
        """Warnings on the sample as a whole, and on what the annotator did not understand."""
        return len(self.warnings) + len(self.run_warnings)

    @property
    def look(self) -> int:
        """Clusters that need review: all but the clear ones and those that a person named."""
        return sum(self.parts.values()) - self.parts.get("clear", 0) - self.by_person

    @property
    def by_person(self) -> int:
        """Clusters that a person named."""
        return self.parts.get("person", 0)
