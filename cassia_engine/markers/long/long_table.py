"""Long marker tables, a gene a row: filtered, counted and ranked by DuckDB in one pass over the file.

The pass keeps each row's cluster and, if the row is a marker, a list of one record; for all other rows a null
list is the cheapest thing to keep. The kept table's rowid is the file's order, however many threads read it:
order of appearance, counts and stable ties all come from it, without a second pass.
"""

from __future__ import annotations

import logging
import os
import re
from contextlib import ExitStack
from dataclasses import replace

import duckdb

from cassia_engine.csv_injection import unguard
from cassia_engine.errors import quoted
from cassia_engine.genes.list_gene import gene_of
from cassia_engine.genes.marker_selector import MarkerSelector, describe_repeats
from cassia_engine.genes.recognised import is_recognised
from cassia_engine.genes.unique_names import may_be_numbered
from cassia_engine.markers.columns.direction_column import DirectionColumn, decide, find_direction_column
from cassia_engine.markers.columns.formats import Format, MarkerTable
from cassia_engine.markers.columns.statistics import least_score, matching
from cassia_engine.markers.columns.symbols import LONGEST_SYMBOL, is_sentence
from cassia_engine.markers.columns.unused import used_columns
from cassia_engine.markers.files.footers import is_note
from cassia_engine.markers.files.numbers import SPREADSHEET_ERRORS, has_comma
from cassia_engine.markers.files.source import MISSING, MOST_LISTED, Source, as_pattern
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
from cassia_engine.markers.long.scan import Columns, lines_of, tidied
from cassia_engine.markers.long.thresholds import Thresholds
from cassia_engine.records import Cluster, Marker, Selection
from cassia_engine.settings import SplitSettings

log = logging.getLogger(__name__)

# DuckDB's own 32 MB a buffer costs memory and wins no time.
_BUFFER = 8_000_000
_PLAIN = re.compile(r"(?:\w[\w.\-]*)?\w")  # nearly all names; the rest is looked at
_ALTERNATIVES = re.compile(r"[^\s/]{1,40}(?:\s?///\s?[^\s/]{1,40})+")  # genes that a probe of Affymetrix fits
_NO_GENES = frozenset((*MISSING, *SPREADSHEET_ERRORS))


class _DoubtfulError(Exception):
    """Something is wrong with rows; with which, is not known yet."""


def read_long(source: Source, format_: Format, settings: SplitSettings, selector: MarkerSelector) -> MarkerTable:
    """Choose the markers of each cluster of a long table.

    Raises:
        UsageError: rows that cannot be read, or have no cluster, with their lines; no numbers in a column, or none that
            can be; no markers in any cluster; a ranking by a statistic that the table lacks.
    """
    statistics = format_.statistics(source)
    ranking = ranking_of(source, format_, statistics, settings)
    with duckdb.connect() as db, ExitStack() as stack:
        db.execute(f"SET threads = {_cpus()}")
        direction = find_direction_column(source, used_columns(source, format_))
        keep = _Keep(source, Thresholds(source, format_, settings, format_.percent, direction))
        _say_commas(keep)
        found = _kept(db, keep, stack)
        ranking = without_fold_changes(db, source, statistics, ranking)
        selector = selector.for_names(source.place, *_names(db, keep))
        rankings = _enough(db, ranking, selector)
        if any(_is_no_gene(marker.gene) for markers in rankings.values() for marker in markers):
            _leave_out_sentences(db, source)
            found, rankings = keep.clusters(db), _enough(db, ranking, selector)
    chosen = [selector.choose(rankings.get(id_, ())) for id_, _, _ in found]
    describe_repeats(source.place, {unguard(id_): one for (id_, _, _), one in zip(found, chosen, strict=True)})
    clusters = tuple(
        Cluster(unguard(id_), index, n_rows, n_passing, one.markers, set_aside=one.set_aside, hints=one.hints)
        for index, ((id_, n_rows, n_passing), one) in enumerate(zip(found, chosen, strict=True))
    )
    return MarkerTable(_selection(format_, keep.thresholds, settings, ranking), clusters)


