"""Genes that a language model asked for, and what the table says of them."""

from __future__ import annotations

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
    def is_down(self) -> bool:
        """Whether the cluster has less of it than other cells, as far as the table tells."""
        value = self.log2fc if self.log2fc is not None else self.score
        return value is not None and value < 0


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
