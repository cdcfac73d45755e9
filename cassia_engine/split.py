"""Split: the clusters of a marker table, in their order, dealt out into chunks of one task each."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from cassia_engine.errors import UsageError
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.records import Chunk, Dataset
from cassia_engine.settings import SplitSettings
from cassia_engine.stagefiles import write_chunk

log = logging.getLogger(__name__)


def into_chunks(table: MarkerTable, dataset: Dataset, chunk_size: int) -> Iterator[Chunk]:
    """Deal the clusters out, `chunk_size` a chunk, the last one with the rest."""
    starts = range(0, len(table.clusters), chunk_size)
    for index, start in enumerate(starts):
        yield Chunk(
            dataset=dataset,
            selection=table.selection,
            index=index,
            count=len(starts),
            n_clusters=len(table.clusters),
            clusters=table.clusters[start : start + chunk_size],
        )


def write_chunks(markers: Path, dataset: Dataset, settings: SplitSettings, outdir: Path) -> list[Path]:
    """Read a marker table and write its chunk files, `chunk_00000.json` and on, into `outdir`.

    Raises:
        UsageError: the table cannot be used, or `outdir` holds chunks of a larger split, which would be mixed in.
    """
    table = read_markers(markers, settings)
    chunks = list(into_chunks(table, dataset, settings.chunk_size))
    paths = [outdir / f"chunk_{chunk.index:05d}.json" for chunk in chunks]
    for stale in sorted(set(outdir.glob("chunk_[0-9]*.json")) - set(paths)):
        raise UsageError("a chunk of another split; remove it or choose another --outdir", path=stale)
    for path, chunk in zip(paths, chunks, strict=True):
        write_chunk(path, chunk)
    log.info("%d clusters in %d chunk files in %s", len(table.clusters), len(paths), outdir)
    return paths
