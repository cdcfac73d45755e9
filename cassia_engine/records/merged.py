"""A sample: all of its clusters with what became of them, whoever annotated which."""

from __future__ import annotations

from collections import Counter

from msgspec.structs import replace

from cassia_engine.records.cells import SampledCells
from cassia_engine.records.clusters import Dataset, Selection
from cassia_engine.records.controls import ControlCounts, ControlResult
from cassia_engine.records.conversations import Usage
from cassia_engine.records.outcomes import Outcome
from cassia_engine.records.record import Record
from cassia_engine.records.results import ClusterResult
from cassia_engine.records.run_info import RunInfo
from cassia_engine.records.status import MOST_GENES, Status, StatusCluster

NO_RUN = RunInfo(provider="", model="", engine_version="", notice="No annotate task left a result.")


class Merged(Record, frozen=True):
    """All clusters of a sample in their order of appearance.

    `runs[i]` says who annotated `results[i]`; `run` speaks for the sample as a whole. `cells` are there where
    the markers are out of an AnnData. `controls` are no clusters, and no table has them. `n_siblings` is how many of
    the first genes of other clusters models were shown, `lookup_genes` how many genes second annotators could ask for.
    """

    dataset: Dataset
    selection: Selection
    results: tuple[ClusterResult, ...]
    runs: tuple[RunInfo, ...]
    cells: SampledCells | None = None
    controls: tuple[ControlResult, ...] = ()
    n_siblings: int = 0
    lookup_genes: int = 0

    def renamed(self, name: str) -> Merged:
        """The same under another sample name."""
        return replace(self, dataset=replace(self.dataset, name=name).checked())

    @property
    def run(self) -> RunInfo:
        known = [run for run in dict.fromkeys(self.runs) if run is not NO_RUN]
        if len(known) < 2:
            return known[0].over(result.outcome for result in self.results) if known else NO_RUN
        others = ", ".join(f"{run.provider} {run.model} of cassia {run.engine_version}" for run in known)
        mixed = f"the clusters were annotated by {len(known)} different runs ({others}); the tables say which by which"
        speaker = known[0].over(result.outcome for result in self.results)
        return replace(speaker, warnings=(*speaker.warnings, mixed), mixed=mixed)

    @property
    def outcome_words(self) -> str:
        """What came out, in words: "9 annotated (1 of them unresolved), 1 no_markers; 2 labels are a person's"."""
        unresolved = sum(r.outcome is Outcome.ANNOTATED and not r.has_cell_type for r in self.results)
        note = f" ({unresolved} of them unresolved)" if unresolved else ""
        counts = self.status.counts.items()
        words = ", ".join(f"{n} {outcome}{note if outcome == Outcome.ANNOTATED else ''}" for outcome, n in counts)
        named = sum(r.named_by_person is not None for r in self.results)
        return words + (f"; {named} label{' is' if named == 1 else 's are'} a person's" if named else "")

    @property
    def usage(self) -> Usage:
        """What all clusters and controls cost together; a part that is unknown makes the whole unknown."""
        asked = (*self.results, *(control.result for control in self.controls))
        return sum((result.usage for result in asked), start=Usage())

    @property
    def status(self) -> Status:
        counts = Counter(result.outcome for result in self.results)
        usage, run = self.usage, self.run
        return Status(
            name=self.dataset.name,
            counts={outcome.value: counts[outcome] for outcome in Outcome if outcome in counts},
            failed=tuple((r.cluster.id, r.outcome.value, r.reason) for r in self.results if r.failed),
            typed=sum(r.has_cell_type for r in self.results),
            calls=usage.calls,
            cost_usd=usage.cost_usd,
            tokens=usage.tokens,
            provider=run.provider,
            model=run.model,
            warnings=self.selection.warnings,
            notice=run.notice,
            run_warnings=run.warnings,
            species=self.dataset.species,
            clusters=tuple(map(_compared, self.results)),
            controls=ControlCounts.of(self.controls),
        )


def _compared(result: ClusterResult) -> StatusCluster:
    named, standing = result.named_by_person, result.standing
    cl_id = named.cl_id if named else result.annotation.cl_id if result.annotation else ""
    return StatusCluster(
        id=result.cluster.id,
        label=result.label if result.has_cell_type else "",
        cl_id=cl_id if result.has_cell_type else "",
        confidence=standing.confidence.value if standing and result.has_cell_type else "",
        n_cells=result.cluster.n_cells,
        genes=tuple(result.cluster.genes[:MOST_GENES]),
    )
