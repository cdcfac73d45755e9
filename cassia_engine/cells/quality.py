"""Quality of the cells: medians of columns of obs that are known by name, else means from the matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cassia_engine.cells.rounding import short
from cassia_engine.h5ad.annotated import AnnotatedData, Groups
from cassia_engine.h5ad.expression import Expression
from cassia_engine.records import QualityMeasure


class Scale(Enum):
    """What a column's numbers mean."""

    AS_IS = "as they are"
    PERCENT = "percent, 0 to 100"
    UNCLEAR = "percent, or fractions where none is above 1"  # percent_mito of Scanpy's old tutorial is a fraction


# By kind, the columns that tools write, the first with numbers being taken; . and capital letters do not matter.
_COLUMNS: dict[str, dict[str, Scale]] = {
    "n_counts": dict.fromkeys(
        ("total_counts", "n_counts", "ncount_rna", "n_umi", "n_umis", "numi", "total_umis"), Scale.AS_IS
    ),
    "n_genes": dict.fromkeys(
        ("n_genes_by_counts", "n_genes", "nfeature_rna", "ngene", "ngenes", "n_features", "detected_genes"), Scale.AS_IS
    ),
    "mitochondrial": {
        **dict.fromkeys(("pct_counts_mt", "percent_mt", "pct_counts_mito", "subsets_mito_percent"), Scale.PERCENT),
        **dict.fromkeys(("percent_mito", "pct_mito", "pct_mt", "mt_frac", "mito_frac"), Scale.UNCLEAR),
    },
    "doublet_score": dict.fromkeys(
        ("doublet_score", "doublet_scores", "scrublet_score", "scrublet_scores", "scdblfinder_score"), Scale.AS_IS
    ),
}
_MITOCHONDRIAL = ("MT-", "mt-", "Mt-")  # how symbols of the mitochondrion's own genes begin: human, mouse, rat


@dataclass(frozen=True, slots=True)
class _Measured:
    """A measure of each group, shape (groups,), and of all cells."""

    kind: str
    values: NDArray[np.float64]
    overall: float
    column: str | None = None

    def of(self, group: int) -> QualityMeasure | None:
        value, overall = short(float(self.values[group])), short(self.overall)
        if value is None or overall is None:
            return None
        return QualityMeasure(self.kind, value, overall, self.column)


def quality(
    data: AnnotatedData, groups: Groups, found: Expression | None, symbols: Sequence[str]
) -> Mapping[int, tuple[QualityMeasure, ...]]:
    """The measures of each group by its number; of what is not known, there is none.

    Args:
        found: the expression of all genes, where a matrix was read; without it columns alone count.
        symbols: of that matrix's genes.
    """
    measured = {one.kind: one for one in (_of_matrix(found, symbols) if found else ())}
    measured |= {one.kind: one for one in _of_columns(data, groups)}
    ordered = [measured[kind] for kind in _COLUMNS if kind in measured]
    return {
        group: tuple(measure for one in ordered if (measure := one.of(group))) for group in range(len(groups.labels))
    }


def quality_columns(columns: Sequence[str]) -> dict[str, list[tuple[str, Scale]]]:
    """By kind, the columns of these that may have it, the likeliest first, and what their numbers mean."""
    there = {name.lower().replace(".", "_"): name for name in reversed(columns)}
    return {
        kind: [(there[name], scale) for name, scale in known.items() if name in there]
        for kind, known in _COLUMNS.items()
        if known.keys() & there.keys()
    }


def _of_columns(data: AnnotatedData, groups: Groups) -> Iterator[_Measured]:
    for kind, columns in quality_columns(data.obs_columns()).items():
        measured = (_of_column(data, groups, kind, column, scale) for column, scale in columns)
        if found := next(filter(None, measured), None):
            yield found


def _of_column(data: AnnotatedData, groups: Groups, kind: str, column: str, scale: Scale) -> _Measured | None:
    """The medians of a column; None where it has no numbers."""
    values = data.numbers(column)
    if values is None or not np.isfinite(values).any():
        return None
    largest = values[np.isfinite(values)].max()
    if scale is Scale.PERCENT or (scale is Scale.UNCLEAR and largest > 1):
        values = values / 100
    medians = np.array([_median(values[groups.codes == group]) for group in range(len(groups.labels))])
    return _Measured(kind, medians, _median(values), column)


def _median(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def _of_matrix(found: Expression, symbols: Sequence[str]) -> list[_Measured]:
    """Genes per cell; of counts also their number, and the mitochondrial share of all; of scaled values nothing."""
    if found.facts.has_negative:
        return []
    genes = _per_cell("n_genes", found.expressing.sum(axis=1), found.other_expressing.sum(), found)
    if not found.facts.is_counts:
        return [genes]
    counts = _per_cell("n_counts", found.sums.sum(axis=1), found.other_sums.sum(), found)
    mitochondrial = [place for place, symbol in enumerate(symbols) if symbol.startswith(_MITOCHONDRIAL)]
    if not mitochondrial:
        return [counts, genes]
    inside, others = found.sums[:, mitochondrial].sum(axis=1), found.other_sums[mitochondrial].sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = inside / found.sums.sum(axis=1)
        overall = (inside.sum() + others) / (found.sums.sum() + found.other_sums.sum())
    return [counts, genes, _Measured("mitochondrial", shares, float(overall))]


def _per_cell(kind: str, sums: NDArray[Any], others: Any, found: Expression) -> _Measured:
    n_cells = found.sizes.sum() + found.other_size
    with np.errstate(invalid="ignore", divide="ignore"):
        return _Measured(kind, sums / found.sizes, float((sums.sum() + others) / n_cells))
