"""How the genes of an AnnData were ranked: by which test, of which clusters, and on which values."""

from __future__ import annotations

from enum import StrEnum

from cassia_engine.records.record import Record


class ValuesDoubt(StrEnum):
    """What is wrong with the values that genes were ranked by."""

    RAW_COUNTS = "raw_counts"
    SCALED = "scaled_values"


class GeneRanking(Record, frozen=True, omit_defaults=True):
    """How genes were ranked, as far as it is known.

    Attributes:
        method: the test, as Scanpy calls it (wilcoxon, t-test, ...), or the tool (COSG); "" where none is noted.
        group_key: the column of obs with the clusters; "" where none is known.
        reference: the cluster that others were tested against; "" for all other cells.
        by_cassia: whether cassia ranked them (`--rank`).
        matrix: where their values were, such as "X" or "raw/X".
        doubt: what is wrong with these values; None where nothing is known to be.
    """

    method: str = ""
    group_key: str = ""
    reference: str = ""
    by_cassia: bool = False
    matrix: str = ""
    doubt: ValuesDoubt | None = None

    @property
    def warning(self) -> str:
        """What is wrong with the values and what to do, in a sentence without a full stop; "" where nothing is."""
        again = "rank them again on log-normalized values"
        if self.doubt is ValuesDoubt.RAW_COUNTS:
            return f"genes were ranked on raw counts ({self.matrix}), so their fold changes are wrong; {again}"
        if self.doubt is ValuesDoubt.SCALED:
            return f"genes were ranked on scaled values ({self.matrix}), which have no fold changes; {again}"
        return ""
