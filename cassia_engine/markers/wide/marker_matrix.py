"""Matrices of genes and clusters whose cells say which genes are markers: 1 and 0, TRUE and FALSE, x and nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import chain

from cassia_engine.errors import shown
from cassia_engine.genes.recognised import share
from cassia_engine.markers.columns.formats import ROW_NAMES
from cassia_engine.markers.columns.inert_columns import is_about_genes
from cassia_engine.markers.columns.marked import is_mark
from cassia_engine.markers.columns.wide_labels import GENE, Label, key_of
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS, ID_HEADERS
from cassia_engine.markers.files.source import MISSING, Problems, Source, rows
from cassia_engine.markers.wide.recognition import MOST_CELLS, Lists
from cassia_engine.text import counted

log = logging.getLogger(__name__)

# What marks a gene and what does not; the cells of a table are of one kind.
_KINDS = (
    (("1", "1.0"), ("0", "0.0")),
    (("true", "t"), ("false", "f")),
    (("yes", "y"), ("no", "n")),
    (("x", "✓", "✔", "•", "●", "+"), ("-", "–", "−")),
)
_YES = frozenset(chain.from_iterable(yes for yes, _ in _KINDS))
_NO = frozenset((*(name.lower() for name in MISSING), ""))
_KNOWN = 0.5
# Nearly every gene of such a matrix marks a cluster; traits (is it a receptor?) most genes do not have.
_MARKING = 0.8
_SHOWN = 3


def read_matrix(source: Source) -> Lists | None:
    """The genes of each cluster of such a matrix, in its order, either way round; None for another table.

    Raises:
        UsageError: rows cannot be read, or there are too many.
    """
    if not _is_matrix(source, source.sample):
        return None
    problems = Problems(source)
    body = [row for _, row in _limited(source, problems)]
    problems.raise_all()
    if not _is_matrix(source, body):
        return None
    by_gene = _genes_in_rows(source, body)
    names, table = [row[0].strip() for row in body], [[_is_marked(cell) for cell in row[1:]] for row in body]
    if by_gene:
        clusters, found = source.header[1:], list(zip(*table, strict=True))
    else:
        clusters, found, names = tuple(names), list(map(tuple, table)), list(source.header[1:])
    lists = [[name for name, marked in zip(names, marks, strict=True) if marked] for marks in found]
    _say(source, clusters)
    longest = max(map(len, lists))
    padded = [[*some, *[""] * (longest - len(some))] for some in lists]
    what = f"a matrix that marks the genes of each cluster, with {'genes' if by_gene else 'clusters'} in rows"
    return Lists([Label(cluster.strip(), GENE) for cluster in clusters], padded, (), what)


def _limited(source: Source, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    for number, found in enumerate(rows(source, problems), 1):
        if number * len(source.header) > MOST_CELLS:
            raise source.error(
                f"more than {MOST_CELLS} cells; give the genes that are markers only", code="matrix-too-large"
            )
        yield found


def _is_matrix(source: Source, body: Sequence[Sequence[str]]) -> bool:
    """Whether all cells but the first of each row say yes or no, in one way, and rows and columns have names."""
    names = [name.strip() for name in source.header]
    body = [row for row in body if len(row) == len(names)]
    if len(names) < 3 or len(body) < 2 or not all(names[1:]) or len(set(names)) < len(names):
        return False
    firsts = [row[0].strip() for row in body]
    words = {cell.strip().lower() for row in body for cell in row[1:]}
    if not all(firsts) or len(set(firsts)) < len(firsts) or not _say_yes_and_no(words):
        return False
    by_gene = _genes_in_rows(source, body)
    if by_gene is None or (by_gene and any(map(_is_no_cluster, names[1:]))):
        return False
    table = [[_is_marked(cell) for cell in row[1:]] for row in body]
    marks = list(map(any, table if by_gene else zip(*table, strict=True)))
    return sum(marks) >= _MARKING * len(marks)


def _say_yes_and_no(words: set[str]) -> bool:
    filled = words - _NO
    return any(filled & {*yes} and filled <= {*yes, *no} and words - {*yes} for yes, no in _KINDS)


def _genes_in_rows(source: Source, body: Sequence[Sequence[str]]) -> bool | None:
    """Whether the rows are genes (True) or clusters (False), by the first header and what is known; None if unclear.

    Clusters may be called as genes are (CD4, NK).
    """
    corner = source.header[0].strip().lower()
    in_rows = share([row[0].strip() for row in body]) >= _KNOWN
    in_columns = share([name.strip() for name in source.header[1:]]) >= _KNOWN
    if corner in (*GENE_HEADERS, *ID_HEADERS) and (in_rows or not in_columns):
        return True
    if corner in CLUSTER_HEADERS and in_columns:
        return False
    return in_rows if in_rows != in_columns else None


def _is_no_cluster(name: str) -> bool:
    """Whether a column is a statistic, a trait of genes or a choice of rows by its name."""
    lowered = name.lower()
    known = lowered in (*CLUSTER_HEADERS, *GENE_HEADERS, *ID_HEADERS, *ROW_NAMES) or key_of(name) is not None
    return known or is_about_genes(name) or is_mark(name)


def _is_marked(cell: str) -> bool:
    return cell.strip().lower() in _YES


def _say(source: Source, clusters: Sequence[str]) -> None:
    some = ", ".join(map(shown, clusters[:_SHOWN])) + (", ..." if len(clusters) > _SHOWN else "")
    what = "a matrix of genes and clusters, of which 1 (TRUE, x) marks the genes of each"
    number = counted(len(clusters), "cluster")
    log.warning("%s: read as %s, in the order of the table: %s (%s)", source.place, what, number, some)
