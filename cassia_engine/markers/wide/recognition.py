"""Wide marker tables, recognised by content: a column of genes a cluster, or a row of genes a cluster.

Scanpy's `names` as a DataFrame, COSG, and tables that people type. Statistics may stand beside the names, and two
header rows may say cluster and statistic, as pandas writes MultiIndex columns.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from cassia_engine.errors import shown
from cassia_engine.genes.gene_names import learn
from cassia_engine.markers.columns.formats import ROW_NAMES
from cassia_engine.markers.columns.gene_columns import (
    Kind,
    distinct_share,
    filled,
    id_share,
    is_known,
    kind_of,
    known_share,
)
from cassia_engine.markers.columns.list_columns import list_columns, say_list_columns, with_list_columns
from cassia_engine.markers.columns.positions import (
    COUNTER,
    COUNTING,
    NAMELESS,
    NUMBERED,
    POSITION,
    are_positions,
    are_ranks,
    is_rank,
)
from cassia_engine.markers.columns.unknown_genes import are_cells, may_be_genes, refuse_numbered
from cassia_engine.markers.columns.wide_labels import GENE, Label, key_of, labels_of
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS, NETWORK
from cassia_engine.markers.files.source import Problems, Source, rows
from cassia_engine.markers.wide.coherence import direction
from cassia_engine.markers.wide.gaps import warn_of_nameless_numbers, without_gaps, without_zeros
from cassia_engine.markers.wide.two_headers import one_header
from cassia_engine.markers.wide.wide_remarks import find_remarks, remark_rows

log = logging.getLogger(__name__)

MOST_CELLS = 20_000_000
_SAMPLE = 100  # lists, and cells of them, that are looked at
# Of genes that the bundled tables know this share of a column is known; nearly all of it in most tables.
_KNOWN = 0.25
# A column of clusters has each id at least twice, and twice as often as the column of genes has a gene.
_REPEATED, _TWICE = 0.5, 2
_ENOUGH_ROWS = 4  # to tell by what repeats, where there are more than two columns

Cells = Sequence[str]


@dataclass(frozen=True, slots=True)
class Lists:
    """A wide table, a list of cells a label.

    Attributes:
        labels: of each list, what it holds.
        lists: as long as `labels`; the cells of a rank stand at the same position.
        places: the lines of these positions; none where a line has a cluster.
        what: the shape, in words.
    """

    labels: Sequence[Label]
    lists: Sequence[Cells]
    places: Sequence[int]
    what: str

    @property
    def clusters(self) -> list[str]:
        """Their ids, in the table's order."""
        return [label.cluster for label in self.labels if label.key == GENE]

    def without(self, positions: Collection[int]) -> Lists:
        """The lists without the cells at some positions."""
        if not positions:
            return self
        kept = [position for position in range(len(self.places)) if position not in positions]
        lists = [[cells[position] for position in kept] for cells in self.lists]
        return replace(self, lists=lists, places=[self.places[position] for position in kept])


def read_lists(source: Source) -> Lists | None:
    """The lists of a wide table; None for a table of another shape.

    Raises:
        UsageError: it is wide, but what is a cluster cannot be told, or its rows cannot be read.
    """
    whole, kept = source, list_columns(source)
    source = with_list_columns(whole, kept) if kept else whole
    if _is_other(source):
        return None
    sample = [row for row in source.sample if len(row) == len(source.header)]
    if not _lists(source, *find_remarks(source.header, sample).without(source.header, sample, ())):
        _refuse_genes_without_clusters(source)
        refuse_numbered(source)
        return None
    problems = Problems(whole)
    found: list[list[str]] = []
    places: list[int] = []
    for line, row in rows(whole, problems):
        found.append([row[position] for position in kept] if kept else row)
        places.append(line)
        if len(found) * len(row) > MOST_CELLS:
            raise source.error(
                f"more than {MOST_CELLS} cells of genes; give the first genes of each cluster only",
                code="wide-too-large",
            )
    problems.raise_all()
    if kept:
        say_list_columns(whole, kept)
    remarks = find_remarks(source.header, found)
    lists = _lists(source, *remarks.without(source.header, found, places), whole=True)
    warn_of_nameless_numbers(source, found)
    if lists:
        remarks.say(source, found, places)
    if not lists or not lists.places:
        return lists
    genes = [cells for label, cells in zip(lists.labels, lists.lists, strict=True) if label.key == GENE]
    return lists.without(remark_rows(source, genes, lists.places))


