"""How many of each group's cells express the ranked genes, counted where the test did not (`pts=True`)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any

import numpy as np

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.h5ad.annotated import AnnotatedData, Fractions, Groups, RankedGenes
from cassia_engine.h5ad.clustered_cells import ClusteredCells, unreadable
from cassia_engine.h5ad.expression import Expression
from cassia_engine.h5ad.matrix import MatrixError, first_values
from cassia_engine.h5ad.names import listed
from cassia_engine.records import ValuesDoubt

log = logging.getLogger(__name__)

# Where values as counted or log-normalized may be, if those of the test were scaled or are gone.
_UNSCALED = ("raw/X", "layers/counts", "layers/raw_counts", "layers/logcounts", "layers/log1p", "X")
# Of the fractions of a test, how many are 1 where it was of scaled values; not all, as some genes do not vary.
_ALL_CELLS = 0.9


def with_fractions(cells: ClusteredCells, place: str, ranked: RankedGenes) -> RankedGenes:
    """The ranked genes with fractions of cells, counted in the matrix at `place`; without, if it lacks some of them.

    Raises:
        UsageError: the matrix cannot be read.
    """
    data, found = cells.data, cells.read(place)
    is_tested = place == place_of_test(ranked.parameters)
    genes = set(found.genes)
    if missing := [gene for gene in ranked.genes if gene not in genes]:
        log.warning(
            "%s: %d of the ranked genes are not in %s (%s): they were removed or renamed after the test, so that "
            "fractions of cells that express a gene are unknown and %s has no effect; rank again",
            data.place,
            len(missing),
            place,
            listed(missing),
            argument("min_pct"),
        )
        return ranked
    if is_tested:
        log.info("%s: fractions of cells that express a gene are counted in %s", data.place, place)
    return replace(ranked, fractions=_fractions(ranked, cells.groups, found.genes, found.expression))


def are_of_scaled_values(data: AnnotatedData, tested: str, ranked: RankedGenes) -> bool:
    """Whether the fractions of a test are of cells whose scaled value is not 0, which is true of nearly all of them."""
    found = [values for fractions in ranked.fractions.values() for values in fractions.groups.values()]
    shares = np.concatenate([np.empty(0), *found])
    if not shares.size or (shares == 1).mean() < _ALL_CELLS or tested not in data.matrices():
        return False
    return kind_of_values(data, tested) is ValueKind.SCALED


def place_of_test(parameters: Mapping[str, Any]) -> str:
    """The matrix that Scanpy used, as its parameters say: X, raw/X or a layer."""
    if layer := parameters.get("layer"):
        return f"layers/{layer}"
    return "raw/X" if parameters.get("use_raw") else "X"


def doubt_of_values(data: AnnotatedData, key: str, ranked: RankedGenes) -> ValuesDoubt | None:
    """What is wrong with the values that genes were ranked by, by the start of their matrix; counts are warned of.

    That scaled values have no fold changes is said where markers are ranked, and where fractions are counted.
    """
    place = place_of_test(ranked.parameters)
    if "logfoldchanges" not in ranked.statistics or place not in data.matrices():
        return None
    try:
        kind = kind_of_values(data, place)
    except UsageError:
        return None  # it is said where values are needed
    if kind is ValueKind.COUNTS:
        log.warning(
            "%s: uns['%s'] was computed on raw counts (%s), so its fold changes are wrong; normalize and "
            "log-transform them, and rank again",
            data.place,
            key,
            place,
        )
    return {ValueKind.COUNTS: ValuesDoubt.RAW_COUNTS, ValueKind.SCALED: ValuesDoubt.SCALED}.get(kind)


class ValueKind(Enum):
    """What the values at the start of a matrix look like; OTHER may be log-normalized."""

    SCALED = "scaled values"  # below 0, as scaling to unit variance leaves them
    COUNTS = "raw counts"
    OTHER = "other values"


def kind_of_values(data: AnnotatedData, place: str) -> ValueKind:
    """What a matrix holds, by the values at its start.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        values = first_values(data.matrix(place))
    except MatrixError as error:
        raise unreadable(data, place, error) from error
    known = values[np.isfinite(values)]
    if (known < 0).any():
        return ValueKind.SCALED
    return ValueKind.COUNTS if known.any() and not (known % 1).any() else ValueKind.OTHER


def place_to_count_in(data: AnnotatedData, tested: str) -> str | None:
    """The matrix of the test, or, with a warning, another one where that is scaled or gone; None where there is none.

    Raises:
        UsageError: one of them cannot be read.
    """
    is_there = tested in data.matrices()
    if is_there and kind_of_values(data, tested) is not ValueKind.SCALED:
        return tested
    found = _unscaled(data, _UNSCALED)
    what = f"counted in {found}" if found else f"unknown, so {argument('min_pct')} has no effect"
    state = "scaled" if is_there else "not there any more"
    log.warning(
        "%s: %s, by which genes were ranked, is %s; fractions of cells that express a gene are %s",
        data.place,
        tested,
        state,
        what,
    )
    return found


def place_of_values(data: AnnotatedData, tested: str) -> str | None:
    """The matrix to take means and values of cells from, where the test has the fractions, or nothing has them: that
    of the test, or another one that is not scaled; None, which a line says, where there is none."""
    try:
        found = _unscaled(data, (tested, *_UNSCALED))
    except UsageError as error:
        log.warning("%s; mean expression of genes is unknown", error)
        return None
    if found != tested:
        what = f"taken from {found}, and fractions of cells are those of the test" if found else "unknown"
        log.info("%s: %s is scaled or not there; mean expression of genes is %s", data.place, tested, what)
    return found


def _unscaled(data: AnnotatedData, wanted: Sequence[str]) -> str | None:
    """The first of these matrices that is there and not scaled."""
    there = set(data.matrices())
    places = (place for place in dict.fromkeys(wanted) if place in there)
    return next((place for place in places if kind_of_values(data, place) is not ValueKind.SCALED), None)


def _fractions(ranked: RankedGenes, groups: Groups, genes: list[str], found: Expression) -> dict[str, Fractions]:
    """As Scanpy's pts and pts_rest; against another group, its cells are the rest."""
    inside = dict(zip(groups.labels, found.fractions(), strict=True))
    outside = dict(zip(groups.labels, found.rest_fractions(), strict=True))
    if (reference := ranked.parameters.get("reference")) in inside:
        outside = dict.fromkeys(groups.labels, inside[reference])
    return {"pts": Fractions(tuple(genes), inside), "pts_rest": Fractions(tuple(genes), outside)}
