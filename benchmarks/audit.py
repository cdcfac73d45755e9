#!/usr/bin/env python3
"""Whether `cassia audit` puts wrong labels first, on clusters with expert labels.

    python -m benchmarks.audit [DATA] [--by tissue|tissue_group|none] [--pairs 60]

DATA and clusters are those of benchmarks/accuracy.py; the labels are the authors' free texts, as they stand.

1. As they are: how many labels are found contradicted, doubtful, backed or unknown. Some of the authors' labels are
   wrong, and the marker knowledge is not complete, so this is an upper limit of false alarms.
2. Swapped: in each data set the labels of two clusters are exchanged, for up to `--pairs` pairs (chosen by a seed),
   once of other lineages and once of one lineage by `ontology.compare`. Both then are wrong; counted is how many of the
   swapped labels are contradicted, and how many stand among the first of the queue. All other labels stay as they
   are, so that one of them that is wrong itself, and stands before, counts against the audit.

Ends with 1 if the figures are under the limits.
"""

from __future__ import annotations

import argparse
import itertools
import random
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.accuracy import N_GENES, Bench
from cassia_engine.auditing.judging import Finding, Judge, Judged
from cassia_engine.genes.marker_selector import MarkerSelector
from cassia_engine.knowledge.genes import species_of
from cassia_engine.offline import OfflineAnnotator
from cassia_engine.offline.scoring import Ranking
from cassia_engine.ontology import Ontology, Relation, compare

PLACES: dict[str, Callable[[int], float]] = {
    "first 2": lambda n: 2,
    "first 5": lambda n: 5,
    "first tenth": lambda n: max(2.0, n / 10),
}
LIMITS = {"contradicted": 0.9, "first 5": 0.95}
MOST_FALSE = 0.05
NO_TERM = Judged(Finding.UNKNOWN)


class Labelled(NamedTuple):
    """A cluster: its label's term, the candidates for its markers, and the judge of its data set."""

    cl_id: str
    ranking: Ranking
    judge: Judge

    def with_label(self, cl_id: str) -> Judged:
        return self.judge.judge(cl_id, self.ranking) if cl_id else NO_TERM


def read(bench: Bench) -> dict[str, list[Labelled]]:
    """The clusters by data set."""
    found: dict[str, list[Labelled]] = defaultdict(list)
    for case in bench.cases:
        knowledge = bench.knowledge[species_of(case.chunk.dataset.species)]
        annotator = OfflineAnnotator(case.chunk.dataset, knowledge, bench.ontology)
        judge = Judge(bench.ontology, [p.cl_id for p in knowledge.profiles if p.cl_id])
        for cluster in case.chunk.clusters:
            label = bench.gold[case.dataset, cluster.id]["label"]
            ranking = annotator.scorer.rank(cluster.genes)
            found[case.dataset].append(Labelled(bench.ontology.resolve(label).cl_id, ranking, judge))
    return found


def swapped(clusters: Sequence[Labelled], relation: Relation, most: int, seed: str) -> Iterator[tuple[int, int]]:
    """Pairs of clusters whose labels stand so to each other, in the order of chance."""
    known = [n for n, one in enumerate(clusters) if one.cl_id]
    pairs = [
        (one, two)
        for one, two in itertools.combinations(known, 2)
        if compare(Ontology.load(), clusters[one].cl_id, clusters[two].cl_id) is relation
    ]
    random.Random(seed).shuffle(pairs)
    yield from pairs[:most]


def measure(data: dict[str, list[Labelled]], relation: Relation, most: int) -> dict[str, float]:
    """Of all swapped labels the shares that are found, and that stand among the first."""
    counts: Counter[str] = Counter()
    for name, clusters in data.items():
        as_they_are = [one.with_label(one.cl_id) for one in clusters]
        for one, two in swapped(clusters, relation, most, name):
            now = list(as_they_are)
            now[one] = clusters[one].with_label(clusters[two].cl_id)
            now[two] = clusters[two].with_label(clusters[one].cl_id)
            order = sorted(range(len(now)), key=lambda n: (now[n].finding, -now[n].difference))
            for place in (one, two):
                counts["n"] += 1
                counts[now[place].finding.word] += 1
                for words, first in PLACES.items():
                    counts[words] += order.index(place) < first(len(now))
    return {"n": counts["n"], **{key: counts[key] / max(counts["n"], 1) for key in (*_WORDS, *PLACES)}}


_WORDS = tuple(one.word for one in Finding)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data"))
    parser.add_argument("--by", choices=("tissue", "tissue_group", "none"), default="tissue")
    parser.add_argument("--pairs", type=int, default=60, help="the most pairs of a data set")
    args = parser.parse_args()
    bench = Bench(args.data, args.by, None, MarkerSelector(N_GENES, True))
    try:
        data = read(bench)
    finally:
        shutil.rmtree(bench.folder)
    counts = Counter(one.with_label(one.cl_id).finding.word for clusters in data.values() for one in clusters)
    total = sum(counts.values())
    print(f"as they are: n={total}  " + "  ".join(f"{word} {counts[word] / total:.3f}" for word in _WORDS))
    figures = {}
    for relation in (Relation.DIFFERENT, Relation.RELATED):
        figures[relation] = found = measure(data, relation, args.pairs)
        words = "  ".join(f"{key} {share:.3f}" for key, share in found.items() if key != "n")
        print(f"swapped, {relation}: n={found['n']:.0f}  {words}")
    limits = ", ".join(f"{name} {limit}" for name, limit in LIMITS.items())
    print(f"limits: as they are contradicted at most {MOST_FALSE}; swapped, different: {limits}")
    kept = all(figures[Relation.DIFFERENT][name] >= limit for name, limit in LIMITS.items())
    sys.exit(0 if kept and counts["contradicted"] / total <= MOST_FALSE else 1)


if __name__ == "__main__":
    main()
