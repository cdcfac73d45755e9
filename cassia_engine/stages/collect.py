"""Merge: the chunk and result files of a sample become one record of all its clusters.

No cluster ever disappears: one whose task left no result stays, as `not_reached`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from cassia_engine.callers import argument
from cassia_engine.errors import TooManyFailedError, UsageError
from cassia_engine.records import (
    NO_RUN,
    OFFLINE,
    Chunk,
    Cluster,
    ClusterResult,
    ControlResult,
    Dataset,
    Merged,
    Outcome,
    RunInfo,
    SampledCells,
    Selection,
    Status,
)
from cassia_engine.settings import AnnotateSettings
from cassia_engine.stagefiles import CellsFile, GenesHead, ResultFile, check_genes, read_part
from cassia_engine.stages.annotate import gene_reader, open_replayer, run_chunk
from cassia_engine.stages.controls import with_partners
from cassia_engine.text import counted, have

log = logging.getLogger(__name__)

NOT_REACHED_REASON = (
    "its annotate task ended without a result, and a warning of the run says why; run again with -resume to annotate it"
)


def merge(
    dataset: Dataset,
    selection: Selection,
    rows: Iterable[tuple[ClusterResult, RunInfo]],
    cells: SampledCells | None = None,
    controls: Sequence[ControlResult] = (),
    n_siblings: int = 0,
    lookup_genes: int = 0,
) -> Merged:
    """Put the results of a sample, each with who annotated it, into the order of the marker table."""
    ordered = sorted(rows, key=lambda row: row[0].cluster.index)
    results, runs = tuple(result for result, _ in ordered), tuple(run for _, run in ordered)
    asked = with_partners(controls, results)
    return Merged(dataset, selection, results, runs, cells, asked, n_siblings, lookup_genes)


def merge_files(paths: Sequence[Path], settings: AnnotateSettings | None = None) -> Merged:
    """Merge the chunk and result files of one sample, given in any order, with its cells file if it has one.

    Args:
        settings: those the chunks were annotated with: what the journal holds of a chunk without a result file is
            taken from there, and nothing is sent.

    Raises:
        UsageError: a file is unreadable, given twice or of another sample; or a chunk has neither file.
    """
    first, chunks, results, cells, genes = _read(paths)
    missing = sorted(set(range(first.count)) - chunks.keys() - results.keys())
    if missing:
        names = ", ".join(str(index) for index in missing[:10])
        raise UsageError(
            f"chunk {names} of {first.count} has neither its chunk nor its result file here", code="chunk-missing"
        )
    of_model = settings is not None and settings.provider != OFFLINE
    if of_model and genes is None and any(one.lookup_genes for one in chunks.values()):
        what = "answers of second annotators that asked for genes are not found in the journal without genes.jsonl"
        log.warning("%s, which cassia split wrote beside the chunks; give it among the files", what)
    rows: list[tuple[ClusterResult, RunInfo]] = []
    controls: list[ControlResult] = []
    for index in range(first.count):
        if (answer := results.get(index)) is not None:
            rows += [(result, answer.run) for result in answer.results]
            controls += answer.controls
        else:
            replayed, of_journal = _from_journal(chunks[index], settings or AnnotateSettings(), genes)
            rows += replayed
            controls += of_journal
    if len({result.cluster.index for result, _ in rows}) != first.n_clusters:
        raise UsageError(
            f"{counted(len(rows), 'cluster')} in the files, {first.n_clusters} in the table; annotate again",
            code="clusters-missing",
        )
    return merge(first.dataset, first.selection, rows, cells, controls, first.n_siblings, first.lookup_genes)


def check(statuses: Sequence[Status], max_failed_clusters: int) -> None:
    """Compare the failed clusters of a whole run with the number allowed.

    Raises:
        TooManyFailedError: there are more; its line counts them and names the first.
    """
    failed = [(status.name, *cluster) for status in statuses for cluster in status.failed]
    if len(failed) <= max_failed_clusters:
        return
    total = sum(sum(status.counts.values()) for status in statuses)
    name, cluster, outcome, reason = failed[0]
    n_failed = len(failed)
    raise TooManyFailedError(
        f"{n_failed} of {counted(total, 'cluster')} {have(n_failed)} no annotation, {max_failed_clusters} allowed by "
        f"{argument('max_failed_clusters')}; all outputs are written. "
        f"The first is cluster {cluster} of {name}, {outcome}: {reason}",
        code="too-many-failed",
    )


def _read(
    paths: Sequence[Path],
) -> tuple[Chunk | ResultFile, dict[int, Chunk], dict[int, ResultFile], SampledCells | None, Path | None]:
    """The first file, for what all have in common; the chunks that have no result file; the result files; the cells;
    the genes file."""
    found: dict[tuple[type, int], Path] = {}
    chunks: dict[int, Chunk] = {}
    results: dict[int, ResultFile] = {}
    cells: list[tuple[Path, CellsFile]] = []
    genes: list[tuple[Path, GenesHead]] = []
    first: Chunk | ResultFile | None = None
    for path in paths:
        part = read_part(path, in_memory=not path.is_file())
        if isinstance(part, CellsFile):
            cells.append((path, part))
            continue
        if isinstance(part, GenesHead):
            genes.append((path, part))
            continue
        first = first or _emptied(part)
        if (part.dataset, part.selection, part.count) != (first.dataset, first.selection, first.count):
            raise _of_other_sample(path, paths[0])
        if (type(part), part.index) in found:
            raise UsageError(
                f"the same chunk as {found[type(part), part.index]}; give each once", path=path, code="chunk-twice"
            )
        found[type(part), part.index] = path
        if isinstance(part, Chunk):
            chunks[part.index] = part
        else:
            results[part.index] = part
        # A chunk that is answered is let go at once: its clusters are in the results too.
        if part.index in chunks and part.index in results:
            _check_clusters(chunks.pop(part.index), results[part.index], found)
    if first is None:
        raise UsageError(
            "no files to collect; give the chunk and result files of one sample", code="nothing-to-collect"
        )
    clusters = [cluster for chunk in chunks.values() for cluster in chunk.clusters]
    clusters += [result.cluster for answer in results.values() for result in answer.results]
    _check_cells(first, next(iter(found.values())), clusters, cells)
    for path, head in genes:
        for chunk in chunks.values():
            check_genes(path, head, chunk)
    if len(genes) > 1:
        what = f"the genes of the sample, as {genes[0][0]}; give one of them"
        raise UsageError(what, path=genes[1][0], code="genes-twice")
    return first, chunks, results, cells[0][1].cells if cells else None, genes[0][0] if genes else None


def _of_other_sample(path: Path, other: Path) -> UsageError:
    return UsageError(f"of another sample or split than {other}; collect one sample", path=path, code="other-sample")


def _check_clusters(chunk: Chunk, answer: ResultFile, found: dict[tuple[type, int], Path]) -> None:
    """Make sure that a result file answers the chunk."""
    if [r.cluster.id for r in answer.results] != [c.id for c in chunk.clusters]:
        where = found[ResultFile, chunk.index]
        raise UsageError(
            f"its clusters are not those of {found[Chunk, chunk.index]}; annotate that chunk again",
            path=where,
            code="chunk-differs",
        )


def _check_cells(
    first: Chunk | ResultFile, first_path: Path, clusters: Sequence[Cluster], cells: Sequence[tuple[Path, CellsFile]]
) -> None:
    """Make sure that there is one cells file at most, and that it is of the same split."""
    for path, part in cells:
        if (part.dataset, part.selection, len(part.sizes)) != (first.dataset, first.selection, first.n_clusters):
            raise _of_other_sample(path, first_path)
        if any(part.sizes[cluster.index] != cluster.n_cells for cluster in clusters):
            raise _of_other_sample(path, first_path)
    if len(cells) > 1:
        what = f"the cells of the sample, as {cells[0][0]}; give one of them"
        raise UsageError(what, path=cells[1][0], code="cells-twice")


def _emptied(part: Chunk | ResultFile) -> Chunk | ResultFile:
    return replace(part, clusters=()) if isinstance(part, Chunk) else replace(part, results=(), controls=())


def _from_journal(
    chunk: Chunk, settings: AnnotateSettings, genes: Path | None
) -> tuple[list[tuple[ClusterResult, RunInfo]], tuple[ControlResult, ...]]:
    """What the journal holds of a chunk whose task left no result, and of its controls; the rest is `not_reached`."""
    replayer = open_replayer(settings, chunk.dataset, gene_reader(genes, chunk))
    if replayer is None:
        return [(ClusterResult.unanswered(cluster, NOT_REACHED_REASON), NO_RUN) for cluster in chunk.clusters], ()
    why = replayer.stopped() or NOT_REACHED_REASON
    found = run_chunk(chunk, replayer)
    reached = any(result.outcome not in (Outcome.NOT_REACHED, Outcome.NO_MARKERS) for result in found.results)
    run = replayer.run_info if reached else NO_RUN
    rows = (
        (ClusterResult.unanswered(r.cluster, why) if r.outcome is Outcome.NOT_REACHED else r) for r in found.results
    )
    return [(result, run) for result in rows], found.controls
