"""What a person says of an AnnData."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from cassia_engine.callers import option
from cassia_engine.errors import UsageError
from cassia_engine.settings import SplitSettings

# Where Scanpy keeps ranked genes.
RANK_KEY = "rank_genes_groups"
# Which parameter names one AnnData of several, and of what.
CONTAINERS = {"modality": "MuData", "table": "SpatialData"}
_NAMES = ("group_key", "rank_key", "gene_symbols_column", "rank", "coordinates_key", "witness", "label_na", *CONTAINERS)


@dataclass(frozen=True, slots=True)
class H5adOptions:
    """The parameters of these names.

    Attributes:
        has_gene_map: whether a table has the gene symbols.
        counts_only: of the cells' values only how many cells express each gene is wanted: no means, no sampled cells.
    """

    group_key: str | None = None
    rank_key: str | None = None
    gene_symbols_column: str | None = None
    rank: bool = False
    coordinates_key: str | None = None
    witness: tuple[str, ...] = ()
    has_gene_map: bool = False
    modality: str | None = None
    table: str | None = None
    label_na: str | None = None
    counts_only: bool = False

    @classmethod
    def of(cls, settings: SplitSettings) -> Self:
        """Those of the settings."""
        has_gene_map = settings.gene_map is not None
        return cls(**{name: getattr(settings, name) for name in _NAMES}, has_gene_map=has_gene_map)

    def refuse(self, place: str) -> None:
        """Refuse what was given, for a table that is no AnnData.

        Raises:
            UsageError: something was.
        """
        for name in _NAMES:
            if (value := getattr(self, name)) not in (None, False, ()):
                said = option(name, value[0] if isinstance(value, tuple) else value)
                of = f"a {CONTAINERS[name]}" if name in CONTAINERS else "an AnnData (.h5ad)"
                what = f"{said} is for {of}, and this is none; leave it out"
                raise UsageError(what, path=place, code="option-only-for-h5ad")
