"""What goes in: clusters with their markers, the data set they are of, and the chunk that a task gets."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Self

from msgspec import UNSET, UnsetType

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError
from cassia_engine.records.cells import ClusterCells
from cassia_engine.records.ranking import GeneRanking
from cassia_engine.records.record import Number, Record
from cassia_engine.records.species import SpeciesMismatch

# In characters, and in bytes of UTF-8: file systems take names of 255 bytes, and endings need some of them.
LONGEST_NAME = 120
MOST_BYTES_OF_NAME = 200


class Marker(Record, frozen=True, omit_defaults=True, gc=False):
    """A marker gene of a cluster, with the statistics its table had (None: the table had none)."""

    gene: str
    log2fc: Number | None = None
    p_val_adj: Number | None = None
    pct_in: Number | None = None  # fraction (0 to 1) of the cluster's cells that express the gene
    pct_out: Number | None = None  # the same for all other cells
    score: Number | None = None  # the test's own statistic (Scanpy's `scores`)
    mean: Number | None = None  # mean value of the cluster's cells, zeros included
    given: str | None = None  # the gene's name in the table, where it is another one there


class SetAside(Record, frozen=True, forbid_unknown_fields=False):
    """Genes that passed the filter but tell little of a cell's type, in the table's order, best first."""

    kind: str
    genes: tuple[str, ...]


class Cluster(Record, frozen=True):
    """A cluster and its chosen markers, best first.

    Attributes:
        id: opaque; never read as a number.
        index: 0-based order of appearance in the marker table.
        n_rows: rows (or genes, in a simplified table) the table has for it.
        n_passing: how many of them pass the filter; `markers` holds the first n_genes of these.
        context: what the person said of this cluster alone.
        set_aside: technical genes that would have been among `markers`; others have taken their places.
        hints: what the genes say of a state, such as many cell-cycle genes, a sentence each.
        cells: what its cells say; unset for a table, which has no cells.
    """

    id: str
    index: int
    n_rows: int
    n_passing: int
    markers: tuple[Marker, ...]
    context: str = ""
    set_aside: tuple[SetAside, ...] = ()
    hints: tuple[str, ...] = ()
    cells: ClusterCells | UnsetType = UNSET

    @property
    def genes(self) -> list[str]:
        return [m.gene for m in self.markers]

    @property
    def n_cells(self) -> int | None:
        """How many cells it has; None for a table."""
        return self.cells.n_cells if self.cells else None

    @property
    def no_markers_reason(self) -> str:
        """Why the cluster has no markers, for the outcome `no_markers`."""
        return f"none of its {self.n_rows} rows passes the filter"


def fault_of_name(name: str) -> str:
    """Why a sample name cannot start a file's name, and what can; "" if it can."""
    if not name or name.startswith((".", "-")) or "/" in name or not name.isprintable() or len(name) > LONGEST_NAME:
        return (
            f"files are named after it; give 1 to {LONGEST_NAME} printable characters without /, and none of . and - "
            "in front"
        )
    size = len(os.fsencode(name))
    if size > MOST_BYTES_OF_NAME:
        return f"files are named after it, and it has {size} bytes in UTF-8; give at most {MOST_BYTES_OF_NAME}"
    return ""


def check_sample_name(name: str) -> None:
    """Refuse a sample name that cannot start a file's name.

    Raises:
        UsageError: says what can.
    """
    if fault := fault_of_name(name):
        raise UsageError(f"{option('name', name)}: {fault}", code="sample-name-unusable")


class Dataset(Record, frozen=True):
    """What the person said about the data. `name` is the sample's name and starts every output file's."""

    name: str
    tissue: str
    species: str
    additional_info: str = ""

    def checked(self) -> Self:
        """The same, once it is sure that files can be named after it, and that its texts are there and can be written.

        Raises:
            UsageError: with the option at fault.
        """
        check_sample_name(self.name)
        if not self.tissue.strip():
            raise UsageError(
                f"{argument('tissue')} is empty; say it in your words ({option('tissue', 'none')} for none)",
                code="tissue-empty",
            )
        if not self.species.strip():
            raise UsageError(f"{argument('species')} is empty; give one, such as human or mouse", code="species-empty")
        for name in ("tissue", "species", "additional_info"):
            if any("\ud800" <= character <= "\udfff" for character in getattr(self, name)):
                raise UsageError(f"{argument(name)}: the text is not valid UTF-8", code="context-not-utf8")
        return self


class Selection(Record, frozen=True):
    """How the markers were chosen from the table.

    Attributes:
        marker_format: seurat, scanpy or simplified.
        ranked_by: the statistic the order comes from, "avg_log2FC", "scores" or "given order".
        n_genes: the most markers a cluster gets.
        max_p_val_adj, min_log2fc, min_pct: thresholds; None where the table lacks the column.
        gene_filter: "technical" if technical genes were set aside, else "none".
        species_mismatch: why the genes may not be of the species that was given; None where they fit, or nothing is
            known of the species.
        ranking: how the genes of an AnnData were ranked; None for a table.
    """

    marker_format: str
    ranked_by: str
    n_genes: int
    max_p_val_adj: Number | None = None
    min_log2fc: Number | None = None
    min_pct: Number | None = None
    gene_filter: str = "none"
    species_mismatch: SpeciesMismatch | None = None
    ranking: GeneRanking | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person must know of the markers as a whole before they believe any cell type, a sentence each."""
        ranked, mismatch = self.ranking, self.species_mismatch
        return tuple(filter(None, (ranked.warning if ranked else "", mismatch.words if mismatch else "")))


class ControlKind(StrEnum):
    """What a control's list is made of."""

    RANDOM = "random"  # genes of all clusters
    BLEND = "blend"  # the first genes of two clusters, by turns


class Control(Record, frozen=True, forbid_unknown_fields=False):
    """A list that is no cluster; a model is asked about it to see whether it says so.

    Attributes:
        cluster: the list in the form of a cluster; its id is that of no cluster of the table.
        of: of a blend the ids of its two clusters; () of a random list.
    """

    kind: ControlKind
    cluster: Cluster
    of: tuple[str, ...] = ()


class Chunk(Record, frozen=True, forbid_unknown_fields=False):
    """The clusters of one task: `index` of `count` chunks of a data set of `n_clusters`.

    `siblings[i]` are the first genes of cluster i of the whole data set, for contrast; () where none were wanted.
    `controls` are those of the whole data set, all in its first chunk. `lookup_genes` is how many genes a second
    annotator may ask for; 0 for none.
    """

    dataset: Dataset
    selection: Selection
    index: int
    count: int
    n_clusters: int
    clusters: tuple[Cluster, ...]
    siblings: tuple[tuple[str, ...], ...] = ()
    controls: tuple[Control, ...] = ()
    lookup_genes: int = 0

    @property
    def n_siblings(self) -> int:
        """How many of the first genes of other clusters are shown."""
        return max(map(len, self.siblings), default=0)
