"""Long marker tables, a gene a row: filtered, counted and ranked by DuckDB in one pass over the file.

The pass keeps each row's cluster and, if the row is a marker, a list of one record; for all other rows a null
list is the cheapest thing to keep. The kept table's rowid is the file's order, however many threads read it:
order of appearance, counts and stable ties all come from it. Checks that need other rows too read the file once more.
"""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack
from dataclasses import replace

import duckdb

from cassia_engine.csv_injection import unguard
from cassia_engine.errors import quoted
from cassia_engine.genes.marker_selector import MarkerSelector, describe_repeats
from cassia_engine.genes.unique_names import may_be_numbered
from cassia_engine.markers.columns.direction_column import DirectionColumn, decide, find_direction_column
from cassia_engine.markers.columns.formats import Format, MarkerTable
from cassia_engine.markers.columns.statistics import least_score, matching
from cassia_engine.markers.columns.unused import used_columns
from cassia_engine.markers.files.database import connected
from cassia_engine.markers.files.numbers import has_comma
from cassia_engine.markers.files.source import Source
from cassia_engine.markers.long.kept_rows import KeptRows
from cassia_engine.markers.long.no_genes import is_no_gene, leave_out_texts
from cassia_engine.markers.long.ranking import Ranking, best, ranking_of, without_fold_changes
from cassia_engine.markers.long.ratios import check_ratio
from cassia_engine.markers.long.sanity import (
    are_percent,
    check_numbers,
    count_flags,
    refuse_no_markers,
    say_marked,
    say_percent,
    warn_of_both_signs,
    warn_of_fractions,
)
from cassia_engine.markers.long.thresholds import Thresholds
from cassia_engine.records import Cluster, Marker, Selection
from cassia_engine.settings import SplitSettings

log = logging.getLogger(__name__)


def read_long(
    source: Source, format_: Format, settings: SplitSettings, selector: MarkerSelector, every_row: bool = False
) -> MarkerTable:
    """Choose the markers of each cluster of a long table; with `every_row` all rows that have a gene.

    Raises:
        UsageError: rows that cannot be read, or have no cluster, with their lines; no numbers in a column, or none that
            can be; no markers in any cluster; a ranking by a statistic that the table lacks.
    """
    statistics = format_.statistics(source)
    ranking = ranking_of(source, format_, statistics, settings)
    with connected() as db, ExitStack() as stack:
        db.execute(f"SET threads = {_cpus()}")
        direction = find_direction_column(source, used_columns(source, format_))
        keep = KeptRows(source, Thresholds(source, format_, settings, format_.percent, direction, every_row))
        _say_commas(keep)
        found = _kept(db, keep, stack)
        ranking = without_fold_changes(db, source, statistics, ranking)
        selector = selector.for_names(source.place, *_names(db, keep))
        rankings = _enough(db, ranking, selector)
        if any(map(is_no_gene, {marker.gene for markers in rankings.values() for marker in markers})):
            leave_out_texts(db, source)
            found, rankings = keep.clusters(db), _enough(db, ranking, selector)
    chosen = [selector.choose(rankings.get(id_, ())) for id_, _, _ in found]
    describe_repeats(source.place, {unguard(id_): one for (id_, _, _), one in zip(found, chosen, strict=True)})
    clusters = tuple(
        Cluster(unguard(id_), index, n_rows, n_passing, one.markers, set_aside=one.set_aside, hints=one.hints)
        for index, ((id_, n_rows, n_passing), one) in enumerate(zip(found, chosen, strict=True))
    )
    return MarkerTable(_selection(format_, keep.thresholds, settings, ranking), clusters)


def _kept(db: duckdb.DuckDBPyConnection, keep: KeptRows, stack: ExitStack) -> list[tuple[str, int, int]]:
    """Fill `kept` and check its numbers. Returns its clusters."""
    source = keep.source
    found = keep.fill(db, stack)
    counts = count_flags(db)
    if are_percent(counts):
        say_percent(source, keep.thresholds, counts)
        keep.thresholds = replace(keep.thresholds, percent=True)
        found = keep.refill(db)
        counts = count_flags(db)
    if keep.thresholds.direction and _decide_direction(db, keep, keep.thresholds.direction):
        found = keep.refill(db)
    warn_of_fractions(db, source)
    conditions = [condition.words for condition in keep.thresholds.conditions()]
    if conditions and not keep.thresholds.format.common:
        log.info("%s: a marker has %s", source.place, ", ".join(conditions))
    if found:
        check_ratio(db, source, keep.thresholds, keep.reader())
        say_marked(db, source, keep.thresholds, keep.reader())
        check_numbers(db, source, keep.thresholds, keep.reader(), counts)
        warn_of_both_signs(db, source, keep.thresholds, keep.reader())
        if not any(n_passing for _, _, n_passing in found):
            refuse_no_markers(db, source, keep.thresholds, keep.reader())
    return found


