"""The files that the stages hand to each other: chunk, cells, genes, result and status. Described in docs/formats.md.

All are byte-deterministic for the same input: no date, no path, fixed order of keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from cassia_engine.errors import UsageError
from cassia_engine.files import atomic_write
from cassia_engine.records import (
    CELLS_KIND,
    CHUNK_KIND,
    GENES_KIND,
    RESULT_KIND,
    SCHEMA_VERSION,
    STATUS_KIND,
    Chunk,
    Cluster,
    ClusterResult,
    ControlResult,
    Dataset,
    RunInfo,
    Selection,
    Status,
    to_json,
)
from cassia_engine.records.record import Record
from cassia_engine.stagefiles.cells_file import CellsFile, cells_file, write_cells
from cassia_engine.stagefiles.genes_file import (
    GeneRow,
    GenesHead,
    StoredGenes,
    are_of,
    check_genes,
    read_genes,
    read_genes_head,
    write_genes,
)
from cassia_engine.stagefiles.lines import (
    ChunkFields,
    ClusterFields,
    ControlFields,
    ResultFields,
    StatusFields,
    check_kind,
    damaged,
    dumps,
    json_object,
    read_lines,
    record,
)
from cassia_engine.stagefiles.stored_results import Place, stored

__all__ = [
    "CellsFile",
    "GeneRow",
    "GenesHead",
    "ResultFile",
    "StoredGenes",
    "are_of",
    "check_genes",
    "is_chunk_or_genes",
    "read_chunk",
    "read_genes",
    "read_genes_head",
    "read_part",
    "read_status",
    "result_file",
    "write_cells",
    "write_chunk",
    "write_genes",
    "write_status",
]


class ResultFile(Record, frozen=True, forbid_unknown_fields=False):
    """A result file as read: the chunk it answers, who annotated, a result for each of its clusters, and those of
    controls. `n_siblings` is the chunk's; as read, `siblings` is empty."""

    dataset: Dataset
    selection: Selection
    index: int
    count: int
    n_clusters: int
    run: RunInfo
    results: tuple[ClusterResult, ...] = ()
    controls: tuple[ControlResult, ...] = ()
    siblings: tuple[tuple[str, ...], ...] = ()
    lookup_genes: int = 0
    n_siblings: int = 0


# How the line of a control begins, and no cluster's: the first field of the record.
_CONTROL = b'{"kind":'

_Read = TypeVar("_Read", Chunk, ResultFile, CellsFile, GenesHead)


def write_chunk(path: Path, chunk: Chunk) -> None:
    """Write a chunk file: one JSON object, with each cluster on a line of its own."""
    head = {"kind": CHUNK_KIND, "schema_version": SCHEMA_VERSION, **to_json(chunk)}
    clusters = head.pop("clusters")
    with atomic_write(path) as out:
        out.write(dumps(head)[:-1] + ',"clusters":[\n')
        out.write(",\n".join(dumps(cluster) for cluster in clusters))
        out.write("\n]}\n")


@contextmanager
def result_file(path: Path, chunk: Chunk, run: RunInfo) -> Iterator[Callable[[ClusterResult | ControlResult], None]]:
    """A result file, JSON Lines: a header, then a record per cluster of the chunk and, after them, per control, each
    written by the function given. It is there when all are."""
    head = {name: value for name, value in to_json(chunk).items() if name not in ("clusters", "controls")}
    head = {"kind": RESULT_KIND, "schema_version": SCHEMA_VERSION, **head, "run": to_json(run)}
    with atomic_write(path) as out:
        out.write(dumps(head) + "\n")

        def write(result: ClusterResult | ControlResult) -> None:
            out.write(dumps(to_json(result)) + "\n")

        yield write


def write_status(path: Path, status: Status) -> None:
    """Write a status file: one JSON object, for `cassia check` and `cassia index`."""
    with atomic_write(path) as out:
        out.write(dumps({"kind": STATUS_KIND, "schema_version": SCHEMA_VERSION, **to_json(status)}) + "\n")


def read_chunk(path: Path) -> Chunk:
    """Read a chunk file.

    Raises:
        UsageError: it is missing, is no chunk file, or is of another version of the format.
    """
    found = read_part(path)
    if isinstance(found, Chunk):
        return found
    kind = {ResultFile: "result", CellsFile: "cells"}.get(type(found), "genes")
    raise UsageError(
        f"this is a {kind} file; expected a chunk file made by cassia split", path=path, code="chunk-expected"
    )


