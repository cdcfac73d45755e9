"""Tables of two columns: a cluster a row with its genes, best first, or a gene a row."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cassia_engine.callers import option
from cassia_engine.csv_injection import unguard
from cassia_engine.errors import quoted, shown
from cassia_engine.genes.marker_selector import MarkerSelector, describe_repeats
from cassia_engine.genes.shorthand import expanded, is_unclear
from cassia_engine.markers.columns.directions import is_pair
from cassia_engine.markers.columns.formats import MarkerTable
from cassia_engine.markers.columns.symbols import are_symbols, is_sentence
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS
from cassia_engine.markers.files.source import MISSING, Problems, Source, rows
from cassia_engine.markers.lists.gene_lists import GeneList, is_list, parse_genes
from cassia_engine.records import Cluster, Marker, Selection
from cassia_engine.settings import SplitSettings

log = logging.getLogger(__name__)

# Nobody has a list of this many markers: a column was taken for one.
MOST_GENES = 20_000
# Of this many clusters nearly all with one gene are no clusters.
# Fewer are enough under headers that nobody uses for clusters and genes.
_MANY, _FEW, _NEARLY_ALL = 10, 4, 0.8
_COUNTED = re.compile(r"[\s_]*\d+$")
_MARKER_HEADERS = ("marker genes", "marker gene", "marker_genes", "marker_gene", "top genes", "top_genes", "gene list")
_PLAIN = re.compile(r"[\w.\-]*")


@dataclass(slots=True)
class _LeftOut:
    """Parts of lists that are no markers: the line and text of each, and the lines of lists that were cut off."""

    negative: list[tuple[int, str]] = field(default_factory=list)
    numbers: list[tuple[int, str]] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    expanded: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unclear: list[tuple[int, str]] = field(default_factory=list)

    def whole(self, line: int, genes: Sequence[str]) -> tuple[str, ...]:
        """The genes of a list with those in short written out (CD3D/E)."""
        self.expanded |= {gene: several for gene in genes if (several := expanded(gene))}
        self.unclear += [(line, gene) for gene in genes if is_unclear(gene)]
        return tuple(one for gene in genes for one in self.expanded.get(gene, (gene,)))

    def add(self, line: int, found: GeneList) -> None:
        self.negative += [(line, gene) for gene in found.negative]
        self.numbers += [(line, number) for number in found.numbers]
        self.cut += [line] * found.is_cut

    def describe(self, source: Source) -> None:
        """Warn of them, a line a kind."""
        absent = "genes have a minus sign or a value below 0, or are said to be low, absent or down"
        for parts, what in (
            (self.negative, f"{absent}; they are no markers and are left out"),
            (self.numbers, "numbers among the genes are no genes and are left out"),
        ):
            if parts:
                line, text = parts[0]
                log.warning("%s: %d %s; the first is %s", source.at(line), len(parts), what, shown(text))
        if self.expanded:
            gene, several = next(iter(self.expanded.items()))
            what = f"{len(self.expanded)} names are read as several genes in short"
            log.warning("%s: %s: e.g. %s as %s", source.place, what, shown(gene), ", ".join(several))
        if self.unclear:
            line, text = self.unclear[0]
            what = f"{len(self.unclear)} names may be several genes in short, not all of which are known"
            log.warning("%s: %s; write each out; the first is %s", source.at(line), what, shown(text))
        if self.cut:
            what = 'lists were cut off with "..." or "etc."; write out all genes, as in ",".join(genes)'
            log.warning("%s: %d %s", source.at(self.cut[0]), len(self.cut), what)


def is_long(source: Source, columns: tuple[int, int]) -> bool:
    """Whether two columns are a gene a row: ids repeat, and genes are no lists (a gene's name may have a space)."""
    seen: set[str] = set()
    number = lists = 0
    for _, row in rows(source, Problems(source)):
        id_, genes = (row[position] for position in columns)
        if "," in genes or ";" in genes:
            return False
        number += 1
        lists += not _PLAIN.fullmatch(genes) and is_list(genes)
        seen.add(id_)
    return len(seen) < number and lists * 10 <= number


def refuse_headless(source: Source, columns: tuple[int, int]) -> None:
    """The first line names the columns; a cluster there would vanish. Genes that are up and down are no clusters."""
    id_, genes = (source.header[position] for position in columns)
    if is_pair((id_, genes)):
        what = f"columns {shown(id_)} and {shown(genes)} are genes by direction, and none has clusters"
        raise source.error(
            f"{what}; write the cluster's name above the genes that are up, and remove the others",
            0,
            code="columns-by-direction",
        )
    ids = {row[columns[0]] for row in source.sample if len(row) > max(columns)}
    parts = parse_genes(genes).genes
    if id_ in ids or id_.isdecimal() or (len(parts) > 1 and re.search("[,;|]", genes) and are_symbols(parts)):
        what = f"the first line ({shown(id_)}, {shown(genes)}) looks like a row; put a header above it: cluster,genes"
        raise source.error(what, 0, code="header-is-row")


def refuse_second_header(source: Source, columns: Sequence[int]) -> None:
    """A row that has the names of columns is a header, of another table above or below, and no cluster."""
    names = {source.header[position].strip().lower() for position in columns}
    for number, row in enumerate(source.sample):
        cells = [row[position].strip() for position in columns if position < len(row)]
        cluster = any(cell.lower() in CLUSTER_HEADERS for cell in cells)
        if len(cells) == 2 and (
            (cluster and any(map(_is_gene_header, cells))) or {cell.lower() for cell in cells} == names
        ):
            what = f"row {number + 1} below the header ({', '.join(map(shown, cells))}) is a header itself"
            remedy = "remove the line above it" if number == 0 and not names & {*CLUSTER_HEADERS} else "remove that row"
            raise source.error(f"{what}; {remedy}", 0, code="second-header")


def _is_gene_header(cell: str) -> bool:
    """Whether a cell is the name of a column of genes, or several such (gene1, gene2)."""
    words = [_COUNTED.sub("", word) for word in re.split(r"\s*[,;|]\s*", cell.strip().lower())]
    return all(word in GENE_HEADERS or word in _MARKER_HEADERS for word in words)


def read_simplified(
    source: Source, columns: tuple[int, int], settings: SplitSettings, selector: MarkerSelector
) -> MarkerTable:
    """Read a table of a cluster a row; genes are taken in the order given, the first of each cluster.

    Raises:
        UsageError: rows without an id or genes, with an id that was there before, or with a list that is none; no
            genes in any row, or one gene in nearly all of many.
    """
    lists: dict[str, tuple[str, ...]] = {}
    seen: dict[str, int] = {}
    problems, left_out = Problems(source), _LeftOut()
    for line, row in rows(source, problems):
        # Looked at before the list is read, which takes long for as many.
        if (number := row[columns[1]].count(",") + 1) > MOST_GENES:
            _too_many(number, line, problems)
            continue
        id_, found = unguard(row[columns[0]]), parse_genes(row[columns[1]])
        genes = left_out.whole(line, found.genes)
        left_out.add(line, found)
        first = seen.setdefault(id_, line)
        if id_.strip() in MISSING:
            problems.add(
                "without a cluster", "this row has no cluster id; give it one", line, code="cluster-id-missing"
            )
        elif first != line:
            unit = "row" if source.in_rows else "line"
            what = f"cluster {shown(id_)} was there before, in {unit} {first}; put its genes into one row"
            remedy = f", or give {option('marker_format', 'long')} if each row is one gene"
            problems.add("with a cluster of another row", what + remedy, line, code="cluster-in-several-rows")
        if found.problem:
            problems.add("whose genes cannot be told", found.problem, line, code="genes-unclear")
        elif not genes and not found.negative:
            problems.add(
                "without genes",
                f"cluster {shown(id_)} has no genes; give them or remove the row",
                line,
                code="cluster-without-genes",
            )
        elif len(genes) > MOST_GENES:
            _too_many(len(genes), line, problems)
        for gene in filter(is_sentence, genes):
            log.warning("%s: %s is no gene's name and is left out", source.at(line), quoted(gene))
        lists.setdefault(id_, genes)
    problems.raise_all()
    left_out.describe(source)
    named = settings.cluster_column is not None and settings.gene_column is not None
    _refuse_no_lists(source, columns, lists, named or settings.marker_format != "auto")
    return MarkerTable(_selection(settings), _clusters(source, lists, selector))


def _too_many(number: int, line: int, problems: Problems) -> None:
    what = f"{number} genes in one cell; give the markers of the cluster only, best first"
    problems.add("with too many genes", what, line, code="genes-too-many")


def _refuse_no_lists(source: Source, columns: tuple[int, int], lists: dict[str, tuple[str, ...]], named: bool) -> None:
    """Refuse a table whose cells hold no lists, or whose rows are hardly clusters."""
    column = shown(source.header[columns[1]])
    if lists and all(all(map(is_sentence, genes)) for genes in lists.values()):
        raise source.error(
            f"no gene can be told in column {column}; write the genes of a cluster with commas between",
            code="column-without-genes",
        )
    single = sum(len(genes) == 1 for genes in lists.values())
    least = _MANY if _is_known_header(source) else _FEW
    if not named and single >= max(least, _NEARLY_ALL * len(lists)):
        both = f"{option('cluster_column')} and {option('gene_column')}"
        raise source.error(
            f"{single} of {len(lists)} clusters have one gene, so these are hardly clusters; name the columns with "
            f"{both}, or write all genes of a cluster into its cell, with commas between",
            code="clusters-of-one-gene",
        )


def _is_known_header(source: Source) -> bool:
    return bool({name.strip().lower() for name in source.header} & {*CLUSTER_HEADERS, *GENE_HEADERS})


def _selection(settings: SplitSettings) -> Selection:
    return Selection("simplified", "given order", settings.n_genes, gene_filter=settings.gene_filter)


def _clusters(source: Source, lists: dict[str, tuple[str, ...]], selector: MarkerSelector) -> tuple[Cluster, ...]:
    named = {id_: [gene for gene in genes if not is_sentence(gene)] for id_, genes in lists.items()}
    names = dict.fromkeys(gene for genes in named.values() for gene in genes)
    selector = selector.for_names(source.place, names.keys(), _repeats(named.values()))
    chosen = {id_: selector.choose([Marker(gene) for gene in genes]) for id_, genes in named.items()}
    describe_repeats(source.place, chosen)
    return tuple(
        Cluster(id_, index, len(lists[id_]), len(named[id_]), one.markers, set_aside=one.set_aside, hints=one.hints)
        for index, (id_, one) in enumerate(chosen.items())
    )


def _repeats(lists: Iterable[list[str]]) -> bool:
    """Whether a gene is in several lists."""
    seen: set[str] = set()
    for genes in map(set, lists):
        if not seen.isdisjoint(genes):
            return True
        seen |= genes
    return False
