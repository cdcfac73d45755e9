"""Where clusters of different samples contradict each other: the same cells under two types, or a type with two terms.

Two clusters of different samples are taken for the same cells where each is the other's nearest by its first markers,
in samples of the same species. A type that only some samples have is no conflict.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from cassia_engine.ontology import Ontology
from cassia_engine.records import Status, StatusCluster

LEAST_SHARED = 5  # of the first markers of both, those that two clusters must share
MOST_COMPARED = 2000  # clusters of a run; comparing takes time by their square


class ConflictKind(StrEnum):
    """What contradicts what, in the order of the list."""

    TYPES = "types"  # of different branches of the ontology
    TERMS = "terms"  # one label with different terms
    UNNAMED = "unnamed"  # the second has no type
    DEPTH = "depth"  # the first is the broader one

    @property
    def is_contradiction(self) -> bool:
        """Whether both cannot be true; the others are differences to look at."""
        return self in (ConflictKind.TYPES, ConflictKind.TERMS)


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster of a sample."""

    sample: str
    cluster: StatusCluster


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two types that stand for the same cells in different samples.

    Attributes:
        first, second: the clusters of each, in the samples' order.
        genes: markers that these share, those of most pairs first; empty for TERMS.
    """

    kind: ConflictKind
    first: tuple[Place, ...]
    second: tuple[Place, ...]
    genes: tuple[str, ...] = ()


def type_key(cluster: StatusCluster) -> str:
    """What clusters of one type have in common: the term, or the label where there is none; "" without a type."""
    return cluster.cl_id if cluster.cl_id in Ontology.load() else cluster.label.casefold()


def conflicts(statuses: Sequence[Status]) -> tuple[Conflict, ...]:
    """All of them, the ones to look at first in front."""
    found = [*_of_markers(statuses), *_of_terms(statuses)]
    order = list(ConflictKind)
    return tuple(sorted(found, key=lambda one: (order.index(one.kind), -len(one.first) - len(one.second))))


def are_compared(statuses: Sequence[Status]) -> bool:
    """Whether markers are compared: not in runs of very many clusters."""
    return sum(len(status.clusters) for status in statuses) <= MOST_COMPARED


def _of_terms(statuses: Sequence[Status]) -> Iterator[Conflict]:
    """Clusters with the same label and different terms."""
    by_label: dict[str, dict[str, list[Place]]] = defaultdict(lambda: defaultdict(list))
    for status in statuses:
        for cluster in status.clusters:
            if cluster.label:
                by_label[cluster.label.casefold()][cluster.cl_id].append(Place(status.name, cluster))
    for by_term in by_label.values():
        for first, second in combinations(by_term.values(), 2):
            if len({place.sample for place in (*first, *second)}) > 1:
                yield Conflict(ConflictKind.TERMS, tuple(first), tuple(second))


def _of_markers(statuses: Sequence[Status]) -> Iterator[Conflict]:
    """Clusters that share their markers and not their type, those of the same two types together."""
    pairs: dict[tuple[ConflictKind, str, str], list[tuple[Place, Place]]] = defaultdict(list)
    for first, second in _same_cells(statuses) if are_compared(statuses) else ():
        kind, swapped = _compared(first.cluster, second.cluster)
        if kind:
            one, other = (second, first) if swapped else (first, second)
            pairs[kind, type_key(one.cluster), type_key(other.cluster)].append((one, other))
    order = {status.name: number for number, status in enumerate(statuses)}
    for (kind, _, _), same in pairs.items():
        genes = Counter(gene for one, other in same for gene in one.cluster.genes if gene in other.cluster.genes)
        left, right = (_each_once(side, order) for side in zip(*same, strict=True))
        yield Conflict(kind, left, right, tuple(gene for gene, _ in genes.most_common()))


def _each_once(places: Sequence[Place], order: Mapping[str, int]) -> tuple[Place, ...]:
    found = {(place.sample, place.cluster.id): place for place in places}
    return tuple(sorted(found.values(), key=lambda place: order[place.sample]))


def _compared(first: StatusCluster, second: StatusCluster) -> tuple[ConflictKind | None, bool]:
    """The kind of conflict between clusters of the same cells, if there is one; and whether the second goes first.

    By "is a" alone, not by `ontology.compare`: that a plasma cell counts as a B cell there makes it no broader name.
    """
    if type_key(first) == type_key(second) or first.label.casefold() == second.label.casefold():
        return None, False
    if not first.label or not second.label:
        return ConflictKind.UNNAMED, not first.label
    known = Ontology.load()
    if first.cl_id in known and second.cl_id in known:
        if known.is_a(second.cl_id, first.cl_id):
            return ConflictKind.DEPTH, False
        if known.is_a(first.cl_id, second.cl_id):
            return ConflictKind.DEPTH, True
    return ConflictKind.TYPES, type_key(second) < type_key(first)


@dataclass(frozen=True, slots=True)
class _Sample:
    """A sample with what is compared, by index of its clusters: markers as bits of a number, and types."""

    status: Status
    masks: tuple[int, ...]
    types: tuple[str, ...]


def _same_cells(statuses: Sequence[Status]) -> Iterator[tuple[Place, Place]]:
    """Pairs of clusters of different samples, each of which is the other's nearest in that sample."""
    bits: dict[str, int] = {}

    def mask(cluster: StatusCluster) -> int:
        return sum(1 << bits.setdefault(gene, len(bits)) for gene in set(cluster.genes))

    samples = [_Sample(s, tuple(map(mask, s.clusters)), tuple(map(type_key, s.clusters))) for s in statuses]
    for one, other in combinations(samples, 2):
        if one.status.species.casefold() == other.status.species.casefold():
            shared = [[(mine & theirs).bit_count() for theirs in other.masks] for mine in one.masks]
            there = _nearest(shared, one.types, other.types)
            back = _nearest([*zip(*shared, strict=True)], other.types, one.types)
            for here, nearest in there.items():
                if back.get(nearest) == here and one.types[here] != other.types[nearest]:
                    pair = (one.status, here), (other.status, nearest)
                    first, second = (Place(status.name, status.clusters[index]) for status, index in pair)
                    yield first, second


def _nearest(shared: Sequence[Sequence[int]], mine: Sequence[str], theirs: Sequence[str]) -> Mapping[int, int]:
    """By index, the cluster of the other sample that shares most markers; of several, one of the same type."""
    found = {}
    for here, counts in enumerate(shared):
        most = max(counts, default=0)
        if most >= LEAST_SHARED:
            best = [there for there, count in enumerate(counts) if count == most]
            found[here] = next((there for there in best if theirs[there] == mine[here]), best[0])
    return found
