"""Genes that split has written to a file, as a source of lookups, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from cassia_engine.evidence.genes import spelled
from cassia_engine.lookup.gene_table import GeneTable, Row
from cassia_engine.records import Dataset, Marker
from cassia_engine.stagefiles import GeneRow, StoredGenes, write_genes


class StoredTable:
    """The rows of a genes file, as `GeneSource`."""

    def __init__(self, stored: StoredGenes):
        self.clusters = stored.head.clusters
        self._stored, self._known, self._named = stored, frozenset(stored.names), spelled(stored.names)

    def gene(self, name: str) -> str:
        """The file's gene of this name: as it is written, else in any case or under an old symbol; "" if none."""
        return name if name in self._known else self._named(name)

    def rows(self, gene: str) -> Mapping[str, Row]:
        """The rows of a gene, by cluster."""
        return {self.clusters[row.cluster]: _row(gene, row) for row in self._stored.rows(gene)}


def write_table(path: Path, dataset: Dataset, table: GeneTable) -> None:
    """Write the rows of a table as a genes file."""
    places = {name: place for place, name in enumerate(table.clusters)}
    genes = ((gene, _stored(table.rows(gene), places)) for gene in table.genes)
    write_genes(path, dataset, table.clusters, genes, len(table.genes))


def _row(gene: str, row: GeneRow) -> Row:
    marker = Marker(gene, row.log2fc, row.p_val_adj, row.pct_in, row.pct_out, row.score, row.mean)
    return Row(row.rank, marker)


def _stored(rows: Mapping[str, Row], places: Mapping[str, int]) -> Iterator[GeneRow]:
    for name, row in rows.items():
        m = row.marker
        yield GeneRow(places[name], row.rank, m.log2fc, m.p_val_adj, m.pct_in, m.pct_out, m.score, m.mean)
