"""Numbers that cannot be: p values outside of 0 to 1, fractions above 1; and why no row is a marker."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import duckdb

from cassia_engine.callers import option
from cassia_engine.errors import raise_all, shown
from cassia_engine.markers.columns.formats import listed
from cassia_engine.markers.columns.known_formats import SCVI, SCVI_VANILLA
from cassia_engine.markers.files.arrays import Arrays
from cassia_engine.markers.files.source import Source
from cassia_engine.markers.long.thresholds import (
    FRACTION_ABOVE_1,
    FRACTION_ABOVE_10,
    NO_FRACTION,
    NO_GENE,
    P_ABOVE_1,
    P_BELOW_0,
    Thresholds,
)

log = logging.getLogger(__name__)

# As many values in a share of the rows are no slip of the pen.
_MANY, _SHARE = 5, 0.1
# p values that were multiplied by the number of genes are above 1 too; but then some are smaller than this.
_TINY = 1e-6

# So many markers, and more than this share of them, are no accident.
_MANY_MARKERS, _NEARLY_ALL = 10, 0.8
_MOST_BYTES = 100_000_000
Reader = tuple[str, list[str]]


def count_flags(db: duckdb.DuckDBPyConnection) -> dict[int, int]:
    """How many rows of `kept` have each flag; and, as 0, how many there are."""
    counted = db.execute("SELECT flags, count(*) FROM kept GROUP BY flags").fetchall()
    bits = (NO_GENE, P_BELOW_0, P_ABOVE_1, FRACTION_ABOVE_1, NO_FRACTION, FRACTION_ABOVE_10)
    return {0: sum(n for _, n in counted), **{bit: sum(n for flags, n in counted if flags & bit) for bit in bits}}


def are_percent(counts: dict[int, int]) -> bool:
    """Whether fractions are written as percent: many are above 1, some far above, and all from 0 to 100."""
    return bool(counts[FRACTION_ABOVE_10]) and counts[FRACTION_ABOVE_1] > counts[0] * _SHARE and not counts[NO_FRACTION]


def check_numbers(
    db: duckdb.DuckDBPyConnection, source: Source, thresholds: Thresholds, reader: Reader, counts: dict[int, int]
) -> None:
    """Say which numbers cannot be.

    Raises:
        UsageError: p values are none, but logarithms of them; no row has a gene.
    """
    gene = source.header[thresholds.columns.gene]
    if counts[NO_GENE] and counts[NO_GENE] == counts[0]:
        raise source.error(
            f"nothing in column {shown(gene)}, in all {counts[0]} rows; name the genes", code="gene-column-empty"
        )
    if counts[NO_GENE]:
        what = f"{counts[NO_GENE]} of {counts[0]} rows have nothing in column"
        log.warning("%s: %s %s and are left out", source.place, what, shown(gene))
    _check_p_values(db, source, thresholds, reader, counts)
    fractions = _names(source, thresholds, ("pct_in", "pct_out"))
    if counts[FRACTION_ABOVE_1]:
        what = f"{counts[FRACTION_ABOVE_1]} of {counts[0]} rows have a fraction of cells above 1 in {fractions}"
        log.warning("%s: %s; is it percent in some rows?", source.place, what)
    if counts[NO_FRACTION]:
        what = f"{counts[NO_FRACTION]} of {counts[0]} rows have a number below 0 or above 100 in {fractions}"
        log.warning("%s: %s, which is no fraction of cells", source.place, what)


def say_percent(source: Source, thresholds: Thresholds, counts: dict[int, int]) -> None:
    """Say that fractions were taken as percent, and by what."""
    fractions = _names(source, thresholds, ("pct_in", "pct_out"))
    what = f"{counts[FRACTION_ABOVE_1]} of {counts[0]} rows have numbers from 1 to 100 in {fractions}"
    log.warning("%s: %s: they are taken as percent and divided by 100", source.place, what)


def warn_of_fractions(db: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Warn where nearly all markers are in fewer cells of their cluster than of the others, as genes that are down."""
    inside, outside = "hit[1].pct_in", "hit[1].pct_out"
    counts = f"count(*) FILTER ({inside} < {outside}), count(*) FILTER ({inside} > {outside})"
    fewer, more = db.execute(f"SELECT {counts} FROM kept WHERE hit IS NOT NULL").fetchone() or (0, 0)
    if fewer >= _MANY_MARKERS and fewer > _NEARLY_ALL * (fewer + more):
        what = f"{fewer} of {fewer + more} markers are in fewer cells of their cluster than of the others"
        log.warning("%s: %s; are the fold changes, or the fractions, those of the others?", source.place, what)


def say_marked(db: duckdb.DuckDBPyConnection, source: Source, thresholds: Thresholds, reader: Reader) -> None:
    """Say how many rows a column of booleans leaves out, which is no format's own."""
    rows, parameters = reader
    for column in () if thresholds.format.name in (SCVI.name, SCVI_VANILLA.name) else thresholds.true:
        sql = f"SELECT count(*) FROM {rows} WHERE NOT coalesce({thresholds.true_sql(column)}, false)"
        if number := (db.execute(sql, parameters).fetchone() or (0,))[0]:
            what = f"{number} rows that are not True in column {shown(column)} are no markers and are left out"
            log.warning("%s: %s", source.place, what)


