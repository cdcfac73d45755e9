"""Genes that rule a cell type out: a type and all kinds of it do not express them (data/rule_out_markers.tsv).

Genes that droplets share are exempt: those that float in most samples are not in the table, and where a table of
markers has fractions, a gene counts only if the cluster's own cells express it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from cassia_engine import package_data
from cassia_engine.knowledge.genes import spellings
from cassia_engine.ontology import Ontology
from cassia_engine.records import TOP_GENES, Cluster, Marker

# Genes of the table that have another name in mouse, by the orthologs; to read all of these takes 14 MB.
NAMES_IN_MOUSE: Mapping[str, tuple[str, ...]] = {"FCN1": ("FCNB",), "TPSAB1": ("TPSB2",)}
LEAST_CELLS = 0.25  # of the cluster's cells, or the gene may come from what floats around them


@dataclass(frozen=True, slots=True)
class RuledOutBy:
    """A gene of the list that rules a type out.

    Attributes:
        gene: as the list spells it.
        rank: its place in the list, from 1.
        cell_type: the type of the table that the answer is, or is a kind of.
    """

    gene: str
    rank: int
    cell_type: str

    def __str__(self) -> str:
        return f"{self.gene} (rank {self.rank}) is not expected in {self.cell_type}"


def excluding_genes(cl_id: str, cluster: Cluster, exempt: Collection[str] = ()) -> tuple[RuledOutBy, ...]:
    """The genes among a cluster's first 20 that rule a cell type out, in the list's order.

    Args:
        cl_id: the type's Cell Ontology id; for "" nothing is known.
        exempt: genes as the list spells them that another type of a mixture explains.
    """
    rules = _rules_of(cl_id)
    return tuple(
        RuledOutBy(marker.gene, rank, rules[symbol])
        for rank, marker in enumerate(cluster.markers[:TOP_GENES] if rules else (), start=1)
        if marker.gene not in exempt and not _may_be_ambient(marker)
        if (symbol := next((s for s in spellings(marker.gene) if s in rules), ""))
    )


def has_rules(cl_id: str) -> bool:
    """Whether genes are known that rule a type out."""
    return bool(_rules_of(cl_id))


def _may_be_ambient(marker: Marker) -> bool:
    """Few of the cluster's cells express it, or as many of the others do."""
    inside, outside = marker.pct_in, marker.pct_out
    return inside is not None and (inside < LEAST_CELLS or (outside is not None and outside >= inside))


@cache
def _rules_of(cl_id: str) -> Mapping[str, str]:
    """Upper-case symbol of human or mouse -> the type that it rules out: this one, or the nearest above it."""
    steps = Ontology.load().steps_up(cl_id) if cl_id else {}
    found: dict[str, str] = {}
    for _, label, symbols in sorted((row for row in _table() if row[0] in steps), key=lambda row: steps[row[0]]):
        for symbol in symbols:
            found.setdefault(symbol, label)
    return found


@cache
def _table() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    rows = package_data.rows("rule_out_markers.tsv")
    return tuple((cl_id, label, tuple(_symbols(genes.split()))) for cl_id, label, genes, _ in rows)


def _symbols(genes: Collection[str]) -> Iterator[str]:
    for gene in genes:
        yield from (gene.upper(), *NAMES_IN_MOUSE.get(gene.upper(), ()))
