"""What a person says of an AnnData."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from cassia_engine.settings import SplitSettings

# Where Scanpy keeps ranked genes.
RANK_KEY = "rank_genes_groups"


@dataclass(frozen=True, slots=True)
class H5adOptions:
    """The parameters of these names; `has_gene_map` where a table has the gene symbols."""

    group_key: str | None = None
    rank_key: str | None = None
    gene_symbols_column: str | None = None
    rank: bool = False
    has_gene_map: bool = False

    @classmethod
    def of(cls, settings: SplitSettings) -> Self:
        """Those of the settings."""
        has_gene_map = settings.gene_map is not None
        return cls(settings.group_key, settings.rank_key, settings.gene_symbols_column, settings.rank, has_gene_map)

    def given(self) -> dict[str, str | bool]:
        """Those that were given, by name."""
        names = ("group_key", "rank_key", "gene_symbols_column", "rank")
        return {name: value for name in names if (value := getattr(self, name)) not in (None, False)}
