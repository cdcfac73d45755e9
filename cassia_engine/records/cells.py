"""What the cells of a cluster say, where the markers are out of an AnnData."""

from __future__ import annotations

from cassia_engine.records.record import Number, Record


class Share(Record, frozen=True):
    """How many cells of a cluster have a value in a column of metadata; `value` is None for those that have none."""

    value: str | None
    n_cells: int


class Composition(Record, frozen=True):
    """The cells of a cluster by their values in a column of metadata.

    Attributes:
        column: its name in obs.
        shares: the most frequent values, most cells first; missing ones are one of them.
        n_other: cells with other values than these, of which there are too many to list.
    """

    column: str
    shares: tuple[Share, ...]
    n_other: int = 0


class QualityMeasure(Record, frozen=True):
    """A quality measure of a cluster's cells.

    Attributes:
        kind: "n_counts", "n_genes", "mitochondrial" (a fraction, 0 to 1) or "doublet_score".
        value: the median of the cells, or their mean where it was computed from the matrix.
        column: the column of obs that it is of; None where it was computed from the matrix.
        overall: the same over all cells of the data set.
    """

    kind: str
    value: Number
    overall: Number
    column: str | None = None


class LineagePair(Record, frozen=True):
    """Markers of two lineages in one cluster, as fractions (0 to 1) of its cells.

    Attributes:
        first, second: the lineages, such as "T cell" and "B cell".
        genes: markers of both, those that were looked at.
        n_cells: the cells that were looked at, a sample where there are many.
        in_first, in_second: cells that express markers of each.
        in_both: cells that express markers of both.
    """

    first: str
    second: str
    genes: tuple[tuple[str, ...], tuple[str, ...]]
    n_cells: int
    in_first: Number
    in_second: Number
    in_both: Number

    @property
    def by_chance(self) -> float:
        """The fraction that would express both if neither had to do with the other."""
        return self.in_first * self.in_second


class Witness(Record, frozen=True):
    """What another tool or a person called the cells of a cluster, in a column of obs.

    Attributes:
        column: its name.
        label: the most frequent label; None where no cell has one.
        n_cells: cells with a label.
        purity: the fraction (0 to 1) of these with the most frequent one.
        lineage_purity: the same with labels of its lineage counted too: kinds of it, what it is a kind of, and related
            types, by `ontology.compare`.
        cl_id, cl_label: its Cell Ontology term, "" where it has none.
    """

    column: str
    label: str | None
    n_cells: int
    purity: Number
    lineage_purity: Number
    cl_id: str = ""
    cl_label: str = ""


class ClusterCells(Record, frozen=True, omit_defaults=True):
    """What the cells of a cluster say; of what is not known, nothing is listed."""

    n_cells: int
    quality: tuple[QualityMeasure, ...] = ()
    composition: tuple[Composition, ...] = ()
    lineages: tuple[LineagePair, ...] = ()
    witnesses: tuple[Witness, ...] = ()


class GeneExpression(Record, frozen=True):
    """A gene in all clusters of a data set and in the sampled cells.

    Attributes:
        gene: its symbol, as the markers have it.
        means: by cluster, in their order, the mean value of its cells.
        fractions: by cluster, the fraction (0 to 1) of its cells that express it.
        highest: the largest value of the sampled cells.
        values: base64 of one byte for each sampled cell: its value in 255ths of `highest`, 0 for a value of 0 only,
            compressed by zlib; "" where there are no sampled cells.
    """

    gene: str
    means: tuple[Number | None, ...]
    fractions: tuple[Number | None, ...]
    highest: Number = 0.0
    values: str = ""


class SampledCells(Record, frozen=True):
    """Cells of a data set for pictures, and the expression of its markers: all cells, or a sample of them.

    Attributes:
        n_cells: the cells of the data set; those listed here may be fewer.
        coordinates_key: the key of obsm that `x` and `y` are of, such as X_umap; "" where there are none.
        x, y: coordinates, one for each sampled cell.
        clusters: the index of its cluster for each sampled cell; -1 for a cell without one.
        matrix: where values were read, such as "X", "raw/X" or "layers/counts"; "" where there are none.
        is_counts: they are raw counts, else as they are in the file (log-normalized, as a rule).
        genes: the markers of all clusters.
    """

    n_cells: int
    coordinates_key: str = ""
    x: tuple[Number, ...] = ()
    y: tuple[Number, ...] = ()
    clusters: tuple[int, ...] = ()
    matrix: str = ""
    is_counts: bool = False
    genes: tuple[GeneExpression, ...] = ()
