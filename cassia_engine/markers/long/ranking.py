"""What orders the markers of a cluster, and the best of these, from the rows that DuckDB kept."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import duckdb

from cassia_engine.callers import option
from cassia_engine.markers.columns.formats import Format
from cassia_engine.markers.files.source import Source
from cassia_engine.records import Marker
from cassia_engine.settings import SplitSettings

log = logging.getLogger(__name__)

STATISTICS = ("log2fc", "p_val_adj", "pct_in", "pct_out", "score")
# The statistics of a ranking method; of two, the difference.
_METHODS = {
    "avg_log2FC": ("log2fc",),
    "p_val_adj": ("p_val_adj",),
    "pct_diff": ("pct_in", "pct_out"),
    "Score": ("score",),
}
_DEFAULT = "avg_log2FC"
_MOST_EXTREMES = 1_000_000  # from so many on DuckDB refuses to find the largest values
_WITHOUT_DEFAULT = ("avg_log2FC", "Score", "pct_diff", "p_val_adj")


@dataclass(frozen=True, slots=True)
class Ranking:
    """What orders the markers of a cluster: statistics of the kept record (none: the table's own order), what people
    call it, its direction."""

    statistics: tuple[str, ...]
    title: str
    ascending: bool = False


def ranking_of(
    source: Source, format_: Format, statistics: Mapping[str, Sequence[str]], settings: SplitSettings
) -> Ranking:
    """The ranking asked for, of the statistics the table has.

    The default is the fold change; a table without one is ranked by its score, else by the difference of fractions,
    else by its p values.

    Raises:
        UsageError: it lacks them; says what it can be ranked by.
    """
    by_default = settings.ranking_method == _DEFAULT and settings.ascending is None
    if not statistics or (format_.ranked and by_default and not statistics.keys() & {"log2fc", "score"}):
        return Ranking((), "given order")
    possible = [method for method, names in _METHODS.items() if set(names) <= statistics.keys()]
    method = settings.ranking_method
    if method == _DEFAULT and not format_.required.get("log2fc"):
        method = next((other for other in _WITHOUT_DEFAULT if other in possible), method)
    wanted = _METHODS[method]
    lacking = [name for name in wanted if name not in statistics]
    if lacking:
        names = {**format_.required, **format_.optional}
        columns = [names[name][0] if name in names else option(f"{name}_column") for name in lacking]
        raise source.error(
            f"{option('ranking_method', method)} needs column {', '.join(columns)}, which is not there; "
            f"this table can be ranked by {', '.join(possible)}",
            0,
            code="ranking-column-missing",
        )
    ascending = settings.ascending if settings.ascending is not None else wanted == ("p_val_adj",)
    return Ranking(wanted, _title(statistics[wanted[0]]) if len(wanted) == 1 else method, ascending)


def _title(columns: Sequence[str]) -> str:
    """What the values of a statistic are called: its column, or what the columns of all conditions have in common."""
    if len(columns) == 1:
        return columns[0]
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*map(reversed, columns), strict=False))
    common = "".join(letters[0] for letters in same)[::-1]
    return f"{common.lstrip('_. ')}, the weakest of {len(columns)} conditions"


def without_fold_changes(
    db: duckdb.DuckDBPyConnection, source: Source, statistics: Mapping[str, Sequence[str]], ranking: Ranking
) -> Ranking:
    """The ranking by scores, if it is by fold changes and markers of the table have none."""
    if ranking.statistics != ("log2fc",) or "score" not in statistics:
        return ranking
    missing = "SELECT count(*) FROM kept WHERE hit IS NOT NULL AND hit[1].log2fc IS NULL"
    [number] = db.execute(missing).fetchone() or [0]
    if not number:
        return ranking
    folds, scores = _title(statistics["log2fc"]), _title(statistics["score"])
    what = f"{number} markers have no number in {folds}"
    log.warning("%s: %s; all are ranked by %s instead", source.place, what, scores)
    return replace(ranking, statistics=("score",), title=scores)


def best(
    db: duckdb.DuckDBPyConnection, ranking: Ranking, n_genes: int, clusters: Collection[str] | None = None
) -> dict[str, list[Marker]]:
    """The first markers of each cluster, or of some of them.

    Infinite values count as the largest finite one, missing ones come last.
    """
    raw = " - ".join(f"hit[1].{name}" for name in ranking.statistics)
    value = _finite_sql(db, raw) if raw else "rowid"
    columns = [value if (name,) == ranking.statistics else f"hit[1].{name}" for name in ("gene", *STATISTICS)]
    smallest_first = ranking.ascending or not raw
    extreme, sign, direction = ("min", "<=", "ASC") if smallest_first else ("max", ">=", "DESC")
    order = f"{value} {direction} NULLS LAST, rowid"
    these = "AND cluster IN (SELECT unnest($2)) " if clusters is not None else ""
    # Only rows at least as good as a cluster's last marker are sorted: a full sort takes four times as long.
    last = f"{extreme}({value}, $1)[$1]" if n_genes < _MOST_EXTREMES else "NULL"
    rows = db.execute(
        f"WITH ends AS (SELECT cluster, {last} AS last FROM kept WHERE hit IS NOT NULL {these}"
        f"GROUP BY cluster) SELECT cluster, {', '.join(columns)} FROM kept JOIN ends USING (cluster) "
        f"WHERE hit IS NOT NULL AND (last IS NULL OR {value} {sign} last) "
        f"QUALIFY row_number() OVER (PARTITION BY cluster ORDER BY {order}) <= $1 ORDER BY {order}",
        [n_genes, *([list(clusters)] if clusters is not None else [])],
    )
    markers: dict[str, list[Marker]] = {}
    while batch := rows.fetchmany(10_000):
        for cluster, gene, *values in batch:
            log2fc, p_val_adj, pct_in, pct_out, score = map(_finite, values)
            marker = Marker(gene.strip(), log2fc, p_val_adj, pct_in, pct_out, score)
            markers.setdefault(cluster, []).append(marker)
    return markers


def _finite_sql(db: duckdb.DuckDBPyConnection, value: str) -> str:
    """A value of `kept` whose infinite ones are the largest finite one."""
    # The value of a null list would be looked for too, row by row: hits alone are.
    sql = f"SELECT max({value}) FILTER (isfinite({value})) FROM kept WHERE hit IS NOT NULL"
    [largest] = db.execute(sql).fetchone() or [None]
    finite = "NULL" if largest is None else repr(largest)
    return f"CASE WHEN {value} = 'inf'::DOUBLE THEN {finite}::DOUBLE ELSE {value} END"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
