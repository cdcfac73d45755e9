"""A column of booleans that says which rows are markers: is_marker, keep; significant where nothing else tells."""

from __future__ import annotations

from dataclasses import replace

from cassia_engine.markers.columns.formats import Format
from cassia_engine.markers.columns.sample import texts_of
from cassia_engine.markers.columns.statistics import matching, plain
from cassia_engine.markers.files.source import Source

TRUE_WORDS = ("true", "t", "yes", "y", "1", "1.0")
_FALSE_WORDS = ("false", "f", "no", "n", "0", "0.0")
_SELECTED_NAMES = """
    ismarker markergene ismarkergene keep kept selected isselected pass passed passes passfilter passedfilter
    passesfilter filterpass retain retained include included istop istopmarker
"""
_SIGNIFICANT_NAMES = """
    significant issignificant signif sig issig isde de deg isdeg isdifferential differential differentiallyexpressed
    isdifferentiallyexpressed
"""
_SELECTED = frozenset(_SELECTED_NAMES.split())
_SIGNIFICANT = frozenset(_SIGNIFICANT_NAMES.split())


def with_marked(source: Source, format_: Format) -> Format:
    """The format with the table's column of booleans as one that is True in a marker's row, if there is one.

    What is significant is not asked of a table with statistics: there the thresholds decide.
    """
    if matching(source.header, format_.true):
        return format_
    names = _SELECTED if format_.statistics(source) else _SELECTED | _SIGNIFICANT
    taken = (format_.cluster, format_.gene)
    for position, name in enumerate(source.header):
        if plain(name) in names and name not in taken and _are_booleans(texts_of(source, position)):
            return replace(format_, true=(name,))
    return format_


def is_mark(name: str) -> bool:
    """Whether a column of this name says which rows are markers."""
    return plain(name) in _SELECTED | _SIGNIFICANT


def _are_booleans(texts: list[str]) -> bool:
    return bool(texts) and all(text.lower() in (*TRUE_WORDS, *_FALSE_WORDS) for text in texts)
