"""Columns of numbers that are not used: they may be what tells genes that are up from those that are down."""

from __future__ import annotations

import logging
from collections.abc import Collection

from cassia_engine.callers import argument, option
from cassia_engine.markers.columns.direction_column import find_direction_column
from cassia_engine.markers.columns.formats import Format, listed
from cassia_engine.markers.columns.sample import number_columns
from cassia_engine.markers.columns.statistics import is_common, is_fold, is_unclear_fold, matching, plain
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, ID_HEADERS
from cassia_engine.markers.files.numbers import as_number
from cassia_engine.markers.files.source import Problems, Source, rows

log = logging.getLogger(__name__)


def statistic_options() -> str:
    """The options that name columns of statistics."""
    *most, last = (argument(f"{name}_column") for name in ("log2fc", "p_val_adj", "score", "pct_in", "pct_out"))
    return f"{', '.join(most)} or {last}"


def used_columns(source: Source, format_: Format) -> set[int]:
    """Positions of the columns that are read of a table of this format."""
    statistics = (column for columns in format_.statistics(source).values() for column in columns)
    used = {format_.cluster, format_.gene, *statistics, *format_.bounds(source), *matching(source.header, format_.true)}
    return {source.header.index(column) for column in used}


def check_unused(source: Source, used: Collection[int], format_: Format | None, forced: str = "") -> None:
    """Say which columns of numbers are not used, by the first rows.

    Args:
        used: positions of the columns that are.
        format_: the format; None for a table that is read without statistics.
        forced: the format by its name, where the person forced it.

    Raises:
        UsageError: nothing else tells the direction, and one looks like fold changes with negative values.
    """
    direction = find_direction_column(source, used)
    used = {*used, *((direction.position,) if direction else ())}
    unused = [position for position in number_columns(source) if position not in used]
    if format_ is not None and _tells_direction(source, format_):
        _check_beside_others(source, unused, format_)
        return
    negative = _negative(source, unused)
    advice = f"leave out {option('marker_format', forced)}" if forced else f"name them with {statistic_options()}"
    if folds := [position for position in negative if is_fold(source.header[position])]:
        what = f"{_names(source, folds)} has values below 0, as of genes that are down, and would not be used"
        raise source.error(f"{what}; {advice}, or remove the column", 0, code="fold-change-unused")
    if not direction and (ratios := _ratios(source, unused)):
        what = f"{_names(source, ratios)} has ratios below 1, as of genes that are down, and would not be used"
        raise source.error(
            f"{what}; give the log2 of it as a column, or only the genes that are up", 0, code="ratio-unused"
        )
    what = f"columns of numbers that are not used: {_names(source, unused)}" if unused else ""
    if negative:
        what += f"; {_names(source, negative)} has values below 0: genes that are down may be among the markers"
    elif format_ is not None and not format_.ranked and not direction:
        what = "; ".join(filter(None, (what, "no column tells genes that are up from those that are down")))
    if what:
        log.warning("%s: %s; if there are statistics, %s", source.place, what, advice)


def _check_beside_others(source: Source, unused: Collection[int], format_: Format) -> None:
    """The same for a table of which other columns tell the direction."""
    unused = [position for position in unused if not _belongs(format_, source.header[position])]
    signed = not format_.statistics(source).keys() & {"log2fc", "score"}
    if signed and any(is_fold(source.header[position]) for position in unused):
        what = f"{_names(source, unused)} would not be used, and may be what tells genes that are up"
        raise source.error(
            f"{what}; name them with {statistic_options()}, or remove the column", 0, code="direction-statistic-unused"
        )
    if unused:
        log.warning("%s: columns of numbers that are not used: %s", source.place, _names(source, unused))


def _tells_direction(source: Source, format_: Format) -> bool:
    statistics = format_.statistics(source).keys()
    return bool(format_.bounds(source)) or "log2fc" in statistics or {"pct_in", "pct_out"} <= statistics


def _names(source: Source, positions: Collection[int]) -> str:
    return listed([source.header[position] for position in positions])


def _negative(source: Source, positions: Collection[int]) -> list[int]:
    """Which columns have a value below 0, in any row: they are looked for only where nothing else tells a direction."""
    found: set[int] = set()
    for _, row in rows(source, Problems(source)) if positions else ():
        found |= {position for position in positions if row[position].strip().startswith("-") and row[position] != "-"}
        if len(found) == len(positions):
            break
    return sorted(found)


def _ratios(source: Source, positions: Collection[int]) -> list[int]:
    """Which columns are fold changes without a logarithm, with a value above 0 and below 1 in any row."""
    unclear = [position for position in positions if is_unclear_fold(source.header[position])]
    found = {
        position
        for _, row in (rows(source, Problems(source)) if unclear else ())
        for position in unclear
        if 0 < (as_number(row[position], "log2fc") or 0) < 1
    }
    return sorted(found)


def _belongs(format_: Format, column: str) -> bool:
    """Whether a column that is not used is one that the format's tool writes, or many tools do."""
    name = plain(column)
    endings = tuple(plain(start[1:]) for start in format_.family if start.startswith("*"))
    starts = tuple(plain(start) for start in format_.family if not start.startswith("*"))
    others = {plain(known) for known in (*CLUSTER_HEADERS, *ID_HEADERS)}
    return is_common(column) or name in others or name.startswith(starts) or (bool(endings) and name.endswith(endings))
