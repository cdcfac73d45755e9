"""The statistics of all genes in all clusters, as the marker table has them: no filter, and what cells say besides."""

from __future__ import annotations

import logging
import math
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cassia_engine.evidence.genes import spelled
from cassia_engine.lookup.cell_values import CellValues, TooManyError, read_cell_values
from cassia_engine.records import Cluster, Marker
from cassia_engine.settings import SplitSettings

if TYPE_CHECKING:
    from cassia_engine.markers import Table

log = logging.getLogger(__name__)

_NO_FILTER: Mapping[str, Any] = {"n_genes": 10**9, "gene_filter": "none", "siblings": 0}
# Values of cells that are held for lookups, one for each gene and cluster: of more the ranked genes alone are known.
MOST_COUNTED = 2_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """A gene in a cluster.

    Attributes:
        rank: its place in the cluster's whole ranking, from 1; None for one that is not ranked, of which cells tell.
    """

    rank: int | None
    marker: Marker


class GeneTable:
    """All rows of a table.

    Args:
        cells: tells of genes that are not ranked in a cluster; None for a table.

    Attributes:
        clusters: the ids in the table's order.
        genes: those that have rows.
    """

    def __init__(self, clusters: Sequence[Cluster], cells: CellValues | None = None):
        self.clusters = tuple(cluster.id for cluster in clusters)
        # Pairs and no `Row`s, which take three times as long to make, and of which few are asked for.
        self._rows: dict[str, dict[str, tuple[int, Marker]]] = defaultdict(dict)
        for cluster in clusters:
            id_, rows = cluster.id, self._rows
            for rank, marker in enumerate(cluster.markers, start=1):
                rows[marker.gene][id_] = rank, marker
        self._cells = cells
        self.genes = tuple(dict.fromkeys((*self._rows, *(cells.genes if cells else ()))))
        self._known, self._named = frozenset(self.genes), spelled(self.genes)

    def gene(self, name: str) -> str:
        """The table's gene of this name: as it is written, else in any case or under an old symbol; "" if none."""
        return name if name in self._known else self._named(name)

    def rows(self, gene: str) -> Mapping[str, Row]:
        """The rows of a gene, by cluster; what the table lacks is that of the cells, where they are known."""
        ranked = {name: Row(*found) for name, found in self._rows.get(gene, {}).items()}
        told = self._cells.of(gene) if self._cells and len(ranked) < len(self.clusters) else {}
        others = {name: Row(None, told[name]) for name in self.clusters if name in told and name not in ranked}
        return {**ranked, **others}


def read_gene_table(
    table: Table | Sequence[Any], settings: SplitSettings, species: str, most_counted: float = math.inf
) -> GeneTable:
    """Read a table whose markers were chosen already, once more and as a whole; what is odd about it was said then.

    Args:
        most_counted: of more genes and clusters together the cells of an AnnData are left out, which is said.

    Raises:
        UsageError: it cannot be read any more.
    """
    from cassia_engine.markers import read_markers  # it loads DuckDB, which a task that asks a model seldom needs

    with _unsaid():
        clusters = read_markers(table, replace(settings, **_NO_FILTER), species, every_row=True).clusters
        try:
            cells, many = read_cell_values(table, settings, most_counted), None
        except TooManyError as error:
            cells, many = None, error
    if many:
        log.info(
            "second annotators can ask for ranked genes only: %s genes in %d clusters are too many to count",
            f"{many.n_genes:,}",
            many.n_clusters,
        )
    return GeneTable(clusters, cells)


@contextmanager
def _unsaid() -> Iterator[None]:
    """Within it this thread logs no remarks on tables, which were made before; others have calls to tell of."""
    reader = threading.get_ident()

    def is_said(record: logging.LogRecord) -> bool:
        return record.thread != reader or record.levelno >= logging.ERROR

    handlers = [*logging.getLogger("cassia_engine").handlers, *logging.getLogger().handlers]
    for handler in handlers:
        handler.addFilter(is_said)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(is_said)
