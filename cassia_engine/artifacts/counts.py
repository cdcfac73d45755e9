"""Raw counts of an AnnData: where they are, and each value as a whole number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cassia_engine.artifacts.lines import Lines
from cassia_engine.h5ad.annotated import AnnotatedData
from cassia_engine.h5ad.matrix import Matrix, MatrixError, first_values

_LARGEST = np.iinfo(np.int32).max


class NotCountsError(ValueError):
    """A value is no whole number of int32: what began as counts has others further on."""


@dataclass(frozen=True, slots=True)
class Counts:
    """A matrix of raw counts.

    Attributes:
        place: where it is in the AnnData, such as "layers/counts".
        matrix: cells by its own genes.
        columns: shape (own genes,), the place of each gene in `var`, -1 for one that is not there; None where they are
            the same.
    """

    place: str
    matrix: Matrix
    columns: NDArray[np.int64] | None

    def checked(self, lines: Iterator[Lines]) -> Iterator[Lines]:
        """Lines of the matrix as they come, with their values as whole numbers.

        Raises:
            NotCountsError: a value is none.
        """
        for found in lines:
            values = found.values
            if values.dtype.kind == "f" and not (np.isfinite(values).all() and (values == np.floor(values)).all()):
                raise NotCountsError(self.place)
            if values.size and not 0 <= values.min() <= values.max() <= _LARGEST:
                raise NotCountsError(self.place)
            yield Lines(found.counts, found.positions, values.astype(np.int32))


def find_counts(data: AnnotatedData) -> list[Counts]:
    """Where counts may be, the first first: layers/counts, raw/X, X. Each starts with counts, which all may not be."""
    found = (_counts(data, place) for place in ("layers/counts", "raw/X", "X") if place in data.matrices())
    return [counts for counts in found if counts and _starts_with_counts(counts.matrix)]


def _counts(data: AnnotatedData, place: str) -> Counts | None:
    try:
        matrix = data.matrix(place)
    except MatrixError:
        return None
    if place != "raw/X":
        return Counts(place, matrix, None)
    own, genes = data.genes(raw=True), data.genes(raw=False)
    if len(own) != matrix.shape[1] or len(set(own)) < len(own) or len(set(genes)) < len(genes) or {*genes} - {*own}:
        return None
    if own == genes:
        return Counts(place, matrix, None)
    places = {gene: number for number, gene in enumerate(genes)}
    return Counts(place, matrix, np.array([places.get(gene, -1) for gene in own], np.int64))


def _starts_with_counts(matrix: Matrix) -> bool:
    values: NDArray[Any] = first_values(matrix)
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and (values == np.floor(values)).all()):
        return False
    return not values.size or values.min() >= 0
