"""What the first rows of a table say of its columns."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cassia_engine.markers.columns.formats import ROW_NAMES, data_columns
from cassia_engine.markers.columns.statistics import known_statistics
from cassia_engine.markers.columns.symbols import is_sentence
from cassia_engine.markers.files.numbers import as_number, decimal_sign
from cassia_engine.markers.files.source import MISSING, Source


def are_genes(texts: Sequence[str]) -> bool:
    """Whether texts may be genes: not row numbers."""
    return bool(texts) and not any(is_sentence(text) for text in texts) and not all(text.isdecimal() for text in texts)


def texts_of(source: Source, position: int) -> list[str]:
    return [text for row in source.sample if position < len(row) if (text := row[position].strip()) not in MISSING]


def numbers_of(source: Source, position: int) -> list[float]:
    """The values of a column in the first rows, if it is one of numbers; else none."""
    texts = texts_of(source, position)
    sign = source.delimiter
    if sign == "," and known_statistics(source.header[position : position + 1]) and decimal_sign(texts, sign) == ",":
        sign = ";"  # commas in quotes are those of decimals
    found = [_number(text, sign) for text in texts]
    numbers = [number for number in found if number is not None]
    return [number for number in numbers if not math.isnan(number)] if len(numbers) == len(found) else []


def _number(text: str, delimiter: str) -> float | None:
    try:
        return float(text if delimiter == "," else text.replace(",", "."))
    except ValueError:
        known = (as_number(text, statistic) for statistic in ("p_val_adj", "pct_in"))
        return next((number for number in known if number is not None), None)


def number_columns(source: Source) -> list[int]:
    named = [position for position in data_columns(source) if source.header[position] not in ROW_NAMES]
    return [position for position in named if numbers_of(source, position)]


def has_lists(source: Source, gene: str) -> bool:
    if gene not in source.header:
        return False
    texts = texts_of(source, source.header.index(gene))
    return sum("," in text or ";" in text for text in texts) * 2 > len(texts)
