"""Tables with one row per gene and columns of statistics for each cluster, as Cell Ranger and Loupe write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cassia_engine.errors import shown
from cassia_engine.markers.columns.formats import ROW_NAMES
from cassia_engine.markers.columns.gene_columns import Kind, kind_of
from cassia_engine.markers.columns.wide_labels import per_gene
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS
from cassia_engine.markers.files.source import MISSING, Problems, Source, rows

_OTHER_TESTS = ("t_qval", "fisher_qval")  # that pegasus writes beside those of its first test
_LOUPE = "featurename"  # Loupe adjusts its p values and calls them P-Value
# Columns of ids, where a gene has no name.
_IDS = ("feature id", "featureid", "feature_id", "gene id", "geneid", "gene_id", "ensembl_id", "featurekey", "id")


@dataclass(frozen=True, slots=True)
class PerGene:
    """The columns of such a table.

    Attributes:
        genes: positions of the columns that name a gene, the best first.
        clusters: each cluster's statistics with their positions, in the table's order.
        adjusted: its p values are adjusted, also where their columns do not say so.
    """

    genes: Sequence[int]
    clusters: Mapping[str, Mapping[str, int]]
    adjusted: bool = False

    @property
    def statistics(self) -> Sequence[str]:
        """What every cluster has."""
        first, *rest = self.clusters.values()
        return [name for name in first if all(name in other for other in rest)]


def find_per_gene(source: Source) -> PerGene | None:
    """The columns of a table with one row per gene and fold changes for each cluster; None for any other."""
    names = [name.strip().lower() for name in source.header]
    if set(names) & set(CLUSTER_HEADERS):
        return None
    genes = [n for known in (GENE_HEADERS, _IDS) for n, name in enumerate(names) if name in known]
    if not genes and source.header[0] in ROW_NAMES and _kind(source, 0) is Kind.NAMES:
        genes = [0]
    others = [n for n in range(len(names)) if n not in genes and not (n == 0 and source.header[0] in ROW_NAMES)]
    if not genes or len(others) < 2 or any(_kind(source, n) not in (Kind.NUMBERS, Kind.EMPTY) for n in others):
        return None
    labels = per_gene([source.header[n] for n in others])
    clusters: dict[str, dict[str, int]] = {}
    for position, label in zip(others, labels or (), strict=bool(labels)):
        if label.key and label.key in clusters.get(label.cluster, {}):
            if source.header[position].lower().endswith(_OTHER_TESTS):
                continue
            what = f"cluster {shown(label.cluster)} has two columns of one statistic ({shown(source.header[position])})"
            raise source.error(f"{what}; give each cluster a name of its own", 0, code="cluster-statistic-twice")
        clusters.setdefault(label.cluster, {}).setdefault(label.key, position)
    found = PerGene(genes, clusters, _LOUPE in names) if clusters else None
    return found if found and "log2fc" in found.statistics else None


def rows_of(source: Source, table: PerGene, problems: Problems) -> Iterator[tuple[int, str, str, dict[str, str]]]:
    """Line, cluster, gene and cells of statistics, of each gene for each cluster."""
    for line, row in rows(source, problems):
        gene = next((row[n] for n in table.genes if row[n].strip() not in MISSING), "")
        if not gene:
            problems.add(
                "without a gene",
                "nothing in the columns of genes; name the gene or remove the row",
                line,
                code="gene-missing",
            )
            continue
        for cluster, positions in table.clusters.items():
            yield line, cluster, gene, {name: row[positions[name]] for name in table.statistics if name}


def _kind(source: Source, position: int) -> Kind:
    return kind_of([row[position] for row in source.sample if position < len(row)])
