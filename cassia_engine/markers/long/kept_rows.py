"""The rows of a long table as DuckDB keeps them: cluster, what is wrong with numbers, and the record of a marker."""

from __future__ import annotations

from contextlib import ExitStack

import duckdb

from cassia_engine.csv_injection import unguard
from cassia_engine.markers.files.arrays import Arrays
from cassia_engine.markers.files.footers import is_note
from cassia_engine.markers.files.source import MISSING, Source, as_pattern
from cassia_engine.markers.long.scan import Columns, tidied
from cassia_engine.markers.long.thresholds import Thresholds

# Each of DuckDB's tasks reads one buffer, and copies its rows once more unless they fill a row group (122,880 rows):
# with this many bytes they do, in rows of up to 80 bytes. DuckDB's default of 32 MB costs memory.
_BUFFER = 10_000_000


class _DoubtfulError(Exception):
    """Something is wrong with rows; with which, is not known yet."""


class KeptRows:
    """Makes the table `kept` (cluster, flags, hit) from the file."""

    def __init__(self, source: Source, thresholds: Thresholds) -> None:
        self.source = source
        self.thresholds = thresholds

    @property
    def columns(self) -> Columns:
        return self.thresholds.columns

    def fill(self, db: duckdb.DuckDBPyConnection, stack: ExitStack) -> list[tuple[str, int, int]]:
        """Fill `kept`, from a tidied copy of the file where DuckDB cannot be trusted to read it as it is.

        Returns its clusters in order of appearance, each with its rows and hits.
        """
        try:
            return self._run(db)
        except (duckdb.Error, _DoubtfulError):
            self.source = stack.enter_context(tidied(self.source, self.columns))
            return self.refill(db)

    def refill(self, db: duckdb.DuckDBPyConnection) -> list[tuple[str, int, int]]:
        """`fill` anew with other thresholds, from a file where nothing should be wrong any more."""
        try:
            return self._run(db)
        except (duckdb.Error, _DoubtfulError) as error:
            raise self.source.error("cannot be read as a table; write it anew", code="table-changed") from error

    def _run(self, db: duckdb.DuckDBPyConnection) -> list[tuple[str, int, int]]:
        # DuckDB takes rows that have empty fields too many, at whichever end, and line ends of the first kind only.
        if self.source.mixed_ends or any(len(row) != len(self.source.header) for row in self.source.sample):
            raise _DoubtfulError
        if isinstance(self.source.path, Arrays):
            self.source.path.register(db)
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

    def reader(self) -> tuple[str, list[str]]:
        """The file as SQL, and its parameters."""
        numbers = set(self.columns.numbers.values())
        if isinstance(self.source.path, Arrays):
            return self.source.path.sql(numbers, MISSING), []
        types = (f"'c{i}': '{'DOUBLE' if i in numbers else 'VARCHAR'}'" for i in range(len(self.source.header)))
        sql = (
            f"read_csv(?, delim=?, decimal_separator=?, compression=?, columns={{{', '.join(types)}}}, "
            f"auto_detect=false, header=false, skip={self.source.skip + 1}, quote='\"', escape='\"', strict_mode=true, "
            f"nullstr={list(MISSING)!r}, buffer_size={_BUFFER})"
        )
        packed = "gzip" if self.source.gzipped else "none"
        return sql, [as_pattern(self.source.path), self.source.delimiter, self.columns.decimal, packed]
