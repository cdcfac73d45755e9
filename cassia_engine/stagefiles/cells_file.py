"""The file of the sampled cells of a data set, from split to collect: JSON Lines, a header and one line per gene."""

from __future__ import annotations

import base64
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from msgspec import to_builtins
from msgspec.structs import replace

from cassia_engine.files import atomic_write
from cassia_engine.records import (
    CELLS_KIND,
    SCHEMA_VERSION,
    Dataset,
    GeneExpression,
    SampledCells,
    Selection,
    to_json,
)
from cassia_engine.records.record import Record
from cassia_engine.stagefiles.lines import check_kind, damaged, dumps, json_object, record


class CellsFile(Record, frozen=True):
    """The cells of a data set, with what tells that chunks are of the same split.

    Attributes:
        sizes: how many cells each cluster has; None for one that is not among the groups of the AnnData.
    """

    dataset: Dataset
    selection: Selection
    sizes: tuple[int | None, ...]
    cells: SampledCells


class _Head(Record, frozen=True, forbid_unknown_fields=False):
    dataset: Dataset
    selection: Selection
    sizes: tuple[int | None, ...]
    n_genes: int
    cells: SampledCells


def write_cells(path: Path, found: CellsFile) -> None:
    """Write a cells file."""
    cells = to_builtins(found.cells)
    genes = cells.pop("genes")
    head = {
        "kind": CELLS_KIND,
        "schema_version": SCHEMA_VERSION,
        "dataset": to_json(found.dataset),
        "selection": to_json(found.selection),
        "sizes": found.sizes,
        "n_genes": len(genes),
        "cells": cells,
    }
    with atomic_write(path) as out:
        out.writelines(dumps(line) + "\n" for line in (head, *genes))


def cells_file(path: Path, first: bytes, lines: Iterator[bytes]) -> CellsFile:
    """The cells of a file, by its first line and those that follow.

    Raises:
        UsageError: it is of another version of the format, or damaged.
    """
    check_kind(path, json_object(path, 1, first), CELLS_KIND, "cells file")
    head = _head(path, first)
    numbered = ((number, line) for number, line in enumerate(lines, 2) if line)
    genes = tuple(_gene(path, number, line, head) for number, line in numbered)
    if len(genes) != head.n_genes:
        raise damaged(path, None, f"{len(genes)} genes of {head.n_genes}")
    return CellsFile(head.dataset, head.selection, head.sizes, replace(head.cells, genes=genes))


def _head(path: Path, first: bytes) -> _Head:
    head = record(path, 1, _Head, first)
    cells = head.cells
    if not len(cells.x) == len(cells.y) == len(cells.clusters):
        raise damaged(path, 1, "x, y and clusters have different lengths")
    if not _finite(*cells.x, *cells.y):
        raise damaged(path, 1, "a coordinate is not finite")
    if cells.clusters and not -1 <= min(cells.clusters) <= max(cells.clusters) < len(head.sizes):
        raise damaged(path, 1, "a cell is of a cluster that there is not")
    if cells.n_cells < len(cells.x) or any(size is not None and size < 0 for size in head.sizes):
        raise damaged(path, 1, "its numbers of cells cannot be")
    return head


def _gene(path: Path, number: int, line: bytes, head: _Head) -> GeneExpression:
    found = record(path, number, GeneExpression, line)
    if not len(found.means) == len(found.fractions) == len(head.sizes):
        raise damaged(path, number, f"not one value for each of {len(head.sizes)} clusters")
    means, fractions = ([one for one in values if one is not None] for values in (found.means, found.fractions))
    if not (_finite(*means, found.highest) and found.highest >= 0 and all(0 <= one <= 1 for one in fractions)):
        raise damaged(path, number, "a mean, a fraction or the highest value cannot be")
    if found.values and not _has_values(found.values, len(head.cells.x)):
        raise damaged(path, number, f"its values are not those of {len(head.cells.x)} cells")
    return found


def _finite(*values: float) -> bool:
    """Whether all are numbers that a float can hold; an integer of a damaged file may be too large."""
    return all(abs(value) <= sys.float_info.max for value in values)


def _has_values(packed: str, count: int) -> bool:
    """Whether base64 of zlib has one byte for each of so many cells; not more of it than that is unpacked."""
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(base64.b64decode(packed, validate=True), count + 1)
    except (ValueError, zlib.error):
        return False
    return len(found) == count and unpacker.eof and not unpacker.unused_data