def read_part(path: Path, in_memory: bool = True) -> Chunk | ResultFile | CellsFile | GenesHead:
    """Read a chunk, a result or a cells file, or the header of a genes file, told apart by content.

    Args:
        in_memory: whether conversations are held in memory, or stay in the file, which must then stay as it is.

    Raises:
        UsageError: it is missing, is none of them, or is of another version of the format.
    """
    lines = read_lines(path)
    first = next(lines, b"")
    if first.startswith(f'{{"kind":"{CELLS_KIND}'.encode()):
        return _named(path, cells_file(path, first, lines))
    if first.startswith(f'{{"kind":"{GENES_KIND}'.encode()):
        return _named(path, read_genes_head(path))
    if first.startswith(f'{{"kind":"{RESULT_KIND}'.encode()):
        return _named(path, _result_file(path, first, lines, in_memory))
    return _named(path, _chunk(path, first, lines))


def is_chunk_or_genes(path: Path) -> bool:
    """Whether a file is a chunk or a genes file, by its beginning; nothing is said of one that cannot be read."""
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError:
        return False
    return start.startswith(tuple(f'{{"kind":"{kind}"'.encode() for kind in (CHUNK_KIND, GENES_KIND)))


def read_status(path: Path) -> Status:
    """Read a status file.

    Raises:
        UsageError: it is missing, is no status file, or is of another version of the format.
    """
    whole = b"\n".join(read_lines(path))
    check_kind(path, json_object(path, 1, whole), STATUS_KIND, "status file")
    return record(path, 1, Status, whole, StatusFields)


def _results(
    path: Path, start: int, lines: Iterator[bytes], in_memory: bool
) -> Iterator[ClusterResult | ControlResult]:
    for number, line in enumerate(lines, 2):
        if line.startswith(_CONTROL):
            yield record(path, number, ControlResult, line, ControlFields)
        elif line:
            result = record(path, number, ClusterResult, line, ResultFields)
            place = Place(result.cluster.id, path, number, start, len(line))
            yield result if in_memory else stored(result, place)
        start += len(line) + 1


def _result_file(path: Path, first: bytes, lines: Iterator[bytes], in_memory: bool) -> ResultFile:
    head = json_object(path, 1, first)
    check_kind(path, head, RESULT_KIND, "chunk or result file")
    results: list[ClusterResult] = []
    controls: list[ControlResult] = []
    for one in _results(path, len(first) + 1, lines, in_memory):
        if isinstance(one, ControlResult):
            controls.append(one)
        else:
            results.append(one)
    found = record(path, 1, ResultFile, first)
    n_siblings = max(map(len, found.siblings), default=0)
    found = replace(found, results=tuple(results), controls=tuple(controls), siblings=(), n_siblings=n_siblings)
    if "ontology" in head["run"]:
        return found
    return replace(found, run=replace(found.run, ontology=None))  # of a task that an earlier version ran


def _chunk(path: Path, first: bytes, lines: Iterator[bytes]) -> Chunk:
    """The chunk of a file; laid out as `write_chunk` does it, its clusters are read line by line."""
    by_line = first.endswith(b'"clusters":[')
    head = first + b"]}" if by_line else b"\n".join((first, *lines))
    check_kind(path, json_object(path, 1, head), CHUNK_KIND, "chunk or result file")
    chunk = record(path, 1, Chunk, head, ChunkFields)
    return replace(chunk, clusters=tuple(_clusters(path, lines))) if by_line else chunk


def _clusters(path: Path, lines: Iterator[bytes]) -> Iterator[Cluster]:
    for number, line in enumerate(lines, 2):
        if line == b"]}":
            if any(lines):
                raise damaged(path, number + 1, "it goes on after its end")
            return
        yield record(path, number, Cluster, line.removesuffix(b","), ClusterFields)
    raise damaged(path, None, "its end is missing")


def _named(path: Path, found: _Read) -> _Read:
    """The file as read, if paths can be made of its sample's name: others than cassia may have written it."""
    try:
        found.dataset.checked()
    except UsageError as error:
        raise UsageError(
            f"the file is damaged ({error}); make it again", path=path, code="file-names-unusable"
        ) from None
    return found
