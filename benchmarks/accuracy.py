#!/usr/bin/env python3
"""Accuracy of the offline annotator on clusters with expert labels, through the product's own code path.

    python -m benchmarks.accuracy [DATA] [--knowledge FILE] [--by tissue|tissue_group|none]
        [--gene_filter technical|none] [--no-held-out]

DATA (default ../shared/data) holds `benchmarks/dev/<part>/<dataset>.{simple.csv,gold.tsv}` and the evaluator
`baseline/baseline.py`, which is run as it stands. Every cluster is put into a chunk record, written as JSON,
read back and annotated with its species and its tissue as a person would type it (`--by tissue_group` gives
the coarse name instead, `--by none` no tissue), after technical genes were set aside as `cassia split` does it
(`--gene_filter none` leaves them); the expert's label is seen by the evaluator alone.

Four figures: exact CL term; within one parent; ancestor or descendant; same broad lineage.
The last part chooses the scorer's settings, for each tissue group in turn, on all other groups.
Ends with 1 if the shipped settings and knowledge stay under the limits.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import importlib
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from cassia_engine import records
from cassia_engine.genes.marker_selector import MarkerSelector
from cassia_engine.knowledge import Knowledge
from cassia_engine.knowledge.genes import species_of
from cassia_engine.offline import OfflineAnnotator, scoring
from cassia_engine.ontology import Ontology
from cassia_engine.settings import GENE_FILTERS, SplitSettings

GRID: dict[str, tuple[Any, ...]] = {
    "foreign": (0.2, 0.4, 0.7),
    "rank_offset": (2.0, 5.0),
    "length_power": (0.1, 0.2, 0.3),
    "tie": (0.0, 0.15, 0.3),
}
N_GENES = 50
FIGURES = ("exact", "pm1", "anc", "broad")
LIMITS = {"exact": 0.45, "broad": 0.83}


@dataclasses.dataclass(frozen=True)
class Case:
    """A data set's clusters of one species and tissue, as the chunk that the annotator gets."""

    dataset: str
    chunk: records.Chunk


