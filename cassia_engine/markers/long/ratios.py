"""Fold changes that a person named and that are ratios without a logarithm: genes below 1 are down, not up."""

from __future__ import annotations

import logging
import re

import duckdb

from cassia_engine.callers import argument
from cassia_engine.errors import shown
from cassia_engine.markers.columns.statistics import KNOWN, is_unclear_fold, matching, plain
from cassia_engine.markers.files.source import Source
from cassia_engine.markers.long.thresholds import Thresholds

log = logging.getLogger(__name__)

# Of at least so many rows with a value below 1, this share has fractions of cells that say the same direction.
_RATIO = re.compile(r"(?!.*(?:log|lfc)).*(?:fold|ratio|linear|fc$)")
_MOST, _LEAST_ROWS = 0.8, 5


def check_ratio(
    db: duckdb.DuckDBPyConnection, source: Source, thresholds: Thresholds, reader: tuple[str, list[str]]
) -> None:
    """See that the fold changes of a column that only a person could name are logarithms.

    Names such as log2FC are believed: all fold changes of an only.pos table are above 0, and many below 1.

    Raises:
        UsageError: they are ratios by the column's name, or by the fractions of cells, and some are below 1.
    """
    for position in thresholds.positions.get("log2fc", ()):
        name = source.header[position]
        if matching([name], KNOWN["log2fc"]) or len(thresholds.positions["log2fc"]) > 1:
            continue
        if plain(name).startswith("abs") and not (thresholds.direction and thresholds.direction.up):
            what = (
                f"{shown(name)} has fold changes without a sign by its name, and nothing else tells genes that are up"
            )
            raise source.error(
                f"{what}; give fold changes with their sign, or a column of up and down", 0, code="fold-change-unsigned"
            )
        sql, parameters = reader
        value = f"c{position}"
        counts = f"count(*) FILTER ({value} < 0), count(*) FILTER ({value} > 0 AND {value} < 1)"
        n_below_0, n_below_1 = db.execute(f"SELECT {counts} FROM {sql}", parameters).fetchone() or (0, 0)
        by_name = is_unclear_fold(name) or bool(_RATIO.match(plain(name)))
        if n_below_0 or not (n_below_1 or by_name):
            continue
        agree = _fractions_agree(db, thresholds, reader, value)
        if n_below_1 and (agree or (agree is None and by_name)):
            what = (
                f"{shown(name)} looks like a ratio and not its log2: {n_below_1} values are from 0 to 1, none below 0"
            )
            raise source.error(
                f"{what}; give the log2 as a column, or call it log2FC if it is the log2",
                0,
                code="fold-change-is-ratio",
            )
        if by_name:
            log.warning("%s: %s is taken as log2, as %s says", source.place, shown(name), argument("log2fc_column"))


def _fractions_agree(
    db: duckdb.DuckDBPyConnection, thresholds: Thresholds, reader: tuple[str, list[str]], value: str
) -> bool | None:
    """Whether genes with a value below 1 are in fewer cells of the cluster than of the others, as of a ratio.

    False where they are in more, as genes that are up; None where nothing tells.
    """
    found = [thresholds.positions.get(name, []) for name in ("pct_in", "pct_out")]
    if not all(found):
        return None
    sql, parameters = reader
    inside, outside = (f"c{positions[0]}" for positions in found)
    counts = ", ".join(f"count(*) FILTER ({value} < 1 AND {inside} {sign} {outside})" for sign in "<>")
    fewer, more = db.execute(f"SELECT {counts} FROM {sql}", parameters).fetchone() or (0, 0)
    if max(fewer, more) < _MOST * (fewer + more) or fewer + more < _LEAST_ROWS:
        return None
    return bool(fewer > more)
