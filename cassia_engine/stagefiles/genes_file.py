"""The file of the statistics of all genes, from split to annotate: JSON Lines, a header and one line per gene."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from cassia_engine.errors import UsageError
from cassia_engine.files import atomic_write
from cassia_engine.records import GENES_KIND, SCHEMA_VERSION, Chunk, Dataset, to_json
from cassia_engine.records.record import Number, Record
from cassia_engine.stagefiles.lines import check_kind, damaged, dumps, json_object, read_lines, record


class GeneRow(Record, frozen=True, array_like=True):
    """A gene in a cluster, by the cluster's place from 0; None for what is not known.

    Units are those of `records.Marker`; `rank` is the place in the cluster's whole ranking, from 1.
    """

    cluster: int
    rank: int | None
    log2fc: Number | None
    p_val_adj: Number | None
    pct_in: Number | None
    pct_out: Number | None
    score: Number | None
    mean: Number | None


class _Gene(Record, frozen=True):
    gene: str
    rows: tuple[GeneRow, ...]


class _Name(msgspec.Struct, frozen=True):
    gene: str


class GenesHead(Record, frozen=True, forbid_unknown_fields=False):
    """What tells that chunks are of the same split: the data set and the ids of its clusters, in their order."""

    dataset: Dataset
    clusters: tuple[str, ...]
    n_genes: int


class StoredGenes:
    """The genes of a file, each read when it is asked for.

    Attributes:
        head: its header.
        names: the genes in their order.
    """

    def __init__(self, path: Path, head: GenesHead, lines: Mapping[str, tuple[int, bytes]]):
        self.head, self.names = head, tuple(lines)
        self._path, self._lines = path, lines

    def rows(self, gene: str) -> tuple[GeneRow, ...]:
        """The rows of one of `names`.

        Raises:
            UsageError: its line is damaged.
        """
        number, line = self._lines[gene]
        rows = record(self._path, number, _Gene, line).rows
        if not all(0 <= row.cluster < len(self.head.clusters) for row in rows):
            raise damaged(self._path, number, "a row is of a cluster that there is not")
        return rows


def write_genes(
    path: Path, dataset: Dataset, clusters: Iterable[str], genes: Iterable[tuple[str, Iterable[GeneRow]]], n_genes: int
) -> None:
    """Write a genes file."""
    head = {
        "kind": GENES_KIND,
        "schema_version": SCHEMA_VERSION,
        **to_json(GenesHead(dataset, tuple(clusters), n_genes)),
    }
    encode = msgspec.json.Encoder().encode  # of a million rows; Python's own takes ten times as long
    with atomic_write(path) as out:
        out.write(dumps(head) + "\n")
        for name, rows in genes:
            out.write(encode(_Gene(name, tuple(rows))).decode() + "\n")


def read_genes_head(path: Path) -> GenesHead:
    """Read the header of a genes file.

    Raises:
        UsageError: it is missing, is no genes file, or is of another version of the format.
    """
    first = next(read_lines(path), b"")
    check_kind(path, json_object(path, 1, first), GENES_KIND, "genes file")
    return record(path, 1, GenesHead, first)


def read_genes(path: Path) -> StoredGenes:
    """Read a genes file.

    Raises:
        UsageError: it is missing, is no genes file, is of another version of the format, or damaged.
    """
    head = read_genes_head(path)
    decode = msgspec.json.Decoder(_Name).decode
    found: dict[str, tuple[int, bytes]] = {}
    for number, line in enumerate(read_lines(path), 1):
        if number == 1 or not line:
            continue
        try:
            found[decode(line).gene] = number, line
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise damaged(path, number, "it is no gene") from None
    if len(found) != head.n_genes:
        raise damaged(path, None, f"{len(found)} genes of {head.n_genes}")
    return StoredGenes(path, head, found)


def are_of(chunk: Chunk, clusters: Sequence[str]) -> bool:
    """Whether these are the ids of the clusters of a chunk's whole table."""
    places = range(len(clusters))
    return len(clusters) == chunk.n_clusters and all(
        one.index in places and clusters[one.index] == one.id for one in chunk.clusters
    )


def check_genes(path: Path, head: GenesHead, chunk: Chunk) -> None:
    """Make sure that a genes file is of the same split as a chunk.

    Raises:
        UsageError: it is of another one.
    """
    if head.dataset != chunk.dataset or not are_of(chunk, head.clusters):
        what = "of another sample or split than the chunk; give the genes.jsonl that cassia split wrote beside it"
        raise UsageError(what, path=path, code="genes-of-other-split")
