"""Genes in row names, and tables of one cluster that have no column of clusters."""

from __future__ import annotations

import csv
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cassia_engine.cells import unguard
from cassia_engine.errors import raise_all, shown
from cassia_engine.faces import argument, option
from cassia_engine.files import stem_of
from cassia_engine.markers.formats import ROW_NAMES
from cassia_engine.markers.genelike import Kind, filled, kind_of
from cassia_engine.markers.headers import CLUSTER_HEADERS, GENE_HEADERS
from cassia_engine.markers.source import Problems, Source, rows
from cassia_engine.markers.widelabels import GENE, key_of
from cassia_engine.settings import SplitSettings

log = logging.getLogger(__name__)

# What the column of row names is called by R, data.table, readr, pandas and AnnData, besides nothing.
_ROW_NAMES = (
    *(name.lower() for name in ROW_NAMES),
    "rownames",
    "row.names",
    "row_names",
    "rowname",
    "rn",
    "v1",
    "...1",
)
_INDEX_NAMES = ("index", "_index", "__index_level_0__")
_IDS = ("gene_id", "gene_ids", "geneid", "feature_id", "featureid", "ensembl", "ensembl_id", "ensembl_gene_id", "id")
_CLUSTERINGS = ("leiden", "louvain", "rna_snn_res", "sct_snn_res", "integrated_snn_res", "wsnn_res", "snn_res")
# Statistics of a gene that have no place in a wide table, in lower case.
_STATISTICS = (
    *("avg_logfc", "logfc", "avg_diff", "p.value", "summary.logfc", "myauc", "power", "top", "stat", "statistic"),
    *("basemean", "lfcse", "lfc_mean", "padj", "max_pval", "minimump_p_val", "avgexpr", "pct_in", "pct_out"),
)
_ONE_CLUSTER = "cluster_1"
# Symbols are seldom there twice within a cluster; more of them are those of several clusters.
_MOST_REPEATED = 0.05


def with_row_names(source: Source, settings: SplitSettings) -> tuple[Source, SplitSettings]:
    """The table with its row names as a column of genes, where it has no other or they are asked for by "".

    Raises:
        UsageError: a column without a name is asked for, and is not there or is not one.
    """
    if settings.cluster_column == "":
        source, column = _nameless(source, "cluster")
        settings = replace(settings, cluster_column=column)
    if settings.gene_column == "":
        source, column = _nameless(source, "gene")
        settings = replace(settings, gene_column=column)
    if settings.gene_column is not None or settings.marker_format == "simplified":
        return source, settings
    position = _gene_names(source)
    if position is None:
        return source, settings
    source, column = _renamed(source, position, "gene")
    clusters = [name for name in source.header if name.strip().lower() in CLUSTER_HEADERS]
    log.info("%s: genes are taken from the row names", source.place)
    if settings.cluster_column is None and len(clusters) == 1:
        settings = replace(settings, cluster_column=clusters[0])
    return source, replace(settings, gene_column=column)


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
    name = settings.cluster_name if settings.cluster_name is not None else _name(source)
    id_ = f"'{name}" if unguard(str(name)) != name else str(name)
    n_rows = _copied(source, id_, gene, copy)
    how = "" if settings.cluster_name is not None else f" ({argument('cluster_name')} names it)"
    log.warning("%s: no column of clusters: all %d rows are one cluster, %s%s", source.place, n_rows, shown(name), how)
    whole = replace(
        source,
        path=copy,
        gzipped=False,
        header=("cluster", *source.header),
        sample=tuple((id_, *row) for row in source.sample),
    )
    return whole, replace(settings, cluster_column="cluster", gene_column=source.header[gene])


def _name(source: Source) -> str:
    """The file's name, where there is a file with one."""
    path = Path(source.place)
    return _ONE_CLUSTER if source.unnamed or path.parts[:2] == ("/", "dev") else stem_of(path)


