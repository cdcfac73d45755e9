"""How often genes that rule a cell type out fire on right and on wrong labels, over the development clusters.

    python -m benchmarks.rule_out [DATA]

A right label is that of the cluster's authors. Wrong labels are those of a cluster of the same data set that is of
another broad lineage (both ways, up to 60 pairs a data set, by a seed). Prints each rule that fires on a right label,
or on no wrong one, then the totals by cell type, and how the answers of the offline annotator fare. Exit code 1 if a
rule fires on more than 2% of the right labels of its type, or on no wrong one.
"""

from __future__ import annotations

import argparse
import itertools
import random
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.accuracy import N_GENES, Bench
from cassia_engine import package_data
from cassia_engine.evaluation.grading import Grade
from cassia_engine.genes.marker_selector import MarkerSelector
from cassia_engine.knowledge.rule_out import excluding_genes, has_rules
from cassia_engine.offline import scoring
from cassia_engine.ontology import Ontology
from cassia_engine.ontology.broad_lineages import lineage_of, related
from cassia_engine.records import Cluster

FALSE_ALARMS = 0.02
PAIRS = 60
SEED = 0
Key = tuple[str, str]
Label = tuple[Key, str]  # a cluster and the id of a cell type that it is called


def wrong_labels(labels: Mapping[Key, Sequence[str]], ontology: Ontology) -> Iterator[Label]:
    """Labels exchanged between clusters of a data set that are of unrelated lineages."""
    family = {key: lineage_of(ids[0], "", ontology).family for key, ids in labels.items()}
    chance = random.Random(SEED)
    for _, keys in itertools.groupby(sorted(labels), key=lambda key: key[0]):
        pairs = [(a, b) for a, b in itertools.combinations(keys, 2) if not related(family[a], family[b])]
        for a, b in chance.sample(pairs, min(PAIRS, len(pairs))):
            yield a, labels[b][0]
            yield b, labels[a][0]


class Counts:
    """Of labels of each type of the table: how many there are, and on how many a gene fires, or any."""

    def __init__(self, labels: Sequence[Label], clusters: Mapping[Key, Cluster], ontology: Ontology):
        self.n: dict[str, int] = defaultdict(int)
        self.any: dict[str, int] = defaultdict(int)
        self.fired: dict[tuple[str, str], int] = defaultdict(int)
        for key, label in labels:
            for term, _, genes, _ in package_data.rows("rule_out_markers.tsv"):
                if ontology.is_a(label, term):
                    self._count(term, genes.split(), {g.gene.upper() for g in excluding_genes(term, clusters[key])})

    def _count(self, term: str, genes: Sequence[str], found: set[str]) -> None:
        self.n[term] += 1
        self.any[term] += bool(found)
        for gene in genes:
            self.fired[term, gene] += gene in found


def print_rules(right: Counts, wrong: Counts) -> bool:
    """The rules with a false alarm or without use, and the totals by type. Whether the limits are kept."""
    kept = True
    for term, label, genes, _ in package_data.rows("rule_out_markers.tsv"):
        for gene in genes.split():
            false, useful = right.fired[term, gene], wrong.fired[term, gene]
            if false or not useful:
                print(f"  {label}, {gene}: {false} of {right.n[term]} right, {useful} of {wrong.n[term]} wrong")
            kept &= false <= FALSE_ALARMS * right.n[term] and useful > 0
        print(
            f"{label}: fires on {right.any[term]} of {right.n[term]} right, {wrong.any[term]} of {wrong.n[term]} wrong"
        )
    return kept


def print_labels(what: str, labels: Sequence[Label], clusters: Mapping[Key, Cluster]) -> None:
    known = [(key, label) for key, label in labels if has_rules(label)]
    fired = sum(bool(excluding_genes(label, clusters[key])) for key, label in known)
    print(f"{what}: {len(labels)}, {len(known)} of a type with rules; fires on {fired} ({fired / len(known):.3f})")


def print_all(bench: Bench) -> bool:
    ontology = bench.ontology
    clusters = {(case.dataset, cluster.id): cluster for case in bench.cases for cluster in case.chunk.clusters}
    labels = {key: bench.gold[key]["cl_id"].split("|") for key in clusters}
    right = [(key, ids[0]) for key, ids in labels.items()]
    wrong = list(wrong_labels(labels, ontology))
    kept = print_rules(Counts(right, clusters, ontology), Counts(wrong, clusters, ontology))
    print_labels("right labels", right, clusters)
    print_labels("exchanged labels", wrong, clusters)
    results = bench.results(scoring.DEFAULTS)
    judged = bench.judged(results)
    given = [(key, result.annotation.cl_id if result.annotation else "") for key, result in results.items()]
    for what, found in (("same lineage", True), ("another lineage", False)):
        answers = [(key, term) for key, term in given if judged[key].is_right(Grade.SAME_LINEAGE) is found]
        print_labels(f"offline answers, {what}", answers, clusters)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data"))
    bench = Bench(parser.parse_args().data, "tissue", None, MarkerSelector(N_GENES, True))
    try:
        kept = print_all(bench)
    finally:
        shutil.rmtree(bench.folder)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
