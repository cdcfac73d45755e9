"""Tables of one cluster that have no column of clusters; and those of several that only look like one."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cassia_engine.callers import argument, option
from cassia_engine.csv_injection import unguard
from cassia_engine.errors import raise_all, shown
from cassia_engine.files import stem_of
from cassia_engine.genes.keyed_names import keyed_genes, may_be_keyed
from cassia_engine.genes.recognised import are_hardly_known, are_mostly_known
from cassia_engine.genes.unique_names import without_numbers
from cassia_engine.markers.columns.gene_columns import Kind, filled, is_known, kind_of
from cassia_engine.markers.columns.row_names import IDS, NAMES_OF_ROW_NAMES, is_statistic, kind_at
from cassia_engine.markers.columns.sample import texts_of
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, CLUSTER_PREFIXES, GENE_HEADERS
from cassia_engine.markers.files.source import Problems, Source, rows
from cassia_engine.settings import SplitSettings
from cassia_engine.text import counted

log = logging.getLogger(__name__)

_ONE_CLUSTER = "cluster_1"
# Symbols are seldom there twice within a cluster; more of them are those of several clusters.
_MOST_REPEATED = 0.05


def with_cluster(source: Source, settings: SplitSettings, copy: Path) -> tuple[Source, SplitSettings]:
    """The table with a column of clusters, if it is of one cluster and has none: written to `copy`, line by line.

    Raises:
        UsageError: rows cannot be read, or genes repeat as those of several clusters.
    """
    gene = None if settings.cluster_column is not None else _only_genes(source, settings)
    if gene is None or settings.marker_format in ("simplified", "long"):
        if settings.cluster_name is not None:
            log.warning(
                "%s: %s has no effect: the table has a column of clusters", source.place, argument("cluster_name")
            )
        return source, settings
    _refuse_side_by_side(source, gene)
    if keyed := _keyed(source, gene, settings):
        source = _with_keys(source, gene, keyed, copy)
        return source, replace(settings, cluster_column="cluster", gene_column=source.header[gene + 1])
    _refuse_headings(source, gene)
    name = settings.cluster_name if settings.cluster_name is not None else table_name(source)
    id_ = f"'{name}" if unguard(str(name)) != name else str(name)
    n_rows = _copied(source, id_, gene, copy)
    how = "" if settings.cluster_name is not None else f" ({argument('cluster_name')} names it)"
    log.warning("%s: no column of clusters: all %d rows are one cluster, %s%s", source.place, n_rows, shown(name), how)
    whole = _whole(source, copy, tuple((id_, *row) for row in source.sample))
    return whole, replace(settings, cluster_column="cluster", gene_column=source.header[gene])


def _refuse_side_by_side(source: Source, gene: int) -> None:
    """Refuse tables that cbind of R or pandas.concat put side by side: only the first would be read."""
    names = [name.strip().lower() for name in source.header]
    several = [name for name in names if name == names[gene] or is_statistic(name)]
    double = [name for name in several if name and (names.count(name) > 1 or f"{name}.1" in names)]
    if double:
        what = f"tables of several clusters stand side by side ({shown(double[0])} is there again)"
        raise source.error(
            f"{what}; put them below each other, with a column of clusters", 0, code="tables-side-by-side"
        )


def _refuse_headings(source: Source, gene: int) -> None:
    """Refuse a table whose clusters are rows with a name alone, above the rows of their genes."""
    for line, row in rows(source, Problems(source)):
        name = row[gene].strip()
        if len(row) > 1 and name and not any(cell.strip() for n, cell in enumerate(row) if n != gene):
            if is_known(name):
                continue
            what = f"{shown(name)} has nothing beside it, as the heading of the rows below"
            raise source.error(f"{what}; give each row its cluster, in a column of clusters", line, code="heading-rows")


def _keyed(source: Source, gene: int, settings: SplitSettings) -> Mapping[str, tuple[str, str]]:
    """Cluster and gene of each name, where the ids of several clusters stand before the genes or behind them.

    Raises:
        UsageError: they do, and the table is said to be of one cluster; or some names have none.
    """
    if not may_be_keyed([row[gene].strip() for row in source.sample if gene < len(row)]):
        return {}
    keyed = keyed_genes(dict.fromkeys(row[gene].strip() for _, row in rows(source, Problems(source))))
    ids = list(dict.fromkeys(id_ for id_, _ in keyed.values()))
    if not keyed:
        return {}
    name, (id_, symbol) = next(iter(keyed.items()))
    if "" in ids or settings.cluster_name is not None:
        plain = next((name for name, (id_, _) in keyed.items() if not id_), "")
        but = f"but not {shown(plain)}" if plain else f"but {argument('cluster_name')} names one cluster"
        what = f"genes have ids of several clusters in their names (such as {shown(name)}), {but}"
        raise source.error(f"{what}; give a column of clusters and one of genes", 0, code="cluster-ids-in-some-genes")
    what = "no column of clusters, but ids of clusters in the names of genes"
    example = f"{shown(name)} is read as {shown(symbol)} of cluster {shown(id_)}"
    log.warning("%s: %s: %s; %s", source.place, what, counted(len(ids), "cluster"), example)
    return keyed


def _with_keys(source: Source, gene: int, keyed: Mapping[str, tuple[str, str]], copy: Path) -> Source:
    """The table with its clusters in front and its genes without them, written to `copy`."""

    def parted(row: Sequence[str]) -> list[str]:
        id_, symbol = keyed[row[gene].strip()]
        return [f"'{id_}" if unguard(id_) != id_ else id_, *row[:gene], symbol, *row[gene + 1 :]]

    _written(source, parted, copy)
    sample = tuple(tuple(parted(row)) for row in source.sample if gene < len(row))
    return _whole(source, copy, sample)


def _whole(source: Source, copy: Path, sample: tuple[tuple[str, ...], ...]) -> Source:
    return replace(source, path=copy, gzipped=False, header=("cluster", *source.header), sample=sample)


def table_name(source: Source) -> str:
    """The file's name, where there is a file with one."""
    path = Path(source.place)
    return _ONE_CLUSTER if source.unnamed or path.parts[:2] == ("/", "dev") else stem_of(path)


