"""Wilcoxon's rank-sum test of each group against all other cells, as Scanpy's rank_genes_groups does it.

The same as method="wilcoxon", tie_correct=True, reference="rest" of Scanpy 1.12, over a matrix that stays in its file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cassia_engine.h5ad.expression import Expression
from cassia_engine.h5ad.matrix import Matrix
from cassia_engine.h5ad.normal import two_sided
from cassia_engine.h5ad.ranks import RankSums, rank_sums

MEMORY = 2 * 1024**3
TINY = 1e-9  # what Scanpy adds to both means of a fold change


class RankingFault(Enum):
    """Why groups cannot be tested."""

    ONE_CELL = "groups of one cell cannot be tested"
    NO_REST = "there are no other cells to compare the group with"
    MISSING_VALUES = "the matrix has missing values (NaN)"


class RankingError(ValueError):
    """Groups cannot be tested.

    Attributes:
        fault: why.
        groups: the numbers of the groups concerned; empty where it is none's own.
    """

    def __init__(self, fault: RankingFault, groups: Sequence[int] = ()):
        self.fault, self.groups = fault, tuple(groups)
        super().__init__(fault.value)


@dataclass(frozen=True, slots=True)
class RankedGroups:
    """Test results; each array but `groups` has the shape (tested groups, genes), best score first.

    Genes with the same score stay in the order of the matrix.

    Attributes:
        groups: shape (tested groups,), the number of each group; those without cells are not tested.
        genes: the place of each gene in the matrix.
        scores: z, with ties corrected; 0 where all cells have the same value.
        logfoldchanges: log2 of the ratio of means without logarithm; NaN where a mean is below 0, as of scaled data.
        pvals: two-sided.
        pvals_adj: by Benjamini and Hochberg, over all genes of a group.
        pct_nz_group, pct_nz_reference: shares of cells whose value is not 0, 0 to 1.
    """

    groups: NDArray[np.int64]
    genes: NDArray[np.int64]
    scores: NDArray[np.float64]
    logfoldchanges: NDArray[np.float64]
    pvals: NDArray[np.float64]
    pvals_adj: NDArray[np.float64]
    pct_nz_group: NDArray[np.float64]
    pct_nz_reference: NDArray[np.float64]


def rank_groups(
    matrix: Matrix,
    codes: NDArray[np.integer[Any]],
    found: Expression,
    *,
    log_base: float | None = None,
    memory: int = MEMORY,
) -> RankedGroups:
    """Test each group that has cells against all other cells, those without a group included.

    Memory is `memory`, a few blocks (about 100 MB) and some twenty arrays of groups x genes x 8 bytes.

    Args:
        matrix: cells by genes, of logarithmised values.
        codes: shape (cells,), as `found` was made with: the group of each cell, -1 for none.
        found: what `expression` found in the same matrix.
        log_base: the base of the logarithm, as uns/log1p/base has it; None for e.
        memory: bytes for the values that are sorted at once (see `ranks.rank_sums`).

    Raises:
        RankingError: a group has one cell, or no other cells to compare it with, or values are missing.
        MatrixError: its parts do not belong together.
    """
    _check(found)
    tested = np.flatnonzero(found.sizes)
    scores = _scores(rank_sums(matrix, codes, found, memory=memory), found)[tested]
    order = np.argsort(-scores, axis=1, kind="stable")
    pvals = two_sided(scores)

    def ordered(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.take_along_axis(values, order, axis=1)

    return RankedGroups(
        groups=tested,
        genes=order,
        scores=ordered(scores),
        logfoldchanges=ordered(_log_fold_changes(found, log_base)[tested]),
        pvals=ordered(pvals),
        pvals_adj=ordered(adjusted(pvals)),
        pct_nz_group=ordered(found.nonzero_fractions()[tested]),
        pct_nz_reference=ordered(found.rest_nonzero_fractions()[tested]),
    )


def _check(found: Expression) -> None:
    if (single := np.flatnonzero(found.sizes == 1)).size:
        raise RankingError(RankingFault.ONE_CELL, single.tolist())
    if (alone := np.flatnonzero((found.sizes > 0) & (found.rest_sizes() == 0))).size:
        raise RankingError(RankingFault.NO_REST, alone.tolist())
    if found.facts.has_nan:
        raise RankingError(RankingFault.MISSING_VALUES)


def _scores(ranks: RankSums, found: Expression) -> NDArray[np.float64]:
    n = float(found.sizes.sum() + found.other_size)
    sizes, rest = found.sizes[:, None], found.rest_sizes()[:, None]
    correction = 1 - ranks.ties / (n**3 - n)
    with np.errstate(invalid="ignore", divide="ignore"):
        deviation = np.sqrt(correction * sizes * rest * (n + 1) / 12)
        scores = (ranks.sums - sizes * (n + 1) / 2) / deviation
    return np.where(np.isnan(scores), 0, scores)


def _log_fold_changes(found: Expression, log_base: float | None) -> NDArray[np.float64]:
    factor = 1.0 if log_base is None else np.log(log_base)
    with np.errstate(all="ignore"):
        group, rest = (np.expm1(means * factor) + TINY for means in (found.means(), found.rest_means()))
        return np.asarray(np.log2(group / rest))


def adjusted(pvals: NDArray[np.float64]) -> NDArray[np.float64]:
    """p values of shape (groups, genes) adjusted by Benjamini and Hochberg, over the genes of each group."""
    order = np.argsort(pvals, axis=1)
    n_genes = pvals.shape[1]
    raised = np.take_along_axis(pvals, order, axis=1) * (n_genes / np.arange(1, n_genes + 1))
    lowered = np.minimum.accumulate(raised[:, ::-1], axis=1)[:, ::-1]
    result = np.empty_like(pvals)
    np.put_along_axis(result, order, np.minimum(lowered, 1), axis=1)
    return result
