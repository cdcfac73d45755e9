"""The cells of an open AnnData by cluster, and their values: each matrix is read once, whoever asks for it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from cassia_engine.errors import UsageError
from cassia_engine.h5ad.annotated import AnnotatedData, Groups
from cassia_engine.h5ad.coordinates import Coordinates
from cassia_engine.h5ad.expression import Expression, expression
from cassia_engine.h5ad.matrix import MatrixError
from cassia_engine.h5ad.sampled_values import SampledValues, Sampler
from cassia_engine.h5ad.sampling import sample

N_SAMPLED = 5000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Values:
    """What one pass over a matrix finds.

    Attributes:
        place: the matrix.
        genes: the names of its genes.
        expression: of all genes in all groups.
        sampled: the values of the sampled cells.
    """

    place: str
    genes: list[str]
    expression: Expression
    sampled: SampledValues


@dataclass(frozen=True, slots=True)
class ClusteredCells:
    """The cells of an AnnData; usable while it is open.

    Attributes:
        column: the column of `obs` with the clusters.
        groups: that column; not all of its groups are clusters of the table.
        coordinates: those of the cells, if there are any.
        sampled: the places of the cells that stand for all, ascending.
        place: the matrix whose values are taken; None where there is none that is not scaled.
        symbols: gene symbols by the genes' names; {} where the names are symbols.
        labels: columns of `obs` with cell types of other tools or a person, by their names.
        counts_only: sums of values are not wanted, and no cells are sampled.
    """

    data: AnnotatedData
    column: str
    groups: Groups
    coordinates: Coordinates | None
    sampled: NDArray[np.int64]
    place: str | None = None
    symbols: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Groups] = field(default_factory=dict)
    counts_only: bool = False
    _read: dict[str, Values] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        data: AnnotatedData,
        column: str,
        groups: Groups,
        coordinates: Coordinates | None,
        counts_only: bool = False,
    ) -> Self:
        """The cells of a column, with those of them chosen that stand for all; these have coordinates, if any have."""
        eligible = coordinates.known if coordinates else np.arange(len(groups.codes))
        if counts_only:
            return cls(data, column, groups, coordinates, np.empty(0, np.int64), counts_only=True)
        chosen = sample(groups.codes[eligible], len(groups.labels), N_SAMPLED)
        return cls(data, column, groups, coordinates, eligible[chosen])

    def at(self, place: str | None, symbols: Mapping[str, str], labels: Mapping[str, Groups]) -> Self:
        """The same with what is known once genes are ranked."""
        return replace(self, place=place, symbols=symbols, labels=labels)

    def read(self, place: str) -> Values:
        """Count and sum the values of a matrix, which is read the first time only.

        Raises:
            UsageError: it cannot be read, or is not of these cells.
        """
        if place not in self._read:
            try:
                self._read[place] = self._pass(place)
            except (MatrixError, ValueError) as error:
                raise unreadable(self.data, place, error) from error
        return self._read[place]

    def _pass(self, place: str) -> Values:
        matrix, codes = self.data.matrix(place), self.groups.codes
        if matrix.shape[0] != len(codes):
            raise ValueError(f"{matrix.shape[0]} rows for {len(codes)} cells")
        genes = self.data.genes(place.startswith("raw/"))
        if matrix.shape[1] != len(genes):
            raise ValueError(f"{matrix.shape[1]} columns for {len(genes)} genes")
        sampler = Sampler(self.sampled, matrix.shape)
        wanted = None if self.counts_only else sampler
        found = expression(matrix, codes, len(self.groups.labels), wanted, sums=not self.counts_only)
        return Values(place, genes, found, sampler.result())

    @property
    def n_genes(self) -> int:
        """How many genes `place` has; 0 without one."""
        return len(self.data.genes(self.place.startswith("raw/"))) if self.place else 0

    def values(self) -> Values | None:
        """The values of `place`; None, with a warning, where they cannot be read."""
        try:
            found = self.read(self.place) if self.place else None
        except UsageError as error:
            log.warning("%s; mean expression of genes is unknown", error)
            return None
        if found:
            _warn_of_missing(self.data, found)
        return found


def _warn_of_missing(data: AnnotatedData, found: Values) -> None:
    """Values that are no numbers of cells: what they do to the figures that are told."""
    facts, sums = found.expression.facts, (found.expression.sums, found.expression.other_sums[None])
    if not (facts.n_missing or facts.has_infinite):
        return
    genes = int((~np.isfinite(np.concatenate(sums))).any(axis=0).sum())
    what = " and ".join(
        [f"{facts.n_missing} missing (NaN)"] * (facts.n_missing > 0) + ["infinite"] * facts.has_infinite
    )
    log.warning(
        "%s: %s has %s values, in %d genes: their means are unknown in the clusters concerned, and a missing value "
        "counts as not expressed; replace them, and rank again",
        data.place,
        found.place,
        what,
        genes,
    )


def unreadable(data: AnnotatedData, place: str, error: Exception) -> UsageError:
    """That a matrix cannot be read."""
    what = f"{place} cannot be read as a matrix of these cells: {error}"
    return UsageError(what, path=data.place, code="matrix-unreadable")