def warn_of_both_signs(db: duckdb.DuckDBPyConnection, source: Source, thresholds: Thresholds, reader: Reader) -> None:
    """Warn of genes that are up in one row of a cluster and down in another, as where two tables were put together.

    Large files are not read once more for it, and arrays that have each gene of a cluster once not at all.
    """
    if len(thresholds.positions.get("log2fc", ())) != 1:
        return
    if isinstance(source.path, Arrays):
        columns = thresholds.columns
        if {source.header[columns.cluster], source.header[columns.gene]} == source.path.unique:
            return
    elif source.path.stat().st_size > _MOST_BYTES:
        return
    rows, parameters = reader
    value = thresholds.value("log2fc")
    cluster, gene = f"c{thresholds.columns.cluster}", f"c{thresholds.columns.gene}"
    sql = (
        f"SELECT count(*) OVER (), {cluster}, {gene}, max({value}) AS most, min({value}) AS least FROM {rows} "
        f"WHERE {cluster} IS NOT NULL AND {gene} IS NOT NULL GROUP BY {cluster}, {gene} "
        f"HAVING most > 0 AND least < 0 ORDER BY {cluster}, {gene} LIMIT 1"
    )
    if found := db.execute(sql, parameters).fetchone():
        number, id_, name, most, least = found
        what = f"{number} genes are up in one row of a cluster and down in another"
        example = f"{shown(name)} in cluster {shown(id_)}: {most:g} and {least:g}"
        log.warning(
            "%s: %s (%s); are tables of several comparisons put together? Their best row counts",
            *(source.place, what, example),
        )


def refuse_no_markers(db: duckdb.DuckDBPyConnection, source: Source, thresholds: Thresholds, reader: Reader) -> None:
    """No row is a marker: say what keeps them out.

    Raises:
        UsageError: always.
    """
    _refuse_no_numbers(db, source, thresholds, reader)
    conditions = list(thresholds.conditions())
    if not conditions:
        raise source.error(
            "no cluster has a marker: no row has a gene; check the column of genes", code="no-row-with-gene"
        )
    sql, parameters = reader
    counts = ", ".join(f"count(*) FILTER ({condition.sql})" for condition in conditions)
    total, *passing = db.execute(f"SELECT count(*), {counts} FROM {sql}", parameters).fetchone() or (0,)
    by_condition = ", ".join(
        f"{n} {'has' if n == 1 else 'have'} {condition.words}"
        for n, condition in zip(passing, conditions, strict=False)
    )
    advice = "change the threshold that leaves too few, or name the right columns"
    if min(passing) and len(passing) > 1:
        advice = "none passes all of them; change a threshold, or name the right columns"
    hint = _hint(db, source, thresholds, reader)
    raise source.error(
        f"no cluster has a marker: of {total} rows {by_condition}{hint}; {advice}", code="no-markers-pass"
    )


def _check_p_values(
    db: duckdb.DuckDBPyConnection, source: Source, thresholds: Thresholds, reader: Reader, counts: dict[int, int]
) -> None:
    names = _names(source, thresholds, ("p_val_adj",))
    above, total = counts[P_ABOVE_1], counts[0]
    if above >= _MANY and above > total * _SHARE:
        sql, parameters = reader
        tiny = " OR ".join(f"(c{at} > 0 AND c{at} < {_TINY!r})" for at in thresholds.positions["p_val_adj"])
        largest = " , ".join(f"max(c{at}) FILTER (isfinite(c{at}))" for at in thresholds.positions["p_val_adj"])
        found = db.execute(f"SELECT count(*) FILTER ({tiny}), {largest} FROM {sql}", parameters).fetchone() or (0, 0)
        if found[0] * 20 < above:
            what = f"{above} of {total} rows have a number above 1 in {names} (up to {max(found[1:]):g})"
            raise source.error(
                f"{what}: no p values, but perhaps -log10 of them; give adjusted p values from 0 to 1, or name "
                f"their column with {option('p_val_adj_column')}",
                code="p-values-logarithmic",
            )
    if above:
        log.warning("%s: %d of %d rows have a p value above 1 in %s", source.place, above, total, names)
    if counts[P_BELOW_0]:
        what = f"{counts[P_BELOW_0]} of {total} rows have a number below 0 in {names}, which is no p value"
        log.warning("%s: %s; they are no markers (are these logarithms?)", source.place, what)


def _refuse_no_numbers(db: duckdb.DuckDBPyConnection, source: Source, thresholds: Thresholds, reader: Reader) -> None:
    """Columns without a single number are no statistics."""
    needed = thresholds.format.required or thresholds.positions
    positions = [position for name, found in thresholds.positions.items() if name in needed for position in found]
    if not positions:
        return
    sql, parameters = reader
    counts = ", ".join(f"count(nullif(c{position}, 'nan'::DOUBLE))" for position in positions)
    counted = db.execute(f"SELECT {counts} FROM {sql}", parameters).fetchone() or ()
    raise_all(
        [
            source.error(
                f"no number in column {shown(source.header[position])}; is it the right one?",
                code="statistic-without-numbers",
            )
            for position, count in zip(positions, counted, strict=True)
            if not count
        ]
    )


def _hint(db: duckdb.DuckDBPyConnection, source: Source, thresholds: Thresholds, reader: Reader) -> str:
    """What p values are where they are the reason."""
    positions = thresholds.positions.get("p_val_adj", ())
    if not positions:
        return ""
    sql, parameters = reader
    range_ = f"SELECT min(c{positions[0]}), max(c{positions[0]}) FROM {sql} WHERE isfinite(c{positions[0]})"
    least, most = db.execute(range_, parameters).fetchone() or (None, None)
    if least is None:
        return ""
    name = shown(source.header[positions[0]])
    if least < 0:
        return f" ({name} goes from {least:g} to {most:g}: are these logarithms of p values?)"
    if most > 1:
        return f" ({name} goes from {least:g} to {most:g}: are these -log10 of p values?)"
    return f" ({name} goes from {least:g} to {most:g})"


def _names(source: Source, thresholds: Thresholds, statistics: Sequence[str]) -> str:
    positions = [position for name in statistics for position in thresholds.positions.get(name, ())]
    return listed([source.header[position] for position in positions])