def _only_genes(source: Source, settings: SplitSettings) -> int | None:
    """The position of the genes of a table that can have but one cluster; None for any other."""
    names = [name.strip().lower() for name in source.header]
    if any(name in CLUSTER_HEADERS or name.startswith(CLUSTER_PREFIXES) for name in names) or not source.sample:
        return None
    genes = [n for known in (GENE_HEADERS, IDS) for n, name in enumerate(names) if name in known]
    if settings.gene_column is not None and settings.gene_column in source.header:
        genes.insert(0, source.header.index(settings.gene_column))
    elif genes and are_hardly_known(texts_of(source, genes[0])):  # descriptions
        genes.sort(key=lambda n: not are_mostly_known(texts_of(source, n)))
    if not genes or kind_at(source, genes[0]) not in (Kind.NAMES, Kind.OTHER):
        return None
    others = [n for n in range(len(names)) if n not in genes and not (n == 0 and names[0] in NAMES_OF_ROW_NAMES)]
    if not others:
        return genes[0] if len(names) == 1 else None
    if not any(is_statistic(names[n]) for n in others) or any(_may_be_clusters(source, n) for n in others):
        return None
    return genes[0]


def _may_be_clusters(source: Source, position: int) -> bool:
    """Whether a column may tell clusters apart: it is no known statistic, and its values repeat or are no numbers."""
    cells = filled([row[position] for row in source.sample if position < len(row)])
    if not cells or is_statistic(source.header[position].strip().lower()):
        return False
    return kind_of(cells) is not Kind.NUMBERS or (
        all(cell.isdecimal() for cell in cells) and len(set(cells)) * 2 <= len(cells)
    )


def _copied(source: Source, id_: str, gene: int, copy: Path) -> int:
    """Write the table with its cluster in front. Returns the number of rows.

    Raises:
        UsageError: rows cannot be read, or genes repeat as those of several clusters.
    """
    seen: set[str] = set()

    def clustered(row: Sequence[str]) -> list[str]:
        seen.add(row[gene].strip())
        return [id_, *row]

    n_rows = _written(source, clustered, copy)
    base = without_numbers(seen, None, repeated=len(seen) < n_rows)[1]
    genes = len({base.get(name, name) for name in seen})
    if n_rows - genes > max(1, _MOST_REPEATED * n_rows):
        what = f"no column of clusters is known, and genes of {source.header[gene] or 'the row names'} repeat"
        raise_all(
            [
                source.error(
                    f"{what}: {n_rows} rows, {genes} genes; name their column with {option('cluster_column')}",
                    0,
                    code="genes-repeat",
                )
            ]
        )
    return n_rows


def _written(source: Source, changed: Callable[[Sequence[str]], Sequence[str]], copy: Path) -> int:
    """Write a column of clusters and the changed rows, each in its line of the file. Returns the number of rows."""
    problems = Problems(source)
    n_rows = 0
    with open(copy, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=source.delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
        out.write("\n" * source.skip)
        writer.writerow(["cluster", *source.header])
        written = source.skip + 2
        for line, row in rows(source, problems):
            if not source.in_rows:
                out.write("\n" * (line - written))
                written = line + 1 + _line_ends(row)
            writer.writerow(changed(row))
            n_rows += 1
    problems.raise_all()
    return n_rows


def _line_ends(row: Sequence[str]) -> int:
    """How many line ends stand in the cells of a row."""
    return sum(len(cell.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - 1 for cell in row)