def _kept(db: duckdb.DuckDBPyConnection, keep: _Keep, stack: ExitStack) -> list[tuple[str, int, int]]:
    """Fill `kept`, by another way where the first one fails, and check its numbers. Returns `_Keep.run`'s clusters."""
    source = keep.source
    try:
        found = keep.run(db)
    except (duckdb.Error, _DoubtfulError):
        keep.source = stack.enter_context(tidied(source, keep.columns))
        found = keep.rerun(db)
    counts = count_flags(db)
    if are_percent(counts):
        say_percent(source, keep.thresholds, counts)
        keep.thresholds = replace(keep.thresholds, percent=True)
        found = keep.rerun(db)
        counts = count_flags(db)
    if keep.thresholds.direction and _decide_direction(db, keep, keep.thresholds.direction):
        found = keep.rerun(db)
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


def _say_commas(keep: _Keep) -> None:
    """Say that commas in quotes are decimal commas, where commas part the columns too."""
    source, columns = keep.source, keep.columns
    if source.delimiter == columns.decimal == ",":
        fields = (row[n].strip() for row in source.sample for n in columns.numbers.values() if n < len(row))
        example = next(filter(has_comma, fields))
        log.warning("%s: numbers are read with a decimal comma: %s", source.place, quoted(example))


def _decide_direction(db: duckdb.DuckDBPyConnection, keep: _Keep, column: DirectionColumn) -> bool:
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


def _names(db: duckdb.DuckDBPyConnection, keep: _Keep) -> tuple[dict[str, None], bool]:
    """The gene names of the hits, each once in their order, and whether any of them stands in several rows.

    Those of all rows, where names may have been made unique: the name without a number need not be a hit.
    """
    hits = "SELECT hit[1].gene AS gene, rowid AS place FROM kept WHERE hit IS NOT NULL"
    names, repeated = _counted(db, hits, [])
    return _counted(db, *keep.genes()) if may_be_numbered(names, repeated) else (names, repeated)