def _refuse_genes_without_clusters(source: Source) -> None:
    """Refuse columns that are all genes, or two of genes and of what is no cluster: none of them can be ids."""
    whole = [row for row in source.sample if len(row) == len(source.header)]
    columns = [list(cells) for cells in zip(*whole, strict=True)]
    start = 1 if columns and is_rank(source.header[0], columns[0]) else 0
    names = [name.strip() for name in source.header[start:]]
    if not columns or len(names) < 2:
        return
    if len(columns) - start == 2 and _has_clusters(columns[start:]):
        return  # clusters and genes, a gene a row
    shares = [known_share(cells) for cells in columns[start:]]
    if min(shares) < 0.5:
        if start == 0 and len(columns) == 2 and shares[0] >= 0.5 and len(set(columns[1])) == len(columns[1]):
            what = "the first column has genes, and nothing in the second is there twice: neither has clusters"
            remedy = "write the name of its cluster over each column of genes, or cluster and gene in each row"
            raise source.error(f"{what}; {remedy}", 0, code="wide-without-clusters")
        return
    if sum(map(is_known, names)) * 2 > len(names):
        what = f"the first line ({', '.join(map(shown, names[:2]))}, ...) looks like a row of genes"
        raise source.error(
            f"{what}; put a header above it, the name of its cluster over each column", 0, code="header-is-genes"
        )
    if double := [name for name, count in Counter(names).items() if count > 1]:
        what = f"two columns of genes are called {shown(double[0])}" if double[0] else "a column of genes has no name"
        raise source.error(f"{what}; give each the name of its cluster", 0, code="wide-column-unnamed")


def _is_other(source: Source) -> bool:
    """Whether the header is that of a table with one row per gene: then its columns are no clusters."""
    if source.sample and one_header(source.header, source.sample)[1]:
        return False
    names = [name.strip().lower() for name in source.header]
    named = [name for name in names if name in GENE_HEADERS]
    if len(names) == 2 and (named or names[0] in CLUSTER_HEADERS or names[1] in CLUSTER_HEADERS):
        return True
    plain = Counter(COUNTER.sub("", name) for name in names)
    if any(count == 1 and key_of(name) not in (None, GENE, "") for name, count in plain.items()):
        return True  # a statistic that is there once is not one of each cluster
    if set(names[1:]) & set(CLUSTER_HEADERS) or set(NETWORK) <= set(names):
        return True
    if are_ranks([row[0] for row in source.sample if row]):
        return False
    if names[0] in CLUSTER_HEADERS:  # columns called alike, by number or not at all: one row per cluster
        return not are_positions(names[1:])
    return bool(named) and not any(count > 1 and key_of(name) is not None for name, count in plain.items())


def _lists(
    source: Source, header: Cells, body: Sequence[Cells], places: Sequence[int], whole: bool = False
) -> Lists | None:
    """The shape of a table, or of the first rows of one, if it is wide."""
    body = [row for row in body if len(row) == len(header)]
    if not body:
        return None
    header, body = without_gaps(header, body)
    texts, skipped = one_header(header, body)
    body, places = body[skipped:], places[skipped:]
    if not body:
        return None
    filled_up, (body, n_zeros) = body, without_zeros(body)
    columns = [list(cells) for cells in zip(*body, strict=True)]
    has_rank = is_rank(texts[0], columns[0])
    is_long = _has_clusters(columns[1 if has_rank else 0 :])
    if header[0].strip().lower() in CLUSTER_HEADERS and all(map(NUMBERED.fullmatch, map(str.strip, header[1:]))):
        texts = ("", *texts[1:])  # above numbers, beside numbers: what stands in the corner may mean either
    by_column = None if is_long else _by_column(texts, body, places)
    if whole and by_column and n_zeros:
        log.warning("%s: zeros below the last genes of columns are left out: %d", source.place, n_zeros)
    is_pair = is_long and has_rank and len(columns) == 3 and header[0] in ROW_NAMES
    by_row = None if skipped or is_pair else _by_row(header, filled_up)
    if by_column and by_row:
        return _chosen(source, header, by_column, by_row) if whole else by_column
    return by_column or by_row


def _has_clusters(columns: Sequence[Cells]) -> bool:
    """Whether a column repeats its names as one of clusters does beside one of genes: a list has a gene once."""
    shares = [distinct_share(cells) for cells in columns if kind_of(cells[:_SAMPLE]) is not Kind.NUMBERS]
    if len(shares) < 2 or (len(columns) > 2 and len(columns[0]) < _ENOUGH_ROWS):
        return False
    return min(shares) <= _REPEATED and max(shares) >= _TWICE * min(shares)


def _by_column(texts: Cells, body: Sequence[Cells], places: Sequence[int]) -> Lists | None:
    columns = [list(cells) for cells in zip(*body, strict=True)]
    kinds = [kind_of(cells[:_SAMPLE]) for cells in columns]
    first = 1 if is_rank(texts[0], columns[0]) else 0
    last = len(columns) - (kinds[-1] is Kind.EMPTY and not texts[-1].strip())  # every line ends with a delimiter
    names = texts[first:last]
    if all(map(POSITION.fullmatch, names)) and not all(map(NUMBERED.fullmatch, names)):
        return None  # gene1, V2 and the like are no clusters
    labels = _labels(names, kinds[first:last], columns[first:last], has_ids=first == 0)
    return Lists(labels, columns[first:last], places, "one column per cluster") if labels else None


