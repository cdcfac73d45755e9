"""Columns of clusters that have no name of their own: the keys by which tables of one cluster each were joined.

pandas.concat of a dict writes key and row number without names, or as level_0 and level_1 after reset_index; plyr,
data.table and purrr call the key .id.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from cassia_engine.errors import shown
from cassia_engine.markers.columns.formats import ROW_NAMES
from cassia_engine.markers.columns.gene_columns import Kind, filled, known_share
from cassia_engine.markers.columns.row_names import kind_at
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, CLUSTER_PREFIXES, GENE_HEADERS
from cassia_engine.markers.files.source import Problems, Source, rows
from cassia_engine.settings import SplitSettings
from cassia_engine.text import are, counted

log = logging.getLogger(__name__)

_NAMELESS = (*(name.lower() for name in ROW_NAMES), "...1", "v1")
_NAMELESS_SECOND = ("", "unnamed: 1", "...2", "v2", "x.1", "level_1", "index")
_KEYS = ("level_0", ".id", "id", "l1", "key", "list_name")
_OTHER_CLUSTERS = ("group1", "comparison", "contrast")
_KNOWN, _MOST_BLOCKS = 0.5, 0.5


def with_key(source: Source, settings: SplitSettings) -> tuple[Source, SplitSettings]:
    """The table with its keys as the column of clusters, where it has no other and they are such by their cells."""
    names = [name.strip().lower() for name in source.header]
    named = {*CLUSTER_HEADERS, *_OTHER_CLUSTERS} & set(names) or any(
        name.startswith(CLUSTER_PREFIXES) for name in names
    )
    if settings.cluster_column is not None or settings.marker_format == "simplified" or named or len(names) < 3:
        return source, settings
    position = next((n for n, name in enumerate(names[:2]) if name in _KEYS), 0)
    if names[position] not in (*_KEYS, *_NAMELESS) or not _may_be_keys(source, position):
        return source, settings
    second = position + 1
    is_gene = names[second] in _NAMELESS_SECOND and kind_at(source, second) is Kind.NAMES
    if not is_gene and settings.gene_column is None and not set(names) & set(GENE_HEADERS):
        return source, settings
    is_counter = names[second] in _NAMELESS_SECOND and kind_at(source, second) is Kind.NUMBERS
    if names[position] in _NAMELESS and not (is_gene or is_counter or names[second] in GENE_HEADERS):
        return source, settings
    keys = _keys(source, position, second if is_counter else None)
    if not keys:
        return source, settings
    what = "which has no name" if names[position] in _NAMELESS else f"{shown(source.header[position])}"
    clusters = f"{counted(len(keys), 'cluster')} {are(len(keys))}"
    log.info("%s: %s taken from column %d, %s", source.place, clusters, position + 1, what)
    header = list(source.header)
    header[position] = "cluster"
    if is_gene or is_counter:
        header[second] = "gene" if is_gene and settings.gene_column is None and "gene" not in header else ""
    return replace(source, header=tuple(header)), replace(settings, cluster_column="cluster")


def _may_be_keys(source: Source, position: int) -> bool:
    """Whether the first rows have keys: the same again and again, and no genes."""
    cells = [row[position].strip() for row in source.sample if position < len(row)]
    distinct = list(dict.fromkeys(cells))
    if not cells or len(filled(cells)) < len(cells) or len(distinct) > _MOST_BLOCKS * len(cells):
        return False
    return known_share(distinct) < _KNOWN


def _keys(source: Source, position: int, counter: int | None) -> Sequence[str]:
    """The keys, if each has its rows together and a counter beside them starts anew with each; else none."""
    numbers: dict[str, list[str]] = {}
    last: str | None = None
    for _, row in rows(source, Problems(source)):
        key = row[position]
        if key != last and key in numbers:
            return ()
        numbers.setdefault(key, []).append(row[counter].strip() if counter is not None else "")
        last = key
    if counter is None:
        return list(numbers) if 1 < len(numbers) <= _MOST_BLOCKS * sum(map(len, numbers.values())) else ()
    return list(numbers) if _restarts(list(numbers.values())) else ()


def _restarts(numbers: Sequence[Sequence[str]]) -> bool:
    """Whether rows are counted anew in each block; of one block, whether they are counted from the start."""
    if any(len(set(some)) < len(some) or not all(map(str.isdecimal, some)) for some in numbers):
        return False
    if len(numbers) == 1:
        return numbers[0][0] in ("0", "1")
    return len(set().union(*numbers)) < sum(map(len, numbers))
