"""Merge: the chunk and result files of a sample become one record of all its clusters.

No cluster ever disappears: one whose task left no result stays, as `not_reached`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cassia_engine.annotate import open_replayer, run_chunk
from cassia_engine.errors import TooManyFailedError, UsageError
from cassia_engine.faces import argument
from cassia_engine.records import Chunk, Cluster, ClusterResult, Dataset, Outcome, RunInfo, Selection, Usage
from cassia_engine.settings import AnnotateSettings
from cassia_engine.stagefiles import ResultFile, Status, read_chunk_or_result

if TYPE_CHECKING:
    from cassia_engine.corrections import Corrections

NOT_REACHED_REASON = (
    "its annotate task ended without a result, and a warning of the run says why; run again with -resume to annotate it"
)
NO_RUN = RunInfo(provider="", model="", engine_version="", notice="No annotate task left a result.")


@dataclass(frozen=True, slots=True)
class Merged:
    """All clusters of a sample in their order of appearance.

    `runs[i]` says who annotated `results[i]`; `run` speaks for the sample as a whole.
    """

    dataset: Dataset
    selection: Selection
    results: tuple[ClusterResult, ...]
    runs: tuple[RunInfo, ...]

    def renamed(self, name: str) -> Merged:
        """The same under another sample name."""
        return replace(self, dataset=replace(self.dataset, name=name).checked())

    def corrected(self, corrections: Corrections) -> Merged:
        """The same with what a person says of its clusters.

        Raises:
            UsageError: a correction is for a cluster that is not there.
        """
        from cassia_engine.corrections import corrected  # it reads tables, which is much to load

        return replace(self, results=corrected(self.results, corrections))

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
        """What all clusters cost together; a part that is unknown makes the whole unknown."""
        return sum((result.usage for result in self.results), start=Usage())

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
            provider=run.provider,
            model=run.model,
            warnings=self.selection.warnings,
            notice=run.notice,
            run_warnings=run.warnings,
        )


def merge(dataset: Dataset, selection: Selection, rows: Iterable[tuple[ClusterResult, RunInfo]]) -> Merged:
    """Put the results of a sample, each with who annotated it, into the order of the marker table."""
    ordered = sorted(rows, key=lambda row: row[0].cluster.index)
    return Merged(dataset, selection, tuple(r for r, _ in ordered), tuple(run for _, run in ordered))


def merge_files(paths: Sequence[Path], settings: AnnotateSettings | None = None) -> Merged:
    """Merge the chunk and result files of one sample, given in any order.

    Args:
        settings: those the chunks were annotated with: what the journal holds of a chunk without a result file is
            taken from there, and nothing is sent.

    Raises:
        UsageError: a file is unreadable, given twice or of another sample; or a chunk has neither file.
    """
    first, chunks, results = _read(paths)
    missing = sorted(set(range(first.count)) - chunks.keys() - results.keys())
    if missing:
        names = ", ".join(str(index) for index in missing[:10])
        raise UsageError(f"chunk {names} of {first.count} has neither its chunk nor its result file here")
    rows: list[tuple[ClusterResult, RunInfo]] = []
    for index in range(first.count):
        if (answer := results.get(index)) is not None:
            rows += [(result, answer.run) for result in answer.results]
        else:
            rows += _from_journal(chunks[index], settings or AnnotateSettings())
    if len({result.cluster.index for result, _ in rows}) != first.n_clusters:
        raise UsageError(f"{len(rows)} clusters in the files, {first.n_clusters} in the table; annotate again")
    return merge(first.dataset, first.selection, rows)


def check(statuses: Sequence[Status], max_failed_clusters: int) -> None:
    """Hold the failed clusters of a whole run against the number allowed.

    Raises:
        TooManyFailedError: there are more; its line counts them and names the first.
    """
    failed = [(status.name, *cluster) for status in statuses for cluster in status.failed]
    if len(failed) <= max_failed_clusters:
        return
    total = sum(sum(status.counts.values()) for status in statuses)
    name, cluster, outcome, reason = failed[0]
    raise TooManyFailedError(
        f"{len(failed)} of {total} clusters have no annotation, {max_failed_clusters} allowed by "
        f"{argument('max_failed_clusters')}; all outputs are written. "
        f"The first is cluster {cluster} of {name}, {outcome}: {reason}"
    )


def _read(paths: Sequence[Path]) -> tuple[Chunk | ResultFile, dict[int, Chunk], dict[int, ResultFile]]:
    """The first file, for what all have in common; the chunks that have no result file; and the result files."""
    found: dict[tuple[type, int], Path] = {}
    chunks: dict[int, Chunk] = {}
    results: dict[int, ResultFile] = {}
    first: Chunk | ResultFile | None = None
    for path in paths:
        part = read_chunk_or_result(path)
        first = first or _emptied(part)
        if (part.dataset, part.selection, part.count) != (first.dataset, first.selection, first.count):
            raise UsageError(f"of another sample or split than {paths[0]}; collect one sample", path=path)
        if (type(part), part.index) in found:
            raise UsageError(f"the same chunk as {found[type(part), part.index]}; give each once", path=path)
        found[type(part), part.index] = path
        if isinstance(part, Chunk):
            chunks[part.index] = part
        else:
            results[part.index] = part
        # A chunk that is answered is let go at once: its clusters are in the results too.
        if part.index in chunks and part.index in results:
            chunk, answer = chunks.pop(part.index), results[part.index]
            if [r.cluster.id for r in answer.results] != [c.id for c in chunk.clusters]:
                where = found[ResultFile, part.index]
                raise UsageError(
                    f"its clusters are not those of {found[Chunk, part.index]}; annotate that chunk again", path=where
                )
    if first is None:
        raise UsageError("no files to collect; give the chunk and result files of one sample")
    return first, chunks, results


def _emptied(part: Chunk | ResultFile) -> Chunk | ResultFile:
    return replace(part, clusters=()) if isinstance(part, Chunk) else replace(part, results=())


def _from_journal(chunk: Chunk, settings: AnnotateSettings) -> list[tuple[ClusterResult, RunInfo]]:
    """What the journal holds of a chunk whose task left no result; the rest is `not_reached`."""
    replayer = open_replayer(settings, chunk.dataset)
    if replayer is None:
        return [(_unanswered(cluster, NOT_REACHED_REASON), NO_RUN) for cluster in chunk.clusters]
    refused = replayer.refused()
    why = f"{refused}; when that is corrected, run again with -resume" if refused else NOT_REACHED_REASON
    results = run_chunk(chunk, replayer).results
    reached = any(result.outcome not in (Outcome.NOT_REACHED, Outcome.NO_MARKERS) for result in results)
    run = replayer.run_info if reached else NO_RUN
    return [(_unanswered(r.cluster, why) if r.outcome is Outcome.NOT_REACHED else r, run) for r in results]


def _unanswered(cluster: Cluster, why: str) -> ClusterResult:
    if not cluster.markers:
        return ClusterResult(cluster, Outcome.NO_MARKERS, cluster.no_markers_reason)
    return ClusterResult(cluster, Outcome.NOT_REACHED, why)
