"""Rows below the header that are none of the table: the header once more, and one that names units."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cassia_engine.markers.columns.statistics import known_statistics

_BLANKS = "\ufeff \t\r\n"  # each file that was put together may have a byte order mark
_UNIT = re.compile(
    r"\([^()]*\)|\[[^\[\]]*\]|%|"
    r"(log ?(2|10)?|ln|fractions?|percent|ratios?|(log ?2 )?(ratio|fold change)|units?|fdr|bh|benjamini.hochberg|"
    r"bonferroni|adjusted|corrected|text|string|numeric|float|double)",
    re.IGNORECASE,
)


def is_repeated(row: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a row repeats the header, as where files of several clusters are put together (cat *.csv)."""
    if not row or row[0].strip(_BLANKS) not in header[:2]:
        return False  # nearly all rows, soon
    cells, names = [cell.strip(_BLANKS) for cell in row], list(header)
    return any(cells) and (cells == names or (not names[0] and cells == names[1:]))


def is_units(row: Sequence[str], header: Sequence[str]) -> bool:
    """Whether the first row of a table names units of its statistics, (log2) and [%], and nothing else."""
    cells = {n: text for n, cell in enumerate(row[: len(header)]) if (text := cell.strip())}
    if not cells or not all(map(_UNIT.fullmatch, cells.values())):
        return False
    return any(header.index(column) in cells for column in known_statistics(header).values())
