"""Genes ranked by Wilcoxon's test, for an AnnData in which nobody has done it."""

from __future__ import annotations

import logging

import numpy as np

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.h5ad.annotated import FRACTIONS, REST, STATISTICS, AnnotatedData, Groups, RankedGenes
from cassia_engine.h5ad.clustered_cells import ClusteredCells
from cassia_engine.h5ad.genes_of_groups import numbered
from cassia_engine.h5ad.names import listed
from cassia_engine.h5ad.percent_expressed import ValueKind, kind_of_values
from cassia_engine.h5ad.wilcoxon import RankedGroups, RankingError, RankingFault, rank_groups

log = logging.getLogger(__name__)


def rank(cells: ClusteredCells) -> tuple[RankedGenes, str]:
    """Test each group against all other cells, as Scanpy does with method="wilcoxon", tie_correct=True and pts=True.

    Returns:
        The ranked genes, and the place of the matrix.

    Raises:
        UsageError: there are no log-normalized values, or groups that cannot be tested; says which.
    """
    data, column, groups = cells.data, cells.column, cells.groups
    place = _place(data)
    if not any(groups.sizes.values()):
        what = f"no cell has a cluster in obs['{column}']; give another {argument('group_key')}"
        raise UsageError(what, path=data.place, code="no-cell-has-a-cluster")
    found = cells.read(place).expression
    if number := found.facts.n_missing:
        what = f"{place} has {number} missing values (NaN), which have no rank; replace them"
        raise UsageError(what, path=data.place, code="matrix-missing-values")
    if found.facts.has_infinite:
        what = f"{place} has infinite values, which have no rank; replace them"
        raise UsageError(what, path=data.place, code="matrix-infinite")
    log.info(
        "%s: genes are ranked by Wilcoxon's test, obs['%s'], each against the rest (%s)", data.place, column, place
    )
    try:
        ranked = rank_groups(data.matrix(place), groups.codes, found, log_base=data.log_base())
    except RankingError as error:
        raise _refused(data, column, groups, error) from error
    return _as_ranked_genes(ranked, column, groups, data.genes(place == "raw/X")), place


def _place(data: AnnotatedData) -> str:
    """The matrix of log-normalized values: raw, as Scanpy takes it, or X.

    Raises:
        UsageError: there is none.
    """
    kinds = {place: kind_of_values(data, place) for place in ("raw/X", "X") if place in data.matrices()}
    if not kinds:
        what = "the AnnData has no X to rank genes by; give it one, or ranked genes in uns"
        raise UsageError(what, path=data.place, code="matrix-missing")
    if found := next((place for place, kind in kinds.items() if kind is ValueKind.OTHER), None):
        return found
    there = " and ".join(f"{place} has {kind.value}" for place, kind in kinds.items())
    what = f"{there}, and genes are ranked by log-normalized values"
    remedy = "put these into X or raw (of counts by sc.pp.normalize_total and sc.pp.log1p)"
    raise UsageError(f"{what}; {remedy}", path=data.place, code="matrix-not-log-normalized")


def _refused(data: AnnotatedData, column: str, groups: Groups, error: RankingError) -> UsageError:
    names = listed([groups.labels[number] for number in error.groups])
    where = f"obs['{column}']"
    what = {
        RankingFault.ONE_CELL: f"clusters of one cell cannot be tested: {names}; join or remove them in {where}",
        RankingFault.NO_REST: f"{where} has one cluster, with no other cells; give another {argument('group_key')}",
    }
    return UsageError(what[error.fault], path=data.place, code="matrix-unrankable")


def _as_ranked_genes(ranked: RankedGroups, column: str, groups: Groups, genes: list[str]) -> RankedGenes:
    labels = [groups.labels[number] for number in ranked.groups]
    names = np.array(genes, object)[ranked.genes]
    statistics = {
        name: dict(zip(labels, getattr(ranked, name), strict=True)) for name in (*STATISTICS, *FRACTIONS.values())
    }
    parameters = {"groupby": column, "reference": REST, "method": "wilcoxon"}
    return RankedGenes(*numbered(dict(zip(labels, names, strict=True))), statistics, {}, parameters)
