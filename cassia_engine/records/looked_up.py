"""Genes that a language model asked for, and what the table says of them."""

from __future__ import annotations

from collections.abc import Sequence

from cassia_engine.records.record import Number, Record


class FoundRow(Record, frozen=True):
    """A gene in a cluster, as the table has it; None for a statistic that it has not."""

    gene: str
    cluster: str
    rank: int | None
    log2fc: Number | None = None
    pct_in: Number | None = None
    pct_out: Number | None = None
    p_val_adj: Number | None = None
    score: Number | None = None
    mean: Number | None = None

    @property
    def words(self) -> str:
        """How much of it the cluster has: the fold change, else the score, and the fraction of its cells."""
        if self.log2fc is not None:
            strength = f"log2 FC {self.log2fc:.2f}"
        else:
            strength = "" if self.score is None else f"score {self.score:.1f}"
        cells = "" if self.pct_in is None else f"{self.pct_in:.0%} of cells"
        return ", ".join(filter(None, (strength, cells))) or f"rank {self.rank}"


class LookedUp(Record, frozen=True):
    """What was found in a round.

    Attributes:
        asked: the genes that were looked up, as they were asked for.
        rows: of this cluster first, then of those in which the gene stands highest.
        elsewhere: genes with rows for other clusters alone, as the table spells them.
        missing: genes of which the table has no row, as they were asked for.
        left_out: genes beyond the most that are looked up in a round, or that were looked up before.
    """

    asked: tuple[str, ...]
    rows: tuple[FoundRow, ...] = ()
    elsewhere: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def words(self, cluster: str) -> dict[str, str]:
        """What the table says of each gene: in this cluster, and where else it is highest."""
        rows: dict[str, list[FoundRow]] = {}
        for row in self.rows:
            rows.setdefault(row.gene, []).append(row)
        return {gene: _words(some, cluster) for gene, some in rows.items()}

    def lines(self, cluster: str) -> list[str]:
        """The same as lines of text, with the genes that the table lacks."""
        missing = [f"not in the table: {', '.join(self.missing)}"] if self.missing else []
        return [*(f"{gene}: {words}" for gene, words in self.words(cluster).items()), *missing]


def _words(rows: Sequence[FoundRow], cluster: str) -> str:
    here = next((f"here {row.words}" for row in rows if row.cluster == cluster), "no row for this cluster")
    others = (f"; highest elsewhere in {row.cluster}: {row.words}" for row in rows if row.cluster != cluster)
    return here + next(others, "")
