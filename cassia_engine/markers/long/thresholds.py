"""What makes a row of a long table a marker, as SQL over the columns c0, c1, ... of the file.

To DuckDB NaN is the greatest number: upper bounds keep it out of every comparison.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from cassia_engine.errors import shown
from cassia_engine.markers.columns.direction_column import DirectionColumn
from cassia_engine.markers.columns.formats import Format
from cassia_engine.markers.columns.marked import TRUE_WORDS
from cassia_engine.markers.columns.statistics import base_of, matching, plain
from cassia_engine.markers.files.numbers import decimal_sign
from cassia_engine.markers.files.source import Source
from cassia_engine.markers.long.ranking import STATISTICS
from cassia_engine.markers.long.scan import Columns
from cassia_engine.settings import SplitSettings

# What is wrong with a row's numbers, as bits of its flags.
NO_GENE, P_BELOW_0, P_ABOVE_1, FRACTION_ABOVE_1, NO_FRACTION, FRACTION_ABOVE_10 = 1, 2, 4, 8, 16, 32
_ROUNDING = 1e-6
_LARGEST = "'inf'::DOUBLE"


@dataclass(frozen=True, slots=True)
class Condition:
    """What a marker's row fulfils: in words, and as SQL that is true, false or NULL."""

    words: str
    sql: str


