"""The genes that second annotators ask for, looked up in a table that is read when the first of them asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from cassia_engine.lookup import GeneSource, Lookup
from cassia_engine.records import Cluster

# Reads the table; a second's work and more.
GeneReader = Callable[[], GeneSource]


class Genes:
    """Makes lookups.

    Args:
        read: reads the table.
        siblings: the first genes of its clusters, as models are shown them.
        most: how many genes are looked up for a cluster.
    """

    def __init__(self, read: GeneReader, siblings: Sequence[Sequence[str]], most: int):
        self._read, self._siblings, self._most = read, siblings, most
        self._reading = asyncio.Lock()
        self._source: GeneSource | None = None

    async def lookup(self, cluster: Cluster) -> Lookup:
        """That of a cluster; the table is read in a thread, while other clusters are asked about.

        Raises:
            UsageError: the table cannot be read.
        """
        async with self._reading:
            if self._source is None:
                self._source = await asyncio.to_thread(self._read)
        return Lookup(self._source, cluster.id, self._most, self._numbers(self._source))

    def _numbers(self, source: GeneSource) -> Mapping[str, int] | None:
        """The numbers of clusters where models are shown their first genes: those without genes are not among them."""
        if not self._siblings:
            return None
        shown = (name for name, genes in zip(source.clusters, self._siblings, strict=True) if genes)
        return {name: number for number, name in enumerate(shown, start=1)}
