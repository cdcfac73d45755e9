"""Controls of a run with a model: lists that are no cluster, made of the table's own, and what was said of them.

They are part of SPLIT and COLLECT, and no stage of their own. docs/trust.md says what they are for.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, permutations
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from cassia_engine.ontology import Ontology, compare
from cassia_engine.records import Cluster, ClusterResult, Control, ControlKind, ControlResult, Marker, Relation

LEAST_CLUSTERS = 4  # with markers; a list drawn across fewer is a list of these
MOST_COMMON = 3  # a gene that more than one of so many clusters has is not drawn
MOST_COMPARED = 60  # clusters of which the two of a blend are chosen: all pairs of thousands would take too long

Item = TypeVar("Item")


class _Pool(NamedTuple):
    """A cluster and those of its genes that few others have, best first."""

    id: str
    genes: tuple[str, ...]


class Supply(NamedTuple):
    """What there is to draw lists from.

    Attributes:
        clusters: with genes that few others have; LEAST_CLUSTERS are needed.
        genes: these genes, each once.
        needed: of them, for half a list of the usual length.
    """

    clusters: int
    genes: int
    needed: int

    @property
    def suffices(self) -> bool:
        return self.clusters >= LEAST_CLUSTERS and self.genes >= self.needed


def supply_of(clusters: Sequence[Cluster]) -> Supply:
    """What the clusters of a table have for controls."""
    having = [cluster for cluster in clusters if cluster.markers]
    return _supply(_pools(having), _usual(having) if having else ())


def _supply(pools: Sequence[_Pool], form: Sequence[Marker]) -> Supply:
    return Supply(len(pools), len({gene for pool in pools for gene in pool.genes}), (len(form) + 1) // 2)


def _usual(having: Sequence[Cluster]) -> Sequence[Marker]:
    """The list of the usual length."""
    return sorted(having, key=lambda cluster: len(cluster.markers))[(len(having) - 1) // 2].markers


def make_controls(clusters: Sequence[Cluster], number: int) -> tuple[Control, ...]:
    """`number` random lists and a blend; the same for the same clusters.

    () for none: of no number, or where the supply does not suffice.
    """
    having = [cluster for cluster in clusters if cluster.markers]
    if not number or not having:
        return ()
    pools, form = _pools(having), _usual(having)
    if not _supply(pools, form).suffices:
        return ()
    chance = random.Random(_seed(having))
    # The blend first: with another number of lists it is the same, and so are those that both have.
    one, two = _least_alike(pools, len(form), chance)
    drawn = [_random_genes(pools, len(form), chance) for _ in range(number)]
    blend = _by_turns((one.genes, two.genes))[: len(form)]
    free = _free_ids({cluster.id for cluster in clusters})
    lists = [_as_cluster(next(free), n, genes, form) for n, genes in enumerate([*drawn, blend], len(clusters))]
    randoms = (Control(ControlKind.RANDOM, listed) for listed in lists[:-1])
    return *randoms, Control(ControlKind.BLEND, lists[-1], (one.id, two.id))


def with_partners(controls: Sequence[ControlResult], results: Sequence[ClusterResult]) -> tuple[ControlResult, ...]:
    """The controls with how many clusters of a blend were found again in its answer."""
    terms = {r.cluster.id: r.annotation.cl_id for r in results if r.annotation and r.annotation.cl_id}
    return tuple(replace(one, partners_found=_partners_found(one, terms)) for one in controls)


def _partners_found(control: ControlResult, terms: Mapping[str, str]) -> int | None:
    said = control.result.annotation
    partners = [terms[cluster] for cluster in control.of if cluster in terms]
    if said is None or len(said.mixed_types) < 2 or len(partners) < 2:
        return None
    ontology = Ontology.load()
    named = [ontology.resolve(label).cl_id for label in said.mixed_types]
    chosen = permutations(named, len(partners))
    return max(sum(map(lambda a, b: _alike(ontology, a, b), partners, types)) for types in chosen)


def _alike(ontology: Ontology, one: str, other: str) -> bool:
    return compare(ontology, one, other) not in (Relation.DIFFERENT, Relation.UNKNOWN)


def _pools(clusters: Sequence[Cluster]) -> list[_Pool]:
    """The clusters that have genes which are not common."""
    counts = Counter(gene for cluster in clusters for gene in set(cluster.genes))
    most = max(1, len(clusters) // MOST_COMMON)
    found = (_Pool(c.id, tuple(dict.fromkeys(g for g in c.genes if counts[g] <= most))) for c in clusters)
    return [pool for pool in found if pool.genes]


def _seed(clusters: Iterable[Cluster]) -> int:
    text = "\n".join("\t".join((cluster.id, *cluster.genes)) for cluster in clusters)
    return int.from_bytes(hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:8])


def _shuffled(items: Iterable[Item], chance: random.Random) -> list[Item]:
    """In random order. Of Python's generator only `random` gives the same in every version."""
    return sorted(items, key=lambda _: chance.random())


def _random_genes(pools: Sequence[_Pool], length: int, chance: random.Random) -> list[str]:
    """Genes of all clusters, as few of each as makes that many, in random order."""
    drawn = _by_turns(_shuffled(pool.genes, chance) for pool in _shuffled(pools, chance))
    return _shuffled(drawn[:length], chance)


def _by_turns(lists: Iterable[Sequence[str]]) -> list[str]:
    """The first of each, then the second of each and so on; no gene twice, and nobody loses a turn by that."""
    found: dict[str, None] = {}
    waiting = [iter(one) for one in lists]
    while waiting:
        waiting = [one for one in waiting if _take(one, found)]
    return list(found)


def _take(genes: Iterator[str], found: dict[str, None]) -> bool:
    """Take the next gene that is not there yet; whether there was one."""
    new = next((gene for gene in genes if gene not in found), None)
    if new is not None:
        found[new] = None
    return new is not None


def _least_alike(pools: Sequence[_Pool], length: int, chance: random.Random) -> tuple[_Pool, _Pool]:
    """The two that share the fewest genes; of several pairs those that share least with the same other clusters.

    Lists that would not fill their half of `length` genes are left out where enough others are there.
    """
    long = [pool for pool in pools if 2 * len(pool.genes) >= length]
    tried = _shuffled(long if len(long) > 1 else pools, chance)[:MOST_COMPARED]
    genes = [frozenset(pool.genes) for pool in tried]
    shared = [[len(a & b) for b in genes] for a in genes]

    def alike(pair: tuple[int, int]) -> tuple[int, int]:
        a, b = pair
        return shared[a][b], sum(min(shared[a][c], shared[b][c]) for c in range(len(tried)) if c not in pair)

    first, second = min(combinations(range(len(tried)), 2), key=alike)
    return tried[first], tried[second]


def _free_ids(taken: set[str]) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        if (name := f"control {number}") not in taken:
            yield name


def _as_cluster(name: str, index: int, genes: Sequence[str], form: Sequence[Marker]) -> Cluster:
    """The list as a cluster that nothing but its genes tells from others: the statistics of each place in it are
    those of a list of the table."""
    markers = tuple(replace(marker, gene=gene, given=None) for gene, marker in zip(genes, form, strict=False))
    return Cluster(name, index, n_rows=len(markers), n_passing=len(markers), markers=markers)
