"""How many of each group's cells express the ranked genes, counted where the test did not (`pts=True`)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.h5ad.annotated import AnnotatedData, Fractions, Groups, RankedGenes
from cassia_engine.h5ad.expression import Expression, expression
from cassia_engine.h5ad.matrix import MatrixError, first_values

log = logging.getLogger(__name__)

# Where values as counted or log-normalized are, if those of the test were scaled.
_UNSCALED = ("raw/X", "layers/counts", "layers/raw_counts", "layers/logcounts", "layers/log1p")


def with_fractions(data: AnnotatedData, key: str, ranked: RankedGenes, groups: Groups) -> RankedGenes:
    """The ranked genes with fractions of cells, those of the test or counted in the matrix that it used; says which.

    Raises:
        UsageError: the matrix cannot be read.
    """
    tested = place_of_test(ranked.parameters)
    place = tested if ranked.fractions else _unscaled(data, tested)
    if place is None or ranked.fractions:
        return ranked
    found = read_expression(data, place, groups)
    if place == tested and found.facts.is_counts and "logfoldchanges" in ranked.statistics:
        log.warning(
            "%s: uns['%s'] was computed on raw counts (%s), so its fold changes are wrong; normalize and "
            "log-transform them, and rank again",
            data.place,
            key,
            place,
        )
    log.info("%s: fractions of cells that express a gene are counted in %s", data.place, place)
    genes = data.genes(place.startswith("raw/"))
    return replace(ranked, fractions=_fractions(ranked, groups, genes, found))


def place_of_test(parameters: Mapping[str, Any]) -> str:
    """The matrix that Scanpy used, as its parameters say: X, raw/X or a layer."""
    if layer := parameters.get("layer"):
        return f"layers/{layer}"
    return "raw/X" if parameters.get("use_raw") else "X"


def read_expression(data: AnnotatedData, place: str, groups: Groups) -> Expression:
    """Count the cells that express each gene of a matrix.

    Raises:
        UsageError: it cannot be read, or is not of these cells.
    """
    try:
        return expression(data.matrix(place), groups.codes, len(groups.labels))
    except (MatrixError, ValueError) as error:
        raise UsageError(
            f"{place} cannot be read as a matrix of these cells: {error}", path=data.place, code="matrix-unreadable"
        ) from error


def is_scaled(data: AnnotatedData, place: str) -> bool:
    """Whether a matrix has values below 0 at its start, as scaling to unit variance leaves them."""
    try:
        values = first_values(data.matrix(place))
    except MatrixError:
        return False
    return bool(len(values)) and bool(np.nanmin(values) < 0)


def _unscaled(data: AnnotatedData, tested: str) -> str | None:
    """The matrix to count in: that of the test, or another one where that was scaled."""
    places = data.matrices()
    if tested in places and not is_scaled(data, tested):
        return tested
    found = next((place for place in _UNSCALED if place in places and not is_scaled(data, place)), None)
    if tested in places:
        what = f"counted in {found}" if found else f"unknown, so {argument('min_pct')} has no effect"
        log.warning("%s: %s is scaled; fractions of cells that express a gene are %s", data.place, tested, what)
    return found


def _fractions(ranked: RankedGenes, groups: Groups, genes: list[str], found: Expression) -> dict[str, Fractions]:
    """As Scanpy's pts and pts_rest; against another group, its cells are the rest."""
    inside = dict(zip(groups.labels, found.fractions(), strict=True))
    outside = dict(zip(groups.labels, found.rest_fractions(), strict=True))
    if (reference := ranked.parameters.get("reference")) in inside:
        outside = dict.fromkeys(groups.labels, inside[reference])
    return {"pts": Fractions(tuple(genes), inside), "pts_rest": Fractions(tuple(genes), outside)}