def _by_row(header: Cells, body: Sequence[Cells]) -> Lists | None:
    ids = [row[0] for row in body]
    lists = [list(row[1:]) for row in body]
    if (
        are_ranks(ids)
        or len(header) < 3
        or len(set(ids)) < len(ids)
        or len(filled(ids)) < len(ids)
        or not are_positions(header[1:])
    ):
        return None
    are_ids = header[0].strip().lower() in (*CLUSTER_HEADERS, *NAMELESS)
    may_be_genes = known_share(ids) >= 0.5 or all(map(NUMBERED.fullmatch, header))
    if may_be_genes and not are_ids and header[0].strip().lower() != "v1":
        return None  # the first column has genes too
    labels = _labels(ids, [kind_of(cells[:_SAMPLE]) for cells in lists], lists, are_ids=are_ids)
    return Lists(labels, lists, (), "one row per cluster") if labels else None


def _labels(
    texts: Cells, kinds: Sequence[Kind], lists: Sequence[Cells], has_ids: bool = False, are_ids: bool = False
) -> Sequence[Label] | None:
    """The labels of lists of genes, with their statistics, if they are such lists.

    Args:
        has_ids: the first list may be ids of clusters.
        are_ids: the labels stand where ids do, so that they may be names of genes (CD4, DC).
    """
    named = [cells for cells, kind in zip(lists, kinds, strict=True) if kind is Kind.NAMES]
    has_names = all(text.strip() or kind is Kind.NUMBERS for text, kind in zip(texts, kinds, strict=True))
    if len(named) < 2 or Kind.OTHER in kinds or not has_names:
        return None
    labels = labels_of(texts, kinds)
    if not labels or (not are_ids and sum(map(is_known, texts)) * 2 > len(texts)):
        return None
    plain = all(label.cluster == text for label, text in zip(labels, texts, strict=True))
    sure = Kind.NUMBERS in kinds or not plain or all(map(NUMBERED.fullmatch, texts))
    if _are_genes(named, sure, has_ids):
        return labels
    clusters = [label.cluster for label in labels if label.key == GENE]
    return labels if are_cells(clusters) and may_be_genes(named) else None


def _are_genes(lists: Sequence[Cells], sure: bool, has_ids: bool) -> bool:
    """Whether lists of names are lists of genes: known ones; or, where few are known, all of the form of ids.

    Args:
        sure: the labels are those of a wide table; then genes of some clusters may be unknown.
        has_ids: the first list may be ids of clusters.
    """
    sample = [[cell.strip() for cell in cells[:_SAMPLE]] for cells in lists[:_SAMPLE]]
    shares = [known_share(cells) for cells in sample]
    enough = sum(share >= _KNOWN for share in shares)
    if known_share([cell for cells in sample for cell in cells]) >= (0.3 if sure else 0.5):
        if has_ids and not sure and shares[0] < _KNOWN:  # rather ids than a cluster of unknown genes
            return False
        return enough == len(shares) or enough >= (0.5 if sure else 0.6) * len(shares) > (0 if sure else 1.2)
    if (plain := _undecorated(sample)) != sample:
        return _are_genes(plain, sure, has_ids)
    if has_ids and not sure:
        return False
    return all(id_share(cells) >= 0.5 and len(filled(cells)) == len(set(filled(cells))) for cells in sample)


def _undecorated(lists: Sequence[Cells]) -> list[list[str]]:
    """The lists without what most of their names have in common, such as the prefix of a genome."""
    names = dict.fromkeys(cell for cells in lists for cell in filled(cells)).keys()
    learned = learn(names, None, repeated=True, symbols={})
    return [[learned.symbol(cell.strip()) for cell in cells] for cells in lists]


def _chosen(source: Source, header: Cells, by_column: Lists, by_row: Lists) -> Lists:
    """Which of two shapes a table has that may have either.

    Raises:
        UsageError: neither the labels nor the genes tell.
    """
    names = [name.strip() for name in header[1:]]
    ids = [label.cluster for label in by_row.labels]
    corner = header[0].strip().lower()
    numbers_only = all(map(NUMBERED.fullmatch, names)) and is_rank("", ids)
    if not numbers_only:
        return by_row
    if corner in COUNTING:
        return by_column
    found = direction([filled(cells) for cells in by_column.lists], [filled(cells) for cells in by_row.lists])
    if corner in CLUSTER_HEADERS and found != 1:
        return by_row
    match found if corner not in CLUSTER_HEADERS else 0:
        case 1:
            return by_column
        case -1:
            return by_row
    raise source.error(
        "rows and columns of genes have numbers only: whether a column or a row is a cluster cannot be told; "
        "write cluster before the ids (cluster,gene1,gene2,... for one row per cluster), or names above the columns",
        0,
        code="wide-direction-unclear",
    )
