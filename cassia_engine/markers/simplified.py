"""Tables of two columns: a cluster a row with its genes, best first, or a gene a row."""

from __future__ import annotations

import logging
import re

from cassia_engine.cells import unguard
from cassia_engine.errors import quoted, shown
from cassia_engine.faces import option
from cassia_engine.markers.formats import MarkerTable
from cassia_engine.markers.hygiene import Sieve
from cassia_engine.markers.source import MISSING, Problems, Source, rows
from cassia_engine.markers.symbols import are_symbols, is_sentence
from cassia_engine.records import Cluster, Marker, Selection
from cassia_engine.settings import SplitSettings

log = logging.getLogger(__name__)

# Nobody has a list of this many markers: a column was taken for one.
MOST_GENES = 20_000
# What is left around a gene of a list that Python or R wrote: ['CD3D', 'CD3E'].
_BRACKETS = " \t\r\n[]\"'"


def is_long(source: Source, columns: tuple[int, int]) -> bool:
    """Whether two columns are a gene a row: ids repeat, and genes are no lists (a gene's name may have a space)."""
    seen: set[str] = set()
    number = lists = 0
    for _, row in rows(source, Problems(source)):
        id_, genes = (row[position] for position in columns)
        if "," in genes or ";" in genes:
            return False
        number += 1
        lists += len(genes.split()) > 1
        seen.add(id_)
    return len(seen) < number and lists * 10 <= number


def refuse_headless(source: Source, columns: tuple[int, int]) -> None:
    """The first line names the columns; a cluster there would vanish."""
    id_, genes = (source.header[position] for position in columns)
    ids = {row[columns[0]] for row in source.sample if len(row) > max(columns)}
    parts = split_genes(genes)
    if id_ in ids or id_.isdecimal() or (re.search("[,;]", genes) and are_symbols(parts)):
        what = f"the first line ({shown(id_)}, {shown(genes)}) looks like a row; put a header above it: cluster,genes"
        raise source.error(what, 0)


def read_simplified(source: Source, columns: tuple[int, int], settings: SplitSettings, sieve: Sieve) -> MarkerTable:
    """Read a table of a cluster a row; genes are taken in the order given, the first of each cluster.

    Raises:
        UsageError: rows without an id or genes, with an id that was there before, or with a list that is none.
    """
    clusters: list[Cluster] = []
    seen: dict[str, int] = {}
    problems = Problems(source)
    for line, row in rows(source, problems):
        id_, genes = unguard(row[columns[0]]), split_genes(row[columns[1]])
        first = seen.setdefault(id_, line)
        if id_.strip() in MISSING:
            problems.add("without a cluster", "this row has no cluster id; give it one", line)
        elif first != line:
            unit = "row" if source.in_rows else "line"
            what = f"cluster {shown(id_)} was there before, in {unit} {first}; put its genes into one row"
            remedy = f", or give {option('marker_format', 'long')} if each row is one gene"
            problems.add("with a cluster of another row", what + remedy, line)
        if not genes:
            problems.add("without genes", f"cluster {shown(id_)} has no genes; give them or remove the row", line)
        elif len(genes) > MOST_GENES:
            what = f"{len(genes)} genes in one cell; give the markers of the cluster only, best first"
            problems.add("with too many genes", what, line)
        for gene in filter(is_sentence, genes):
            log.warning("%s: %s is no gene's name and is left out", source.at(line), quoted(gene))
        clusters.append(_cluster(id_, len(clusters), genes, sieve))
    problems.raise_all()
    selection = Selection("simplified", "given order", settings.n_genes, gene_filter=settings.gene_filter)
    return MarkerTable(selection, tuple(clusters))


def split_genes(cell: str) -> list[str]:
    """The genes of a cell: parted by commas and semicolons, else by white space."""
    if re.search("[,;]", cell):
        parts = re.split("[,;]", cell)
    else:
        words = cell.split()
        parts = [cell] if is_sentence(cell) and not are_symbols(words) else words
    return [gene for part in parts if (gene := part.strip(_BRACKETS).strip()) not in MISSING]


def _cluster(id_: str, index: int, genes: list[str], sieve: Sieve) -> Cluster:
    named = [Marker(gene) for gene in genes if not is_sentence(gene)]
    chosen = sieve.choose(named)
    return Cluster(id_, index, len(genes), len(named), chosen.markers, set_aside=chosen.set_aside, hints=chosen.hints)