@dataclass(frozen=True)
class Thresholds:
    """The thresholds of a table.

    Attributes:
        percent: fractions are written as percent, as the format says or the numbers show.
        direction: the column that says in words which genes are up, if there is one.
        every_row: there are no conditions.
    """

    source: Source
    format: Format
    settings: SplitSettings
    percent: bool
    direction: DirectionColumn | None = None
    every_row: bool = False

    @cached_property
    def positions(self) -> dict[str, list[int]]:
        """A statistic to the positions of its columns: a header may have strange or double names."""
        found = self.format.statistics(self.source)
        return {name: [self.source.header.index(column) for column in columns] for name, columns in found.items()}

    @cached_property
    def columns(self) -> Columns:
        """What of the file is read."""
        header = self.source.header
        numbers = {f"{name} {n}": at for name, found in self.positions.items() for n, at in enumerate(found)}
        numbers |= {f"above {column}": header.index(column) for column in self.bounds}
        cluster, gene = header.index(self.format.cluster), header.index(self.format.gene)
        texts = tuple(header.index(column) for column in self.true)
        texts += (self.direction.position,) if self.direction else ()
        return Columns(cluster, gene, numbers, _decimal(self.source, numbers.values()), texts, self.percent)

    @cached_property
    def true(self) -> tuple[str, ...]:
        """The column that is True in a marker's row, if there is one."""
        return matching(self.source.header, self.format.true)[:1]

    @cached_property
    def bounds(self) -> dict[str, float]:
        """Further columns, each with what it is above."""
        found = self.format.bounds(self.source)
        # What scvi-tools decided by a false discovery rate stands in for the probability.
        return {column: least for column, least in found.items() if not (self.true and plain(column) == "probade")}

    def unit(self, position: int) -> float:
        """What log2 fold changes are multiplied by to have those of a column."""
        base = base_of(self.source.header[position], self.format.natural)
        return 1.0 if base == 2 else math.log(2) / math.log(base)

    def value(self, name: str) -> str:
        """A statistic in the record's unit, whatever the column's is; NULL if it is missing.

        Of a column for each condition it is the weakest value: the smallest, of p values the largest.
        """
        values = [f"nullif(c{position}, 'nan'::DOUBLE)" for position in self.positions.get(name, ())]
        if not values:
            return "NULL::TINYINT"  # one byte per row
        weakest = "greatest" if name == "p_val_adj" else "least"
        value = values[0] if len(values) == 1 else f"{weakest}({', '.join(values)})"
        if name == "log2fc" and (unit := self.unit(self.positions[name][0])) != 1:
            value = f"({value} / {unit!r})"
        if name in ("log2fc", "score") and self.every_row and self.direction and self.direction.up:
            return self.direction.signed_sql(value)
        if name == "p_val_adj" and self.format.log_p:
            return f"exp({value})"
        return f"{value} / 100" if name.startswith("pct") and self.percent else value

    def record(self, gene: str) -> str:
        """What is kept of a marker's row."""
        values = ", ".join(f"{name} := {self.value(name)}" for name in STATISTICS)
        return f"struct_pack(gene := {gene}, {values})"

    def conditions(self) -> Iterator[Condition]:
        """All that a marker's row fulfils, beside having a gene."""
        if not self.every_row:
            yield from self._conditions()

    def _conditions(self) -> Iterator[Condition]:
        yield from self._p_values()
        yield from self._folds()
        yield from self._fractions()
        for column, least in self.bounds.items():
            sql = _above(self.source.header.index(column), least)
            yield Condition(f"{shown(column)} above {least:g}", sql)
        for column in self.true:
            yield Condition(f"{shown(column)} True", self.true_sql(column))
        if self.direction and self.direction.up:
            yield Condition(f"{shown(self.direction.name)} up", self.direction.up_sql)
        if {"pct_in", "pct_out"} <= self.positions.keys() and not self.bounds and "log2fc" not in self.positions:
            inside, outside = self.positions["pct_in"][0], self.positions["pct_out"][0]
            words = f"{shown(self.source.header[inside])} above {shown(self.source.header[outside])}"
            yield Condition(words, f"(c{inside} > c{outside} AND c{inside} <= 'inf'::DOUBLE)")

    def true_sql(self, column: str) -> str:
        """Whether a row of a column of booleans says true, as SQL."""
        return f"(lower(trim(c{self.source.header.index(column)})) IN {TRUE_WORDS!r})"

    def flags(self) -> str:
        """What is wrong with a row, as bits."""
        fractions = ("pct_in", "pct_out")
        tests = {
            NO_GENE: f"c{self.columns.gene} IS NULL",
            P_BELOW_0: "" if self.format.log_p else self._any(("p_val_adj",), f"< {-_ROUNDING!r}"),
            P_ABOVE_1: self._any(("p_val_adj",), f"BETWEEN {self._largest_p!r} AND {_LARGEST}"),
            FRACTION_ABOVE_1: self._any(fractions, "BETWEEN 1.000001 AND 100.000001") if not self.percent else "",
            FRACTION_ABOVE_10: self._any(fractions, "BETWEEN 10 AND 100.000001") if not self.percent else "",
            NO_FRACTION: self._any(fractions, "NOT BETWEEN 0 AND 100.000001"),
        }
        bits = (f"CASE WHEN {test} THEN {bit} ELSE 0 END" for bit, test in tests.items() if test)
        # Nearly all rows are as they should be: of these the one test is enough, and nothing is converted.
        return f"CASE WHEN {self._in_order()} THEN 0::UTINYINT ELSE ({' + '.join(bits)})::UTINYINT END"

    def _in_order(self) -> str:
        """Whether nothing is wrong with a row for certain."""
        most = 100 if self.percent else 1
        largest = {"p_val_adj": 0 if self.format.log_p else 1, "pct_in": most, "pct_out": most}
        least = {"p_val_adj": "'-inf'::DOUBLE" if self.format.log_p else "0"}
        between = (
            f"c{position} BETWEEN {least.get(name, '0')} AND {bound}"
            for name, bound in largest.items()
            for position in self.positions.get(name, ())
        )
        return " AND ".join([f"c{self.columns.gene} IS NOT NULL", *between])

    @property
    def _largest_p(self) -> float:
        return _ROUNDING + (0 if self.format.log_p else 1)

    def _any(self, names: Iterable[str], test: str) -> str:
        """Whether one of the columns of some statistics passes a test; "" where there are no such columns."""
        positions = [position for name in names for position in self.positions.get(name, ())]
        return " OR ".join(f"nullif(c{position}, 'nan'::DOUBLE) {test}" for position in positions)

    def _p_values(self) -> Iterator[Condition]:
        most = self.settings.max_p_val_adj
        for position in self.positions.get("p_val_adj", ()):
            name = shown(self.source.header[position])
            if self.format.log_p:
                least = math.log(most) if most else -math.inf
                yield Condition(f"{name} below log({most:g})", f"(c{position} < {_sql(least)})")
            else:
                sql = f"(c{position} < {_sql(most)} AND c{position} >= {-_ROUNDING!r})"
                yield Condition(f"{name} below {most:g}", sql)

    def _folds(self) -> Iterator[Condition]:
        least = self.settings.min_log2fc
        for position in self.positions.get("log2fc", ()):
            unit = self.unit(position)
            sql = _above(position, least * unit)
            words = f"{shown(self.source.header[position])} above {least:g}{' (as log2)' if unit != 1 else ''}"
            if self.format.signed_score and (scores := self.positions.get("score")):
                # Scanpy has no fold change where a mean is not above 0; the sign of the test's score stands in.
                # To COSG, which writes the same columns, a gene with a score of 0 or -1 is no marker.
                absent = f"(c{position} IS NULL OR isnan(c{position}))"
                no_marker = f"coalesce(c{scores[0]} IN (0, -1), false)"
                sql = f"(({sql} AND NOT {no_marker}) OR ({absent} AND {_above(scores[0], 0)}))"
            yield Condition(words, sql)

    def _fractions(self) -> Iterator[Condition]:
        """A gene is expressed in enough cells inside or outside of the cluster; under every condition, if there are."""
        inside, outside = self.positions.get("pct_in", []), self.positions.get("pct_out", [])
        least = self.settings.min_pct
        for n in range(max(len(inside), len(outside))):
            either = [positions[n] for positions in (inside, outside) if n < len(positions)]
            bound = least * (100 if self.percent else 1)
            sql = " OR ".join(f"c{position} BETWEEN {_sql(bound)} AND {_LARGEST}" for position in either)
            names = " or ".join(shown(self.source.header[position]) for position in either)
            yield Condition(f"{names} at least {bound:g}{' percent' if self.percent else ''}", f"({sql})")


def _above(position: int, least: float) -> str:
    return f"(c{position} > {_sql(least)} AND c{position} <= {_LARGEST})"


def _sql(number: float) -> str:
    return f"'{number!r}'::DOUBLE"


def _decimal(source: Source, columns: Iterable[int]) -> str:
    """The decimal sign of the first rows' numbers."""
    fields = (row[column] for column in columns for row in source.sample if column < len(row))
    return decimal_sign(fields, source.delimiter)
