"""The genes that second annotators ask for, looked up in a table that is read when the first of them asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from cassia_engine.errors import UsageError
from cassia_engine.lookup import GeneSource, Lookup
from cassia_engine.records import Chunk, Cluster
from cassia_engine.stagefiles import are_of

# Reads the table; a second's work and more.
GeneReader = Callable[[], GeneSource]


class Genes:
    """Makes lookups.

    Args:
        read: reads the table.
        chunk: of which clusters are, with the first genes of all as models are shown them.
    """

    def __init__(self, read: GeneReader, chunk: Chunk):
        self._read, self._chunk = read, chunk
        self._reading = asyncio.Lock()
        self._source: GeneSource | None = None

    async def lookup(self, cluster: Cluster) -> Lookup:
        """That of a cluster; the table is read in a thread, while other clusters are asked about.

        Raises:
            UsageError: the table cannot be read.
        """
        async with self._reading:
            if self._source is None:
                self._source = _checked(await asyncio.to_thread(self._read), self._chunk)
        numbers = numbers_of(self._source.clusters, self._chunk.siblings)
        return Lookup(self._source, cluster.id, self._chunk.lookup_genes, numbers)


def numbers_of(clusters: Sequence[str], siblings: Sequence[Sequence[str]]) -> Mapping[str, int]:
    """The numbers by which models know clusters: their places in the table, from 1; where models are shown the first
    genes of all, those without genes do not count.
    """
    shown = (name for name, genes in zip(clusters, siblings, strict=True) if genes) if siblings else clusters
    return {name: number for number, name in enumerate(shown, start=1)}


def _checked(source: GeneSource, chunk: Chunk) -> GeneSource:
    """The source, if it has the clusters of the chunk in their places: the table may have been changed meanwhile."""
    if not are_of(chunk, source.clusters):
        what = "the marker table was changed while its clusters were annotated, and has other clusters now; run again"
        raise UsageError(what, code="table-changed-meanwhile")
    return source
