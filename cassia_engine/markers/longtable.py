"""Long marker tables, a gene a row: filtered, counted and ranked by DuckDB in one pass over the file.

The pass keeps each row's cluster and, if the row is a marker, a list of one record; for all other rows a null
list is the cheapest thing to keep. The kept table's rowid is the file's order, however many threads read it:
order of appearance, counts and stable ties all come from it, without a second pass.
"""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack

import duckdb

from cassia_engine.cells import unguard
from cassia_engine.errors import quoted, raise_all, shown
from cassia_engine.markers.formats import NATURAL_LOGARITHMS, Format, MarkerTable
from cassia_engine.markers.hygiene import Sieve, describe_repeats
from cassia_engine.markers.ranking import STATISTICS, Ranking, best, ranking_of, without_fold_changes
from cassia_engine.markers.scan import Columns, lines_of, tidied
from cassia_engine.markers.source import MISSING, MOST_LISTED, Source, as_pattern
from cassia_engine.markers.symbols import is_sentence
from cassia_engine.markers.unique_names import may_be_numbered
from cassia_engine.records import Cluster, Marker, Selection
from cassia_engine.settings import SplitSettings

log = logging.getLogger(__name__)

# DuckDB's own 32 MB a buffer costs memory and wins no time.
_BUFFER = 8_000_000
_COMMA_NUMBER = re.compile(r"-?\d+,\d+([eE][-+]?\d+)?")


class _DoubtfulError(Exception):
    """Something is wrong with rows; with which, is not known yet."""


def read_long(source: Source, format_: Format, settings: SplitSettings, sieve: Sieve) -> MarkerTable:
    """Choose the markers of each cluster of a long table.

    Raises:
        UsageError: rows that cannot be read, or have no cluster or no gene, with their lines; no numbers in a column;
            a ranking by a statistic that the table lacks.
    """
    statistics = format_.statistics(source)
    ranking = ranking_of(source, format_, statistics, settings)
    keep = _Keep(source, format_, statistics, settings)
    with duckdb.connect() as db, ExitStack() as stack:
        db.execute(f"SET threads = {_cpus()}")
        try:
            found = keep.run(db)
        except (duckdb.Error, _DoubtfulError):
            keep.source = stack.enter_context(tidied(source, keep.columns))
            found = keep.rerun(db)
        ranking = without_fold_changes(db, source, statistics, ranking)
        sieve = sieve.for_names(source.place, *_names(db, keep))
        rankings = _enough(db, ranking, sieve)
        if any(_is_no_gene(marker.gene) for markers in rankings.values() for marker in markers):
            _leave_out_sentences(db, source)
            found, rankings = keep.clusters(db), _enough(db, ranking, sieve)
    chosen = [sieve.choose(rankings.get(id_, ())) for id_, _, _ in found]
    describe_repeats(source.place, {unguard(id_): one for (id_, _, _), one in zip(found, chosen, strict=True)})
    clusters = tuple(
        Cluster(unguard(id_), index, n_rows, n_passing, one.markers, set_aside=one.set_aside, hints=one.hints)
        for index, ((id_, n_rows, n_passing), one) in enumerate(zip(found, chosen, strict=True))
    )
    return MarkerTable(_selection(format_, statistics, settings, ranking), clusters)


def _enough(db: duckdb.DuckDBPyConnection, ranking: Ranking, sieve: Sieve) -> dict[str, list[Marker]]:
    """The start of each cluster's ranking: as much as its markers are chosen from, seldom more."""
    length = sieve.window
    found = best(db, ranking, length)
    while short := [id_ for id_, markers in found.items() if len(markers) == length and not sieve.is_full(markers)]:
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
    counted = db.execute(sql, parameters).fetchall()
    names = dict.fromkeys(name for gene, _ in counted if not _is_no_gene(name := gene.strip()))
    return names, len(names) < sum(count for gene, count in counted if not _is_no_gene(gene.strip()))