def _counted(db: duckdb.DuckDBPyConnection, rows: str, parameters: list[str]) -> tuple[dict[str, None], bool]:
    sql = f"SELECT gene, count(*) FROM ({rows}) WHERE gene IS NOT NULL GROUP BY gene ORDER BY min(place)"
    counted = [
        (name, count) for gene, count in db.execute(sql, parameters).fetchall() if not _is_no_gene(name := gene.strip())
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


class _Keep:
    """Makes the table `kept` (cluster, flags, hit) from the file."""

    def __init__(self, source: Source, thresholds: Thresholds) -> None:
        self.source = source
        self.thresholds = thresholds

    @property
    def columns(self) -> Columns:
        return self.thresholds.columns

    def run(self, db: duckdb.DuckDBPyConnection) -> list[tuple[str, int, int]]:
        """Fill `kept`. Returns its clusters in order of appearance, each with its rows and hits."""
        # DuckDB takes rows that have empty fields too many, at whichever end, and line ends of the first kind only.
        if self.source.mixed_ends or any(len(row) != len(self.source.header) for row in self.source.sample):
            raise _DoubtfulError
        reader, parameters = self.reader()
        gene = f"c{self.columns.gene}"
        passes = " AND ".join([f"{gene} IS NOT NULL", *(one.sql for one in self.thresholds.conditions())])
        db.execute(
            f"CREATE OR REPLACE TEMP TABLE kept AS SELECT c{self.columns.cluster} AS cluster, "
            f"{self.thresholds.flags()} AS flags, "
            f"CASE WHEN {passes} THEN [{self.thresholds.record(gene)}] END AS hit FROM {reader}",
            parameters,
        )
        found = self.clusters(db)
        if any(id_ is None or unguard(id_).strip() in MISSING for id_, _, _ in found):
            raise _DoubtfulError
        name = self.source.header[self.columns.cluster]
        if self.source.sample and any(id_ == name or (n_rows == 1 and is_note(id_)) for id_, n_rows, _ in found):
            raise _DoubtfulError  # perhaps the header once more, or a note below the table
        return found

    def clusters(self, db: duckdb.DuckDBPyConnection) -> list[tuple[str, int, int]]:
        """The clusters of `kept` in order of appearance, each with its rows and hits."""
        sql = "SELECT cluster, count(*), count(hit) FROM kept GROUP BY cluster ORDER BY min(rowid)"
        return db.execute(sql).fetchall()

    def genes(self) -> tuple[str, list[str]]:
        """A query of the gene and place of all rows, and its parameters."""
        reader, parameters = self.reader()
        return f"SELECT c{self.columns.gene} AS gene, row_number() OVER () AS place FROM {reader}", parameters

    def rerun(self, db: duckdb.DuckDBPyConnection) -> list[tuple[str, int, int]]:
        """`run` on a tidied table, where nothing should be wrong any more."""
        try:
            return self.run(db)
        except (duckdb.Error, _DoubtfulError) as error:
            raise self.source.error("cannot be read as a table; write it anew") from error

    def reader(self) -> tuple[str, list[str]]:
        """The file as SQL, and its parameters."""
        numbers = set(self.columns.numbers.values())
        types = (f"'c{i}': '{'DOUBLE' if i in numbers else 'VARCHAR'}'" for i in range(len(self.source.header)))
        sql = (
            f"read_csv(?, delim=?, decimal_separator=?, compression=?, columns={{{', '.join(types)}}}, "
            f"auto_detect=false, header=false, skip={self.source.skip + 1}, quote='\"', escape='\"', strict_mode=true, "
            f"nullstr={list(MISSING)!r}, buffer_size={_BUFFER})"
        )
        packed = "gzip" if self.source.gzipped else "none"
        return sql, [as_pattern(self.source.path), self.source.delimiter, self.columns.decimal, packed]


def _is_no_gene(text: str) -> bool:
    if text in _NO_GENES:
        return True
    if len(text) <= LONGEST_SYMBOL and _PLAIN.fullmatch(text):
        return False
    return (is_sentence(text) and not _ALTERNATIVES.fullmatch(text)) or _is_said_absent(text)


def _is_said_absent(text: str) -> bool:
    """Whether a known gene is said not to be expressed: EPCAM low, not EPCAM, EPCAM-."""
    gene, is_absent = gene_of(text)
    return is_absent and is_recognised(gene)


def _leave_out_sentences(db: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Take texts that are no genes from the hits, with a warning."""
    genes = db.execute("SELECT DISTINCT hit[1].gene FROM kept WHERE hit IS NOT NULL").fetchall()
    texts = [gene for (gene,) in genes if _is_no_gene(gene.strip())]
    these = "hit IS NOT NULL AND hit[1].gene IN (SELECT unnest($1))"
    found = dict(db.execute(f"SELECT rowid, hit[1].gene FROM kept WHERE {these} ORDER BY rowid", [texts]).fetchall())
    # An update would move the rows, and their order with them.
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE kept AS SELECT cluster, CASE WHEN NOT ({these}) THEN hit END AS hit FROM kept",
        [texts],
    )
    listed = list(found)[:MOST_LISTED]
    lines = lines_of(source, listed)
    if len(found) == 1:
        place = source.at(lines.get(listed[0]))
        log.warning("%s: %s is no gene's name and is left out", place, quoted(found[listed[0]]))
        return
    numbers = ", ".join(str(lines[row]) for row in listed if row in lines) + (
        ", ..." if len(found) > len(listed) else ""
    )
    where = f" ({'rows' if source.in_rows else 'lines'} {numbers})" if lines and source.lines else ""
    what = "rows with a text that is no gene's name are left out"
    log.warning("%s: %d %s%s: e.g. %s", source.place, len(found), what, where, quoted(found[listed[0]]))
