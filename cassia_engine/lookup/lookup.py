"""What the table says of the genes that are asked for, in the cluster in question and in others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec.structs import replace

from cassia_engine.evidence import GeneList, citations
from cassia_engine.knowledge.short_names import continued
from cassia_engine.lookup.gene_table import Row
from cassia_engine.prompts.data_blocks import gene_name, number
from cassia_engine.records import Cluster, FoundRow, LookedUp, Marker

MOST_MISSING = 30  # genes that the table lacks and that are named
MOST_OTHERS = 4  # clusters that are shown for a gene beside the one in question
THIS, ANOTHER = "this", "another"
_LAST = 10**9  # the rank of what is not ranked
_OF_CELLS = ("pct_in", "pct_out", "mean")  # which --hide_fractions keeps back
# Statistics as they are shown, each with its decimals; p values with as many digits as tell something.
_DECIMALS = {"log2fc": 2, "pct_in": 3, "pct_out": 3, "score": 2, "mean": 2}


class GeneSource(Protocol):
    """Where genes are looked up.

    Attributes:
        clusters: the ids in the table's order.
    """

    clusters: tuple[str, ...]

    def gene(self, name: str) -> str:
        """The gene of this name, as it is spelled there; "" if there is none."""
        ...

    def rows(self, gene: str) -> Mapping[str, Row]:
        """The rows of a gene, by cluster."""
        ...


class Lookup:
    """Looks genes up for one cluster, each once.

    Args:
        most: how many genes are looked up at once.
        numbers: by which a model knows the other clusters; None for their places in the table, from 1.
    """

    def __init__(self, table: GeneSource, cluster: str, most: int, numbers: Mapping[str, int] | None = None):
        self._table, self._cluster, self._most = table, cluster, most
        self._numbers = numbers or {name: place for place, name in enumerate(table.clusters, start=1)}
        self._seen: set[str] = set()

    def look_up(self, wanted: Sequence[str]) -> LookedUp:
        """The rows of the first `most` of these that are new; those that the table lacks do not count."""
        asked, left_out = self._new(name for text in wanted for name in self._names(text))
        found = {name: self._table.gene(name) for name in asked}
        genes = list(dict.fromkeys(filter(None, found.values())))
        return LookedUp(
            asked=tuple(asked),
            rows=tuple(row for gene in genes for row in self._rows(gene)),
            elsewhere=tuple(gene for gene in genes if self._cluster not in self._table.rows(gene)),
            missing=tuple(name for name, gene in found.items() if not gene),
            left_out=tuple(left_out),
        )

    def block(self, found: LookedUp, with_fractions: bool) -> dict[str, Any]:
        """The same as data for a model, which is shown numbers in the place of the clusters' names.

        Args:
            with_fractions: also which fraction of cells expresses a gene, and how much.
        """
        shown = (name for name in (*_DECIMALS, "p_val_adj") if with_fractions or name not in _OF_CELLS)
        columns = [name for name in shown if any(getattr(row, name) is not None for row in found.rows)]
        return {
            "columns": ["gene", "cluster", "rank", *columns],
            "rows": [
                [gene_name(row.gene), self._number(row.cluster), row.rank, *(_shown(row, name) for name in columns)]
                for row in found.rows
            ],
            "no_row_for_this_cluster": list(map(gene_name, found.elsewhere)),
            "not_in_the_table": list(map(gene_name, found.missing)),
        }

    def number(self, cluster: str) -> int:
        """The number by which a model knows a cluster."""
        return self._numbers[cluster]

    def _number(self, cluster: str) -> int | str:
        return THIS if cluster == self._cluster else self._numbers.get(cluster, ANOTHER)

    def _names(self, text: str) -> tuple[str, ...]:
        """The genes of a text: itself, if the table has it, else without markup and remarks, short forms in full."""
        if self._table.gene(text):
            return (text,)
        names: list[str] = []
        for name in citations.read(text).names:
            known = bool(self._table.gene(name)) or not names
            forms = () if known else (form for form in continued(names[-1], name) if self._table.gene(form))
            names.append(next(iter(forms), name))
        return tuple(names) or (text,)

    def _new(self, wanted: Iterable[str]) -> tuple[list[str], list[str]]:
        asked: list[str] = []
        left_out: list[str] = []
        n_there = n_missing = 0
        for name in dict.fromkeys(wanted):
            gene = self._table.gene(name)
            room = n_there < self._most if gene else n_missing < MOST_MISSING
            new = (key := gene or name.casefold()) not in self._seen and room
            (asked if new else left_out).append(name)
            if new:
                self._seen.add(key)
                n_there += bool(gene)
                n_missing += not gene
        return asked, left_out

    def _rows(self, gene: str) -> list[FoundRow]:
        rows = dict(self._table.rows(gene))
        own = rows.pop(self._cluster, None)
        highest = sorted(rows.items(), key=lambda item: _height(item[1]))[:MOST_OTHERS]
        return [_found(gene, name, row) for name, row in ([(self._cluster, own)] if own else []) + highest]


def gene_list(cluster: Cluster, rows: Iterable[FoundRow]) -> GeneList:
    """The cluster's genes, and behind them what was looked up in it: both may be cited, for or against."""
    listed = set(cluster.genes)
    found = [
        Marker(row.gene, row.log2fc, row.p_val_adj, row.pct_in, row.pct_out, row.score, row.mean)
        for row in rows
        if row.cluster == cluster.id and row.gene not in listed
    ]
    return GeneList(replace(cluster, markers=(*cluster.markers, *found)), len(found))


def _height(row: Row) -> tuple[float, int, float]:
    """Where a gene stands in a cluster, the highest first: by fold change or score, rank, cells that have it."""
    marker = row.marker
    value = marker.log2fc if marker.log2fc is not None else marker.score
    return -(value or 0.0), row.rank or _LAST, -(marker.pct_in or 0.0)


def _found(gene: str, cluster: str, row: Row) -> FoundRow:
    m = row.marker
    return FoundRow(gene, cluster, row.rank, m.log2fc, m.pct_in, m.pct_out, m.p_val_adj, m.score, m.mean)


def _shown(row: FoundRow, name: str) -> float | None:
    value = getattr(row, name)
    if name == "p_val_adj":
        return None if value is None else float(f"{value:.2g}")
    return number(value, _DECIMALS[name])
