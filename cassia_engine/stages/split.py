"""Split: the clusters of a marker table, in their order, dealt out into chunks of one task each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError, gather, shown
from cassia_engine.lookup import MOST_COUNTED, genes_offered, read_gene_table, write_table
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.markers.files.samplesheet import refuse_samplesheet
from cassia_engine.records import OFFLINE, Chunk, Cluster, Control, Dataset
from cassia_engine.settings import SplitSettings
from cassia_engine.stagefiles import CellsFile, write_cells, write_chunk
from cassia_engine.stages.controls import LEAST_CLUSTERS, make_controls, supply_of
from cassia_engine.text import counted, have

log = logging.getLogger(__name__)


# Every prompt of a data set shows the genes of all its clusters: with more clusters than this, fewer genes of each.
MOST_CLUSTERS = 60


def into_chunks(
    table: MarkerTable, dataset: Dataset, chunk_size: int, siblings: int = 0, controls: int = 0, lookup_genes: int = 0
) -> Iterator[Chunk]:
    """Deal the clusters out, `chunk_size` a chunk, the last one with the rest.

    With `siblings` each chunk also has that many of the first genes of every cluster of the table; fewer (but one at
    least) if there are more than `MOST_CLUSTERS` clusters, and a warning says so. The first chunk has the controls, of
    which `controls` are random lists; none where the table has too few clusters, which is said. Second annotators may
    ask for `lookup_genes` genes.
    """
    starts = range(0, len(table.clusters), chunk_size)
    first, asked_too = _siblings(table, siblings), _controls(table, controls, dataset.name)
    for index, start in enumerate(starts):
        yield Chunk(
            dataset=dataset,
            selection=table.selection,
            index=index,
            count=len(starts),
            n_clusters=len(table.clusters),
            clusters=table.clusters[start : start + chunk_size],
            siblings=first,
            controls=asked_too if index == 0 else (),
            lookup_genes=lookup_genes,
        )


def _siblings(table: MarkerTable, wanted: int) -> tuple[tuple[str, ...], ...]:
    if not wanted:
        return ()
    n_clusters = len(table.clusters)
    number = max(1, wanted * MOST_CLUSTERS // max(n_clusters, MOST_CLUSTERS))
    if number < wanted:
        log.warning(
            "%s: of %d clusters the first %d genes each are shown instead, so that prompts stay short "
            "(all %d for up to %d clusters)",
            option("siblings", wanted),
            n_clusters,
            number,
            wanted,
            MOST_CLUSTERS,
        )
    return tuple(tuple(cluster.genes[:number]) for cluster in table.clusters)


def _controls(table: MarkerTable, wanted: int, sample: str) -> tuple[Control, ...]:
    found = make_controls(table.clusters, wanted)
    if wanted and not found:
        log.info("%s: no controls are asked about: %s", shown(sample), _why_none(table.clusters))
    return found


def _why_none(clusters: Sequence[Cluster]) -> str:
    """Why there are no controls, and what to do where something can be done."""
    supply = supply_of(clusters)
    if supply.clusters < LEAST_CLUSTERS:
        having = counted(supply.clusters, "cluster")
        return f"{having} {have(supply.clusters)} markers that few others have, and {LEAST_CLUSTERS} are needed"
    return (
        f"it has {counted(supply.genes, 'gene')} that few clusters have, and {supply.needed} are needed, half of "
        f"a usual list; a larger {option('n_genes')} may give more"
    )


def write_chunks(
    markers: Path | Sequence[Path],
    dataset: Dataset,
    settings: SplitSettings,
    outdir: Path,
    check: Callable[[], object] = lambda: None,
    provider: str | None = None,
) -> list[Path]:
    """Read a marker table, or several of a sample, and write chunk files, `chunk_00000.json` and on, into `outdir`.

    Of an AnnData `cells.jsonl` is written there too, which is for the report; and `genes.jsonl`, the statistics of all
    genes, where second annotators can ask for them.

    Args:
        check: what else must be right before anything is written; what it raises is raised with all that is wrong.
        provider: who will annotate, None if that is not known; for the offline annotator there are no controls, and
            no genes to ask for.

    Raises:
        UsageError: the table cannot be used, or `outdir` holds chunks of a larger split, which would be mixed in.
    """
    refuse_samplesheet(markers)
    table, _ = gather(
        lambda: read_markers(markers, settings, dataset.species),
        check,
    )
    of_model = provider != OFFLINE
    lookup_genes = genes_offered(settings.lookup_genes, markers, table) if of_model else 0
    controls = settings.controls if of_model else 0
    chunks = list(into_chunks(table, dataset, settings.chunk_size, settings.siblings, controls, lookup_genes))
    paths = [outdir / f"chunk_{chunk.index:05d}.json" for chunk in chunks]
    for stale in sorted(set(outdir.glob("chunk_[0-9]*.json")) - set(paths)):
        raise UsageError(
            f"a chunk of another split; remove it or choose another {argument('outdir')}",
            path=stale,
            code="chunk-of-other-split",
        )
    cells, genes = outdir / "cells.jsonl", outdir / "genes.jsonl"
    for path, is_written, code in (
        (cells, table.cells, "cells-of-other-split"),
        (genes, lookup_genes, "genes-of-earlier-split"),
    ):
        if path.exists() and not is_written:
            what = f"it has the {path.stem} of another split; remove it or choose another {argument('outdir')}"
            raise UsageError(what, path=path, code=code)
    gene_table = read_gene_table(markers, settings, dataset.species, MOST_COUNTED) if lookup_genes else None
    for path, chunk in zip(paths, chunks, strict=True):
        write_chunk(path, chunk)
    if table.cells:
        sizes = tuple(cluster.n_cells for cluster in table.clusters)
        write_cells(cells, CellsFile(dataset, table.selection, sizes, table.cells))
    if gene_table:
        write_table(genes, dataset, gene_table)
    log.info("%s in %s in %s", counted(len(table.clusters), "cluster"), counted(len(paths), "chunk file"), outdir)
    return paths
