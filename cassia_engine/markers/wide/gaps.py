"""Columns without a name in wide tables: gaps between blocks of a spreadsheet, and numbers beside genes."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from cassia_engine.markers.columns.gene_columns import Kind, is_number, kind_of
from cassia_engine.markers.files.source import Source

log = logging.getLogger(__name__)

Cells = Sequence[str]
_ZEROS = ("0", "0.0")


def without_gaps(header: Cells, body: Sequence[Cells]) -> tuple[Cells, Sequence[Cells]]:
    """The table without columns that have neither a name nor anything in them, as between blocks of a spreadsheet."""
    kept = filled_columns(header, body)
    if len(kept) == len(header):
        return header, body
    return [header[n] for n in kept], [[row[n] for n in kept] for row in body]


def without_zeros(body: Sequence[Cells]) -> tuple[Sequence[Cells], int]:
    """The table with nothing for the zeros that fill up columns of names (DataFrame.fillna(0)), and how many.

    `body` has rows of equal length.
    """
    columns = [list(cells) for cells in zip(*body, strict=True)]
    number = 0
    for cells in columns:
        end = len(cells)
        while end and cells[end - 1].strip() in _ZEROS:
            end -= 1
        if 0 < end < len(cells) and kind_of(cells[:end]) is Kind.NAMES:
            number += len(cells) - end
            cells[end:] = [""] * (len(cells) - end)
    return ([list(row) for row in zip(*columns, strict=True)], number) if number else (body, 0)


def filled_columns(header: Cells, body: Sequence[Cells]) -> list[int]:
    """Positions of the columns that have a name or anything in them."""
    return [n for n, name in enumerate(header) if name.strip() or any(row[n].strip() for row in body)]


def warn_of_nameless_numbers(source: Source, body: Sequence[Cells]) -> None:
    """Say that numbers beside the genes are not used, where their columns have no names."""
    columns = [n for n, name in enumerate(source.header) if n and not name.strip()]
    if (
        columns
        and all(is_number(row[n].strip()) for n in columns for row in body if row[n].strip())
        and any(row[n].strip() for n in columns for row in body)
    ):
        log.warning(
            "%s: columns of numbers without a name are not used; call them log2fc, score or p_val_adj", source.place
        )