def _gene_names(source: Source) -> int | None:
    """The position of row names that are the genes; None if there are none, or another column has the genes."""
    names = [name.strip().lower() for name in source.header]
    if set(names) & {*GENE_HEADERS, *_IDS} or len(names) < 2:
        return None
    candidates = [0] if names[0] in (*_ROW_NAMES, *_INDEX_NAMES) else []
    candidates += [len(names) - 1] if names[-1] in _INDEX_NAMES else []
    known = [n for n, name in enumerate(names) if _is_statistic(name) and _kind(source, n) is Kind.NUMBERS]
    found = [n for n in candidates if known and _kind(source, n) is Kind.NAMES]
    return found[0] if found else None


def _only_genes(source: Source, settings: SplitSettings) -> int | None:
    """The position of the genes of a table that can have but one cluster; None for any other."""
    names = [name.strip().lower() for name in source.header]
    if any(name in CLUSTER_HEADERS or name.startswith(_CLUSTERINGS) for name in names) or not source.sample:
        return None
    genes = [n for known in (GENE_HEADERS, _IDS) for n, name in enumerate(names) if name in known]
    if settings.gene_column is not None and settings.gene_column in source.header:
        genes.insert(0, source.header.index(settings.gene_column))
    if not genes or _kind(source, genes[0]) not in (Kind.NAMES, Kind.OTHER):
        return None
    others = [n for n in range(len(names)) if n not in genes and not (n == 0 and names[0] in _ROW_NAMES)]
    if not others:
        return genes[0] if len(names) == 1 else None
    if not any(_is_statistic(names[n]) for n in others) or any(_may_be_clusters(source, n) for n in others):
        return None
    return genes[0]


def _may_be_clusters(source: Source, position: int) -> bool:
    """Whether a column may tell clusters apart: it is no known statistic, and its values repeat or are no numbers."""
    cells = filled([row[position] for row in source.sample if position < len(row)])
    if not cells or _is_statistic(source.header[position].strip().lower()):
        return False
    return kind_of(cells) is not Kind.NUMBERS or (
        all(cell.isdecimal() for cell in cells) and len(set(cells)) * 2 <= len(cells)
    )


def _is_statistic(name: str) -> bool:
    return name in _STATISTICS or key_of(name) not in (None, GENE)


def _kind(source: Source, position: int) -> Kind:
    return kind_of([row[position] for row in source.sample if position < len(row)])


def _nameless(source: Source, name: str) -> tuple[Source, str]:
    found = [n for n, title in enumerate(source.header) if not title] or [
        n for n, title in enumerate(source.header) if title in ROW_NAMES
    ]
    if len(found) != 1:
        columns = f"{len(found) or 'no'} column{'s' if len(found) > 1 else ''}"
        what = f"{columns} without a name, given as {option(f'{name}_column', '')}"
        raise source.error(f"{what}; name the column in the header", 0)
    return _renamed(source, found[0], "row names")


def _renamed(source: Source, position: int, name: str) -> tuple[Source, str]:
    header = list(source.header)
    header[position] = name
    return replace(source, header=tuple(header)), name


def _copied(source: Source, id_: str, gene: int, copy: Path) -> int:
    """Write the table with its cluster in front, each row in its line of the file. Returns the number of rows."""
    problems = Problems(source)
    seen: set[str] = set()
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
            writer.writerow([id_, *row])
            seen.add(row[gene].strip())
            n_rows += 1
    problems.raise_all()
    if n_rows - len(seen) > max(1, _MOST_REPEATED * n_rows):
        what = f"no column of clusters is known, and genes of {source.header[gene] or 'the row names'} repeat"
        raise_all(
            [
                source.error(
                    f"{what}: {n_rows} rows, {len(seen)} genes; name their column with {option('cluster_column')}",
                    0,
                )
            ]
        )
    return n_rows


def _line_ends(row: Sequence[str]) -> int:
    """How many line ends stand in the cells of a row."""
    return sum(len(cell.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - 1 for cell in row)