def _say_commas(keep: KeptRows) -> None:
    """Say that commas in quotes are decimal commas, where commas part the columns too."""
    source, columns = keep.source, keep.columns
    if source.delimiter == columns.decimal == ",":
        fields = (row[n].strip() for row in source.sample for n in columns.numbers.values() if n < len(row))
        example = next(filter(has_comma, fields))
        log.warning("%s: numbers are read with a decimal comma: %s", source.place, quoted(example))


def _decide_direction(db: duckdb.DuckDBPyConnection, keep: KeptRows, column: DirectionColumn) -> bool:
    """Take the direction of genes from a column of words, where no fold change or score has a sign."""
    scores = matching(keep.source.header, keep.thresholds.format.statistics(keep.source).get("score", ()))
    reader, parameters = keep.reader()
    values = ", ".join(f"min({keep.thresholds.value(name)})" for name in ("log2fc", "score"))
    least = db.execute(f"SELECT {values} FROM {reader}", parameters).fetchall()[0]
    if any(value is not None and value < 0 for value in least) or any(map(least_score, scores)):
        return False
    counted = f"SELECT {column.value_sql} AS value, count(*) FROM {reader} GROUP BY value ORDER BY value"
    decided, what = decide(keep.source, column, dict(db.execute(counted, parameters).fetchall()))
    if what:
        keep.thresholds = replace(keep.thresholds, direction=decided)
        log.warning("%s: %s", keep.source.place, what)
    return bool(what)


def _enough(db: duckdb.DuckDBPyConnection, ranking: Ranking, selector: MarkerSelector) -> dict[str, list[Marker]]:
    """The start of each cluster's ranking: as much as its markers are chosen from, seldom more."""
    length = selector.window
    found = best(db, ranking, length)
    while short := [id_ for id_, markers in found.items() if len(markers) == length and not selector.is_full(markers)]:
        length *= 4
        found |= best(db, ranking, length, short)
    return found


def _names(db: duckdb.DuckDBPyConnection, keep: KeptRows) -> tuple[dict[str, None], bool]:
    """The gene names of the hits, each once in their order, and whether any of them stands in several rows.

    Those of all rows, where names may have been made unique: the name without a number need not be a hit.
    """
    hits = "SELECT hit[1].gene AS gene, rowid AS place FROM kept WHERE hit IS NOT NULL"
    names, repeated = _counted(db, hits, [])
    return _counted(db, *keep.genes()) if may_be_numbered(names, repeated) else (names, repeated)


def _counted(db: duckdb.DuckDBPyConnection, rows: str, parameters: list[str]) -> tuple[dict[str, None], bool]:
    sql = f"SELECT gene, count(*) FROM ({rows}) WHERE gene IS NOT NULL GROUP BY gene ORDER BY min(place)"
    counted = [
        (name, count) for gene, count in db.execute(sql, parameters).fetchall() if not is_no_gene(name := gene.strip())
    ]
    names = dict.fromkeys(name for name, _ in counted)
    return names, len(names) < sum(count for _, count in counted)


def _selection(format_: Format, thresholds: Thresholds, settings: SplitSettings, ranking: Ranking) -> Selection:
    statistics = thresholds.positions.keys()
    least = thresholds.bounds.get(ranking.title)
    ranked_by = ranking.title if least is None else f"{ranking.title}, above {least:g}"
    return Selection(
        marker_format=format_.name,
        ranked_by=f"{ranked_by}, smallest first" if ranking.ascending else ranked_by,
        n_genes=settings.n_genes,
        max_p_val_adj=settings.max_p_val_adj if "p_val_adj" in statistics else None,
        min_log2fc=settings.min_log2fc if "log2fc" in statistics else None,
        min_pct=settings.min_pct if {"pct_in", "pct_out"} & statistics else None,
        gene_filter=settings.gene_filter,
    )


def _cpus() -> int:
    """The processors this task may use, which on a cluster are fewer than the machine has; macOS cannot say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