def read_gold(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    """(data set, cluster) -> its row of the gold files."""
    rows = (row for path in sorted(folder.glob("*.gold.tsv")) for row in csv.DictReader(path.open(), delimiter="\t"))
    return {(row["dataset"], row["cluster"]): row for row in rows}


def read_cases(
    folder: Path, gold: dict[tuple[str, str], dict[str, str]], by: str, selector: MarkerSelector
) -> Iterator[Case]:
    """The simplified marker tables as chunks; of the gold row only species and tissue are used."""
    for path in sorted(folder.glob("*.simple.csv")):
        name = path.name.removesuffix(".simple.csv")
        groups: dict[tuple[str, str], list[records.Cluster]] = defaultdict(list)
        for row in csv.DictReader(path.open()):
            expert = gold[name, row["cluster"]]
            groups[expert["species"], expert.get(by, by)].append(_cluster(row, len(groups), selector))
        for (species, tissue), clusters in groups.items():
            yield Case(name, _chunk(records.Dataset(name, tissue, species), tuple(clusters)))


def _cluster(row: dict[str, str], index: int, selector: MarkerSelector) -> records.Cluster:
    genes = [gene.strip() for gene in row["markers"].split(",")]
    choice = selector.choose(tuple(map(records.Marker, genes)))
    return records.Cluster(
        row["cluster"], index, len(genes), len(genes), choice.markers, set_aside=choice.set_aside, hints=choice.hints
    )


def _chunk(dataset: records.Dataset, clusters: tuple[records.Cluster, ...]) -> records.Chunk:
    selection = records.Selection("simplified", "given order", 50)
    chunk = records.Chunk(dataset, selection, 0, 1, len(clusters), clusters)
    return records.from_json(records.Chunk, json.loads(json.dumps(records.to_json(chunk))))


class Bench:
    """The development clusters, the evaluator, and predictions by any settings."""

    def __init__(self, data: Path, by: str, knowledge: Path | None, selector: MarkerSelector):
        self.evaluator = data / "baseline" / "baseline.py"
        self.folder = Path(tempfile.mkdtemp(prefix="cassia-accuracy-"))
        for path in sorted((data / "benchmarks" / "dev").glob("*/*.*")):
            (self.folder / path.name).symlink_to(path.resolve())
        self.gold = read_gold(self.folder)
        self.cases = list(read_cases(self.folder, self.gold, by, selector))
        self.ontology = Ontology.load()
        self.knowledge = {s: Knowledge.load(knowledge, s) for s in Knowledge.species_known()}
        sys.path.insert(0, str(self.evaluator.parent))
        self.relation = importlib.import_module("baseline").rel

    def results(self, settings: scoring.Settings) -> dict[tuple[str, str], records.ClusterResult]:
        found = {}
        for case in self.cases:
            dataset = case.chunk.dataset
            knowledge = self.knowledge[species_of(dataset.species)]
            annotator = OfflineAnnotator(dataset, knowledge, self.ontology, settings)
            for cluster in case.chunk.clusters:
                found[case.dataset, cluster.id] = annotator.annotate(cluster)
        return found

    def evaluate(self, results: dict[tuple[str, str], records.ClusterResult]) -> str:
        """What the evaluator prints."""
        path = self.folder / "predictions.tsv"
        rows = (f"{d}\t{c}\t{cl_id(result)}\n" for (d, c), result in results.items())
        path.write_text("dataset\tcluster\tcl_id\n" + "".join(rows))
        command = [sys.executable, str(self.evaluator), "eval", str(self.folder), str(path)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def relations(self, results: dict[tuple[str, str], records.ClusterResult]) -> dict[tuple[str, str], int]:
        """The evaluator's grade of each cluster: 4 exact, 3 a parent apart, 2 ancestor, 1 same lineage, 0."""
        return {
            key: self.relation(cl_id(result), self.gold[key]["cl_id"].split("|")) if cl_id(result) else 0
            for key, result in results.items()
        }


def cl_id(result: records.ClusterResult) -> str:
    return result.annotation.cl_id if result.annotation else ""


def shares(grades: Collection[int]) -> dict[str, float]:
    return {name: sum(g >= 4 - i for g in grades) / len(grades) for i, name in enumerate(FIGURES)}


def figures(grades: Collection[int]) -> str:
    return "  ".join(f"{share:.3f}" for share in shares(grades).values())


def worth(grades: dict[tuple[str, str], int], without: set[tuple[str, str]]) -> int:
    return sum((g == 4) + (g >= 1) for key, g in grades.items() if key not in without)


def print_main(bench: Bench) -> bool:
    """By tissue, from the evaluator; then by confidence. Whether the limits are kept."""
    started = time.process_time()
    results = bench.results(scoring.DEFAULTS)
    seconds = time.process_time() - started
    print(f"{len(results)} clusters, {seconds:.1f} s CPU; columns: {', '.join(FIGURES)}")
    for line in bench.evaluate(results).splitlines():
        if not line.startswith("dataset="):
            print("  " + line)
    grades = bench.relations(results)
    print("by the annotator's confidence, and by its own validation")
    groups: dict[str, list[int]] = defaultdict(list)
    for key, result in results.items():
        if result.annotation is None:
            groups["no answer"].append(grades[key])
        else:
            groups[f"confidence {result.annotation.confidence}"].append(grades[key])
            groups[f"validated {result.validated}"].append(grades[key])
    for name, some in sorted(groups.items()):
        print(f"  {name:20} n={len(some):4}  {figures(some)}")
    total = shares(grades.values())
    print("limits: " + ", ".join(f"{name} {limit}" for name, limit in LIMITS.items()))
    return all(total[name] >= limit for name, limit in LIMITS.items())


def print_held_out(bench: Bench) -> None:
    """Each tissue group with the settings that are best (exact + broad) on all others."""
    grid = [
        dataclasses.replace(scoring.DEFAULTS, **dict(zip(GRID, values, strict=True)))
        for values in itertools.product(*GRID.values())
    ]
    graded = [(settings, bench.relations(bench.results(settings))) for settings in grid]
    held_out: list[int] = []
    chosen: dict[scoring.Settings, int] = defaultdict(int)
    for group in sorted({row["tissue_group"] for row in bench.gold.values()}):
        inside = {key for key, row in bench.gold.items() if row["tissue_group"] == group}

        settings, grades = max(graded, key=lambda pair: worth(pair[1], without=inside))
        chosen[settings] += 1
        held_out += [grades[key] for key in inside]
    print(f"settings chosen on the other tissue groups, of {len(grid)}: {figures(held_out)}")
    for settings, n in sorted(chosen.items(), key=lambda pair: -pair[1]):
        print(f"  {n:2} groups: " + ", ".join(f"{name} {getattr(settings, name)}" for name in GRID))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data"))
    parser.add_argument("--knowledge", type=Path)
    parser.add_argument("--by", choices=("tissue", "tissue_group", "none"), default="tissue")
    parser.add_argument("--gene_filter", choices=GENE_FILTERS, default=SplitSettings().gene_filter)
    parser.add_argument("--no-held-out", action="store_true", help="only the settings as shipped")
    args = parser.parse_args()
    bench = Bench(args.data, args.by, args.knowledge, MarkerSelector(N_GENES, args.gene_filter == "technical"))
    try:
        kept = print_main(bench)
        if not args.no_held_out:
            print_held_out(bench)
    finally:
        shutil.rmtree(bench.folder)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
