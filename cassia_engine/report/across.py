"""All samples side by side: one row per cell type in the order of the ontology, one column per sample."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from cassia_engine.ontology import Ontology
from cassia_engine.records import Confidence, Status, StatusCluster
from cassia_engine.report.answers import PIPS
from cassia_engine.report.conflicts import Conflict, ConflictKind, Place, are_compared, conflicts, type_key
from cassia_engine.report.lineage_hues import lineage_of
from cassia_engine.report.rows import anchor
from cassia_engine.report.tree import tree
from cassia_engine.report.wording import plural

LISTED_AT_ONCE = 8  # conflicts, before the list folds
GENES_NAMED = 6
NAMED_AT_MOST = 6  # clusters of a side of a conflict
NO_TYPE = "no cell type"


@dataclass(frozen=True, slots=True)
class Member:
    """A cluster in a cell of the table, or named in a conflict; `label` is "" where the row says it."""

    sample: str
    id: str
    link: str
    label: str
    confidence: str
    pips: int
    size: str
    review: str


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A row: a type with its clusters by sample, or a heading without any; `depth` is by how much it is set in."""

    title: str
    cl_id: str
    depth: int
    lineage: int | None
    cells: tuple[tuple[Member, ...], ...]
    in_conflict: bool


@dataclass(frozen=True, slots=True)
class ConflictItem:
    """A conflict in words: what it is, and of both sides the type with its clusters."""

    kind: ConflictKind
    word: str
    sides: tuple[tuple[str, tuple[Member, ...], int], ...]
    genes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Across:
    """The section; `columns` are the samples with their links."""

    lead: str
    compared: bool
    columns: tuple[tuple[str, str], ...]
    rows: tuple[TypeRow, ...]
    conflicts: tuple[ConflictItem, ...]
    later: tuple[ConflictItem, ...]


WORDS = {
    ConflictKind.TYPES: "same markers, different types",
    ConflictKind.TERMS: "one label, different terms",
    ConflictKind.UNNAMED: "same markers, one without a type",
    ConflictKind.DEPTH: "same markers, one type broader",
}


def across(statuses: Sequence[Status]) -> Across | None:
    """The section over samples in their order; None where fewer than two have clusters."""
    if sum(bool(status.clusters) for status in statuses) < 2:
        return None
    reviews = {status.name: dict(status.review) for status in statuses}
    found = conflicts(statuses)
    items = tuple(_item(conflict, reviews) for conflict in found)
    grave = [conflict for conflict in found if conflict.kind.is_contradiction]
    open_types = {type_key(place.cluster) for conflict in grave for place in (*conflict.first, *conflict.second)}
    return Across(
        lead=f"{plural(len(grave), 'conflict')} between samples."
        if grave
        else "No conflict between samples was found.",
        compared=are_compared(statuses),
        columns=tuple((status.name, report_link(status.name)) for status in statuses),
        rows=tuple(_rows(statuses, reviews, open_types)),
        conflicts=items[:LISTED_AT_ONCE],
        later=items[LISTED_AT_ONCE:],
    )


def report_link(sample: str) -> str:
    """The address of a sample's report, from the index beside its folder."""
    # "./" in front: a name such as "a:b" would be read as an address of its own.
    return f"./{quote(sample, safe='')}/{quote(f'{sample}_report.html', safe='')}"


def _rows(
    statuses: Sequence[Status], reviews: Mapping[str, Mapping[str, str]], open_types: set[str]
) -> Iterator[TypeRow]:
    by_type: dict[str, list[Place]] = defaultdict(list)
    for status in statuses:
        for cluster in status.clusters:
            by_type[type_key(cluster)].append(Place(status.name, cluster))

    def row(key: str, title: str, cl_id: str, depth: int) -> TypeRow:
        cells = [
            tuple(_member(p, reviews, title) for p in by_type.get(key, ()) if p.sample == status.name)
            for status in statuses
        ]
        return TypeRow(title, cl_id, depth, lineage_of(cl_id), tuple(cells), key in open_types)

    known = Ontology.load()
    terms = [key for key in by_type if key in known]
    shown: dict[int, int] = {}  # depth by node
    nodes = tree(terms)["nodes"]
    for index, node in enumerate(nodes):
        above = _shown_above(nodes, index, shown)
        if node["clusters"] or node["parent"] is None:
            shown[index] = 0 if above is None else shown[above] + 1
            if node["clusters"]:
                yield row(node["cl_id"], node["label"], node["cl_id"], shown[index])
            else:
                yield TypeRow(node["label"], node["cl_id"], 0, lineage_of(node["cl_id"]), (), False)
    others = sorted(key for key in by_type if key and key not in known)
    if others:
        yield TypeRow("without a term of the Cell Ontology", "", 0, None, (), False)
    for key in others:
        yield row(key, by_type[key][0].cluster.label, "", 1)
    if "" in by_type:
        yield row("", NO_TYPE, "", 0)


def _shown_above(nodes: Sequence[Mapping[str, int | None]], index: int, shown: Mapping[int, int]) -> int | None:
    """The nearest node above another one that has a row, if any has."""
    parent = nodes[index]["parent"]
    while parent is not None and parent not in shown:
        parent = nodes[parent]["parent"]
    return parent


def _member(place: Place, reviews: Mapping[str, Mapping[str, str]], title: str) -> Member:
    cluster = place.cluster
    return Member(
        sample=place.sample,
        id=cluster.id,
        link=f"{report_link(place.sample)}#{anchor(cluster.id)}",
        label="" if cluster.label.casefold() == title.casefold() else cluster.label,
        confidence=cluster.confidence,
        pips=PIPS[Confidence(cluster.confidence)] if cluster.confidence else 0,
        size="" if cluster.n_cells is None else plural(cluster.n_cells, "cell"),
        review=reviews[place.sample].get(cluster.id, ""),
    )


def _item(conflict: Conflict, reviews: Mapping[str, Mapping[str, str]]) -> ConflictItem:
    def side(places: Sequence[Place]) -> tuple[str, tuple[Member, ...], int]:
        title = _title(places[0].cluster, with_term=conflict.kind is ConflictKind.TERMS)
        named = tuple(_member(place, reviews, title) for place in places[:NAMED_AT_MOST])
        return title, named, len(places) - len(named)

    sides = (side(conflict.first), side(conflict.second))
    return ConflictItem(conflict.kind, WORDS[conflict.kind], sides, conflict.genes[:GENES_NAMED])


def _title(cluster: StatusCluster, with_term: bool) -> str:
    if with_term:
        return f"{cluster.label}, {cluster.cl_id or 'no term'}"
    return Ontology.load().label(cluster.cl_id) or cluster.label or NO_TYPE
