"""What is read of an AnnData, whether it lies in a file or in memory."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from cassia_engine.h5ad.matrix import Matrix

if TYPE_CHECKING:
    import pandas as pd

# The statistics that Scanpy's rank_genes_groups keeps a record array each of, in the order of its data frame.
NAMES = "names"
STATISTICS = ("scores", "logfoldchanges", "pvals", "pvals_adj")
# Frames of fractions of cells, with their columns in that data frame.
FRACTIONS = {"pts": "pct_nz_group", "pts_rest": "pct_nz_reference"}
# What Scanpy's `reference` is where a group was tested against all other cells.
REST = "rest"


@dataclass(frozen=True, slots=True)
class Groups:
    """A column of groups.

    Attributes:
        codes: shape (cells,), the position of each cell's group in `labels`, -1 where it has none.
        labels: the groups as text, also those without cells, in their order.
    """

    codes: NDArray[np.int64]
    labels: tuple[str, ...]

    @property
    def sizes(self) -> dict[str, int]:
        """How many cells each group has."""
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.labels))
        return dict(zip(self.labels, counts.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Fractions:
    """Fractions of cells (0 to 1) that express each gene, a row each, by group: arrays of shape (genes,)."""

    genes: tuple[str, ...]
    groups: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class RankedGenes:
    """A result of rank_genes_groups, or of a tool that keeps its own in the same form.

    Attributes:
        genes: the names of the ranked genes, each once, in order of appearance.
        places: by tested group, its genes in their order, as positions in `genes`, shape (n,); -1 where a filter
            removed one.
        statistics: by name and group, the values of these genes, shape (n,); a test has not all of STATISTICS, and
            may have fractions of cells among them, by their columns in FRACTIONS.
        fractions: by name in FRACTIONS, where `pts=True` was given.
        parameters: what the tool noted of its call, such as groupby, reference, method and use_raw.
    """

    genes: tuple[Any, ...]
    places: Mapping[str, NDArray[np.int64]]
    statistics: Mapping[str, Mapping[str, NDArray[Any]]]
    fractions: Mapping[str, Fractions]
    parameters: Mapping[str, Any]


def log_base_of(noted: object) -> float | None:
    """The base that Scanpy's log1p noted in `uns`; None for e, and where what is noted is no base."""
    base = noted.get("base") if isinstance(noted, Mapping) else None
    if isinstance(base, (int, float, np.integer, np.floating)) and base > 0 and base != 1:
        return float(base)
    return None


def in_own_precision(coordinates: Any) -> NDArray[np.floating[Any]]:
    """Coordinates as an array: decimals as they are, whole numbers in double precision."""
    found = np.asarray(coordinates)
    return found if found.dtype.kind == "f" else found.astype(np.float64)


class AnnotatedData(Protocol):
    """An AnnData."""

    @property
    def place(self) -> str:
        """What messages call it."""

    def reading(self) -> AbstractContextManager[None]:
        """Within it the AnnData is read: what is wrong with its file is raised as UsageError."""

    def ranked_keys(self) -> list[str]:
        """The keys of `uns` that hold ranked genes."""

    def ranked(self, key: str) -> RankedGenes:
        """The ranked genes under a key of `ranked_keys`."""

    def obs_columns(self) -> list[str]:
        """The columns of `obs`."""

    def frame(self, name: Literal["obs", "var"]) -> pd.DataFrame:
        """`obs` or `var` as pandas has it; not to be changed."""

    def groups(self, column: str) -> Groups:
        """A column of `obs` as groups.

        Raises:
            ValueError: it holds decimal numbers, or values that are no names of groups.
        """

    def categories(self, column: str, most: int) -> Groups | None:
        """A column of `obs` that holds categories, texts or booleans, as groups.

        None for one of another kind, and for one in which the cells have more than `most` different values.
        """

    def numbers(self, column: str) -> NDArray[np.float64] | None:
        """A column of `obs` as numbers, NaN where one is missing; None for one that has none."""

    def coordinate_keys(self) -> list[str]:
        """The keys of `obsm`."""

    def coordinates(self, key: str) -> NDArray[np.floating[Any]] | None:
        """The first two columns of an element of `obsm`, shape (cells, 2); None where it has no two of numbers.

        They are in the precision in which they are stored; whole numbers are in double precision.
        """

    def genes(self, raw: bool) -> list[str]:
        """The names of the genes in `var`, or in `raw.var`; none without a raw."""

    def gene_columns(self, raw: bool) -> dict[str, bool]:
        """The columns of `var` or `raw.var`, and whether each holds texts."""

    def matrices(self) -> list[str]:
        """The places of matrices: X, raw/X and layers/NAME, those that there are."""

    def matrix(self, place: str) -> Matrix:
        """A matrix, cells by genes, whose values are not read yet.

        Raises:
            MatrixError: it is of no kind that can be read.
        """

    def log_base(self) -> float | None:
        """The base of the logarithm of values, where Scanpy's log1p noted one; None for e."""

    def gene_texts(self, raw: bool, column: str) -> list[str | None]:
        """A column of `var` or `raw.var` as text, None where a gene has none."""