def _selection(format_: Format, statistics: Mapping[str, str], settings: SplitSettings, ranking: Ranking) -> Selection:
    return Selection(
        marker_format=format_.name,
        ranked_by=f"{ranking.title}, smallest first" if ranking.ascending else ranking.title,
        n_genes=settings.n_genes,
        max_p_val_adj=settings.max_p_val_adj if "p_val_adj" in statistics else None,
        min_log2fc=settings.min_log2fc if "log2fc" in statistics else None,
        min_pct=settings.min_pct if {"pct_in", "pct_out"} & statistics.keys() else None,
        gene_filter=settings.gene_filter,
    )


def _cpus() -> int:
    """The processors this task may use, which on a cluster are fewer than the machine has; macOS cannot say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Keep:
    """Makes the table `kept` (cluster, gene_missing, hit) from the file."""

    def __init__(self, source: Source, format_: Format, statistics: Mapping[str, str], settings: SplitSettings) -> None:
        self.source = source
        self.format = format_
        self.settings = settings
        self.natural = statistics.get("log2fc") in NATURAL_LOGARITHMS
        # The file's columns go by position: a header may have strange or double names.
        numbers = {name: source.header.index(column) for name, column in statistics.items()}
        cluster, gene = source.header.index(format_.cluster), source.header.index(format_.gene)
        self.columns = Columns(cluster, gene, numbers, _decimal(source, numbers.values()))

    def run(self, db: duckdb.DuckDBPyConnection) -> list[tuple[str, int, int]]:
        """Fill `kept`. Returns its clusters in order of appearance, each with its rows and hits."""
        if any(len(row) != len(self.source.header) for row in self.source.sample):
            raise _DoubtfulError  # DuckDB takes rows that have empty fields too many, at whichever end
        db.execute(*self._statement())
        found = self.clusters(db)
        missing = db.execute("SELECT true FROM kept WHERE gene_missing LIMIT 1").fetchone()
        if missing or any(id_ is None or unguard(id_).strip() in MISSING for id_, _, _ in found):
            raise _DoubtfulError
        if found and not any(n_passing for _, _, n_passing in found):
            self._refuse_no_numbers(db)
        return found

    def clusters(self, db: duckdb.DuckDBPyConnection) -> list[tuple[str, int, int]]:
        """The clusters of `kept` in order of appearance, each with its rows and hits."""
        sql = "SELECT cluster, count(*), count(hit) FROM kept GROUP BY cluster ORDER BY min(rowid)"
        return db.execute(sql).fetchall()

    def genes(self) -> tuple[str, list[str]]:
        """A query of the gene and place of all rows, and its parameters."""
        reader, parameters = self._reader()
        return f"SELECT c{self.columns.gene} AS gene, row_number() OVER () AS place FROM {reader}", parameters

    def rerun(self, db: duckdb.DuckDBPyConnection) -> list[tuple[str, int, int]]:
        """`run` on a tidied table, where nothing should be wrong any more."""
        try:
            return self.run(db)
        except (duckdb.Error, _DoubtfulError) as error:
            raise self.source.error("cannot be read as a table; write it anew") from error

    def _refuse_no_numbers(self, db: duckdb.DuckDBPyConnection) -> None:
        """Refuse columns without a single number, if nothing passes: they are no statistics."""
        if not self.columns.numbers:
            return
        reader, parameters = self._reader()
        counts = ", ".join(f"count(nullif(c{position}, 'nan'::DOUBLE))" for position in self.columns.numbers.values())
        counted = db.execute(f"SELECT {counts} FROM {reader}", parameters).fetchone() or ()
        raise_all(
            [
                self.source.error(f"no number in column {shown(self.source.header[position])}; is it the right one?")
                for (name, position), count in zip(self.columns.numbers.items(), counted, strict=True)
                if not count and name in self.format.required
            ]
        )

    def _statement(self) -> tuple[str, list[str]]:
        values = ", ".join(f"{name} := {self._value(name)}" for name in STATISTICS)
        gene = f"c{self.columns.gene}"
        reader, parameters = self._reader()
        sql = (
            f"CREATE OR REPLACE TEMP TABLE kept AS SELECT c{self.columns.cluster} AS cluster, "
            f"{gene} IS NULL AS gene_missing, "
            f"CASE WHEN {self._passes()} THEN [struct_pack(gene := {gene}, {values})] END AS hit FROM {reader}"
        )
        return sql, parameters

    def _column(self, name: str) -> str:
        return f"c{self.columns.numbers[name]}" if name in self.columns.numbers else ""

    def _value(self, name: str) -> str:
        """A statistic in the record's unit, whatever the column's is; NULL if it is missing."""
        if not (column := self._column(name)):
            return "NULL::DOUBLE"
        value = f"nullif({column}, 'nan'::DOUBLE)"
        if name == "log2fc" and self.natural:
            return f"({value} / {math.log(2)!r})"
        return f"{value} / 100" if name.startswith("pct") and self.format.percent else value

    def _passes(self) -> str:
        """Whether a row is a marker. To DuckDB NaN is the greatest number: upper bounds keep it out."""
        conditions = [f"c{self.columns.gene} IS NOT NULL"]
        if p := self._column("p_val_adj"):
            conditions.append(f"{p} < {_sql(self.settings.max_p_val_adj)}")
        if fold := self._column("log2fc"):
            least = self.settings.min_log2fc * (math.log(2) if self.natural else 1)
            above = f"({fold} > {_sql(least)} AND {fold} <= 'inf'::DOUBLE)"
            if self.format.name == "scanpy" and (score := self._column("score")):
                # Scanpy has no fold change where a mean is not above 0; the sign of the test's score stands in.
                absent = f"({fold} IS NULL OR isnan({fold}))"
                above = f"({above} OR ({absent} AND {score} > 0 AND {score} <= 'inf'::DOUBLE))"
            conditions.append(above)
        if fractions := [column for name in ("pct_in", "pct_out") if (column := self._column(name))]:
            least = self.settings.min_pct * (100 if self.format.percent else 1)
            enough = " OR ".join(f"{column} BETWEEN {_sql(least)} AND 'inf'::DOUBLE" for column in fractions)
            conditions.append(f"({enough})")
        return " AND ".join(conditions)

    def _reader(self) -> tuple[str, list[str]]:
        numbers = set(self.columns.numbers.values())
        types = (f"'c{i}': '{'DOUBLE' if i in numbers else 'VARCHAR'}'" for i in range(len(self.source.header)))
        sql = (
            f"read_csv(?, delim=?, decimal_separator=?, compression=?, columns={{{', '.join(types)}}}, "
            "auto_detect=false, header=false, skip=1, quote='\"', escape='\"', strict_mode=true, "
            f"nullstr={list(MISSING)!r}, buffer_size={_BUFFER})"
        )
        packed = "gzip" if self.source.gzipped else "none"
        return sql, [as_pattern(self.source.path), self.source.delimiter, self.columns.decimal, packed]


def _sql(number: float) -> str:
    return f"'{number!r}'::DOUBLE"


def _decimal(source: Source, columns: Iterable[int]) -> str:
    """The decimal sign of the first rows' numbers: a comma if one has it, as write.csv2 writes."""
    if source.delimiter == ",":
        return "."
    fields = [row[column] for column in columns for row in source.sample if column < len(row)]
    return "," if any(_COMMA_NUMBER.fullmatch(field.strip()) for field in fields) else "."


def _is_no_gene(text: str) -> bool:
    return is_sentence(text) or text in MISSING


def _leave_out_sentences(db: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Take texts that are no genes from the hits, aloud."""
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
    for row in listed:
        log.warning("%s: %s is no gene's name and is left out", source.at(lines.get(row)), quoted(found[row]))
    if len(found) > len(listed):
        log.warning("%s: %d rows with texts in place of genes are left out", source.place, len(found))
